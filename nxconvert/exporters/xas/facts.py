"""What an absorption spectrum is of: element, edge, and the lattice spacing of the monochromator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nxconvert import units
from nxconvert.arrays import LazyArray
from nxconvert.curves import scalar
from nxconvert.digits import number_text
from nxconvert.registry import Setting, Settings
from nxconvert.scan import Field, Scan

#: the symbols of XDI 1.0, with those that some elements had before they had names
_SYMBOLS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr
Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir
Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Uut Fl
Uup Lv Uus Uuo
"""
SYMBOLS = _SYMBOLS.split()
_EDGES = "K L L1 L2 L3 M M1 M2 M3 M4 M5 N N1 N2 N3 N4 N5 N6 N7 O O1 O2 O3 O4 O5 O6 O7"
EDGES = _EDGES.split()


def read_element(text: str) -> str:
    """Give the symbol of an element in its spelling; ValueError for what is none."""
    symbol = text.strip().capitalize()
    if symbol not in SYMBOLS:
        raise ValueError("the symbol of an element such as Fe was expected")
    return symbol


def read_edge(text: str) -> str:
    """Give an edge in its spelling; ValueError for what is none."""
    edge = text.strip().upper()
    if edge not in EDGES:
        raise ValueError("an edge such as K, L3 or M5 was expected")
    return edge


def read_length(text: str) -> float:
    """Give a length; ValueError for what is no positive number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError("a length in angstrom such as 3.1356 was expected")
    return value


ELEMENT = Setting(
    "element", "Symbol of the absorbing element, instead of the one in the file.", "", "SYMBOL", read=read_element
)
EDGE = Setting("edge", "Absorption edge, instead of the one in the file.", "", "EDGE", read=read_edge)
D_SPACING = Setting(
    "d_spacing", "Lattice spacing of the monochromator in angstrom, instead of the one in the file.", None, "LENGTH",
    read=read_length,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known; an item that is not is empty, and ``missing`` says what to do about it, by its name in XDI."""

    element: str
    edge: str
    d_spacing: float | None
    missing: dict[str, str]


def find_facts(scan: Scan, settings: Settings) -> Facts:
    """Find what the options or the file say."""
    missing: dict[str, str] = {}
    element = settings["element"]
    if not element:
        element, found = _word(scan, "element", SYMBOLS)
        if not element:
            missing["Element.symbol"] = f"{found}--element Fe"
    edge = settings["edge"]
    if not edge:
        edge, found = _word(scan, "edge", EDGES)
        if not edge:
            missing["Element.edge"] = f"{found}--edge K"
    d_spacing = settings["d_spacing"]
    if d_spacing is None:
        d_spacing, found = _spacing(scan)
        if d_spacing is None:
            missing["Mono.d_spacing"] = f"{found}--d-spacing 3.1356"
    return Facts(element, edge, d_spacing, missing)


def named(scan: Scan, item: str) -> Iterator[tuple[str, Field]]:
    """Give the constants called *item*, in whatever group, with their full names."""
    for fields in (scan.metadata, scan.instrument, scan.sample):
        for name, field in fields.items():
            if name.rpartition(".")[2].lower() == item and not isinstance(field.value, LazyArray):
                yield name, field


def _word(scan: Scan, item: str, known: list[str]) -> tuple[str, str]:
    """Give the one word that is said and known, else the reason why there is none."""
    words = [text for _, field in named(scan, item) if isinstance(text := scalar(field), str)]
    found = {word for text in words for word in known if word.lower() == text.strip().lower()}
    if len(found) > 1:
        return "", f"the file says {' and '.join(sorted(found))}; "
    return (found.pop(), "") if found else ("", f"the file says '{words[0]}'; " if words else "")


def _spacing(scan: Scan) -> tuple[float | None, str]:
    found: dict[float, str] = {}
    reason = ""
    for name, field in named(scan, "d_spacing"):
        value = scalar(field)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            continue
        if not field.units or not units.same_kind(field.units, "angstrom"):
            reason = f"'{name}' is {number_text(value)} in an unknown unit; "
            continue
        length = float(units.convert(float(value), field.units, "angstrom"))
        found.setdefault(float(f"{length:.12g}"), name)
    if len(found) > 1:
        return None, f"the file says {' and '.join(map(number_text, found))}; "
    return (next(iter(found)), "") if found else (None, reason)
