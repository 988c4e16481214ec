"""NanoESCA measurements (FOCUS ProNanoESCA), and other set-ups of TIFF images and a configuration file.

The folder of a measurement, as far as public readers and files show it (there is no specification)::

    Graphene_260312_142511/
        Graphene.meas                   keys: name, energies, lenses, AXIS_START, AXIS_STOP, AXIS_STEP
        Scan/  Graphene_01_001.TIF ...  raw images: repeat, then energy;  Graphene.DAT, a row for each
        Sum/   Graphene_AV_001.TIF ...  averages over the repeats;  Graphene_AV.TIF, all in one, is ignored

``nanoesca.yaml`` describes it; a file of that kind describes another set-up. `keys` reads configurations, `folder`
finds the files, `arrange` puts images into their slots, `build` makes the scan.
"""

from nxconvert.readers.nanoesca.sniff import READER

__all__ = ["READER"]
