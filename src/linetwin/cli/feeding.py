"""`linetwin live browse|map|watch|record|replay` and their help; what runs is imported later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linetwin.cli.reconciling import reconcile

SECURITY = Path("security/twin")
EndpointArgument = Annotated[
    str, typer.Argument(metavar="ENDPOINT", help="A server: opc.tcp://plant-1:4840.")
]
MappingArgument = Annotated[Path, typer.Argument(metavar="MAPPING", help="A mapping file.")]
SecurityOption = Annotated[
    Path, typer.Option("--security", metavar="FOLDER", help="The twin's certificates and trust.")
]
PolicyOption = Annotated[
    str, typer.Option(help="Security policy; None only where nothing needs protection.")
]
UserOption = Annotated[
    str, typer.Option(metavar="NAME", help="User; the password is asked for, or read from stdin.")
]
HostOption = Annotated[
    str, typer.Option(metavar="NAME", help="The other host that its certificate may carry.")
]
AskOption = Annotated[
    bool, typer.Option("--ask", help="Ask whether to believe a server that is seen first.")
]
ForOption = Annotated[
    str | None,
    typer.Option("--for", metavar="TIME", help="End so long after it has begun: 30 s."),
]
HistoryOption = Annotated[
    str,
    typer.Option(
        metavar="FROM[..TO]",
        help="Read what servers remember first: since FROM, or only that until TO.",
    ),
]
ScenarioOption = Annotated[
    str | None, typer.Option(metavar="SCENARIO", help="Check the addresses against its line.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_POLICY = "Basic256Sha256"


def add_feed_commands(live_app: typer.Typer) -> None:
    """Add the commands to `linetwin live`."""
    live_app.command("browse", epilog="Example: linetwin live browse opc.tcp://plant-1:4840 --ask")(
        browse
    )
    live_app.command(
        "map",
        epilog="Example: linetwin live map opc.tcp://plant-1:4840 --scenario live_twin "
        "-o plant.yaml",
    )(propose)
    live_app.command("watch", epilog="Example: linetwin live watch plant.yaml")(watch)
    live_app.command("record", epilog="Example: linetwin live record plant.yaml -o runs/feed")(
        record
    )
    live_app.command("replay", epilog="Example: linetwin live replay runs/feed --speed 60")(replay)
    live_app.command("reconcile", epilog="Example: linetwin live reconcile runs/feed")(reconcile)


def browse(  # noqa: PLR0913, PLR0917  one parameter per option
    endpoint: EndpointArgument,
    below: Annotated[
        str, typer.Option(metavar="NAMES", help="Browse names from Objects: Line/Coater.")
    ] = "",
    depth: Annotated[int, typer.Option(help="Levels below Objects at most.")] = 12,
    policy: PolicyOption = DEFAULT_POLICY,
    user: UserOption = "",
    host_override: HostOption = "",
    security: SecurityOption = SECURITY,
    ask: AskOption = False,
    json: JsonOption = False,
) -> None:
    """List what a server has to read: path, node, type, value, unit."""
    from linetwin.cli import visiting

    visit = visiting.Visit(endpoint, security, policy, user, host_override, ask=ask)
    visiting.browse(visit, below, depth, as_json=json)


def propose(  # noqa: PLR0913, PLR0917  one parameter per option
    endpoint: EndpointArgument,
    scenario: Annotated[str, typer.Option(metavar="SCENARIO", help="The line to be fed.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The new mapping file.")],
    owner: Annotated[str, typer.Option(help="Who answers for the mapping.")] = "to be named",
    policy: PolicyOption = DEFAULT_POLICY,
    user: UserOption = "",
    host_override: HostOption = "",
    security: SecurityOption = SECURITY,
    ask: AskOption = False,
) -> None:
    """Propose a mapping file for a person to confirm; what is in doubt is commented out."""
    from linetwin.cli import visiting

    visit = visiting.Visit(endpoint, security, policy, user, host_override, ask=ask)
    visiting.propose_mapping(visit, scenario, owner, output)


def watch(
    mapping: MappingArgument,
    scenario: ScenarioOption = None,
    duration: ForOption = None,
    security: SecurityOption = SECURITY,
    json: JsonOption = False,
) -> None:
    """Show what comes: value, unit, age, status, doubts; nothing is kept."""
    from linetwin.cli import following

    request = following.Request(mapping, security, scenario, duration)
    following.watch(request, as_json=json)


def record(  # noqa: PLR0913, PLR0917  one parameter per option
    mapping: MappingArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder.")],
    scenario: ScenarioOption = None,
    history: HistoryOption = "",
    duration: ForOption = None,
    security: SecurityOption = SECURITY,
    json: JsonOption = False,
) -> None:
    """Record everything as it comes; what is on disk can be read at any moment."""
    from linetwin.cli import following

    request = following.Request(mapping, security, scenario, duration, output, history)
    following.watch(request, as_json=json)


def replay(
    recording: Annotated[Path, typer.Argument(metavar="FOLDER", help="A recording.")],
    speed: Annotated[
        float, typer.Option(help="Recorded time over wall time; 0: as fast as it goes.")
    ] = 0.0,
    mapping: Annotated[
        Path | None, typer.Option(help="Another version of the mapping than the recording's.")
    ] = None,
    incomplete: Annotated[
        bool,
        typer.Option(
            "--incomplete",
            help="Play what is left where parts are missing. Only here: reconcile needs them all.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Play a recording through the same rules and the same interface as a live feed."""
    from linetwin.cli import following

    following.replay(recording, speed, mapping, as_json=json, incomplete=incomplete)
