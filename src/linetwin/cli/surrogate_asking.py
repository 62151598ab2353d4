"""`linetwin surrogate explain` and `invert`: why a prediction is so, and what reaches a goal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.surrogates.answers import Inverted

PredictorArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A predictor's file.")]
ChanceOption = Annotated[
    float, typer.Option("--chance", min=0.01, max=0.999, help="Chance asked of the goal.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def explain(  # noqa: PLR0913, PLR0917  one parameter per option
    file: PredictorArgument,
    table: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="TABLE", help="Rows: a table, a dataset file, a run or a study."
        ),
    ] = None,
    row: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of the rows: 'line 5', cell-000123.")
    ] = None,
    lot: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP=NAME",
            help="All rows of a lot against the others: 'cathode_roll=cathode.roll-0002'.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=AMOUNT", help="One row: each feature with its unit."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="GOAL", help="A goal: 'porosity=28 % to 30 %', 'capacity=at least 5 Ah'."
        ),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATION.NAME",
            help="What a machine's setting would have had to be: 'cathode.calender.line_load', or "
            "'cathode.calender.line_load=300 N/mm to 700 N/mm'; of a cell of a run.",
        ),
    ] = None,
    chance: ChanceOption = 0.9,
    json: JsonOption = False,
) -> None:
    """Tell what each feature adds to a prediction, its sensitivity, and what would have helped."""
    from linetwin.cli.printing import print_json, print_table, say
    from linetwin.predictors.evaluating import load
    from linetwin.surrogates import answers, goals, predicting

    _check_asked(table, row, settings)
    if lot is not None:
        other = row is not None or target is not None or bool(setting)
        _explain_lot(file, table, lot, as_json=json, other=other)
        return
    if setting:
        _explain_setting(file, table, row, (_one_setting(setting), target, chance), as_json=json)
        return
    with load(file) as predictor:
        own = predictor.card
        goal = goals.goal_of(target, own.target) if target is not None else None
        if table is not None:
            asked = predicting.asked_of_table(own, table)
        else:
            asked = predicting.asked_of_amounts(own, settings or [])
        at = _at(asked.names, row)
        found = answers.explained(
            predictor, asked.features[at], goal, chance, asked.standing.row(at)
        )
    if json:
        print_json(answers.explained_content(found))
        return
    for sentence in answers.explained_sentences(found):
        say(sentence)
    print_table("", answers.PART_HEADS, answers.part_rows(found), 1)
    _tell_origin(table, asked.names[at])


def invert(
    file: PredictorArgument,
    target: Annotated[
        str,
        typer.Option(metavar="GOAL", help="'porosity=28 % to 30 %', 'porosity=at most 30 %'."),
    ],
    limits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RANGE",
            help="What may be set: 'roll_gap=20 um to 60 um'; a name alone: all that was seen.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=AMOUNT", help="What is given: 'porosity_before=46 %'."),
    ] = None,
    chance: ChanceOption = 0.9,
    json: JsonOption = False,
) -> None:
    """Find the settings that reach a goal, and the window in which all do; exit code 2 for none."""
    from linetwin.predictors.evaluating import load
    from linetwin.surrogates import answers, goals

    with load(file) as predictor:
        own = predictor.card
        goal = goals.goal_of(target, own.target)
        low, high = goals.limits_of(own, limits or [], settings or [])
        found = answers.inverted(predictor, goal, low, high, chance)
    _tell_inverted(found, as_json=json)


def _tell_inverted(found: Inverted, *, as_json: bool) -> None:
    """Tell the window; ScenarioError, with the nearest place, where the goal is not reached."""
    from linetwin.cli.printing import print_json, print_table, say
    from linetwin.errors import Problem, ScenarioError
    from linetwin.surrogates import answers

    sentences, nearest = answers.inverted_sentences(found), answers.nearest_rows(found)
    if as_json:
        print_json(answers.inverted_content(found))
    elif found.found.reached:
        print_table("", answers.SETTING_HEADS, answers.setting_rows(found), 1)
        for sentence in sentences:
            say(sentence)
    elif nearest:
        print_table("", answers.NEAREST_HEADS, nearest, 1)
    if not found.found.reached:
        hint = "wider limits, or a wider goal" if nearest else "other limits, or other values"
        raise ScenarioError([Problem(sentences[0], hint=hint)])


def _explain_lot(file: Path, table: Path | None, lot: str, *, as_json: bool, other: bool) -> None:
    from linetwin.cli.printing import print_json, print_table, say
    from linetwin.errors import Problem, ScenarioError
    from linetwin.predictors.evaluating import load
    from linetwin.surrogates import lots, predicting
    from linetwin.surrogates.data.reading import read_dataset

    if table is None or not _is_dataset(table) or other:
        hint = "--data with a dataset file, a run or a study, and neither --row nor --target"
        raise ScenarioError([Problem("a lot is one of a dataset", "--lot", hint)])
    with load(file) as predictor:
        own = lots.rows_of(read_dataset(table), lot)
        asked = predicting.asked_of_table(predictor.card, table)
        found = lots.explained_lot(predictor, lot, asked.features, own)
    if as_json:
        print_json(lots.lot_content(found))
        return
    say(lots.lot_sentence(found))
    print_table("", lots.HEADS, lots.lot_rows(found), 1)


def _one_setting(asked: list[str]) -> str:
    """Return the setting that is asked about; ScenarioError where there are several."""
    from linetwin.errors import Problem, ScenarioError

    if len(asked) > 1:
        message = f"{len(asked)} settings: one is changed, all others stay"
        raise ScenarioError([Problem(message, "--setting", "one setting; ask again for the other")])
    return asked[0]


def _explain_setting(
    file: Path,
    table: Path | None,
    row: str | None,
    asked: tuple[str, str | None, float],
    *,
    as_json: bool,
) -> None:
    """Tell what a setting would have had to be for a cell; `asked`: setting, goal and chance."""
    from linetwin.cli.printing import print_json, say
    from linetwin.errors import Problem, ScenarioError
    from linetwin.predictors.evaluating import load
    from linetwin.surrogates.settings import asking, helping

    if table is None or not (table / "manifest.json").is_file() or row is None:
        hint = "--data RUN --row cell-000123"
        raise ScenarioError([Problem("a setting is one of a cell of a run", "--setting", hint)])
    with load(file) as predictor:
        found, good = asking.had_been_asked(predictor, table, row, *asked)
        if as_json:
            print_json({**helping.content(found), "goal": good, "cell": row})
            return
        for sentence in helping.sentences(found, predictor.card, good):
            say(sentence)


def _tell_origin(table: Path | None, name: str) -> None:
    """Say which lots a row is of, where it is one of a dataset."""
    from linetwin.cli.printing import say
    from linetwin.surrogates.data.reading import read_dataset
    from linetwin.surrogates.lots import origin_of

    if table is not None and _is_dataset(table):
        told = origin_of(read_dataset(table), name)
        if told:
            say(told)


def _is_dataset(table: Path) -> bool:
    return table.is_dir() or table.suffix in {".yaml", ".yml"}


def _check_asked(table: Path | None, row: str | None, settings: list[str] | None) -> None:
    from linetwin.errors import Problem, ScenarioError

    if (table is None) == (not settings):
        raise ScenarioError([Problem("what is asked?", hint="either --data TABLE or --set")])
    if table is None and row is not None:
        raise ScenarioError([Problem("is for a table", "--row", "leave it out")])


def _at(names: tuple[str, ...], row: str | None) -> int:
    """Return which row is meant: the one that is named, or the only one."""
    from linetwin.errors import Problem, ScenarioError
    from linetwin.scenario.problems import nearest

    if row is None and len(names) == 1:
        return 0
    if row is None or row not in names:
        message = "which of the rows?" if row is None else f"there is no row '{row}'"
        raise ScenarioError([Problem(message, "--row", nearest(row or "", names, "row"))])
    return names.index(row)
