"""What a change of a set value would do to the next lots of its station, by all members.

The calls that the station's last lot saw are taken again, once as the plant is set and once as it
would be, each member with its own parameters and the same chance: so the difference is surer than
either. What follows at later stations, and what only time shows, is a fork's to tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.estimation.scores import interval, positive_interval
from linetwin.quantities import vocabulary
from linetwin.twin.assimilating.estimator import Estimator
from linetwin.twin.writing.foretold import Expected, Shown, is_sure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from linetwin.contracts import Transform
    from linetwin.scenario.twin import TwinConfig
    from linetwin.twin.advising.levers import Lever

    Models = Callable[[str, str], Transform]
_SEED = 20261121
"""Chance of what is foretold: the same with and without the change."""
_HALVINGS = 24
Members = dict[str, tuple[np.ndarray, float]]


@dataclass(frozen=True)
class Foresight:
    """A saved estimator, and the models of its line by station and process."""

    config: TwinConfig
    saved: Mapping[str, object]
    models: Models

    def as_set(self, station: str) -> Members:
        """Return what the next lot of a station will be, as the plant is set."""
        return self._foresee(station, self.models)

    def as_pulled(self, lever: Lever) -> Members:
        """Return the same with a set value moved."""

        def pulled(station: str, process: str) -> Transform:
            model = self.models(station, process)
            return lever.pulled(process, model) if station == lever.station else model

        return self._foresee(lever.station, pulled)

    def effect(self, lever: Lever) -> list[Expected]:
        """Return what a change surely does to quantities that are predicted or read.

        What it may do or not, because the interval of the change holds zero, is left out.
        """
        before, after = self.as_set(lever.station), self.as_pulled(lever)
        found = []
        for key in sorted(before.keys() & after.keys() & self._told(lever.station)):
            now, then = before[key][0], after[key][0]
            change = interval(then - now)
            if is_sure(change):
                unit = vocabulary()[_quantity(key)].unit
                shown = self._shown(lever.station, key, now, then)
                before_after = positive_interval(now), positive_interval(then)
                found.append(Expected(lever.station, key, unit, *before_after, change, shown))
        return found

    def smallest(self, lever: Lever, key: str, target: float, far: float) -> Lever | None:
        """Return the smallest move that brings the median of a quantity to a target.

        `far`: the value up to which it may be moved. None where even that does not reach it.
        """

        def gap(value: float) -> float:
            members = self.as_pulled(replace(lever, after=value))[key][0]
            return float(np.median(members)) - target

        begin, end = gap(lever.before), gap(far)
        if begin == 0 or math.copysign(1, begin) == math.copysign(1, end):
            return None
        near, there = lever.before, far
        for _ in range(_HALVINGS):
            middle = (near + there) / 2
            if math.copysign(1, gap(middle)) == math.copysign(1, begin):
                near = middle
            else:
                there = middle
        return replace(lever, after=there)

    @cached_property
    def _estimator(self) -> Estimator:
        """The saved estimator; it foretells, and is not changed by it."""
        estimator = Estimator(self.config, 0, self.models)
        estimator.load(dict(self.saved))
        return estimator

    def _foresee(self, station: str, models: Models) -> Members:
        estimator = Estimator(self.config, 0, models)
        estimator.load(dict(self.saved))
        last = estimator.last.get(station)
        if last is None:
            return {}
        lot = "" if math.isnan(last.chain) else last.lot
        return estimator.foresee(station, lot, estimator.tick, np.random.default_rng(_SEED))

    def _told(self, station: str) -> set[str]:
        """Return the keys of what is predicted or read of a station's lots."""
        last = self.saved["last"]
        assert isinstance(last, dict)  # noqa: S101  as the estimator saves it
        keys = set(last.get(station, {}).get("means", {}))
        told = {each.key for each in self.config.instruments if each.station == station}
        inside = set()
        for each in self.config.predicts:
            if each.station == station and each.process:
                inside |= {k for k in keys if k.startswith(f"{each.process}.{each.quantity}@")}
            elif each.station == station:
                told.add(each.quantity)
        return told | inside

    def _shown(self, station: str, key: str, now: np.ndarray, then: np.ndarray) -> Shown | None:
        """Return how the instrument shows it that tells most surely; None without one.

        Members have biases that go with their parameters, so what is read is surer than what is.
        """
        found = []
        for each in self.config.instruments:
            if (each.station, each.key) == (station, key):
                reads, _ = self._estimator.read_by(each, now)
                will_read, variance = self._estimator.read_by(each, then)
                spans = positive_interval(reads), positive_interval(will_read)
                found.append(Shown(each.signal, *spans, math.sqrt(variance)))
        return min(found, key=_doubt, default=None)


def _doubt(shown: Shown) -> float:
    """Return how far one reading may lie from what is foretold of it."""
    return math.hypot(shown.then[2] - shown.then[1], shown.scatter)


def _quantity(key: str) -> str:
    return key.partition("@")[0].rpartition(".")[2]
