"""`linetwin live fork` and its help; what runs is imported later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linetwin.cli.feeding import JsonOption


def add_asking_commands(live_app: typer.Typer) -> None:
    """Add the commands to `linetwin live`."""
    live_app.command(
        "fork",
        epilog="Example: linetwin live fork runs/twin --for '24 h' --replications 10 "
        "--set 'cathode.coater.web_speed=1.6 m/min'",
    )(fork)


def fork(
    source: Annotated[
        Path, typer.Argument(metavar="TWIN", help="A twin's folder, or its saved session.")
    ],
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
