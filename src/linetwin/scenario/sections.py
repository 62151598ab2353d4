"""Parts of a station that have a name and values of their own: causes, gauges, defects.

    failures: {breakdown: {time_between_failures: 24 h, time_to_repair: 30 min}}
    gauges: {loading: {bias: 0.5 %, repeatability: 0.3 %}}

An address names the part and its value: `cathode.coater.loading.bias`; spaces of a name are
written as `_`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.resolved import Value
from linetwin.scenario.values import read_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.written import Written

SectionName = Literal["failures", "micro_stops", "maintenance", "gauges", "inspections", "defects"]
GAUGES: SectionName = "gauges"
PERCENT = "%"
_LARGEST_PERCENT = 50.0
_PERCENTAGE = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*%\s*\Z")


@dataclass(frozen=True)
class Section:
    """One section: what its parts are called, value -> quantity, and values that may be left out.

    The quantity of a gauge's values is the one it measures.
    """

    noun: str
    values: Mapping[str, str]
    defaults: Mapping[str, Value]


def _by_default(number: float, source: str) -> Value:
    return Value(number, "1", "A", source, "default")


_SPREAD = "times are taken as lognormal, deviation equal to the mean"
_NOT_STATED = "not stated"
SECTIONS: dict[SectionName, Section] = {
    "failures": Section(
        "failure",
        {
            name: name
            for name in ("time_between_failures", "time_to_repair", "time_to_repair_variation")
        },
        {"time_to_repair_variation": _by_default(1.0, f"repair {_SPREAD}")},
    ),
    "micro_stops": Section(
        "micro-stop",
        {name: name for name in ("time_between_stops", "time_to_clear", "time_to_clear_variation")},
        {"time_to_clear_variation": _by_default(1.0, f"clearing {_SPREAD}")},
    ),
    "maintenance": Section(
        "maintenance",
        {"interval": "maintenance_interval", "duration": "maintenance_duration"},
        {},
    ),
    "gauges": Section("gauge", dict.fromkeys(("bias", "repeatability", "reproducibility"), ""), {}),
    "inspections": Section(
        "inspection",
        {"miss": "miss_rate", "false_alarm": "false_alarm_rate"},
        {
            "miss": _by_default(0.0, _NOT_STATED),
            "false_alarm": _by_default(0.0, _NOT_STATED),
        },
    ),
    "defects": Section("defect", {"rate": "defect_rate"}, {}),
}


def section_values(
    section: SectionName,
    part: str,
    written: Mapping[str, Written | None],
    places: Mapping[str, Place],
    problems: Problems,
) -> dict[str, Value]:
    """Return the values of one part; a gauge's terms that are left out are zero.

    What could not be read is missing in the result, and noted.
    """
    found: dict[str, Value] = {}
    for name in SECTIONS[section].values:
        entry = written.get(name)
        if entry is not None:
            value = read_section_value(section, part, name, entry, places[name], problems)
        else:
            value = SECTIONS[section].defaults.get(name)
        if value is not None:
            found[name] = value
    if section == GAUGES and found:
        unit = next(iter(found.values())).unit
        for name in SECTIONS[section].values:
            if written.get(name) is None:
                found[name] = Value(0.0, unit, "A", _NOT_STATED, "default")
    return found


def read_section_value(
    section: SectionName, part: str, name: str, written: Written, place: Place, problems: Problems
) -> Value | None:
    """Return one value; a gauge's may be in percent of the reading, with "%" as its unit."""
    quantity = quantity_of(section, part, name)
    if section != GAUGES:
        return read_value(written, quantity, place, problems)
    share = _PERCENTAGE.match(written.value) if isinstance(written.value, str) else None
    if share is None:
        return read_value(written, quantity, place, problems)
    low, high = bounds(quantity, PERCENT)
    percent = Quantity(f"{name} in percent", "1", "percent", minimum=low, maximum=high)
    alone = written.model_copy(update={"value": float(share[1])})
    value = read_value(alone, percent, place, problems)
    return None if value is None else replace(value, unit=PERCENT)


def bounds(quantity: Quantity, unit: str) -> tuple[float, float]:
    """Return what is plausible, in `unit`: the quantity's own, or percent of a gauge's reading."""
    if unit == PERCENT and quantity.unit != PERCENT:
        return (0.0 if quantity.minimum == 0.0 else -_LARGEST_PERCENT), _LARGEST_PERCENT
    return quantity.minimum, quantity.maximum


def quantity_of(section: SectionName, part: str, name: str) -> Quantity:
    """Return the quantity of a value; a gauge's is a difference of what it measures."""
    if section != GAUGES:
        return vocabulary()[SECTIONS[section].values[name]]
    measured = vocabulary()[part]
    span = measured.maximum - measured.minimum
    return replace(
        measured,
        name=f"{name} of {part}",
        type="float",
        meaning=f"{name} of the gauge of: {measured.meaning}",
        display="K" if measured.display == "Cel" else measured.display,
        minimum=-span if name == "bias" else 0.0,
        maximum=span,
    )
