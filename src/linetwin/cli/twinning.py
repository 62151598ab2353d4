"""`linetwin live run` and its help; what runs is imported later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linetwin.cli.feeding import (
    DEFAULT_POLICY,
    SECURITY,
    AskOption,
    ForOption,
    HistoryOption,
    JsonOption,
    PolicyOption,
    SecurityOption,
    UserOption,
)


def add_twin_commands(live_app: typer.Typer) -> None:
    """Add the commands to `linetwin live`."""
    live_app.command(
        "run",
        epilog="Example: linetwin live run live_twin --endpoint opc.tcp://127.0.0.1:4840/linetwin",
    )(run)


def run(  # noqa: PLR0913, PLR0917  one parameter per option
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario with a section twin.")
    ],
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What each signal of the plant stands for.")
    ] = None,
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="URL", help="A plant to propose a mapping for, where none is given or kept."
        ),
    ] = "opc.tcp://127.0.0.1:4840/linetwin",
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The twin's folder; one that is there goes on.")
    ] = Path("runs/twin"),
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="Change an address of the scenario."),
    ] = None,
    serve: Annotated[
        str,
        typer.Option(metavar="URL", help="Serve what the twin says: opc.tcp://0.0.0.0:4841/twin."),
    ] = "",
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Let clients of --serve in without a user.")
    ] = False,
    save_every: Annotated[
        str, typer.Option(metavar="TIME", help="Save the twin so often, beside at its end.")
    ] = "5 min",
    history: HistoryOption = "",
    duration: ForOption = None,
    user: UserOption = "",
    policy: PolicyOption = DEFAULT_POLICY,
    security: SecurityOption = SECURITY,
    ask: AskOption = False,
    json: JsonOption = False,
) -> None:
    """Keep a twin in step with a plant: states, age of data, predictions with intervals.

    It only reads. Ctrl-C saves the twin; the same command goes on where it was.
    """
    from linetwin.cli import twin_run
    from linetwin.cli.twin_serving import Serving

    request = twin_run.TwinRequest(
        scenario,
        output,
        security,
        mapping,
        endpoint,
        user,
        policy,
        ask=ask,
        duration=duration,
        save_every=save_every,
        settings=tuple(settings or ()),
        serving=Serving(serve, security, anonymous) if serve else None,
        history=history,
    )
    twin_run.run(request, as_json=json)
