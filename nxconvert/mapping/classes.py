"""The names of the NeXus base classes, to find a mistyped one before anything is written."""

from __future__ import annotations

#: Base classes of the NeXus definitions v2026.01, written without their ``NX``.
_NAMES = """
    aberration activity actuator aperture apm_charge_state_analysis apm_event_data apm_instrument apm_measurement
    apm_ranging apm_reconstruction apm_simulation atom attenuator beam beam_stop beam_transfer_matrix_table
    bending_magnet calibration capillary cg_alpha_complex cg_cylinder cg_ellipsoid cg_face_list_data_structure
    cg_grid cg_half_edge_data_structure cg_hexahedron cg_parallelogram cg_point cg_polygon cg_polyhedron cg_polyline
    cg_primitive cg_roi cg_tetrahedron cg_triangle cg_unit_normal chemical_composition circuit cite collection
    collectioncolumn collimator component coordinate_system corrector_cs crystal cs_computer cs_filter_boolean_mask
    cs_memory cs_prng cs_processor cs_profiling cs_profiling_event cs_storage cylindrical_geometry data deflector
    detector detector_channel detector_group detector_module disk_chopper distortion ebeam_column
    electromagnetic_lens electron_detector electronanalyzer em_ebsd em_eds em_eels em_event_data em_img
    em_instrument em_interaction_volume em_measurement em_optical_system em_simulation energydispersion entry
    environment event_data fabrication fermi_chopper filter fit fit_function flipper fresnel_zone_plate geometry
    grating guide history ibeam_column image insertion_device instrument log manipulator mirror moderator monitor
    monochromator note object off_geometry optical_lens optical_window orientation parameters pdb peak phase
    pid_controller pinhole polarizer positioner process program pump reflections registration resolution roi_process
    root rotations sample sample_component scan_controller sensor shape slit source spectrum spindispersion subentry
    transformations translation unit_cell user velocity_selector waveplate xraylens
"""

BASE_CLASSES = frozenset(f"NX{name}" for name in _NAMES.split())
