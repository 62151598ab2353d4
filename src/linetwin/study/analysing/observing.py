"""A study's tables as arrays: where each point lies in the span of each factor, and its figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.scenario.emit import flow
from linetwin.scenario.problems import Place
from linetwin.study import designs
from linetwin.study.analysing.aims import aimed_at
from linetwin.study.bounds import constraints_of, least_of
from linetwin.study.factors import Factor
from linetwin.study.folder import STUDY
from linetwin.study.schema import Constraint, Design, Objective, StudyFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from linetwin.scenario.resolved import Scalar
    from linetwin.study.folder import Study

FAILED = "failed"


@dataclass(frozen=True)
class Failures:
    """Runs that came to nothing.

    `runs`: how many, `of`: of how many that ended, `points`: of how many points; `where`: the
    factor in whose span they lie closest together, with both ends as shares of it; None for none.
    """

    runs: int
    of: int
    points: int
    where: tuple[Factor, float, float] | None
    first: str


@dataclass(frozen=True)
class Observed:
    """A study's folder, read for analysis; all arrays have a row a point."""

    study: Study

    @cached_property
    def written(self) -> StudyFile:
        """The study's file."""
        return StudyFile.model_validate(self.study.spec, strict=False)

    @property
    def design(self) -> Design:
        """Which points are run."""
        return self.written.design

    @property
    def objectives(self) -> list[Objective]:
        """What is to be large or small."""
        return self.written.objectives

    @cached_property
    def constraints(self) -> list[Constraint]:
        """Which bounds are to hold, as far as runs have told their figures' units."""
        told, file = self.study.units, self.study.path / STUDY
        written = [each for each in self.written.constraints if each.figure in told]
        return constraints_of(written, told, lambda n: Place(f"constraints.{n}", file))

    def matters(self, figure: str) -> float:
        """Return the least difference of a figure that matters, in its canonical unit."""
        place = Place("design.matters", self.study.path / STUDY)
        return least_of(self.design.matters, self.study.units.get(figure, ""), place)

    @cached_property
    def factors(self) -> list[Factor]:
        """The factors, as they were read."""
        return [factor_from(entry) for entry in self.study.factors]

    @property
    def figures(self) -> list[str]:
        """Names of the figures, in the order in which they were asked for."""
        return [name for name in self.study.manifest["figures"] if name in self.study.runs]

    def unit(self, figure: str) -> str:
        """Return the unit of a figure, '' for a number."""
        found = self.study.units.get(figure, "")
        return "" if found == "1" else found

    @cached_property
    def shares(self) -> np.ndarray:
        """Where each point lies in the span of each factor, shape (points, factors), 0 to 1.

        Outside of that where the scenario's own value lies outside; NaN where it has none.
        """
        table = self.study.points
        columns = [
            [share_of(factor, value) for value in table[factor.address]] for factor in self.factors
        ]
        return np.array(columns, dtype=float).T.reshape(len(table), len(self.factors))

    def values(self, figure: str) -> np.ndarray:
        """Return a figure, shape (points, replications); NaN for a run that is not there."""
        runs = self.study.runs
        return self._spread(runs[figure].where(runs["status"] != FAILED).to_numpy(float))

    @cached_property
    def made(self) -> np.ndarray:
        """Which runs came back, failed ones too; shape (points, replications)."""
        found: np.ndarray = np.isfinite(self._spread(np.ones(len(self.study.runs))))
        return found

    def _spread(self, values: np.ndarray) -> np.ndarray:
        """Return values of all runs, shape (runs,), by point and replication; NaN elsewhere."""
        runs, points = self.study.runs, self.study.points
        replications = int(self.study.plan["replications"].max()) if len(runs) else 0
        found = np.full((len(points), replications), np.nan)
        found[points.index.get_indexer(runs["point"]), runs["replication"]] = values
        return found

    @cached_property
    def empty(self) -> list[tuple[str, int, int]]:
        """Figures that some runs have no value of: the figure, in how many runs, of how many."""
        known = self.study.runs[self.study.runs["status"] != FAILED]
        names = dict.fromkeys([*aimed_at(self.objectives, self.constraints), *self.figures])
        counts = [(name, int(known[name].isna().sum())) for name in names if name in known]
        return [(name, count, len(known)) for name, count in counts if count]

    @cached_property
    def rows(self) -> np.ndarray:
        """Row of each point of the design, in the design's order; -1 where it was never planned.

        Points that are alike stand in the folder once, and in the design as often as it has them.
        """
        factors, table = self.factors, self.study.points
        known = {
            tuple(_mark(value) for value in row): number
            for number, row in enumerate(
                table[[f.address for f in factors]].itertuples(index=False)
            )
        }
        seed = int(self.study.manifest["seed"])
        points = designs.points_of(self.design, factors, seed)
        found = [known.get(tuple(_mark(_kept(value)) for value in point), -1) for point in points]
        return np.array(found, dtype=int)

    @cached_property
    def failures(self) -> Failures:
        """How many runs failed, and where they lie."""
        runs = self.study.runs
        lost = runs[runs["status"] == FAILED]
        if not len(lost):
            return Failures(0, len(runs), 0, None, "")
        points = sorted(set(lost["point"]))
        where = _closest(self.factors, self.shares, self.study.points, points)
        return Failures(len(lost), len(runs), len(points), where, str(lost["error"].iloc[0]))


def factor_from(entry: dict[str, Any]) -> Factor:
    """Return a factor as the folder's manifest tells it."""
    found = dict(entry)
    for name in ("low", "high"):
        found[name] = math.nan if entry[name] is None else entry[name]
    found["levels"] = tuple(tuple(v) if isinstance(v, list) else v for v in entry["levels"])
    return Factor(**found)


def share_of(factor: Factor, value: Any) -> float:  # noqa: ANN401 - a cell of a table
    """Return where a value lies in the span of its factor; levels lie evenly, in their order."""
    given = _mark(value)
    if given is None:
        given = None if factor.base is None else _mark(_kept(factor.base))
    if given is None:
        return math.nan
    if factor.levels:
        places = {_mark(_kept(level)): number for number, level in enumerate(factor.levels)}
        if given in places:
            return places[given] / (len(factor.levels) - 1)
        return _linear(factor, given)
    if factor.log and isinstance(given, float) and given > 0:
        return math.log(given / factor.low) / math.log(factor.high / factor.low)
    return _linear(factor, given)


def same_value(factor: Factor, value: Any) -> bool:  # noqa: ANN401 - a cell of a table
    """Whether a value of a table is the scenario's own, but for how shares of a span round."""
    given = _mark(value)
    own = None if factor.base is None else _mark(_kept(factor.base))
    if isinstance(given, float) and isinstance(own, float):
        return math.isclose(given, own, rel_tol=1e-9)
    return given is None or given == own


def _linear(factor: Factor, given: float | str) -> float:
    span = factor.high - factor.low
    if isinstance(given, str) or not math.isfinite(span):
        return math.nan
    return (given - factor.low) / span if span else 0.5


def _kept(value: Scalar | None) -> Any:  # noqa: ANN401 - as a table holds it
    """Return a value as the folder's table of points holds it."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return flow(value)


def _mark(value: Any) -> float | str | None:  # noqa: ANN401 - a cell of a table
    """Return what tells a value from others."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str) else float(value)


def _closest(
    factors: Sequence[Factor], shares: np.ndarray, table: pd.DataFrame, points: Sequence[int]
) -> tuple[Factor, float, float] | None:
    """Return in which part of which factor points lie, the narrowest against where all lie."""
    rows = [table.index.get_loc(point) for point in points]
    best, found = 0.9, None
    for number, factor in enumerate(factors):
        column = shares[:, number]
        lost, spread = column[rows], np.nanmax(column) - np.nanmin(column)
        if factor.levels or not np.isfinite(lost).all() or not spread:
            continue
        width = float(np.ptp(lost) / spread)
        if width < best:
            best, found = width, (factor, float(lost.min()), float(lost.max()))
    return found
