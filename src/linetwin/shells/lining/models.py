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
from linetwin.shells.describing.models import FOLDER, token_of
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from linetwin.shells.environment import Environment
    from linetwin.shells.lining.elements import Reader

_FILES = "/files/"
_TOKEN = meaning("instantiation_token")
_AGAIN = "or export the line again with its models' files"


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
        token = self._token(reference, submodel, way)
        if not is_bare_name(reference):
            return self._file(reference, token, way)
        if not token or token == _shipped_token(reference):
            return reference
        path = f"{FOLDER}/{reference}.fmu"
        if path in self.environment.files:
            return self._file(path, token, way)
        message = f"the library's model '{reference}' is not the one the shells were made with"
        self.reader.wrong(way, message, f"token {token}; {_AGAIN}")
        return reference

    def _token(self, reference: str, submodel: str, way: str) -> str:
        """Return the token that a submodel states of a model; "", and a problem, for none."""
        found = self.environment.objects.get(submodel)
        here = f"{way.rpartition('/')[0]}/SimulationModels"
        if not isinstance(found, model.Submodel):
            said = f"'{submodel}' is not here" if submodel else "names no submodel"
            self.reader.wrong(here, said, f"the SimulationModels of '{reference}'; {_AGAIN}")
            return ""
        name = PurePosixPath(reference).name
        tokens = {
            token
            for file, token in stated_tokens(found)
            if token and (is_bare_name(reference) or PurePosixPath(file).name == name)
        }
        if len(tokens) != 1:
            said = "several InstantiationTokens" if tokens else "no InstantiationToken"
            message = f"{found.id_short} ({submodel}) states {said} of '{reference}'"
            self.reader.wrong(here, message, f"one, that of its file; {_AGAIN}")
            return ""
        return tokens.pop()

    def _file(self, path: str, token: str, way: str) -> str:
        """Lay a model's file, and those beside it, next to the package; return its path.

        A file that has not the token that is stated is a problem.
        """
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
        laid = (folder / below(path)).resolve()
        if token and laid.is_file():
            self._compare(laid, path, token, way)
        return str(laid)

    def _compare(self, laid: Path, path: str, token: str, way: str) -> None:
        try:
            actual = token_of(laid)
        except WiringError as error:
            for problem in error.problems:
                self.reader.wrong(way, f"'{path}': {problem.message}", problem.hint)
            return
        if actual != token:
            message = f"'{path}' is not the model that the shells describe: its token is {actual}"
            self.reader.wrong(way, message, f"the file with the token {token}; {_AGAIN}")

    def _under(self, folder: str) -> list[str]:
        """Return the files of a group: all below the folder that has its name."""
        own = "/".join(folder.split("/")[: FOLDER.count("/") + 2])
        return [path for path in self.environment.files if path.startswith(f"{own}/")]

    def _lay(self, path: str, folder: Path, way: str) -> None:
        target = folder / below(path)
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


def stated_tokens(submodel: model.Submodel) -> list[tuple[str, str]]:
    """Return file and token of each model that a SimulationModels describes; "" for none."""
    found = []
    for element in walk_submodel(submodel):
        if isinstance(element, model.SubmodelElementCollection):
            files = [each for each in element.value if isinstance(each, model.File)]
            tokens = [
                str(each.value or "")
                for each in element.value
                if isinstance(each, model.Property) and meaning_of(each) == _TOKEN
            ]
            if files:
                found += [(str(files[0].value or ""), token) for token in tokens or [""]]
            elif tokens:
                found += [("", token) for token in tokens]
    return found


def below(path: str) -> Path:
    """Return where a file of a package is laid, in the folder of its models."""
    parts = path.removeprefix(f"{FOLDER}/").removeprefix(_FILES).split("/")
    return Path(*(part for part in parts if part not in {"", ".", ".."}))


def _shipped_token(name: str) -> str:
    try:
        return read_description(find_fmu(name)).token
    except WiringError:  # the library has no such model: whoever opens it says so
        return ""
