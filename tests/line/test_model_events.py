"""A line that is woken by events of its models: ovens that heat while their station works.

The oracle knows the log of states alone: between two of them a temperature is an exponential in
closed form, and says when it passes a level.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from doubles import Doubles
from line_support import Memory
from ruamel.yaml import YAML
from small_line import Setting, draw

from linetwin.contracts import CONTRACTS
from linetwin.cosim import RecordedSeeking, check_process, open_continuous
from linetwin.cosim.groups import GroupContinuous, read_group
from linetwin.errors import FmuError
from linetwin.line import run
from linetwin.scenario.resolved import ProcessConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cosim"))
from small_fmus import build_model

if TYPE_CHECKING:
    from linetwin.contracts import Continuous
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

OVEN = """
import casadi as ca

from linetwin.authoring import Model


def build() -> Model:
    m = Model("oven", title="An oven that heats while it works", description="For tests: linear.",
              version="1.0", validity="tests")
    load = m.input("load", "1", start=0.0)
    for name, unit in (("packml_state", "1"), ("process_power", "W"), ("process_heat", "W"),
                       ("ambient_temperature", "K")):
        m.input(name, unit)
    tau = m.parameter("time_constant", "s", 60.0)
    limit = m.parameter("limit", "K", 1e6)
    air = m.state("temperature", "K", start=300.0, nominal=100.0)
    hot = m.discrete("hot", "1", start=0)
    m.der(air, (300.0 + 200.0 * load - air) / tau)
    m.when("warm", ca.if_else(hot > 0.5, -1.0, air - limit), {hot: 1}, stop=True)
    m.when("cold", ca.if_else(hot > 0.5, limit - 1.0 - air, -1.0), {hot: 0})
    for name, unit in (("thermal_power", "W"), ("heat_emission", "W"), ("wear", "1"),
                       ("electric_energy", "J"), ("thermal_energy", "J")):
        m.output(name, unit, 0.0 * air)
    m.output("electric_power", "W", 1000.0 * load + 0.0 * air)
    m.output("machine_temperature", "K", 1.0 * air)
    m.output("hazard_factor", "1", 1.0 + 0.0 * air)
    return m
"""
MACHINE = CONTRACTS["machine"]
ROOM, WORKING = 300.0, 500.0
TAU = {"source": 60.0, "sink": 45.0}
DRAWING = "source[100 s] -> (1) -> sink[170 s]"
SHIFTS = tuple((begin, begin + 400) for begin in range(0, 3600, 600))
"""When the sink works (s of the week): it cools down in between, and the source is blocked."""


@pytest.fixture(scope="session")
def oven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU with T' = (300 K + load 200 K - T) / tau; it returns early at its limit."""
    pytest.importorskip("casadi")
    return build_model(OVEN, tmp_path_factory.mktemp("oven"))


def group_file(folder: Path, oven: Path, name: str, **changes: object) -> Path:
    """Write a group of one oven: a file of its own for each station."""
    inputs = ("packml_state", "load", "process_power", "process_heat", "ambient_temperature")
    outputs = [quantity for quantity in MACHINE.outputs if quantity not in MACHINE.optional]
    content: dict[str, object] = {
        "schema": 1,
        "name": name,
        "step": "10 s",
        "members": {"oven": {"fmu": str(oven), "values": {"time_constant": TAU[name]}}},
        "inputs": {quantity: f"oven.{quantity}" for quantity in inputs},
        "outputs": {quantity: f"oven.{quantity}" for quantity in outputs},
    }
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.yaml").open("w", encoding="utf-8") as stream:
        YAML().dump(content | changes, stream)
    return folder / f"{name}.yaml"


@dataclass
class Ovens(Doubles):
    """Doubles whose machines are the groups of the configuration; `recorded`: kept by inputs."""

    recorded: bool = False

    def __post_init__(self) -> None:
        """Begin as doubles do."""
        super().__init__()
        self.apart: list[Any] = []

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return a station's group."""
        if config.machine is None:
            return None
        assert check_process(config.machine, MACHINE) == []
        if config.machine.isolate:
            model = open_continuous(config.machine, MACHINE)
            self.apart.append(model)
            return model
        group = read_group(Path(config.machine.model))
        model = GroupContinuous(group, MACHINE, events=config.machine.events)
        return RecordedSeeking(model) if self.recorded else model


def ovens(
    files: dict[Path, dict[str, str]], *, recorded: bool = False, isolate: bool = False
) -> World:
    """Return the line of two ovens; `files`: group file -> event -> operation that it ends."""
    machines = {
        file.stem: {"machine": ProcessConfig("machine", str(file), events=events, isolate=isolate)}
        for file, events in files.items()
    }
    setting = Setting(
        parts=30,
        models=Ovens(recorded=recorded),
        extra=machines,
        duration_s=3600,
        calendars={"short": SHIFTS},
        works_by={"sink": "short"},
    )
    return draw(DRAWING, setting)


def rows(world: World) -> list[dict[str, Any]]:
    """Return the log."""
    assert isinstance(world.sink, Memory)
    return world.sink.rows["events"]


def run_out(world: World) -> list[dict[str, Any]]:
    """Step to the end; return the log."""
    while world.step():
        pass
    return rows(world)


def temperatures(world: World) -> list[float]:
    """Return how warm the ovens are."""
    names = ["machine_temperature"]
    return [unit.machine.read(names)[names[0]] for unit in world.equipment() if unit.machine]


def begin_to_end(world: World) -> list[dict[str, Any]]:
    """Run a line; return the log."""
    world.begin()
    return run_out(world)


def crossings(log: list[dict[str, Any]], station: str, level: float, *, up: bool) -> list[float]:
    """Return when (ms) a station's temperature passes a level, from its states alone."""
    states = [(row["tick"], row["state"]) for row in log if row["station"] == station]
    changes = [(tick, state) for tick, state in states if state]
    ends = [tick for tick, _ in changes[1:]] + [3_600_000]
    found, air, tau = [], ROOM, TAU[station]
    for (begin, state), end in zip(changes, ends, strict=True):
        aim = WORKING if state == "Execute" else ROOM
        after = aim + (air - aim) * math.exp(-(end - begin) / 1000 / tau)
        if (air <= level < after) if up else (air >= level > after):
            found.append(begin + 1000 * tau * math.log((air - aim) / (level - aim)))
        air = after
    return found


def told(log: list[dict[str, Any]], station: str, cause: str) -> list[int]:
    """Return the ticks of a station's events of a cause."""
    return [r["tick"] for r in log if (r["station"], r["cause"]) == (station, cause)]


def check_times(found: list[int], exact: list[float]) -> None:
    """Each is told at the tick at or after it; the FMU errs by some 1e-6 of a temperature."""
    assert len(found) == len(exact)
    late = [tick - time for tick, time in zip(found, exact, strict=True)]
    assert all(-0.5 < one < 1.5 for one in late), late


HOT = {"hot": {"of": "oven.machine_temperature", "rises": "420 K"}}
COOL = {
    "cool": {"of": "oven.machine_temperature", "falls": "360 K"},
    "on": {"of": "oven.electric_power", "rises": "500 W"},
    **HOT,
}


@pytest.fixture
def files(tmp_path: Path, oven: Path) -> dict[Path, dict[str, str]]:
    """The source works until it is hot; of the sink is told when it cools down or is turned on."""
    return {
        group_file(tmp_path, oven, "source", events=HOT): {"hot": "work"},
        group_file(tmp_path, oven, "sink", events=COOL): {"cool": "", "on": ""},
    }


def test_an_event_ends_an_operation_when_the_closed_form_says(
    files: dict[Path, dict[str, str]],
) -> None:
    """Both stations' events at their milliseconds, in order, and the parts made at them."""
    log = begin_to_end(ovens(files))
    hot = told(log, "source", "machine.hot")
    assert len(hot) >= 5
    check_times(hot, crossings(log, "source", 420.0, up=True))
    check_times(told(log, "sink", "machine.cool"), crossings(log, "sink", 360.0, up=False))
    assert told(log, "sink", "machine.cool")
    assert told(log, "sink", "machine.hot") == []  # nobody asked
    states = [row["state"] for row in log if row["station"] == "sink" and row["state"]]
    changes = [row["tick"] for row in log if row["station"] == "sink" and row["state"]]
    begun = [tick for tick, state in zip(changes, states, strict=True) if state == "Execute"]
    assert told(log, "sink", "machine.on") == begun  # what an input does at once, at its tick
    assert {row["event"] for row in log if row["cause"] == "machine.hot"} == {"model_event"}
    done = told(log, "source", "done")
    assert set(hot) <= set(done)  # the operation ends at that tick
    assert done[0] == hot[0] < 100_000
    ticks = [row["tick"] for row in log]
    assert ticks == sorted(ticks)


def test_an_operation_that_stands_still_is_done_when_work_goes_on(
    tmp_path: Path, oven: Path
) -> None:
    """The sink goes home with a part half done and cools down: it is done as the shift begins."""
    file = group_file(tmp_path, oven, "sink", events=COOL)
    log = begin_to_end(ovens({file: {"cool": "work"}}))
    cool = told(log, "sink", "machine.cool")
    check_times(cool, crossings(log, "sink", 360.0, up=False))
    begins = [1000 * begin for begin, _ in SHIFTS[1:]]
    assert len(cool) == len(begins) + 1
    assert all(400_000 < tick % 600_000 < 600_000 for tick in cool)
    done = told(log, "sink", "done")
    assert set(begins) <= set(done)
    assert not set(cool) & set(done)


def test_an_early_return_ends_an_operation_too(tmp_path: Path, oven: Path) -> None:
    """What an FMI 3.0 FMU finds itself, by the name of the member."""
    values = {"time_constant": TAU["source"], "limit": 420.0}
    members = {"oven": {"fmu": str(oven), "values": values}}
    file = group_file(tmp_path, oven, "source", members=members, early_return=True)
    log = begin_to_end(ovens({file: {"oven": "work"}}))
    found = told(log, "source", "machine.oven")
    assert len(found) >= 5
    check_times(found, crossings(log, "source", 420.0, up=True))
    assert set(found) <= set(told(log, "source", "done"))


@pytest.mark.parametrize("recorded", [False, True])
def test_a_line_that_was_saved_goes_on_with_the_same_bits(
    files: dict[Path, dict[str, str]], *, recorded: bool
) -> None:
    """After random events, and after those at which something was met and not told yet."""
    chance = random.Random(20_261_121)  # noqa: S311  a sample, no secret
    world = ovens(files, recorded=recorded)
    world.begin()
    saved: dict[int, tuple[int, bytes]] = {}
    pending = 0
    assert world.lookout is not None
    while world.step():
        met = "met" in world.lookout.state.job
        pending += met
        if met or chance.random() < 0.05:
            saved[world.events] = (len(rows(world)), run.save(world, {}))
    assert pending >= 5
    last = run.save(world, {})
    warm = temperatures(world)
    assert len(saved) > pending
    for known, state in saved.values():
        other = ovens(files, recorded=recorded)
        run.load(other, state)
        assert run_out(other) == rows(world)[known:]
        assert temperatures(other) == warm
        if not recorded:  # a record is the same, packed in other pieces
            assert run.save(other, {}) == last


def test_looking_ahead_for_the_pace_changes_nothing(files: dict[Path, dict[str, str]]) -> None:
    """The next tick is that of the event; whoever saves in between or wakes a unit undoes it."""
    plain = ovens(files)
    ends = begin_to_end(plain)
    asked = ovens(files)
    asked.begin()
    tick = asked.next_tick()
    while asked.step():
        assert asked.now == tick
        tick = asked.next_tick()
        if asked.events % 7 == 0:
            state = run.save(asked, {})
            assert run.save(asked, {}) == state
        tick = asked.next_tick()
    assert rows(asked) == ends
    assert run.save(asked, {}) == run.save(plain, {})


def test_a_group_in_a_process_of_its_own_wakes_the_line_too(
    files: dict[Path, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    """The same log, also where its process is killed while it has looked ahead."""
    plain = begin_to_end(ovens(files))
    world = ovens(files, isolate=True)
    assert isinstance(world.models, Ovens)
    source, sink = world.models.apart
    world.begin()
    while world.step():
        if world.events in (20, 45):
            world.next_tick()  # it has looked ahead
            victim = source if world.events == 20 else sink
            victim._process._child.kill()
            victim._process._child.wait()
    assert rows(world) == plain
    assert "asked once more in a new process" in caplog.text
    for model in (source, sink):
        model.close()


@pytest.mark.parametrize("isolate", [False, True])
def test_an_event_that_ends_the_group_ends_the_line_at_its_time(
    tmp_path: Path, oven: Path, *, isolate: bool
) -> None:
    """`stop` is a failure of the model at the closed form's time; what comes before is told.

    The line then stands at the millisecond after it, whichever event it listens to.
    """
    stop = {"hot": {**HOT["hot"], "stop": True}, "warm": {**HOT["hot"], "rises": "400 K"}}
    file = group_file(tmp_path, oven, "source", events=stop)
    exact = 60.0 * math.log(200.0 / 80.0)
    for asked in ({"warm": ""}, {"hot": ""}):
        world = ovens({file: asked}, isolate=isolate)
        with pytest.raises(FmuError, match=r"event 'hot' ended it$") as found:
            begin_to_end(world)
        warm = [60_000 * math.log(2.0)] if "warm" in asked else []
        check_times(told(rows(world), "source", "machine.warm"), warm)
        assert found.value.time_s == pytest.approx(exact, abs=1e-3)
        assert found.value.time_s is not None
        assert world.now == math.ceil(1000 * found.value.time_s)


@pytest.mark.parametrize("isolate", [False, True])
def test_an_end_that_nobody_listens_to_names_its_time_and_when_it_was_met(
    tmp_path: Path, oven: Path, *, isolate: bool
) -> None:
    """The line touches the oven once more as the week's first shift ends: only then is it known."""
    stop = {"hot": {**HOT["hot"], "stop": True}}
    world = ovens({group_file(tmp_path, oven, "source", events=stop): {}}, isolate=isolate)
    exact = 60.0 * math.log(200.0 / 80.0)
    with pytest.raises(FmuError, match="ended it, met in the step to") as found:
        begin_to_end(world)
    assert found.value.time_s == pytest.approx(exact, abs=1e-3)
    assert f"at {found.value.time_s:.3f} s: event 'hot'" in str(found.value)
    assert world.now > 1000 * exact
    assert f"the step to {world.now / 1000:.3f} s" in str(found.value)


def test_what_no_event_can_be(tmp_path: Path, oven: Path) -> None:
    """Names that are not there, an FMU alone, and one in a process of its own are refused."""
    file = group_file(tmp_path, oven, "source", events=HOT)
    config = ProcessConfig("machine", str(file), events={"hott": "", "oven": ""}, key="machine")
    told = {problem.key: problem for problem in check_process(config, MACHINE)}
    assert set(told) == {"machine.events.hott", "machine.events.oven"}
    assert "did you mean hot" in told["machine.events.hott"].hint
    (alone,) = check_process(replace(config, model=str(oven), events={"hot": ""}), MACHINE)
    assert "an FMU alone has no events" in alone.message
