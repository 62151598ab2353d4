"""`linetwin surrogate quarantine`: which of the cells that are stopped finish all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EPILOG = (
    "Example: linetwin surrogate quarantine runs/baseline --predictors predictors --by ann "
    "--reason 'audit of week 47'"
)


def quarantine(  # noqa: PLR0913, PLR0917  one parameter per option
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who draws.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    predictors: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE|FOLDER", help="The predictors that stop; may be repeated."),
    ] = None,
    cells: Annotated[
        int | None,
        typer.Option("--cells", min=1, metavar="N", help="How many (as the policy has it)."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="SEED", help="Of the draw (the run's).")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The quality policy (the shipped one).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw which of the cells that a prediction stops finish in quarantine, into RUN/review.log."""
    from dataclasses import asdict

    from linetwin.cli.printing import print_json, say
    from linetwin.cli.surrogate_reviewing import check_installed
    from linetwin.errors import Problem, ScenarioError
    from linetwin.results.display import counted
    from linetwin.surrogates.review.quarantining import Wanted
    from linetwin.surrogates.review.quarantining import quarantine as drawn

    if not predictors:
        hint = "those that stop cells"
        raise ScenarioError([Problem("no predictor is named", "--predictors", hint)])
    check_installed(predictors)
    found = drawn(run, predictors, policy, Wanted(by, reason, cells, seed))
    if json:
        print_json(asdict(found))
        return
    every = len(found.cells) + len(found.scrapped)
    say(f"{every:,} cells are stopped, of which {found.expected:.1%} are faulty as predicted")
    if found.cells:
        chance = next(iter(found.cells.values()))
        say(f"{len(found.cells):,} finish in quarantine, drawn with {chance:.3g} by seed "
            f"{found.seed}: {', '.join(sorted(found.cells)[:10])}"
            f"{' ...' if len(found.cells) > 10 else ''}")  # fmt: skip  # noqa: PLR2004
    say(f"{len(found.scrapped):,} are to be scrapped: they have no outcome; entry {found.seq}")
    if found.shipped:
        say(f"{len(found.shipped):,} of these have been shipped: to be recalled (--json)")
    if found.held:
        say(f"{counted(found.held, 'cell')} on hold took no part: surrogate contain")
