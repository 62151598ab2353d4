"""`linetwin aas export`: a line, its machines and its models as shells."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.cli import aas_interfaces
from linetwin.cli.printing import say
from linetwin.cli.running import Request
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.naming import BASE
from linetwin.shells.reading.limits import Limits
from linetwin.shells.reading.walking import elements
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linetwin.shells.environment import Environment

_DOCUMENTS: Final = "aasx/"
"""Where the JSON or XML of a package stands; its files stand elsewhere."""
_LESS: Final = "export fewer lots or cells to a file (--lot, --cell)"


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
    for note in [*found.notes, *_unread(found, output)]:
        say(f"  note: {note}")


def _unread(found: Environment, output: Path) -> Iterator[str]:
    """Yield why linetwin itself does not read a file, which other tools may."""
    limits = Limits()
    size = output.stat().st_size
    if output.suffix.lower() == ".aasx":
        with zipfile.ZipFile(output) as package:
            parts = [each for each in package.infolist() if each.filename.startswith(_DOCUMENTS)]
            size = sum(each.file_size for each in parts)
    count = sum(1 for each in found.submodels() for _ in elements(each, ""))
    bounds = {
        f"{size / 2**20:.0f} MiB of JSON or XML, and reads {limits.document_bytes / 2**20:.0f}":
            size > limits.document_bytes,
        f"{count:,} elements, and reads {limits.elements:,}": count > limits.elements,
    }  # fmt: skip
    for bound, is_beyond in bounds.items():
        if is_beyond:
            yield f"linetwin does not read this file again: {bound}; {_LESS}"


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
