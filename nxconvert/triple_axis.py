"""What triple-axis files leave to convention: keys that hold pairs, units, and the sizes of multi-detectors.

Source: files of IN3, IN12, IN14, IN22, FLEX and MultiFLEXX, and the ILL's description of its triple-axis files.
"""

from __future__ import annotations

#: Keys whose lines hold ``NAME= value`` pairs, each a namespace of its own: ``A1`` is in VARIA, ZEROS and TARGET.
PAIRS = ("POSQE", "STEPS", "CURVE", "PARAM", "VARIA", "ZEROS", "TARGET")

#: The unit of a quantity by its name in capitals; no unit stands in any file but that of the energy (POSQE, UN).
UNITS = {
    **dict.fromkeys(("QH", "QK", "QL", "H", "K", "L"), ""),
    **dict.fromkeys(("A1", "A2", "A3", "A4", "A5", "A6", "GU", "GL", "SGU", "SGL"), "degree"),
    **dict.fromkeys(("EN", "EI", "EF"), "meV"),
    **dict.fromkeys(("KI", "KF", "QM"), "1/angstrom"),
    **dict.fromkeys(("TIME", "TI"), "s"),
    **dict.fromkeys(("TT", "TRT", "RT", "TT2", "RT2", "TRT2"), "K"),
}
#: The same for PARAM, where AA, BB and CC are angles of the cell.
PARAM_UNITS = {
    **UNITS,
    **dict.fromkeys(("DM", "DA", "AS", "BS", "CS"), "angstrom"),
    **dict.fromkeys(("AA", "BB", "CC"), "degree"),
    "KFIX": "1/angstrom",
}

#: The cell of the crystal and the two vectors of the scattering plane, by their names in PARAM.
CELL = ("AS", "BS", "CS", "AA", "BB", "CC")
PLANE = ("AX", "AY", "AZ", "BX", "BY", "BZ")

#: Channels of angle of MultiFLEXX (``flat:``) and FlatCone (``MULTI:``), analysers in each of MultiFLEXX, and counts
#: in a ``flat:`` block: one channel more, which is always 0.
CHANNELS, ANALYSERS = 31, 5
CELLS = (CHANNELS + 1) * ANALYSERS
