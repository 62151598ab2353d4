"""`linetwin live board` and `linetwin live alerts`: how a twin has done, and what it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from linetwin.cli.feeding import JsonOption

FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The twin's folder: -o of linetwin live run.")
]


def add_board_commands(live_app: typer.Typer) -> None:
    """Add the commands to `linetwin live`."""
    live_app.command("board", epilog="Example: linetwin live board runs/twin")(board)
    live_app.command(
        "alerts",
        epilog="Example: linetwin live alerts runs/twin --shelve a0003 --for 2h --by Anna "
        "--reason 'gauge is being calibrated'",
    )(alerts)


def board(folder: FolderArgument, json: JsonOption = False) -> None:
    """Print how predictions have come out: the last 30 days, and all.

    `linetwin audit verify FOLDER/board.jsonl` checks that no row was changed.
    """
    from dataclasses import asdict

    from linetwin.cli.printing import print_json, print_table, say
    from linetwin.errors import ResultsError
    from linetwin.twin.board.board import LOG, read_board

    if not (folder / LOG).exists():
        raise ResultsError(f"{folder / LOG} is not there: no twin has predicted in this folder")
    found = read_board(folder)
    tally = found.tally
    if json:
        print_json(
            {
                "scores": [asdict(each) for each in tally.scores()],
                "counts": dict(tally.counts),
                "open": tally.open,
                "entries": found.head.seq,
                "head": found.head.hash,
            }
        )
        return
    title = f"{tally.counts['predicted']:,} predictions, {tally.counts['measured']:,} outcomes"
    print_table(title, _HEADINGS, [_score_row(each) for each in tally.scores()], 3)
    for name, meaning in _LEFT_OUT.items():
        if tally.counts[name]:
            say(f"{tally.counts[name]:,} {meaning}")


_HEADINGS = [
    "predicted", "by", "span", "count", "inside 95 %", "95 % interval", "mean error",
    "open loop", "ratio", "CRPS", "Brier",
]  # fmt: skip
_LEFT_OUT = {
    "late": "outcomes were there before their prediction was registered: not scored",
    "unknown": "outcomes have no prediction on the board",
    "replaced": "predictions were replaced, the twin having gone back to what it had saved",
    "corrected": "outcomes were corrected afterwards: the first stays scored, both are in the log",
    "forgotten": "predictions were forgotten, nothing having measured them",
}


def _score_row(score: Any) -> list[str]:  # noqa: ANN401  a Score, imported where it is wanted
    """Return a row of the table, in the unit that people use."""
    import math

    from linetwin.quantities import vocabulary
    from linetwin.scenario import units
    from linetwin.scenario.amounts import difference
    from linetwin.twin.board.tally import when

    quantity = difference(vocabulary()[score.quantity])

    def shown(value: float) -> str:
        return "" if math.isnan(value) else units.display(value, quantity, 3)

    place = when(score.kind, score.place)
    return [
        f"{score.station}.{score.quantity}" + (f", {place}" if place else ""),
        score.instrument,
        score.span,
        f"{score.count:,}",
        f"{score.share:.1%}",
        f"{score.low:.1%} to {score.high:.1%}",
        shown(score.error),
        shown(score.open_error),
        "" if math.isnan(score.ratio) else f"{score.ratio:.2f}",
        shown(score.crps),
        "" if math.isnan(score.brier) else f"{score.brier:.3f} ({score.open_brier:.3f})",
    ]


def alerts(  # noqa: PLR0913, PLR0917  one parameter per option
    folder: FolderArgument,
    acknowledge: Annotated[
        str, typer.Option(metavar="ID", help="Note that somebody has seen this alert.")
    ] = "",
    shelve: Annotated[
        str, typer.Option(metavar="ID", help="Put this alert out of sight for a time.")
    ] = "",
    duration: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long it is shelved: 2 h.")
    ] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who does it.")] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is shelved.")] = "",
    json: JsonOption = False,
) -> None:
    """List the alerts of a twin; acknowledge or shelve one. All of it is in its audit log."""
    from linetwin.cli.printing import print_json, print_table, say
    from linetwin.twin.board.desk import ask, read_standing

    if request := _request(acknowledge, shelve, (duration, by, reason)):
        ask(folder, request)
        say(f"{request['id']}: handed to the twin", err=True)
    standing = read_standing(folder)
    rows = [*standing["shown"], *standing["shelved"]]
    if json:
        print_json({key: standing[key] for key in ("at", "shown", "shelved", "budget_per_day")})
        return
    told = [
        [each["id"], each["priority"], each["state"], each["text"], each["action"], _who(each)]
        for each in rows
    ]
    print_table("", ["alert", "priority", "state", "what", "what to do", "who"], told, 6)
    if not rows:
        say("no alerts")


def _who(alert: dict[str, Any]) -> str:
    from datetime import UTC, datetime

    if alert["shelved_until"]:
        until = datetime.fromtimestamp(alert["shelved_until"], UTC)
        return f"{alert['shelved_by']} until {until:%Y-%m-%d %H:%M} UTC: {alert['reason']}"
    return str(alert["acknowledged_by"])


def _request(acknowledge: str, shelve: str, how: tuple[str, str, str]) -> dict[str, Any] | None:
    """Return what is asked for; None where nothing is, ScenarioError where something is missing."""
    from linetwin.errors import Problem, ScenarioError
    from linetwin.quantities import Quantity
    from linetwin.scenario import units

    duration, by, reason = how
    problems = []
    if acknowledge and shelve:
        problems.append(Problem("one at a time", "--acknowledge", "or --shelve"))
    if not (acknowledge or shelve):
        return None
    if not by.strip():
        problems.append(Problem("who does it?", "--by", "a name"))
    seconds = 0.0
    if shelve:
        if not reason.strip():
            problems.append(Problem("why is it shelved?", "--reason", "a line of text"))
        time = Quantity("time", "s", "wall time", minimum=1.0, maximum=3.2e7)
        try:
            seconds = units.parse(duration, time)
        except ScenarioError as error:
            problems += [Problem(each.message, "--for", each.hint) for each in error.problems]
    if problems:
        raise ScenarioError(problems)
    if shelve:
        return {"what": "shelve", "id": shelve, "by": by, "seconds": seconds, "reason": reason}
    return {"what": "acknowledge", "id": acknowledge, "by": by}
