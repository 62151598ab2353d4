"""`linetwin aas export`: a line, its machines and its models as shells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.cli import aas_interfaces
from linetwin.cli.printing import say
from linetwin.cli.running import Request
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.naming import BASE
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.shells.environment import Environment


@dataclass(frozen=True)
class Asked:
    """What is exported: a scenario with what `--set` changes, and how.

    `mapping`: of the plant whose servers are described, in place of `linetwin plant`.
    """

    scenario: str
    settings: tuple[str, ...] = ()
    base_iri: str | None = None
    models: bool = True
    mapping: Path | None = None


def export(asked: Asked, output: Path) -> None:
    """Write the shells of a scenario's line to a file; say what is in it, and what is not known."""
    in_package = output.suffix.lower() == ".aasx"
    tell(described(asked, with_files=in_package and asked.models), output)
    if asked.models and not in_package:
        say(f"  note: {output.suffix} holds no files; models are in an .aasx")


def tell(found: Environment, output: Path) -> None:
    """Write shells to a file; say what is in it, and what is not known."""
    write(found, output)
    counts = {
        "shells": len(list(found.shells())),
        "submodels": len(list(found.submodels())),
        "concept descriptions": len(list(found.concepts())),
        "files": len(found.files),
    }
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    say(f"{output}: {kinds}, {output.stat().st_size / 1e6:.1f} MB")
    for note in found.notes:
        say(f"  note: {note}")


def described(asked: Asked, *, with_files: bool) -> Environment:
    """Return the shells of a scenario's line; `with_files`: with the FMUs it uses.

    Without models and without a mapping, what machines tell over OPC UA is left out as well.
    """
    request = Request(asked.scenario, asked.settings, None, None)
    scenario = request.load()
    base_iri = BASE if asked.base_iri is None else asked.base_iri
    notes: list[str] = []
    told: aas_interfaces.Interfaces = {}
    if asked.mapping is not None:
        told = aas_interfaces.of_mapping(asked.mapping, scenario, notes)
    elif asked.models:
        told = aas_interfaces.of_plant(scenario)
    found = describe(scenario, Wanted(base_iri, asked.models, with_files, request.file(), told))
    found.notes += notes
    return found
