"""Whether a line has what a signal of a mapping file stands for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linetwin.quantities import vocabulary
from linetwin.scenario.addressing import addresses
from linetwin.scenario.mapped import NUMBERS
from linetwin.scenario.mapping_signals import COUNTERS, GRADED, PASSING
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from linetwin.scenario.mapping_schema import Signal
    from linetwin.scenario.resolved import Scenario, StationConfig

Quantities = Mapping[str, Collection[str]]
"""Path of a station, the building or a buffer -> the quantities that can be read of it."""


@dataclass(frozen=True)
class Addressed:
    """A line that signals are of; of a path that is not in `quantities` nothing is known."""

    scenario: Scenario
    quantities: Quantities = field(default_factory=dict)

    def fault(self, signal: Signal) -> tuple[str, str, str] | None:
        """Return key, message and hint where the line does not have what a signal stands for."""
        path, _, name = signal.address.rpartition(".")
        stations: dict[str, StationConfig | None] = dict(self.scenario.stations)
        if self.scenario.building is not None:
            stations["building"] = self.scenario.building
        if signal.kind == "setpoint":
            known = [entry.address for entry in addresses(self.scenario)]
            message = f"the line has no setpoint '{signal.address}'"
            found = "address", message, nearest(signal.address, known)
            return None if signal.address in known else found
        buffers = self.scenario.buffers if signal.kind in NUMBERS else ()
        places = [*stations, "line", *buffers]
        if path not in places:
            return "address", f"the line has no station '{path}'", nearest(path, places)
        station = stations.get(path)
        if signal.kind == "lot" and station is not None:
            roles = [*PASSING, *station.takes, *station.gives, *station.materials]
            message = f"{path} has no lots '{name}'"
            return None if name in roles else ("address", message, nearest(name, roles))
        return self._missing(signal, path) if signal.kind in NUMBERS else None

    def _missing(self, signal: Signal, path: str) -> tuple[str, str, str] | None:
        """Return what is wrong with a number: a quantity that neither models nor gauges have."""
        name = signal.quantity or signal.address.rpartition(".")[2]
        twin = self.scenario.twin
        if path not in self.quantities or (signal.kind == "counter" and name in COUNTERS):
            return None
        if name not in vocabulary() and name not in GRADED:
            return None  # no quantity at all, which is told
        if twin is not None and signal.address in {each.signal for each in twin.instruments}:
            return None
        has = self.quantities[path]
        if name in has:
            return None
        near = nearest(name, has)
        hint = near if near.startswith("did you") else f"it has {', '.join(sorted(has))}"
        return "quantity" if signal.quantity else "address", f"{path} has no {name}", hint
