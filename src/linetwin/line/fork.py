"""A line goes on from a snapshot with other inputs: a what-if from a common past."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from linetwin.errors import Problem, ScenarioError
from linetwin.line import run
from linetwin.line.world import live_parameters
from linetwin.scenario.deviations import Fault, deviation_text, fault_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.line.world import World
    from linetwin.scenario.deviations import Deviation
    from linetwin.scenario.resolved import DisturbanceConfig, ProcessConfig, Scenario

DAY_TICKS = 86_400_000
CONTINUOUS = ("machine", "mixing", "building")
"""Models that live in line time: a snapshot holds their parameters too."""


def branch(world: World, blob: bytes, origin: Scenario, *, reseed: bool) -> dict[str, Any]:
    """Put a newly made world of a changed scenario into a state saved under `origin`.

    What `world.scenario` sets otherwise than `origin` holds from now on (under a disturbance that
    is on, once it is over); its end is that of its own scenario. With `reseed` all random streams
    begin anew from the scenario's seed, alike in every branch. Returns the mark of the run folder.

    ScenarioError for a change that cannot be made on the way, SimulationError where the snapshot
    does not fit.
    """
    _check(origin, world.scenario)
    unused = world.driver.save()
    mark = run.load(world, blob, origin)
    if reseed:
        world.driver.load(unused)
    _check_disturbances(world, origin)
    _change(world, origin)
    _check_holds(world, origin)
    end = world.units["end"]
    scenario = world.scenario
    tick = scenario.duration_ticks or scenario.limit_ticks
    if world.ended or tick <= world.now:
        now = world.now / DAY_TICKS
        problem = Problem("the branch ends where it begins", "--until", f"later than {now:.2f} d")
        raise ScenarioError([problem])
    end.state.token += 1
    end.plan(tick)
    return mark


def _check(origin: Scenario, scenario: Scenario) -> None:
    """Refuse new parameters of models that go on from their saved state."""
    before, after = dict(_saved_parameters(origin)), dict(_saved_parameters(scenario))
    problems = [
        Problem("cannot change in a fork", f"--set {address}", "the model goes on as it was saved")
        for address in {**before, **after}
        if before.get(address) != after.get(address)
    ]
    if problems:
        raise ScenarioError(problems)


def _check_holds(world: World, origin: Scenario) -> None:
    """Refuse a hold of the branch that was over before it; one that scraps at once begins now."""
    day = world.now / DAY_TICKS
    problems = [
        Problem("ends before the branch begins", f"--hold {hold.lot}", f"later than {day:.2f} d")
        for hold in world.scenario.holds[len(origin.holds) :]
        if hold.end_tick is not None and hold.start_tick < hold.end_tick <= world.now
    ]
    if problems:
        raise ScenarioError(problems)


def _check_disturbances(world: World, origin: Scenario) -> None:
    """Refuse a disturbance of the branch that was over before it, as it would do nothing.

    A new fault that was to begin before the branch is refused too: it would begin at another time.
    One that the origin would still have had is thereby taken away, which is a change.
    """
    before = _disturbances(origin)
    known = _disturbing(origin)
    to_come = {(each.name, _place(each)) for each in before if not _over(world, each)}
    problems = []
    for each, text in zip(_disturbances(world.scenario), _disturbing(world.scenario), strict=True):
        what = _over(world, each) or _late(world, each, before)
        if what and text not in known and (each.name, _place(each)) not in to_come:
            key = "until" if what == "ended" else "from"
            end = each.end_tick if key == "until" else None
            tick = each.start_tick if end is None else end
            message = f"{what} on day {tick / DAY_TICKS:.2f}, before the branch begins"
            hint = f"{key}: later than {world.now / DAY_TICKS:.2f} d"
            problems.append(Problem(message, f"--set disturbances.{each.name}", hint))
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))


def _over(world: World, each: DisturbanceConfig | Deviation | Fault) -> str:
    """Return how a disturbance is over in the state in which the line is; "" where it is not."""
    if isinstance(each, Fault) and each.is_instant:
        return "struck" if world.disturbances.has_struck(each) else ""
    return "ended" if each.end_tick is not None and each.end_tick <= world.now else ""


def _late(
    world: World,
    each: DisturbanceConfig | Deviation | Fault,
    before: Sequence[DisturbanceConfig | Deviation | Fault],
) -> str:
    """Say that a new fault was to begin before the branch; "" where it is not so."""
    if not isinstance(each, Fault) or each.start_tick >= world.now:
        return ""
    same = (each.name, each.station, each.kind, each.start_tick)
    known = (f for f in before if isinstance(f, Fault))
    is_known = any(same == (f.name, f.station, f.kind, f.start_tick) for f in known)
    return "" if is_known else "was to begin"


def _place(each: DisturbanceConfig | Deviation | Fault) -> str:
    return each.station if isinstance(each, Fault) else each.address


def _saved_parameters(scenario: Scenario) -> Iterator[tuple[str, object]]:
    configs = [*scenario.stations.values(), *([scenario.building] if scenario.building else [])]
    for config in configs:
        models: dict[str, ProcessConfig | None] = {**config.processes, "machine": config.machine}
        for kind, model in models.items():
            if kind in CONTINUOUS and model is not None:
                for name, value in model.parameters.items():
                    yield f"{config.path}.{kind}.{name}", value.value


def note(world: World, origin: Scenario) -> None:
    """Write into the event log what a branch sets otherwise than its origin."""
    known = _disturbing(origin)
    for each in _disturbing(world.scenario):
        if each not in known:
            address = str(each["address"])
            cause = f"fork: {address}: {each.get('kind', 'value')}"
            world.log_event(_unit(world, address), "disturbance", cause=cause, amount=math.nan)
    for address, value in _changes(world, origin).items():
        amount = value if isinstance(value, float) else math.nan
        world.log_event(
            _unit(world, address), "disturbance", cause=f"fork: {address}", amount=amount
        )


def _unit(world: World, address: str) -> str:
    """Return the unit to which an address belongs, "" where none."""
    return max((n for n in world.units if f"{address}.".startswith(f"{n}.")), key=len, default="")


def _changes(world: World, origin: Scenario) -> dict[str, float | list[float]]:
    before = live_parameters(origin)
    return {
        address: value
        for address, value in live_parameters(world.scenario).items()
        if before.get(address) != value
    }


def _disturbances(scenario: Scenario) -> list[DisturbanceConfig | Deviation | Fault]:
    """Return all that disturbs a line, in the order of `_disturbing`."""
    return [*scenario.disturbances, *scenario.deviations, *scenario.faults]


def _disturbing(scenario: Scenario) -> list[dict[str, Any]]:
    """Return all that disturbs a line, told as in the resolved scenario."""
    values = [vars(change) for change in scenario.disturbances]
    return [
        *values,
        *map(deviation_text, scenario.deviations),
        *map(fault_text, scenario.faults),
    ]


def _change(world: World, origin: Scenario) -> None:
    """Set what the scenario sets otherwise than its origin."""
    held = world.disturbances.state.job["held"]
    for address, value in _changes(world, origin).items():
        if address in held:
            held[address][0] = value
        else:
            world.disturbances.was_set(address, world.parameters[address], value)
            world.parameters[address] = value
    if _disturbing(origin) != _disturbing(world.scenario):
        world.disturbances.adopt()
