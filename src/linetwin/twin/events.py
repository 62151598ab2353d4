"""What a plant tells, in the line's own words: the twin learns of a plant by these alone.

However values come (a feed, a replay, a plant in the same process), they become plant events with
the address they stand for and the tick of the line at which they were true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

EventKind = Literal[
    "state", "mode", "taken", "given", "lot_in", "lot_out", "setpoint", "measurement", "level"
]


@dataclass(frozen=True)
class PlantEvent:
    """One value of a plant.

    tick: when it was true; arrived: when the twin learnt of it, both in ticks of the line.
    station: path of the station or buffer, or `line`; kind: what it is about; name: the quantity.
    value: in canonical units; PackML's number of a state or mode; lots so far of `taken` and
    `given`; NaN where there is none. text: name of a lot. usable: whether it may be learnt from.
    doubt: why a measurement is not usable, where a person should know. corrects: it stands for a
    row of a file that was told before and has been changed.
    """

    tick: int
    station: str
    kind: EventKind
    name: str = ""
    value: float = math.nan
    text: str = ""
    usable: bool = True
    arrived: int = -1
    doubt: str = ""
    corrects: bool = False

    @property
    def address(self) -> str:
        """Where it belongs: `cathode.coater.loading`."""
        return f"{self.station}.{self.name}" if self.name else self.station
