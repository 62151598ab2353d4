"""`linetwin surrogate stand-in`: what a line's FMUs answer is watched, asked for, and learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from linetwin.cli.running import Request
    from linetwin.contracts import Transform
    from linetwin.line.world import World
    from linetwin.predictors.stand_in_card import Regime, StandInCard
    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.surrogates.standing_in.learning import Subject, Wanted
    from linetwin.surrogates.standing_in.recording import Call, Watching
    from linetwin.surrogates.standing_in.sweeping import Sweep

    Calls = dict[str, list[tuple[StationConfig, Call]]]

EPILOG = "Example: linetwin surrogate stand-in baseline --process formation -o formation.standin"
POINTS = 2048
RUNS = 4


class Nowhere:
    """Takes the tables of a run and forgets them."""

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Forget rows."""


def stand_in(  # noqa: PLR0913, PLR0917 - one parameter per option
    scenario: Annotated[str, typer.Argument(help="A scenario, by file or by name.")],
    process: Annotated[
        list[str] | None,
        typer.Option(help="The process to stand in for; several; left out: all that take items."),
    ] = None,
    station: Annotated[
        list[str] | None,
        typer.Option(help="Only at this station, by path or group; several; left out: at all."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="The file; of several processes the folder."
        ),
    ] = None,
    runs: Annotated[
        int, typer.Option(min=1, max=100, help="Runs to watch, each with the next seed.")
    ] = RUNS,
    points: Annotated[
        int, typer.Option(min=64, max=100_000, help="Designed points of each form of call.")
    ] = POINTS,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="'NAME=LOW to HIGH'",
            help="What the stand-in is to know as well; of a setting the line is run at values.",
        ),
    ] = None,
    coverage: Annotated[str, typer.Option(help="Share of answers in their intervals.")] = "90 %",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="As of `run`.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the first run.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Learn what the FMUs of a line answer, for `fidelity: surrogate` and `auto`."""
    from linetwin.cli.printing import print_json
    from linetwin.cli.running import Request
    from linetwin.predictors.stand_in_store import write

    request = Request(scenario, tuple(settings or ()), seed, None)
    line = request.load()
    kinds = _kinds(line, process or [], station or [])
    files = _files(kinds, output)
    settable = _settable(kinds, _stations(line, station or []))
    wanted = _wanted(kinds, ranges or [], points, coverage, settable)
    found = []
    for kind, card, weights in _learnt(request, line, kinds, station or [], (runs, wanted)):
        digest = write(card, weights, files[kind])
        found.append({**_content(card), "file": str(files[kind]), "digest": digest})
        if not json:
            _tell(card, files[kind])
    if json:
        print_json(found)


def make_all(scenario: str, folder: Path) -> None:
    """Make the stand-ins of all processes of a scenario's line, as the command does by default."""
    from linetwin.cli.running import Request
    from linetwin.predictors.stand_in_store import write

    request = Request(scenario, (), None, None)
    line = request.load()
    kinds = _kinds(line, [], [])
    files = _files(kinds, folder)
    wanted = _wanted(kinds, [], POINTS, "90 %")
    for kind, card, weights in _learnt(request, line, kinds, [], (RUNS, wanted)):
        write(card, weights, files[kind])


def _kinds(line: Scenario, asked: Sequence[str], stations: Sequence[str]) -> list[str]:
    """Return the kinds of process to stand in for; ScenarioError for one that is not there."""
    from linetwin.contracts import CONTRACTS
    from linetwin.errors import Problem, ScenarioError
    from linetwin.scenario.problems import nearest

    names = {each for config in line.stations.values() for each in (config.path, config.group)}
    problems = [
        Problem(f"there is no station '{each}'", "--station", nearest(each, names - {""}))
        for each in stations
        if each not in names
    ]
    there = {
        kind: None
        for config in _stations(line, stations)
        for kind in config.processes
        if CONTRACTS[kind].form == "transform"
    }
    problems += [
        Problem(f"there is no process '{each}' that takes items", "--process", nearest(each, there))
        for each in asked
        if each not in there
    ]
    if not there and not problems:
        problems.append(Problem("no process there takes items", "--station"))
    if problems:
        raise ScenarioError(problems)
    return list(dict.fromkeys(asked)) or list(there)


def _stations(line: Scenario, named: Collection[str]) -> list[StationConfig]:
    return [
        config
        for config in line.stations.values()
        if not named or config.path in named or (config.group and config.group in named)
    ]


def _files(kinds: Sequence[str], output: Path | None) -> dict[str, Path]:
    """Return where each stand-in goes; ScenarioError for a place that does not fit."""
    from linetwin.errors import Problem, ScenarioError
    from linetwin.predictors.stand_in_store import SUFFIX

    if output is not None and output.suffix == SUFFIX:
        if len(kinds) > 1:
            message = f"{output} is one file, and there are {len(kinds)} processes"
            raise ScenarioError([Problem(message, "-o", "a folder, or one --process")])
        if output.is_dir():
            raise ScenarioError([Problem(f"{output} is a folder", "-o", "the name of a file")])
        return {kinds[0]: output}
    if output is not None and (output.is_file() or (output.suffix and not output.is_dir())):
        message = f"{output} is no name of a stand-in"
        raise ScenarioError([Problem(message, "-o", f"*{SUFFIX}, or a folder")])
    folder = output or Path()
    return {kind: folder / f"{kind}{SUFFIX}" for kind in kinds}


def _settable(kinds: Sequence[str], stations: Sequence[StationConfig]) -> set[str]:
    """Return the quantities that are settings of stations with these kinds of process."""
    from linetwin.surrogates.standing_in.sweeping import settings_of

    own = [config for config in stations if any(kind in config.processes for kind in kinds)]
    return {name for config in own for name in settings_of(config)}


def _wanted(
    kinds: Sequence[str],
    ranges: Sequence[str],
    points: int,
    coverage: str,
    settable: Collection[str] = (),
) -> Wanted:
    """Return how stand-ins are made; ScenarioError for a range of what no process takes."""
    from linetwin.contracts import CONTRACTS
    from linetwin.errors import Problem, ScenarioError
    from linetwin.quantities import Quantity, vocabulary
    from linetwin.scenario.problems import nearest
    from linetwin.scenario.units import parse
    from linetwin.surrogates.standing_in.learning import Wanted

    taken = {name for kind in kinds for name in (*CONTRACTS[kind].start, *CONTRACTS[kind].inputs)}
    found = {}
    for text in ranges:
        name, _, ends = (part.strip() for part in text.partition("="))
        low, apart, high = ends.partition(" to ")
        if name not in taken and name not in settable:
            hint = nearest(name, {*taken, *settable}, "what the process takes, or its station")
            raise ScenarioError([Problem(f"'{name}' is taken by no such process", "--range", hint)])
        if not apart:
            hint = f"{name}=LOW to HIGH, each with its unit"
            raise ScenarioError([Problem(f"'{text}' is no range", "--range", hint)])
        found[name] = (parse(low, vocabulary()[name]), parse(high, vocabulary()[name]))
        if not found[name][0] < found[name][1]:
            raise ScenarioError([Problem(f"'{text}' goes down", "--range", "LOW to HIGH")])
    share = parse(coverage, Quantity("coverage", "1", "share in the interval", display="%"))
    if not 0.5 <= share <= 0.999:  # noqa: PLR2004 - as told
        raise ScenarioError([Problem(f"{coverage} is no coverage", "--coverage", "50 % to 99.9 %")])
    return Wanted(found, points, share)


def _learnt(
    request: Request,
    line: Scenario,
    kinds: Sequence[str],
    stations: Sequence[str],
    how: tuple[int, Wanted],
) -> Iterator[tuple[str, StandInCard, Any]]:
    """Watch runs, then yield each kind with its stand-in's card and numbers."""
    from linetwin.cli.calibrating import progress
    from linetwin.cli.compose import make_world, release
    from linetwin.cli.running import base_of
    from linetwin.surrogates.standing_in.learning import learn
    from linetwin.surrogates.standing_in.sweeping import sweeps_of

    runs, wanted = how
    base = base_of(request, line)
    chosen = _stations(line, stations)
    subjects = {kind: _subject(kind, line, chosen, base) for kind in kinds}
    with progress("stand-in") as tell:
        watched = _Watched(request, line, base, {kind: [] for kind in kinds})
        for number in range(runs):
            tell("run of the line", number, runs)
            watched.run({config.path for config in chosen}, line.seed + number)
        for sweep in sweeps_of(watched.of_all(), wanted.ranges):
            for node in range(len(sweep.values)):
                tell(f"run of the line, {sweep.told(node)}", node, len(sweep.values))
                paths = {c.path for c in chosen if (c.group or c.path) in sweep.stations}
                watched.run(paths, line.seed + node, (sweep, node))
        world = make_world(with_fmus(line), base, Nowhere(), recording=False)
        try:
            for kind in kinds:
                models = partial(_fmu, world, kind)
                card, weights = learn(subjects[kind], watched.calls[kind], models, wanted, tell)
                yield kind, card, weights
        finally:
            release(world)


@dataclass
class _Watched:
    """Runs of a line with what they asked of its FMUs; `last`: when they last did [ticks]."""

    request: Request
    line: Scenario
    base: Path
    calls: Calls
    last: int = 0

    def run(self, paths: set[str], seed: int, at: tuple[Sweep, int] | None = None) -> None:
        """Run the line with a seed, as it is or at a value of a sweep; keep stations' calls.

        At another value it may never make its order: it ends at twice the time of the last call.
        """
        from linetwin.cli.compose import make_world, release
        from linetwin.surrogates.standing_in.recording import Watching

        settings = self.request.settings + (at[0].settings(at[1]) if at else ())
        again = replace(self.request, seed=seed, settings=settings).load()
        world = make_world(with_fmus(again), self.base, Nowhere(), recording=False)
        swept = (at[0].name, at[1]) if at else ("", 0)
        try:
            watching = Watching(world.models, self.calls, paths, f"seed {seed}", *swept)
            last = watch(world, watching, 2 * self.last if at else None)
            self.last = self.last if at else max(self.last, last)
        finally:
            release(world)
        for kind, own in watching.calls.items():
            self.calls[kind] += [(again.stations[call.station], call) for call in own]

    def of_all(self) -> list[tuple[StationConfig, Call]]:
        """Return the calls of all kinds of process."""
        return [call for own in self.calls.values() for call in own]


def _fmu(world: World, kind: str, config: StationConfig) -> Transform:
    return world.models.transform(config, kind)


def with_fmus(line: Scenario) -> Scenario:
    """Return a scenario in which the FMUs answer for all processes."""
    stations = {
        path: replace(
            config,
            processes={
                kind: replace(process, fidelity="fmu") for kind, process in config.processes.items()
            },
        )
        for path, config in line.stations.items()
    }
    return replace(line, stations=stations)


def watch(world: World, watching: Watching, most: int | None = None) -> int:
    """Run a line to its end, or to a time [ticks], and keep what it asks of its FMUs.

    Return when it last asked them [ticks].
    """
    from linetwin.line import stock

    models = world.models
    world.models = watching
    try:
        if world.scenario.start == "filled":
            stock.fill(world)
        world.begin()
        last = known = 0
        while (most is None or world.now < most) and world.step():
            if watching.asked > known:
                last, known = world.now, watching.asked
    finally:
        world.models = models
    return last


def _subject(kind: str, line: Scenario, stations: Sequence[StationConfig], base: Path) -> Subject:
    """Return the FMU that a kind of process has everywhere; ScenarioError where there are two."""
    from linetwin.cosim import find_fmu
    from linetwin.cosim.description import read_description
    from linetwin.errors import Problem, ScenarioError
    from linetwin.surrogates.standing_in.learning import Subject

    own = [config for config in stations if kind in config.processes]
    found = {config.path: find_fmu(config.processes[kind].model, base) for config in own}
    descriptions = {path: read_description(file) for path, file in found.items()}
    tokens = {each.token: path for path, each in descriptions.items()}
    if len(tokens) > 1:
        message = f"{kind} has different FMUs at {' and '.join(tokens.values())}"
        raise ScenarioError([Problem(message, "--station", "one of them at a time")])
    first = next(iter(descriptions.values()))
    licence = str(first.evidence.get("licence", "")) or "that of the FMU and of the scenario"
    return Subject(kind, first.model, first.token, licence, line.name)


def _tell(card: StandInCard, file: Path) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.predictors.stand_in_rough import rough_of

    count = f"{card.data.rows} items of {card.data.groups} lots"
    say(
        f"{file}: stands in for {card.process} by {card.model}; {count} watched in {card.data.name}"
    )
    heads = ("station", "phases", "varies", "lots", "items", "left out", "points", "worst error",
             "in interval")  # fmt: skip
    print_table("", heads, [_row(regime) for regime in card.regimes], 1)
    for text in card.said:
        say(text)
    if rough := rough_of(card.regimes, {}):
        say(f"told roughly, and small enough that `auto` takes it: {', '.join(rough)}")
    say(f"use it: processes: {{{card.process}: {{fidelity: auto, stand_in: {file.name}}}}}")


def _row(regime: Regime) -> tuple[str, ...]:
    worst = max(
        ((each.error / scale_of(each), each.name) for each in regime.learnt), default=(0.0, "")
    )
    inside = ", ".join(f"{c.inside / c.rows:.0%}" for c in regime.covered if c.rows)
    return (
        regime.station,
        str(len(regime.phases)),
        str(len(regime.variables)),
        str(regime.lots),
        str(regime.rows),
        str(regime.left_out),
        str(regime.designed),
        f"{worst[0]:.2g} of the range of {worst[1]}" if worst[1] else "none",
        inside,
    )


def scale_of(each: Any) -> float:  # noqa: ANN401 - a learnt output
    """Return the range of an output in training, on the scale on which it was learnt."""
    import numpy as np

    low, high = each.link.to(np.array([each.low, each.high]))
    return float(high - low)


def _content(card: StandInCard) -> dict[str, Any]:
    return card.model_dump(mode="json")
