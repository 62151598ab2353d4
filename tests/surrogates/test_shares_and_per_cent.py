"""Shares that are read as per cent: refused where that is certain, else said last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from neighbours import module_of
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ScenarioError
from linetwin.surrogates.learning.reading import read_training

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

learners = module_of("surrogates", "learners")
TARGET = 'porosity: {column: after, unit: "%"'


def shared(column: int, electrodes: Collection[int] = range(8)) -> list[str]:
    """Return a table whose column is in shares of 1 for some electrodes, else in per cent."""
    found = []
    for line in learners.rows():
        cells = line.split(",")
        if int(cells[2].removeprefix("E")) in electrodes:
            cells[column] = f"{float(cells[column]) / 100:.8f}"
        found.append(",".join(cells))
    return found


def refused(file: Path) -> str:
    """Return what is said of a training that is refused with exit code 2."""
    with pytest.raises(ScenarioError) as caught:
        read_training(file)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(("column", "name"), [(3, "porosity"), (1, "porosity_before")])
def test_a_porosity_below_one_per_cent_is_refused(tmp_path: Path, column: int, name: str) -> None:
    """A whole column of 0.24 to 0.46: as target and as feature, with the unit that it is in."""
    said = refused(learners.written(tmp_path, shared(column)))
    assert f"columns.{name}: " in said
    assert f"no {name} is so small: they are shares of 1" in said
    assert "`unit: 1`" in said
    mended = learners.DATASET.replace(
        f'column: {"after" if column == 3 else "before"}, unit: "%"',
        f'column: {"after" if column == 3 else "before"}, unit: "1"',
    )
    assert read_training(learners.written(tmp_path, shared(column), dataset=mended)).open == ()


def test_whole_batches_in_shares_are_refused(tmp_path: Path) -> None:
    """Two electrodes of eight: their names and the factor; limits say that all is right."""
    table = shared(3, {2, 5})
    said = refused(learners.written(tmp_path, table))
    assert "a factor of 100 (per cent and share), as if in 1" in said
    assert "all rows of electrode E2, E5" in said
    limits = learners.DATASET.replace(TARGET, f"{TARGET}, between: [0.01 %, 100 %]")
    training = read_training(learners.written(tmp_path, table, dataset=limits))
    assert any("a factor of 100" in each for each in training.warnings)


def test_where_no_quantity_tells_it_is_the_last_line(tmp_path: Path) -> None:
    """A porous share of the user's own name: a warning, said last; stated limits answer it."""
    own = learners.DATASET.replace(TARGET, 'pores: {column: after, unit: "%"')
    text = learners.TRAINING.replace("target: porosity", "target: pores")
    limits = learners.DATASET.replace(TARGET, f"{TARGET}, between: [0.1 %, 1 %]")
    output = tmp_path / "made.predictor"

    def told(training: str, dataset: str) -> list[str]:
        file = learners.written(tmp_path, shared(3), training, dataset)
        answer = CliRunner().invoke(app, ["surrogate", "train", str(file), "-o", str(output)])
        assert answer.exit_code == 0
        return answer.stderr.replace("\n", " ").split("warning: ")[1:]

    *_, last = found = told(text, own)
    assert len(found) > 1
    assert "pores: all values lie between" in last
    assert "If they are shares of 1, by a factor of 100" in last
    assert not any("all values lie between" in each for each in told(learners.TRAINING, limits))


def test_small_per_cents_are_left_in_peace(tmp_path: Path) -> None:
    """Moisture of 0.02 % and a porosity of 24 to 46 %: no warning."""
    table = [
        ",".join([*line.split(",")[:3], f"{float(line.split(',')[3]) / 1500:.6f}", "good"])
        for line in learners.rows()
    ]
    wet = learners.DATASET.replace(TARGET, 'moisture: {column: after, unit: "%"')
    text = learners.TRAINING.replace("target: porosity", "target: moisture")
    assert read_training(learners.written(tmp_path, table, text, wet)).open == ()
    assert read_training(learners.written(tmp_path, learners.rows())).open == ()
