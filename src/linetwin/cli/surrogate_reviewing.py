"""`linetwin surrogate review`, `decide`, `contain` and `approve-limits`: what quality teams do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.surrogates.review.approving import Approved
    from linetwin.surrogates.review.assembling import Review
    from linetwin.surrogates.review.holds import Held, Traced
    from linetwin.surrogates.review.joining import Joined
    from linetwin.surrogates.review.monitoring import Monitored

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PredictorsOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE|FOLDER", help="Predictors of cells, or a folder of them; may be repeated."
    ),
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Severity classes, ceilings and costs (the shipped ones)."),
]
DispositionOption = Annotated[
    str | None,
    typer.Option(metavar="WHAT", help="Of a lot on hold: release, rework, scrap, 'use as is'."),
]
CellsOption = Annotated[
    list[str] | None,
    typer.Option(metavar="CELL", help="Which cells of the hold (all); may be repeated."),
]
ListOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="CSV",
        help="Cells in a column `cell`, with `grade` (empty: --accept or --override) and `reason`.",
    ),
]
_MOST_TOLD = 10


def review(  # noqa: PLR0913, PLR0917  one parameter per option
    run: RunArgument,
    predictors: PredictorsOption = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="The page to write.")
    ] = Path("review.html"),
    policy: PolicyOption = None,
    limits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Approved control limits: phase II (phase I)."),
    ] = None,
    explain: Annotated[
        int, typer.Option(min=0, max=500, metavar="CELLS", help="How many cells are explained.")
    ] = 12,
    json: JsonOption = False,
) -> None:
    """Write the page on which a quality team sees cells by risk, defects, charts and holds."""
    from linetwin.cli.printing import print_json, say
    from linetwin.results.manifest import write_atomically
    from linetwin.surrogates.review.approving import read_approved
    from linetwin.surrogates.review.assembling import content
    from linetwin.surrogates.review.assembling import review as assemble
    from linetwin.surrogates.review.page import review_page
    from linetwin.surrogates.review.risks import Opened

    check_installed(predictors)
    _check_output(output)
    approved = read_approved(limits) if limits is not None else None
    with Opened(predictors or []) as opened:
        found = assemble(run, opened, policy, approved, explain)
        write_atomically(output, review_page(found))
        if json:
            print_json(content(found))
            return
        _tell(found)
    say(f"page: {output}")


def decide(  # noqa: PLR0913, PLR0917  one parameter per option
    run: RunArgument,
    reviewer: Annotated[str, typer.Option(metavar="NAME", help="Who decides.")],
    cells: Annotated[
        list[str] | None, typer.Argument(metavar="CELL...", help="Which cells.")
    ] = None,
    predictors: PredictorsOption = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="The predictions are accepted as they stand.")
    ] = False,
    override: Annotated[
        str | None, typer.Option(metavar="GRADE", help="The grade against them: A, B or scrap.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    second: Annotated[
        str,
        typer.Option(metavar="NAME", help="A second person, whom an override of safety needs."),
    ] = "",
    file: ListOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Accept or override what is predicted of cells; it stands in RUN/review.log from then on."""
    from dataclasses import asdict

    from linetwin.cli.printing import print_json, say
    from linetwin.surrogates.review.asking import People, read_list, written
    from linetwin.surrogates.review.decisions import Asked

    check_installed(predictors)
    both, none = accept and override is not None, not accept and override is None
    if both or (none and file is None):
        _refuse("accepted or overridden?", "--accept", "either --accept or --override GRADE")
    asked = Asked(override or "", reason)
    chosen = dict.fromkeys(cells or [], asked)
    if file is not None:
        chosen |= read_list(file, asked, accepts=accept)
    done = written(run, chosen, predictors or [], People(reviewer, second), policy)
    if json:
        aside = [asdict(each) for each in done.left_out]
        print_json([{**asdict(each), "left_out": aside} for each in done.decisions])
        return
    for rest in done.left_out:
        say(rest.text)
    for each in done.decisions:
        what = f"overridden to {each.grade}" if each.grade else "accepted"
        say(f"{each.cell}: {what}, entry {each.seq} {each.hash[:16]}")


def contain(  # noqa: PLR0913, PLR0917  one parameter per option
    run: RunArgument,
    lot: Annotated[str, typer.Option(metavar="LOT", help="Which lot: cathode.slurry-0001.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decides.")] = "",
    disposition: DispositionOption = None,
    cell: CellsOption = None,
    eight_d: Annotated[
        Path | None,
        typer.Option("--8d", metavar="OUT", help="Write an 8D report: *.md, *.html or *.json."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Put a lot on HOLD with all that was made of it, decide about it, or write its 8D report.

    With --8d alone nothing is decided.
    """
    from dataclasses import asdict

    from linetwin.cli.printing import print_json
    from linetwin.results.reader import Run
    from linetwin.surrogates.review.eight_d import checked_name, write_report
    from linetwin.surrogates.review.holds import traced
    from linetwin.surrogates.review.log import recorded
    from linetwin.surrogates.review.standing import standing
    from linetwin.surrogates.review.steps import hold, settle

    if eight_d is not None:
        checked_name(eight_d)
    if cell and disposition is None:
        _refuse("a hold is of the whole lot", "--cell", "with --disposition")
    now = standing(recorded(run))
    found, held = traced(Run(run), lot, now.unseen), now.held(lot)
    if disposition is not None:
        held = settle(run, lot, disposition, reason, by, cell or ())
    elif eight_d is None or reason or by:
        held = hold(run, found, reason, by)
    if eight_d is not None:
        write_report(eight_d, Run(run), found)
    recalled = standing(recorded(run)).to_recall(found.shipped)
    if json:
        print_json({"lot": lot, "cells": found.cells, "shipped": found.shipped,
                    "to_recall": recalled,
                    "where": found.counted(), "hold": None if held is None else asdict(held),
                    "open": None if held is None else held.open_cells})  # fmt: skip
        return
    _tell_contained(found, held, recalled, eight_d)


def approve_limits(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="A run's folder; several: how runs differ is in the limits."
        ),
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who approves.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="The file of frozen limits.")
    ] = Path("limits.json"),
    json: JsonOption = False,
) -> None:
    """Approve the control limits that runs give (phase I); frozen, with a hash, in their logs.

    One run tells how its subgroups scatter, three or more how sound runs differ.
    """
    from linetwin.cli.printing import print_json, say
    from linetwin.surrogates.review.approving import approve, proposed
    from linetwin.surrogates.review.monitoring import monitored

    _check_output(output)
    told = [monitored(run, beside_others=len(runs) > 1) for run in runs]
    found = proposed(told)
    approved = approve(told, found, by, output)
    aside = {name: list(each.set_aside) for name, each in approved.limits.items() if each.set_aside}
    if json:
        print_json({"file": str(output), "sha256": approved.digest, "set_aside": aside,
                    "streams": sorted(approved.limits), "without_limits": found.refused,
                    "runs": approved.runs, "signals_of_each": approved.tried.signals,
                    "outside_of_each": approved.tried.beyond})  # fmt: skip
        return
    _tell_limits(told, found, approved)
    for name, labels in aside.items():
        say(f"  {name}: set aside {', '.join(labels)}")
    _tell_tried([each.folder.name for each in told], approved)
    say(f"limits: {output}")


def _tell(found: Review) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.surrogates.review.page import lacks
    from linetwin.surrogates.review.page_cells import fault, predicted, risk_text
    from linetwin.surrogates.review.page_decided import in_short

    for text in lacks(found):
        say(text)
    if found.told:
        rows = [
            (
                cell.name,
                risk_text(found, cell),
                fault(found.told[cell.driver]) if cell.driver >= 0 else "",
                "; ".join(predicted(found.told, cell.row)),
                cell.outcome,
            )
            for cell in found.cells[:_MOST_TOLD]
        ]
        print_table("", ("cell", "risk", "of what", "predictions", "so far"), rows, 5)
        stopped = sum(cell.is_stopped for cell in found.cells)
        said = "; ".join(["", *in_short(found)])
        say(f"{stopped:,} of {len(found.cells):,} cells are to be stopped{said}")
        refused = sum(cell.driver < 0 for cell in found.cells)
        if refused:
            say(f"{refused:,} of them no predictor knows: what is wrong with these is not told")
    alarms = found.charts.alarms
    word = "alarms" if found.charts.frozen else "signals of phase I (limits not approved)"
    say(f"{len(alarms):,} {word} on {len({each.stream for each in alarms}):,} streams")


def _tell_limits(told: list[Monitored], found: Joined, approved: Approved) -> None:
    """Tell which streams got limits, which none, and what of the runs is in them."""
    from collections import Counter

    from linetwin.cli.printing import say
    from linetwin.results.display import counted

    runs = counted(approved.runs, "run")
    say(f"{len(approved.limits):,} streams of {runs}, SHA-256 {approved.digest}")
    for each in told:
        if each.begun.text:
            say(f"{each.folder.name}: {each.begun.text}" if len(told) > 1 else each.begun.text)
    if found.refused:
        say(f"{len(found.refused):,} streams got no limits:")
    for why, count in Counter(found.refused.values()).most_common():
        say(f"  {count:,}: {why}")


def _tell_tried(names: list[str], approved: Approved) -> None:
    """Tell what limits hold, and how each run did against those of the others."""
    from linetwin.cli.printing import say
    from linetwin.results.display import counted
    from linetwin.surrogates.review.page_limits import holds

    say(holds(approved))
    told = zip(names, approved.tried.signals, approved.tried.beyond, strict=False)
    for name, signals, beyond in told:
        many = counted(signals, "signal")
        say(f"  {name} against the others: {many}; {beyond:.2%} of points outside")


def _tell_contained(
    found: Traced, held: Held | None, recalled: tuple[str, ...], eight_d: Path | None
) -> None:
    from linetwin.cli.printing import say
    from linetwin.results.display import counted

    say(f"{found.lot}: {counted(len(found.cells), 'cell')} made of it")
    for what, count in found.counted().items():
        say(f"  {count:,} {what}")
    if recalled:
        more = len(recalled) - _MOST_TOLD
        rest = f" and {more:,} more (--json, --8d)" if more > 0 else ""
        say(f"shipped already, to be recalled: {', '.join(recalled[:_MOST_TOLD])}{rest}")
    if kept := len(found.shipped) - len(recalled):
        say(f"shipped already, and need not come back: {counted(kept, 'cell')}")
    if held is not None:
        last = held.settled[-1] if held.settled else None
        done = "on HOLD" if last is None else f"{last.what}: {counted(len(last.cells), 'cell')}"
        gone = (
            f"; {len(held.ended):,} scrapped otherwise, or taken as samples" if held.ended else ""
        )
        say(f"{found.lot}: {done}; {counted(len(held.open_cells), 'cell')} open{gone}")
    if eight_d is not None:
        say(f"8D report: {eight_d}")


def check_installed(predictors: list[Path] | None) -> None:
    """Raise LinetwinError where predictors are named and what they need is not installed."""
    from importlib.util import find_spec

    from linetwin.errors import LinetwinError

    for package in ("onnx", "onnxruntime") if predictors else ():
        if find_spec(package) is None:
            raise LinetwinError(f"{package} is not installed: pip install linetwin[surrogate]")


def _check_output(file: Path) -> None:
    if not file.parent.is_dir():
        _refuse(f"there is no folder {file.parent}", "-o", "a folder that is there")
    if file.is_dir():
        _refuse(f"{file} is a folder", "-o", "the name of a file")


def _refuse(message: str, key: str, hint: str) -> None:
    from linetwin.errors import Problem, ScenarioError

    raise ScenarioError([Problem(message, key, hint)])
