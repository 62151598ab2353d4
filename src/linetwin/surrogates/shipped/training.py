"""Training the shipped set: designs are run, cells are joined, each file is written and learnt."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.store import SUFFIX, write
from linetwin.scenario.problems import nearest
from linetwin.surrogates.designs.reading import Asked, read_design
from linetwin.surrogates.designs.working import carry_out
from linetwin.surrogates.learning.reading import LEAST_OF_EACH, read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.words import weighing
from linetwin.surrogates.learning.writing import stored_of
from linetwin.surrogates.shipped.cells import cells_of, findings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset

    Telling = Callable[[str, int, int], None]

POINTS: Final = 64
DESIGNS: Final = {
    "porosity": Asked(
        subject="calendering",
        process=None,
        kind="sobol",
        vary=(
            "line_load=200 N/mm to 900 N/mm",
            "porosity_before=40 % to 55 %",
            "roll_temperature=20 Cel to 80 Cel",
        ),
        read=("settled_porosity",),
        points=POINTS,
    ),
    "loading": Asked(
        subject="coating",
        process=None,
        kind="sobol",
        vary=(
            "pump_flow=8e-7 m3/s to 1.3e-6 m3/s",
            "web_speed=1.5 m/min to 2.5 m/min",
            "solids_fraction=60 % to 72 %",
            "slurry_density=2000 kg/m3 to 2250 kg/m3",
        ),
        duration="30 s",
        read=("loading",),
        points=POINTS,
    ),
    "drying": Asked(
        subject="drying",
        process=None,
        kind="sobol",
        vary=(
            "loading=15 mg/cm2 to 25 mg/cm2",
            "air_temperature=90 Cel to 130 Cel",
            "heat_transfer_coefficient=10 W/(m2.K) to 60 W/(m2.K)",
            "duration=30 s to 140 s",
        ),
        read=("solvent_loading", "adhesion_index"),
        points=2 * POINTS,
    ),
    "viscosity": Asked(
        subject="mixing",
        process=None,
        kind="sobol",
        vary=(
            "rotor_speed=8 1/s to 30 1/s",
            "jacket_temperature=10 Cel to 40 Cel",
            "solvent_feed=8e-4 kg/s to 1.1e-3 kg/s",
            "particle_size_factor=0.8 to 1.2",
        ),
        settings=(
            "active_material_feed=1.787e-3 kg/s",
            "conductive_additive_feed=3.7e-5 kg/s",
            "binder_feed=3.7e-5 kg/s",
        ),
        duration="1 h",
        read=("viscosity",),
        points=POINTS,
    ),
}
"""Ranges of a pilot cathode line about its recipe [A]; feeds of NMC 96/2/2."""
PROCESSES: Final = {
    "porosity": "porosity",
    "loading": "loading",
    "residual_solvent": "drying",
    "adhesion": "drying",
    "viscosity": "viscosity",
}
"""Training files of processes, and the design that each learns from."""
CELLS: Final = (
    *("capacity", "resistance", "first_cycle_efficiency", "self_discharge"),
    *("grade_a", "scrap"),
)
_FINDING: Final = "finding"
_PLACE: Final = "FINDING"


@dataclass(frozen=True)
class Made:
    """What became of one training: the file, or why there is none; `seconds` that it took."""

    name: str
    file: Path | None
    said: str
    seconds: float


def train_shipped(
    runs: Sequence[Path], folder: Path, only: Sequence[str], tell: Telling
) -> Iterator[Made]:
    """Train the shipped set into a folder, one after another; `only`: by name, all where empty.

    Trainings of cells need a run; what cannot be learnt from the data is told, and not made.
    ScenarioError for an unknown name; errors as `read_dataset` and `read_design`.
    """
    cells = cells_of(runs) if runs else None
    names = _names(cells)
    for name in only:
        if name not in names:
            problem = Problem(f"no shipped training '{name}'", "--only", nearest(name, names))
            raise ScenarioError([problem])
    folder.mkdir(parents=True, exist_ok=True)
    for name in only or names:
        begun = time.monotonic()
        try:
            file, said = _trained(name, cells, folder, tell)
        except ScenarioError as error:
            yield Made(name, None, str(error), time.monotonic() - begun)
        else:
            yield Made(name, file, said, time.monotonic() - begun)


def _names(cells: Dataset | None) -> tuple[str, ...]:
    if cells is None:
        return tuple(PROCESSES)
    return (*PROCESSES, *CELLS, *findings_of(cells, LEAST_OF_EACH))


def _trained(name: str, cells: Dataset | None, folder: Path, tell: Telling) -> tuple[Path, str]:
    """Write the training file, learn, and write the predictor; return it and its winner."""
    design = PROCESSES.get(name)
    shipped = name if design or name in CELLS else _FINDING
    text = (files(__package__) / f"{shipped}.yaml").read_text(encoding="utf-8")
    file = folder / f"{name}.yaml"
    file.write_text(text.replace(_PLACE, name), encoding="utf-8")
    if design:
        target = folder / "designs" / design
        target.mkdir(parents=True, exist_ok=True)
        carry_out(read_design(DESIGNS[design], None), target, tell)
        training = read_training(file)
    else:
        training = read_training(file, dataset=cells)
    trained = train(training.learning, training.file.candidates, tell)
    stored = stored_of(training, trained)
    output = folder / f"{name}{SUFFIX}"
    write(stored, output)
    card = stored.card
    return output, " ".join([card.said[1 if card.target.chance else 0], *weighing(card.data)])
