"""What a line asks of its FMUs, and what they answer: kept while the line runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.wrapping import WrappedModels

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from linetwin.contracts import Columns, Transform
    from linetwin.scenario.resolved import StationConfig

Form = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Names given at the start, and in each phase: what two calls have in common."""


@dataclass(frozen=True)
class Call:
    """One call of a Transform at a station, with copies of what it was given and of its answer.

    `lot` tells the call's items from those of others. `sweep`: quantity that was set for the run,
    "" for the line as it is, and `node`: which of its values that was.
    """

    station: str
    lot: str
    start: Mapping[str, np.ndarray]
    phases: tuple[Phase, ...]
    results: tuple[Columns, ...]
    sweep: str = ""
    node: int = 0

    @property
    def form(self) -> Form:
        """Which quantities it gives."""
        return form_of(self.start, self.phases)

    @property
    def items(self) -> int:
        """Number of its items."""
        return len(self.results[0]["valid"])


def form_of(start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]) -> Form:
    """Return which quantities a call gives, each place's in the order of the alphabet."""
    return tuple(sorted(start)), tuple(tuple(sorted(phase.inputs)) for phase in phases)


@dataclass
class Watching(WrappedModels):
    """A line's models, of which calls of some kinds of process are kept; see `line.world.Models`.

    `run` tells lots of one run from those of another; `sweep`, `node`: as of its calls.
    """

    kinds: Collection[str]
    stations: Collection[str]
    run: str
    sweep: str = ""
    node: int = 0
    calls: dict[str, list[Call]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Number of calls that were kept."""
        return sum(map(len, self.calls.values()))

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return the process model of this kind, watched where it is wanted."""
        model = self.models.transform(config, kind)
        if kind not in self.kinds or (self.stations and config.path not in self.stations):
            return model
        return _Watched(model, config.path, self, self.calls.setdefault(kind, []))


@dataclass
class _Watched:
    """A Transform that keeps its calls; `lot`: what is being made, where a station says so."""

    model: Transform
    station: str
    watching: Watching
    calls: list[Call]
    lot: str = ""

    def of_lot(self, lot: str, tell: Callable[[str, int], None]) -> _Watched:
        """Return the same for a lot; nobody is told who answers, it is the FMU."""
        del tell
        return replace(self, lot=lot)

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases; see `contracts.Transform`."""
        kept = tuple(
            Phase({n: np.array(v, dtype=float) for n, v in p.inputs.items()}, np.copy(p.duration_s))
            for p in phases
        )
        begun = {name: np.array(value, dtype=float) for name, value in start.items()}
        results = self.model.apply(start, phases)
        answer = tuple({name: np.copy(v) for name, v in each.items()} for each in results)
        by = self.watching
        lot = f"{by.run}/{self.lot or f'call {len(self.calls)}'}"
        self.calls.append(Call(self.station, lot, begun, kept, answer, by.sweep, by.node))
        return results
