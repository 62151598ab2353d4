"""An FMU as a file: the same bytes for the same contents, and the hash that tells its age."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.authoring.toolchain import FLAGS
from linetwin.errors import ModelError
from linetwin.fingerprint import fingerprint
from linetwin.quantities import ucum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_AUTHORING = Path(__file__).parent
_OTHERS = ("kernel.py",)
"""What authoring has besides: no FMU depends on it."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip archive can hold
EVIDENCE = "resources/evidence.json"


def build_hash(model_file: Path, fmi_version: str) -> str:
    """Return the hash of all that an FMU is made of: models' code and data, authoring, tools.

    Raises:
        ModelError: when a tool is not installed.
    """
    digest = hashlib.sha256()
    ours = [path for path in _AUTHORING.glob("*.py") if path.name not in _OTHERS]
    ours += [*_AUTHORING.glob("runtime/**/*.[ch]"), Path(ucum.__file__)]
    digest.update(fingerprint([*_library_files(model_file), *sorted(ours)]).encode())
    for tool in ("casadi", "ziglang"):
        digest.update(f"{tool} {_version(tool)}\n".encode())
    digest.update(" ".join((fmi_version, *FLAGS)).encode())
    return digest.hexdigest()


def _library_files(model_file: Path) -> list[Path]:
    """Return the files of a library that a model is made of, in a fixed order.

    These are the modules that lie beside the folders, code and tables of the model's own folder,
    and the same of each folder from which one of them imports, however far it goes.
    """
    library = model_file.parent.parent
    shared = set(library.glob("*.py"))
    found, waiting = set(shared), [model_file.parent]
    seen = set(waiting)
    while waiting:
        folder = waiting.pop()
        code = set(folder.glob("*.py"))
        found |= code | set(folder.glob("*.csv"))
        named = {library / name for path in code | shared for name in _imported(path)}
        new = {place for place in named - seen if place.is_dir()}
        seen |= new
        waiting += new
    return sorted(found)


def _imported(path: Path) -> Iterator[str]:
    """Yield the first names of what a file of Python imports; none where it is no Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:
        return  # told when the model is loaded
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _version(tool: str) -> str:
    try:
        return importlib.metadata.version(tool)
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelError(f"{tool} is missing: FMUs are built with linetwin[fmu]") from error


def is_current(fmu: Path, expected_hash: str, folders: Iterable[str]) -> bool:
    """Tell whether an FMU exists with this hash and a library in each folder of binaries/."""
    try:
        with zipfile.ZipFile(fmu) as archive:
            stored = json.loads(archive.read(EVIDENCE)).get("hash")
            found = {name.split("/")[1] for name in archive.namelist() if "binaries/" in name}
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return False  # absent or damaged: to be built
    return stored == expected_hash and found.issuperset(folders)


def write_fmu(fmu: Path, contents: Mapping[str, bytes]) -> None:
    """Write an FMU from its files by name; a half-written one is never left behind."""
    fmu.parent.mkdir(parents=True, exist_ok=True)
    partial = fmu.with_suffix(f".{os.getpid()}.partial")  # others may build the same
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # the same bytes on every system
            archive.writestr(entry, contents[name])
    partial.replace(fmu)
