"""`linetwin audit`: whether a log is whole, and a torn line set aside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

audit_app = typer.Typer(
    help="Logs in which each entry carries the hash of the one before.",
    epilog="Example: linetwin audit verify security/twin/audit.jsonl",
    no_args_is_help=True,
)
LogArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The log: audit.jsonl.")]


@audit_app.command(
    "verify",
    help="Check every entry of a log and of the parts it was rotated into. Exit code 2 with file, "
    "line and reason where one was changed, removed, reordered, inserted or torn, or where the "
    "end or the anchor is missing; print the newest hash, to be kept elsewhere, where all is well.",
    epilog="Example: linetwin audit verify security/twin/audit.jsonl --head HASH",
)
def verify(
    file: LogArgument,
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A hash of this log that was kept elsewhere.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="This file only, without its parts and its anchor.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every entry of a log."""
    from linetwin.cli.printing import print_json
    from linetwin.results import audit_check

    sound = audit_check.verify(file, head, alone=alone)
    if json:
        print_json(
            {
                "files": [str(each) for each in sound.files],
                "entries": sound.entries,
                "head": sound.head.hash,
                "proven_to_entry": sound.anchored,
            }
        )
        return
    typer.echo(f"{file}: sound, {sound.entries} entries in {_files(len(sound.files))}")
    typer.echo(f"  newest entry  {sound.head.seq}, hash {sound.head.hash}")
    if sound.anchored is None:
        typer.echo("  no anchor     entries missing at the end would not be found")
    else:
        typer.echo(f"  proven        by an anchor up to entry {sound.anchored}")


@audit_app.command("repair", epilog="Example: linetwin audit repair security/twin/audit.jsonl")
def repair(file: LogArgument) -> None:
    """Set a torn last line aside, and a lost or broken anchor anew; the log says so.

    All else stays. Exit code 2 where the log is not sound even so.
    """
    from linetwin.results import audit_check
    from linetwin.results.audit import AuditLog, person

    if not file.is_file():
        audit_check.verify(file)  # gone, unless a kill came between two of its parts
    log = AuditLog(file)
    was_broken = log.drop_broken_anchor()
    aside = log.set_torn_line_aside(person())
    typer.echo(f"{file}: no line is torn" if aside is None else f"{aside}: the torn line")
    anew = log.set_anchor_anew(person())
    if anew is not None:
        how = "broken" if was_broken else "gone"
        typer.echo(f"{file}: its anchor was {how}; set anew, entry {anew.seq} says so")
    audit_check.verify(file)  # what is still wrong ends with exit code 2


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
