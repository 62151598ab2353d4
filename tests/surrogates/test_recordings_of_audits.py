"""An audit sample weighs what it stands for; what a person decided never does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.errors import ScenarioError
from linetwin.surrogates.data.reading import read_dataset

if TYPE_CHECKING:
    from pathlib import Path

DATASET = """\
schema: 1
dataset: cells
file: cells.csv
source: made for a test
licence: CC0-1.0
columns:
  burr_height: {column: burr, unit: um, role: feature}
  is_scrap: {column: scrap, unit: "1", role: target}
  weight: {column: inclusion, unit: "%", role: inclusion}
  foretold: {column: foretold, role: inspection}
  said: {column: said, role: judgement}
"""


def cells(folder: Path, inclusion: list[str]) -> Path:
    """Write a table of cells with the probability of having been kept, and its dataset file."""
    lines = ["burr,scrap,inclusion,foretold,said"]
    lines += [f"{n + 1},{n % 2},{text},good,accepted" for n, text in enumerate(inclusion)]
    (folder / "cells.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    file = folder / "cells.yaml"
    file.write_text(DATASET, encoding="utf-8")
    return file


def test_an_inclusion_probability_is_a_weight(tmp_path: Path) -> None:
    """Chosen with 2 % a cell stands for fifty; one that nothing stopped for itself."""
    data = read_dataset(cells(tmp_path, ["", "2", "100", "50"]))
    assert data.of_role("weight") == ("weight",)
    assert data.numbers("weight") == pytest.approx([1, 50, 1, 2])
    assert data.columns["weight"].shown(50.0) == "50"


@pytest.mark.parametrize("text", ["0", "-1", "101"])
def test_what_is_no_probability_is_refused(tmp_path: Path, text: str) -> None:
    """With line and column."""
    with pytest.raises(ScenarioError) as caught:
        read_dataset(cells(tmp_path, ["", text]))
    problem = caught.value.problems[0]
    assert problem.line == 3
    assert "above 0, at most 1" in problem.hint


def test_the_judgement_of_a_person_has_no_inclusion(tmp_path: Path) -> None:
    """The column of a judgement cannot weigh rows."""
    file = cells(tmp_path, ["", "2"])
    text = DATASET.replace("column: inclusion", "column: said")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="never trains as truth"):
        read_dataset(file)


def test_weights_bring_back_the_share_of_all_cells(tmp_path: Path) -> None:
    """4,000 cells, of which a rule stops 1,000 that are worse; a tenth of these finish."""
    chance = np.random.default_rng(3)
    bad = np.concatenate([chance.random(3000) < 0.08, chance.random(1000) < 0.60])
    kept = [*range(3000), *(3000 + chance.permutation(1000)[:100])]
    lines = ["burr,scrap,inclusion,foretold,said"]
    lines += [f"{n},{int(bad[n])},{'10' if n >= 3000 else ''},x,y" for n in kept]
    file = cells(tmp_path, [""])
    (tmp_path / "cells.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = read_dataset(file)
    scrap, weight = data.numbers("is_scrap"), data.numbers("weight")
    assert weight.sum() == pytest.approx(4000)
    share = np.average(scrap, weights=weight)
    # of the stopped part the sample tells its share to 0.049, a quarter of that counts
    assert abs(share - bad.mean()) < 2.6 * 0.049 / 4
    assert bad.mean() - scrap.mean() > 0.08
