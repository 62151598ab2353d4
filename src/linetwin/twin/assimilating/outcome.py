"""What members make of a lot: the calls that it saw, taken again with each member's parameters.

Beside the members goes the reference, with the parameters that the line itself used, and
the nominal item, with none that deviates. What the line says of a lot, times a member over the
reference, is what the member says: so rows, patches and stops count as the line has reckoned them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.scenario.zones import AT, ZONED, in_zone
from linetwin.twin.assimilating.notes import deviated, merged
from linetwin.twin.scales import DRY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Transform
    from linetwin.scenario.twin import EstimateConfig
    from linetwin.twin.assimilating.notes import Note

Key = str
"""`quantity`, or `process.quantity@phase` of what only the process knows."""
Ratios = dict[Key, np.ndarray]
"""Members, reference and nominal item over the reference, shape (members + 2,).

`drying_length` alone is in its unit.
"""
REFERENCE, NOMINAL = -2, -1
CARRIED = "loading"
"""What of a lot goes on to the next process."""
COATS = "coating"
"""Process that lays it on."""
GROWS = {"drying": ("loading", "dry_mass_below"), "calendering": ("coating_thickness_before",)}
"""Process -> inputs that are as the lot's loading is."""
STARTS = {"drying": ("solvent_loading",)}
"""Process -> starts that are as the lot's loading is."""
SPEED = "web_speed"
LAID = "drying.laid_solvent"
"""Solvent that a web brings into the dryer."""
DRY_FROM = "drying_length"
"""Way through the dryer until the film is dry [m]: as such, not over the reference."""
FINE = 12
"""Parts of a zone between which that place is sought."""
_LEAST = 1e-15
"""Solvent below which a model says no more than that there is none [kg/m2]."""
_WET = 0.5
"""Part of the greatest solvent per loading below which a drying call is a second pass."""


@dataclass(frozen=True)
class Runner:
    """Takes members through notes of one station."""

    transform: Callable[[str], Transform]
    estimates: Sequence[EstimateConfig]
    deviations: Mapping[str, np.ndarray]
    """Estimate -> deviation of each member, shape (members,)."""
    members: int
    wanted: frozenset[str]
    """Quantities that are asked for: what costs a run of its own is left out otherwise."""

    def outcome(self, notes: Sequence[Note], chain: np.ndarray) -> Ratios:
        """Return what comes out of a station; `chain`: loading that came in, over the reference."""
        found: Ratios = {}
        kinds = list(dict.fromkeys(each.kind for each in notes))
        for kind in kinds:
            own = [each for each in notes if each.kind == kind]
            if kind == "drying":
                found |= self._dried(own, chain)
                speed = next((e.inputs[-1][SPEED] for e in notes if SPEED in e.inputs[-1]), 0.0)
                if DRY_FROM in self.wanted and speed > 0:
                    found[DRY_FROM] = speed * self._dry_after(own, chain)
                continue
            results = self._run(merged(own), chain)
            found |= {name: _over(values) for name, values in results[-1].items()}
            if CARRIED in results[-1]:
                chain = found[CARRIED]
        return found

    def _dried(self, notes: Sequence[Note], chain: np.ndarray) -> Ratios:
        """Dry each side, and again what lies in the dryer a second time."""
        passes = _passes(notes)
        firsts = [(each, self._run(each, chain)) for each in passes["first"]]
        found: Ratios = {}
        for name in firsts[0][1][-1]:
            found[name] = _over(_mean([(each.rows, run[-1][name]) for each, run in firsts]))
        found[LAID] = chain
        for phase in range(len(firsts[0][0].inputs)):
            left = [(each.rows, run[phase]["solvent_loading"]) for each, run in firsts]
            found[f"drying.solvent_loading@{phase + 1}"] = _over(_mean(left))
        if passes["again"] and "solvent_loading" in self.wanted:
            again = passes["again"][0]
            wet = firsts[0][1][-1]["solvent_loading"]
            start = again.start["solvent_loading"] * _over(wet)
            twice = self._run(again, chain, {"solvent_loading": start})[-1]["solvent_loading"]
            rest = [(each.rows, run[-1]["solvent_loading"]) for each, run in firsts[1:]]
            found["solvent_loading"] = _over(_mean([(again.rows, twice), *rest]))
        return found

    def _dry_after(self, notes: Sequence[Note], chain: np.ndarray) -> np.ndarray:
        """Return the time in the dryer after which both sides are dry [s]; at most all of it."""
        sides = []
        for note in _passes(notes)["first"]:
            fine = self._run(note, chain, parts=FINE)
            start = np.broadcast_to(note.start["solvent_loading"] * chain, chain.shape)
            left = np.array([start, *(each["solvent_loading"] for each in fine)])
            steps = np.repeat(np.array(note.durations) / FINE, FINE)
            sides.append(_time_to(DRY, left, steps))
        found: np.ndarray = np.max(sides, axis=0)
        return found

    def _run(
        self,
        note: Note,
        chain: np.ndarray,
        start: Mapping[str, np.ndarray] | None = None,
        parts: int = 1,
    ) -> list[dict[str, np.ndarray]]:
        """Take members, reference and nominal item through one note, each phase in parts."""
        grows = GROWS.get(note.kind, ())
        begins = {
            name: value * chain if name in STARTS.get(note.kind, ()) else value
            for name, value in note.start.items()
        }
        phases = []
        for number, (inputs, duration) in enumerate(
            zip(note.inputs, note.durations, strict=True), start=1
        ):
            given: dict[str, float | np.ndarray] = {
                name: value * chain if name in grows else np.full(self.members + 2, value)
                for name, value in inputs.items()
            }
            for estimate in self.estimates:
                own = estimate.process == note.kind and estimate.acts_in(number)
                if own and estimate.quantity in given:
                    away = self._away(estimate, note)
                    given[estimate.quantity] = deviated(given[estimate.quantity], estimate, away)
            phases += [Phase(given, duration / parts)] * parts
        return self.transform(note.kind).apply(begins | dict(start or {}), phases)

    def _away(self, estimate: EstimateConfig, note: Note) -> np.ndarray:
        """Return the deviation of members, of the reference, and none."""
        used = note.used.get(estimate.name, 0.0)
        return np.concatenate([self.deviations[estimate.name], [used, 0.0]])


def _time_to(limit: float, left: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return when values fall below a limit, shape (items,); all of the time where none does.

    `left`: shape (steps + 1, items), before and after each step of `steps` [s]. Between two of them
    on a straight line of the logarithm: the end of drying is an exponential.
    """
    falls = left[1:] < limit
    place = np.where(falls.any(axis=0), falls.argmax(axis=0), len(steps) - 1)
    items = np.arange(left.shape[1])
    before, after = (np.log(np.maximum(left[place + n, items], _LEAST)) for n in (0, 1))
    gone = (before - math.log(limit)) / np.maximum(before - after, _LEAST)
    found: np.ndarray = np.cumsum(steps)[place] - steps[place] * (1 - np.clip(gone, 0.0, 1.0))
    return found


def vapours(means: Mapping[Key, float], ratios: Ratios) -> Ratios:
    """Return what evaporated in each zone, over what the line says of it.

    As a difference to the line's: what comes in and what goes out differ as the members say.
    """
    found: Ratios = {}
    before, zone = LAID, 1
    while (behind := f"drying.solvent_loading{AT}{zone}") in ratios:
        key = in_zone(ZONED, zone)
        if means.get(key, 0.0) > 0 and before in means:
            more = [means[name] * (ratios[name] - 1) for name in (before, behind)]
            found[key] = 1 + (more[0] - more[1]) / means[key]
        before, zone = behind, zone + 1
    return found


def _passes(notes: Sequence[Note]) -> dict[str, list[Note]]:
    """Return the first passes through a dryer by what lay below, and the second ones as one."""
    wetness = [
        each.start["solvent_loading"] / max(each.inputs[0]["loading"], 1e-9) for each in notes
    ]
    wet = [value >= _WET * max(wetness) for value in wetness]
    bare = [each.inputs[0].get("dry_mass_below", 0.0) <= 0 for each in notes]
    groups = [
        [each for each, w, b in zip(notes, wet, bare, strict=True) if w and b is side]
        for side in (True, False)
    ]
    again = [each for each, w in zip(notes, wet, strict=True) if not w]
    return {
        "first": [merged(group) for group in groups if group],
        "again": [merged(again)] if again else [],
    }


def _over(values: np.ndarray) -> np.ndarray:
    """Return values over that of the reference; 1 where that is nothing."""
    reference = values[REFERENCE]
    if not np.isfinite(reference) or reference == 0:
        return np.ones_like(values)
    found: np.ndarray = values / reference
    return found


def _mean(parts: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Return the mean of values by rows."""
    whole = sum(rows for rows, _ in parts)
    found: np.ndarray = np.sum([rows / whole * values for rows, values in parts], axis=0)
    return found
