"""Gauges: bias, linearity, repeatability and reproducibility, from a crossed study or as stated.

A crossed study has every operator read every part as often. Its variances are those of the
analysis of variance with random parts and operators; the interaction goes into the error where it
is not seen (a chance of 0.25 or more, as the automotive handbook has it [M]). Intervals of 95 %:
repeatability by chi-square; the other variances, which are differences of mean squares, by
generalised confidence intervals (Hamada and Weerahandi 2000 [M]): each mean square is divided by
a drawn chi-square over its degrees of freedom, always the same draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy import stats

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIDENCE: Final = 0.95
_DRAWS: Final = 20_000
_SEED: Final = 20_261_122
_NOT_SEEN: Final = 0.25
_CATEGORIES: Final = 1.41
_FEWEST_FOR_A_LINE: Final = 3
GOOD, UNFIT, FEWEST_CATEGORIES = 0.1, 0.3, 5
"""Share of the spread up to which a gauge is good, over which it is none; fewest categories [M]."""


class Estimate(NamedTuple):
    """A value with its interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Source:
    """A row of the analysis of variance; `chance`: of such an F where the source did nothing."""

    name: str
    freedom: int
    squares: float
    ratio: float = math.nan
    chance: float = math.nan

    @property
    def mean(self) -> float:
        """The mean square."""
        return self.squares / self.freedom


@dataclass(frozen=True)
class GaugeStudy:
    """What a crossed study tells, standard deviations in the unit of the readings.

    `sources`: the analysis of variance before the interaction is pooled; `pooled`: whether it is;
    `reproducibility` (operators and their interaction with parts) is None with one operator;
    `share`: of the gauge in the spread of the readings (%GRR); `categories`: ndc, with its
    interval; `low` and `high`: ends of its readings; `bias` and `linearity` (its growth with the
    reference) need reference values.
    """

    parts: int
    operators: int
    repeats: int
    sources: tuple[Source, ...]
    pooled: bool
    repeatability: Estimate
    reproducibility: Estimate | None
    interaction: float
    gauge: Estimate
    part: Estimate
    total: Estimate
    share: Estimate
    categories: Estimate
    low: float
    high: float
    bias: Estimate | None = None
    linearity: Estimate | None = None


@dataclass(frozen=True)
class Gauge:
    """A gauge in the unit of what it reads: reading = value + bias + linearity x value + scatter.

    `repeatability`, `reproducibility`: standard deviations; None: not known. `study`: what they
    come from, None where they are stated.
    """

    bias: float | None = None
    linearity: float | None = None
    repeatability: float | None = None
    reproducibility: float | None = None
    study: GaugeStudy | None = None

    @property
    def scatter(self) -> float:
        """Standard deviation of a reading of one part, as far as is known."""
        return math.hypot(self.repeatability or 0.0, self.reproducibility or 0.0)

    def share(self, spread: float) -> float:
        """Return the share of the gauge in a spread of readings (standard deviations)."""
        return self.scatter / spread if spread > 0 else math.inf

    def categories(self, spread: float) -> int | None:
        """Return how many classes of parts it tells apart in a spread; None without scatter."""
        if not self.scatter:
            return None
        parts = math.sqrt(max(0.0, spread * spread - self.scatter * self.scatter))
        return math.floor(_CATEGORIES * parts / self.scatter)


def verdict(share: float, categories: float | None) -> str:
    """Say what a gauge is good for."""
    few = categories is not None and categories < FEWEST_CATEGORIES
    if share > UNFIT or few:
        return "does not tell the parts apart"
    return "good" if share <= GOOD else "may do"


def crossed_study(
    readings: np.ndarray,
    parts: Sequence[str],
    operators: Sequence[str],
    reference: np.ndarray | None = None,
) -> GaugeStudy:
    """Return what a crossed study tells.

    `readings`, `parts`, `operators`, `reference`: shape (n,), a row a reading; the reference value
    is that of the part. ScenarioError where a combination is missing, or was read less often.
    """
    cube = _cube(np.asarray(readings, dtype=np.float64), parts, operators)
    sources, pooled = _sources(cube)
    bias, linearity = None, None
    if reference is not None:
        true = np.asarray(reference, dtype=np.float64)
        first = {part: index for index, part in reversed(list(enumerate(parts)))}
        _check_reference(true, parts, first)
        ordered = true[[first[part] for part in sorted(first)]]
        bias, linearity = _line(cube.mean(axis=(1, 2)), ordered, _of_operators(cube, sources))
    return _components(cube, sources, bias, linearity, pooled=pooled)


def _check_reference(true: np.ndarray, parts: Sequence[str], first: Mapping[str, int]) -> None:
    """Raise ScenarioError where a part has several reference values."""
    several = {part for at, part in enumerate(parts) if true[at] != true[first[part]]}
    if several:
        message = f"part '{min(several)}' has several reference values"
        raise ScenarioError([Problem(message, "reference", "one for each part")])


def _cube(readings: np.ndarray, parts: Sequence[str], operators: Sequence[str]) -> np.ndarray:
    """Return the readings by part, operator and repeat, in the order of their names."""
    found: dict[tuple[str, str], list[float]] = {}
    for part, operator, value in zip(parts, operators, readings.tolist(), strict=True):
        found.setdefault((part, operator), []).append(value)
    names, people = sorted(set(parts)), sorted(set(operators))
    most = max(map(len, found.values()))
    problems = []
    for part in names:
        for person in people:
            count = len(found.get((part, person), []))
            if count != most:
                message = f"part '{part}' has {count} readings of operator '{person}', not {most}"
                problems.append(Problem(message, "study", "a crossed study reads all as often"))
    if len(names) <= 1 or most <= 1:
        message = f"{len(names)} parts with {most} readings each"
        problems.append(Problem(message, "study", "two or more of both"))
    if not np.isfinite(readings).all():
        problems.append(Problem("a reading is missing", "study", "a number in each row"))
    elif np.ptp(readings) == 0:
        hint = "parts that differ, read with a finer resolution"
        problems.append(Problem("all readings are equal", "study", hint))
    if problems:
        raise ScenarioError(problems)
    return np.array([[found[part, person] for person in people] for part in names])


def _sources(cube: np.ndarray) -> tuple[tuple[Source, ...], bool]:
    """Return the analysis of variance of readings (parts, operators, repeats).

    And whether the interaction is pooled with the error.
    """
    parts, people, repeats = cube.shape
    grand, cells = cube.mean(), cube.mean(axis=2)
    by_part, by_person = cube.mean(axis=(1, 2)), cube.mean(axis=(0, 2))
    of_parts = people * repeats * float(((by_part - grand) ** 2).sum())
    error = Source("repeatability", parts * people * (repeats - 1),
                   float(((cube - cells[:, :, None]) ** 2).sum()))  # fmt: skip
    if people == 1:
        own = _tested("parts", parts - 1, of_parts, error)
        return (own, error), False
    of_people = parts * repeats * float(((by_person - grand) ** 2).sum())
    cross = cells - by_part[:, None] - by_person[None, :] + grand
    freedom = (parts - 1) * (people - 1)
    both = _tested("parts x operators", freedom, repeats * float((cross**2).sum()), error)
    pooled = bool(both.chance >= _NOT_SEEN)
    against = _together(both, error) if pooled else both
    return (
        _tested("parts", parts - 1, of_parts, against),
        _tested("operators", people - 1, of_people, against),
        both,
        error,
    ), pooled


def _tested(name: str, freedom: int, squares: float, against: Source) -> Source:
    own = Source(name, freedom, squares)
    ratio = own.mean / against.mean if against.mean > 0 else math.inf
    return Source(name, freedom, squares, ratio, float(stats.f.sf(ratio, freedom, against.freedom)))


def _together(first: Source, second: Source) -> Source:
    return Source("error", first.freedom + second.freedom, first.squares + second.squares)


def _components(
    cube: np.ndarray,
    sources: tuple[Source, ...],
    bias: Estimate | None,
    linearity: Estimate | None,
    *,
    pooled: bool,
) -> GaugeStudy:
    """Return the standard deviations with their intervals."""
    parts, people, repeats = cube.shape
    rows = {source.name: source for source in sources}
    error = rows["repeatability"]
    if pooled:
        error = _together(rows["parts x operators"], error)
    used = {"error": error, "parts": rows["parts"]}
    if people > 1:
        used["operators"] = rows["operators"]
        if not pooled:
            used["both"] = rows["parts x operators"]
    draws = np.random.default_rng(_SEED)
    squares = {
        name: source.squares / draws.chisquare(source.freedom, _DRAWS)
        for name, source in used.items()
    }
    means = {name: np.float64(source.mean) for name, source in used.items()}
    drawn, best = _variances(squares, cube.shape), _variances(means, cube.shape)

    def estimate(name: str) -> Estimate:
        return _interval(np.sqrt(best[name]), np.sqrt(drawn[name]))

    bounds = stats.chi2.ppf([(1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2], error.freedom)
    repeatability = Estimate(
        math.sqrt(error.mean), *(math.sqrt(error.squares / bound) for bound in bounds)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = [np.sqrt(each["gauge"] / each["total"]) for each in (best, drawn)]
        classes = [
            np.floor(_CATEGORIES * np.sqrt(each["part"] / each["gauge"])) for each in (best, drawn)
        ]
    return GaugeStudy(
        parts, people, repeats, sources, pooled, repeatability,
        reproducibility=estimate("reproducibility") if people > 1 else None,
        interaction=math.sqrt(float(best["interaction"])),
        gauge=estimate("gauge"),
        part=estimate("part"),
        total=estimate("total"),
        share=_interval(share[0], share[1]),
        categories=_interval(classes[0], classes[1]),
        low=float(cube.min()),
        high=float(cube.max()),
        bias=bias,
        linearity=linearity,
    )  # fmt: skip


def _variances(
    means: Mapping[str, np.ndarray | np.float64], shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """Return the variances that mean squares tell; one below zero is zero."""
    parts, people, repeats = shape
    error = np.asarray(means["error"])
    both = np.asarray(means.get("both", error))
    interaction = np.maximum(0.0, (both - error) / repeats)
    operators = np.zeros_like(error)
    if "operators" in means:
        operators = np.maximum(0.0, (means["operators"] - both) / (parts * repeats))
    part = np.maximum(0.0, (means["parts"] - both) / (people * repeats))
    reproducibility = operators + interaction
    gauge = error + reproducibility
    return {
        "interaction": interaction,
        "reproducibility": reproducibility,
        "gauge": gauge,
        "part": part,
        "total": gauge + part,
    }


def _interval(value: np.ndarray, drawn: np.ndarray) -> Estimate:
    shares = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    low, high = np.quantile(drawn, shares, method="nearest")
    return Estimate(float(value), float(low), float(high))


class _Operators(NamedTuple):
    """What operators bring into the mean of all readings: it is the same for all parts.

    `variance`: of the mean; `doubt`: squared standard error of that variance, over 2.
    """

    variance: float
    doubt: float


def _of_operators(cube: np.ndarray, sources: tuple[Source, ...]) -> _Operators:
    """Return what operators bring into the mean of all readings."""
    rows = {source.name: source for source in sources}
    if "operators" not in rows:
        return _Operators(0.0, 0.0)
    own, against = rows["operators"], rows["parts x operators"]
    doubt = (own.mean / cube.size) ** 2 / own.freedom
    return _Operators(max(0.0, own.mean - against.mean) / cube.size, doubt)


def _line(
    means: np.ndarray, true: np.ndarray, operators: _Operators
) -> tuple[Estimate, Estimate | None]:
    """Return the mean bias of the parts, and by how much it grows with their reference.

    Least squares of the parts' mean biases, which are independent but for the `operators`.
    t-intervals, that of the bias with the freedom of Satterthwaite (1946).
    """
    biases, count = means - true, len(means)
    spread = float(((true - true.mean()) ** 2).sum())
    if count < _FEWEST_FOR_A_LINE or not spread > 0:
        mean = float(biases.mean())
        half = _reach(float(biases.var(ddof=1)) / count, count - 1, operators)
        return Estimate(mean, float(mean - half), float(mean + half)), None
    fit = stats.linregress(true, biases)
    rest = biases - fit.intercept - fit.slope * true
    error = math.sqrt(float((rest**2).sum()) / (count - 2))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 2))
    mean, slope = float(biases.mean()), float(fit.slope)
    around = _reach(error**2 / count, count - 2, operators)
    along = reach * error / math.sqrt(spread)
    return (
        Estimate(mean, mean - around, mean + around),
        Estimate(slope, slope - along, slope + along),
    )


def _reach(variance: float, freedom: int, operators: _Operators) -> float:
    """Return the half-width of the interval of a mean: its variance and that of operators."""
    both = variance + operators.variance
    if both == 0:
        return 0.0
    joint = both**2 / (variance**2 / freedom + operators.doubt)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, joint)) * math.sqrt(both)
