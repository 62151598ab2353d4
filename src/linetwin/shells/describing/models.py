"""The models of a line: which there are, their files, and what IDTA 02005 says of each."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from linetwin.cosim.description import Description, read_description
from linetwin.cosim.groups.reading import is_group, read_group
from linetwin.cosim.library import find_fmu, is_bare_name, shipped_folder
from linetwin.shells.environment import Supplement
from linetwin.shells.terms import Term, of_model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.cosim.description import Variable
    from linetwin.scenario.resolved import ProcessConfig
    from linetwin.shells.naming import Names

FMU_TYPE: Final = "application/x-fmu-sharedlibrary"
GROUP_TYPE: Final = "application/yaml"
FOLDER: Final = "/files/models"
_DIGITS: Final = 8
_TYPES: Final = {"Boolean": "bool", "String": "str"}


@dataclass(frozen=True)
class Head:
    """What a modelDescription.xml says of itself; "" where it says nothing."""

    version: str = ""
    author: str = ""
    licence: str = ""
    tool: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True)
class UsedModel:
    """A model that a line uses.

    `reference`: a bare name of the library, or the path in the package of somebody's own;
    `file`: an FMU, or a group file; `members`: the FMUs, one or those of the group, as they are
    called in the package; `submodel`: the id of its SimulationModels.
    """

    name: str
    reference: str
    file: Path
    members: dict[str, Path]
    submodel: str

    @property
    def is_group(self) -> bool:
        """Whether it is several FMUs that step together."""
        return is_group(self.file)

    def descriptions(self) -> dict[str, Description]:
        """Return what each FMU says of itself, by its path in the package."""
        return {path: read_description(file) for path, file in self.members.items()}

    def term(self, parameter: str) -> Term:
        """Return the term of a parameter that is set, as the FMU describes it."""
        if self.is_group:
            return of_model(self.name, parameter, f"parameter of the group {self.name}", "", "")
        known = read_description(self.file).variables.get(parameter)
        if known is None:
            return of_model(self.name, parameter, "", "float", "")
        return variable_term(self.name, known)

    def meaning(self, parameter: str) -> str:
        """Return the semanticId of a parameter."""
        return self.term(parameter).iri

    def token(self) -> str:
        """Return what tells this model from another of its name, the same on every platform.

        The instantiation token of an FMU; of a group, a hash of its file and its FMUs' tokens.
        """
        tokens = [description.token for description in self.descriptions().values()]
        if not self.is_group:
            return tokens[0]
        content = self.file.read_bytes() + "\n".join(tokens).encode()
        return hashlib.sha256(content).hexdigest()


def token_of(file: Path) -> str:
    """Return the token of an FMU or group that was laid in a folder; WiringError for none."""
    members, _ = _layout(file.stem, file)
    return UsedModel(file.stem, "", file, members, "").token()


def variable_term(model: str, variable: Variable) -> Term:
    """Return the term of an FMU's variable."""
    value_type = _TYPES.get(variable.type, "int" if "Int" in variable.type else "float")
    return of_model(model, variable.name, variable.meaning, value_type, variable.unit or "")


def head(file: Path) -> Head:
    """Return what an FMU that was read without an error says of itself."""
    with zipfile.ZipFile(file) as archive:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(archive.read("modelDescription.xml"), parser)
        platforms = {
            parts[1]
            for parts in (name.split("/") for name in archive.namelist())
            if parts[0] == "binaries" and len(parts) > 2  # noqa: PLR2004  folder, platform, file
        }
    names = ("version", "author", "license", "generationTool")
    version, author, licence, tool = (root.get(name, "") for name in names)
    return Head(version, author, licence, tool, tuple(sorted(platforms)))


@dataclass
class UsedModels:
    """All models of a line, each once; `base`: the file that paths count from."""

    names: Names
    base: Path
    _found: dict[Path, UsedModel] = field(default_factory=dict)

    def __call__(self, process: ProcessConfig) -> UsedModel:
        """Return the model of a process; WiringError where there is none."""
        file = Path(process.model)
        if not is_group(file):
            file = find_fmu(process.model, self.base)
        if file not in self._found:
            self._found[file] = self._new(process.model, file)
        return self._found[file]

    def all(self) -> list[UsedModel]:
        """Return the models that were asked for, by name."""
        return sorted(self._found.values(), key=lambda each: each.name)

    def _new(self, reference: str, file: Path) -> UsedModel:
        is_own = is_bare_name(reference)
        name = file.stem
        if not is_own or any(each.name == name for each in self._found.values()):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:_DIGITS]
            name = f"{name}-{digest}"
        members, reference_path = _layout(name, file)
        submodel = self.names.model(name).submodel("SimulationModels")
        return UsedModel(name, reference if is_own else reference_path, file, members, submodel)


def _layout(name: str, file: Path) -> tuple[dict[str, Path], str]:
    """Return the FMUs by their path in the package, and the path of what names them.

    The files of a group keep their places beside one another.
    """
    if not is_group(file):
        path = f"{FOLDER}/{name}.fmu"
        return {path: file}, path
    fmus = {member.description.path for member in read_group(file).members}
    shipped = {fmu for fmu in fmus if fmu.parent == shipped_folder()}
    beside = sorted(fmus - shipped)
    root = Path(os.path.commonpath([file.parent, *(fmu.parent for fmu in beside)]))
    places = {f"{FOLDER}/{fmu.name}": fmu for fmu in sorted(shipped)}
    places |= {f"{FOLDER}/{name}/{fmu.relative_to(root).as_posix()}": fmu for fmu in beside}
    return places, f"{FOLDER}/{name}/{file.relative_to(root).as_posix()}"


def supplements(models: Iterable[UsedModel]) -> dict[str, Supplement]:
    """Return the files of models, as they travel in a package."""
    found: dict[str, Supplement] = {}
    for each in models:
        for path, file in each.members.items():
            found[path] = Supplement(path, file.read_bytes(), FMU_TYPE)
        if each.is_group:
            path = each.reference
            found[path] = Supplement(path, each.file.read_bytes(), GROUP_TYPE)
    return found
