"""How numbers deviate over time: offset, drift, noise, stuck, dropout, delay, one on another.

Several deviations of one number act in the order in which they were written, each on what those
before it have made of it. A live value is known at every instant, so each of them is a function of
time; readings, signals and a model's inputs are samples, known when they are taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.line.drivers import Driver
    from linetwin.scenario.deviations import Deviation

Row = list[float]
Memory = dict[str, Any]
"""What deviations remember: plain data, by deviation."""
STEPS = 10
"""Noise is drawn anew ten times within its correlation time, and held in between."""
_AT_ONCE = 100_000


class Course:
    """All deviations of one number, or of one row of them, in the order written.

    `memory`: returns the plain data in which the past is kept.
    """

    def __init__(
        self, deviations: Sequence[Deviation], driver: Driver, memory: Callable[[], Memory]
    ) -> None:
        self.deviations = tuple(deviations)
        self._driver = driver
        self._memory = memory
        self._reach = round(sum(each.amounts.get("delay", 0) for each in self.deviations))

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that is plausible."""
        return self.deviations[0].minimum, self.deviations[0].maximum

    def _own(self, deviation: Deviation, slot: str = "") -> Memory:
        """Return what one deviation remembers; another begin is another deviation."""
        key = f"{deviation.name}|{deviation.address}{slot}|{deviation.kind}|{deviation.start_tick}"
        found: Memory = self._memory().setdefault(key, {})
        return found

    def _added(self, deviation: Deviation, tick: int) -> float:
        """Return what offset, drift or noise with a correlation time adds at a tick."""
        amounts = deviation.amounts
        if deviation.kind == "offset":
            return amounts["offset"]
        if deviation.kind == "drift":
            return amounts["rate"] * (tick - deviation.start_tick) / 1000
        return amounts["deviation"] * self._noise(deviation, tick)

    def _noise(self, deviation: Deviation, tick: int) -> float:
        """Return a number of unit variance whose correlation falls to 1/e in its time.

        First-order autoregressive on a grid that begins with the deviation, so it does not depend
        on when it is looked at.
        """
        time = deviation.amounts["correlation_time"]
        step = max(1, round(time / STEPS))
        wanted = (tick - deviation.start_tick) // step
        own = self._own(deviation)
        if own.get("step") != step:
            own.update(step=step, first=0, values=[])
        values: list[float] = own["values"]
        keep = math.exp(-step / time)
        fresh = math.sqrt(1 - keep * keep)
        kept = self._reach // step + 2
        while (missing := wanted + 1 - own["first"] - len(values)) > 0:
            cause = f"disturbance {deviation.name}: {deviation.what}"
            for draw in self._draws(deviation, cause, min(missing, _AT_ONCE)):
                values.append(keep * values[-1] + fresh * draw if values else draw)
            own["first"] += max(0, len(values) - kept)
            del values[:-kept]
        return float(values[wanted - own["first"]])

    def _draws(self, deviation: Deviation, cause: str, size: int) -> list[float]:
        draws: list[float] = self._driver.normal(deviation.station, cause, size).tolist()
        return draws


class LiveCourse(Course):
    """Deviations of a live value: what the machine really does.

    `commanded` returns what is set at a tick, be it past: a row of numbers.
    """

    def __init__(
        self,
        deviations: Sequence[Deviation],
        driver: Driver,
        memory: Callable[[], Memory],
        commanded: Callable[[int], Row],
    ) -> None:
        super().__init__(deviations, driver, memory)
        self._commanded = commanded

    @property
    def reach(self) -> int:
        """How far back the past counts [ticks]."""
        return self._reach

    def at(self, tick: int) -> Row:
        """Return the value at a tick, before it is cut to what is plausible."""
        return self._after(len(self.deviations), tick)

    def latch(self, tick: int) -> None:
        """Note what holds when something gets stuck; to be called when anything begins."""
        for stage in range(1, len(self.deviations) + 1):
            self._after(stage, tick)

    def _after(self, stages: int, tick: int) -> Row:
        """Return what the first deviations make of the value that was set."""
        if not stages:
            return self._commanded(tick)
        deviation = self.deviations[stages - 1]
        if not deviation.acts_at(tick):
            return self._after(stages - 1, tick)
        if deviation.kind == "delay":
            then = tick - round(deviation.amounts["delay"])
            return self._after(stages - 1, max(deviation.start_tick, then))
        if deviation.kind in {"stuck", "dropout"}:
            return self._stuck(deviation, stages, tick)
        before, added = self._after(stages - 1, tick), self._added(deviation, tick)
        return [number + added for number in before]

    def _stuck(self, deviation: Deviation, stages: int, tick: int) -> Row:
        value = deviation.value
        if value is not None:
            return list(value) if isinstance(value, tuple) else [value]
        own = self._own(deviation)
        if "last" not in own:
            own["last"] = self._after(stages - 1, tick)
        return list(own["last"])


class SampledCourse(Course):
    """Deviations of what is sampled: a gauge's readings, a signal, an input of a model.

    `missing`: whether a sample may be missing (NaN); else the last one is held.
    """

    def __init__(
        self,
        deviations: Sequence[Deviation],
        driver: Driver,
        memory: Callable[[], Memory],
        *,
        missing: bool,
    ) -> None:
        super().__init__(deviations, driver, memory)
        self._missing = missing

    def pass_on(self, samples: np.ndarray, tick: int, slot: str = "") -> np.ndarray:
        """Return what becomes of samples taken at a tick; shape (items,), or () for one.

        `slot` tells samples apart that are taken at the same time, such as phases of a process.
        """
        if not samples.size:
            return samples
        for deviation in self.deviations:
            before = samples
            if deviation.acts_at(tick):
                samples = self._deviate(deviation, before, tick, slot)
            if deviation.kind in {"stuck", "dropout", "delay"}:
                self._remember(deviation, float(before.flat[-1]), tick, slot)
        return samples

    def _deviate(
        self, deviation: Deviation, samples: np.ndarray, tick: int, slot: str
    ) -> np.ndarray:
        kind, amounts = deviation.kind, deviation.amounts
        if kind == "noise" and "correlation_time" not in amounts:
            cause = f"disturbance {deviation.name}: {deviation.what}"
            draws = self._driver.normal(deviation.station, cause, samples.size)
            return np.asarray(samples + amounts["deviation"] * draws.reshape(samples.shape))
        if kind == "dropout" and self._missing:
            return self._lose(deviation, samples)
        if kind == "delay":
            late = self._late(deviation, tick, slot)
            nothing_yet = math.nan if self._missing else samples
            return np.full_like(samples, nothing_yet if late is None else late)
        if kind in {"stuck", "dropout"}:
            last = self._own(deviation, slot).get("last", float(samples.flat[-1]))
            return np.full_like(samples, last if deviation.value is None else deviation.value)
        return np.asarray(samples + self._added(deviation, tick))

    def _lose(self, deviation: Deviation, samples: np.ndarray) -> np.ndarray:
        """Lose all samples, or each with the chance that is stated."""
        share = deviation.amounts.get("share", 1.0)
        if share >= 1:
            return np.full_like(samples, math.nan)
        cause = f"disturbance {deviation.name}: {deviation.what}"
        draws = self._driver.uniform(deviation.station, cause, samples.size)
        return np.where(draws.reshape(samples.shape) < share, math.nan, samples)

    def _remember(self, deviation: Deviation, last: float, tick: int, slot: str) -> None:
        """Keep the last sample: of before it got stuck; with a delay, those under way too."""
        own = self._own(deviation, slot)
        if deviation.kind != "delay":
            if tick < deviation.start_tick or "last" not in own:
                own["last"] = last
            return
        past: list[list[float]] = own.setdefault("past", [])
        if past and past[-1][0] == tick:
            past.pop()
        past.append([tick, last])
        arrived = self._arrived(deviation, past, tick)
        del past[: max(0, arrived)]

    def _late(self, deviation: Deviation, tick: int, slot: str) -> float | None:
        """Return the newest sample that has arrived; None where none has."""
        past = self._own(deviation, slot).get("past", [])
        arrived = self._arrived(deviation, past, tick)
        return None if arrived < 0 else float(past[arrived][1])

    def _arrived(self, deviation: Deviation, past: list[list[float]], tick: int) -> int:
        """Return the place of the newest sample that has arrived, -1 where none has.

        One taken before the delay began arrived at once.
        """
        delay, start = deviation.amounts["delay"], deviation.start_tick
        places = [place for place, (at, _) in enumerate(past) if at < start or at + delay <= tick]
        return places[-1] if places else -1
