"""The streams that control charts follow: readings of a run in rational subgroups.

Readings of cells: by tray, which share batch, roll and chamber; the same by lane of each web; and
each channel by itself. Readings of webs: stretches of a roll, each side by itself. Findings: by
tray. What a gauge has read is charted, never the true value that a simulation knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from linetwin.quantities import vocabulary
from linetwin.results.kpis_capability import gauge_of
from linetwin.results.report_sections import window_of
from linetwin.results.schemas import MEASURED
from linetwin.surrogates.gauges import Gauge
from linetwin.surrogates.review.risks import words_of
from linetwin.surrogates.review.statistics.capability import known
from linetwin.surrogates.review.statistics.charts import Subgroups, subgroups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from linetwin.results.kpis import Facts
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.risks import Told

STRETCH: Final = 10
"""Segments of a web in a subgroup [A]: a few metres, in which the coater hardly moves."""
_SIDES: Final = ("a", "b")
_START_UP: Final = "start-up"
_TERMS: Final = ("bias", "repeatability", "reproducibility")
_DEFECTS: Final = {"is_scrap": ("scrap", 1.0), "is_grade_a": ("not grade A", 0.0)}


@dataclass(frozen=True)
class Stream:
    """Readings of one quantity in subgroups, in time; canonical `unit`.

    `by`: tray, cathode lane, anode lane, channel, side, residual; `values`: the readings, shape
    (n,), with the subgroup of each; `gauge`: what is known of that which read them.
    """

    name: str
    quantity: str
    unit: str
    by: str
    groups: Subgroups
    values: np.ndarray
    labels: tuple[str, ...]
    gauge: Gauge | None
    limits: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class DefectStream:
    """Faulty cells by tray: `counts` of `sizes`, shape (trays,)."""

    name: str
    counts: np.ndarray
    sizes: np.ndarray
    labels: tuple[str, ...]


def cell_streams(data: Dataset) -> Iterator[Stream]:
    """Yield the streams of what gauges read of cells."""
    trays = data.frame["tray"].to_numpy() if "tray" in data.columns else None
    if trays is None:
        return
    for name in data.of_role("inspection"):
        if not data.columns[name].is_number:
            continue
        quantity = name.removeprefix(MEASURED)
        maker = _Maker(quantity, data.columns[name].unit, trays, data.gauges.get(name))
        values = data.numbers(name)
        yield maker.stream("tray", "", values, values == values)  # noqa: PLR0124 - not NaN
        for place, by in (
            ("cathode_lane", "cathode lane"), ("anode_lane", "anode lane"), ("position", "channel"),
        ):  # fmt: skip
            if place in data.columns:
                yield from maker.parted(by, values, data.numbers(place))


def web_streams(facts: Facts) -> Iterator[Stream]:
    """Yield the streams of what gauges read of webs: stretches of a roll, by side, good or not.

    Start-up is left out: nobody holds it to the limits of the process.
    """
    segments = facts.segments
    own = segments[~segments["reason"].str.startswith(_START_UP)]
    for web in dict.fromkeys(own["web"]):
        rows = own[own["web"] == web]
        number = rows.groupby("roll", sort=False).cumcount().to_numpy() // STRETCH
        labels = np.array([f"{roll} {n + 1}" for roll, n in zip(rows["roll"], number, strict=True)])
        for quantity in ("loading", "porosity"):
            for side in _SIDES:
                column = f"{MEASURED}{quantity}_{side}"
                if column in rows and rows[column].notna().any():
                    yield _web_stream(facts, str(web), (quantity, side), rows[column], labels)


def residual_streams(data: Dataset, told: Iterable[Told]) -> tuple[list[Stream], list[str]]:
    """Return streams of reading less prediction by tray, and of which targets there are none, why.

    Without a gauge a residual cannot be told from the gauge's error: there is no alarm.
    """
    streams, refused = [], []
    for each in told:
        name = f"{MEASURED}{each.target}"
        if name not in data.columns:
            continue
        gauge = data.gauges.get(name)
        why = known(gauge) or ("the predictor was trained on them" if each.trained_here else "")
        if why:
            refused.append(f"no residuals of {each.target} are charted: {why}")
            continue
        residuals = data.numbers(name) - each.predicted.value
        trays = data.frame["tray"].to_numpy()
        maker = _Maker(f"residual of {each.target}", data.columns[name].unit, trays, gauge)
        streams.append(maker.stream("residual", "", residuals, np.isfinite(residuals)))
    return streams, refused


def defect_streams(data: Dataset) -> Iterator[DefectStream]:
    """Yield faulty cells by tray: scrap, not of grade A, and each finding."""
    trays = data.frame["tray"].to_numpy() if "tray" in data.columns else None
    for name in data.targets:
        if trays is None or not name.startswith(("is_", "found_")):
            continue
        words, bad = _DEFECTS.get(name, (f"finding {words_of(name)}", 1.0))
        values = data.numbers(name)
        there = np.isfinite(values) & (trays != "")
        codes, labels = pd.factorize(trays[there])  # in the order in which they come
        if not len(labels):
            continue
        counts = np.bincount(codes, values[there] == bad).astype(np.int64)
        names = tuple(str(label) for label in labels)
        yield DefectStream(f"{words}, by tray", counts, np.bincount(codes), names)


@dataclass(frozen=True)
class _Maker:
    """Makes the streams of one quantity of cells."""

    quantity: str
    unit: str
    trays: np.ndarray
    gauge: Gauge | None

    def stream(self, by: str, part: str, values: np.ndarray, rows: np.ndarray) -> Stream:
        """Return the stream of some of the cells."""
        rows = rows & (self.trays != "")
        labels = tuple(self.trays[rows].tolist())
        groups = subgroups(values[rows], labels)
        words = self.quantity.replace("_", " ")
        name = f"{words}, {part}" if part else f"{words} by tray"
        return Stream(name, self.quantity, self.unit, by, groups, values[rows], labels, self.gauge)

    def parted(self, by: str, values: np.ndarray, places: np.ndarray) -> Iterator[Stream]:
        """Yield a stream for each lane or channel, where there are several."""
        there = np.isfinite(values) & np.isfinite(places)
        found = np.unique(places[there]).astype(int).tolist()
        for place in found if len(found) > 1 else []:
            yield self.stream(by, f"{by} {place}", values, there & (places == place))


def _web_stream(
    facts: Facts, web: str, what: tuple[str, str], values: pd.Series, labels: np.ndarray
) -> Stream:
    quantity, side = what
    kind = "coater" if quantity == "loading" else "calender"
    station = next(
        (s for s in facts.plan.members if facts.plan.kind(s) == kind and s.startswith(f"{web}.")),
        "",
    )
    readings = values.to_numpy(np.float64)
    stated = gauge_of(facts, station, quantity) if station else None
    there = np.isfinite(readings)
    name = f"{web} {quantity} by stretch, side {side}"
    return Stream(
        name, quantity, vocabulary()[quantity].unit, "side",
        subgroups(readings, labels.tolist()), readings[there], tuple(labels[there].tolist()),
        gauge_at(stated, readings), window_of(facts.plan, web, quantity) or (None, None),
    )  # fmt: skip


def gauge_at(stated: dict[str, Any] | None, readings: np.ndarray) -> Gauge | None:
    """Return a stated gauge in the unit of its readings: what is in percent is of their mean."""
    if stated is None:
        return None
    level = float(np.nanmean(readings))
    bias, repeatability, reproducibility = (_term(stated.get(name), level) for name in _TERMS)
    return Gauge(bias, None, repeatability, reproducibility)


def _term(term: object, level: float) -> float | None:
    if not isinstance(term, dict):
        return None
    value = float(term["value"])
    return value / 100 * level if term.get("unit") == "%" else value
