"""The calls that a line makes of its process models, noted: the conditions that each lot saw.

A call is noted as one item that stands for its rows: the median of each input, so that rows at a
start-up or a stop of the web do not shift it. The laws stay in the models.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.wrapping import WrappedModels
from linetwin.scenario.zones import ZONED, in_zone
from linetwin.twin.plant.instruments import mean_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.line.lots import Lot
    from linetwin.scenario.resolved import StationConfig
    from linetwin.scenario.twin import EstimateConfig

Row = dict[str, float]


@dataclass
class Note:
    """One call, or several as one: medians of starts and inputs, and mean outputs of each phase.

    Inputs are as the line wanted them; `used`: estimate -> deviation that the model was given.
    """

    kind: str
    rows: int
    start: Row
    inputs: list[Row]
    durations: list[float]
    used: Row
    outputs: list[Row]

    def save(self) -> dict[str, Any]:
        """Return the note as plain data."""
        return dict(vars(self))


def merged(notes: Sequence[Note]) -> Note:
    """Return one note for several of the same kind and number of phases; means by rows."""
    first = notes[0]
    same = [each for each in notes if len(each.inputs) == len(first.inputs)]
    phases = range(len(first.inputs))
    return Note(
        kind=first.kind,
        rows=sum(each.rows for each in same),
        start=_medians([each.start for each in same]),
        inputs=[_medians([each.inputs[phase] for each in same]) for phase in phases],
        durations=[float(np.median([each.durations[phase] for each in same])) for phase in phases],
        used=_means([each.used for each in same], [each.rows for each in same]),
        outputs=[
            _means([each.outputs[phase] for each in same], [each.rows for each in same])
            for phase in phases
        ],
    )


def means_of(lot: Lot, notes: list[Note]) -> dict[str, float]:
    """Return what the line says of a lot: quantities of its items, and what processes know."""
    found: dict[str, float] = {}
    for note in notes:
        for name in note.outputs[-1]:
            mean = mean_of(lot, name)
            if mean is not None:
                found[name] = mean
    for kind in {note.kind for note in notes if len(note.outputs) > 1}:
        own = [note for note in notes if note.kind == kind]
        wettest = max(note.start.get("solvent_loading", 0.0) for note in own)
        first = [n for n in own if n.start.get("solvent_loading", 0.0) >= wettest / 2]
        rows = sum(note.rows for note in first)
        laid = sum(note.rows * note.start.get("solvent_loading", 0.0) for note in first)
        found[f"{kind}.laid_solvent"] = laid / rows
        for phase in range(len(first[0].outputs)):
            vapour = in_zone(ZONED, phase + 1)
            if (mean := mean_of(lot, vapour)) is not None:
                found[vapour] = mean
            for name in first[0].outputs[phase]:
                total = sum(note.rows * note.outputs[phase][name] for note in first)
                found[f"{kind}.{name}@{phase + 1}"] = total / rows
    return found


def deviated(
    value: float | np.ndarray, estimate: EstimateConfig, deviation: float | np.ndarray
) -> float | np.ndarray:
    """Return an input as it is with a deviation."""
    return value * (1 + deviation) if estimate.kind == "factor" else value + deviation


@dataclass
class NotedModels(WrappedModels):
    """Models of a line whose Transforms are given inputs as estimated, and are noted.

    `present`: station and process -> estimates and what they are now; `listener` is told of each
    call: station and note.
    """

    present: Callable[[str, str], list[tuple[EstimateConfig, float]]]
    listener: Callable[[str, Note], None]
    _given: dict[tuple[str, str], _Noted] = field(default_factory=dict)

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return the process model of this kind, noted."""
        key = config.path, kind
        if key not in self._given:
            model = self.models.transform(config, kind)
            self._given[key] = _Noted(model, config.path, kind, self.present, self.listener)
        return self._given[key]


@dataclass
class _Noted:
    """A Transform that is noted."""

    model: Transform
    station: str
    kind: str
    present: Callable[[str, str], list[tuple[EstimateConfig, float]]]
    listener: Callable[[str, Note], None]

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases with their inputs as estimated."""
        estimates = self.present(self.station, self.kind)
        given = [
            replace(each, inputs=_as_estimated(each.inputs, estimates, number))
            for number, each in enumerate(phases, start=1)
        ]
        found = self.model.apply(start, given)
        note = Note(
            kind=self.kind,
            rows=len(next(iter(found[-1].values()))),
            start=_reduced(start),
            inputs=[_reduced(each.inputs) for each in phases],
            durations=[float(np.median(each.duration_s)) for each in phases],
            used={estimate.name: value for estimate, value in estimates},
            outputs=[{name: _mean(v) for name, v in each.items()} for each in found],
        )
        self.listener(self.station, note)
        return found


def _as_estimated(
    inputs: Mapping[str, float | np.ndarray],
    estimates: Sequence[tuple[EstimateConfig, float]],
    phase: int,
) -> dict[str, float | np.ndarray]:
    found = dict(inputs)
    for estimate, value in estimates:
        if value and estimate.quantity in found and estimate.acts_in(phase):
            found[estimate.quantity] = deviated(found[estimate.quantity], estimate, value)
    return found


def _reduced(values: Mapping[str, float | np.ndarray]) -> Row:
    return {name: _median(value) for name, value in values.items()}


def _median(value: float | np.ndarray) -> float:
    """Return the median of what is there; most inputs are one number for all rows."""
    if not isinstance(value, np.ndarray):
        return float(value)
    first = float(value.flat[0])
    return first if bool((value == first).all()) else float(np.nanmedian(value))


def _mean(values: np.ndarray) -> float:
    """Return the mean of what is there."""
    mean = float(values.mean())
    return float(np.nanmean(values)) if np.isnan(mean) else mean


def _medians(rows: Sequence[Row]) -> Row:
    return {name: float(np.median([row[name] for row in rows])) for name in rows[0]}


def _means(rows: Sequence[Row], weights: Sequence[int]) -> Row:
    return {
        name: float(np.average([row[name] for row in rows], weights=weights)) for name in rows[0]
    }
