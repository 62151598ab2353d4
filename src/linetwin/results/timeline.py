"""What stations did when: intervals of PackML state, places taken, and the windows to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from linetwin.results.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.reader import Run

# A station in one of these is not at work: it waits, has finished its order, or nobody is there.
WAITING = ("Suspended", "Idle", "Complete", "Stopped")
OFF_SHIFT = "Stopped"
WINDOW = (0.25, 0.75)
_TICKS_PER_HOUR = 3_600_000


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


def within(spans: Rows, start: int, end: int) -> Rows:
    """Return the parts of intervals that lie between two ticks."""
    first: np.ndarray = np.maximum(spans["start"], start)
    last: np.ndarray = np.minimum(spans["end"], end)
    inside: np.ndarray = np.asarray(last > first)
    return spans[inside].assign(start=first[inside], end=last[inside])


class Cover:
    """Intervals with columns start and end, asked many times how much of a time they cover."""

    def __init__(self, spans: Rows) -> None:
        self._starts = np.sort(spans["start"])
        self._ends = np.sort(spans["end"])
        self._started = np.concatenate([[0], np.cumsum(self._starts)])
        self._ended = np.concatenate([[0], np.cumsum(self._ends)])

    def until(self, ticks: np.ndarray) -> np.ndarray:
        """Return how long [ms] they have covered the time until each tick."""
        begun = np.searchsorted(self._starts, ticks, "right")
        over = np.searchsorted(self._ends, ticks, "right")
        started, ended = self._started[begun], self._ended[over]
        # Each begun interval adds tick - start, each ended one takes tick - end away.
        return np.asarray(ticks * begun - started - (ticks * over - ended), dtype=np.float64)


def covered_until(spans: Rows, ticks: np.ndarray) -> np.ndarray:
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


def windows(gives: Mapping[str, Rows], spans: Mapping[str, Rows]) -> dict[str, tuple[int, int]]:
    """Return for each station the ticks between which it is judged as in steady state.

    From the tick at which it had handed over 25 % of what it handed over in the run to that of
    75 %; a station with fewer than four hand-overs is judged from its first to its last work.
    `gives` and `spans` by station.
    """
    found: dict[str, tuple[int, int]] = {}
    for station, own in gives.items():
        amount = np.nan_to_num(own["amount"])
        if len(own) < 4 or not amount.any():  # noqa: PLR2004 - as the summary says
            continue
        share = np.cumsum(amount) / amount.sum()
        first, last = (int(own["tick"][np.searchsorted(share, at - 1e-12)]) for at in WINDOW)
        if last > first:
            found[station] = (first, last)
    for station, own in spans.items():
        at_work = own[active(own)]
        if len(at_work):
            found.setdefault(station, (int(at_work["start"].min()), int(at_work["end"].max())))
    return found


def active(spans: Rows) -> np.ndarray:
    """Return which intervals are not waiting."""
    return np.array([state not in WAITING for state in spans["state"]], dtype=bool)


def shares(spans: Rows) -> dict[str, float]:
    """Return state -> share of the time that the intervals of one station cover."""
    if not len(spans):
        return {}
    codes, states = pd.factorize(spans["state"])
    sums = np.bincount(codes, spans["end"] - spans["start"])
    return {
        str(state): float(length) for state, length in zip(states, sums / sums.sum(), strict=True)
    }


def active_periods(spans: Rows) -> np.ndarray:
    """Return the lengths [ms] of one station's uninterrupted active periods.

    Active is whatever is not waiting: work, repair, changeover. Time off shift neither counts nor
    interrupts (active-period method: Roser, Nakano, Tanaka 2001).
    """
    on_shift = spans[spans["state"] != OFF_SHIFT]
    on_shift = on_shift[np.argsort(on_shift["start"], kind="stable")]
    at_work = active(on_shift)
    if not at_work.any():
        return np.zeros(0)
    return _summed(on_shift["end"] - on_shift["start"], at_work)


def _summed(lengths: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the sums of lengths over each unbroken series of chosen rows."""
    _, series = np.unique(np.cumsum(~chosen)[chosen], return_inverse=True)
    return np.bincount(series, lengths[chosen])


def stays(takes: Rows, gives: Rows, lots: Rows, station: str, end: int) -> pd.DataFrame:
    """Return columns in, out [ms], completed for every lot that lay in a station, by lot.

    A lot is inside from its take (the begin of the run for one that lay there already) to its
    give; one that was never given (all of it scrapped) until it ended, else until `end`.
    Completed is a stay that ended with a give. `takes` and `gives` are those of the station.
    """
    taken, given = _last_ticks(takes), _last_ticks(gives)
    # what lay there when the run began was never taken
    here = np.asarray((lots["place"] == station) & (lots["station"] != station))
    names = [*dict.fromkeys([*taken, *given, *lots["lot"][here]])]
    ended = dict(zip(lots["lot"], lots["ended"], strict=True))
    scrapped = (ended.get(name, -1) for name in names)
    left = [
        given.get(name, last if last >= 0 else end)
        for name, last in zip(names, scrapped, strict=True)
    ]
    return pd.DataFrame(
        {
            "in": np.array([taken.get(name, 0) for name in names], dtype=np.int64),
            "out": np.array(left, dtype=np.int64),
            "completed": np.array([name in given for name in names], dtype=bool),
        },
        index=pd.Index(names, dtype=object),
    )


def _last_ticks(moves: Rows) -> dict[str, int]:
    """Return lot -> tick of its last move, in the order of these moves."""
    found: dict[str, int] = {}
    for lot, tick in zip(moves["lot"], np.asarray(moves["tick"]).tolist(), strict=True):
        found.pop(lot, None)
        found[lot] = tick
    return found


def whole_stays(stays: pd.DataFrame, *, filled: bool) -> pd.DataFrame:
    """Return the completed stays; in a line that began filled without those of its stock.

    Stock has been inside for a while when the run begins, so what is seen of its stay is too short.
    """
    left = stays["completed"]
    return stays[left & (stays["in"] > 0)] if filled else stays[left]


def occupancy(inside: pd.DataFrame, end: int) -> Rows:
    """Return columns start, end, places: how many lots lay in a station, by their stays."""
    ticks = np.concatenate([inside["in"].to_numpy(), inside["out"].to_numpy()]).astype(np.int64)
    steps = np.repeat([1.0, -1.0], len(inside))
    order = np.argsort(ticks, kind="stable")
    edges = np.append(ticks[order], end)
    taken = Rows({"start": edges[:-1], "end": edges[1:], "places": np.cumsum(steps[order])})
    return taken[taken["end"] > taken["start"]]


def places_taken(spans: Rows, places: float, window: tuple[int, int]) -> Mapping[str, float]:
    """Return `busy` (mean share of places taken) and `full_s` (mean uninterrupted full period)."""
    inside = within(spans, *window)
    lengths, taken = inside["end"] - inside["start"], inside["places"]
    if not lengths.sum():
        return {"busy": 0.0, "full_s": 0.0}
    busy = float((taken * lengths).sum() / (window[1] - window[0]) / places)
    full = taken >= places
    return {
        "busy": busy,
        "full_s": float(_summed(lengths, full).mean() / 1000) if full.any() else 0.0,
    }


def middle_rate(ticks: pd.Series) -> float | None:
    """Return the rate [1/h] between the quartiles of a series of ticks; None where it has none."""
    if ticks.empty:
        return None
    first, last = ticks.quantile([0.25, 0.75], interpolation="nearest")
    count = int(((ticks > first) & (ticks <= last)).sum())
    return count / ((last - first) / _TICKS_PER_HOUR) if last > first else None
