"""Ageing: after how many days a soft short of some size shows against its tray.

K-value: fall of the open-circuit voltage between two readings over the time between them. Bias of
the meter, the mean temperature and the tray's mean drift cancel, since a cell is judged against
the median of its tray. What is left over t seconds scatters by

    sigma(t)^2 = (2 meter^2 + 2 (temperature x entropic)^2 + relaxation^2) / t^2 + own^2

so that a longer wait helps until cells' own self-discharge is all that is left. A leak R adds
slope x V / R (PHYSICS.md 1.8). The limit is the median + factor x robust sigma (median deviation),
or the median + a stated drift, as grading has it. Errors are taken as normal. Median and deviation
of a tray of n cells scatter themselves, and the leaky cell shifts both by half a rank: against
them a cell follows Student's t, noncentral for a leak, with 0.3675 n degrees of freedom. Drawn
trays of 40 have false alarms of 0.6 to 0.8 of what is stated and power within 2 % of it; of 20
power is up to 4 % less than stated, of 8 up to 10 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import optimize, stats

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY: Final = 86_400.0
NORMAL_DEVIATION: Final = float(1 / stats.norm.ppf(0.75))
"""Standard deviation over median deviation of normal values."""
_MEDIAN: Final = math.pi / 2
"""Variance of the median of n normal values, times n over theirs."""
_OWN: Final = _MEDIAN - 2.0
"""The same of a value less the median of which it is part, beyond its own."""
_SHIFT: Final = math.sqrt(math.pi / 2)
"""Shift of the median by one value far above, times n over sigma: half a rank."""
_WIDER: Final = 1.1664
"""Growth of the robust sigma by that value, times n: 1.4826 / (4 phi(0.6745))."""
_EFFICIENCY: Final = 0.3675
"""Of that robust sigma against the standard deviation of normal values [V]."""
_FEWEST: Final = 8
"""Cells of a tray below which no robust sigma is told [A]."""
_SHORTEST: Final = 60.0
_LONGEST: Final = 365 * DAY
"""Times in s between which a wait is looked for [A]."""


@dataclass(frozen=True)
class DriftTest:
    """What makes K-values of sound cells scatter, in V, K, A, s, and V/C for `slope`.

    `meter`: of a reading; `temperature`: of a cell around its tray's mean between the readings,
    with `entropic` voltage per kelvin; `own_current`: of the cells' self-discharge;
    `relaxation`: of the amplitude A of A ln(1 + end/(t + onset)), which fades after the charge
    `first_reading` seconds before the first reading; `slope`: of the voltage over charge at the
    `voltage` of storage; `cells`: of a tray.
    """

    meter: float = 2.8e-5  # [A] 0.02 mV repeatability and 0.02 mV reproducibility, pilot line
    temperature: float = 0.3  # [A] trays of one store
    entropic: float = 1e-4  # [M] NMC and graphite near half charge: 0 to 0.2 mV/K, either sign
    own_current: float = 2e-6  # [A] a tenth of the 20 uA of a sound cell
    relaxation: float = 2.5e-4  # [A] a twentieth of the ageing model's 5 mV
    relaxation_onset: float = 3600.0  # [A] as in the ageing model
    relaxation_end: float = 2.592e6  # [A] as in the ageing model
    first_reading: float = DAY  # [A] rest before the first reading
    slope: float = 4.8e-5  # [D] ageing model, 5 A.h, leaks of 20 to 100 kOhm: 0.17 V/A.h
    voltage: float = 3.7  # [A] as in line/kinds/storing.py
    cells: int = 40  # [A] tray of the pilot line

    def leak_drift(self, leak_resistance: float) -> float:
        """Return the drift that a leak [Ohm] adds [V/s]."""
        return self.slope * self.voltage / leak_resistance

    def scatter(self, seconds: float) -> float:
        """Return the standard deviation of a sound cell's K-value [V/s]."""
        if not seconds > 0:
            raise ScenarioError([Problem("the readings have no time between them", "ageing")])
        fading = self._relaxed(self.first_reading) - self._relaxed(self.first_reading + seconds)
        thermal = self.temperature * self.entropic
        readings = 2 * self.meter**2 + 2 * thermal**2 + (self.relaxation * fading) ** 2
        return math.sqrt(readings / seconds**2 + (self.slope * self.own_current) ** 2)

    def _relaxed(self, seconds: float) -> float:
        return math.log1p(self.relaxation_end / (seconds + self.relaxation_onset))


@dataclass(frozen=True)
class TrayLimit:
    """Limit of one tray's K-values [V/s]: median + factor x sigma."""

    median: float
    sigma: float
    limit: float


@dataclass(frozen=True)
class PowerCurve:
    """Detection against time; arrays of shape (times,): seconds, chances, V/s.

    `power`: chance that the leak is found; `false_alarm`: that a sound cell is called leaky;
    `scatter`: of a sound cell's K-value.
    """

    seconds: np.ndarray
    power: np.ndarray
    false_alarm: np.ndarray
    scatter: np.ndarray


def tray_limit(values: np.ndarray, factor: float) -> TrayLimit:
    """Return the limit of the K-values (n,) of one tray; NaN: not read.

    The robust sigma is corrected for few cells by n / (n - 0.8) (Croux and Rousseeuw 1992 [V]).
    ScenarioError with fewer than 8 cells.
    """
    there = values[np.isfinite(values)]
    if there.size < _FEWEST:
        message = f"a tray of {there.size} readings has no scatter of its own"
        raise ScenarioError([Problem(message, "ageing", f"{_FEWEST} or more")])
    median = float(np.median(there))
    sigma = float(np.median(np.abs(there - median))) * NORMAL_DEVIATION
    sigma *= there.size / (there.size - 0.8)
    return TrayLimit(median, sigma, median + factor * sigma)


def limit_factor(false_alarm: float, cells: int) -> float:
    """Return the factor of a tray's robust sigma that a sound cell exceeds with this chance."""
    if not 0 < false_alarm < 1:
        raise ScenarioError([Problem("a false-alarm rate is out of 0 to 1", "ageing", "a share")])
    if cells < _FEWEST:
        message = f"a tray of {cells} cells has no scatter of its own"
        raise ScenarioError([Problem(message, "ageing", f"{_FEWEST} or more")])
    bound = float(stats.t.isf(false_alarm, _EFFICIENCY * cells))
    return bound * math.sqrt(1 + _OWN / cells)


def power_curve(
    test: DriftTest,
    leak_resistance: float,
    days: Sequence[float],
    factor: float = math.nan,
    drift_limit: float = math.nan,
) -> PowerCurve:
    """Return power and false alarms against days, for a limit of either kind.

    `factor`: of the tray's robust sigma; else `drift_limit` above its median [V/s].
    """
    seconds = np.asarray(days, dtype=np.float64) * DAY
    scatter = np.array([test.scatter(each) for each in seconds.tolist()])
    ratios = test.leak_drift(leak_resistance) / scatter
    if math.isnan(factor):
        limits = drift_limit / scatter
        power = stats.norm.sf((limits - ratios + _SHIFT / test.cells) / _against(test.cells))
        alarms = stats.norm.sf(limits / math.sqrt(1 + _OWN / test.cells))
    else:
        power = np.array([_power(ratio, factor, test.cells) for ratio in ratios.tolist()])
        alarms = np.full(seconds.size, _alarms(factor, test.cells))
    return PowerCurve(seconds, np.asarray(power), np.asarray(alarms), scatter)


def days_needed(
    test: DriftTest, leak_resistance: float, factor: float, power: float = 0.95
) -> float:
    """Return after how many days a leak is found with this chance; infinite beyond a year."""
    reach = _reach(factor, test.cells, power)

    def lacking(seconds: float) -> float:
        return test.scatter(seconds) * reach - test.leak_drift(leak_resistance)

    if lacking(_LONGEST) > 0:
        return math.inf
    if lacking(_SHORTEST) <= 0:
        return _SHORTEST / DAY
    return float(optimize.brentq(lacking, _SHORTEST, _LONGEST, xtol=1.0)) / DAY


def largest_resistance(test: DriftTest, days: float, factor: float, power: float = 0.95) -> float:
    """Return the largest leak resistance [Ohm] found after some days with this chance."""
    drift = test.scatter(days * DAY) * _reach(factor, test.cells, power)
    return test.slope * test.voltage / drift


def _power(ratio: float, factor: float, cells: int) -> float:
    """Return the chance that a leak of so many sigma exceeds the limit of its tray."""
    against = _against(cells)
    bound = factor * (1 + _WIDER / cells) / against
    shift = (ratio - _SHIFT / cells) / against
    return float(stats.nct.sf(bound, _EFFICIENCY * cells, shift))


def _alarms(factor: float, cells: int) -> float:
    """Return the chance that a sound cell exceeds the limit of its tray."""
    bound = factor / math.sqrt(1 + _OWN / cells)
    return float(stats.t.sf(bound, _EFFICIENCY * cells))


def _reach(factor: float, cells: int, power: float) -> float:
    """Return how many sigma a leak takes to be found with this chance."""

    def lacking(ratio: float) -> float:
        return _power(ratio, factor, cells) - power

    highest = 2.0 * (factor + 1)
    while lacking(highest) < 0:
        highest *= 2
    return float(optimize.brentq(lacking, 0.0, highest))


def _against(cells: int) -> float:
    """Return the scatter of a cell against the median of the others, over its own."""
    return math.sqrt(1 + _MEDIAN / cells)
