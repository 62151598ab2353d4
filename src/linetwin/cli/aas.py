"""The group of commands `linetwin aas`: the line as Asset Administration Shells."""

from __future__ import annotations

import typer

aas_app = typer.Typer(
    help="Asset Administration Shells: the line written as shells, read, checked and served.",
    epilog="Example: linetwin aas export baseline -o line.aasx",
    no_args_is_help=True,
)
