"""Models that a line from shells uses: the package's, where it has not the library's own bytes.

An FMU of a package is laid beside it, in a folder of its name with `.models` behind it. What runs
has the token that the shells state, and the SHA-256 where they state one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel

from linetwin.cosim.description import read_description
from linetwin.cosim.library import find_fmu, is_bare_name
from linetwin.errors import WiringError
from linetwin.shells.building import meaning_of
from linetwin.shells.describing.models import FOLDER, token_of
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.shells.environment import Environment
    from linetwin.shells.lining.elements import Reader

_FILES: Final = "/files/"
_TOKEN: Final = meaning("instantiation_token")
_DIGEST: Final = meaning("model_digest")
_AGAIN: Final = "or export the line again with its models' files"


@dataclass(frozen=True)
class Stated:
    """What SimulationModels state of one model: its file, token and SHA-256; "" for none."""

    file: str
    token: str
    digest: str


@dataclass
class Models:
    """Finds the model of each process; `reader` names the file and takes what is wrong."""

    environment: Environment
    reader: Reader
    _laid: set[str] = field(default_factory=set)
    _instead: set[str] = field(default_factory=set)

    def place(self, reference: str, submodel: str, way: str, process: str) -> str:
        """Return what a line file says of a model: a bare name, or a path.

        Args:
            reference: a bare name, or a path in the package.
            submodel: the id of the model's SimulationModels, "" where none is named.
            way: where the reference stands.
            process: the address of what the model is of.
        """
        found = self.environment.objects.get(submodel)
        if not isinstance(found, model.Submodel):
            said = f"'{submodel}' is not here" if submodel else "names no submodel"
            hint = f"the SimulationModels of '{reference}'; {_AGAIN}"
            self.reader.wrong(f"{way.rpartition('/')[0]}/SimulationModels", said, hint)
            return reference
        stated = self._stated(reference, found, way)
        if stated is None:
            return reference
        is_bare = is_bare_name(reference)
        path = stated.file if is_bare else reference
        if path in self.environment.files:
            if own_file(self.environment, reference, stated):
                self.reader.notes.append(f"{process}: {runs_on(path)}")
            return self._of_package(reference, path, found, way)
        if is_bare:
            self._of_library(reference, stated, way)
        else:
            hint = "export the line with its models' files, as .aasx"
            self.reader.wrong(way, f"'{path}' is not in the package", hint)
        return reference

    def tell(self) -> None:
        """Note which files of the package are absent, and what is used in their place."""
        if self._instead:
            names = ", ".join(sorted(self._instead))
            said = "not here; the library's models of these names, of the stated tokens, are used"
            self.reader.notes.append(f"files of models: {said}: {names}")

    def _stated(self, reference: str, submodel: model.Submodel, way: str) -> Stated | None:
        """Return what a submodel states of a model; None, and a problem, where it has no token."""
        stated = stated_of(reference, submodel)
        if len(stated) == 1:
            return stated.pop()
        said = "several InstantiationTokens" if stated else "no InstantiationToken"
        message = f"{submodel.id_short} ({submodel.id}) states {said} of '{reference}'"
        here = f"{way.rpartition('/')[0]}/SimulationModels"
        self.reader.wrong(here, message, f"one, that of its file; {_AGAIN}")
        return None

    def _of_library(self, name: str, stated: Stated, way: str) -> None:
        """Hold the library's model, whose file is not in the package, against what is stated."""
        content, token = _shipped(name)
        if stated.file and PurePosixPath(stated.file).stem != name:
            message = f"'{stated.file}' is not in the package, and is no file of the library's"
            hint = f"put it there; to run the library's '{name}', state its file and token"
            self.reader.wrong(way, message, hint)
        elif token != stated.token:
            message = f"the library's model '{name}' is not the one the shells were made with"
            self.reader.wrong(way, message, f"token {stated.token}; {_AGAIN}")
        elif stated.digest and stated.digest.casefold() != (actual := _digest(content)):
            message = f"'{stated.file}' is not in the package, and the library's model '{name}'"
            hint = f"the file with {stated.digest}; {_AGAIN}"
            self.reader.wrong(way, f"{message} is another file: SHA-256 {actual}", hint)
        elif "/" in stated.file:
            self._instead.add(name)

    def _of_package(self, reference: str, path: str, submodel: model.Submodel, way: str) -> str:
        """Return the library's name where the package has its very bytes, else lay its files.

        A file that is not as it is stated is a problem.
        """
        file, content = self.reader.file, self.environment.files[path].content
        is_shipped = _is_shipped(reference, content)
        if file is None and not is_shipped:
            self.reader.wrong(way, f"'{path}' has no file beside which it may be laid")
            return reference
        folder = Path() if file is None else file.with_name(f"{file.name}.models")
        laid = find_fmu(reference) if is_shipped else (folder / below(path)).resolve()
        if not is_shipped:
            group = str(PurePosixPath(path).parent)
            for each in [path] if group == FOLDER else self._under(group):
                self._lay(each, folder, way)
        for name, wrong in differences(self.environment, submodel, {path: laid}):
            message = f"'{name}' is not the model that the shells describe: {wrong}"
            hint = f"to run this file, state what it has in {submodel.id_short}; {_AGAIN}"
            self.reader.wrong(way, message, hint)
        return reference if is_shipped else str(laid)

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


def differences(
    environment: Environment, submodel: model.Submodel, laid: dict[str, Path]
) -> Iterator[tuple[str, str]]:
    """Yield files of a package, and how they differ from what a SimulationModels states of them.

    `laid`: path in the package -> file on disk, of those whose token is compared.
    """
    for each in stated_models(submodel):
        if each.file not in environment.files:
            continue
        actual, found = _digest(environment.files[each.file].content), []
        if each.digest and each.digest.casefold() != actual:
            found.append(f"has the SHA-256 {actual}, '{each.digest}' is stated")
        if each.token and each.file in laid and laid[each.file].is_file():
            found += _other_token(laid[each.file], each.token)
        if found:
            yield each.file, "; ".join(found)


def _other_token(file: Path, stated: str) -> list[str]:
    """Return what is wrong with the token of a file; nothing where it is the stated one."""
    try:
        actual = token_of(file)
    except WiringError as error:
        return [each.message.replace(f"{file.resolve().parent}/", "") for each in error.problems]
    return [] if actual == stated else [f"has the token {actual}, '{stated}' is stated"]


def stated_models(submodel: model.Submodel) -> list[Stated]:
    """Return what a SimulationModels states of each model that has a file or a token."""
    found = []
    for element in walk_submodel(submodel):
        if isinstance(element, model.SubmodelElementCollection):
            file = next(
                (str(e.value or "") for e in element.value if isinstance(e, model.File)), ""
            )
            tokens, digests = (_texts(element, wanted) for wanted in (_TOKEN, _DIGEST))
            if file or tokens:
                found += [Stated(file, token, "".join(digests[:1])) for token in tokens or [""]]
    return found


def stated_of(reference: str, submodel: model.Submodel) -> set[Stated]:
    """Return what a SimulationModels states of the model of a name or path, where it has a token.

    One is right; several contradict each other.
    """
    name = PurePosixPath(reference).name
    return {
        each
        for each in stated_models(submodel)
        if each.token and (is_bare_name(reference) or PurePosixPath(each.file).name == name)
    }


def own_file(environment: Environment, reference: str, stated: Stated) -> str:
    """Return the file of the package that runs as a model; "" for the library's, or for none."""
    path = stated.file if is_bare_name(reference) else reference
    file = environment.files.get(path)
    return "" if file is None or _is_shipped(reference, file.content) else path


def runs_on(path: str) -> str:
    """Return how a note tells of a process that a file of a package is the model of."""
    return f"runs on {below(path).as_posix()} of the package, on no model of the library"


def _texts(holder: model.SubmodelElementCollection, wanted: str) -> list[str]:
    """Return the values of the properties that mean what is wanted."""
    properties = (each for each in holder.value if isinstance(each, model.Property))
    return [str(each.value or "").strip() for each in properties if meaning_of(each) == wanted]


def below(path: str) -> Path:
    """Return where a file of a package is laid, in the folder of its models."""
    parts = path.removeprefix(f"{FOLDER}/").removeprefix(_FILES).split("/")
    return Path(*(part for part in parts if part not in {"", ".", ".."}))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_shipped(reference: str, content: bytes) -> bool:
    return is_bare_name(reference) and _shipped(reference)[0] == content


def _shipped(name: str) -> tuple[bytes, str]:
    """Return bytes and token of a model of the library, of none where it has no such model."""
    try:
        file = find_fmu(name)
        return file.read_bytes(), read_description(file).token
    except (WiringError, OSError):  # whoever opens it says so
        return b"", ""
