"""Compiling somebody else's FMU that carries its C sources, for machines it has no binary for."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from linetwin.authoring.standards import STANDARDS, universal
from linetwin.authoring.toolchain import TARGETS, compile_library
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTIONS: Final = ("-std=gnu11", "-w", "-DFMI3_OVERRIDE_FUNCTION_PREFIX", "-DDISABLE_PREFIX")
"""Other people's C wants what POSIX adds, and its warnings are theirs."""


def compile_sources(fmu: Path, output: Path, targets: Sequence[str]) -> tuple[Path, list[str]]:
    """Copy an FMU into the folder `output` with binaries made from its sources.

    FMI 2.0 names them in its description, FMI 3.0 in sources/buildDescription.xml. Returns the
    copy, and its folders of binaries that are new.

    Raises:
        ModelError: when it names no sources, when they are no C, or with the compiler's message.
    """
    configuration, version = _configuration(fmu)
    standard = STANDARDS[version]
    copy = output / fmu.name
    if copy.resolve() == fmu.resolve():
        raise ModelError(f"{copy} would replace the FMU itself: name another folder")
    output.mkdir(parents=True, exist_ok=True)
    wanted = standard.targets_of(targets)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with zipfile.ZipFile(fmu) as archive:
            archive.extractall(folder / "fmu")
        made: dict[str, bytes] = {}
        for place, names in wanted.items():
            libraries = [_library(configuration, folder, name) for name in names]
            member = f"{configuration.modelIdentifier}{TARGETS[names[0]].suffix}"
            joined = universal(libraries) if len(libraries) > 1 else libraries[0]
            made[f"binaries/{place}/{member}"] = joined
        _pack(fmu, folder / "new.fmu", made)
        shutil.move(folder / "new.fmu", copy)
    return copy, list(wanted)


def _configuration(fmu: Path) -> tuple[Any, str]:
    """Return FMPy's build configuration of an FMU and the major version of FMI."""
    import fmpy

    try:
        found = fmpy.read_model_description(str(fmu), validate=False)
    except Exception as error:  # FMPy raises bare Exception, and what lxml and attrs raise
        raise ModelError(f"{fmu}: it cannot be read: {error}") from error
    interface = found.coSimulation or found.modelExchange
    for configuration in found.buildConfigurations:
        if interface is not None and configuration.modelIdentifier == interface.modelIdentifier:
            return configuration, str(found.fmiMajorVersion)
    raise ModelError(f"{fmu}: it names no sources to compile")


def _library(configuration: Any, folder: Path, target: str) -> bytes:  # noqa: ANN401 - FMPy's
    """Compile for one target; return the library's content."""
    sources = folder / "fmu" / "sources"
    files: list[Path] = []
    include = [sources]
    options = list(_OPTIONS)
    for part in configuration.sourceFileSets:
        language = part.language or "C"
        if not language.startswith("C") or "+" in language:
            raise ModelError(f"its sources are {part.language}; C can be compiled")
        files += [sources / name for name in part.sourceFiles]
        include += [sources / name for name in part.includeDirectories]
        options += [
            f"-D{found.name}={found.value}" if found.value else f"-D{found.name}"
            for found in part.preprocessorDefinitions
            if not found.optional
        ]
    missing = ", ".join(file.name for file in files if not file.is_file())
    if missing:
        model = configuration.modelIdentifier
        raise ModelError(f"{model} names a source that is not in its folder sources: {missing}")
    library = folder / f"{target}{TARGETS[target].suffix}"
    compile_library(files, include, target, library, options)
    return library.read_bytes()


def _pack(fmu: Path, into: Path, made: dict[str, bytes]) -> None:
    """Write a copy of an FMU with members added or replaced."""
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename not in made:
                new.writestr(member, old.read(member))
        for name, content in made.items():
            new.writestr(name, content)
