"""nxconvert: legacy data of photon and neutron facilities to NeXus, and back to ASCII."""

from typing import TYPE_CHECKING, Any

from nxconvert.version import __version__

if TYPE_CHECKING:
    from nxconvert.nxapp import NXApp

__all__ = ["NXApp", "__version__"]


def __getattr__(name: str) -> Any:
    """Import NXApp, with numpy and h5py, when it is asked for."""
    if name == "NXApp":
        from nxconvert.nxapp import NXApp

        return NXApp
    raise AttributeError(f"module 'nxconvert' has no attribute '{name}'")
