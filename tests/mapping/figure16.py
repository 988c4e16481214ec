"""Figure 16 of PaNOSC D3.5, the only published mapping of 2nexus, as printed; what it shows must work as printed."""

from __future__ import annotations

FIGURE_16 = """\
# List of all parameters that can be passed to the NXApp in order to create a NeXus file
# N:B: The parameters are agreed with the scientist responsible for the specific experiment
meta_parameters:
  # Parameter item format:
  # param_name: {nx_path: '<NX element meta-path>', nx_links: [<NX element meta-path>], def_value: <default value>, def_units: <default units>, dependency_func: '<function>'}
  #
  # "nx_path": Define the hierarchical path of the NX field or attribute which "param_name" refers
  #
  # The NX classes that composed the path can be written in these formats:
  #
  # 1) ../NX<class_name>/.. (e.g. NXentry/NXsample/distance)
  #
  # 2) ../name:NX<class_name>/.. (e.g. NXentry/sample_01:NXsample/distance)
  #
  # In the first case the name of the NX class will be <class_name> itself
  #
  inst_name: {nx_path: 'NXentry/NXinstrument/name', nx_links: [], def_value: 'Materials Characterisation by X-ray diffraction', def_units: '', dependency_func: ''}
  inst_tag: {nx_path: 'NXentry/NXinstrument/name/short_name', nx_links: [], def_value: 'MCX', def_units: '', dependency_func: ''}
  crystal_usage: {nx_path: 'NXentry/NXinstrument/NXcrystal/usage', nx_links: [], def_value: 'Bragg', def_units: '', dependency_func: ''}
  crystal_type: {nx_path: 'NXentry/NXinstrument/NXcrystal/type', nx_links: [], def_value: 'Si', def_units: '', dependency_func: ''}
  crystal_chem_form: {nx_path: 'NXentry/NXinstrument/NXcrystal/chemical_formula', nx_links: [], def_value: '', def_units: '', dependency_func: ''}
  crystal_reflect: {nx_path: 'NXentry/NXinstrument/NXcrystal/reflection', nx_links: [], def_value: [1, 1, 1], def_units: '', dependency_func: ''}
  crystal_wavelength: {nx_path: 'NXentry/NXinstrument/NXcrystal/wavelength', nx_links: [], def_value: '', def_units: 'angstrom', dependency_func: ''}
  detect_descr: {nx_path: 'NXentry/NXinstrument/NXdetector/description', nx_links: [], def_value: '', def_units: '', dependency_func: ''}
  detect_dist: {nx_path: 'NXentry/NXinstrument/NXdetector/distance', nx_links: [], def_value: '', def_units: 'mm', dependency_func: ''}
  polar_angle: {nx_path: 'NXentry/NXinstrument/NXdetector/polar_angle', nx_links: ['NXentry/NXdata/polar_angle'], def_value: '', def_units: 'deg', dependency_func: ''}
  data: {nx_path: 'NXentry/NXinstrument/NXdetector/data', nx_links: ['NXentry/NXdata/data'], def_value: '', def_units: '', dependency_func: ''}
  count_time: {nx_path: 'NXentry/NXinstrument/NXdetector/count_time', nx_links: [], def_value: '', def_units: 's', dependency_func: ''}
  samp_name: {nx_path: 'NXentry/NXsample/name', nx_links: [], def_value: '', def_units: '', dependency_func: ''}
  samp_situation: {nx_path: 'NXentry/NXsample/situation', nx_links: [], def_value: '', def_units: '', dependency_func: ''}
  samp_temp: {nx_path: 'NXentry/NXsample/temperature', nx_links: [], def_value: '', def_units: 'K', dependency_func: ''}
  samp_dist_z: {nx_path: 'NXentry/NXsample/distance', nx_links: [], def_value: '', def_units: 'mm', dependency_func: ''}
  samp_rotat: {nx_path: 'NXentry/NXsample/rotation_angle', nx_links: [], def_value: '', def_units: 'deg', dependency_func: ''}
  monit_mode: {nx_path: 'NXentry/NXmonitor/mode', nx_links: [], def_value: 'monitor', def_units: '', dependency_func: ''}
  monit_samp_frac: {nx_path: 'NXentry/NXmonitor/sampled_fraction', nx_links: [], def_value: 1.0, def_units: '', dependency_func: ''}
  monit_data: {nx_path: 'NXentry/NXmonitor/data', nx_links: [], def_value: '', def_units: '', dependency_func: ''}
  monit_sum: {nx_path: 'NXentry/NXmonitor/integral', nx_links: [], def_value: '', def_units: '', dependency_func: 'sum(%monit_data%)'}
  monit_count_time: {nx_path: 'NXentry/NXmonitor/count_time', nx_links: [], def_value: '', def_units: 's', dependency_func: ''}
"""
