"""How a line is shown as a plant, and what happens to values on their way; plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from linetwin.quantities import vocabulary
from linetwin.scenario.zones import in_zone

if TYPE_CHECKING:
    from linetwin.scenario.problems import Place

HidingKind = Literal["late", "missing", "out_of_order", "duplicate", "clock"]
STARVED_AFTER = 900_000
"""Waiting for material longer than this raises an alarm [A: 15 min] [ticks]."""


@dataclass(frozen=True)
class Hiding:
    """What happens to each value, with the chance `share`, of the tags that match `tags`.

    late: it comes `delay_ticks` after its time, and none overtakes another; missing: a bad status
    comes in its place; out_of_order: it comes so late, and others overtake it; duplicate: it comes
    again so much later; clock: its source's clock is ahead by `offset_ticks`, and gains `rate`
    ticks a tick. `end_tick` None: for good.
    """

    tags: str
    kind: HidingKind
    share: float = 1.0
    delay_ticks: int = 0
    offset_ticks: int = 0
    rate: float = 0.0
    start_tick: int = 0
    end_tick: int | None = None
    place: Place | None = None

    def acts_at(self, tick: int) -> bool:
        """Whether it acts at a tick: from its start, no longer at its end."""
        return self.start_tick <= tick and (self.end_tick is None or tick < self.end_tick)


@dataclass(frozen=True)
class Instrument:
    """What reads a quantity of each lot that a station hands over; the line knows nothing of it.

    `bias` and `repeatability` (standard deviation of a reading) are in the quantity's unit, or in
    percent of the reading where `percent`.
    """

    name: str
    station: str
    quantity: str
    bias: float = 0.0
    repeatability: float = 0.0
    percent: bool = False
    zone: int = 0
    place: Place | None = None

    @property
    def key(self) -> str:
        """What it reads of a lot; `zone`: of the dryer, where it reads one."""
        return in_zone(self.quantity, self.zone)


@dataclass(frozen=True)
class PlantConfig:
    """How a line is shown; times in ticks."""

    opens_tick: int = 0
    starved_after: int = STARVED_AFTER
    hides: tuple[Hiding, ...] = ()
    instruments: tuple[Instrument, ...] = ()


def plant_text(plant: PlantConfig) -> dict[str, Any]:
    """Return the section as it stands in the resolved scenario; times in ms."""
    return {
        "opens_ms": plant.opens_tick,
        "starved_after_ms": plant.starved_after,
        "instruments": [
            {
                "name": each.name,
                "address": f"{each.station}.{each.key}",
                "bias": each.bias,
                "repeatability": each.repeatability,
                "unit": "%" if each.percent else vocabulary()[each.quantity].unit,
            }
            for each in plant.instruments
        ],
        "hides": [
            {
                "tags": each.tags,
                "kind": each.kind,
                "share": each.share,
                "delay_ms": each.delay_ticks,
                "offset_ms": each.offset_ticks,
                "rate": each.rate,
                "from_ms": each.start_tick,
                "until_ms": each.end_tick,
            }
            for each in plant.hides
        ],
    }
