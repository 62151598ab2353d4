"""Parts that do not exist or do not fit: each is told where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Trap, Workbench

COATER = "stations.cathode.coater"
ROLL = "roll_length: 100 m\n"
REWINDER = """\
  rewinder:
    kind: rewinder
    takes: {rolls: cathode.coated_rolls}
    gives: {rolls: cathode.coated_rolls}
"""
TRAPS: dict[str, Trap] = {
    # parts
    "unknown kind of station": (
        "line", "kind: slitter", "kind: sliter", 39, "stations.cathode.slitter.kind",
        ("unknown kind of station 'sliter'", "did you mean slitter?"),
    ),
    "unknown calendar": (
        "line", "    calendar: days\n    crew", "    calendar: day\n    crew", 23,
        f"{COATER}.calendar", ("unknown calendar 'day'", "did you mean days"),
    ),
    "crew on an unknown calendar": (
        "line", "size: 2, calendar: days", "size: 2, calendar: nights", 6,
        "crews.maintenance.calendar", ("unknown calendar 'nights'", "allowed: always, days"),
    ),
    "unknown crew": (
        "line", "    crew: maintenance\n    takes", "    crew: maintainance\n    takes", 24,
        f"{COATER}.crew", ("unknown crew", "did you mean maintenance?"),
    ),
    "nobody repairs": (
        "line", "    crew: maintenance\n    gives", "    gives", 14, "stations.cathode.mixer.crew",
        ("nobody repairs it", "one of maintenance"),
    ),
    "hours that are none": (
        "line", '"06:00-22:00"', '"06:00 to 22:00"', 4, "calendars.days.mon-fri",
        ("no span of hours", "06:00-22:00"),
    ),
    "a shift at no time": (
        "line", "  days: {", '  days: {shifts: {early: "25:00"}, ', 4,
        "calendars.days.shifts.early", ("no time of day", "06:00"),
    ),
    "two shifts at once": (
        "line", "  days: {", '  days: {shifts: {early: "6:00", day: "06:00"}, ', 4,
        "calendars.days.shifts.day", ("begins with 'early'",),
    ),
    "no shifts": (
        "line", "  days: {", "  days: {shifts: {}, ", 4, "calendars.days.shifts", ("no shifts",),
    ),
    "25 o'clock": (
        "line", '"06:00-22:00"', '"06:00-25:00"', 4, "calendars.days.mon-fri",
        ("no span of hours", "00:00 to 24:00"),
    ),
    "a day that is none": (
        "line", "mon-fri:", "mon-fry:", 4, "calendars.days.mon-fry",
        ("names no days", "did you mean fri"),
    ),
    "three days joined": (
        "line", "mon-fri:", "mon-tue-fri:", 4, "calendars.days.mon-tue-fri", ("names no days",),
    ),
    "unknown process of a station": (
        "line", "      drying: {model", "      drier: {model", 33, f"{COATER}.processes.drier",
        ("no process 'drier'", "coating"),
    ),
    "missing FMU": (
        "line", "drying: {model: drying}", "drying: {model: fmus/drying.fmu}", 33,
        f"{COATER}.processes.drying.model", ("FMU 'fmus/drying.fmu' does not exist", "no FMU in"),
    ),
    "unknown quantity mapped": (
        "line", "map: {web_speed:", "map: {web_sped:", 31,
        f"{COATER}.processes.coating.map.web_sped", ("unknown quantity", "did you mean web_speed"),
    ),
    "fixed to a table": (
        "line", "fixed: {mode: 1}", "fixed: {mode: {on: 1}}", 32,
        f"{COATER}.processes.coating.fixed.mode", ("{'on': 1} is no value", "bare number"),
    ),
    "machine of a kind without": (
        "line", "    kind: slitter\n", "    kind: slitter\n    machine: {model: machine}\n", 40,
        "stations.cathode.slitter.machine", ("no machine model", "leave machine out"),
    ),
    "needed and set nowhere": (
        "line", ROLL, "lane_count: 1\n", 35, f"{COATER}.parameters.roll_length",
        ("has no default", "cathode.coater.roll_length in a recipe"),
    ),
    "odd lot": (
        "line", "lot: 20 kg", "lot: 20 V", 8, "materials.cathode.binder.lot",
        ("no size of a lot", "100 kg"),
    ),
    "unknown property of a lot": (
        "line", "particle_size_factor: 2 %", "particle_size: 2 %, grain: 1 %", 8,
        "materials.cathode.binder.deviations.grain", ("unknown property 'grain'", ""),
    ),
    "tank without mass": (
        "line", "capacity: 40 kg", "capacity: 40", 11, "buffers.cathode.tank.capacity",
        ("40 has no unit", "a mass such as 25 kg"),
    ),
    "lots by mass": (
        "line", "capacity: 3}", "capacity: 3 kg}", 12, "buffers.cathode.coated_rolls.capacity",
        ("'3 kg'", "a whole number such as 20"),
    ),
    # wiring
    "unknown buffer": (
        "line", "takes: {slurry: cathode.tank}", "takes: {slurry: cathode.tanks}", 25,
        f"{COATER}.takes.slurry", ("unknown buffer", "did you mean cathode.tank"),
    ),
    "wrong kind of lot": (
        "line", "takes: {rolls: cathode.coated_rolls}", "takes: {rolls: cathode.tank}", 40,
        "stations.cathode.slitter.takes.rolls",
        ("holds slurry_batch, needed is mother_roll", "buffers of mother_roll: cathode.coated"),
    ),
    "unknown kind of lot": (
        "line", "holds: mother_roll", "holds: motherroll", 12, "buffers.cathode.coated_rolls.holds",
        ("unknown kind of lot", "did you mean mother_roll?"),
    ),
    "unknown role": (
        "line", "gives: {rolls: cathode.coated_rolls}",
        "gives: {rolls: cathode.coated_rolls, role: cathode.tank}", 26, f"{COATER}.gives.role",
        ("gives no 'role'", "did you mean rolls?"),
    ),
    "role left open": (
        "line", "    takes: {rolls: cathode.coated_rolls}\n", "", 38,
        "stations.cathode.slitter.takes.rolls", ("no buffer is named", "takes: {rolls: path"),
    ),
    "nobody empties": (
        "line", "buffers:\n", "buffers:\n  spare: {holds: mother_roll, capacity: 1}\n", 11,
        "buffers.spare", ("nobody empties it", "takes"),
    ),
    "nobody fills": (
        "line", "buffers:\n", "buffers:\n  spare: {holds: mother_roll, capacity: 1}\n", 11,
        "buffers.spare", ("nobody fills it", "gives"),
    ),
    "two kinds fill": (
        "line", "  cathode.slitter:\n",
        REWINDER + "  cathode.slitter:\n", 12,
        "buffers.cathode.coated_rolls", ("filled by cathode.coater and rewinder", "one kind"),
    ),
    "material cycle": (
        "line", "  cathode.slitter:\n",
        REWINDER + "  cathode.slitter:\n", 41,
        "stations.rewinder.gives",
        ("without a rework counter: rewinder -> rewinder", "rework_limit"),
    ),
    "unknown material": (
        "line", "  cathode.foil:", "  cathode.foils:", 20, f"{COATER}.materials.foil",
        ("unknown material 'cathode.foil'", "did you mean cathode.foils"),
    ),
    "station inside a station": (
        "line", "  cathode.slitter:\n", "  cathode.coater.slitter:\n", 38,
        "stations.cathode.coater.slitter", ("begins with the path of another", "rename it"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_author_is_told_where_and_what_is_allowed(bench: Workbench, trap: Trap) -> None:
    """The problem names its file and line, its key path, and what would be right."""
    bench.assert_told(trap)
