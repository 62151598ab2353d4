"""The command `linetwin plant` and its help; what it needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ENDPOINT = "opc.tcp://127.0.0.1:4840/linetwin"


def plant(  # noqa: PLR0913, PLR0917  one parameter per option
    scenario: Annotated[
        str, typer.Argument(help="A scenario file, or a shipped one by name: live_plant.")
    ],
    endpoint: Annotated[str, typer.Option(help="Where the server listens.")] = ENDPOINT,
    pace: Annotated[
        float, typer.Option(metavar="FACTOR", help="Line time over wall time, such as 60.")
    ] = 1.0,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the line's run folder, and what was hidden."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End at this time of the line: 2 d.")
    ] = None,
    security: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Certificates, trust and users of this plant."),
    ] = Path("security/plant"),
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Let clients in without a user, as observers.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Offer policy None too: nothing is encrypted.")
    ] = False,
    nodesets: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Nodeset files of DI, IA, Machinery and PackML: show their types.",
        ),
    ] = None,
    physics: Annotated[
        str,
        typer.Option(
            metavar="LAWS", help="library, or other: film, binder, compaction and wetting differ."
        ),
    ] = "library",
    publish_interval: Annotated[
        str, typer.Option(metavar="TIME", help="Wall time between two publications.")
    ] = "500 ms",
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random streams (the scenario's).")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="Change one address; repeatable."),
    ] = None,
) -> None:
    """Play a scenario as a plant with an OPC UA server, in time with the wall clock."""
    from linetwin.cli import plant as commands
    from linetwin.cli.running import Request

    run = Request(scenario, tuple(settings or ()), seed, None, until, pace=pace)
    wanted = commands.PlantRequest(
        run,
        endpoint,
        pace,
        truth,
        security,
        publish_interval,
        anonymous,
        insecure,
        nodesets,
        physics,
    )
    commands.plant(wanted)
