"""A table for learning: numbers in canonical units, groups as text, and what each column is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from linetwin.cosim.units import SAME, Affine
from linetwin.errors import Problem, ScenarioError
from linetwin.scenario import units
from linetwin.scenario.problems import nearest
from linetwin.scenario.unit_words import shown_unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.quantities import Quantity
    from linetwin.surrogates.data.schema import Role
    from linetwin.surrogates.gauges import Gauge


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a dataset.

    `unit`: canonical UCUM, "" for text; `quantity`: its entry of the vocabulary, None where it has
    none; `source`: where it stood; `of`: whose standard uncertainty it is; `written`: the unit it
    was read in, with `scale`: canonical = factor x value there + offset; `label_error`: shares of
    true 1 that read 0, and of true 0 that read 1, None where nothing is said of it; `limited`:
    whether the file says between which limits its values lie.
    """

    name: str
    role: Role
    unit: str
    quantity: Quantity | None = None
    source: str = ""
    of: str = ""
    written: str = ""
    scale: Affine = SAME
    label_error: tuple[float, float] | None = None
    limited: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return bool(self.unit)

    @property
    def shown_unit(self) -> str:
        """The unit in which people read it: the vocabulary's, else that it was read in."""
        entry = self.quantity
        if entry is None:
            return shown_unit(self.written or self.unit or "1")
        return shown_unit(entry.display or entry.unit)

    def in_shown(self, value: float) -> float:
        """Return a canonical value in the shown unit."""
        if self.quantity is None:
            return (value - self.scale.offset) / self.scale.factor
        return units.in_display(value, self.quantity)

    def shown(self, value: float, digits: int = 4) -> str:
        """Return a canonical value as people read it."""
        return f"{self.in_shown(value):.{digits}g} {self.shown_unit}".strip()

    def shown_difference(self, value: float, digits: int = 3) -> str:
        """Return a difference or a standard deviation as people read it."""
        value = self.in_shown(value) - self.in_shown(0.0)
        return f"{value:.{digits}g} {self.shown_unit}".strip()


@dataclass(frozen=True)
class Dataset:
    """A dataset, checked and in canonical units.

    `frame`: a row an observation, a column a name of `columns`: float64 (NaN where not measured)
    or text; its index names the rows (line of the file, run, cell). `digest`: SHA-256 of the data,
    `mapping`: that of the dataset file, "" where there is none. `simulated`: whether models said
    all this. `gauges`: by the column that they read. `left_out`: why rows are not here -> how many.
    `within`: the group in which names of all other groups are told, "" where they hold anywhere.
    """

    name: str
    title: str
    frame: pd.DataFrame
    columns: Mapping[str, ColumnSpec]
    source: str
    licence: str
    digest: str
    file: Path
    mapping: str = ""
    simulated: bool = False
    gauges: Mapping[str, Gauge] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    within: str = ""

    def of_role(self, *roles: Role) -> tuple[str, ...]:
        """Return the names of the columns that are for something."""
        return tuple(name for name, spec in self.columns.items() if spec.role in roles)

    @property
    def features(self) -> tuple[str, ...]:
        """What a prediction is made from."""
        return self.of_role("feature")

    @property
    def targets(self) -> tuple[str, ...]:
        """What can be learnt: never a person's judgement."""
        return self.of_role("target")

    @property
    def groups(self) -> tuple[str, ...]:
        """What tells which rows belong together."""
        return self.of_role("group")

    def spec(self, name: str, *roles: Role) -> ColumnSpec:
        """Return a column that is for one of some things; ScenarioError where it is not."""
        found = self.columns.get(name)
        if found is not None and found.role in roles:
            return found
        what = " or ".join(roles)
        allowed = self.of_role(*roles)
        if found is None:
            message, hint = f"{self.name} has no column '{name}'", nearest(name, allowed, what)
        elif found.role == "judgement":
            message = f"'{name}' is a person's judgement, and no truth to learn from"
            hint = nearest("", allowed, what)
        else:
            message, hint = f"'{name}' is {found.role}, not {what}", nearest(name, allowed, what)
        raise ScenarioError([Problem(message, name, hint, self.file)])

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of numbers, shape (rows,), canonical unit, NaN where not measured."""
        return np.asarray(self.frame[name], dtype=np.float64)

    def codes(self, *groups: str) -> np.ndarray:
        """Return a number for each row's group, shape (rows,).

        By several groups: rows alike in all of them. A row whose group is not told, and every row
        where none is named, is a group of its own.
        """
        rows = len(self.frame)
        if not groups:
            return np.arange(rows)
        labels = [self.frame[name].to_numpy() for name in groups]
        told = [all(texts) for texts in zip(*labels, strict=True)]
        keys = [
            key if known else (row,)
            for row, (key, known) in enumerate(zip(zip(*labels, strict=True), told, strict=True))
        ]
        return np.asarray(pd.factorize(pd.Series(keys, dtype=object))[0], dtype=np.int64)

    def labels(self, group: str) -> list[str]:
        """Return each row's group by a name that holds in other datasets too; "" for none."""
        own: list[str] = self.frame[group].astype(str).tolist()
        if not self.within or group == self.within:
            return own
        outer = self.frame[self.within].astype(str)
        return [f"{run}/{text}" if text else "" for run, text in zip(outer, own, strict=True)]

    def row(self, index: int) -> str:
        """Return how a row is named: `line 12`, `cell-000012`."""
        label = str(self.frame.index[index])
        kind = str(self.frame.index.name or "row")
        return f"{kind} {label}" if label.isdigit() else label
