"""Values of a run's line as a whole: clock, order, buffers, power."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from linetwin.line.shifts import TICKS_PER_SECOND, shift_name
from linetwin.scenario.resolved import THREE_SHIFTS, CalendarConfig

if TYPE_CHECKING:
    import pandas as pd

    from linetwin.results.assumptions import Plan
    from linetwin.results.reader import Run

    Told = tuple[float | str, int]


class RecordedLine:
    """What a run's tables tell of its line when it ended."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self._run, self._plan = run, plan

    def value(self, rest: str) -> Told | None:
        """Return a value and its tick by folder and name, None where none was recorded."""
        folder, _, name = rest.partition(".")
        if folder == "Buffers":
            return self._buffer(name)
        if rest == "Energy.electric_power":
            return self._power
        return self._told.get(rest)

    @cached_property
    def end(self) -> int:
        """The tick at which the run ended, or up to which it was recorded."""
        told = self._run.manifest.get("end_tick")
        if isinstance(told, int):
            return told
        ticks = [self._powers["tick"], self._run.objects("events", ["tick"])["tick"]]
        return max((int(each.max()) for each in ticks if len(each)), default=0)

    @cached_property
    def _told(self) -> dict[str, Told]:
        cells = self._run.objects("cells", ["status", "station", "ended"])
        status = cells["status"]
        kinds = {path: self._plan.kind(path) for path in self._plan.stations}
        at_grading = cells["station"].map(kinds).isin(["grading", "binning"])
        graded = status.isin(["A", "B"]) | ((status == "scrap") & at_grading)
        counts: dict[str, float | str] = {
            "Order.ordered": self._plan.ordered or 0,
            "Order.started": len(cells),
            "Order.graded": int(graded.sum()),
            "Order.grade_a": int((status == "A").sum()),
            "Order.grade_b": int((status == "B").sum()),
            "Order.scrapped": int(status.isin(["scrap", "sample"]).sum()),
            "Status.cells_in_process": int((cells["ended"] < 0).sum()),
            "Status.shift": shift_name(self.end, self._calendar),
            "Clock.line_time": self.end / TICKS_PER_SECOND,
        }
        return {name: (value, self.end) for name, value in counts.items()}

    @cached_property
    def _calendar(self) -> CalendarConfig:
        written = self._plan.content.get("shifts") or {}
        name, shifts = next(iter(written.items()), ("", {}))
        begins = tuple((shift, int(each["begins"])) for shift, each in shifts.items())
        return CalendarConfig(str(name), (), begins or THREE_SHIFTS)

    @cached_property
    def _powers(self) -> pd.DataFrame:
        has_power = "electric_power" in self._run.columns("signals")
        names = ["tick", *(["electric_power"] if has_power else [])]
        return self._run.objects("signals", names)

    @cached_property
    def _power(self) -> Told | None:
        rows = self._powers
        if "electric_power" not in rows or rows.empty:
            return None
        tick = rows["tick"].iloc[-1]
        return float(rows.loc[rows["tick"] == tick, "electric_power"].sum()), int(tick)

    def _buffer(self, path: str) -> Told | None:
        """Return what lies in a buffer, or the mass in a tank."""
        if path not in self._plan.buffers:
            return None
        is_tank = self._plan.buffers[path].get("kind") == "tank"
        name = "slurry_mass" if is_tank else "buffer_level"
        if name not in self._run.columns("signals"):
            return None
        rows = self._run.objects("signals", ["tick", name], only={"station": [path]}).dropna()
        return (float(rows[name].iloc[-1]), int(rows["tick"].iloc[-1])) if len(rows) else None
