"""Whether a line has what a signal of a mapping file stands for."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
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

_LIKE, _SHORT = 0.8, 4
"""Likeness from which two words are a slip of one another [A]; shorter ones say what is meant."""
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
        read = [each.signal for each in twin.instruments] if twin is not None else []
        if signal.address in read:
            return None
        has = self.quantities[path]
        if name in has:
            beside = [own for own in (each.rpartition(".") for each in read) if own[0] == path]
            return _slip(signal.address, [*has, *(own[2] for own in beside)])
        near = nearest(name, has)
        hint = near if near.startswith("did you") else f"it has {', '.join(sorted(has))}"
        return "quantity" if signal.quantity else "address", f"{path} has no {name}", hint


def _slip(address: str, known: Iterable[str]) -> tuple[str, str, str] | None:
    """Return what is wrong with an address whose name is nearly one that its station has.

    A name of its own, such as `loading_left`, is none: it differs by a number, or by a whole word.
    """
    path, _, name = address.rpartition(".")
    names = sorted(set(known))
    near = [each for each in names if _is_slip(name.split("_"), each.split("_"))]
    if name in names or not near:
        return None
    return "address", f"{path} has no {name}", f"did you mean {' or '.join(near)}?"


def _is_slip(words: list[str], others: list[str]) -> bool:
    """Say whether two names have words that are nearly the same, one after the other."""
    return len(words) == len(others) and all(
        one == other
        or (
            (one + other).isalpha()
            and min(len(one), len(other)) >= _SHORT
            and difflib.SequenceMatcher(None, one, other).ratio() >= _LIKE
        )
        for one, other in zip(words, others, strict=True)
    )
