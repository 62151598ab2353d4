"""What may stand in a training file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from linetwin.estimation.calibrating.schema import ColumnWritten, FitWritten, share
from linetwin.predictors.levels import COVERAGE
from linetwin.scenario.absent import Given
from linetwin.scenario.written import FileHead, Identifier, Strict, Writing, as_table
from linetwin.surrogates.data.schema import ColumnName

CandidateName = Literal[
    "mean", "physics", "linear", "quadratic", "hybrid", "gaussian", "trees", "network"
]


class LawsWritten(Strict):
    """What the target obeys: `between` two amounts, above 0, monotonic in features."""

    between: Annotated[list[object] | None, Given, Field(min_length=2, max_length=2)] = None
    positive: bool = False
    decreases: list[ColumnName] = Field(default_factory=list)
    increases: list[ColumnName] = Field(default_factory=list)


class PhysicsWritten(Strict):
    """A shipped model, initialised at each row; `column` of an input names a feature."""

    model: Identifier
    fit: Annotated[dict[Identifier, FitWritten], Field(min_length=1)]
    settings: dict[Identifier, Writing] = Field(default_factory=dict, alias="set")
    inputs: dict[Identifier, Annotated[ColumnWritten, as_table("column")]]
    output: Identifier


class TrainingFile(FileHead):
    """A training: which target is learnt from which features of a dataset, and its laws.

    `uncertainty`: the column with the standard uncertainty of the target, used in fits.
    `groups`: held out together; left out the coarsest kind, empty rows with equal features.
    """

    dataset: str
    target: ColumnName
    features: list[ColumnName] = Field(default_factory=list)
    groups: Annotated[list[ColumnName] | None, Given] = None
    weight: Annotated[ColumnName | None, Given] = None
    uncertainty: Annotated[ColumnName | None, Given] = None
    laws: LawsWritten = LawsWritten()
    physics: PhysicsWritten | None = None
    score: Literal["absolute", "relative"] | None = None
    coverage: Annotated[float, Field(ge=0.5, le=0.99), BeforeValidator(share)] = COVERAGE
    candidates: list[CandidateName] = Field(default_factory=list)
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
