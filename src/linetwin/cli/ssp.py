"""`linetwin ssp`: other tools' system structures as groups, and groups for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from linetwin.cosim import find_fmu
from linetwin.cosim.groups import is_group
from linetwin.cosim.ssp import export_ssp, import_ssp, is_ssp, open_ssp
from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from linetwin.cosim.ssp import Note


def import_(file: Path, output: Path, step: str | None, variant: str) -> None:
    """Write a structure as a group file with its FMUs, and say what was not kept."""
    done = import_ssp(file, output, step, variant)
    tell(done.notes)
    typer.echo(f"{done.file}: a group of {len(done.group.members)} FMUs")
    if done.stop_s is not None:
        typer.echo(f"linetwin fmu simulate {done.file} --until '{done.stop_s:g} s'")


def export(group: str, output: Path, version: str | None, stop_s: float | None) -> None:
    """Pack a group file and its FMUs, and say what only linetwin will read of it."""
    path = find_fmu(group)
    if not is_group(path):
        problem = Problem(f"{path} is no group file", "ssp export", "a group file (.yaml)")
        raise ScenarioError([problem])
    tell(export_ssp(path, output, version, stop_s))
    typer.echo(f"{output}: written")


def opened(path: Path, step_s: float | None = None) -> tuple[Path, float | None]:
    """Return the group file of a structure, and its stop time (s); any other file as it is."""
    if not is_ssp(path):
        return path, None
    found = open_ssp(path, None if step_s is None else f"{step_s:.12f}".rstrip("0") + " s")
    tell(found.notes)
    return found.file, found.stop_s


def tell(notes: Iterable[Note]) -> None:
    """Print what was noted, beside the results."""
    for note in notes:
        typer.echo(f"note: {note}", err=True)
