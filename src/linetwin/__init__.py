"""linetwin: a digital twin of a battery-cell production line."""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """`__version__`, read from the installed package on first use: importing stays light."""
    if name == "__version__":
        from importlib.metadata import version

        return version("linetwin")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
