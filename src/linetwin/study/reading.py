"""From a study file to a checked Spec, with the scenario that it varies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.contracts import CONTRACTS
from linetwin.errors import Problem, ScenarioError
from linetwin.line.checks import disturbable_inputs
from linetwin.results.schemas import TABLES
from linetwin.scenario.document import read
from linetwin.scenario.entries import PREFIX as DISTURBING
from linetwin.scenario.fidelity_set import PREFIX as ANSWERING
from linetwin.scenario.loading import (
    Asked,
    Opened,
    find_scenario,
    open_scenario,
    shipped_folders,
)
from linetwin.scenario.problems import Problems, nearest
from linetwin.scenario.validation import validate
from linetwin.study import designs
from linetwin.study.analysing.aims import aimed_at
from linetwin.study.bounds import rough
from linetwin.study.columns import read_columns
from linetwin.study.factors import Factor, FactorReader
from linetwin.study.schema import STATISTIC, STATISTIC_HINT, Design, StudyFile
from linetwin.study.stand_ins import Texts, files_of
from linetwin.study.tasks import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.scenario.document import Document
    from linetwin.scenario.resolved import Scenario
    from linetwin.study.designs import Point
    from linetwin.study.schema import Objective, WrittenConstraint
    from linetwin.study.tasks import Column

DEFAULT_FIGURES = (
    "limits.good_cells_per_day",
    "order.cells_good",
    "energy.good_energy",
    "energy.energy_used",
    "energy.energy_per_good_energy",
    "cost.cost_per_good_energy",
    "quality.rolled_throughput_yield",
)
"""What comes back of each run where a study names no figures."""
_WHOLE = (DISTURBING, ANSWERING)
"""How addresses of factors begin that only a whole scenario can judge."""


@dataclass(frozen=True)
class Spec:
    """A study as it was read, checked against its scenario.

    `text`: the file; `scenario_file`: the scenario's; `scenario`: the resolved one, with what `set`
    changes; `settings`: those changes as `--set` reads them; `alternatives`: name -> its settings.
    Values of factors are in canonical units.
    """

    name: str
    title: str
    text: str
    scenario_file: Path
    scenario: Scenario
    settings: tuple[str, ...]
    seed: int
    replications: int
    factors: tuple[Factor, ...]
    design: Design
    wanted: Wanted
    objectives: tuple[Objective, ...]
    constraints: tuple[WrittenConstraint, ...]
    alternatives: Mapping[str, tuple[str, ...]]
    document: Document

    @property
    def stand_ins(self) -> set[Path]:
        """The files of stand-ins that the study names, beside those of the scenario."""
        settings = chain(self.settings, *self.alternatives.values())
        return files_of(settings, self.scenario_file.parent)

    @property
    def digest(self) -> str:
        """Hash of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def points(self) -> list[Point]:
        """Return the points of a design that is fixed beforehand; none of an adaptive one."""
        if self.design.kind in designs.ADAPTIVE:
            return []
        return designs.points_of(self.design, self.factors, self.seed)

    def settings_of(self, point: Point) -> tuple[str, ...]:
        """Return all settings of a point: those of the study, then those of its factors."""
        varied = (
            factor.setting(value)
            for factor, value in zip(self.factors, point, strict=True)
            if value is not None
        )
        return (*self.settings, *varied)


def find_study(path_or_name: str) -> Path:
    """Return the file of a path, or of a shipped study's bare name such as `coating`."""
    path = Path(path_or_name)
    if path.suffix or len(path.parts) > 1 or path.is_file():
        return path
    shipped = [file for folder in shipped_folders() for file in (folder / "studies").glob("*.yaml")]
    for file in shipped:
        if file.stem == path_or_name:
            return file
    hint = nearest(path_or_name, (file.stem for file in shipped), "shipped study here")
    raise ScenarioError([Problem(f"no study is called '{path_or_name}'", hint=hint)])


def read_study_file(file: Path) -> Spec:
    """Return the study of a file; ScenarioError with everything that is wrong with it."""
    document = read(file, file.name)
    problems = Problems()
    problems.keep(document.problems)
    checked = validate(document, StudyFile, problems)
    _misplaced(document, problems)
    if checked is None:
        problems.check()
        raise ScenarioError([Problem("nothing to read", file=file)])
    model = checked.model
    scenario_file = _scenario_file(model, document, problems)
    texts = Texts(document, model.scenario, scenario_file.parent, problems)
    reader = _Reader(model, document, problems, texts)
    opened = open_scenario(scenario_file)
    scenario = reader.scenario(opened)
    factors = reader.factors(opened, scenario)
    if not (checked.is_cut("factors") or checked.is_cut("design")):
        place = document.place(("design",) if "design" in document.data else ())
        designs.check(model.design, factors, model.replications, place, problems)
    columns = read_columns(model, document, problems)
    wanted = Wanted(reader.figures(columns), reader.default_figures(), columns)
    alternatives = reader.alternatives(opened)
    reader.aims({column.name for column in columns})
    problems.check()
    return Spec(
        name=model.study,
        title=model.title,
        text=file.read_text(encoding="utf-8-sig"),
        scenario_file=scenario_file,
        scenario=scenario,
        settings=reader.settings,
        seed=scenario.seed,
        replications=model.replications,
        factors=tuple(factors),
        design=model.design,
        wanted=wanted,
        objectives=tuple(model.objectives),
        constraints=tuple(model.constraints),
        alternatives=alternatives,
        document=document,
    )


def _scenario_file(model: StudyFile, document: Document, problems: Problems) -> Path:
    """Return the scenario's file: a path counts from the study's folder."""
    beside = document.file.parent / model.scenario
    if beside.is_file():
        return beside.resolve()
    try:
        return find_scenario(model.scenario).resolve()
    except ScenarioError as error:
        problems.adopt(error, document.place(("scenario",)))
        problems.check()
        raise


@dataclass(frozen=True)
class _Reader:
    """Reads the parts of a study; what is wrong is noted where it was written."""

    model: StudyFile
    document: Document
    problems: Problems
    texts: Texts

    @property
    def settings(self) -> tuple[str, ...]:
        """What `set` changes, as `--set` reads it."""
        return self.texts.of(self.model.settings, ("set",))

    def scenario(self, opened: Opened) -> Scenario:
        """Return the scenario with what `set` changes; raises where that is wrong."""
        known, settings = self.problems.found, self.settings
        if known != self.problems.found:  # a stand-in is not there: the scenario would say less
            self.problems.check()
        return self._loaded(opened, settings, ("set",))

    def _loaded(self, opened: Opened, settings: Sequence[str], at: tuple[str, ...]) -> Scenario:
        """Return the scenario with settings that were written below `at`."""
        inputs = {kind: disturbable_inputs(kind) for kind in CONTRACTS}
        try:
            return opened.scenario(Asked(settings, self.model.seed, inputs=inputs))
        except ScenarioError as error:
            told = [self._placed(problem, at) for problem in error.problems]
            raise ScenarioError([*self.problems.found, *told]) from error

    def _placed(self, problem: Problem, at: tuple[str, ...]) -> Problem:
        """Return a problem of a setting as one of the line of the study that sets it."""
        if problem.file is not None or not problem.key.startswith("--set "):
            return problem
        address = problem.key.removeprefix("--set ")
        place = self.document.place((*at, address))
        return replace(problem, key=place.key, file=place.file, line=place.line)

    def factors(self, opened: Opened, scenario: Scenario) -> list[Factor]:
        """Return the factors; what only a whole scenario can judge is tried at both ends."""
        written = self.model.factors
        places = {name: self.document.place(("factors", name)) for name in written}
        reader = FactorReader(scenario, opened.plant(), self.problems)
        found = reader.read(written, places)
        for address in self.model.settings.keys() & written.keys():
            hint = "keep one of the two: a factor's value replaces what is set"
            self.problems.add(places[address], "is also set", hint)
        if not self.problems and any(each.address.startswith(_WHOLE) for each in found):
            for share in (0.0, 1.0):
                settings = [factor.setting(factor.at(share)) for factor in found]
                self._loaded(opened, (*self.settings, *settings), ("factors",))
        return found

    def alternatives(self, opened: Opened) -> dict[str, tuple[str, ...]]:
        """Return the settings of each alternative, tried on the scenario."""
        found = {}
        for name, changes in self.model.alternatives.items():
            found[name] = self.texts.of(changes, ("alternatives", name))
            same = [other for other in found if found[other] == found[name] and other != name]
            if same:
                place = self.document.place(("alternatives", name))
                self.problems.add(place, f"changes what '{same[0]}' does", "another change")
            if not self.problems:
                settings = (*self.settings, *found[name])
                self._loaded(opened, settings, ("alternatives", name))
        kind = self.model.design.kind
        if kind == "compare" and len(found) < 2:  # noqa: PLR2004 - a comparison needs two
            place = self.document.place(("alternatives",))
            hint = "alternatives: {as_is: {}, faster: {ADDRESS: VALUE}}"
            self.problems.add(place, "compare needs two alternatives or more", hint)
        if found and kind != "compare":
            place = self.document.place(("alternatives",))
            self.problems.add(place, f"{kind} has no alternatives", "design: {kind: compare}")
        return found

    def figures(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Return the figures that are wanted: those named, and those that aims are about.

        A statistic of a column comes back beside them, under its own name.
        """
        asked = dict.fromkeys((*(self.model.figures or DEFAULT_FIGURES), *self._aims()))
        statistics = {column.name for column in columns}
        return tuple(name for name in asked if name not in statistics)

    def default_figures(self) -> tuple[str, ...]:
        """Return figures that are wanted though the file does not name them anywhere."""
        if self.model.figures:
            return ()
        return tuple(name for name in DEFAULT_FIGURES if name not in self._aims())

    def _aims(self) -> list[str]:
        return aimed_at(self.model.objectives, self.model.constraints)

    def aims(self, statistics: set[str]) -> None:
        """Note objectives and constraints that say nothing, or contradict one another.

        `statistics`: those of columns that come back.
        """
        self._among_columns(statistics)
        kind, model = self.model.design.kind, self.model
        for number, objective in enumerate(model.objectives):
            if (objective.maximise is None) == (objective.minimise is None):
                place = self.document.place(("objectives", number))
                said = "aims at nothing" if objective.maximise is None else "aims at two sides"
                self.problems.add(place, said, "{maximise: FIGURE} or {minimise: ...}")
        if model.design.matters is not None:
            self._matters(model.design.matters)
        self._aimed_twice()
        if kind in {"optimise", "compare"} and not model.objectives:
            place = self.document.place(("design", "kind"))
            hint = "objectives: [{maximise: FIGURE}]"
            self.problems.add(place, f"{kind} has no objective", hint)
        self._bounds()

    def _among_columns(self, statistics: set[str]) -> None:
        """Note aims that name a table's statistic which `columns` does not bring back."""
        model = self.model
        aims = [("objectives", n, each.maximise or each.minimise or "")
                for n, each in enumerate(model.objectives)]  # fmt: skip
        aims += [("constraints", n, each.figure) for n, each in enumerate(model.constraints)]
        for section, number, name in aims:
            table, _, rest = name.partition(".")
            if table in TABLES and name not in statistics:
                column, _, statistic = rest.rpartition(".")
                hint = f"columns: [{{{table}.{column}: [{statistic}]}}] brings it"
                if not STATISTIC.fullmatch(statistic):
                    hint = STATISTIC_HINT
                place = self.document.place((section, number))
                self.problems.add(place, f"'{name}' is not among columns", hint)

    def _matters(self, raw: float | str) -> None:
        """Note a least difference that is no amount, or none above zero."""
        place = self.document.place(("design", "matters"))
        found = rough(raw, place, self.problems)
        if found is not None and found[0] <= 0.0:
            self.problems.add(place, f"{raw!r} is not above zero", "such as 0.5 kWh")

    def _aimed_twice(self) -> None:
        """Note figures that are to be large and small at once."""
        seen: dict[str, tuple[bool, bool]] = {}
        for number, each in enumerate(self.model.objectives):
            figure = str(each.maximise or each.minimise)
            large, small = seen.get(figure, (False, False))
            seen[figure] = large or each.maximise is not None, small or each.minimise is not None
            if all(seen[figure]) and not (large and small):
                place = self.document.place(("objectives", number))
                message = f"{figure} is to be large and small at once"
                self.problems.add(place, message, "one of the two; bounds stand in constraints")

    def _bounds(self) -> None:
        """Note bounds that are no amounts, and those of one figure that contradict."""
        known: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
        for number, constraint in enumerate(self.model.constraints):
            place = self.document.place(("constraints", number))
            written = {"at_least": constraint.at_least, "at_most": constraint.at_most}
            given = {key: raw for key, raw in written.items() if raw is not None}
            if not given:
                self.problems.add(place, "bounds nothing", "at_most: ... or at_least: ...")
            for key, raw in given.items():
                found = rough(raw, place.below(key), self.problems)
                if found is None:
                    continue
                of = (constraint.figure, found[1])
                known.setdefault((*of, key), []).append(
                    (found[0], raw if isinstance(raw, str) else f"{raw:g}")
                )
                least = max(known.get((*of, "at_least"), []), default=None, key=_amount)
                most = min(known.get((*of, "at_most"), []), default=None, key=_amount)
                if least and most and least[0] > most[0]:
                    message = f"no {constraint.figure} is at least {least[1]} and at most {most[1]}"
                    self.problems.add(place, message, "at_least below at_most")


def _amount(bound: tuple[float, str]) -> float:
    return bound[0]


def _misplaced(document: Document, problems: Problems) -> None:
    """Say of keys that stand in the wrong one of file and design where they belong."""
    top = {field.alias or name for name, field in StudyFile.model_fields.items()}
    below = document.data.get("design")
    for key in below if isinstance(below, dict) else ():
        if key in top - Design.model_fields.keys():
            place = document.place(("design", key))
            problems.add(place, f"{key} stands at the top level of the file, beside design")
    for key in document.data:
        if key in Design.model_fields.keys() - top:
            problems.add(document.place((key,)), f"{key} stands below design")
