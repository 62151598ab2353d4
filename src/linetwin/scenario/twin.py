"""What a twin estimates, reads and predicts; plain data in canonical units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from linetwin.scenario.zones import in_zone

if TYPE_CHECKING:
    from linetwin.scenario.problems import Place

DeviationOf = Literal["factor", "offset"]


@dataclass(frozen=True)
class EstimateConfig:
    """One input of a process model that deviates slowly from what the line thinks it is.

    A `factor` is estimated as its difference from 1, an `offset` in the input's unit. `prior`:
    standard deviation at the beginning; `wanders`: what is added to it in a day; `scatter`: from
    lot to lot; `band`: what counts as nominal. `zone`: the phase in which alone it deviates, from
    1; 0: all. `law`: it is the factor by which the model's law may be wrong, not the machine.
    """

    name: str
    station: str
    process: str
    quantity: str
    kind: DeviationOf
    prior: float
    wanders: float
    scatter: float
    band: float
    tag: str
    source: str
    zone: int = 0
    law: bool = False
    place: Place | None = None

    @property
    def address(self) -> str:
        """What deviates."""
        return f"{self.station}.{self.process}.{in_zone(self.quantity, self.zone)}"

    def acts_in(self, phase: int) -> bool:
        """Whether the input deviates in a phase, counted from 1."""
        return self.zone in {0, phase}


@dataclass(frozen=True)
class ReaderConfig:
    """An instrument that reads a quantity of a station's lots, each with its own bias.

    `zone`: of the dryer, where it reads one; else 0. `signal`: address of the plant's measurement.
    All in the quantity's unit, or as parts of the reading where `relative`: `repeatability` of one
    lot's reading; of the bias `prior`, `wanders` in a day, `band`.
    """

    name: str
    station: str
    quantity: str
    signal: str
    repeatability: float
    prior: float
    wanders: float
    band: float
    tag: str
    source: str
    relative: bool = False
    zone: int = 0
    place: Place | None = None

    @property
    def key(self) -> str:
        """What it reads of a lot."""
        return in_zone(self.quantity, self.zone)


@dataclass(frozen=True)
class PredictConfig:
    """A quantity of a station's lots that is predicted.

    `process`: where it is one that only the process knows, after each of its phases.
    """

    station: str
    quantity: str
    process: str = ""

    @property
    def address(self) -> str:
        """What is predicted."""
        return ".".join(each for each in (self.station, self.process, self.quantity) if each)


@dataclass(frozen=True)
class WindowConfig:
    """Where a predicted quantity of lots has to lie; canonical units, infinite where open.

    `sure`: probability of lying outside from which an alert is raised.
    """

    station: str
    quantity: str
    process: str
    low: float
    high: float
    sure: float
    action: str
    tag: str
    source: str

    @property
    def address(self) -> str:
        """What has to lie there."""
        return PredictConfig(self.station, self.quantity, self.process).address


@dataclass(frozen=True)
class AlertConfig:
    """What people can look after.

    All [A]: two alerts a shift leave time to look into each; a shelf lasts one shift; lots come
    minutes to an hour apart.
    """

    budget_per_day: int = 6
    shelve_at_most_s: float = 8 * 3600.0
    clears_after_s: float = 900.0
    stale_after_s: float = 60.0
    windows: tuple[WindowConfig, ...] = ()


@dataclass(frozen=True)
class GradeConfig:
    """How sure the twin is of properties by which cells are graded: relative standard deviations.

    `capacity`, `resistance`: of a tray as a whole; `cells`: of each cell beside it, for both.
    `long_run`: shares of A, B and scrap when nothing is known of a tray.
    """

    capacity: float
    resistance: float
    cells: float
    long_run: tuple[float, float, float]
    tag: str
    source: str


@dataclass(frozen=True)
class AdviceConfig:
    """What the board's scores have to meet before advice is shown [A: a week holds all shifts].

    `predictions`: of each quantity by each instrument; `coverage`: share inside their 95 %
    intervals; `ratio`: error of open loop over that of the twin; each at least.
    """

    shadow_s: float = 7 * 86_400.0
    predictions: int = 50
    coverage: float = 0.9
    ratio: float = 1.0


@dataclass(frozen=True)
class TwinConfig:
    """How a plant is followed.

    `window`: updates in a window of the innovations' statistics; `false_alarms_per_day`: of all
    watches together; `updates_per_day`: readings of lots a day that this is reckoned with.
    """

    members: int = 64
    window: int = 12
    false_alarms_per_day: float = 0.1
    updates_per_day: float = 24.0
    confidence: float = 0.95
    estimates: tuple[EstimateConfig, ...] = ()
    instruments: tuple[ReaderConfig, ...] = ()
    predicts: tuple[PredictConfig, ...] = ()
    alerts: AlertConfig = AlertConfig()
    advice: AdviceConfig = AdviceConfig()
    grades: GradeConfig | None = None

    @property
    def states(self) -> tuple[EstimateConfig | ReaderConfig, ...]:
        """What is estimated: parameters, then the biases of instruments."""
        return (*self.estimates, *self.instruments)

    @property
    def stations(self) -> frozenset[str]:
        """Stations whose lots matter."""
        return frozenset(each.station for each in (*self.states, *self.predicts))


def twin_text(twin: TwinConfig) -> dict[str, Any]:
    """Return the section as it stands in the resolved scenario; canonical units."""
    return {
        "members": twin.members,
        "window": twin.window,
        "false_alarms_per_day": twin.false_alarms_per_day,
        "updates_per_day": twin.updates_per_day,
        "confidence": twin.confidence,
        "estimates": [_plain(each) | {"address": each.address} for each in twin.estimates],
        "instruments": [_plain(each) for each in twin.instruments],
        "predicts": [_plain(each) for each in twin.predicts],
        **({"grades": vars(twin.grades)} if twin.grades else {}),
        "alerts": _plain(twin.alerts) | {"windows": [_bounded(e) for e in twin.alerts.windows]},
        "advice": dict(vars(twin.advice)),
    }


def _bounded(window: WindowConfig) -> dict[str, Any]:
    """Return a window; a bound that is open is not there."""
    return {
        key: value
        for key, value in _plain(window).items()
        if not isinstance(value, float) or math.isfinite(value)
    }


def _plain(
    config: EstimateConfig | ReaderConfig | PredictConfig | WindowConfig | AlertConfig,
) -> dict[str, Any]:
    return {key: value for key, value in vars(config).items() if key != "place"}
