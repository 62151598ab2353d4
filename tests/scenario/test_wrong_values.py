"""Wrong units, values, YAML, keys, plans and addresses: each is told where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Trap, Workbench

COATER = "stations.cathode.coater"
LOADING = "loading_target: 17 mg/cm2"
ROLL = "roll_length: 100 m\n"
TRAPS: dict[str, Trap] = {
    # units and numbers
    "no unit": (
        "line", ROLL, "roll_length: 100\n", 36, f"{COATER}.parameters.roll_length",
        ("100 has no unit", "a length such as 100 m"),
    ),
    "unit of something else": (
        "scenario", "2.1 m/min", "2.1 m", 10, "set.cathode.coater.web_speed",
        ("does not fit", "a speed such as 1.9 m/min"),
    ),
    "unknown unit": (
        "scenario", "2.1 m/min", "2.1 m/mim", 10, "set.cathode.coater.web_speed",
        ("'m/mim' is unknown", "a speed such as 1.9 m/min"),
    ),
    "decimal comma": (
        "recipe", "1.5 m/min", "1,5 m/min", 5, "set.cathode.coater.web_speed",
        ("comma", "write a decimal point"),
    ),
    "time of day for a time": (
        "line", "time_to_repair: 30 min", "time_to_repair: 14:00", 19,
        "stations.cathode.mixer.failures.breakdown.time_to_repair",
        ("time of day", "a time such as 30 min"),
    ),
    "two units": (
        "line", "time_to_repair: 30 min", "time_to_repair: 1 h 30 min", 19,
        "stations.cathode.mixer.failures.breakdown.time_to_repair",
        ("more than one number", "one number and one unit"),
    ),
    "exponent without unit": (
        "line", LOADING, "loading_target: 1e-1", 37, f"{COATER}.parameters.loading_target",
        ("0.1 has no unit", "a loading such as 18.5 mg/cm2"),
    ),
    "yes for a number": (
        "line", LOADING, "loading_target: yes", 37, f"{COATER}.parameters.loading_target",
        ("'yes' does not begin with a number", "18.5 mg/cm2"),
    ),
    "true for a number": (
        "line", LOADING, "loading_target: true", 37, f"{COATER}.parameters.loading_target",
        ("True is no number", "18.5 mg/cm2"),
    ),
    "off for a whole number": (
        "line", LOADING, "lane_count: off", 37, f"{COATER}.parameters.lane_count",
        ("'off'", "a whole number such as 20"),
    ),
    "broken lanes": (
        "line", LOADING, "lane_count: 2.5", 37, f"{COATER}.parameters.lane_count",
        ("2.5 is not whole", "a whole number such as 20"),
    ),
    "C-rate": (
        "line", LOADING, "web_speed: C/20", 37, f"{COATER}.parameters.web_speed",
        ("'C/20'", "write 0.05 1/h"),
    ),
    "angle for a fraction": (
        "line", LOADING, "residual_solvent_limit: 1 deg", 37,
        f"{COATER}.parameters.residual_solvent_limit", ("radian", "such as 25 % or 0.25"),
    ),
    "not finite": (
        "line", LOADING, "residual_solvent_limit: .nan", 37,
        f"{COATER}.parameters.residual_solvent_limit", ("not finite", "a fraction"),
    ),
    "percent out of range": (
        "line", LOADING, "residual_solvent_limit: 120 %", 37,
        f"{COATER}.parameters.residual_solvent_limit", ("plausible range", "allowed: 0 % to 100 %"),
    ),
    "kelvin for degrees": (
        "scenario", "value: 33 degC", "value: 33 K", 13, "disturbances.1.value",
        ("plausible range", "allowed: -53.15 °C to 56.85 °C"),
    ),
    "too large a swing": (
        "line", "outdoor_temperature_swing: 8 K", "outdoor_temperature_swing: 80 K", 42,
        "building.parameters.outdoor_temperature_swing", ("plausible range", "0 K to 30 K"),
    ),
    "negative speed": (
        "recipe", "1.5 m/min", "-1.5 m/min", 5, "set.cathode.coater.web_speed",
        ("plausible range", "allowed: 0.006 m/min to 180 m/min"),
    ),
    "one number for a list": (
        "line", LOADING, "zone_temperatures: 80 degC", 37,
        f"{COATER}.parameters.zone_temperatures", ("must be a list", "[20 degC, 20 degC]"),
    ),
    "a list for one number": (
        "line", LOADING, "web_speed: [1 m/min, 2 m/min]", 37, f"{COATER}.parameters.web_speed",
        ("is no number", "a speed such as"),
    ),
    "one bad zone": (
        "line", LOADING, "zone_temperatures: [80 degC, 9 m]", 37,
        f"{COATER}.parameters.zone_temperatures.1", ("'9 m'", "a temperature such as"),
    ),
    "nothing after the colon": (
        "line", LOADING, "loading_target:", 37, f"{COATER}.parameters.loading_target",
        ("empty is no number", "18.5 mg/cm2"),
    ),
    # evidence
    "unknown tag": (
        "recipe", "tag: V", "tag: X", 4, "set.cathode.coater.loading_target.tag",
        ("'X' is not allowed", "'V', 'D', 'M' or 'A'"),
    ),
    "published without a source": (
        "recipe", ", source: a paper", "", 4, "set.cathode.coater.loading_target",
        ("tag V needs a source", "source:"),
    ),
    # YAML
    "tab": (
        "line", "    kind: coater\n", "\tkind: coater\n", 21, "",
        ("a tab where YAML wants spaces", "indent with spaces"),
    ),
    "duplicate key": (
        "line", LOADING, ROLL, 37, f"{COATER}.parameters.roll_length",
        ("duplicate key", "first on line 36"),
    ),
    "duplicate station": (
        "line", "  cathode.slitter:\n", "  cathode.coater:\n", 38, COATER,
        ("duplicate key", "first on line 20"),
    ),
    "open bracket": (
        "line", "takes: {slurry: cathode.tank}", "takes: {slurry: cathode.tank", 26, "",
        ("YAML syntax", "opened on line 25"),
    ),
    "colon in text": (
        "scenario", "title: A small order", "title: Small: an order", 3, "",
        ("YAML syntax", "quotes"),
    ),
    "odd tag": (
        "scenario", "name: small", "name: !!python/name:os.system small", 2, "name",
        ("is not read", "plain text"),
    ),
    # keys and types
    "unknown key": (
        "line", "    calendar: days\n    crew", "    calender: days\n    crew", 23,
        f"{COATER}.calender", ("unknown key", "did you mean calendar?", "allowed: kind, title"),
    ),
    "unknown key of the file": (
        "scenario", "seed: 7", "sed: 7", 7, "sed", ("unknown key", "did you mean seed"),
    ),
    "missing kind": (
        "line", "    kind: slitter\n", "", 38, "stations.cathode.slitter.kind",
        ("missing key", "kind, title, room"),
    ),
    "missing line": (
        "scenario", "line: lines/line.yaml\n", "", 1, "line", ("missing key", "name, title"),
    ),
    "missing name": (
        "recipe", "name: recipe\n", "", 1, "name", ("missing key", "title, description"),
    ),
    "wrong room": (
        "line", "    title: The coater\n", "    room: dryroom\n", 22, f"{COATER}.room",
        ("'dryroom' is not allowed", "'hall' or 'dry_room'"),
    ),
    "text for a whole number": (
        "line", "{size: 2,", "{size: two,", 6, "crews.maintenance.size",
        ("must be a whole number, not 'two'", "such as 1000"),
    ),
    "list for a mapping": (
        "line", "    takes: {slurry: cathode.tank}", "    takes: [cathode.tank]", 25,
        f"{COATER}.takes", ("must be a mapping", "key: value"),
    ),
    "capital letters in a path": (
        "line", "  cathode.slitter:\n", "  Cathode.Slitter:\n", 38, "stations.Cathode.Slitter",
        ("no valid name", "lower-case"),
    ),
    "number for a name": (
        "scenario", "name: small", "name: 5", 2, "name", ("must be text, not 5", "quotes"),
    ),
    "wrong schema version": (
        "line", "schema: 1", "schema: 2", 1, "schema", ("version 2 is not read", "schema: 1"),
    ),
    "no schema version": (
        "recipe", "schema: 1\n", "", 1, "schema", ("missing key", "schema: 1"),
    ),
    "empty station": (
        "line", "    kind: slitter\n    takes: {rolls: cathode.coated_rolls}\n", "", 38,
        "stations.cathode.slitter", ("must be a mapping, not empty", "key: value"),
    ),
    # plan
    "order and duration": (
        "scenario", "seed: 7", "duration: 7 d", 7, "duration",
        ("both order and duration", "order: {cells: 1000} or duration: 7 d"),
    ),
    "neither order nor duration": (
        "scenario", "order: {cells: 10}\n", "", 1, "",
        ("neither order nor duration", "order: {cells: 1000} or duration: 7 d"),
    ),
    "no cells": (
        "scenario", "cells: 10", "cells: 0", 6, "order.cells", ("0 is not allowed", "at least 1"),
    ),
    "negative duration": (
        "scenario", "order: {cells: 10}", "duration: -3 d", 6, "duration",
        ("plausible range", "allowed: "),
    ),
    "an operation without a name": (
        "line", "{model: drying}", "{model: drying, events: {dry: {ends: }}}", 33,
        f"{COATER}.processes.drying.events.dry.ends", ("must have a value, not empty",),
    ),
    "negative beginning": (
        "scenario", "from: 1 d", "from: -1 d", 13, "disturbances.1.from",
        ("plausible range", "allowed: 0 d to"),
    ),
    "ends before it begins": (
        "scenario", "until: 3 d", "until: 12 h", 13, "disturbances.1.until",
        ("ends before it begins", "later than 1.00 d"),
    ),
    "limit of a duration": (
        "scenario", "order: {cells: 10}", "limit: 3 d\nduration: 2 d", 6, "limit",
        ("limit belongs to an order", "leave limit out"),
    ),
    "start not empty": (
        "scenario", "seed: 7", "start: full", 7, "start", ("'full' is not allowed", "'empty'"),
    ),
    "negative seed": (
        "scenario", "seed: 7", "seed: -7", 7, "seed", ("-7 is not allowed", "at least 0"),
    ),
    "recording longer than the run": (
        "scenario", "interval: 2 min", "interval: 200 d", 8, "recording.interval",
        ("longer than the run", "such as 5 min"),
    ),
    # addresses
    "unknown quantity": (
        "scenario", "coater.web_speed", "coater.webspeed", 10, "set.cathode.coater.webspeed",
        ("no quantity 'webspeed'", "did you mean web_speed?"),
    ),
    "unknown station": (
        "scenario", "cathode.coater.web_speed", "cathode.coatr.web_speed", 10,
        "set.cathode.coatr.web_speed", ("unknown address", "did you mean cathode.coater.web_speed"),
    ),
    "unknown process": (
        "scenario", "coater.drying.", "coater.dying.", 11, "set.cathode.coater.dying.tortuosity",
        ("no process, cause, gauge or defect 'dying'", "did you mean drying"),
    ),
    "too long an address": (
        "scenario", "drying.tortuosity", "drying.zone.tortuosity", 11,
        "set.cathode.coater.drying.zone.tortuosity", ("too many parts", "station.quantity"),
    ),
    "a process that nobody can disturb": (
        "scenario", "building.outdoor_temperature", "cathode.coater.drying.tortuosity", 13,
        "disturbances.1.address", ("cannot change while the line runs", "allowed: heat_transfer"),
    ),
    "nested set": (
        "recipe", "cathode.coater.web_speed: 1.5 m/min", "cathode.coater: {web_speed: 1.5 m/min}",
        5, "set.cathode.coater.web_speed", ("unknown key", "value, tag, source"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_author_is_told_where_and_what_is_allowed(bench: Workbench, trap: Trap) -> None:
    """The problem names its file and line, its key path, and what would be right."""
    bench.assert_told(trap)
