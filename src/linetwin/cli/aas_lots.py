"""`linetwin aas export RUN`: the shell of a run, or of some of its lots and cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.results import read
from linetwin.shells.environment import Environment
from linetwin.shells.naming import BASE, Names
from linetwin.shells.running import Passports, describe_lot, describe_run

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class AskedOfRun:
    """What of a run is exported: lots and cells by name, the run itself where none is named."""

    folder: str
    lots: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    base_iri: str | None = None


def is_run(name: str) -> bool:
    """Say whether an argument names a run folder, not a scenario."""
    return (Path(name) / "manifest.json").is_file()


def refuse(options: Iterable[str]) -> None:
    """Raise ScenarioError for options that change a scenario's shells, and say nothing of a run."""
    hint = "of a run: --lot, --cell, --base-iri"
    problems = [Problem("a run is exported as it was", name, hint) for name in options]
    if problems:
        raise ScenarioError(problems)


def described_run(asked: AskedOfRun) -> Environment:
    """Return the shells asked of a run. ResultsError for a lot or cell that it does not know."""
    run = read(asked.folder)
    names = Names(BASE if asked.base_iri is None else asked.base_iri)
    if not asked.lots and not asked.cells:
        return describe_run(run, names)
    found = [describe_lot(run, lot, names) for lot in asked.lots]
    if asked.cells:
        passports = Passports(run, names, asked.cells)
        found += [passports.of(cell) for cell in asked.cells]
    return together(found)


def together(environments: Iterable[Environment]) -> Environment:
    """Return environments as one; what several explain alike stands once."""
    whole = Environment()
    for each in environments:
        for thing in each.objects:
            if whole.objects.get(thing.id) is None:
                whole.objects.add(thing)
        whole.files |= each.files
        whole.notes += [note for note in each.notes if note not in whole.notes]
    return whole
