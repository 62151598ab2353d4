"""The physics of a training file, read as a calibration file is: same keys, same units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.cosim.units import conversion
from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.amounts import affine_of, difference
from linetwin.estimation.calibrating.bounds import read_axes
from linetwin.estimation.calibrating.columns import READ, SET, Columns
from linetwin.estimation.calibrating.schema import CalibrationFile
from linetwin.estimation.calibrating.subject import open_subject
from linetwin.estimation.calibrating.tables import DataTable
from linetwin.predictors.card import Physics, Taken
from linetwin.predictors.physics import PhysicsModel
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.problems import nearest
from linetwin.scenario.validation import Checked
from linetwin.surrogates.learning.physics import PhysicsFit

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.schema import ColumnWritten
    from linetwin.scenario.problems import Place, Problems
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.learning.schema import PhysicsWritten, TrainingFile


@dataclass
class _Parts(Columns):
    """Reads the parts of the physics, which stand below the key `physics`."""

    def place(self, *path: str | int) -> Place:
        """Return where a key stands."""
        return self.checked.document.place(("physics", *path))


def read_physics(
    checked: Checked[TrainingFile],
    dataset: Dataset,
    features: tuple[str, ...],
    target: str,
    problems: Problems,
) -> PhysicsFit | None:
    """Return the physics of a training; None where there is none, or with problems."""
    written = checked.model.physics
    if written is None:
        return None
    place = checked.document.place(("physics", "model"))
    try:
        subject = open_subject(written.model, None, None, place)
    except ScenarioError as error:
        problems.adopt(error, place)
        return None
    form = CalibrationFile.model_validate(
        {
            "schema": 1,
            "name": checked.model.name,
            "fit": written.fit,
            "set": written.settings,
            "outputs": {written.output: {"column": target}},
        }
    )
    table = DataTable(dataset.file, dataset.digest, {}, [], {}, [])
    parts = _Parts(subject, Checked(checked.document, form, frozenset()), table, problems)
    axes = read_axes(parts)
    settings: dict[str, float] = {}
    parts.set_alike(written.settings, ("set",), settings)  # type: ignore[arg-type]
    taken = [_taken(parts, name, own, features, dataset) for name, own in written.inputs.items()]
    output = _output(parts, written, dataset, target)
    if problems or output is None:
        return None
    name, factor, offset = output
    terms = Physics(
        model=written.model,
        token=subject.token,
        settings={key: float(value) for key, value in settings.items()},
        inputs=[each for each in taken if each is not None],
        fitted={axis.name: axis.start for axis in axes},
        output=name,
        factor=factor,
        offset=offset,
    )
    return PhysicsFit(terms, PhysicsModel(terms, features), axes)


def _taken(
    parts: _Parts, name: str, own: ColumnWritten, features: tuple[str, ...], dataset: Dataset
) -> Taken | None:
    """Return how a variable follows from a feature, in the feature's canonical unit."""
    place = parts.place("inputs", name)
    found = parts.channel(name, place, SET)
    if own.column not in features:
        parts.problems.add(place, f"'{own.column}' is no feature here", nearest("", features))
        return None
    if own.unit is not None:
        hint = "features are read in their canonical units"
        parts.problems.add(place.below("unit"), "is not needed", hint)
    if found is None:
        return None
    unit = dataset.columns[own.column].unit
    affine = affine_of(own, found, unit, place, parts.problems)
    shift: float | None = 0.0
    if own.offset is not None:
        shift = difference(own.offset, found, place.below("offset"), parts.problems)
    if affine is None or shift is None:
        return None
    return Taken(
        variable=found.variable.name,
        feature=own.column,
        factor=affine.factor,
        offset=affine.offset + shift,
    )


def _output(
    parts: _Parts, written: PhysicsWritten, dataset: Dataset, target: str
) -> tuple[str, float, float] | None:
    """Return the output's variable, and factor and offset to the target's canonical unit."""
    place = parts.place("output")
    found = parts.channel(written.output, place, READ)
    if found is None:
        return None
    try:
        affine = conversion(found.unit, parse_unit(dataset.columns[target].unit))
    except ValueError as error:
        parts.problems.add(place, f"does not fit the target: {error}", f"as {target}")
        return None
    return found.variable.name, affine.factor, affine.offset
