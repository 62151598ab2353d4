"""What stations did when: intervals of PackML state, places taken, and the windows to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.reader import Run

# A station in one of these is not at work: it waits, has finished its order, or nobody is there.
WAITING = ("Suspended", "Idle", "Complete", "Stopped")
OFF_SHIFT = "Stopped"
WINDOW = (0.25, 0.75)


def end_tick(run: Run) -> int:
    """Return the tick at which the run ended, or the last one it wrote."""
    if run.manifest.get("end_tick") is not None:
        return int(run.manifest["end_tick"])
    ticks = [run.objects(name, ["tick"])["tick"] for name in ("events", "signals")]
    return int(max((tick.max() for tick in ticks if len(tick)), default=0))


def intervals(events: pd.DataFrame, end: int) -> pd.DataFrame:
    """Return columns station, state, cause, start, end [ms]: what each station was in, when.

    A state lasts until the station's next one, the last until `end`; states of no length are
    dropped.
    """
    states = events[events["event"] == "state"]
    until = states.groupby("station", sort=False)["tick"].shift(-1).fillna(end).astype("int64")
    frame = pd.DataFrame(
        {
            "station": states["station"],
            "state": states["state"],
            "cause": states["cause"],
            "start": states["tick"],
            "end": until,
        }
    )
    return frame[frame["end"] > frame["start"]].reset_index(drop=True)


def activity(state: str, cause: str) -> str:
    """Return what a station does in a PackML state with its cause; "" for done or idle.

    working, setting up, starved, blocked, micro-stop, failed, maintenance, off shift.
    """
    if state in {"Execute", "Suspended"} and cause.startswith("blocked"):
        return "blocked"
    if state in {"Execute", "Suspended"}:
        return "working" if state == "Execute" else "starved"
    if state in {"Held", "Holding", "Unholding"}:
        return "micro-stop"
    if state in {"Aborted", "Aborting", "Clearing"}:
        return "failed"
    if state == OFF_SHIFT:
        return "maintenance" if cause.startswith("maintenance") else "off shift"
    return "" if state in WAITING else "setting up"


def activities(spans: pd.DataFrame) -> pd.Series:
    """Return the activity of each interval."""
    pairs = list(zip(spans["state"], spans["cause"], strict=True))
    known = {pair: activity(*pair) for pair in set(pairs)}
    return pd.Series([known[pair] for pair in pairs], index=spans.index, dtype=object)


def within(spans: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """Return the parts of intervals that lie between two ticks."""
    first = np.maximum(spans["start"].to_numpy(), start)
    last = np.minimum(spans["end"].to_numpy(), end)
    inside = last > first
    return spans[inside].assign(start=first[inside], end=last[inside])


class Cover:
    """Intervals with columns start and end, asked many times how much of a time they cover."""

    def __init__(self, spans: pd.DataFrame) -> None:
        self._starts = np.sort(spans["start"].to_numpy())
        self._ends = np.sort(spans["end"].to_numpy())
        self._started = np.concatenate([[0], np.cumsum(self._starts)])
        self._ended = np.concatenate([[0], np.cumsum(self._ends)])

    def until(self, ticks: np.ndarray) -> np.ndarray:
        """Return how long [ms] they have covered the time until each tick."""
        begun = np.searchsorted(self._starts, ticks, "right")
        over = np.searchsorted(self._ends, ticks, "right")
        started, ended = self._started[begun], self._ended[over]
        # Each begun interval adds tick - start, each ended one takes tick - end away.
        return np.asarray(ticks * begun - started - (ticks * over - ended), dtype=np.float64)


def covered_until(spans: pd.DataFrame, ticks: np.ndarray) -> np.ndarray:
    """Return how long [ms] intervals have covered the time until each tick."""
    return Cover(spans).until(ticks)


def station_order(events: pd.DataFrame) -> list[str]:
    """Return the stations in the order in which they first took or gave something.

    In a line that starts empty that is the order of the flow; stations that moved nothing follow.
    """
    moved = events[events["event"].isin(["take", "give"])]["station"]
    states = events[events["event"] == "state"]["station"]
    return [str(name) for name in pd.concat([moved, states]).drop_duplicates()]


def hand_overs(events: pd.DataFrame) -> pd.DataFrame:
    """Return the `give` events, each thing once.

    Grading behind which cells are packed tells what it found by grade and hands the tray over:
    where a lot is handed over as a whole its parts do not count.
    """
    gives = events[events["event"] == "give"]
    told = gives["cause"] != ""
    # Most stations name no cause: only those that do are looked at lot by lot.
    both = gives[gives["station"].isin(gives["station"][told].unique())]
    keys = pd.MultiIndex.from_frame(both[["station", "lot"]])
    parts = (both["cause"] != "").to_numpy()
    twice = both.index[parts & keys.isin(keys[~parts])]
    return gives.drop(index=twice)


def windows(events: pd.DataFrame, spans: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Return for each station the ticks between which it is judged as in steady state.

    From the tick at which it had handed over 25 % of what it handed over in the run to that of
    75 %; a station with fewer than four hand-overs is judged from its first to its last work.
    """
    gives = events[events["event"] == "give"]
    found: dict[str, tuple[int, int]] = {}
    for station, group in gives.groupby("station", sort=False):
        share = group["amount"].cumsum().to_numpy() / max(group["amount"].sum(), 1e-300)
        ticks = group["tick"].to_numpy()
        first, last = (int(ticks[np.searchsorted(share, at - 1e-12)]) for at in WINDOW)
        if len(group) >= 4 and last > first:  # noqa: PLR2004 - as the summary says
            found[str(station)] = (first, last)
    working = spans[~spans["state"].isin(WAITING)]
    for station, group in working.groupby("station", sort=False):
        found.setdefault(str(station), (int(group["start"].min()), int(group["end"].max())))
    return found


def shares(spans: pd.DataFrame, column: str = "state") -> dict[str, dict[str, float]]:
    """Return station -> state (or cause) -> share of the time that `spans` cover."""
    lasting = spans.assign(length=spans["end"] - spans["start"])
    total = lasting.groupby("station", sort=False)["length"].sum()
    found: dict[str, dict[str, float]] = {str(station): {} for station in total.index}
    sums = lasting.groupby(["station", column], sort=False)["length"].sum()
    for (station, state), length in sums.items():
        found[str(station)][str(state)] = float(length / total[station])
    return found


def active_periods(spans: pd.DataFrame) -> np.ndarray:
    """Return the lengths [ms] of one station's uninterrupted active periods.

    Active is whatever is not waiting: work, repair, changeover. Time off shift neither counts nor
    interrupts (active-period method: Roser, Nakano, Tanaka 2001).
    """
    on_shift = spans[spans["state"] != OFF_SHIFT].sort_values("start")
    active = ~on_shift["state"].isin(WAITING).to_numpy()
    lengths = (on_shift["end"] - on_shift["start"]).to_numpy()
    period = np.cumsum(~active)
    if not active.any():
        return np.zeros(0)
    sums = pd.Series(lengths[active]).groupby(period[active]).sum()
    return np.asarray(sums.to_numpy(), dtype=np.float64)


def stays(events: pd.DataFrame, lots: pd.DataFrame, station: str, end: int) -> pd.DataFrame:
    """Return columns in, out [ms], completed for every lot that lay in a station, by lot.

    A lot is inside from its take (the begin of the run for one that lay there already) to its
    give; one that was never given (all of it scrapped) until it ended, else until `end`.
    Completed is a stay that ended with a give.
    """
    own = events[events["station"] == station]
    takes = own[own["event"] == "take"].drop_duplicates("lot", keep="last").set_index("lot")["tick"]
    gives = own[own["event"] == "give"].drop_duplicates("lot", keep="last").set_index("lot")["tick"]
    # what lay there when the run began was never taken
    here = lots[(lots["place"] == station) & (lots["station"] != station)]["lot"]
    names = takes.index.union(gives.index, sort=False).union(pd.Index(here), sort=False)
    taken = takes.reindex(names).fillna(0).astype("int64")
    ended = lots.set_index("lot")["ended"].reindex(names)
    given = gives.reindex(names)
    out = given.fillna(ended.where(ended >= 0)).fillna(end).astype("int64")
    return pd.DataFrame({"in": taken, "out": out, "completed": given.notna()})


def whole_stays(stays: pd.DataFrame, *, filled: bool) -> pd.DataFrame:
    """Return the completed stays; in a line that began filled without those of its stock.

    Stock has been inside for a while when the run begins, so what is seen of its stay is too short.
    """
    left = stays["completed"]
    return stays[left & (stays["in"] > 0)] if filled else stays[left]


def occupancy(inside: pd.DataFrame, end: int) -> pd.DataFrame:
    """Return columns start, end, places: how many lots lay in a station, by their stays."""
    ticks = np.concatenate([inside["in"].to_numpy(), inside["out"].to_numpy()]).astype(np.int64)
    steps = np.repeat([1.0, -1.0], len(inside))
    order = np.argsort(ticks, kind="stable")
    edges = np.append(ticks[order], end)
    frame = pd.DataFrame({"start": edges[:-1], "end": edges[1:], "places": np.cumsum(steps[order])})
    return frame[frame["end"] > frame["start"]]


def places_taken(
    spans: pd.DataFrame, places: float, window: tuple[int, int]
) -> Mapping[str, float]:
    """Return `busy` (mean share of places taken) and `full_s` (mean uninterrupted full period)."""
    inside = within(spans, *window)
    lengths = (inside["end"] - inside["start"]).to_numpy()
    if not lengths.sum():
        return {"busy": 0.0, "full_s": 0.0}
    taken = inside["places"].to_numpy()
    busy = float((taken * lengths).sum() / (window[1] - window[0]) / places)
    full = taken >= places
    period = np.cumsum(~full)
    sums = pd.Series(lengths[full]).groupby(period[full]).sum()
    return {"busy": busy, "full_s": float(sums.mean() / 1000) if len(sums) else 0.0}
