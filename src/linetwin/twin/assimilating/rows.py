"""What the twin tells: plain rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from linetwin.estimation.innovations import Statistics

FindingKind = Literal["drift", "bias", "ambiguous", "change", "mismatch"]


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

    `deviation`: standard deviation of the reading, its unknown bias included. `corrected`: whether
    a row of it was changed after it had been learnt from.
    """

    prediction: str
    tick: int
    arrived: int
    instrument: str
    value: float
    deviation: float
    plant_lot: str
    corrected: bool = False


@dataclass(frozen=True)
class Estimated:
    """A parameter or a bias as it is known now, in its own unit; 95 % interval.

    `kind`: `factor` (1 is nominal), `offset` or `bias` (0 is nominal). `unit`: 1 where relative.
    `refused`: why the instrument's last reading was refused, "" where it was not.
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
    refused: str = ""


@dataclass(frozen=True)
class Innovations(Statistics):
    """How the readings of an instrument differ from what was predicted of them.

    Each difference over the standard deviation that it was expected to have. `total`: readings
    ever; `tick`: of the last one, -1 without; `refused`: as of an estimate.
    """

    instrument: str
    signal: str
    tick: int
    total: int
    refused: str = ""


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
