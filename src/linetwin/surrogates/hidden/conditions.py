"""Ten hidden causes, and the short order of small lots in which each is hidden.

A cause holds while a station makes some lots one after another, neither the first nor the last of
the run, drawn by the seed; or one delivered lot of powder is not as the others. Sizes were fixed
after one run each (seed 900, not used since): large enough to be seen in the truth, none so large
that the line stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from linetwin.results.reader import Run

LINE_LOTS: Final = {
    "cathode.active_material": ("lot: 100 kg", "lot: 9 kg"),
    "anode.active_material": ("lot: 80 kg", "lot: 7 kg"),
}
"""Lots of powder of the pilot line, and here: about a batch and a half [A]."""
SCENARIO: Final = """\
schema: 1
name: hidden_causes
title: An order of 700 cells in small lots, with something hidden in it
line: line.yaml
recipe: {shipped}/recipes/nmc622_graphite_5ah.yaml
prices: {shipped}/prices/prices_2026.yaml
order: {{cells: 700}}
limit: 60 d
seed: 1
recording: {{interval: 12 h}}
set:
  cathode.coater.roll_length: {{value: 30 m, tag: A, source: small lots}}
  anode.coater.roll_length: {{value: 30 m, tag: A, source: small lots}}
  cathode.coater.startup_length: {{value: 2 m, tag: A, source: small lots}}
  anode.coater.startup_length: {{value: 2 m, tag: A, source: small lots}}
  cathode.coater.splice_length: {{value: 1 m, tag: A, source: small lots}}
  anode.coater.splice_length: {{value: 1 m, tag: A, source: small lots}}
  cathode.coater.batch_change_length: {{value: 1 m, tag: A, source: small lots}}
  anode.coater.batch_change_length: {{value: 1 m, tag: A, source: small lots}}
  cathode.mixer.batch_mass: {{value: 6 kg, tag: A, source: small lots}}
  anode.mixer.batch_mass: {{value: 5 kg, tag: A, source: small lots}}
  cell.stacker.tray_size: {{value: 20, tag: A, source: small lots}}
"""


@dataclass(frozen=True)
class Cause:
    """What is hidden: `does` as a disturbance is written, or what a delivered lot has.

    `lots`: how many lots in a row the station makes meanwhile; `station`: where it is.
    """

    name: str
    station: str
    does: str
    lots: int

    @property
    def is_delivery(self) -> bool:
        """Whether it comes with a lot of material."""
        return not self.does.startswith("address:")


CAUSES: Final = (
    Cause("powder", "cathode.active_material", "specific_capacity_factor: 0.96", 1),
    Cause("stirring", "cathode.mixer", "address: cathode.mixer.rotor_speed, kind: offset, "
          "offset: -10 1/s", 1),
    Cause("pump", "cathode.coater", "address: cathode.coater.coating.pump_flow, kind: offset, "
          "offset: -3.2e-8 m3/s", 2),
    Cause("gauge", "cathode.coater", "address: cathode.coater.measured_loading, kind: offset, "
          "offset: 0.6 mg/cm2", 2),
    Cause("dryer", "cathode.coater", "address: cathode.coater.heat_transfer_coefficient, "
          "kind: offset, offset: -25 W/m2K", 2),
    Cause("cathode rolls", "cathode.calender", "address: cathode.calender.line_load, "
          "kind: offset, offset: -120 N/mm", 2),
    Cause("anode rolls", "anode.calender", "address: anode.calender.line_load, kind: offset, "
          "offset: -40 N/mm", 2),
    Cause("vacuum dryer", "cathode.vacuum_dryer", "address: "
          "cathode.vacuum_dryer.chamber_temperature, kind: offset, offset: -40 K", 4),
    Cause("welding", "cell.tab_welder", "address: cell.tab_welder.cold_weld.rate, value: 10 %", 6),
    Cause("filling", "cell.filler", "address: cell.filler.electrolyte_dose, kind: offset, "
          "offset: -0.4 g", 6),
)  # fmt: skip
_FIRST, _LAST = 0.15, 0.75
"""Of a station's lots, in the order in which they are made, between which a cause begins [A]."""


def written_settings(cause: Cause, name: str, after_s: int, until_s: int) -> str:
    """Return the setting that hides a cause between two times (s)."""
    return f"disturbances.{name}={{{cause.does}, from: {after_s} s, until: {until_s} s}}"


def given_by(run: Run, station: str) -> list[tuple[str, int]]:
    """Return the lots that a station gave, in that order, with the tick; the truth to score by."""
    events = run.objects("events", ["tick", "station", "event", "lot"], {"station": {station}})
    own = events[events["event"].eq("give") & events["lot"].ne("")].sort_values("tick")
    found = own.drop_duplicates("lot", keep="first")
    return list(zip(found["lot"].astype(str), found["tick"].astype(int), strict=True))


def window(cause: Cause, sound: Run, seed: int) -> tuple[int, int]:
    """Return when (s) a cause begins and ends: about some lots of a sound run of the same seed."""
    given = given_by(sound, cause.station)
    first = _drawn(cause, seed, len(given))
    last = min(first + cause.lots, len(given) - 1)
    return given[first - 1][1] // 1000 + 1, given[last - 1][1] // 1000 + 1


def delivery(cause: Cause, sound: Run, seed: int) -> str:
    """Return which delivered lot is not as the others."""
    lots = run_lots(sound, cause.station)
    return lots[_drawn(cause, seed, len(lots))]


def run_lots(run: Run, material: str) -> list[str]:
    """Return the lots of a material that a run opened, in that order."""
    lots = run.table("lots", ["lot", "station", "kind"])
    own = lots[lots["kind"].eq("material") & lots["station"].eq(material)]
    return sorted(own["lot"].astype(str))


def _drawn(cause: Cause, seed: int, count: int) -> int:
    """Return the number of the first lot, by the seed and the cause."""
    stream = np.random.default_rng([seed, *cause.name.encode()])
    low = max(1, round(_FIRST * count))
    return int(stream.integers(low, max(low + 1, round(_LAST * count))))
