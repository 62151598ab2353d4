"""Numbers of a calibration file, with or without a unit, as numbers of a model's variable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from linetwin.cosim.units import SAME, Affine, conversion, parse_name
from linetwin.errors import Problem, ScenarioError
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.schema import ColumnWritten
    from linetwin.quantities.ucum import Unit
    from linetwin.scenario.problems import Place, Problems


class HasUnit(Protocol):
    """What has a unit; `shown` is that as text."""

    @property
    def unit(self) -> Unit:
        """The unit."""

    @property
    def shown(self) -> str:
        """The unit as text."""


@dataclass(frozen=True)
class Scale:
    """A unit by itself."""

    unit: Unit
    shown: str


SECONDS: Final = Scale(parse_unit("s"), "s")
RATIO: Final = Scale(parse_unit("1"), "1")


def amount(raw: object, channel: HasUnit, place: Place, problems: Problems) -> float | None:
    """Return what is written in the channel's unit: `22 um`, `298 K`, or a number in its own unit.

    None, and a problem, where it is no such number.
    """
    form = f"a number in {channel.shown}" if channel.shown != "1" else "a number without a unit"
    if isinstance(raw, str):
        try:
            number, unit = units.si(raw)
            affine = conversion(parse_unit(unit or channel.shown), channel.unit) if unit else SAME
        except ScenarioError as error:
            problems.adopt(error, place)
            return None
        except ValueError as error:
            problems.add(place, f"'{raw}' does not fit: {error}", form)
            return None
        return affine.factor * number + affine.offset
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
        problems.add(place, f"{raw!r} is no number", form)
        return None
    return float(raw)


def difference(raw: object, channel: HasUnit, place: Place, problems: Problems) -> float | None:
    """Return a difference in the channel's unit: `2 K` of a temperature, `0.5 %` of a share."""
    number = amount(raw, channel, place, problems)
    if number is None:
        return None
    zero = channel.unit.offset
    return number if zero == 0.0 else number + zero / channel.unit.factor


def affine_of(
    written: ColumnWritten, channel: HasUnit, known: str | None, place: Place, problems: Problems
) -> Affine | None:
    """Return numbers of a column -> numbers in the channel's unit, its factor included.

    `known`: the column's unit as its source tells it; a column without any is in the channel's. Of
    a unit with a zero of its own the factor comes first: 0.1 and `Cel` are tenths of a degree.
    """
    text = written.unit if written.unit is not None else known
    try:
        factor, ratio = _factor(written.factor)
    except ScenarioError as error:
        problems.adopt(error, place.below("factor"))
        return None
    try:
        unit = channel.unit if text is None else unit_named(text)
        if ratio:
            unit = unit.times(parse_unit(ratio), 1)
        affine = conversion(unit, channel.unit)
    except ValueError as error:
        shown = text if text is not None else channel.shown
        key = "factor" if ratio else "unit"
        problems.add(place.below(key), f"'{shown}' does not fit: {error}", f"as {channel.shown}")
        return None
    return Affine(affine.factor * factor, affine.offset)


def unit_named(text: str) -> Unit:
    """Return a unit as UCUM or tools write it, with either micro sign; ValueError for none."""
    return parse_name(text.replace("\u00b5", "u").replace("\u03bc", "u"))


def _factor(raw: object) -> tuple[float, str]:
    """Return a factor and its unit: `0.25`, or text such as `0.45 cm3/g`; ScenarioError if none."""
    if isinstance(raw, str):
        number, unit = units.si(raw)
        return number, "" if unit == "1" else unit
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
        hint = "a number, with a unit where it changes what is measured: 0.45 cm3/g"
        raise ScenarioError([Problem(f"{raw!r} is no factor", hint=hint)])
    return float(raw), ""
