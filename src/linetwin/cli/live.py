"""The group of commands `linetwin live`: what connects the twin with a plant."""

from __future__ import annotations

import typer

from linetwin.cli.trusting import certificate_app, trust_app, user_app

live_app = typer.Typer(
    help="The twin beside a plant: certificates, trust and users of its OPC UA link.",
    epilog="Example: linetwin live certificate create --name twin",
    no_args_is_help=True,
)
live_app.add_typer(certificate_app, name="certificate")
live_app.add_typer(trust_app, name="trust")
live_app.add_typer(user_app, name="user")
