"""The group of commands `linetwin live`: what connects the twin with a plant."""

from __future__ import annotations

import typer

from linetwin.cli.feeding import add_feed_commands
from linetwin.cli.trusting import certificate_app, trust_app, user_app
from linetwin.cli.twin_asking import add_asking_commands
from linetwin.cli.twin_board import add_board_commands
from linetwin.cli.twinning import add_twin_commands

live_app = typer.Typer(
    help="Beside a plant: look at its server, map it, watch, record and replay what comes; keep a "
    "twin in step with it; certificates, trust and users of the link.",
    epilog="Example: linetwin live run live_twin",
    no_args_is_help=True,
)
live_app.add_typer(certificate_app, name="certificate")
live_app.add_typer(trust_app, name="trust")
live_app.add_typer(user_app, name="user")
add_feed_commands(live_app)
add_twin_commands(live_app)
add_board_commands(live_app)
add_asking_commands(live_app)
