"""What a calibration says of rows, and of a table without groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from calibrations import LOAD, compacted, fitted, write_table

from linetwin.estimation.calibrating import telling
from linetwin.estimation.calibrating.page import calibration_page
from linetwin.estimation.calibrating.writing import content

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.estimation.calibrating.solving import Calibration

HEAD = ("load", "before", "after", "electrode")


def made(folder: Path, beyond: int, text: str = LOAD) -> Calibration:
    """Return a fit of which the last rows have line loads beyond the model's range."""
    rows = compacted(24.0, 420.0)
    rows = np.column_stack([rows, np.arange(len(rows)) % 4])
    rows[:, 2] += np.random.default_rng(3).normal(0, 0.5, len(rows))
    if beyond:
        rows[-beyond:, 0] = 1e5
    return fitted(text, write_table(folder / "table.csv", HEAD, rows), folder)


def test_rows_outside_of_the_models_range_are_named(tmp_path: Path) -> None:
    """One row lies, two rows lie; by the lines of the table, head included."""
    for beyond, said in (
        (1, "1 row lies outside of the range that the model declares: line 17"),
        (2, "2 rows lie outside of the range that the model declares: line 16, 17"),
        (7, "7 rows lie outside of the range that the model declares: line 11, 12, 13, 14, 15, "),
    ):
        calibration = made(tmp_path, beyond)
        assert any(text.startswith(said) for text in telling.warnings_of(calibration))
        assert content(calibration)["data"]["lines_outside_of_the_models_range"] == list(
            range(18 - beyond, 18)
        )


def test_group_out_stands_only_where_groups_are_given(tmp_path: Path) -> None:
    """Without groups it would repeat the column "row out"; with them both stand, and differ."""
    alone = made(tmp_path, 0)
    heads = telling.score_heads(alone)
    assert "group out" not in heads
    assert "group out" not in calibration_page(alone)
    (row,) = telling.score_rows(alone)
    assert row[heads.index("row out")] == f"{alone.scores[0].by_row:.4g}"
    grouped = made(tmp_path, 0, LOAD + "groups: [electrode]\n")
    (row,) = telling.score_rows(grouped)
    told = dict(zip(telling.score_heads(grouped), row, strict=True))
    assert told["group out"] == f"{grouped.scores[0].by_group:.4g}"
    assert told["group out"] != told["row out"]
