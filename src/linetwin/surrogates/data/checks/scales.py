"""Units that look wrong: what is not plausible, and numbers that differ by a unit's factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.estimation.calibrating.amounts import unit_named
from linetwin.surrogates.data.checks.finding import Finding, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.surrogates.data.dataset import ColumnSpec, Dataset

_THOUSAND: Final = {1e3: "a factor of 1,000", 1e6: "a factor of 1,000,000"}
_FACTORS: Final[dict[str, dict[float, str]]] = {
    "1": {
        1e2: "a factor of 100 (per cent and share)",
        1e6: "a factor of 1,000,000 (ppm and share)",
        1e3: "a factor of 1,000 (per mille and share)",
    },
    "m": {
        1e3: "a factor of 1,000 (mm and m)",
        1e6: "a factor of 1,000,000 (um and m)",
        25.4: "a factor of 25.4 (inch and mm)",
        1e2: "a factor of 100 (cm and m)",
        39.3701: "a factor of 39.37 (inch and m)",
    },
    "s": {
        60.0: "a factor of 60 (minutes and seconds)",
        3600.0: "a factor of 3,600 (hours and seconds)",
        1e3: "a factor of 1,000 (ms and s)",
    },
    "Pa": {
        1e3: "a factor of 1,000 (kPa and Pa)",
        1e5: "a factor of 100,000 (bar and Pa)",
        1e2: "a factor of 100 (mbar and Pa)",
        6894.757: "a factor of 6,895 (psi and Pa)",
        1e6: "a factor of 1,000,000 (MPa and Pa)",
    },
    "N/m": {
        1e3: "a factor of 1,000 (N/mm and N/m)",
        175.1268: "a factor of 175.1 (lbf/in and N/m)",
    },
    "m/s": {
        60.0: "a factor of 60 (m/min and m/s)",
        1e3: "a factor of 1,000 (mm/s and m/s)",
    },
    "A.h": {
        1e3: "a factor of 1,000 (mA.h and A.h)",
        3600.0: "a factor of 3,600 (A.s and A.h)",
    },
    "kg/m2": {
        1e2: "a factor of 100 (mg/cm2 and kg/m2)",
        1e3: "a factor of 1,000 (g/m2 and kg/m2)",
    },
}
"""Canonical unit -> factors between it, or one of its parts, and another in use -> words."""
_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "1": ("1", "%", "[ppm]"),
    "m": ("m", "cm", "mm", "um", "nm"),
    "s": ("ms", "s", "min", "h"),
    "Pa": ("Pa", "mbar", "kPa", "bar", "MPa"),
    "N/m": ("N/m", "N/mm", "kN/mm"),
    "kg/m2": ("kg/m2", "g/m2", "mg/cm2"),
    "kg/m3": ("kg/m3", "g/cm3"),
    "kg": ("kg", "g", "mg"),
    "kg/s": ("kg/s", "g/s", "mg/s"),
    "A.h": ("A.h", "mA.h"),
    "A": ("A", "mA", "uA"),
    "V": ("V", "mV"),
    "Ohm": ("Ohm", "mOhm", "kOhm"),
    "W": ("W", "kW", "MW"),
    "J": ("J", "kJ", "MJ", "kW.h"),
    "Pa.s": ("Pa.s", "mPa.s"),
    "m/s": ("m/s", "mm/s", "m/min"),
}
"""Canonical unit -> units that a dataset file may have meant, as it writes them."""
_PERCENT: Final = 100.0
_LEAST_SHARE: Final = 0.05
"""Median from which on numbers below 1 in a column of per cent may be shares [A]."""
_NEVER_TINY: Final = frozenset({
    "porosity", "porosity_before", "cathode_porosity", "anode_porosity", "solids_fraction",
    "active_material_share", "cathode_active_fraction", "anode_active_fraction",
    "first_cycle_efficiency", "coated_fraction",
})  # fmt: skip
"""Quantities of which no electrode, slurry or cell that is made has 1 % or less [M]."""
_CELSIUS: Final = 273.15
_CLOSE: Final = 0.002
"""How near the ratio of two columns lies to a factor, and how little it varies."""
_PART: Final = 0.15
"""How near a part of a column lies to the rest, times a factor."""
_APART: Final = 3.0
"""How much wider the gap is than either part of a column (in logarithms)."""
_FEWEST: Final = 5
_MOST_SHARE: Final = 0.5


def factors(unit: str) -> dict[float, str]:
    """Return the factors by which numbers in a canonical unit go wrong, with their words."""
    return _FACTORS.get(unit, _THOUSAND)


def by_which_factor(unit: str, ratio: float) -> str:
    """Return the factor between units that is nearest to a ratio, in words; "" for none near.

    `unit`: canonical; near is within a factor of two.
    """
    if not ratio > 0:
        return ""
    off = {words: abs(abs(math.log(ratio)) - math.log(f)) for f, words in factors(unit).items()}
    best = min(off, key=lambda words: off[words])
    return best if off[best] < math.log(2) else ""


def scale_findings(data: Dataset) -> list[Finding]:
    """Return columns, and rows of them, that look as if they were in another unit."""
    numbers = [spec for spec in data.columns.values()
               if spec.is_number and spec.role not in {"weight", "ignore"}]  # fmt: skip
    found = []
    for spec in numbers:
        values = data.numbers(spec.name)
        found += [*_implausible(data, spec, values), *_mixed(data, spec, values)]
        found += _shares_as_percent(spec, values)
    for first, second in combinations(numbers, 2):
        if first.unit == second.unit:
            found += _alike(first, second, data.numbers(first.name), data.numbers(second.name))
    return found


def _implausible(data: Dataset, spec: ColumnSpec, values: np.ndarray) -> Iterator[Finding]:
    """Tell values outside of the vocabulary's range, and which factor would bring them in."""
    entry = spec.quantity
    if entry is None or spec.role == "uncertainty":
        return
    known = values[np.isfinite(values)]
    outside = np.flatnonzero((values < entry.minimum) | (values > entry.maximum))
    if not len(outside):
        return
    rows = tuple(data.row(row) for row in outside.tolist())
    span = f"{spec.shown(entry.minimum)} to {spec.shown(entry.maximum)}"
    text = (
        f"{spec.name}: {len(rows):,} of {len(known):,} values lie outside of {span}, read as "
        f"{spec.written or spec.unit}: {listed(rows)}"
    )
    if len(outside) * 2 > len(known):
        remedies = _remedies(spec, known, entry.minimum, entry.maximum)
        text += f". Perhaps {' or '.join(remedies)}" * bool(remedies)
    yield Finding("unit", "wrong", text, (spec.name,), rows)


def _shares_as_percent(spec: ColumnSpec, values: np.ndarray) -> Iterator[Finding]:
    """Tell a column in per cent whose numbers would do as shares: 0.31 of a porosity of 31 %."""
    known = values[np.isfinite(values)] * _PERCENT
    if spec.written != "%" or spec.role == "uncertainty" or spec.limited or not len(known):
        return
    if np.median(known) >= _LEAST_SHARE and known.min() >= 0 and known.max() <= 1:
        text = f"{spec.name}: all values lie between {known.min():.3g} % and {known.max():.3g} %"
        share = "shares of 1, by a factor of 100 (per cent and share): `unit: 1`"
        entry = spec.quantity
        if entry is not None and entry.name in _NEVER_TINY and not spec.limited:
            text += f", and no {entry.name} is so small: they are {share}"
            yield Finding("unit", "wrong", text, (spec.name,))
        else:
            yield Finding("unit", "doubtful", f"{text}. If they are {share}", (spec.name,))


def _remedies(spec: ColumnSpec, values: np.ndarray, low: float, high: float) -> list[str]:
    """Return what would bring all values inside: factors or a zero, with the unit to be written."""

    def inside(changed: np.ndarray) -> bool:
        return bool(low <= changed.min() and changed.max() <= high)

    found = []
    for factor, words in factors(spec.unit).items():
        for times in (factor, 1 / factor):
            if inside(values * times):
                meant = likely_unit(spec, times)
                found.append(f"{words}: `unit: {meant}`" if meant else words)
    zero = "a zero of 273.15 (degrees Celsius and kelvin)"
    for shift, meant in ((_CELSIUS, "Cel"), (-_CELSIUS, "K")) if spec.unit == "K" else ():
        if inside(values + shift):
            found.append(f"{zero}: `unit: {meant}`")
    return found


def likely_unit(spec: ColumnSpec, times: float) -> str:
    """Return the unit whose numbers, read in the column's, are right but for a factor.

    `times`: by what they have to be multiplied. "" where none in use is known.
    """
    if spec.unit not in _UNITS:  # of a study's figures some have a unit that is none, as EUR
        return ""
    read = unit_named(spec.written or spec.unit)
    for name in _UNITS[spec.unit]:
        unit = unit_named(name)
        same = unit.exponents == read.exponents
        if same and math.isclose(unit.factor, read.factor * times, rel_tol=_CLOSE):
            return name
    return ""


@dataclass(frozen=True)
class Parted:
    """Rows of a column that differ from the rest by about a unit's factor.

    `rows`: indices, ascending; `factor` above 1, with its `words`; `meant`: the unit in which they
    seem to be, "" where none in use is known.
    """

    rows: np.ndarray
    factor: float
    words: str
    meant: str

    @property
    def said(self) -> str:
        """By what they differ from the rest, and what they seem to be."""
        return f"{self.words}{f', as if in {self.meant}' * bool(self.meant)}"


def parted(spec: ColumnSpec, values: np.ndarray) -> Parted | None:
    """Return the rows that look as if they were in another unit than the rest; None for none.

    `values`: shape (rows,), canonical unit, NaN where not measured.
    """
    positive = np.flatnonzero(np.isfinite(values) & (values > 0))
    if len(positive) < _FEWEST or len(positive) < np.isfinite(values).sum():
        return None
    order = positive[np.argsort(values[positive], kind="stable")]
    logs = np.log(values[order])
    steps = np.diff(logs)
    cut = int(steps.argmax()) + 1
    low, high = logs[:cut], logs[cut:]
    few = order[:cut] if len(low) < len(high) else order[cut:]
    ratio = math.exp(float(np.median(high) - np.median(low)))
    wide = steps[cut - 1] > _APART * max(np.ptp(low), np.ptp(high), 1e-9)
    if not wide or len(few) > _MOST_SHARE * len(order):
        return None
    for factor, words in factors(spec.unit).items():
        if abs(math.log(ratio / factor)) < _PART:
            times = factor if len(low) < len(high) else 1 / factor
            return Parted(np.sort(few), factor, words, likely_unit(spec, times))
    return None


def _mixed(data: Dataset, spec: ColumnSpec, values: np.ndarray) -> Iterator[Finding]:
    """Tell rows of a column that look as if they were in another unit than the rest."""
    found = parted(spec, values)
    if found is not None:
        rows = tuple(data.row(row) for row in found.rows.tolist())
        text = f"{spec.name}: {listed(rows)} differ from the rest by {found.said}"
        yield Finding("unit", "wrong", text, (spec.name,), rows)


def _alike(
    first: ColumnSpec, second: ColumnSpec, one: np.ndarray, other: np.ndarray
) -> Iterator[Finding]:
    """Tell two columns of which one is the other in another unit."""
    there = np.isfinite(one) & np.isfinite(other) & (one != 0)
    names = (first.name, second.name)
    if there.sum() < _FEWEST or len(np.unique(one[there])) <= 1:
        return
    shift = other[there] - one[there]
    if first.unit == "K" and np.allclose(np.abs(shift), _CELSIUS, atol=0.01):
        text = f"{names[0]} and {names[1]} differ by 273.15 in every row: one unit is wrong"
        yield Finding("unit", "wrong", text, names)
    ratios = other[there] / one[there]
    middle = float(np.median(ratios))
    if middle <= 0 or np.ptp(ratios) > _CLOSE * middle:
        return
    for factor, words in factors(first.unit).items():
        if abs(abs(math.log(middle)) - math.log(factor)) < _CLOSE:
            times = factor if middle > 1 else 1 / factor
            meant = {
                first.name: likely_unit(first, times),
                second.name: likely_unit(second, 1 / times),
            }
            either = " or ".join(
                f"`unit: {unit}` of {name}" for name, unit in meant.items() if unit
            )
            text = f"{names[0]} and {names[1]} differ by {words} in every row: one unit is wrong"
            text += f"; perhaps {either}" * bool(either)
            yield Finding("unit", "wrong", text, names)
