"""Time series of a run (IDTA 02008): its tables as linked segments, a lot's own as internal ones.

A linked segment names a Parquet file of the run folder, with its SHA-256. An internal segment holds
what was recorded at a machine while it worked on a lot: of more than `RECORDS` instants every so
many-th, the first and the last among them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np
from basyx.aas.model import datatypes

from linetwin.results import parts
from linetwin.results.schemas import TABLES
from linetwin.shells import building
from linetwin.shells.building import collection, multilingual, prop
from linetwin.shells.naming import id_short
from linetwin.shells.running.values import told
from linetwin.shells.terms import SUBMODELS, has_term, meaning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from basyx.aas import model

    from linetwin.results.reader import Run
    from linetwin.shells.naming import Named
    from linetwin.shells.running.executed import LotHistory

RECORDS: Final = 100
"""Records that an internal segment has at most."""
_BASE: Final = "https://admin-shell.io/idta/TimeSeries/"
_SEGMENT: Final = f"{_BASE}Segment/"
_TIME: Final = f"{_BASE}RelativePointInTime/1/1"
_SIGNALS: Final = "signals"
_FIXED: Final = {"tick", "station"}


def series_of_run(named: Named, run: Run) -> model.Submodel:
    """Return the tables of a run as linked segments."""
    units = run.units(_SIGNALS)
    quantities = {name: unit for name, unit in units.items() if name not in _FIXED}
    segments = []
    for name, table in TABLES.items():
        files = parts.listed(run.path, table)
        segments += [_linked(run, name, file, number) for number, file in enumerate(files)]
    told_of = f"run {run.manifest['scenario']} of linetwin"
    return _series(named, told_of, quantities, segments)


def _linked(run: Run, table: str, file: Path, number: int) -> model.SubmodelElement:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    place = file.relative_to(run.path).as_posix()
    suffix = f"_{number + 1}" if number or "-" in file.stem else ""
    children = [
        multilingual("Name", f"table {table}", f"{_SEGMENT}Name/1/1"),
        prop("RecordCount", parts.rows(file), f"{_SEGMENT}RecordCount/1/1"),
        *_from_to(0, int(run.manifest.get("end_tick") or 0)),
        prop("Endpoint", place, f"{_BASE}Endpoint/1/1"),
        prop("Query", f"all rows of {place}", f"{_BASE}Query/1/1"),
        prop("Sha256", digest, meaning("series.hash")),
    ]
    return collection(
        id_short(f"LinkedSegment_{table}{suffix}"), f"{_BASE}Segments/LinkedSegment/1/1", children
    )


def series_of_lot(named: Named, history: LotHistory, records: int = RECORDS) -> model.Submodel:
    """Return what machines recorded while they worked on a lot, an internal segment for each."""
    quantities: dict[str, str] = {}
    segments = []
    for number, operation in enumerate(history.operations, start=1):
        signals = history.signals(operation["station"])
        start, end = operation["start"], operation["end"]
        inside = signals[signals["tick"].between(start, end)]
        names = [str(n) for n in signals if n not in _FIXED and inside[n].notna().any()]
        if not names:
            continue
        units = {name: signals.attrs["units"][name] for name in names}
        quantities |= units
        label = f"{operation['operation']} at {operation['station']}"
        chosen = thinned(inside[["tick", *names]], records)
        segments.append(_internal(number, label, (start, end), chosen, units))
    return _series(named, f"lot {history.lot}", quantities, segments)


def thinned(rows: pd.DataFrame, records: int) -> pd.DataFrame:
    """Return at most so many rows, evenly chosen, the first and the last among them."""
    if len(rows) <= records:
        return rows
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, records).round().astype(int))]


def _internal(
    number: int, label: str, span: tuple[int, int], rows: pd.DataFrame, units: Mapping[str, str]
) -> model.SubmodelElement:
    columns = [rows[name].to_list() for name in units]
    records = [
        collection(
            f"Record{count}",
            f"{_BASE}Record/1/1",
            [
                _time(int(tick)),
                *(
                    _value(name, value)  # units stand with the record of the metadata
                    for name, value in zip(units, values, strict=True)
                    if value == value  # noqa: PLR0124  NaN is not itself
                ),
            ],
        )
        for count, (tick, *values) in enumerate(zip(rows["tick"], *columns, strict=True), start=1)
    ]
    children = [
        multilingual("Name", label, f"{_SEGMENT}Name/1/1"),
        prop("RecordCount", len(records), f"{_SEGMENT}RecordCount/1/1"),
        *_from_to(*span),
        collection("Records", f"{_BASE}Records/1/1", records),
    ]
    short = id_short(f"InternalSegment_{number}")
    return collection(short, f"{_BASE}Segments/InternalSegment/1/1", children)


def _from_to(start: int, end: int) -> list[model.SubmodelElement]:
    return [
        prop("StartTime", told(start), f"{_SEGMENT}StartTime/1/1"),
        prop("EndTime", told(end), f"{_SEGMENT}EndTime/1/1"),
        prop("Duration", told(end - start), f"{_SEGMENT}Duration/1/1"),
    ]


def _time(tick: int | None) -> model.SubmodelElement:
    return prop("Time", tick, _TIME, "ms", value_type=datatypes.Long)


def _value(name: str, value: float | None, unit: str = "") -> model.SubmodelElement:
    means = meaning(name) if has_term(name) else meaning("executed.product")
    known = None if value is None else float(value)
    return prop(id_short(name), known, means, unit, value_type=datatypes.Double)


def _series(
    named: Named,
    told_of: str,
    quantities: Mapping[str, str],
    segments: list[model.SubmodelElement],
) -> model.Submodel:
    record = [_time(None), *(_value(name, None, unit) for name, unit in quantities.items())]
    metadata = [
        multilingual("Name", told_of, f"{_BASE}Metadata/Name/1/1"),
        multilingual(
            "Description",
            "times are milliseconds from the first tick of the run",
            f"{_BASE}Metadata/Description/1/1",
        ),
        collection("Record", f"{_BASE}Record/1/1", record),
    ]
    elements = [
        collection("Metadata", f"{_BASE}Metadata/1/1", metadata),
        collection("Segments", f"{_BASE}Segments/1/1", segments),
    ]
    name = "TimeSeries"
    return building.submodel(named.submodel(name), name, SUBMODELS[name], elements)
