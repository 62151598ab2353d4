"""A line goes on from a snapshot with other inputs: a what-if from a common past."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from linetwin.errors import Problem, ScenarioError
from linetwin.line import run
from linetwin.line.world import live_parameters
from linetwin.scenario.deviations import deviation_text, fault_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.line.world import World
    from linetwin.scenario.resolved import ProcessConfig, Scenario

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
    _change(world, origin)
    _check_holds(world, origin)
    end = world.units["end"]
    scenario = world.scenario
    tick = scenario.duration_ticks or scenario.limit_ticks
    if world.ended or tick <= world.now:
        now = world.now / 86_400_000
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
    day = world.now / 86_400_000
    problems = [
        Problem("ends before the branch begins", f"--hold {hold.lot}", f"later than {day:.2f} d")
        for hold in world.scenario.holds[len(origin.holds) :]
        if hold.end_tick is not None and hold.start_tick < hold.end_tick <= world.now
    ]
    if problems:
        raise ScenarioError(problems)


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
