"""Which figure stands in a headline: that of the steady window where there is one, else the run's.

The report and the printed summary take it from here, so one name has one value in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from linetwin.results.kpis import Kpis


class Headline(NamedTuple):
    """A figure in its canonical unit (None where it is not known), and over what it was taken."""

    value: float | None
    in_window: bool

    @property
    def basis(self) -> str:
        """Over what it was taken, in words."""
        return "in the window" if self.in_window else "over the whole run"


def headline(found: Kpis, section: str, name: str) -> Headline:
    """Return a figure that is also taken over the window, as `name` with `_steady` behind it.

    Of an order that starts empty it is always the whole run's: its window holds none of the work
    before.
    """
    steady = found[section].get(f"{name}_steady", {}).get("value")
    if steady is not None and found["limits"].get("basis", {}).get("value") == "steady":
        return Headline(float(steady), in_window=True)
    return Headline(found[section][name]["value"], in_window=False)
