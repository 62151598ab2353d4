"""Values of signals from a run folder: what each was when the run ended, and since when.

Addresses are those of the plant that `linetwin plant` shows of a station (`cell.filler`):

    station.quantity        the set value where the station's panel shows one, else what was read
    station.quantity.2      the second number of a set value that is a row
    station.Measurements.q  what was read; likewise Energy
    station.Status.*, Counters.*, Lots.*           from the events
    line.Clock.*, Order.*, Status.*, Energy.*, Buffers.*    of the line as a whole

A gauge's value is the mean of what it read of the last lot that left its station.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from linetwin.quantities.packml import STATES
from linetwin.results.assumptions import plan
from linetwin.results.schemas import MEASURED, SIDES
from linetwin.shells.running import unfinished
from linetwin.shells.serving.recorded_line import RecordedLine
from linetwin.shells.serving.values import RECORDED, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from linetwin.results.reader import Run

    Panels = Mapping[str, Mapping[str, Sequence[str]]]

LINE: Final = "line"
_READ: Final = {"Measurements", "Energy"}
_MAINTENANCE: Final = "maintenance: "
_MODES: Final = {False: (1, "Production"), True: (2, "Maintenance")}
_FIRST_VOLTAGE: Final = ("ocv_test", "open_circuit_voltage")
"""Kind of station and gauge whose readings stand in a column of their own."""
_STATE_NAMES: Final = {number: name for name, number in STATES.items()}


class RecordedValues:
    """Signals of a run as it was when it was read.

    `panels`: kind of station -> section -> set values it shows.
    """

    is_slow = True

    def __init__(self, run: Run, panels: Panels) -> None:
        self._run, self._panels, self._plan = run, panels, plan(run)
        stands = unfinished(run)
        self._quality = f"{RECORDED}, {stands}" if stands else RECORDED
        self._columns = frozenset(run.columns("signals"))
        self._owners = {*self._plan.stations, "building"}
        self._stations: dict[str, _Station] = {}

    def value(self, address: str) -> Reading | None:
        """Return the value of an address in its canonical unit, None where none was recorded."""
        owner, rest = self._split(address)
        if owner == LINE:
            found = self._line.value(rest)
        elif owner and rest:
            found = self._of_station(owner, rest)
        else:
            found = None
        return None if found is None else Reading(*found, self._quality)

    def _split(self, address: str) -> tuple[str, str]:
        """Return the station that an address begins with, the longest, and what follows."""
        end = len(address)
        while end > 0:
            if address[:end] in self._owners:
                return address[:end], address[end + 1 :]
            end = address.rfind(".", 0, end)
        folder = address.removeprefix(f"{LINE}.")
        return (LINE, folder) if folder != address else ("", "")

    def _of_station(self, path: str, rest: str) -> Told | None:
        folder, _, name = rest.partition(".")
        if not name or name.isdecimal():
            value = self._set_value(path, folder, int(name) - 1 if name else None)
            return value if value or name else self._read(path, folder)
        if folder in _READ:
            return self._read(path, name)
        return self._station(path).told(folder).get(name)

    def _station(self, path: str) -> _Station:
        if path not in self._stations:
            self._stations[path] = _Station(self._run, path, self._plan.kind(path))
        return self._stations[path]

    def _read(self, path: str, quantity: str) -> Told | None:
        if quantity in self._columns:
            return self._station(path).signals.get(quantity)
        return self._station(path).gauge(quantity)

    @cached_property
    def _line(self) -> RecordedLine:
        return RecordedLine(self._run, self._plan)

    # ------------------------------------------------------------------------------ set values
    def _set_value(self, path: str, quantity: str, index: int | None) -> Told | None:
        """Return how a station was set at the end, and since when."""
        shown = self._panels.get(self._plan.kind(path), {})
        if not any(quantity in names for names in shown.values()):
            return None
        config = self._plan.stations.get(path, {})
        written = (config.get("parameters") or {}).get(quantity)
        if not isinstance(written, dict):
            return None
        value, since = written.get("value"), 0
        for each in self._plan.content.get("disturbances") or []:
            if each.get("kind") == "value" and each.get("address") == f"{path}.{quantity}":
                begins, ends = _ticks(each.get("from")) or 0, _ticks(each.get("until"))
                if begins <= self._end and (ends is None or self._end < ends):
                    value, since = each["value"], max(since, begins)
                elif ends is not None and ends <= self._end:
                    since = max(since, ends)
        if index is not None:
            row = value if isinstance(value, (list, tuple)) else []
            value = row[index] if index < len(row) else None
        return (float(value), since) if isinstance(value, (int, float)) else None

    @cached_property
    def _end(self) -> int:
        return self._line.end


Told = tuple[float | str, int]
"""A value, and the tick since which it is so."""


class _Station:
    """What was recorded of one station, its building included."""

    def __init__(self, run: Run, path: str, kind: str) -> None:
        self._run, self._path, self._kind = run, path, kind

    def told(self, folder: str) -> Mapping[str, Told]:
        """Return what the events tell, by a folder of the plant's; none of another one."""
        match folder:
            case "Status":
                return self.status
            case "Counters":
                return self.counters
            case "Lots":
                return self.lots
        return {}

    @cached_property
    def signals(self) -> dict[str, Told]:
        """Quantity -> its last number; of a sensor that was disturbed what it showed."""
        rows = self._run.table("signals", only={"station": [self._path]})
        found: dict[str, Told] = {}
        for name in rows.columns.drop(["tick", "station"]):
            if not str(name).startswith(MEASURED):
                shown = f"{MEASURED}{name}"
                is_disturbed = shown in rows and bool(rows[shown].notna().any())
                column = rows[shown if is_disturbed else name]
                last = column.last_valid_index()
                if last is not None:
                    found[str(name)] = float(column.loc[last]), int(rows["tick"].loc[last])
        return found

    @cached_property
    def _events(self) -> pd.DataFrame:
        names = ["tick", "event", "state", "lot", "cause", "amount"]
        return self._run.objects("events", names, only={"station": [self._path]})

    @cached_property
    def status(self) -> dict[str, Told]:
        """PackML state and unit mode: of the last change of state."""
        rows = self._events[self._events["event"] == "state"]
        if rows.empty:
            number = self.signals.get("packml_state")
            if number is None:
                return {}
            name = _STATE_NAMES.get(int(number[0]), "")
            return {"StateCurrent": number, "StateText": (name, number[1])}
        last = rows.iloc[-1]
        tick, cause = int(last["tick"]), str(last["cause"])
        mode, text = _MODES[cause.startswith(_MAINTENANCE)]
        told: dict[str, float | str] = {
            "StateCurrent": STATES[str(last["state"])],
            "StateText": str(last["state"]),
            "StopReason": cause,
            "UnitMode": mode,
            "UnitModeText": text,
        }
        return {name: (value, tick) for name, value in told.items()}

    @cached_property
    def _given(self) -> pd.DataFrame:
        """Lots handed over; the grades of a tray, which a grader tells as well, left aside."""
        rows = self._events[self._events["event"] == "give"]
        return rows[rows["cause"] == ""] if self._kind == "grading" else rows

    @cached_property
    def counters(self) -> dict[str, Told]:
        """What was made and scrapped, and the lots that are in the machine."""
        scrap = self._events[self._events["event"] == "scrap"]
        lots = self._run.objects("lots", ["place", "ended"], only={"place": [self._path]})
        found: dict[str, Told] = {
            name: (float(rows["amount"].sum()), _last_tick(rows))
            for name, rows in (("produced", self._given), ("scrapped", scrap))
        }
        return found | {"in_process": (int((lots["ended"] < 0).sum()), _last_tick(self._events))}

    @cached_property
    def lots(self) -> dict[str, Told]:
        """Lots taken and handed over, the last of each by name."""
        taken, given = self._events[self._events["event"] == "take"], self._given
        found: dict[str, Told] = {}
        for rows, count, name in ((taken, "taken", "lot_in"), (given, "given", "lot_out")):
            number = len(rows) if count == "taken" else rows["lot"].nunique()
            found[count] = number, _last_tick(rows)
            found[name] = str(rows["lot"].iloc[-1]) if number else "", _last_tick(rows)
        return found

    def gauge(self, quantity: str) -> Told | None:
        """Return the mean of what a gauge read of the last lot, None where it stands nowhere."""
        if self._given.empty:
            return None
        last = self._given.iloc[-1]
        first = "first_" if (self._kind, quantity) == _FIRST_VOLTAGE else ""
        means = [_mean(self._run, table, str(last["lot"]), f"{MEASURED}{first}{quantity}")
                 for table in ("cells", "segments")]  # fmt: skip
        known = [mean for mean in means if mean is not None]
        return (known[0], int(last["tick"])) if known else None


def _mean(run: Run, table: str, lot: str, quantity: str) -> float | None:
    """Return the mean of a column over the items of a lot: of both sides of a web."""
    there = set(run.columns(table))
    columns = [name for end in ("", *SIDES) if (name := f"{quantity}{end}") in there]
    if not columns:
        return None
    lots = "tray" if table == "cells" else "roll"
    rows = run.objects(table, columns, only={lots: [lot]})
    values = [value for name in columns for value in rows[name].dropna()]
    return float(sum(values) / len(values)) if values else None


def _last_tick(rows: pd.DataFrame) -> int:
    return int(rows["tick"].iloc[-1]) if len(rows) else 0


def _ticks(time: Any) -> int | None:  # noqa: ANN401 - YAML
    return None if time is None else round(time["value"] * 1000)
