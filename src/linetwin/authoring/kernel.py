"""Building the library of `cosim/kernel`, with the compiler of the FMUs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.authoring.toolchain import TARGETS, compile_library, resolve_targets
from linetwin.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES: Final = Path(__file__).resolve().parents[1] / "cosim" / "kernel"
FOLDER: Final = "_kernel"
"""Folder of the package that holds the libraries, a folder for each platform."""


def build_kernel(package: Path, targets: Sequence[str] = ("host",)) -> list[Path]:
    """Build the kernel's libraries into a package's folder, unless those there are current.

    Args:
        package: the folder of linetwin; its `_kernel/<target>/` gets the library.
        targets: "host", "all", or names of `toolchain.TARGETS`.

    Returns:
        The libraries that were built.

    Raises:
        ModelError: for an unknown target and for failures of the compiler.
    """
    sources = sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.h")])
    expected = fingerprint(sources)
    built = []
    for name in resolve_targets(targets):
        library = package / FOLDER / name / f"kernel{TARGETS[name].suffix}"
        # the hash is text in the library, so that whoever loads it can ask
        if not (library.is_file() and expected.encode() in library.read_bytes()):
            _compile([path for path in sources if path.suffix == ".c"], expected, name, library)
            built.append(library)
    return built


def _compile(code: Sequence[Path], expected: str, target: str, library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="linetwin-build-") as text:
        folder = Path(text)
        (folder / "source.h").write_text(f'#define SOURCE_HASH "{expected}"\n', encoding="utf-8")
        compile_library(code, [SOURCES, folder], target, folder / library.name)
        partial = library.with_suffix(f".{os.getpid()}.partial")  # others may build the same
        partial.write_bytes((folder / library.name).read_bytes())
        partial.replace(library)
