"""`linetwin surrogate shipped` and `causes`: the shipped set, and what is wrong in a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.surrogates.hidden.naming import Named
    from linetwin.surrogates.shipped.training import Made

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def shipped(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where predictors go.")
    ],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN...", help="Runs whose cells are learnt from."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One training; repeatable.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train the shipped set: processes from designs over our models, cells from runs."""
    from linetwin.cli.calibrating import progress
    from linetwin.cli.printing import print_json, say
    from linetwin.errors import Problem, ScenarioError
    from linetwin.surrogates.shipped.training import train_shipped

    if output.exists() and not output.is_dir():
        raise ScenarioError([Problem(f"{output} is a file", "-o", "a folder")])
    made = []
    _warn_of_few(len(runs or []))
    with progress("training") as tell:
        for each in train_shipped(runs or [], output, only or [], tell):
            made.append(each)
            if not json:
                say(_told(each))
    if json:
        print_json([_content(each) for each in made])
    if not any(each.file for each in made):
        raise ScenarioError([Problem("nothing could be learnt", hint="more, or larger, runs")])


def causes(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    sound: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="A sound run of the line, 3 or more; repeatable."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Name station and lot that are not as usual, from what a quality team reads of a run."""
    from linetwin.cli.printing import print_json, say, say_aside
    from linetwin.results import read
    from linetwin.surrogates.hidden.naming import named
    from linetwin.surrogates.hidden.sound import chance_text, normal_of

    normal = normal_of(run, sound) if sound else None
    found = named(read(run), normal)
    if normal is not None:
        say_aside(chance_text(normal.runs))
    if json:
        print_json([_named(each) for each in found])
        return
    for number, each in enumerate(found, 1):
        after = f" (may follow from {each.follows})" if each.follows else ""
        say(f"{number}. {each.station}, {each.lot}: {each.said}{after}")
    if not found:
        say("nothing is beyond what is usual")


def _warn_of_few(runs: int) -> None:
    """Say beforehand what intervals from so many runs cannot promise."""
    from linetwin.cli.printing import say_aside
    from linetwin.predictors.levels import COVERAGE, LEAST_GROUPS, enough

    wanted = enough(COVERAGE)
    if 0 < runs < LEAST_GROUPS:
        many, these = ("1 run", "it") if runs == 1 else (f"{runs} runs", "these")
        say_aside(
            f"warning: {many}: intervals of cells hold within {these} only, and of the next order "
            f"nothing is promised; {wanted} runs carry that ({LEAST_GROUPS} with errors taken as "
            "normal)"
        )
    elif 0 < runs < wanted:
        say_aside(
            f"warning: of {runs} runs errors are taken as normal; {wanted} need no assumption"
        )


def _told(made: Made) -> str:
    what = made.said if made.file else f"not trained: {made.said}"
    return f"{made.name} ({made.seconds:.0f} s): {what}"


def _content(made: Made) -> dict[str, object]:
    return {
        "name": made.name,
        "file": str(made.file or ""),
        "said": made.said,
        "seconds": made.seconds,
    }


def _named(each: Named) -> dict[str, object]:
    return {
        "station": each.station,
        "lot": each.lot,
        "lots": list(each.lots),
        "quantity": each.quantity,
        "strength": each.strength,
        "said": each.said,
        "follows": each.follows,
    }
