"""Numbers, times and names as people read them; the program keeps canonical units."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from linetwin.quantities import vocabulary
from linetwin.results.schemas import MEASURED
from linetwin.scenario import units

if TYPE_CHECKING:
    from linetwin.quantities import Quantity

JOULE_PER_KWH = 3.6e6
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_WHOLE = 1 - 1e-12
"""A share from which on it is the whole: sums of shares are off by rounding."""


class Scale(NamedTuple):
    """shown = factor * canonical + offset, in `unit`."""

    factor: float
    offset: float
    unit: str


@cache
def scale(quantity: str) -> Scale:
    """Return how a quantity's canonical values become shown ones; the side is ignored."""
    entry = entry_of(quantity)
    if entry is None:
        return Scale(1.0, 0.0, "")
    at_zero, at_one = (units.display(value, entry, 17).split(" ", 1) for value in (0.0, 1.0))
    offset = float(at_zero[0])
    return Scale(float(at_one[0]) - offset, offset, at_one[1] if len(at_one) > 1 else "")


def entry_of(quantity: str) -> Quantity | None:
    """Return the vocabulary's entry, also of one with a side or measured; None if it has none."""
    words = vocabulary()
    for whole in (quantity, quantity.removeprefix(MEASURED)):
        for name in (whole, whole.removesuffix("_a"), whole.removesuffix("_b")):
            if name in words:
                return words[name]
    return None


def value(number: float, quantity: str, digits: int = 4) -> str:
    """Return a canonical value in its display unit."""
    found = scale(quantity)
    text = plain(found.factor * number + found.offset, digits)
    return f"{text} {found.unit}".strip()


def parameter(content: Any, unit: str, quantity: str) -> str:  # noqa: ANN401 - YAML
    """Return a parameter of the resolved scenario as text: number, list or words."""
    if isinstance(content, list):
        return ", ".join(parameter(entry, unit, quantity) for entry in content)
    if isinstance(content, bool) or not isinstance(content, (int, float)):
        return str(content)
    entry = entry_of(quantity)
    if entry is not None and entry.unit == unit:
        return value(float(content), quantity, 6)
    return f"{content:.6g} {'' if unit == '1' else unit}".strip()


def plain(number: float | None, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, thousands parted, no exponent if short."""
    if number is None or not math.isfinite(number):
        return "not known"
    if number == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(number)))
    if magnitude >= digits - 1:
        return f"{number:,.0f}"
    if magnitude < -4:  # noqa: PLR2004 - more zeros than that nobody reads
        return f"{number:.{digits}g}"
    text = f"{number:,.{digits - 1 - magnitude}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float | None) -> str:
    """Return a time in the unit that gives it a readable size."""
    if seconds is None:
        return "not known"
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if abs(seconds) >= 2 * length:
            return f"{plain(seconds / length)} {unit}"
    return f"{plain(seconds)} s"


def counted(number: int, thing: str) -> str:
    """Return how many there are of a thing: `1 lot`, `1,204 lots`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def share(number: float | None) -> str:
    """Return a share in per cent."""
    if number is None:
        return "not known"
    text = f"{100 * number:.1f}"
    if text in {"0.0", "-0.0"}:
        return "0 %" if number == 0 else "< 0.1 %"
    if text == "100.0" and number < _WHOLE:
        return "> 99.9 %"
    return f"{text.removesuffix('.0')} %"


def energy(joule: float | None) -> str:
    """Return an energy in kWh."""
    return "not known" if joule is None else f"{plain(joule / JOULE_PER_KWH)} kWh"


def name(path: str) -> str:
    """Return a station, buffer, material or quantity in words."""
    return path.replace(".", " ").replace("_", " ")


def digits(values: list[float], count: int = 5) -> list[float | None]:
    """Round to significant digits for embedding; what is not finite becomes None."""
    return [float(f"{v:.{count}g}") if math.isfinite(v) else None for v in values]
