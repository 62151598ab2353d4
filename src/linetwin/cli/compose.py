"""Composition: a scenario's processes become FMUs, and the line gets them injected."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.cli.hanging import Alarm, ModelWatch
from linetwin.cli.located import (
    StationContinuous,
    StationSeeking,
    StationsTogether,
    StationTransform,
)
from linetwin.cli.standing_in import chosen, stand_in_problems
from linetwin.contracts import CONTRACTS
from linetwin.cosim import (
    RecordedContinuous,
    RecordedSeeking,
    check_process,
    open_continuous,
    open_transform,
    step_timeout,
)
from linetwin.cosim.groups import GroupContinuous
from linetwin.cosim.isolated.models import IsolatedContinuous
from linetwin.errors import FmuError, Problem, WiringError
from linetwin.line.checks import check_line
from linetwin.line.drivers import StochasticDriver
from linetwin.line.kinds import make_station
from linetwin.line.streams import Streams
from linetwin.line.world import Sink, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from linetwin.contracts import Continuous, Transform
    from linetwin.cosim import ContinuousModel, TransformModel
    from linetwin.scenario.resolved import ProcessConfig, Scenario, StationConfig


class FmuModels:
    """Models of a line, each an FMU; a station's Transform is opened once.

    `recording`: whether the inputs of models that cannot save their state are kept for snapshots.
    """

    def __init__(self, base: Path, *, recording: bool) -> None:
        self._base = base
        self._recording = recording
        self._transforms: dict[tuple[str, str], Transform] = {}
        self._answers: dict[tuple[str, str], Transform] = {}
        self.unsaved: list[str] = []
        """Stations whose models cannot save their state, with model, and members of a group."""
        self.alarm = Alarm()
        self._opened: list[tuple[TransformModel | ContinuousModel, ModelWatch]] = []

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return a new machine model, or None where the station has none."""
        if config.machine is None:
            return None
        return self._continuous(config, config.machine)

    def continuous(self, config: StationConfig, kind: str) -> Continuous:
        """Return a new process model that lives in line time."""
        return self._continuous(config, config.processes[kind])

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return the station's process model of this kind, or what stands in for it."""
        found = self._answers.get((config.path, kind))
        if found is None:
            found = self._answers[config.path, kind] = self._answering(config, kind)
        return found

    def fmu(self, config: StationConfig, kind: str) -> Transform:
        """Return the FMU of a station's process, whoever answers in the line."""
        key = (config.path, kind)
        if key not in self._transforms:
            process = config.processes[kind]
            watch = self._watch(config, process)
            with _named(process), watch.watching("loading"):
                model = open_transform(process, CONTRACTS[kind], self._base)
            watch.model = model.model
            self._opened.append((model, watch))
            self._transforms[key] = StationTransform(config.path, model, watch)
        return self._transforms[key]

    def _answering(self, config: StationConfig, kind: str) -> Transform:
        """Return who answers for a process: its FMU, a stand-in, or both."""
        process = config.processes[kind]
        if process.fidelity == "fmu":
            return self.fmu(config, kind)
        fmu = self.fmu(config, kind) if process.fidelity == "auto" else None
        return chosen(config.path, process, fmu)

    def together(self, models: Sequence[Continuous], names: Sequence[str]) -> StationsTogether:
        """Return a way to advance models that were given out here, and to read these outputs."""
        own = [model for model in models if isinstance(model, StationContinuous)]
        return StationsTogether(own, names, self.alarm)

    def _continuous(self, config: StationConfig, process: ProcessConfig) -> StationContinuous:
        watch = self._watch(config, process)
        with _named(process), watch.watching("loading"):
            model = open_continuous(process, CONTRACTS[process.kind], self._base)
        watch.model = model.model
        if isinstance(model, GroupContinuous):
            watch.member = model.under_way
        self._opened.append((model, watch))
        if not model.can_save:
            self.unsaved.append(f"{config.path} ({_unsaved(model)})")
        recording = self._recording and not model.can_save
        if process.events and isinstance(model, GroupContinuous | IsolatedContinuous):
            seeker = RecordedSeeking(model) if recording else model
            return StationSeeking(config.path, seeker, watch)
        kept = RecordedContinuous(model) if recording else model
        return StationContinuous(config.path, kept, watch)

    def _watch(self, config: StationConfig, process: ProcessConfig) -> ModelWatch:
        """Return the watch of a model; one in a process of its own has another there."""
        limit_s = math.inf if process.isolate else step_timeout(process)
        return ModelWatch(config.path, Path(process.model).stem, limit_s, self.alarm)

    def open_all(self, scenario: Scenario) -> None:
        """Load every Transform now: one that does not load is told before the run begins."""
        for config in scenario.stations.values():
            for kind in config.processes:
                if CONTRACTS[kind].form == "transform":
                    self.transform(config, kind)

    def close(self) -> None:
        """Free all models, and end the processes of those that have one.

        What the line was is written by now, and stays as it is if that goes wrong.
        """
        self.alarm.disarm()
        while self._opened:
            model, watch = self._opened.pop()
            with watch.watching("freeing"):
                model.close()


def _unsaved(model: ContinuousModel) -> str:
    """Return the name of a model that cannot save its state; of a group, with the members."""
    members = ", ".join(f"'{name}'" for name in model.unable_to_save)
    return f"{model.model}, member {members}" if members else model.model


@contextmanager
def _named(process: ProcessConfig) -> Iterator[None]:
    """Turn the error of an FMU that does not load into one that names where it was chosen."""
    try:
        yield
    except FmuError as error:
        message = f"{Path(process.model).name}: {error}"
        hint = "an FMU whose binary for this platform loads"
        raise WiringError([Problem(message, f"{process.key}.model", hint)]) from error


def check_models(scenario: Scenario, base: Path) -> None:
    """Raise a WiringError with everything that keeps any FMU from answering."""
    problems: list[Problem] = []
    for kind, process in processes(scenario):
        found = check_process(replace(process, key=""), CONTRACTS[kind], base)
        problems.extend(
            # a problem within a group's file says itself where it is
            problem if problem.file else replace(problem, key=_where(problem, process))
            for problem in found
        )
        problems.extend(() if found else stand_in_problems(process, CONTRACTS[kind], base))
    if problems:
        raise WiringError(list(dict.fromkeys(problems)))


def _where(problem: Problem, process: ProcessConfig) -> str:
    """Return who wrote what is wrong: a parameter may have been set elsewhere than in the line."""
    part, _, name = problem.key.partition(".")
    where = process.key
    if part == "parameters" and name in process.parameters:
        where = f"{process.parameters[name].origin}: {where.rpartition(': ')[2]}"
    return f"{where}.{problem.key}"


def make_world(scenario: Scenario, base: Path, sink: Sink, *, recording: bool = True) -> World:
    """Return the line of a scenario, not begun yet; `base`: the file FMU paths count from.

    Without `recording` no snapshot can be made of models that cannot save their state.
    """
    check_models(scenario, base)
    driver = StochasticDriver(Streams(scenario.seed))
    models = FmuModels(base, recording=recording)
    models.open_all(scenario)
    world = World(scenario, models, driver, sink, make_station)
    check_line(world)
    return world


def unsaved(world: World) -> list[str]:
    """Return the stations of a line whose models cannot save their state, with the model's name."""
    return world.models.unsaved if isinstance(world.models, FmuModels) else []


def before_hanging_end(world: World, do: Callable[[FmuError], Exception]) -> None:
    """Let `do` be called where a model of the line never returns; see `Alarm`."""
    if isinstance(world.models, FmuModels):
        world.models.alarm.arm(do)


def isolated(scenario: Scenario) -> list[str]:
    """Return the models of a scenario that run in processes of their own, by address."""
    configs = [*scenario.stations.values(), *([scenario.building] if scenario.building else [])]
    return [
        f"{config.path}.{name}"
        for config in configs
        for name, process in [*config.processes.items(), ("machine", config.machine)]
        if process is not None and process.isolate
    ]


def release(world: World) -> None:
    """Free the models of a line that has ended."""
    if isinstance(world.models, FmuModels):
        world.models.close()


def processes(scenario: Scenario) -> Iterator[tuple[str, ProcessConfig]]:
    """Yield (kind, process) of every station, machine and building."""
    stations = list(scenario.stations.values())
    if scenario.building is not None:
        stations.append(scenario.building)
    for station in stations:
        yield from station.processes.items()
        if station.machine is not None:
            yield "machine", station.machine
