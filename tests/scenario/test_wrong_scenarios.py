"""Each way of getting a scenario wrong is told with file, line, key path and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from conftest import Workbench


@dataclass(frozen=True)
class Trap:
    """Replace `old` in a file by `new`; the problem at `line` and `key` must say all of `says`."""

    file: str
    old: str
    new: str
    line: int
    key: str
    says: tuple[str, ...]


COATER = "stations.cathode.coater"
LOADING = "loading_target: 17 mg/cm2"
ROLL = "roll_length: 100 m\n"
TRAPS = {
    # units and numbers
    "no unit": Trap(
        "line", ROLL, "roll_length: 100\n", 36, f"{COATER}.parameters.roll_length",
        ("100 has no unit", "a length such as 100 m"),
    ),
    "unit of something else": Trap(
        "scenario", "2.1 m/min", "2.1 m", 10, "set.cathode.coater.web_speed",
        ("does not fit", "a speed such as 1.9 m/min"),
    ),
    "unknown unit": Trap(
        "scenario", "2.1 m/min", "2.1 m/mim", 10, "set.cathode.coater.web_speed",
        ("'m/mim' is unknown", "a speed such as 1.9 m/min"),
    ),
    "decimal comma": Trap(
        "recipe", "1.5 m/min", "1,5 m/min", 5, "set.cathode.coater.web_speed",
        ("comma", "write a decimal point"),
    ),
    "time of day for a time": Trap(
        "line", "time_to_repair: 30 min", "time_to_repair: 14:00", 19,
        "stations.cathode.mixer.failures.breakdown.time_to_repair",
        ("time of day", "a time such as 30 min"),
    ),
    "two units": Trap(
        "line", "time_to_repair: 30 min", "time_to_repair: 1 h 30 min", 19,
        "stations.cathode.mixer.failures.breakdown.time_to_repair",
        ("more than one number", "one number and one unit"),
    ),
    "exponent without unit": Trap(
        "line", LOADING, "loading_target: 1e-1", 37, f"{COATER}.parameters.loading_target",
        ("0.1 has no unit", "a loading such as 18.5 mg/cm2"),
    ),
    "yes for a number": Trap(
        "line", LOADING, "loading_target: yes", 37, f"{COATER}.parameters.loading_target",
        ("'yes' does not begin with a number", "18.5 mg/cm2"),
    ),
    "true for a number": Trap(
        "line", LOADING, "loading_target: true", 37, f"{COATER}.parameters.loading_target",
        ("True is no number", "18.5 mg/cm2"),
    ),
    "off for a whole number": Trap(
        "line", LOADING, "lane_count: off", 37, f"{COATER}.parameters.lane_count",
        ("'off'", "a whole number such as 20"),
    ),
    "broken lanes": Trap(
        "line", LOADING, "lane_count: 2.5", 37, f"{COATER}.parameters.lane_count",
        ("2.5 is not whole", "a whole number such as 20"),
    ),
    "C-rate": Trap(
        "line", LOADING, "web_speed: C/20", 37, f"{COATER}.parameters.web_speed",
        ("'C/20'", "write 0.05 1/h"),
    ),
    "angle for a fraction": Trap(
        "line", LOADING, "residual_solvent_limit: 1 deg", 37,
        f"{COATER}.parameters.residual_solvent_limit", ("radian", "such as 25 % or 0.25"),
    ),
    "not finite": Trap(
        "line", LOADING, "residual_solvent_limit: .nan", 37,
        f"{COATER}.parameters.residual_solvent_limit", ("not finite", "a fraction"),
    ),
    "percent out of range": Trap(
        "line", LOADING, "residual_solvent_limit: 120 %", 37,
        f"{COATER}.parameters.residual_solvent_limit", ("plausible range", "allowed: 0 % to 100 %"),
    ),
    "kelvin for degrees": Trap(
        "scenario", "value: 33 degC", "value: 33 K", 13, "disturbances.0.value",
        ("plausible range", "allowed: -53.15 °C to 56.85 °C"),
    ),
    "too large a swing": Trap(
        "line", "outdoor_temperature_swing: 8 K", "outdoor_temperature_swing: 80 K", 42,
        "building.parameters.outdoor_temperature_swing", ("plausible range", "0 K to 30 K"),
    ),
    "negative speed": Trap(
        "recipe", "1.5 m/min", "-1.5 m/min", 5, "set.cathode.coater.web_speed",
        ("plausible range", "allowed: 0 m/min to 180 m/min"),
    ),
    "one number for a list": Trap(
        "line", LOADING, "zone_temperatures: 80 degC", 37,
        f"{COATER}.parameters.zone_temperatures", ("must be a list", "[20 degC, 20 degC]"),
    ),
    "a list for one number": Trap(
        "line", LOADING, "web_speed: [1 m/min, 2 m/min]", 37, f"{COATER}.parameters.web_speed",
        ("is no number", "a speed such as"),
    ),
    "one bad zone": Trap(
        "line", LOADING, "zone_temperatures: [80 degC, 9 m]", 37,
        f"{COATER}.parameters.zone_temperatures.1", ("'9 m'", "a temperature such as"),
    ),
    "nothing after the colon": Trap(
        "line", LOADING, "loading_target:", 37, f"{COATER}.parameters.loading_target",
        ("empty is no number", "18.5 mg/cm2"),
    ),
    # evidence
    "unknown tag": Trap(
        "recipe", "tag: V", "tag: X", 4, "set.cathode.coater.loading_target.tag",
        ("'X' is not allowed", "'V', 'D', 'M' or 'A'"),
    ),
    "published without a source": Trap(
        "recipe", ", source: a paper", "", 4, "set.cathode.coater.loading_target",
        ("tag V needs a source", "source:"),
    ),
    # YAML
    "tab": Trap(
        "line", "    kind: coater\n", "\tkind: coater\n", 21, "",
        ("a tab where YAML wants spaces", "indent with spaces"),
    ),
    "duplicate key": Trap(
        "line", LOADING, ROLL, 37, f"{COATER}.parameters.roll_length",
        ("duplicate key", "first on line 36"),
    ),
    "duplicate station": Trap(
        "line", "  cathode.slitter:\n", "  cathode.coater:\n", 38, COATER,
        ("duplicate key", "first on line 20"),
    ),
    "open bracket": Trap(
        "line", "takes: {slurry: cathode.tank}", "takes: {slurry: cathode.tank", 26, "",
        ("YAML syntax", "opened on line 25"),
    ),
    "colon in text": Trap(
        "scenario", "title: A small order", "title: Small: an order", 3, "",
        ("YAML syntax", "quotes"),
    ),
    "odd tag": Trap(
        "scenario", "name: small", "name: !!python/name:os.system small", 2, "name",
        ("is not read", "plain text"),
    ),
    # keys and types
    "unknown key": Trap(
        "line", "    calendar: days\n    crew", "    calender: days\n    crew", 23,
        f"{COATER}.calender", ("unknown key", "did you mean calendar?", "allowed: kind, title"),
    ),
    "unknown key of the file": Trap(
        "scenario", "seed: 7", "sed: 7", 7, "sed", ("unknown key", "did you mean seed"),
    ),
    "missing kind": Trap(
        "line", "    kind: slitter\n", "", 38, "stations.cathode.slitter.kind",
        ("missing key", "kind, title, room"),
    ),
    "missing line": Trap(
        "scenario", "line: lines/line.yaml\n", "", 1, "line", ("missing key", "name, title"),
    ),
    "missing name": Trap(
        "recipe", "name: recipe\n", "", 1, "name", ("missing key", "title, description"),
    ),
    "wrong room": Trap(
        "line", "    title: The coater\n", "    room: dryroom\n", 22, f"{COATER}.room",
        ("'dryroom' is not allowed", "'hall' or 'dry_room'"),
    ),
    "text for a whole number": Trap(
        "line", "{size: 2,", "{size: two,", 6, "crews.maintenance.size",
        ("must be a whole number, not 'two'", "such as 1000"),
    ),
    "list for a mapping": Trap(
        "line", "    takes: {slurry: cathode.tank}", "    takes: [cathode.tank]", 25,
        f"{COATER}.takes", ("must be a mapping", "key: value"),
    ),
    "capital letters in a path": Trap(
        "line", "  cathode.slitter:\n", "  Cathode.Slitter:\n", 38, "stations.Cathode.Slitter",
        ("no valid name", "lower-case"),
    ),
    "number for a name": Trap(
        "scenario", "name: small", "name: 5", 2, "name", ("must be text, not 5", "quotes"),
    ),
    "wrong schema version": Trap(
        "line", "schema: 1", "schema: 2", 1, "schema", ("version 2 is not read", "schema: 1"),
    ),
    "no schema version": Trap(
        "recipe", "schema: 1\n", "", 1, "schema", ("missing key", "schema: 1"),
    ),
    "empty station": Trap(
        "line", "    kind: slitter\n    takes: {rolls: cathode.coated_rolls}\n", "", 38,
        "stations.cathode.slitter", ("must be a mapping, not empty", "key: value"),
    ),
    # plan
    "order and duration": Trap(
        "scenario", "seed: 7", "duration: 7 d", 7, "duration",
        ("both order and duration", "order: {cells: 1000} or duration: 7 d"),
    ),
    "neither order nor duration": Trap(
        "scenario", "order: {cells: 10}\n", "", 1, "",
        ("neither order nor duration", "order: {cells: 1000} or duration: 7 d"),
    ),
    "no cells": Trap(
        "scenario", "cells: 10", "cells: 0", 6, "order.cells", ("0 is not allowed", "at least 1"),
    ),
    "negative duration": Trap(
        "scenario", "order: {cells: 10}", "duration: -3 d", 6, "duration",
        ("plausible range", "allowed: "),
    ),
    "negative beginning": Trap(
        "scenario", "from: 1 d", "from: -1 d", 13, "disturbances.0.from",
        ("plausible range", "allowed: 0 d to"),
    ),
    "ends before it begins": Trap(
        "scenario", "until: 3 d", "until: 12 h", 13, "disturbances.0.until",
        ("ends before it begins", "later than from"),
    ),
    "limit of a duration": Trap(
        "scenario", "order: {cells: 10}", "limit: 3 d\nduration: 2 d", 6, "limit",
        ("limit belongs to an order", "leave limit out"),
    ),
    "start not empty": Trap(
        "scenario", "seed: 7", "start: full", 7, "start", ("'full' is not allowed", "'empty'"),
    ),
    "negative seed": Trap(
        "scenario", "seed: 7", "seed: -7", 7, "seed", ("-7 is not allowed", "at least 0"),
    ),
    "recording longer than the run": Trap(
        "scenario", "interval: 2 min", "interval: 200 d", 8, "recording.interval",
        ("longer than the run", "such as 5 min"),
    ),
    # addresses
    "unknown quantity": Trap(
        "scenario", "coater.web_speed", "coater.webspeed", 10, "set.cathode.coater.webspeed",
        ("no quantity 'webspeed'", "did you mean web_speed?"),
    ),
    "unknown station": Trap(
        "scenario", "cathode.coater.web_speed", "cathode.coatr.web_speed", 10,
        "set.cathode.coatr.web_speed", ("unknown address", "did you mean cathode.coater.web_speed"),
    ),
    "unknown process": Trap(
        "scenario", "coater.drying.", "coater.dying.", 11, "set.cathode.coater.dying.tortuosity",
        ("no process 'dying'", "did you mean drying"),
    ),
    "too long an address": Trap(
        "scenario", "drying.tortuosity", "drying.zone.tortuosity", 11,
        "set.cathode.coater.drying.zone.tortuosity", ("too many parts", "station.quantity"),
    ),
    "a process that nobody can disturb": Trap(
        "scenario", "building.outdoor_temperature", "cathode.coater.drying.tortuosity", 13,
        "disturbances.0.address", ("cannot change while the line runs", "allowed: heat_transfer"),
    ),
    "nested set": Trap(
        "recipe", "cathode.coater.web_speed: 1.5 m/min", "cathode.coater: {web_speed: 1.5 m/min}",
        5, "set.cathode.coater.web_speed", ("unknown key", "value, tag, source"),
    ),
    # parts
    "unknown kind of station": Trap(
        "line", "kind: slitter", "kind: sliter", 39, "stations.cathode.slitter.kind",
        ("unknown kind of station 'sliter'", "did you mean slitter?"),
    ),
    "unknown calendar": Trap(
        "line", "    calendar: days\n    crew", "    calendar: day\n    crew", 23,
        f"{COATER}.calendar", ("unknown calendar 'day'", "did you mean days"),
    ),
    "crew on an unknown calendar": Trap(
        "line", "size: 2, calendar: days", "size: 2, calendar: nights", 6,
        "crews.maintenance.calendar", ("unknown calendar 'nights'", "allowed: always, days"),
    ),
    "unknown crew": Trap(
        "line", "    crew: maintenance\n    takes", "    crew: maintainance\n    takes", 24,
        f"{COATER}.crew", ("unknown crew", "did you mean maintenance?"),
    ),
    "nobody repairs": Trap(
        "line", "    crew: maintenance\n    gives", "    gives", 14, "stations.cathode.mixer.crew",
        ("nobody repairs it", "one of maintenance"),
    ),
    "hours that are none": Trap(
        "line", '"06:00-22:00"', '"06:00 to 22:00"', 4, "calendars.days.mon-fri",
        ("no span of hours", "06:00-22:00"),
    ),
    "25 o'clock": Trap(
        "line", '"06:00-22:00"', '"06:00-25:00"', 4, "calendars.days.mon-fri",
        ("no span of hours", "00:00 to 24:00"),
    ),
    "a day that is none": Trap(
        "line", "mon-fri:", "mon-fry:", 4, "calendars.days.mon-fry",
        ("names no days", "did you mean fri"),
    ),
    "three days joined": Trap(
        "line", "mon-fri:", "mon-tue-fri:", 4, "calendars.days.mon-tue-fri", ("names no days",),
    ),
    "unknown process of a station": Trap(
        "line", "      drying: {model", "      drier: {model", 33, f"{COATER}.processes.drier",
        ("no process 'drier'", "coating"),
    ),
    "missing FMU": Trap(
        "line", "drying: {model: drying}", "drying: {model: fmus/drying.fmu}", 33,
        f"{COATER}.processes.drying.model", ("FMU 'fmus/drying.fmu' does not exist", "no FMU in"),
    ),
    "unknown quantity mapped": Trap(
        "line", "map: {web_speed:", "map: {web_sped:", 31,
        f"{COATER}.processes.coating.map.web_sped", ("unknown quantity", "did you mean web_speed"),
    ),
    "fixed to text": Trap(
        "line", "fixed: {mode: 1}", "fixed: {mode: one}", 32,
        f"{COATER}.processes.coating.fixed.mode", ("'one' is no number", "bare number"),
    ),
    "machine of a kind without": Trap(
        "line", "    kind: slitter\n", "    kind: slitter\n    machine: {model: machine}\n", 40,
        "stations.cathode.slitter.machine", ("no machine model", "leave machine out"),
    ),
    "needed and set nowhere": Trap(
        "line", ROLL, "lane_count: 1\n", 35, f"{COATER}.parameters.roll_length",
        ("has no default", "cathode.coater.roll_length in a recipe"),
    ),
    "odd lot": Trap(
        "line", "lot: 20 kg", "lot: 20 V", 8, "materials.cathode.binder.lot",
        ("no size of a lot", "100 kg"),
    ),
    "unknown property of a lot": Trap(
        "line", "particle_size_factor: 2 %", "particle_size: 2 %, grain: 1 %", 8,
        "materials.cathode.binder.deviations.grain", ("unknown property 'grain'", ""),
    ),
    "tank without mass": Trap(
        "line", "capacity: 40 kg", "capacity: 40", 11, "buffers.cathode.tank.capacity",
        ("40 has no unit", "a mass such as 25 kg"),
    ),
    "lots by mass": Trap(
        "line", "capacity: 3}", "capacity: 3 kg}", 12, "buffers.cathode.coated_rolls.capacity",
        ("'3 kg'", "a whole number such as 20"),
    ),
    # wiring
    "unknown buffer": Trap(
        "line", "takes: {slurry: cathode.tank}", "takes: {slurry: cathode.tanks}", 25,
        f"{COATER}.takes.slurry", ("unknown buffer", "did you mean cathode.tank"),
    ),
    "wrong kind of lot": Trap(
        "line", "takes: {rolls: cathode.coated_rolls}", "takes: {rolls: cathode.tank}", 40,
        "stations.cathode.slitter.takes.rolls",
        ("holds slurry_batch, needed is mother_roll", "buffers of mother_roll: cathode.coated"),
    ),
    "unknown kind of lot": Trap(
        "line", "holds: mother_roll", "holds: motherroll", 12, "buffers.cathode.coated_rolls.holds",
        ("unknown kind of lot", "did you mean mother_roll?"),
    ),
    "unknown role": Trap(
        "line", "gives: {rolls: cathode.coated_rolls}",
        "gives: {rolls: cathode.coated_rolls, role: cathode.tank}", 26, f"{COATER}.gives.role",
        ("gives no 'role'", "did you mean rolls?"),
    ),
    "role left open": Trap(
        "line", "    takes: {rolls: cathode.coated_rolls}\n", "", 38,
        "stations.cathode.slitter.takes.rolls", ("no buffer is named", "takes: {rolls: path"),
    ),
    "nobody empties": Trap(
        "line", "buffers:\n", "buffers:\n  spare: {holds: mother_roll, capacity: 1}\n", 11,
        "buffers.spare", ("nobody empties it", "takes"),
    ),
    "nobody fills": Trap(
        "line", "buffers:\n", "buffers:\n  spare: {holds: mother_roll, capacity: 1}\n", 11,
        "buffers.spare", ("nobody fills it", "gives"),
    ),
    "two kinds fill": Trap(
        "line", "  cathode.slitter:\n",
        "  rewinder:\n    kind: rewinder\n    takes: {rolls: cathode.coated_rolls}\n"
        "    gives: {rolls: cathode.coated_rolls}\n  cathode.slitter:\n", 12,
        "buffers.cathode.coated_rolls", ("filled by cathode.coater and rewinder", "one kind"),
    ),
    "material cycle": Trap(
        "line", "  cathode.slitter:\n",
        "  rewinder:\n    kind: rewinder\n    takes: {rolls: cathode.coated_rolls}\n"
        "    gives: {rolls: cathode.coated_rolls}\n  cathode.slitter:\n", 41,
        "stations.rewinder.gives",
        ("without a rework counter: rewinder -> rewinder", "rework_limit"),
    ),
    "unknown material": Trap(
        "line", "  cathode.foil:", "  cathode.foils:", 20, f"{COATER}.materials.foil",
        ("unknown material 'cathode.foil'", "did you mean cathode.foils"),
    ),
    "station inside a station": Trap(
        "line", "  cathode.slitter:\n", "  cathode.coater.slitter:\n", 38,
        "stations.cathode.coater.slitter", ("begins with the path of another", "rename it"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_author_is_told_where_and_what_is_allowed(bench: Workbench, trap: Trap) -> None:
    """The problem names its file and line, its key path, and what would be right."""
    bench.edit(trap.file, trap.old, trap.new)
    with pytest.raises(ScenarioError) as caught:
        bench.load()
    file = bench.files[trap.file]
    fitting = [
        problem
        for problem in caught.value.problems
        if (problem.line, problem.key) == (trap.line, trap.key) and problem.file == file
    ]
    message = "\n".join(str(problem) for problem in fitting)
    assert fitting, f"not at {trap.line} {trap.key}:\n{caught.value}"
    assert f"{file}:{trap.line}: " in message
    for part in trap.says:
        assert part in message
    assert all(problem.hint for problem in fitting)
    assert caught.value.exit_code == 2
