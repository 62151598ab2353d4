"""`surrogate train` and `predict`: what is refused, warned of and shown on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neighbours import module_of

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk

learners = module_of("surrogates", "learners")


def test_a_wrong_unit_ends_the_training(clerk: Clerk, tmp_path: Path) -> None:
    """Exit code 2 with the finding of `surrogate data`, and nothing is written."""
    wrong = learners.DATASET.replace("unit: N/mm", "unit: kN/mm")
    training = learners.written(tmp_path, learners.rows(), dataset=wrong)
    output = tmp_path / "made.predictor"
    answer = clerk("surrogate", "train", training, "-o", output)
    assert answer.code == 2
    assert "Perhaps a factor of 1,000 (N/mm and N/m)" in answer.err
    assert not output.exists()
    report = clerk("surrogate", "data", tmp_path / "data.yaml")
    assert "48 of 48 values lie outside" in report.out
    assert "48 of 48 values lie outside" in answer.err


def test_a_few_odd_values_are_warned_of(clerk: Clerk, tmp_path: Path) -> None:
    """On stderr, beside a training that goes on; what lies outside is told in shown units."""
    table = learners.rows()
    table[0] = table[0].replace("100,", "100000,", 1)
    output = tmp_path / "made.predictor"
    answer = clerk("surrogate", "train", learners.written(tmp_path, table), "-o", output, "--json")
    assert answer.code == 0
    assert "warning: line_load: 1 of 48 values lie outside" in answer.err
    far = ("--set", "line_load=450 N/mm", "--set", "porosity_before=90 %")
    refused = clerk("surrogate", "predict", output, *far)
    assert "porosity_before is 90 %, seen 40 % to 47.7 %" in refused.out


def test_the_help_of_predict_keeps_its_brackets(clerk: Clerk) -> None:
    """A unit in brackets is text, and no markup."""
    assert "[um]" in clerk("surrogate", "predict", "--help").out
