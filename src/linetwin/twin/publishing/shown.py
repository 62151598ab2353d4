"""What the twin shows at a tick: plain data, handed to its server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.twin.assimilating.rows import Estimated, Finding, Innovations, Prediction
    from linetwin.twin.board.alerts import Alert
    from linetwin.twin.board.tally import Score
    from linetwin.twin.sensing import Sensed

TwinState = Literal["joining", "catching up", "in step", "stale", "open loop", "out of step"]


@dataclass(frozen=True)
class SourceShown:
    """A source of values: state of its link, and age of its newest message [s]."""

    state: str
    age_s: float


@dataclass(frozen=True)
class StationShown:
    """A station: PackML states of plant and twin, and lots that the twin is behind."""

    plant: str
    twin: str
    behind: int


@dataclass(frozen=True)
class Measured:
    """What an instrument has read last of a predicted lot; canonical unit, plant's name."""

    station: str
    quantity: str
    place: int
    instrument: str
    lot: str
    value: float
    tick: int


@dataclass(frozen=True)
class Shown:
    """How the twin stands at a tick of the line.

    `heard`: tick of the latest news of the plant; `predictions`: the newest of each quantity.
    """

    tick: int
    state: TwinState
    heard: int
    stations: Mapping[str, StationShown] = field(default_factory=dict)
    sources: Mapping[str, SourceShown] = field(default_factory=dict)
    predictions: Sequence[Prediction] = ()
    estimates: Sequence[Estimated] = ()
    findings: Sequence[Finding] = ()
    alerts: Sequence[Alert] = ()
    scores: Sequence[Score] = ()
    saved_s: float = float("nan")
    """Wall time since the twin was saved [s]."""
    sensed: Sequence[Sensed] = ()
    """What virtual sensors read, trays in soak in the order in which they went in."""
    age_s: float = 0.0
    """The plant's time now less that of the newest data that were worked in [s]."""
    is_old: bool = False
    """What is shown rests on old news, whatever the state of the link."""
    reason: str = ""
    """Why the state is what it is, where a person should know."""
    unconfirmed: str = ""
    """Why nobody has confirmed the mapping, "" where a person has."""
    measured: Sequence[Measured] = ()
    innovations: Sequence[Innovations] = ()
