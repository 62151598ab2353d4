"""What a server gave: shells with their submodels, or a note of those that did not come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.shells.checking.links import file_names
from linetwin.shells.reading.account import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.shells.environment import Environment

_NAMED: Final = 3
"""Submodels that a note names; the others are counted."""
_SHELLS: Final = 20
"""Shells of which it is noted that submodels are not there; the others are counted."""


def keep_only(found: Environment, identifier: str, submodels: Collection[str]) -> bool:
    """Leave out all but a shell and its submodels, with notes; False where it is not there.

    `submodels`: ids of those that it is said to have, beside those that it refers to itself.
    Concept descriptions stay, files where something that stays names them.
    """
    shell = found.objects.get(identifier)
    if not isinstance(shell, model.AssetAdministrationShell):
        return False
    wanted = {*submodels, *referred(shell)}
    others = [each for each in (*found.shells(), *found.submodels())
              if each.id not in {identifier, *wanted}]  # fmt: skip
    for each in others:
        found.objects.discard(each)
    named = {name for _, name in file_names(found)}
    found.files = {name: each for name, each in found.files.items() if name in named}
    if others:
        text = f"{len(others)} shells and submodels that were not asked for were left out"
        found.notes.append(f"{shown(identifier)}: {text}")
    note_missing(found, {identifier: wanted})
    return True


def note_missing(found: Environment, wanted: Mapping[str, Collection[str]]) -> None:
    """Note which submodels of shells are not there; `wanted`: id of a shell -> theirs."""
    there = {each.id for each in found.submodels()}
    notes = []
    for identifier, submodels in wanted.items():
        missing = sorted({*submodels} - there)
        if missing:
            names = ", ".join(shown(each) for each in missing[:_NAMED])
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            text = f"{len(missing)} of its {len(submodels)} submodels were not given: {names}{more}"
            notes.append(f"{shown(identifier)}: {text}")
    if len(notes) > _SHELLS:
        notes[_SHELLS:] = [f"{len(notes) - _SHELLS} more shells were given without some submodels"]
    found.notes += notes


def referred(shell: model.AssetAdministrationShell) -> set[str]:
    """Return the ids of the submodels that a shell refers to."""
    return {each.key[-1].value for each in shell.submodel}
