"""Sums over predictions and what became of them: scores by station, quantity and instrument.

An outcome counts where its prediction was on the board before the instrument read the lot. What
was known of the instrument's bias when the prediction was made is taken off the reading, and the
interval is widened by the reading's own deviation: what is scored is whether twin and instrument
agree within what both admit.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from linetwin.estimation.scores import NORMAL_95, binomial_interval, brier, normal_crps
from linetwin.twin.assimilating.rows import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY_TICKS = 86_400_000
DAYS_KEPT = 30
"""Days of the shorter of both spans."""
OPEN_KEPT = 16_384
"""Predictions without an outcome that are remembered: of more, the oldest are forgotten."""
GRADE = "grade"
"""Kind of a prediction that is a probability."""
Row = dict[str, Any]
_NAMED = ("station", "lot", "quantity", "place")
_SHOWN = (*_NAMED, "kind", "unit", "median", "low", "high", "open_loop")


def when(kind: str, place: int) -> str:
    """Return what a prediction's `place` says, for people; "" where it says nothing."""
    if not place:
        return ""
    return "capacity read" if kind == GRADE else f"zone {place}"


@dataclass(frozen=True)
class Score:
    """How predictions of one quantity came out by one instrument.

    `since`: tick of the first outcome that counts; `inside`: within 95 % intervals, `low` and
    `high`: 95 % interval of that share (Clopper and Pearson); `error`, `open_error`: mean absolute
    difference from the reading, of the prediction and of open loop, `ratio`: the second over the
    first; `crps` in the unit; `brier`, `open_brier`: of probabilities, NaN for others.
    """

    station: str
    quantity: str
    place: int
    kind: str
    unit: str
    instrument: str
    span: str
    since: int
    count: int
    inside: int
    share: float
    low: float
    high: float
    error: float
    open_error: float
    ratio: float
    crps: float
    brier: float
    open_brier: float


@dataclass
class Sums:
    """Sums over outcomes; those `open_` are over outcomes whose open-loop value is known."""

    count: int = 0
    inside: int = 0
    error: float = 0.0
    crps: float = 0.0
    brier: float = 0.0
    open_count: int = 0
    paired_error: float = 0.0
    open_error: float = 0.0
    open_brier: float = 0.0
    since: int = -1

    def add(self, other: Sums) -> None:
        """Add the sums of later outcomes."""
        since = other.since if self.since < 0 else self.since
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        self.since = since


@dataclass
class _Kept:
    """Sums of all outcomes, and of those of the last days by day."""

    all: Sums = field(default_factory=Sums)
    days: dict[int, Sums] = field(default_factory=dict)


@dataclass
class Tally:
    """Takes rows of predictions and outcomes in the order in which they were written.

    `counts`: predicted, measured; `again`: predicted a second time, the first holds; `replaced`:
    another lot has the name, after the twin went back to what it had saved; `forgotten`;
    `unknown`: outcomes of no prediction; `late`: of one that was not there in time; `twice`;
    `corrected`: outcomes that were changed afterwards, the first is the one that is scored.
    """

    counts: Counter[str] = field(default_factory=Counter)
    _open: dict[str, Row] = field(default_factory=dict)
    _kept: dict[tuple[str, ...], _Kept] = field(default_factory=dict)
    _newest: int = 0

    def predicted(self, row: Mapping[str, Any], tick: int) -> None:
        """Take a prediction that was registered at a tick."""
        name = str(row["id"])
        before = self._open.get(name)
        if before is not None:
            if all(before[key] == row[key] for key in _NAMED):
                self.counts["again"] += 1
                return
            self.counts["replaced"] += 1
            del self._open[name]
        self.counts["predicted"] += 1
        self._open[name] = {key: row[key] for key in _SHOWN} | {
            "biases": row.get("biases", {}),
            "at": tick,
            "read": [],
        }
        while len(self._open) > OPEN_KEPT:
            del self._open[next(iter(self._open))]
            self.counts["forgotten"] += 1

    def measured(self, row: Mapping[str, Any]) -> None:
        """Take an outcome."""
        made, tick = self._open.get(str(row["prediction"])), int(row["tick"])
        if made is None:
            self.counts["unknown"] += 1
            return
        if tick <= made["at"]:
            self.counts["late"] += 1
            return
        if row["instrument"] in made["read"]:
            self.counts["corrected" if row.get("corrected") else "twice"] += 1
            return
        made["read"].append(row["instrument"])
        self.counts["measured"] += 1
        self._newest = max(self._newest, tick)
        key = (
            made["station"],
            made["quantity"],
            str(made["place"]),
            made["kind"],
            made["unit"],
            str(row["instrument"]),
        )
        kept = self._kept.setdefault(key, _Kept())
        value = float(row["value"]) - made["biases"].get(row["instrument"], 0.0)
        found = _scored(made, value, float(row["deviation"]), tick)
        kept.all.add(found)
        kept.days.setdefault(tick // DAY_TICKS, Sums()).add(found)
        for day in [each for each in kept.days if each <= self._newest // DAY_TICKS - DAYS_KEPT]:
            del kept.days[day]

    def scores(self) -> list[Score]:
        """Return a row a quantity, instrument and span: the last 30 days, and all."""
        found = []
        for key, kept in sorted(self._kept.items()):
            recent, oldest = Sums(), self._newest // DAY_TICKS - DAYS_KEPT
            for day, sums in sorted(kept.days.items()):
                if day > oldest:
                    recent.add(sums)
            found += [
                _score(key, span, sums)
                for span, sums in ((f"{DAYS_KEPT} d", recent), ("all", kept.all))
                if sums.count
            ]
        return found

    def waiting(self) -> list[Prediction]:
        """Return predictions that may still get an outcome, in the order in which they came."""
        return [
            Prediction(
                id=name,
                made_tick=int(row["at"]),
                open_loop=math.nan if row["open_loop"] is None else float(row["open_loop"]),
                biases=dict(row["biases"]),
                **{key: row[key] for key in _SHOWN if key != "open_loop"},
            )
            for name, row in self._open.items()
        ]

    @property
    def open(self) -> int:
        """Predictions that may still get an outcome."""
        return len(self._open)

    def save(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        return {
            "counts": dict(self.counts),
            "open": self._open,
            "kept": [
                [list(key), asdict(kept.all), [[day, asdict(s)] for day, s in kept.days.items()]]
                for key, kept in self._kept.items()
            ],
            "newest": self._newest,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Tally:
        """Continue from saved data."""
        kept = {
            tuple(key): _Kept(Sums(**whole), {day: Sums(**sums) for day, sums in days})
            for key, whole, days in data["kept"]
        }
        return cls(Counter(data["counts"]), dict(data["open"]), kept, int(data["newest"]))


def _scored(made: Row, value: float, deviation: float, tick: int) -> Sums:
    """Return what one outcome adds."""
    median, low, high = (float(made[name]) for name in ("median", "low", "high"))
    reach = NORMAL_95 * deviation
    below, above = math.hypot(median - low, reach), math.hypot(high - median, reach)
    spread = math.hypot((high - low) / (2 * NORMAL_95), deviation)
    error = abs(value - median)
    found = Sums(
        count=1,
        inside=int(-below <= value - median <= above or low <= value <= high),
        error=error,
        crps=normal_crps((low + high) / 2, spread, value),
        since=tick,
    )
    is_grade = made["kind"] == GRADE
    if is_grade:
        found.brier = brier(median, value)
    if made["open_loop"] is not None:
        found.open_count, found.paired_error = 1, error
        found.open_error = abs(value - float(made["open_loop"]))
        if is_grade:
            found.open_brier = brier(float(made["open_loop"]), value)
    return found


def _score(key: tuple[str, ...], span: str, sums: Sums) -> Score:
    station, quantity, place, kind, unit, instrument = key
    low, high = binomial_interval(sums.inside, sums.count)
    paired = sums.paired_error
    return Score(
        station=station,
        quantity=quantity,
        place=int(place),
        kind=kind,
        unit=unit,
        instrument=instrument,
        span=span,
        since=sums.since,
        count=sums.count,
        inside=sums.inside,
        share=sums.inside / sums.count,
        low=low,
        high=high,
        error=sums.error / sums.count,
        open_error=sums.open_error / sums.open_count if sums.open_count else math.nan,
        ratio=sums.open_error / paired if sums.open_count and paired > 0 else math.nan,
        crps=sums.crps / sums.count,
        brier=sums.brier / sums.count if kind == GRADE else math.nan,
        open_brier=_open_brier(kind, sums),
    )


def _open_brier(kind: str, sums: Sums) -> float:
    return sums.open_brier / sums.open_count if kind == GRADE and sums.open_count else math.nan
