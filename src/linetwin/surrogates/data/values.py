"""Numbers of a dataset's column: what they cannot be, whatever they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.estimation.calibrating.cells import has_strays
from linetwin.surrogates.data.dataset import ColumnSpec

if TYPE_CHECKING:
    from linetwin.cosim.units import Affine
    from linetwin.estimation.calibrating.tables import DataTable
    from linetwin.scenario.problems import Place, Problems
    from linetwin.surrogates.data.schema import DataColumn

_LARGEST: Final = 1e100
"""Largest number of a column: sums of squares, and products of three, are still numbers [A]."""


def has_factor(written: DataColumn, affine: Affine, place: Place, problems: Problems) -> bool:
    """Return whether a column's factor is above 0; else it is noted. `place`: the column's."""
    if affine.factor > 0:
        return True
    message = f"{written.factor} would {'turn' if affine.factor else 'wipe out'} all values"
    problems.add(place.below("factor"), message, "a factor above 0")
    return False


def check_values(
    written: DataColumn, values: np.ndarray, table: DataTable, place: Place, problems: Problems
) -> None:
    """Note numbers that a column of its role cannot hold, and that there are none.

    `values`: shape (rows,), canonical unit; `place`: the column's.
    """
    source = written.sources[0]

    def tell(wrong: np.ndarray, message: str, hint: str) -> None:
        if wrong.any():
            problems.add(table.place(int(np.flatnonzero(wrong)[0]), source), message, hint)

    far = np.abs(values) > _LARGEST
    if far.any():
        message = f"{values[far][0]:.3g} is too large a number to be reckoned with"
        tell(far, message, f"at most {_LARGEST:g}")
    if written.role in {"weight", "uncertainty"}:
        tell(values < 0, f"a {written.role} is negative", "0 or more")
    if written.role == "inclusion":
        wrong = (values <= 0) | (values > 1)
        tell(wrong, "is no probability of being chosen", "above 0, at most 1")
    if np.isnan(values).all() and not has_strays(table.texts(source)):
        hint = "leave it out, or another column"
        problems.add(place.below("column"), "has no number in any row", hint)


def weight(
    name: str, source: str, inclusion: np.ndarray
) -> tuple[ColumnSpec, np.ndarray, np.ndarray]:
    """Return 1 / the probability with which rows were chosen, and that all lie within limits.

    A row without a probability was not chosen by chance: nothing kept it from its outcome.
    """
    with np.errstate(divide="ignore"):  # 0 is told as a problem
        values = np.where(np.isnan(inclusion), 1.0, 1.0 / inclusion)
    spec = ColumnSpec(name, "weight", "1", source=source, written="1")
    return spec, values, np.ones(len(values), dtype=np.bool_)
