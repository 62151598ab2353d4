"""Numbers of a calibration file, with or without a unit, as numbers of a model's variable."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.cosim.units import SAME, Affine, conversion, parse_name
from linetwin.errors import ScenarioError
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.subject import Channel
    from linetwin.scenario.problems import Place, Problems


def amount(raw: object, channel: Channel, place: Place, problems: Problems) -> float | None:
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


def difference(raw: object, channel: Channel, place: Place, problems: Problems) -> float | None:
    """Return a difference in the channel's unit: `2 K` of a temperature, `0.5 %` of a share."""
    number = amount(raw, channel, place, problems)
    if number is None:
        return None
    zero = channel.unit.offset
    return number if zero == 0.0 else number + zero / channel.unit.factor


def affine_of(
    unit: str | None, channel: Channel, known: str | None, place: Place, problems: Problems
) -> Affine | None:
    """Return numbers of a column -> numbers in the channel's unit.

    `known`: the column's unit as its source tells it; a column without any is in the channel's.
    """
    text = unit if unit is not None else known
    if text is None:
        return SAME
    try:
        return channel.conversion(parse_name(text))
    except ValueError as error:
        problems.add(place.below("unit"), f"'{text}' does not fit: {error}", f"as {channel.shown}")
        return None
