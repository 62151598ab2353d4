"""A recording of `linetwin live record` as a table: a row a lot, or a row a window of time.

It is read as docs/connecting.md describes it: `mapping.yaml`, and the Parquet files that
`manifest.json` lists. Values count while their quality is good and the rules found no fault.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.amounts import SECONDS, amount
from linetwin.estimation.calibrating.tables import DataTable, digest_of
from linetwin.scenario.mapped import NUMBERS
from linetwin.scenario.mapping import load_mapping
from linetwin.scenario.problems import Problems, nearest
from linetwin.surrogates.data.spans import STATISTICS, Course, Span, named_spans, windows

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping, SignalConfig
    from linetwin.scenario.problems import Place
    from linetwin.surrogates.data.schema import RowsWritten

MANIFEST, MAPPING = "manifest.json", "mapping.yaml"
LOT, BEGIN, END = "lot", "begin", "end"
FAULTS: Final = {
    1: "bad quality",
    2: "uncertain quality",
    128: "repeated",
    256: "out of range",
    512: "faster than plausible",
    1024: "no number",
    8192: "cleaning, calibration, trial or manual",
    65536: "kept by a broker",
}
"""Flags of a recorded value with which it does not count. Out of order is no fault here: values are
sorted by their own time."""
_FAULTY: Final = sum(FAULTS)
_GOOD, _UNCERTAIN = 0, 1
_SECOND: Final = 1_000_000_000


@dataclass
class _Heard:
    """What one signal told, in the order of its times."""

    time: np.ndarray
    value: np.ndarray
    texts: list[str]
    good: np.ndarray


@dataclass(frozen=True)
class Recorded:
    """A table of a recording, and why values or lots are not in it -> how many."""

    table: DataTable
    left_out: dict[str, int] = field(default_factory=dict)


def read_recording(folder: Path, written: RowsWritten, place: Place) -> Recorded:
    """Return the table of a recording; `place`: where its rows are asked for.

    Columns are `ADDRESS.mean`, `.min`, `.max`, `.last` and `.covered` (the share of the time with
    good values), in canonical units; `ADDRESS` of a lot; `lot`, `begin` and `end`. ScenarioError
    where it is no recording, or is incomplete, or has no such lots.
    """
    files = _files(folder)
    mapping = load_mapping(folder / MAPPING)
    rows = _Rows(mapping, written, place, Problems())
    heard, faults, end = _heard(folder, files, mapping)
    left_out = {f"values: {why}": count for why, count in faults.items() if count}
    if end is None:
        raise ScenarioError([Problem("holds no values", file=folder)])
    found = rows.of(heard, end, left_out)
    table = DataTable(
        file=folder / MANIFEST,
        digest=digest_of(*files, folder / MAPPING),
        columns=found.columns,
        lines=range(1, found.count + 1),
        units=found.units,
        names=list(found.columns),
    )
    return Recorded(table, left_out)


def _files(folder: Path) -> list[Path]:
    """Return the files that hold values; ScenarioError where one is missing."""
    manifest = folder / MANIFEST
    try:
        names = sorted(json.loads(manifest.read_text(encoding="utf-8"))["parts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "a folder of linetwin live record"
        raise ScenarioError(
            [Problem(f"is no recording: {error}", "recording", hint, folder)]
        ) from error
    files = [folder / name for name in names]
    gone = [path.name for path in files if not path.is_file()]
    if gone:
        message = f"is incomplete: {len(gone)} of {len(files)} parts are missing, {gone[0]} first"
        raise ScenarioError([Problem(message, "recording", "all parts", folder)])
    return files


def _heard(
    folder: Path, files: list[Path], mapping: Mapping
) -> tuple[dict[str, _Heard], Counter[str], int | None]:
    """Return what each signal told, how many values do not count, and the latest time [ns UTC]."""
    parts: dict[str, list[Any]] = {}
    for file in files:
        try:
            frame = pq.read_table(file).to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise ScenarioError([Problem(f"is damaged: {error}", file=file)]) from error
        for name, rows in frame.groupby(frame["signal"].astype(str), sort=False):
            parts.setdefault(str(name), []).append(rows)
    known = {signal.name: signal for signal in mapping.signals}
    heard: dict[str, _Heard] = {}
    faults: Counter[str] = Counter()
    latest: list[int] = []
    for name, pieces in parts.items():
        if name not in known:
            raise ScenarioError([Problem(f"its mapping has no signal '{name}'", file=folder)])
        signal = known[name]
        heard[name] = _course_of(
            signal, pieces, mapping.sources[signal.source].clock_offset_s, faults
        )
        latest.append(int(heard[name].time[-1]))
    return heard, faults, max(latest, default=None)


def _course_of(
    signal: SignalConfig, pieces: list[Any], ahead_s: float, faults: Counter[str]
) -> _Heard:
    """Return one signal's values by the time of their source, else of the server or arrival."""
    import pandas as pd

    rows = pd.concat(pieces)
    time = rows["source_time"].fillna(rows["server_time"]).fillna(rows["arrival"])
    stamps = time.astype("int64").to_numpy() - round(ahead_s * _SECOND)
    order = np.argsort(stamps, kind="stable")
    flags = rows["flags"].to_numpy()[order].astype(np.int64)
    # the status itself counts too: a recording may come from rules that did not flag it
    severity = rows["status"].to_numpy()[order].astype(np.int64) >> 30
    flags |= np.where(severity == _UNCERTAIN, 2, np.where(severity > _UNCERTAIN, 1, _GOOD))
    for flag, why in FAULTS.items():
        first = (flags & flag != 0) & (flags & (flag - 1) & _FAULTY == 0)  # each value once
        faults[why] += int(first.sum())
    value = signal.scale * rows["raw"].to_numpy(np.float64)[order] + signal.offset
    texts = rows["text"].fillna("").astype(str).to_numpy()[order]
    good = flags & _FAULTY == 0
    if signal.kind in NUMBERS:
        good &= np.isfinite(value)
    keep = flags & 128 == 0  # a repeated value says nothing, not even that an earlier one ended
    return _Heard(stamps[order][keep], value[keep], texts[keep].tolist(), good[keep])


@dataclass(frozen=True)
class _Table:
    columns: dict[str, np.ndarray]
    units: dict[str, str]
    count: int


@dataclass
class _Rows:
    """Makes the rows that a dataset file asks for."""

    mapping: Mapping
    written: RowsWritten
    place: Place
    problems: Problems

    def of(self, heard: dict[str, _Heard], end: int, left_out: dict[str, int]) -> _Table:
        """Return the rows; ScenarioError where there are none."""
        longest = self._time(self.written.longest, "longest")
        every = self._time(self.written.every, "every")
        lots = self._lots(heard)
        self.problems.check()
        begin = min(int(each.time[0]) for each in heard.values())
        if every is not None:
            spans = {str(n): [span] for n, span in enumerate(windows(begin, end, every))}
            by_station: dict[str, dict[str, list[Span]]] = {}
        else:
            spans, by_station = self._by_lot(lots, heard, end, left_out)
        if not spans:
            self.problems.add(self.place, "there is no whole row in the recording", "a longer one")
            self.problems.check()
        names = list(spans)
        columns, units = self._origin(names, spans, lots=every is None)
        for signal in self.mapping.signals:
            if signal.name not in heard:
                continue
            own = by_station.get(signal.station, spans)
            parts = [own.get(name, []) for name in names]
            if signal.kind in NUMBERS:
                self._add_numbers(signal, heard[signal.name], parts, (end, longest), columns, units)
            elif signal.kind == "lot":
                columns[signal.address] = _held_longest(heard[signal.name], parts, end)
        return _Table(columns, units, len(names))

    def _time(self, raw: object, key: str) -> int | None:
        """Return a time of the file [ns]."""
        if raw is None:
            return None
        place = self.place.below(key)
        number = amount(raw, SECONDS, place, self.problems)
        if number is not None and not number > 0:
            self.problems.add(place, f"{raw} is no time", "such as 10 min")
            return None
        return None if number is None else round(number * _SECOND)

    def _lots(self, heard: dict[str, _Heard]) -> list[SignalConfig]:
        """Return the signals whose lots are the rows."""
        asked, place = self.written.lot, self.place.below("lot")
        if (self.written.every is None) == (not asked):
            hint = "lot: ADDRESS or [ADDRESS, ...]; or every: 10 min"
            self.problems.add(self.place, "says not what a row is, or says it twice", hint)
        known = {s.address: s for s in self.mapping.signals if s.kind == "lot"}
        found = []
        for address in asked:
            if address not in known:
                hint = nearest(address, known, "lot")
                self.problems.add(place, f"no lot is mapped to '{address}'", hint)
            elif known[address].name not in heard:
                self.problems.add(place, f"nothing was recorded of '{address}'", "another one")
            else:
                found.append(known[address])
        return found

    def _by_lot(
        self,
        lots: list[SignalConfig],
        heard: dict[str, _Heard],
        end: int,
        left_out: dict[str, int],
    ) -> tuple[dict[str, list[Span]], dict[str, dict[str, list[Span]]]]:
        """Return the spans of each lot at the first place, and at each station that tells lots.

        A lot that is not seen whole at one of them is left out.
        """
        by_station: dict[str, dict[str, list[Span]]] = {}
        cut: set[str] = set()
        for signal in lots:
            told = heard[signal.name]
            names = [text if good else "" for text, good in zip(told.texts, told.good, strict=True)]
            spans, partly = named_spans(told.time, names, end)
            by_station.setdefault(signal.station, spans)
            cut |= partly
        names_of = [set(spans) for spans in by_station.values()]
        every, everywhere = set.union(*names_of), set.intersection(*names_of)
        for why, gone in (
            ("lots at work as the recording began or ended", cut),
            ("lots that were not at each of the places", every - everywhere - cut),
        ):
            if gone:
                left_out[why] = len(gone)
        first = by_station[lots[0].station]
        return {
            name: spans for name, spans in first.items() if name in everywhere - cut
        }, by_station

    def _origin(
        self, names: list[str], spans: dict[str, list[Span]], *, lots: bool
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Return the columns that say what a row is."""
        columns: dict[str, np.ndarray] = {}
        if lots:
            columns[LOT] = np.array(names, dtype=object)
        for key, stamps in (
            (BEGIN, [spans[name][0].begin for name in names]),
            (END, [spans[name][-1].end for name in names]),
        ):
            columns[key] = np.array([_instant(stamp) for stamp in stamps], dtype=object)
        return columns, {}

    def _add_numbers(
        self,
        signal: SignalConfig,
        told: _Heard,
        parts: list[list[Span]],
        ends: tuple[int, int | None],
        columns: dict[str, np.ndarray],
        units: dict[str, str],
    ) -> None:
        course = Course(told.time, told.value, told.good, *ends)
        found = np.array([course.over(spans) for spans in parts])
        for column, statistic in enumerate(STATISTICS):
            name = f"{signal.address}.{statistic}"
            columns[name] = found[:, column]
            unit = signal.quantity.unit if signal.quantity is not None else "1"
            units[name] = "1" if statistic == "covered" else unit


def _held_longest(told: _Heard, parts: list[list[Span]], end: int) -> np.ndarray:
    """Return of each row the name that a signal told for the longest time, "" for none."""
    ends = np.append(told.time[1:], end)
    found = []
    for spans in parts:
        times: Counter[str] = Counter()
        for begin, until in spans:
            held = np.minimum(ends, until) - np.maximum(told.time, begin)
            for at in np.flatnonzero((held > 0) & told.good).tolist():
                times[told.texts[at]] += int(held[at])
        found.append(times.most_common(1)[0][0] if times else "")
    return np.array(found, dtype=object)


def _instant(stamp: int) -> str:
    return datetime.fromtimestamp(stamp / _SECOND, UTC).isoformat(timespec="milliseconds")
