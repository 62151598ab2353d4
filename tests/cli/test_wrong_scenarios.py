"""What a user writes wrong ends with exit code 2 and a message that lets them mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cli_support import linetwin, with_broken_binaries, without_binaries

from linetwin.cosim.library import find_fmu

if TYPE_CHECKING:
    from cli_support import Answer, Clerk, Order

DRYER = "      drying:\n        model: drying\n"
CALENDER = "    kind: calender\n    title: Cathode calender\n"
SPEED = "web_speed: 1.9 m/min"


@dataclass(frozen=True)
class Mistake:
    """One change of a scenario that is right, and what the message must say."""

    name: str
    old: str
    new: str
    says: tuple[str, ...]


IN_SCENARIO = (
    Mistake("wrong unit", SPEED, "web_speed: 1.9 kg", ("small.yaml:10", "web_speed", "m/min")),
    Mistake("no unit", SPEED, "web_speed: 1.9", ("small.yaml:10", "web_speed", "m/min")),
    Mistake("charge rate as C/10", "cathode.coater." + SPEED, "cell.formation.charge_rate: C/10",
            ("small.yaml:10", "charge_rate", "1/h")),
    Mistake("decimal comma", SPEED, "web_speed: 1,9 m/min", ("small.yaml:10", "decimal point")),
    Mistake("unknown key", "order:", "ordr:", ("small.yaml:5", "ordr", "did you mean order")),
    Mistake("unknown address", "web_speed", "webspeed",
            ("small.yaml:10", "did you mean web_speed")),
    Mistake("a time of day for a duration", "60 d", "14:00", ("small.yaml:6", "limit", "14:00")),
    Mistake("1e-9 for a count", "cells: 40", "cells: 1e-9", ("small.yaml:5", "whole number")),
    Mistake("yes for a number", "seed: 1", "seed: yes", ("small.yaml:7", "seed", "whole number")),
    Mistake("tab", "order: {cells: 40}", "order:\n\tcells: 40", ("small.yaml:6", "tab", "spaces")),
    Mistake("duplicate key", "seed: 1", "seed: 1\nseed: 2", ("small.yaml:8", "seed", "line 7")),
    Mistake("order and duration", "limit:", "duration: 2 d\nlimit:", ("small.yaml", "duration")),
    Mistake("neither order nor duration", "order: {cells: 40}\n", "", ("small.yaml", "duration")),
    Mistake("order of nothing", "cells: 40", "cells: 0", ("small.yaml:5", "order.cells", "1")),
    Mistake("negative time", "60 d", "-60 d", ("small.yaml:6", "limit", "-60 d")),
    Mistake("recording without a pause", "5 min", "0 min", ("small.yaml:8", "recording.interval")),
    Mistake("another schema", "schema: 1", "schema: 7", ("small.yaml:1", "schema: 1")),
    Mistake("a list for a number", SPEED, "web_speed: [1 m/min, 2 m/min]",
            ("small.yaml:10", "web_speed")),
    Mistake("out of any plausible range", SPEED, "web_speed: 4000 m/min",
            ("small.yaml:10", "web_speed", "m/min")),
)  # fmt: skip

IN_LINE = (
    Mistake("missing FMU file", DRYER, DRYER.replace(": drying", ": models/oven.fmu"),
            ("line.yaml", "processes.drying.model", "models/oven.fmu")),
    Mistake("model that is not in the library", DRYER, DRYER.replace(": drying", ": dryer"),
            ("line.yaml", "processes.drying.model", "'dryer'", "drying")),
    Mistake("FMU that does not fulfil the contract", DRYER, DRYER.replace(": drying", ": mixing"),
            ("line.yaml", "processes.drying", "mixing", "air_temperature")),
    Mistake("wrong variable in a map", DRYER, DRYER + "        map: {air_temperature: T_air}\n",
            ("line.yaml", "processes.drying.map.air_temperature", "'T_air'")),
    Mistake("map of an unknown quantity", DRYER, DRYER + "        map: {air_temperatur: T_air}\n",
            ("line.yaml", "processes.drying.map.air_temperatur", "air_temperature")),
    Mistake("parameter out of range", DRYER, DRYER + "        parameters: {tortuosity: 1000}\n",
            ("line.yaml", "processes.drying.parameters.tortuosity", "allowed: 1 to")),
    Mistake("unknown parameter", DRYER, DRYER + "        parameters: {tortosity: 2}\n",
            ("line.yaml", "processes.drying.parameters.tortosity", "did you mean tortuosity")),
    Mistake("parameter of a wrong dimension", DRYER,
            DRYER + "        parameters: {foil_mass: 3 m}\n",
            ("line.yaml", "processes.drying.parameters.foil_mass", "kg/m2")),
    Mistake("capacity of nothing", "kind: tank, capacity: 60 kg", "kind: tank, capacity: 0 kg",
            ("line.yaml", "buffers.cathode.tank.capacity")),
    Mistake("unknown buffer", "takes: {rolls: cathode.coated_rolls}",
            "takes: {rolls: cathode.coatd_rolls}",
            ("line.yaml", "takes.rolls", "did you mean cathode.coated_rolls")),
    Mistake("wrong kind of lot", "takes: {rolls: cathode.coated_rolls}",
            "takes: {rolls: cathode.tank}",
            ("line.yaml", "cathode.calender.takes.rolls", "mother_roll", "slurry_batch")),
    Mistake("unknown kind of station", CALENDER,
            CALENDER.replace("kind: calender", "kind: calander"),
            ("line.yaml", "cathode.calender.kind", "did you mean calender")),
    Mistake("material that goes round uncounted", "takes: {rolls: cathode.coated_rolls}",
            "takes: {rolls: cathode.calendered_rolls}",
            ("line.yaml", "without a rework counter", "cathode.calender", "rework_limit")),
    Mistake("unknown calendar", CALENDER + "    calendar: production",
            CALENDER + "    calendar: productoin",
            ("line.yaml", "cathode.calender.calendar", "did you mean production")),
    Mistake("negative repair", "time_to_repair: 25 min", "time_to_repair: -25 min",
            ("line.yaml", "failures.breakdown.time_to_repair", "-25 min")),
)  # fmt: skip

ON_THE_COMMAND_LINE = {
    "unknown address": (["--set", "cathode.coater.webspeed=2 m/min"], ("--set", "did you mean")),
    "no value": (["--set", "cathode.coater.web_speed"], ("--set", "ADDRESS=VALUE")),
    "no address": (["--set", "=2 m/min"], ("--set", "ADDRESS=VALUE")),
    "wrong unit": (["--set", "cathode.coater.web_speed=2 kg"], ("--set", "web_speed", "m/min")),
    "an FMU's parameter out of range": (
        ["--set", "cathode.coater.drying.tortuosity=1000"],
        ("--set", "drying.parameters.tortuosity", "allowed: 1 to"),
    ),
    "negative seed": (["--seed", "-1"], ("--seed", "0 to")),
    "snapshots without a unit": (["--snapshot-every", "12"], ("--snapshot-every", "12 h")),
    "snapshots at no interval": (["--snapshot-every", "0 h"], ("--snapshot-every", "12 h")),
    "no replication": (["--replications", "0"], ("--replications",)),
    "unknown option": (["--sed", "1"], ("--seed",)),
}


def assert_refused(answer: Answer, order: Order, says: tuple[str, ...]) -> None:
    """The message is complete, no traceback is shown, and nothing is left behind."""
    assert answer.code == 2, answer.err or answer.out
    for part in says:
        assert part in answer.err, answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert not order.run.exists()


@pytest.mark.parametrize("mistake", IN_SCENARIO, ids=lambda mistake: mistake.name)
def test_a_mistake_in_the_scenario_is_told_with_its_line(
    order: Order, clerk: Clerk, mistake: Mistake
) -> None:
    """The message names file, line, key and what is allowed."""
    order.edit(mistake.old, mistake.new)
    assert_refused(clerk("run", order.file, "-o", order.run), order, mistake.says)


@pytest.mark.parametrize("mistake", IN_LINE, ids=lambda mistake: mistake.name)
def test_a_mistake_in_the_line_is_told_with_its_key(
    order: Order, clerk: Clerk, mistake: Mistake
) -> None:
    """The message names the file and the key path of the station, and what is allowed."""
    order.edit_line(mistake.old, mistake.new)
    assert_refused(clerk("run", order.file, "-o", order.run), order, mistake.says)


@pytest.mark.parametrize("name", ON_THE_COMMAND_LINE)
def test_a_mistake_on_the_command_line_names_the_option(
    order: Order, clerk: Clerk, name: str
) -> None:
    """The message names the option, and what is allowed."""
    options, says = ON_THE_COMMAND_LINE[name]
    assert_refused(clerk("run", order.file, "-o", order.run, *options), order, says)


def test_an_fmu_for_other_machines_only_is_refused(order: Order, clerk: Clerk) -> None:
    """The message says which platforms the FMU has, and which is needed."""
    without_binaries(find_fmu("drying"), order.folder / "foreign.fmu")
    order.edit_line(DRYER, DRYER.replace(": drying", ": foreign.fmu"))
    says = ("line.yaml", "processes.drying.model", "foreign.fmu", "riscv64-plan9", "needed:")
    assert_refused(clerk("run", order.file, "-o", order.run), order, says)


@pytest.mark.parametrize("name", ["drying", "machine"])
def test_an_fmu_whose_binary_does_not_load_is_refused(
    order: Order, clerk: Clerk, name: str
) -> None:
    """It is told with the key that chose it, before the run begins."""
    broken = with_broken_binaries(find_fmu(name), order.folder / "broken.fmu")
    order.edit_line(f"model: {name}\n", f"model: {broken.name}\n")
    answer = clerk("run", order.file, "-o", order.run)
    assert_refused(answer, order, ("line.yaml", f"{name}.model", "broken.fmu"))


def test_a_file_that_is_no_fmu_is_refused(order: Order, clerk: Clerk) -> None:
    """Random bytes with the right suffix are told from an FMU."""
    (order.folder / "noise.fmu").write_bytes(bytes(range(256)))
    order.edit_line(DRYER, DRYER.replace(": drying", ": noise.fmu"))
    says = ("line.yaml", "processes.drying.model", "noise.fmu", "not an FMU")
    assert_refused(clerk("run", order.file, "-o", order.run), order, says)


@pytest.mark.parametrize("what", ["missing", "folder", "bytes", "empty", "a list"])
def test_a_file_that_cannot_be_read_is_named(order: Order, clerk: Clerk, what: str) -> None:
    """Whatever stands where the recipe should: the message names it."""
    recipe = order.folder / "recipe.yaml"
    contents = {"bytes": b"name: \xff\xfe\x00", "empty": b"", "a list": b"- a\n- b\n"}
    if what == "folder":
        recipe.mkdir()
    elif what in contents:
        recipe.write_bytes(contents[what])
    text = order.file.read_text(encoding="utf-8")
    before = next(line for line in text.splitlines() if line.startswith("recipe:"))
    order.edit(before, "recipe: recipe.yaml")
    assert_refused(clerk("run", order.file, "-o", order.run), order, ("recipe.yaml",))


def test_everything_that_is_wrong_is_told_at_once(order: Order, clerk: Clerk) -> None:
    """Mistakes in three files and on the command line make one message."""
    order.edit("60 d", "60")
    order.edit(SPEED, "web_speed: 1.9 kg")
    order.edit_line("kind: tank, capacity: 60 kg", "kind: tank, capacity: 0 kg")
    answer = clerk("run", order.file, "-o", order.run, "--set", "cathode.coater.speed=1 m/min")
    says = ("small.yaml:6", "small.yaml:10", "line.yaml", "--set cathode.coater.speed")
    assert_refused(answer, order, says)
    assert len(answer.err.splitlines()) == 4


def test_a_process_of_its_own_says_the_same(order: Order) -> None:
    """Exit code and message reach a shell, without a traceback."""
    order.edit(SPEED, "web_speed: 1.9 kg")
    assert_refused(linetwin("run", order.file, "-o", order.run), order, IN_SCENARIO[0].says)


@pytest.mark.parametrize("name", ["baselin", "no_such.yaml", "", "."])
def test_a_scenario_that_is_not_there_is_named(clerk: Clerk, order: Order, name: str) -> None:
    """A name that is nearly right gets a suggestion, a path that is not there is shown."""
    says = {"baselin": ("did you mean baseline",), "no_such.yaml": ("no_such.yaml",)}
    assert_refused(clerk("run", name, "-o", order.run), order, says.get(name, ()))
