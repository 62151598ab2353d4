"""`linetwin aas check`: what a file of shells says of its own meaning."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from linetwin.cli.printing import print_json, print_table, say
from linetwin.shells.checking import Findings
from linetwin.shells.checking import check as findings_of
from linetwin.shells.reading import read
from linetwin.shells.reading.account import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SHOWN: Final = 20


def check(file: Path, *, json: bool) -> None:
    """Print coverage, terms mapped to nothing, and references and files that lead nowhere."""
    found = findings_of(read(file))
    if json:
        print_json(_plain(found))
        return
    counts = {
        "shells": found.shells,
        "submodels": len(found.submodels),
        "concept descriptions": found.concepts,
        "files": found.files,
    }
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    say(f"{file}: {kinds}")
    if found.elements:
        share = 100 * found.marked / found.elements
        say(f"{found.marked} of {found.elements} elements have a semanticId ({share:.1f} %)")
        rows = [
            (shown(each.name), shown(each.id), f"{each.elements}", f"{100 * each.share:.1f}")
            for each in sorted(found.submodels, key=lambda each: each.share)
        ]
        print_table("", ("submodel", "id", "elements", "with semanticId, %"), rows[:_SHOWN], 2)
        if len(rows) > _SHOWN:
            say(f"  ... and {len(rows) - _SHOWN} more of at least {rows[_SHOWN][-1]} %")
    unmarked = [place for each in found.submodels for place in each.unmarked]
    _print("elements without semanticId", unmarked)
    unexplained = [f"{each.iri} ({each.uses} times, {each.place})" for each in found.unexplained]
    _print("terms mapped to nothing: no concept description, no dictionary", unexplained)
    bare = [f"{each.iri} ({each.explained})" for each in found.undescribed if each.explained]
    _print("terms without concept description that others explain", bare)
    _print("assets that several shells describe", found.twice)
    _print("references that lead to nothing in this file", found.dangling)
    _print("files that are named but absent", found.absent)
    _print("models that are not the ones described, or state no token", found.models)
    _print("models that are files of the package", found.own)
    _print("noted in reading", found.notes)


def _print(title: str, lines: Sequence[str]) -> None:
    """Print a list, its beginning where it is long; nothing where it is empty."""
    if not lines:
        return
    say(f"{len(lines)} {title}")
    for line in lines[:_SHOWN]:
        say("  " + "".join(letter if letter.isprintable() else "\ufffd" for letter in line))
    if len(lines) > _SHOWN:
        say(f"  ... and {len(lines) - _SHOWN} more (--json lists all)")


def _plain(found: Findings) -> dict[str, Any]:
    """Return the findings as JSON has them, with what is derived of them."""
    whole = asdict(found)
    whole["elements"] = found.elements
    whole["with_semantic_id"] = found.marked
    for entry, each in zip(whole["submodels"], found.submodels, strict=True):
        entry["with_semantic_id"] = each.marked
    whole["terms_mapped_to_nothing"] = [each.iri for each in found.unexplained]
    whole["terms_without_description"] = [each.iri for each in found.undescribed]
    return whole
