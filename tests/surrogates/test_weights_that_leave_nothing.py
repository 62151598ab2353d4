"""Weights by which next to nothing counts are refused; lopsided ones are a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from neighbours import module_of

from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.surrogates.learning.reading import Training

learners = module_of("surrogates", "learners")
DATASET = learners.DATASET.replace(
    "opinion: {column: said, role: judgement}", 'counts: {column: said, role: weight, unit: "1"}'
)


def read(folder: Path, weights: Sequence[float]) -> Training:
    """Return the training of 48 rows of 8 electrodes, each with its weight."""
    table = [
        f"{line.rsplit(',', 1)[0]},{weight!r}"
        for line, weight in zip(learners.rows(), weights, strict=True)
    ]
    found: Training = learners.read_training(learners.written(folder, table, dataset=DATASET))
    return found


def test_one_row_that_outweighs_all_is_refused(tmp_path: Path) -> None:
    """Exit code 2 with row, column and what is left, before anything is learnt."""
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, [1e9 if at == 3 else 1.0 for at in range(48)])
    assert caught.value.exit_code == 2
    said = str(caught.value)
    assert "columns.counts: weights leave of 48 rows as much as 1 of equal weight" in said
    assert "line 5 alone has 100 % of all weight" in said
    assert "at least 10 rows and 4 groups" in said


def test_weights_of_zero_are_refused(tmp_path: Path) -> None:
    """Not as a table without rows: as weights that are all 0."""
    with pytest.raises(ScenarioError, match=r"columns\.counts: no row has a weight above 0"):
        read(tmp_path, [0.0] * 48)


def test_one_group_that_outweighs_all_is_refused(tmp_path: Path) -> None:
    """Twelve rows of two electrodes count: 12 rows, but no more than two groups."""
    with pytest.raises(ScenarioError, match="of 8 groups 2: "):
        read(tmp_path, [1e6 if at < 12 else 1.0 for at in range(48)])


def test_fewer_rows_than_groups_are_a_warning(tmp_path: Path) -> None:
    """Rows of 20 electrodes: 16 rows tell as much; an audit's weights of 1 and 5 say nothing."""
    dataset = DATASET
    lines = learners.rows(electrodes=20)
    for heavy, warned in ((1000.0, True), (5.0, False)):
        weights = [heavy if at % 8 == 3 else 1.0 for at in range(len(lines))]
        table = [
            f"{line.rsplit(',', 1)[0]},{weight!r}"
            for line, weight in zip(lines, weights, strict=True)
        ]
        training = learners.read_training(learners.written(tmp_path, table, dataset=dataset))
        said = [each for each in training.warnings if each.startswith("weights leave")]
        assert bool(said) is warned
        if warned:
            assert "of 120 rows as much as 15.2 of equal weight" in said[0]
