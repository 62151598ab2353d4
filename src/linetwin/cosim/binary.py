"""The shared library of an FMU: extracted and loaded once per process, its functions bound once.

Functions are called with ctypes objects that are made beforehand, and without `argtypes`: that
takes 0.3 us a call instead of 0.55 us with converted Python numbers. So every argument that is
passed must be a ctypes object of the right type; the callers are `fmi2.py` and `fmi3.py` alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import sys
import zipfile
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.description import Description, read_description
from linetwin.cosim.folders import process_folder
from linetwin.errors import FmuError, Problem, WiringError

if TYPE_CHECKING:
    from pathlib import Path

CFunction = Callable[..., int]

_MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}
_SYSTEMS: Final = {"linux": "linux", "win32": "windows", "darwin": "darwin"}
_SUFFIXES: Final = {"linux": ".so", "windows": ".dll", "darwin": ".dylib"}
_LOUD: Final = ("warn", "error", "discard", "fatal")
_FMI2_NAMES: Final = {"linux": "linux64", "windows": "win64", "darwin": "darwin64"}


def platform_folder(version: int) -> str:
    """Return the folder under `binaries/` that this machine needs, for an FMI major version."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    if version == 2:  # noqa: PLR2004 - the FMI version
        return _FMI2_NAMES.get(system, system)
    machine = platform.machine().lower()
    return f"{_MACHINES.get(machine, machine)}-{system}"


def library_suffix() -> str:
    """Return the suffix of shared libraries on this machine."""
    return _SUFFIXES.get(_SYSTEMS.get(sys.platform, ""), ".so")


def platforms(path: Path) -> list[str]:
    """Return the platform folders for which the FMU has a binary."""
    with zipfile.ZipFile(path) as archive:
        parts = [name.split("/") for name in archive.namelist()]
    return sorted({p[1] for p in parts if len(p) == 3 and p[0] == "binaries" and p[2]})  # noqa: PLR2004


def check_platform(description: Description) -> None:
    """Raise WiringError where the FMU has no binary for this machine."""
    needed = platform_folder(description.version)
    member = f"binaries/{needed}/{description.model}{library_suffix()}"
    with zipfile.ZipFile(description.path) as archive:
        members = archive.namelist()
    if member in members:
        return
    if any(name.startswith("sources/") and name.endswith(".c") for name in members):
        hint = f"it carries its sources: linetwin fmu compile {description.path.name}"
        raise WiringError([Problem(f"{description.path}: it has no binary ({member})", hint=hint)])
    has = ", ".join(platforms(description.path))
    hint = f"it has binaries for {has}; needed: {needed}"
    if not has:
        hint = f"nor C sources for `linetwin fmu compile`: export it with either; needed: {needed}"
    message = f"{description.path}: it has no binary for this machine ({member})"
    raise WiringError([Problem(message, hint=hint)])


class Binary:
    """A loaded FMU: description, content hash, extracted folder, C functions by FMI name."""

    def __init__(self, description: Description, digest: bytes) -> None:
        """Extract and load; use `load_binary`, which does so once per content.

        Raises WiringError without a binary for this machine, FmuError where it cannot be loaded.
        """
        check_platform(description)
        log = logging.getLogger(f"linetwin.fmu.{description.name}")
        if description.capabilities.needs_tool:
            log.warning("it needs the tool that made it to run")
        if not description.token:
            key = "guid" if description.version == 2 else "instantiationToken"  # noqa: PLR2004
            log.warning("%s has no %s: does its binary fit?", description.path.name, key)
        self.description = description
        self.digest = digest
        self.folder = process_folder() / digest.hex()[:16]
        self.instances = 0
        try:
            with zipfile.ZipFile(description.path) as archive:
                archive.extractall(self.folder)
            self._library = _load_library(self._library_path())
        except (OSError, zipfile.BadZipFile) as error:
            raise FmuError(
                f"its binary cannot be loaded from {self.folder}: {error}", description.name
            ) from error
        self._functions: dict[str, CFunction] = {}
        self._together: dict[tuple[str, ...], tuple[CFunction, ...]] = {}

    @cached_property
    def identity(self) -> tuple[ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]:
        """Name, token and place of the resources, as the FMU is told them with each instance."""
        resources = self.folder / "resources"
        old = self.description.version == 2  # noqa: PLR2004 - the FMI version
        texts = (
            self.description.model,
            self.description.token,
            resources.as_uri() if old else f"{resources}/",
        )
        name, token, place = (ctypes.c_char_p(text.encode()) for text in texts)
        return name, token, place

    @cached_property
    def loud(self) -> tuple[ctypes.c_size_t, ctypes.Array[ctypes.c_char_p]]:
        """Number and names of the log categories that tell of warnings and errors."""
        categories = self.description.categories
        loud = [c.encode() for c in categories if any(word in c.lower() for word in _LOUD)]
        return ctypes.c_size_t(len(loud)), (ctypes.c_char_p * len(loud))(*loud)

    def _library_path(self) -> Path:
        folder = self.folder / "binaries" / platform_folder(self.description.version)
        return folder / f"{self.description.model}{library_suffix()}"

    def function(self, name: str, result: Any = ctypes.c_int) -> CFunction:  # noqa: ANN401 - a ctypes type
        """Return the C function `name`, bound once; FmuError where the FMU does not export it."""
        if name not in self._functions:
            try:
                function = self._library[name]
            except AttributeError as error:
                raise FmuError(
                    f"its binary does not export {name}", self.description.name
                ) from error
            function.restype = result
            self._functions[name] = function
        return self._functions[name]

    def functions(self, *names: str) -> tuple[CFunction, ...]:
        """Return functions of the FMU's version by their names without its prefix."""
        found = self._together.get(names)
        if found is None:
            version = self.description.version
            found = tuple(self.function(f"fmi{version}{name}") for name in names)
            self._together[names] = found
        return found


def _load_library(path: Path) -> ctypes.CDLL:
    """Load a library; OSError where that fails.

    What it does at that is done without Python's lock, as its calls are: ctypes alone would hold
    it, and nobody could tell that the FMU hangs or crashes.
    """
    if sys.platform != "win32":
        ctypes.CDLL(None)["dlopen"](os.fsencode(path), os.RTLD_NOW | ctypes.RTLD_LOCAL)
    return ctypes.CDLL(str(path))


_BINARIES: dict[bytes, Binary] = {}


@lru_cache(maxsize=256)
def _digest(path: Path, _mtime_ns: int, _size: int) -> bytes:
    """Return the hash of a file; its time and size are part of the cache's key."""
    return hashlib.sha256(path.read_bytes()).digest()


def load_binary(path: Path) -> Binary:
    """Return the loaded binary of the FMU at `path`, the same one for the same content.

    Raises WiringError or FmuError as `Binary` and `read_description` do.
    """
    description = read_description(path)
    status = description.path.stat()
    digest = _digest(description.path, status.st_mtime_ns, status.st_size)
    if digest not in _BINARIES:
        _BINARIES[digest] = Binary(description, digest)
    return _BINARIES[digest]


def loaded() -> Mapping[bytes, Binary]:
    """Return the binaries that this process has loaded, by content hash."""
    return dict(_BINARIES)
