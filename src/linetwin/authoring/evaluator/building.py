"""Building the evaluator of predictors' FMUs, with the compiler of the other FMUs.

It is one library for all predictors, so exporting one needs no compiler.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.authoring.build import RUNTIME, SHARED
from linetwin.authoring.standards import FMI2, FMI3, universal
from linetwin.authoring.toolchain import TARGETS, compile_library, resolve_targets
from linetwin.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES: Final = Path(__file__).resolve().parent
FOLDER: Final = "_evaluator"
"""Folder of the package that holds the libraries, a folder for each platform of either FMI."""
_PARTS: Final = (SOURCES, RUNTIME / SHARED, RUNTIME / FMI2.layer, RUNTIME / FMI3.layer)


def build_evaluator(package: Path, targets: Sequence[str] = ("host",)) -> list[Path]:
    """Build the evaluator's libraries into a package's folder, unless those there are current.

    Args:
        package: the folder of linetwin; its `_evaluator/<platform>/` gets the library.
        targets: "host", "all", or names of `toolchain.TARGETS`.

    Returns:
        The libraries that were built.

    Raises:
        ModelError: for an unknown target and for failures of the compiler.
    """
    expected = source_hash()
    built, made = [], {}
    for name in resolve_targets(targets):
        library = package / FOLDER / name / f"evaluator{TARGETS[name].suffix}"
        # the hash is text in the library, so that whoever copies it can ask
        if not (library.is_file() and expected.encode() in library.read_bytes()):
            _write(library, _compiled(expected, name))
            built.append(library)
        made[name] = library
    # FMI 2.0 has one folder for both processors of a Mac
    both = [made[name] for name in made if FMI2.folders.get(name) == "darwin64"]
    if len(both) > 1:
        joined = package / FOLDER / "darwin64" / both[0].name
        _write(joined, universal([path.read_bytes() for path in both]))
    return built


def source_hash() -> str:
    """Return the hash of the sources that the libraries have to be built from."""
    paths = [path for part in _PARTS for kind in ("*.c", "*.h") for path in part.glob(kind)]
    return fingerprint(sorted(paths))


def _compiled(expected: str, target: str) -> bytes:
    code = [path for part in _PARTS for path in sorted(part.glob("*.c"))]
    with tempfile.TemporaryDirectory(prefix="linetwin-build-") as text:
        folder = Path(text)
        (folder / "source.h").write_text(f'#define SOURCE_HASH "{expected}"\n', encoding="utf-8")
        library = folder / f"evaluator{TARGETS[target].suffix}"
        compile_library(code, [SOURCES, RUNTIME / SHARED, folder], target, library)
        return library.read_bytes()


def _write(library: Path, content: bytes) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    partial = library.with_suffix(f".{os.getpid()}.partial")  # others may build the same
    partial.write_bytes(content)
    partial.replace(library)
