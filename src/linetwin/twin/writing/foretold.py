"""What was foretold of a change: it is signed with the change, and looked for once it is made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from linetwin.quantities import vocabulary
from linetwin.twin.scales import Scale, scale_of, scale_of_difference

Span = tuple[float, float, float]
"""Median, low and high of a 95 % interval."""
_DIGITS = 5


@dataclass(frozen=True)
class Shown:
    """How an instrument shows a quantity: the mean of lots as they are, and as they will be.

    `signal`: its address; `scatter`: standard deviation of one lot's reading about that mean.
    """

    signal: str
    now: Span
    then: Span
    scatter: float


@dataclass(frozen=True)
class Expected:
    """A quantity of a station's lots as it is, as it will be, and by how much it changes.

    In `unit`. `change` is surer than either: members are compared with themselves. `shown`: by
    what of the plant it can be seen, None where nothing reads it.
    """

    station: str
    quantity: str
    unit: str
    now: Span
    then: Span
    change: Span
    shown: Shown | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it is known in which direction it changes: the interval does not hold zero."""
        return is_sure(self.change)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data; intervals as lists."""
        found = asdict(self)
        parts = [found] if self.shown is None else [found, found["shown"]]
        for part in parts:
            part |= {key: list(value) for key, value in part.items() if isinstance(value, tuple)}
        return found


def is_sure(change: Span) -> bool:
    """Return whether the interval of a change is finite and does not hold zero."""
    _, low, high = change
    return all(map(math.isfinite, change)) and low * high > 0


def expected_of(data: dict[str, Any]) -> Expected:
    """Return what `plain` has made plain; ValueError, TypeError, KeyError for anything else."""
    shown = data["shown"]
    return Expected(
        str(data["station"]),
        str(data["quantity"]),
        str(data["unit"]),
        _span(data["now"]),
        _span(data["then"]),
        _span(data["change"]),
        None
        if shown is None
        else Shown(
            str(shown["signal"]),
            _span(shown["now"]),
            _span(shown["then"]),
            float(shown["scatter"]),
        ),
    )


def _span(values: list[float]) -> Span:
    median, low, high = map(float, values)
    return median, low, high


# -------------------------------------------------------------------------------- as people read it
def quantity_at(address: str) -> str:
    """Return the quantity at an address: of `….zone_temperatures_2`, `drying.solvent_loading@1`."""
    name = address.partition("@")[0].rpartition(".")[2]
    return name if name in vocabulary() else name.rpartition("_")[0]


def told(address: str, value: float, digits: int = _DIGITS) -> str:
    """Return a value in the unit in which people write it: `652 N/mm`."""
    return _with_unit(scale_of(quantity_at(address)), value, digits)


def told_change(address: str, value: float) -> str:
    """Return a difference in the unit in which people write it: `10 K`, of a share `2 points`."""
    text = _with_unit(scale_of_difference(quantity_at(address)), value, 3)
    return text.replace(" %", " points")


def told_span(address: str, span: Span) -> str:
    """Return an interval without its unit: `59.1 to 61.2`."""
    scale = scale_of(quantity_at(address))
    return f"{scale.text(span[1])} to {scale.text(span[2])}"


def _with_unit(scale: Scale, value: float, digits: int) -> str:
    return f"{scale.text(value, digits)} {scale.unit_text}".strip()
