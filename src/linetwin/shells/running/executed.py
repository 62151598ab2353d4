"""What was really run on a lot (IDTA 02031-2): times, set and actual values, tools, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from basyx.aas.model import datatypes

from linetwin.errors import ResultsError
from linetwin.quantities import vocabulary
from linetwin.results.schemas import MEASURED, SIDES, TABLES
from linetwin.shells import building
from linetwin.shells.building import Evidence, collection, multilingual, prop
from linetwin.shells.naming import id_short
from linetwin.shells.running.recorded import recorded, states
from linetwin.shells.running.values import told
from linetwin.shells.terms import SUBMODELS, has_term, meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from basyx.aas import model

    from linetwin.results.assumptions import Plan
    from linetwin.results.reader import Run
    from linetwin.shells.naming import Named

_BASE: Final = "https://admin-shell.io/idta/ExecutedProcesses/"
_PLANNED: Final = "https://admin-shell.io/idta/ProcessParameters/"
_DEFAULT: Final = "default"
_TROUBLE: Final = ("failure", "micro_stop", "scrap")
_LOTS: Final = Evidence("D", "lots table of the run")
_SEGMENTS: Final = Evidence("D", "segments table of the run, mean of the good metres")
_RESULTS: Final = {"scrap": "scrap", "in_process": "not finished"}


class LotHistory:
    """A lot of a run: its row, what was done to it, what went in. ResultsError for no such lot."""

    def __init__(self, run: Run, plan: Plan, lot: str) -> None:
        self.run, self.plan, self.lot = run, plan, lot
        rows = run.table("lots", only={"lot": [lot]})
        if rows.empty:
            raise ResultsError(f"{run.path} knows no lot '{lot}'")
        self._signals: dict[str, pd.DataFrame] = {}
        self.row: dict[str, Any] = rows.iloc[-1].to_dict()
        done = run.table("operations", only={"lot": [lot]})
        self.operations: list[dict[str, Any]] = done.sort_values(
            ["start", "end"], kind="stable"
        ).to_dict("records") or [self._made()]

    def _made(self) -> dict[str, Any]:
        """Return how it came into being, where the table of operations tells nothing."""
        created = self.row["created"]
        return {
            "station": self.row["station"],
            "operation": "made",
            "shift": "",
            "tool": "",
            "start": created,
            "end": created,
            "place": -1,
        }

    def signals(self, station: str) -> pd.DataFrame:
        """Return what was recorded at a station."""
        if station not in self._signals:
            self._signals[station] = self.run.table("signals", only={"station": [station]})
        return self._signals[station]

    def entered(self, station: str) -> pd.DataFrame:
        """Return when a machine entered which state: columns tick, state, in time."""
        only = {"station": [station], "event": ["state"]}
        return self.run.table("events", ["tick", "state"], only).sort_values("tick", kind="stable")

    def parents(self) -> pd.DataFrame:
        """Return the lots that went in, by role: parent, role, amount, amount_unit."""
        links = self.run.table("links", only={"child": [self.lot], "relation": ["made_from"]})
        keys = ["parent", "role", "amount_unit"]
        return links.groupby(keys, sort=False, as_index=False)["amount"].sum()


def executed_processes(named: Named, history: LotHistory) -> model.Submodel:
    """Return the run of a lot: a process for each operation, in time."""
    result = _RESULTS.get(str(history.row["status"]), "good")
    processes = [
        _process(history, number, operation, is_last=number == len(history.operations))
        for number, operation in enumerate(history.operations, start=1)
    ]
    children = [prop("RunResult", result, f"{_BASE}RunResult/1/0"), *processes]
    elements = [collection("Run__01__", f"{_BASE}Run/1/0", children)]
    name = "ExecutedProcesses"
    return building.submodel(named.submodel(name), name, SUBMODELS[name], elements)


def _process(
    history: LotHistory, number: int, operation: Mapping[str, Any], *, is_last: bool
) -> model.SubmodelElement:
    station, start, end = (operation[name] for name in ("station", "start", "end"))
    config = history.plan.stations.get(station, {})
    title = str(config.get("title") or station)
    errors = _errors(history, station, start, end)
    result = _RESULTS.get(str(history.row["status"]), "good") if is_last else "good"
    children: list[model.SubmodelElement] = [
        prop("ProcessId", f"{history.lot}/{number}", f"{_PLANNED}ProcessId/1/0"),
        prop("ProcessName", str(operation["operation"]), f"{_PLANNED}ProcessName/1/0"),
        multilingual(
            "ProcessDescription",
            f"{operation['operation']} at {title}",
            f"{_PLANNED}ProcessDescription/1/0",
        ),
        prop(
            "PlannedProcessTime",
            None,
            f"{_PLANNED}PlannedProcessTime/1/0",
            value_type=datatypes.Duration,
        ),
        _group("ProductParameters", _products(history) if is_last else []),
        _group("ProcessParameters", _parameters(history, station, start, end)),
        _group("ResourceParameters", _resources(operation)),
        _group("ProcessBoM", _bill(history) if number == 1 else []),
        prop("ProcessStatus", "completed", f"{_BASE}ProcessStatus/1/0"),
        prop("ProcessResult", result, f"{_BASE}ProcessResult/1/0"),
        prop("ProcessStartTime", told(start), f"{_BASE}ProcessStartTime/1/0"),
        prop("ProcessEndTime", told(end), f"{_BASE}ProcessEndTime/1/0"),
        collection("ProcessStages", f"{_BASE}ProcessStages/1/0", []),
        collection("ProcessErrors", f"{_BASE}ProcessErrors/1/0", errors),
    ]
    return collection(f"Process__{number:02}__", f"{_BASE}Process/1/0", children)


def _group(name: str, children: list[model.SubmodelElement]) -> model.SubmodelElement:
    return collection(name, f"{_PLANNED}{name}/1/0", children)


def _parameters(
    history: LotHistory, station: str, start: int, end: int
) -> list[model.SubmodelElement]:
    """Return what line, recipe or scenario set, and what was recorded from start to end."""
    set_to = []
    for name, entry in (history.plan.stations.get(station, {}).get("parameters") or {}).items():
        if entry.get("origin") != _DEFAULT:
            evidence = Evidence(str(entry["tag"]), str(entry["source"]))
            set_to.append(_set(name, entry["value"], str(entry.get("unit", "")), evidence))
    actual = [
        *recorded(history.signals(station), start, end),
        *states(history.entered(station), start, end),
    ]
    groups = (("Set", "executed.set", set_to), ("Actual", "executed.actual", actual))
    return [collection(name, meaning(idea), rows) for name, idea, rows in groups if rows]


def _set(name: str, value: object, unit: str, evidence: Evidence) -> model.SubmodelElement:
    means = meaning(name)
    if isinstance(value, list):
        return building.numbers(id_short(name), value, means, unit, evidence)
    if isinstance(value, (str, bool)):
        return prop(id_short(name), value, means, "", evidence)
    return prop(id_short(name), float(str(value)), means, unit, evidence)


def _resources(operation: Mapping[str, Any]) -> list[model.SubmodelElement]:
    """Return which machine, tool, place and shift did the work."""
    found: list[model.SubmodelElement] = [
        prop(name, str(operation[name]), meaning(f"executed.{name}"))
        for name in ("station", "tool", "shift")
        if operation[name]
    ]
    place = int(operation["place"])
    return [*found, prop("place", place, meaning("executed.place"))] if place >= 0 else found


def _bill(history: LotHistory) -> list[model.SubmodelElement]:
    """Return the lots that went in, with how much of each."""
    evidence = Evidence("D", "links table of the run")
    return [
        prop(
            id_short(f"{role}.{parent}"),
            float(amount),
            meaning("executed.material"),
            unit,
            evidence,
        )
        for parent, role, unit, amount in history.parents().itertuples(index=False)
    ]


def _products(history: LotHistory) -> list[model.SubmodelElement]:
    """Return the lot's properties, and of a mother roll the means along its good web."""
    fixed = {column.name for column in TABLES["lots"].columns}
    found: dict[str, tuple[float, Evidence]] = {
        name: (float(value), _LOTS)
        for name, value in history.row.items()
        if name not in fixed and value == value  # noqa: PLR0124  NaN is not itself
    }
    web = history.run.table("segments", only={"roll": [history.lot]})
    good = web[web["status"] == "good"]
    lengths = (good["end_m"] - good["start_m"]).to_numpy()
    along = {column.name for column in TABLES["segments"].columns}
    for name in good:
        values = good[name].to_numpy() if name not in along else np.zeros(0)
        known = ~np.isnan(values) if len(values) else np.zeros(0, dtype=bool)
        if known.any():
            mean = float(np.average(values[known], weights=lengths[known]))
            found[str(name)] = mean, _SEGMENTS
    return [_product(name, value, evidence) for name, (value, evidence) in found.items()]


def _product(name: str, value: float, evidence: Evidence) -> model.SubmodelElement:
    """Return a property by its quantity; sides and what was measured have the same."""
    plain = name.removeprefix(MEASURED)
    quantity = plain if has_term(plain) else plain.removesuffix(SIDES[0]).removesuffix(SIDES[1])
    words = vocabulary()
    unit = words[quantity].unit if quantity in words else ""
    means = meaning(quantity) if has_term(quantity) else meaning("executed.product")
    return prop(id_short(name), value, means, unit, evidence)


def _errors(history: LotHistory, station: str, start: int, end: int) -> list[model.SubmodelElement]:
    """Return failures, stops and scrap at the station from start to end."""
    events = history.run.table("events", only={"station": [station], "event": list(_TROUBLE)})
    inside = events[events["tick"].between(start, end)]
    inside = inside[(inside["event"] != "scrap") | (inside["lot"] == history.lot)]
    return [
        collection(
            f"ProcessError__{number:02}__",
            f"{_BASE}ProcessError/1/0",
            [
                prop("ErrorCode", event, f"{_BASE}ProcessError/ErrorCode/1/0"),
                prop(
                    "ErrorDescription",
                    f"{cause} after {told(tick)}",
                    f"{_BASE}ProcessError/ErrorDescription/1/0",
                ),
            ],
        )
        for number, (event, cause, tick) in enumerate(
            zip(inside["event"], inside["cause"], inside["tick"], strict=True), start=1
        )
    ]
