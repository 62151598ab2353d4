"""What the twin tells: plain rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from scipy.special import chdtri

FindingKind = Literal["drift", "bias", "ambiguous", "change", "mismatch"]


ONE_IN = 0.01
"""Share of windows of innovations that exceed their limit if all holds."""


@dataclass(frozen=True)
class Prediction:
    """What a lot will be when a station hands it over; canonical units, 95 % interval.

    `lot`: its name in the twin's line. `place`: after which phase of the process (from 1), 0 for
    the lot as it is. `open_loop`: what nominal parameters say. `biases`: by how much instruments
    will read more than that, as far as it is known.
    """

    id: str
    made_tick: int
    station: str
    lot: str
    quantity: str
    unit: str
    median: float
    low: float
    high: float
    open_loop: float
    place: int = 0
    kind: str = "lot"
    biases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What an instrument has read of a lot that was predicted.

    `deviation`: standard deviation of the reading, its unknown bias included.
    """

    prediction: str
    tick: int
    arrived: int
    instrument: str
    value: float
    deviation: float
    plant_lot: str


@dataclass(frozen=True)
class Estimated:
    """A parameter or a bias as it is known now, in its own unit; 95 % interval.

    `kind`: `factor` (1 is nominal), `offset` or `bias` (0 is nominal). `unit`: 1 where relative.
    """

    name: str
    kind: str
    address: str
    unit: str
    median: float
    low: float
    high: float
    prior: float
    band: float


@dataclass(frozen=True)
class Innovations:
    """How the readings of an instrument differ from what was predicted of them.

    Each difference over the standard deviation that it was expected to have; if all holds they are
    independent, of mean 0 and deviation 1: `mean` and `autocorrelation` (from one to the next) lie
    within 2 / sqrt(samples) in 95 of 100 cases. `samples`: how many, the last ones;
    `total`: readings ever; `tick`: of the last one, -1 without. `chi_squared`: sum of squares of
    the last window, of `degrees`; `level`: share of such sums that would be smaller: above 0.99
    the readings are unlike what the twin says they can be. NaN where there are too few to say.
    """

    instrument: str
    signal: str
    tick: int
    total: int
    samples: int
    mean: float
    deviation: float
    autocorrelation: float
    chi_squared: float
    degrees: int
    level: float

    @property
    def limit(self) -> float:
        """Return what one sum of squares in a hundred exceeds if all holds; NaN without any."""
        return float(chdtri(self.degrees, ONE_IN)) if self.degrees else math.nan


@dataclass(frozen=True)
class Finding:
    """What innovations and estimates say is wrong.

    drift: of the parameter `names[0]`; bias: of an instrument; ambiguous: one of `names`, the
    likeliest first, by which it is the same finding while the others come and go; change:
    readings of an instrument have shifted and nothing explains it yet; mismatch: innovations are
    too large although all parameters are within their priors. `since`: tick from which it is told.
    """

    kind: FindingKind
    names: tuple[str, ...]
    since: int
    text: str
    advice: str = ""
