"""What a machine recorded during a process: by what a quantity is, a mean, a rise, or shares.

A counter has no mean worth telling: it counts from the beginning of the run. It rose by the
difference of its readings, between two of them a straight line. A state is no number: the shares
of the time that the machine spent in each are those of the events table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.results.meters import COUNTERS
from linetwin.shells import building
from linetwin.shells.building import Evidence, collection, prop
from linetwin.shells.naming import id_short
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from basyx.aas import model

STATE: Final = "packml_state"
_FIXED: Final = {"tick", "station", STATE, *COUNTERS}
_SIGNALS: Final = Evidence("D", "signals table of the run, during the process")
_RISE: Final = Evidence("D", "signals table of the run, at the end less at the beginning")
_EVENTS: Final = Evidence("D", "events table of the run, during the process")


def recorded(signals: pd.DataFrame, start: int, end: int) -> Iterator[model.SubmodelElement]:
    """Yield what each quantity was from `start` to `end` [ms]: a mean, or of counters the rise."""
    units = signals.attrs["units"]
    inside = signals[signals["tick"].between(start, end)]
    for name in map(str, signals):
        if name in COUNTERS:
            read = signals[["tick", name]].dropna()
            if len(read) and start < end:
                yield _rise(name, read, (start, end), units[name])
        elif name not in _FIXED and inside[name].notna().any():
            yield _mean(name, inside[name].dropna().to_numpy(), units[name])


def _rise(name: str, read: pd.DataFrame, span: tuple[int, int], unit: str) -> model.SubmodelElement:
    first, last = np.interp(span, read["tick"], read[name])
    value = float(last - first)
    risen = prop("increase", value, meaning("executed.increase"), unit, _RISE)
    return collection(id_short(name), meaning("executed.actual.quantity"), [risen])


def _mean(name: str, values: np.ndarray, unit: str) -> model.SubmodelElement:
    means = meaning(name)
    children = [
        prop("mean", float(values.mean()), means, unit, _SIGNALS),
        building.span("range", float(values.min()), float(values.max()), means, unit),
        prop("readings", len(values), meaning("executed.readings")),
    ]
    return collection(id_short(name), meaning("executed.actual.quantity"), children)


def states(entered: pd.DataFrame, start: int, end: int) -> Iterator[model.SubmodelElement]:
    """Yield the shares of the time from `start` to `end` [ms] in each state, where any is known.

    `entered`: columns tick, state of a machine, in time.
    """
    shares = shares_of(entered, start, end)
    if shares:
        found = [
            prop(id_short(state), share, meaning("executed.share"), "1", _EVENTS)
            for state, share in shares.items()
        ]
        yield collection(STATE, meaning("executed.actual.quantity"), found)


def shares_of(entered: pd.DataFrame, start: int, end: int) -> dict[str, float]:
    """Return state -> share of the time from `start` to `end`; {} where no time or state is."""
    if entered.empty or start >= end:
        return {}
    edges = np.append(entered["tick"].to_numpy(), end).clip(start, end)
    found: dict[str, float] = {}
    for state, lasting in zip(entered["state"], np.diff(edges), strict=True):
        if lasting > 0:
            found[str(state)] = found.get(str(state), 0.0) + float(lasting) / (end - start)
    return found
