"""Making the information model of a plant from a resolved scenario."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from linetwin.contracts import CONTRACTS
from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.kinds import MACHINE_SIGNALS, shipped_kinds
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.scenario.resolved import RecipeValue
from linetwin.scenario.zones import ZONED
from linetwin.twin.plant.model import (
    ANSWER,
    LINE,
    NAMESPACE,
    REQUEST,
    Alarm,
    Folder,
    InformationModel,
    Machine,
    Plain,
    Setpoint,
    Tag,
    Type,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.kinds import Kind, Kinds
    from linetwin.scenario.resolved import Scenario, StationConfig, Value

MANUFACTURER = "linetwin (virtual)"
HIDDEN_SIGNALS = frozenset({"wear", "heat_emission"})
"""Recorded of a machine, but nothing that a sensor could show: the truth folder has them."""
ENERGY = frozenset(
    {
        "electric_power",
        "thermal_power",
        "electric_energy",
        "thermal_energy",
        "cooling_energy",
        "compressed_air_volume",
    }
)
LOT_UNITS = {"slurry_batch": "kg", "mother_roll": "m", "daughter_roll": "m"}
"""In what a kind of lot is counted; all others are counted in cells."""


def information_model(scenario: Scenario, kinds: Kinds | None = None) -> InformationModel:
    """Return what a plant shows that runs this scenario.

    `kinds`: kinds of stations, those that ship with linetwin by default. Values in canonical units.
    """
    known = kinds or shipped_kinds()
    machines = [_line(scenario)]
    machines += [_station(each, known[each.kind], scenario) for each in scenario.stations.values()]
    if scenario.building is not None:
        machines.append(_building(scenario.building, known["building"], scenario))
    return InformationModel(scenario.name, scenario.title, {each.path: each for each in machines})


def _line(scenario: Scenario) -> Machine:
    text: list[tuple[Folder, str, Type, str, Plain]] = [
        ("Clock", "line_time", "Double", "time of the line since its Monday 00:00", None),
        ("Clock", "pace", "Double", "line time over wall time", None),
        ("Clock", "begun", "DateTime", "instant that line time 0 has here", None),
        ("Order", "ordered", "Int64", "cells ordered; 0: no order", scenario.order_cells or 0),
        ("Order", "started", "Int64", "cells whose stacking has begun", 0),
        ("Order", "graded", "Int64", "cells that have been given a grade, scrap included", 0),
        ("Order", "grade_a", "Int64", "cells of grade A", 0),
        ("Order", "grade_b", "Int64", "cells of grade B", 0),
        ("Order", "scrapped", "Int64", "cells scrapped before or at grading", 0),
        ("Status", "cells_in_process", "Int64", "cells on trays in the line", 0),
        ("Status", "shift", "String", "present shift", ""),
    ]
    units = {"line_time": ("s", "SEC"), "pace": ("1", "C62")}
    tags = [_serial(scenario, LINE, "battery-cell line", scenario.title)]
    tags.append(
        [
            Tag(LINE, folder, name, kind, meaning, *units.get(name, ("", "")), constant=constant)
            for folder, name, kind, meaning, constant in text
        ]
    )
    tags.append([_analog(LINE, "Energy", "electric_power")])
    tags.append(
        [
            _analog(LINE, "Buffers", "buffer_level", name=path, ceiling=buffer.capacity)
            if buffer.kind == "lots"
            else _analog(LINE, "Buffers", "slurry_mass", name=path, ceiling=buffer.capacity)
            for path, buffer in scenario.buffers.items()
        ]
    )
    return Machine(LINE, scenario.title, LINE, tuple(tag for each in tags for tag in each))


def _station(config: StationConfig, kind: Kind, scenario: Scenario) -> Machine:
    path, title = config.path, config.title or kind.title
    tags = _serial(scenario, path, kind.title, title)
    tags += _status(path)
    setpoints = _setpoints(config, scenario.recipe)
    tags += [each.tag for each in setpoints]
    tags += [_analog(path, "Measurements", name) for name in config.gauges]
    tags += _signals(path, kind, has_machine=config.machine is not None)
    tags += _instruments(config, scenario, {tag.name for tag in tags})
    tags += _counters(path, kind)
    tags += _lots(path)
    if any(each.by_request for each in setpoints):
        tags += request_tags(path)
    return Machine(path, title, config.kind, tuple(tags), tuple(setpoints), _alarms(config))


def _building(config: StationConfig, kind: Kind, scenario: Scenario) -> Machine:
    tags = _serial(scenario, config.path, kind.title, config.title or kind.title)
    tags += _signals(config.path, kind, has_machine=True)
    return Machine(config.path, config.title or kind.title, config.kind, tuple(tags))


def _serial(scenario: Scenario, path: str, model: str, title: str) -> list[Tag]:
    """Return the identification, with the names of OPC UA for Machinery."""
    said = {
        "Manufacturer": (MANUFACTURER, "who made it"),
        "Model": (model, "what it is"),
        "SerialNumber": (f"{scenario.name}-{path}", "number that only this one has"),
        "ProductInstanceUri": (
            f"{NAMESPACE}:{scenario.name}:{path}",
            "the same, for all the world",
        ),
        "ComponentName": (title, "what people call it"),
    }
    return [
        Tag(path, "Identification", name, "String", meaning, constant=value)
        for name, (value, meaning) in said.items()
    ]


def _status(path: str) -> list[Tag]:
    said: list[tuple[str, Type, str, Plain]] = [
        ("StateCurrent", "Int32", "PackML state, as its number", None),
        ("StateText", "String", "PackML state", None),
        ("StopReason", "String", "why it does not execute", None),
        ("UnitMode", "Int32", "PackML unit mode, as its number", None),
        ("UnitModeText", "String", "PackML unit mode", None),
    ]
    return [
        Tag(path, "Status", name, kind, meaning, constant=constant, each=True)
        for name, kind, meaning, constant in said
    ]


def _setpoints(config: StationConfig, recipe: Mapping[str, RecipeValue]) -> list[Setpoint]:
    panel = panels().get(config.kind, {})
    found = []
    for section in ("machine", "recipe"):
        for name in panel.get(section, ()):
            value = config.parameters.get(name)
            if value is not None:
                known = recipe.get(f"{config.path}.{name}")
                is_free = section == "machine" and (known is None or bool(known.ranges))
                found += _set_values(config.path, name, value, known if is_free else VALIDATED)
    return found


VALIDATED: Final = RecipeValue("a recipe")
"""Of a set value that no request changes."""


def _set_values(path: str, name: str, value: Value, recipe: RecipeValue | None) -> list[Setpoint]:
    """Return one set value, or one for each number of a row; `recipe`: None where none sets it."""
    is_row = isinstance(value.value, tuple)
    numbers = value.value if isinstance(value.value, tuple) else (value.number,)
    ranges = dict(enumerate(recipe.ranges)) if recipe is not None else {}
    return [
        Setpoint(
            _analog(
                path,
                "Setpoints",
                name,
                name=f"{name}_{index + 1}" if is_row else "",
                constant=float(number),
            ),
            f"{path}.{name}",
            index if is_row else None,
            recipe is None or index in ranges,
            ranges.get(index),
        )
        for index, number in enumerate(numbers)
    ]


def _signals(path: str, kind: Kind, *, has_machine: bool) -> list[Tag]:
    """Return what sensors and meters show of a station."""
    names = [each for each in kind.signals if each not in HIDDEN_SIGNALS]
    return [
        _analog(path, "Energy" if name in ENERGY else "Measurements", name)
        for name in names
        if has_machine or name not in MACHINE_SIGNALS
    ]


def _instruments(config: StationConfig, scenario: Scenario, taken: set[str]) -> list[Tag]:
    """Return the tags of the plant's own instruments; ScenarioError for one that cannot be."""
    carried = sorted({name for kind in config.processes for name in CONTRACTS[kind].outputs})
    carried += [ZONED] if "drying" in config.processes else []
    problems, found = Problems(), []
    for each in scenario.plant.instruments:
        if each.station != config.path:
            continue
        place = each.place or Place("plant.instruments")
        if each.quantity not in carried:
            hint = nearest(each.quantity, carried) if carried else "none of this station does"
            message = f"lots of {config.path} carry no {each.quantity}"
            problems.add(place.below("address"), message, hint)
        elif each.name in taken:
            message = f"{config.path} has a tag '{each.name}' already"
            problems.add(place.below("name"), message, "choose another name")
        else:
            found.append(_analog(config.path, "Measurements", each.quantity, name=each.name))
        taken.add(each.name)
    problems.check()
    return found


def _counters(path: str, kind: Kind) -> list[Tag]:
    made = next(iter(kind.gives.values()), next(iter(kind.takes.values()), ""))
    unit = LOT_UNITS.get(made, "1")
    code = {"kg": "KGM", "m": "MTR", "1": "C62"}[unit]
    return [
        Tag(path, "Counters", "produced", "Double", "handed over", unit, code, constant=0.0),
        Tag(path, "Counters", "scrapped", "Double", "scrapped", unit, code, constant=0.0),
        Tag(path, "Counters", "in_process", "Int64", "lots in the machine"),
    ]


def _lots(path: str) -> list[Tag]:
    return [
        Tag(path, "Lots", "lot_in", "String", "lot taken last", constant="", each=True),
        Tag(path, "Lots", "lot_out", "String", "lot handed over last", constant="", each=True),
        Tag(path, "Lots", "taken", "Int64", "lots taken", constant=0, remembered=True),
        Tag(path, "Lots", "given", "Int64", "lots handed over", constant=0, remembered=True),
    ]


def _alarms(config: StationConfig) -> tuple[Alarm, ...]:
    found = []
    if config.failures:
        found.append(Alarm(config.path, "failure", 800, "stands still until it is repaired"))
    if config.maintenance:
        found.append(Alarm(config.path, "maintenance_due", 300, "an interval is used up"))
    if config.takes:
        found.append(Alarm(config.path, "starved", 500, "has waited too long for material"))
    return tuple(found)


def request_tags(path: str) -> list[Tag]:
    """Return the tags by which a change of a set value is asked for, and those of the answer."""
    parts = [(part, True) for part in REQUEST] + [(part, False) for part in ANSWER]
    return [
        Tag(path, "Commands", name, kind, meaning, constant=constant, writable=writable)
        for (name, kind, meaning, constant), writable in parts
    ]


BAND = 0.25
"""Part of a set value by which normal values differ from it at most [A]."""
KELVIN_BAND = 30.0
"""The same of a temperature [A] [K]: it has no zero of its own."""


def _analog(
    path: str,
    folder: Folder,
    quantity: str,
    *,
    name: str = "",
    constant: float | None = None,
    ceiling: float | None = None,
) -> Tag:
    word = vocabulary()[quantity]
    floor = word.minimum if word.unit == "K" else min(0.0, word.minimum)  # a web stands still, too
    top = word.maximum if ceiling is None else ceiling
    low, high = (floor, top) if constant is None else _normal(word, constant)
    return Tag(
        owner=path,
        folder=folder,
        name=name or quantity,
        type="Double",
        meaning=word.meaning,
        unit=word.unit,
        unece=word.unece,
        low=low,
        high=high,
        floor=floor,
        ceiling=top,
        constant=constant,
    )


def _normal(word: Quantity, value: float) -> tuple[float, float]:
    """Return what is normal for a set value: a band around it, within what is plausible."""
    away = KELVIN_BAND if word.unit == "K" else BAND * abs(value)
    return max(word.minimum, value - away), min(word.maximum, value + away)


@cache
def panels() -> dict[str, dict[str, list[str]]]:
    """Return kind of station -> section -> names of the parameters that its panel shows."""
    file = resources.files("linetwin.twin.plant").joinpath("setpoints.toml")
    found: dict[str, dict[str, list[str]]] = tomllib.loads(file.read_text("utf-8"))
    return found
