"""The table `hidden.parquet` beside the run folder's own: what of the truth was hidden, and how.

What sensors showed wrongly stands in the run folder itself: a column `measured_...` beside the true
one, and the list of disturbances in the manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from linetwin.results import parts
from linetwin.results.schemas import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.plant.carrying import HiddenRow

HIDDEN = Table(
    "hidden",
    (
        Column("tick", "int64", "ms", "when it was so", required=True),
        Column("node", "str", "", "tag", required=True),
        Column("kind", "str", "", "late | missing | out_of_order | duplicate | clock | held up"),
        Column("value", "float64", "", "true value, in the unit of the tag; NaN for text"),
        Column("text", "str", "", "true value, where it is text"),
        Column("told_tick", "int64", "ms", "tick in its source timestamp"),
        Column("arrived", "int64", "ms", "when it came to the server; -1: never"),
    ),
)
ROWS_PER_PART = 4_000


class HiddenTable:
    """Writes rows in closed parts, so that they can be read after a kill, and merges them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[HiddenRow] = []
        self._parts = 0

    def add(self, rows: list[HiddenRow]) -> None:
        """Append rows."""
        self._rows.extend(rows)
        if len(self._rows) >= ROWS_PER_PART:
            self.flush()

    def finish(self) -> None:
        """Write what waits and make one file of all parts."""
        self.flush()
        parts.merge(self._folder, HIDDEN)

    def flush(self) -> None:
        """Close a part of what waits."""
        if not self._rows:
            return
        self._parts += 1
        file = parts.part(self._folder, HIDDEN, self._parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        parts.write(pa.Table.from_pylist(self._rows, schema=HIDDEN.schema()), file)
        self._rows = []
