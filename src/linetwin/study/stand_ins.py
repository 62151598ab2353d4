"""Stand-ins that a study names: found beside its file, and written so that runs find them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.scenario.document import fragment
from linetwin.scenario.emit import flow
from linetwin.scenario.fidelity_set import PREFIX, missing_hint, split, stand_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.scenario.document import Document, KeyPath
    from linetwin.scenario.problems import Problems


@dataclass(frozen=True)
class Texts:
    """Settings of a study's file as `--set` reads them in `scenario`, which lies in `folder`."""

    document: Document
    scenario: str
    folder: Path
    problems: Problems

    def of(self, settings: Mapping[str, object], at: KeyPath) -> tuple[str, ...]:
        """Return `ADDRESS=VALUE` texts of what is written below `at`.

        A stand-in's path counts from the study's file, or else from where the command runs, and
        in the text from the scenario's: so it does wherever the files are taken to.
        """
        found = {}
        for address, value in settings.items():
            found[address] = value
            if _is_stand_in(address):
                found[address] = self._located(value, (*at, address))
        return tuple(f"{address}={flow(value)}" for address, value in found.items())

    def _located(self, value: object, key: KeyPath) -> object:
        folders = (self.document.file.parent, Path())
        file = stand_in_file(value, folders)
        if file is None:
            message = f"stand-in '{value}' does not exist"
            hint = missing_hint(folders, self.scenario)
            self.problems.add(self.document.place(key), message, hint)
            return value
        try:
            return Path(os.path.relpath(file, self.folder.resolve())).as_posix()
        except ValueError:  # another drive
            return str(file)


def files_of(settings: Iterable[str], folder: Path) -> set[Path]:
    """Return the stand-ins that settings name, whose paths count from `folder`."""
    pairs = (text.partition("=") for text in settings)
    values = (fragment(value) for address, _, value in pairs if _is_stand_in(address))
    return {(folder / str(value)).resolve() for value in values}


def _is_stand_in(address: str) -> bool:
    return address.startswith(PREFIX) and split(address)[1] == "stand_in"
