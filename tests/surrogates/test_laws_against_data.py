"""Where data go against a stated law, that is said: not that nothing can be predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from neighbours import module_of
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.surrogates.learning import classes_words, words

if TYPE_CHECKING:
    from pathlib import Path

learners = module_of("surrogates", "learners")
WRONG = learners.TRAINING.replace("decreases:", "increases:").replace("[linear]", "[mean, linear]")


def test_a_law_that_data_break_is_named(tmp_path: Path) -> None:
    """Porosity falls with the load, and is said to rise: feature, share of rows, both errors."""
    training = learners.read_training(learners.written(tmp_path, learners.rows(), WRONG))
    trained = learners.train(training.learning, training.file.candidates)
    assert trained.winner.name == "mean"
    text = " ".join(words.sentences(training, trained))
    assert "nothing can be predicted" not in text
    assert "of those that keep the laws: " in text
    said = next(each for each in text.split(". ") if "breaks the stated law" in each)
    assert said.startswith("Linear would have ")
    assert "porosity falls with line_load at 100 % of the rows" in said
    errors = {each.name: f"{100 * each.error:.3g} %" for each in trained.scored}
    assert f"would have {errors['linear']}, not {errors['mean']}" in said
    assert "law, its sign or the data are wrong" in text


def test_a_law_that_holds_and_noise_are_told_as_before(tmp_path: Path) -> None:
    """No such sentence where the law holds; of mere noise nothing can be predicted."""
    right = WRONG.replace("increases:", "decreases:")
    training = learners.read_training(learners.written(tmp_path, learners.rows(), right))
    trained = learners.train(training.learning, training.file.candidates)
    text = " ".join(words.sentences(training, trained))
    assert "breaks the stated law" not in text
    assert "of those that keep" not in text
    table = learners.rows()
    after = [line.split(",")[3] for line in table]
    shuffled = np.random.default_rng(3).permutation(after).tolist()
    noise = [
        ",".join([*line.split(",")[:3], one, "good"])
        for line, one in zip(table, shuffled, strict=True)
    ]
    training = learners.read_training(learners.written(tmp_path, noise, WRONG))
    trained = learners.train(training.learning, training.file.candidates)
    text = " ".join(words.sentences(training, trained))
    assert trained.winner.name == "mean"
    assert "nothing can be predicted from these features" in text


def test_of_a_probability_it_is_said_too(tmp_path: Path) -> None:
    """Scrap is likelier at high loads, and is said to be rarer there."""
    table = []
    for at, line in enumerate(learners.rows(electrodes=16)):
        load, before, electrode, *_ = line.split(",")
        one = int(float(load) > 500) if at % 9 else int(float(load) < 500)
        table.append(f"{load},{before},{electrode},{one},good")
    dataset = learners.DATASET.replace(
        'porosity: {column: after, unit: "%"', 'is_scrap: {column: after, unit: "1"'
    )
    text = WRONG.replace("target: porosity", "target: is_scrap")
    text = text.replace("{between: [0 %, 100 %], increases:", "{decreases:")
    training = learners.read_training(learners.written(tmp_path, table, text, dataset))
    trained = learners.train(training.learning, training.file.candidates)
    said = " ".join(classes_words.sentences(training, trained))
    assert "breaks the stated law: is_scrap rises with line_load" in said
    assert "would have a log loss of 0." in said
    assert "nothing can be predicted" not in said


def test_the_command_says_it_last(tmp_path: Path) -> None:
    """In the text, the card, and as the last line."""
    output = tmp_path / "made.predictor"
    training = learners.written(tmp_path, learners.rows(), WRONG)
    run = CliRunner()
    answer = run.invoke(app, ["surrogate", "train", str(training), "-o", str(output)])
    assert answer.exit_code == 0
    assert "breaks the stated law" in answer.stdout
    assert "breaks the stated law" in answer.stderr.replace("\n", " ").split("warning: ")[-1]
    told = run.invoke(app, ["surrogate", "card", str(output)])
    assert "breaks the stated law" in told.stdout.replace("\n", " ")
