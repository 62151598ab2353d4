"""`linetwin surrogate train`, `card` and `predict`: from a dataset to a predictor at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.predictors.card import Card
    from linetwin.predictors.store import Stored
    from linetwin.surrogates.learning.reading import Training
    from linetwin.surrogates.learning.registry import Entry
    from linetwin.surrogates.learning.training import Trained

PredictorArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A predictor's file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def train(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A training file.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="NAME.predictor", help="The file to write."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--data", metavar="PATH", help="The table, in place of the dataset's own."),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Predictors in force: only a better one takes over."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare candidates on held-out groups, and keep the simplest that is as good as the best."""
    from linetwin.cli.calibrating import progress
    from linetwin.cli.printing import print_json, say_aside
    from linetwin.predictors.store import write
    from linetwin.surrogates.learning.reading import read_training
    from linetwin.surrogates.learning.registry import enter
    from linetwin.surrogates.learning.training import train as learn
    from linetwin.surrogates.learning.writing import stored_of

    _check_installed("sklearn", "onnx")
    _check_output(output, registry)
    training = read_training(file, table)
    for warning in training.warnings:
        say_aside(f"warning: {warning}")
    with progress("training") as tell:
        trained = learn(training.learning, training.file.candidates, tell)
    stored = stored_of(training, trained)
    if output is not None:
        write(stored, output)
    entry = enter(stored, registry) if registry is not None else None
    if json:
        kept = {} if entry is None else {"taken": entry.taken, "said": entry.said}
        print_json({**_content(stored), "file": str(output or ""), "registry": kept})
    else:
        _tell(training, trained, stored)
        _tell_files(output, entry)
    _tell_last(training, trained)


def card(file: PredictorArgument, json: JsonOption = False) -> None:
    """Say what a predictor was trained on, how good it is, and where it may be asked."""
    from linetwin.cli.printing import print_json
    from linetwin.predictors.store import read

    _check_installed("onnx")
    stored = read(file)
    if json:
        print_json(_content(stored))
    else:
        _tell_card(stored.card)


def predict(
    file: PredictorArgument,
    table: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="TABLE",
            help="Rows: a table with columns such as 'roll_gap \\[um]', a dataset file, or a run.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=AMOUNT", help="One row: each feature with its unit."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Predict rows with intervals; what is unlike all that was seen is refused."""
    from linetwin.cli.printing import print_json, print_table, say
    from linetwin.errors import Problem, ScenarioError
    from linetwin.predictors.evaluating import load
    from linetwin.surrogates import predicting

    _check_installed("onnx", "onnxruntime")
    if (table is None) == (not settings):
        raise ScenarioError([Problem("what is asked?", hint="either --data TABLE or --set")])
    with load(file) as predictor:
        own = predictor.card
        if table is not None:
            asked = predicting.asked_of_table(own, table)
        else:
            asked = predicting.asked_of_amounts(own, settings or [])
        found = predictor.predict(asked.features, asked.standing.unseen)
    if json:
        print_json(predicting.told_content(own, asked, found))
        return
    what = "probability of " if own.target.chance else ""
    notes = asked.standing.notes(own.coverage)
    where = " where nothing else is said" if notes else ""
    say(f"{own.name}: {what}{own.target.name}, intervals of {100 * own.coverage:g} %{where}")
    for note in notes:
        say(note)
    print_table("", predicting.HEADS, predicting.told_rows(own, asked, found), 2)


def _check_installed(*packages: str) -> None:
    from importlib.util import find_spec

    from linetwin.errors import LinetwinError

    for package in packages:
        if find_spec(package) is None:
            raise LinetwinError(f"{package} is not installed: pip install linetwin[surrogate]")


def _check_output(output: Path | None, registry: Path | None) -> None:
    from linetwin.errors import Problem, ScenarioError
    from linetwin.predictors.store import SUFFIX

    if output is None and registry is None:
        hint = f"-o NAME{SUFFIX}, or --registry FOLDER"
        raise ScenarioError([Problem("where shall the predictor go?", "-o", hint)])
    if output is not None and output.suffix != SUFFIX:
        raise ScenarioError([Problem(f"{output} is no name of a predictor", "-o", f"*{SUFFIX}")])
    if output is not None and output.is_dir():
        raise ScenarioError([Problem(f"{output} is a folder", "-o", "the name of a file")])
    if registry is not None and registry.exists() and not registry.is_dir():
        raise ScenarioError([Problem(f"{registry} is a file", "--registry", "a folder")])


def _content(stored: Stored) -> dict[str, object]:
    found: dict[str, object] = stored.card.model_dump(mode="json")
    return found


def _tell(training: Training, trained: Trained, stored: Stored) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.predictors.levels import promises
    from linetwin.surrogates.learning import classes_words, words

    learning, data = training.learning, stored.card.data
    say(f"{stored.card.name}: {learning.target_name} from {', '.join(learning.names)}")
    say(f"{data.name}: {data.rows} rows, {data.groups} groups ({data.group})")
    if training.left_out:
        say(f"rows left out, for want of the target or of a feature: {training.left_out}")
    if training.constant:
        say(f"features left out, for they never change: {', '.join(training.constant)}")
    told = classes_words if learning.chance else words
    print_table("", told.HEADS, told.rows(training, trained), 1)
    for sentence in [*stored.card.said, *promises(stored.card)]:
        say(sentence)
    for each in trained.covered[1:]:
        say(f"  {words.coverage_text(each)}")
    for law in stored.card.laws:
        say(f"Law: {law}.")


def _tell_last(training: Training, trained: Trained) -> None:
    """Say again what may make all of it worthless: a law that data break, a unit left open."""
    from linetwin.cli.printing import say_aside
    from linetwin.surrogates.learning.words import against_laws

    for warning in [*against_laws(training, trained), *training.open]:
        say_aside(f"warning: {warning}")


def _tell_files(output: Path | None, entry: Entry | None) -> None:
    from linetwin.cli.printing import say

    if output is not None:
        say(f"predictor: {output}")
    if entry is not None:
        say(f"registry:  {entry.said}")
        say(f"in force:  {entry.file}")


def _tell_card(card: Card) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.predictors.levels import promises
    from linetwin.surrogates.goals import spec_of
    from linetwin.surrogates.learning.words import coverage_text

    unit = spec_of(card.target).shown_unit
    say(f"{card.name}: {card.target.name}{f' [{unit}]' * bool(unit)}, made {card.made}")
    say(f"model: {card.winner}" + (f" on {card.physics.model}" if card.physics else ""))
    say(f"data: {card.data.name}; {card.data.source}; licence {card.data.licence}")
    say(f"      {card.data.rows} rows, {card.data.groups} groups; SHA-256 {card.data.digest}")
    specs = [(each, spec_of(each)) for each in card.features]
    rows = [
        [each.name, spec.shown_unit, *(f"{spec.in_shown(v):.5g}" for v in (each.low, each.high))]
        for each, spec in specs
    ]
    print_table("", ("feature", "unit", "from", "to"), rows, 2)
    for text in [*card.said, *promises(card)]:
        say(text)
    for each in card.covered[1:]:
        say(f"  {coverage_text(each)}")
    for law in card.laws:
        say(f"Law: {law}.")
    say("versions: " + ", ".join(f"{name} {text}" for name, text in card.versions.items()))
    say(f"card and model: SHA-256 {card.model_digest}")
