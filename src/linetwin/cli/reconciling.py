"""`linetwin live reconcile`: names of lots that only a person can settle."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from linetwin.twin.lot_answers import Reconciled
    from linetwin.twin.reconciliation import Resolution

_HEADINGS = ["question", "time", "taken for", "read at", "read", "why", "proposed or possible"]
_MOST_ROWS = 50


def reconcile(  # noqa: PLR0913, PLR0917  one parameter per option
    recording: Annotated[Path, typer.Argument(metavar="FOLDER", help="A recording.")],
    accept: Annotated[
        list[str] | None, typer.Option(metavar="QUESTION", help="Take what is proposed, or --lot.")
    ] = None,
    lot: Annotated[
        str | None, typer.Option(metavar="NAME", help="The lot that it was, for --accept.")
    ] = None,
    refuse: Annotated[
        list[str] | None, typer.Option(metavar="QUESTION", help="It is none of those proposed.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Another version of the mapping than the recording's.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List all questions.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List lots whose names are late, mistyped, reused or missing; accept or refuse proposals.

    Of a recording that has all its parts: which lot was there is known from all of it.
    """
    from linetwin.cli.printing import print_json
    from linetwin.errors import Problem, ScenarioError
    from linetwin.twin.lot_answers import Reconciler

    if lot is not None and len(accept or []) != 1:
        raise ScenarioError([Problem("names the lot of one question", "--lot", "one --accept")])
    reconciler = Reconciler(recording, mapping)
    for key in accept or []:
        reconciler.accept(key, lot)
    for key in refuse or []:
        reconciler.refuse(key)
    found = reconciler.look()
    if json:
        print_json(_plain(found))
    else:
        _print(found, None if everything else _MOST_ROWS)


def _print(found: Reconciled, most: int | None) -> None:
    from linetwin.cli.printing import print_table
    from linetwin.twin.reconciliation import moment_text

    rows = [
        [
            each.use.key,
            moment_text(each.use.begin),
            each.use.child + (f" and {len(more)} more" if more else ""),
            each.use.role,
            each.use.text or "nothing",
            each.how,
            each.proposed or ", ".join(each.candidates),
        ]
        for each, *more in found.open[:most]
    ]
    print_table(f"{len(found.open)} open questions", _HEADINGS, rows, len(_HEADINGS))
    if most is not None and len(found.open) > most:
        typer.echo(f"and {len(found.open) - most} more: --all")
    counts = ", ".join(f"{how} {count}" for how, count in found.counts().items())
    typer.echo(f"uses: {counts or 'none'}")
    cells = len(set(found.records.cells))
    share = f"{100.0 * found.share:.2f} %" if cells else "no cells"
    typer.echo(f"cells with unresolved ancestry: {len(found.unresolved)} of {cells} ({share})")


def _plain(found: Reconciled) -> dict[str, Any]:
    return {
        "cells": len(set(found.records.cells)),
        "cells_unresolved": len(found.unresolved),
        "unresolved_share": found.share,
        "uses": found.counts(),
        "open": [_question(each) for each in found.open],
        "confusable": [_question(each) for each in found.confusable],
    }


def _question(uses: list[Resolution]) -> dict[str, Any]:
    """Return a question by its first use, and all that it is about."""
    children = [each.use.child for each in uses]
    return {"question": uses[0].use.key, **asdict(uses[0]), "taken_for": children}
