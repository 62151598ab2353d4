"""Columns of one length as arrays: what key figures ask of a frame, in a tenth of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rows:
    """Rows of a table, each column an array; like a frame they are chosen by a mask."""

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: Mapping[str, np.ndarray], length: int | None = None) -> None:
        self._columns = dict(columns)
        self._length = len(next(iter(self._columns.values()))) if length is None else length

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Rows:
        """Return the rows of a frame; text as objects."""
        return cls({str(name): frame[name].to_numpy() for name in frame.columns}, len(frame))

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    @overload
    def __getitem__(self, wanted: str) -> np.ndarray: ...
    @overload
    def __getitem__(self, wanted: np.ndarray | slice) -> Rows: ...
    def __getitem__(self, wanted: str | np.ndarray | slice) -> np.ndarray | Rows:
        """Return a column by its name, or rows by a mask, their numbers or a slice."""
        if isinstance(wanted, str):
            return self._columns[wanted]
        return Rows({name: values[wanted] for name, values in self._columns.items()})

    def assign(self, **columns: np.ndarray) -> Rows:
        """Return the rows with columns added or replaced."""
        return Rows({**self._columns, **columns}, self._length)

    def by(self, name: str) -> dict[str, Rows]:
        """Return the rows of each text in a column, in the order of their first rows."""
        codes, texts = pd.factorize(self._columns[name])
        order = np.argsort(codes, kind="stable")
        ordered = self[order]
        ends = np.cumsum(np.bincount(codes, minlength=len(texts))).tolist()
        return {
            str(text): ordered[first:last]
            for text, first, last in zip(texts, [0, *ends], ends, strict=False)
        }
