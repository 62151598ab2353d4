"""The resolved scenario as YAML: every value with unit, evidence tag, source and origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.scenario.addressing import parts_of
from linetwin.scenario.deviations import deviation_text, fault_text
from linetwin.scenario.emit import dump
from linetwin.scenario.fidelity import widest_text
from linetwin.scenario.hiding import PlantConfig, plant_text
from linetwin.scenario.holding import hold_text
from linetwin.scenario.sections import SECTIONS
from linetwin.scenario.stock import stock_text
from linetwin.scenario.twin import twin_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.resolved import (
        CalendarConfig,
        DisturbanceConfig,
        ProcessConfig,
        Scenario,
        StationConfig,
        Value,
    )

_TICKS_PER_SECOND = 1000


def resolved_text(scenario: Scenario) -> str:
    """Return the scenario as YAML 1.2."""
    units = _units(scenario) if scenario.disturbances else {}
    content: dict[str, Any] = {
        "resolved": 1,
        "name": scenario.name,
        "title": scenario.title,
        "description": scenario.description,
        "files": list(scenario.files),
        "start": scenario.start,
        "seed": scenario.seed,
        "order_cells": scenario.order_cells,
        "duration": _time(scenario.duration_ticks),
        "limit": _time(scenario.limit_ticks),
        "recording_interval": _time(scenario.recording_ticks),
        "window": _window(scenario.window_ticks),
        "plan": {"good_energy_per_day": _value(scenario.good_energy_per_day)}
        if scenario.good_energy_per_day
        else None,
        "prices": scenario.prices.content() if scenario.prices else None,
        "calendars": {name: _calendar(c) for name, c in scenario.calendars.items()},
        "shifts": {
            name: {shift: {"begins": second, "unit": "s"} for shift, second in calendar.shifts}
            for name, calendar in scenario.calendars.items()
        },
        "crews": {
            name: {"size": crew.size, "calendar": crew.calendar}
            for name, crew in scenario.crews.items()
        },
        "materials": {
            path: {
                "unit": material.unit,
                "lot_size": _value(material.lot_size),
                "deviations": _values(material.deviations),
                "exceptions": {lot: dict(own) for lot, own in material.exceptions.items()},
            }
            for path, material in scenario.materials.items()
        },
        "buffers": {
            path: {
                "kind": buffer.kind,
                "holds": buffer.holds,
                "capacity": buffer.capacity,
                "unit": "kg" if buffer.kind == "tank" else "1",
            }
            for path, buffer in scenario.buffers.items()
        },
        "stations": {path: _station(station) for path, station in scenario.stations.items()},
        "building": _station(scenario.building) if scenario.building else None,
        "disturbances": [
            *(_disturbance(d, units) for d in scenario.disturbances),
            *map(deviation_text, scenario.deviations),
            *map(fault_text, scenario.faults),
        ],
        "stock": stock_text(scenario.stock) if scenario.start == "filled" else None,
        "holds": [hold_text(hold) for hold in scenario.holds],
        "plant": plant_text(scenario.plant) if scenario.plant != PlantConfig() else None,
        **({"twin": twin_text(scenario.twin)} if scenario.twin else {}),
    }
    return dump(content)


def _station(station: StationConfig) -> dict[str, Any]:
    return {
        "kind": station.kind,
        "title": station.title,
        "room": station.room,
        "calendar": station.calendar,
        "crew": station.crew,
        "takes": dict(station.takes),
        "gives": dict(station.gives),
        "materials": dict(station.materials),
        "parameters": _values(station.parameters),
        "processes": {name: _process(process) for name, process in station.processes.items()},
        "machine": _process(station.machine) if station.machine else None,
        "group": station.group,
        **{section: dict(parts) for section, parts in _parts(station).items()},
    }


def _parts(station: StationConfig) -> dict[str, dict[str, Any]]:
    """Return section -> name -> values, of causes, gauges, inspections and defects."""
    found: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for section, name, values in parts_of(station):
        found[section][name] = _values(values)
    return found


def _process(process: ProcessConfig) -> dict[str, Any]:
    """Return what is simulated; how it is run, `isolate` for one, changes no result."""
    return {
        "kind": process.kind,
        "model": process.model,
        "fidelity": process.fidelity,
        **({"stand_in": process.stand_in} if process.stand_in else {}),
        **({"widest": widest_text(process.widest)} if process.widest else {}),
        "parameters": _values(process.parameters),
        "map": {
            name: entry if isinstance(entry, str) else dict(entry)
            for name, entry in process.map.items()
        },
        "fixed": dict(process.fixed),
        "key": process.key,
        **({"events": dict(process.events)} if process.events else {}),
    }


def _values(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Value) -> dict[str, Any]:
    scalar = list(value.value) if isinstance(value.value, tuple) else value.value
    return {
        "value": scalar,
        "unit": value.unit,
        "tag": value.tag,
        "source": value.source,
        "origin": value.origin,
    }


def _time(ticks: int | None) -> dict[str, Any] | None:
    return None if ticks is None else {"value": ticks / _TICKS_PER_SECOND, "unit": "s"}


def _window(ticks: tuple[int, int] | None) -> dict[str, Any] | None:
    return None if ticks is None else {"from": _time(ticks[0]), "until": _time(ticks[1])}


def _calendar(calendar: CalendarConfig) -> str | list[dict[str, Any]]:
    """Return working hours as seconds from Monday 00:00."""
    if not calendar.open_s:
        return "always"
    return [{"from": start, "until": end, "unit": "s"} for start, end in calendar.open_s]


def _disturbance(disturbance: DisturbanceConfig, units: Mapping[str, str]) -> dict[str, Any]:
    value = disturbance.value
    return {
        "name": disturbance.name,
        "address": disturbance.address,
        "kind": "value",
        "acts_on": "value",
        "value": list(value) if isinstance(value, tuple) else value,
        "unit": units.get(disturbance.address, ""),
        "from": _time(disturbance.start_tick),
        "until": _time(disturbance.end_tick),
    }


def _units(scenario: Scenario) -> dict[str, str]:
    """Return the unit of everything that can change while the line runs, by address."""
    configs = [*scenario.stations.values()]
    configs += [scenario.building] if scenario.building else []
    return {
        f"{config.path}.{name}": value.unit
        for config in configs
        for name, value in config.live_values().items()
    }
