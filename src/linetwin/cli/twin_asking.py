"""`linetwin live fork|advice|approve|write` and their help; what runs is imported later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linetwin.cli.feeding import JsonOption

TwinArgument = Annotated[
    Path, typer.Argument(metavar="TWIN", help="A twin's folder, or its saved session.")
]
PolicyArgument = Annotated[
    Path, typer.Argument(metavar="POLICY", help="The write policy: what may be asked to change.")
]


def add_asking_commands(live_app: typer.Typer) -> None:
    """Add the commands to `linetwin live`."""
    live_app.command(
        "fork",
        epilog="Example: linetwin live fork runs/twin --for '24 h' --replications 10 "
        "--set 'cathode.coater.web_speed=1.6 m/min'",
    )(fork)
    live_app.command("advice", epilog="Example: linetwin live advice runs/twin")(advise)
    live_app.command(
        "approve",
        epilog="Example: linetwin live approve runs/twin writeback.yaml "
        "--set 'cathode.calender.roll_temperature=30 Cel' --as eve --security security/eve",
    )(approve)
    live_app.command(
        "write", epilog="Example: linetwin live write runs/twin writeback.yaml change.approval"
    )(write)


def fork(
    source: TwinArgument,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="Change an address from now on."),
    ] = None,
    span: Annotated[str, typer.Option("--for", metavar="TIME", help="Look so far ahead.")] = "24 h",
    replications: Annotated[
        int, typer.Option(min=1, help="Futures of each; each has its own chance.")
    ] = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A new folder for the run folders.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """What if, from now: the line goes on by itself, as it is and as set, with the same chance.

    The twin's folder is only read.
    """
    from linetwin.cli import twin_forking

    asked = twin_forking.Fork(source, tuple(settings or ()), span, replications, output)
    twin_forking.fork(asked, as_json=json)


def advise(twin: TwinArgument, json: JsonOption = False) -> None:
    """What would make good what has drifted; shown once the scores meet the scenario's limits."""
    from linetwin.cli import twin_advising

    twin_advising.advise(twin, as_json=json)


def approve(  # noqa: PLR0913, PLR0917  one parameter per option
    twin: TwinArgument,
    policy: PolicyArgument,
    who: Annotated[str, typer.Option("--as", metavar="NAME", help="Who approves.")],
    security: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Certificate and key of who approves.")
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="The change: one.")
    ] = None,
    advice: Annotated[str, typer.Option(metavar="NAME", help="Or the change advised.")] = "",
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the approval goes.")] = Path(
        "change.approval"
    ),
    until: Annotated[str, typer.Option(metavar="TIME", help="How long it is good.")] = "1 h",
    rollback: Annotated[
        str | None, typer.Option(metavar="TIME", help="Approve, for so long, to take it back too.")
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why it is wanted.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it was looked at.")] = False,
    json: JsonOption = False,
) -> None:
    """Show what a change would do to the next lots, and sign it; good once, nothing is written."""
    from linetwin.cli import twin_approving

    setting = twin_approving.one_of(settings or ())
    wish = twin_approving.Wish(
        twin, policy, who, security, output, setting, advice, until, rollback, why, yes
    )
    twin_approving.approve_change(wish, as_json=json)


def write(  # noqa: PLR0913, PLR0917  one parameter per option
    twin: TwinArgument,
    policy: PolicyArgument,
    approval: Annotated[Path, typer.Argument(metavar="APPROVAL", help="As live approve wrote it.")],
    security: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The writer's own security folder.")
    ] = Path("security/writer"),
    watch: Annotated[
        str | None, typer.Option(metavar="TIME", help="Watch what comes of it for so long.")
    ] = None,
    watch_only: Annotated[
        bool, typer.Option("--watch-only", help="It was asked for: ask what came of it; watch it.")
    ] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="It was made: take it back, as approved with it.")
    ] = False,
) -> None:
    """Ask the plant for an approved change; all that stands against it is told by name."""
    from linetwin.cli import twin_writing

    twin_writing.write(
        twin_writing.Order(twin, policy, approval, security, watch, watch_only, take_back)
    )
