"""Models that a line from shells uses: the library's where they are the same, else the package's.

An FMU of a package is laid beside it, in a folder of its name with `.models` behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel

from linetwin.cosim.description import read_description
from linetwin.cosim.library import find_fmu, is_bare_name
from linetwin.errors import WiringError
from linetwin.shells.building import meaning_of
from linetwin.shells.describing.models import FOLDER
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from linetwin.shells.environment import Environment
    from linetwin.shells.lining.elements import Reader

_FILES = "/files/"


@dataclass
class Models:
    """Finds the model of each process; `reader` names the file and takes what is wrong."""

    environment: Environment
    reader: Reader
    _laid: set[str] = field(default_factory=set)

    def place(self, reference: str, submodel: str, way: str) -> str:
        """Return what a line file says of a model: a bare name, or a path.

        Args:
            reference: a bare name, or a path in the package.
            submodel: the id of the model's SimulationModels, "" where none is named.
            way: where the reference stands.
        """
        if not is_bare_name(reference):
            return self._file(reference, way)
        token = self._token(submodel)
        if not token or token == _shipped_token(reference):
            return reference
        path = f"{FOLDER}/{reference}.fmu"
        if path in self.environment.files:
            return self._file(path, way)
        message = f"the library's model '{reference}' is not the one the shells were made with"
        hint = "export the line again, or with its models' files"
        self.reader.wrong(way, message, hint)
        return reference

    def _token(self, submodel: str) -> str:
        """Return the token of the model that a submodel describes, "" where it has none."""
        found = self.environment.objects.get(submodel)
        if not isinstance(found, model.Submodel):
            return ""
        wanted = meaning("instantiation_token")
        tokens = [
            str(each.value)
            for each in walk_submodel(found)
            if isinstance(each, model.Property) and meaning_of(each) == wanted
        ]
        return tokens[0] if tokens else ""

    def _file(self, path: str, way: str) -> str:
        """Lay a model's file, and those beside it, next to the package; return its path."""
        file = self.reader.file
        if path not in self.environment.files or file is None:
            hint = "export the line with its models' files, as .aasx"
            self.reader.wrong(way, f"'{path}' is not in the package", hint)
            return path
        folder = file.with_name(f"{file.name}.models")
        group = str(PurePosixPath(path).parent)
        beside = [path] if group == FOLDER else self._under(group)
        for each in beside:
            self._lay(each, folder, way)
        return str((folder / _below(path)).resolve())

    def _under(self, folder: str) -> list[str]:
        """Return the files of a group: all below the folder that has its name."""
        own = "/".join(folder.split("/")[: FOLDER.count("/") + 2])
        return [path for path in self.environment.files if path.startswith(f"{own}/")]

    def _lay(self, path: str, folder: Path, way: str) -> None:
        target = folder / _below(path)
        content = self.environment.files[path].content
        if path in self._laid or ".." in PurePosixPath(path).parts:
            return
        self._laid.add(path)
        try:
            if not target.is_file() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        except OSError as error:
            hint = "a folder beside the package that may be written"
            self.reader.wrong(way, f"{target}: cannot be written: {error.strerror}", hint)


def _below(path: str) -> Path:
    parts = path.removeprefix(f"{FOLDER}/").removeprefix(_FILES).split("/")
    return Path(*(part for part in parts if part not in {"", ".", ".."}))


def _shipped_token(name: str) -> str:
    try:
        return read_description(find_fmu(name)).token
    except WiringError:  # the library has no such model: whoever opens it says so
        return ""
