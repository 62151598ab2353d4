"""Libraries in C that are built into the package: each carries the hash of its sources."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.authoring.toolchain import compile_library
from linetwin.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Code:
    """All C code of some folders; `include`: those whose headers it asks for by name.

    It reads its hash from a `source.h` that is written for the compiler: `SOURCE_HASH`.
    """

    folders: Sequence[Path]
    include: Sequence[Path]

    def hash(self) -> str:
        """Return the hash of the sources and headers."""
        found = [path for part in self.folders for path in part.glob("*.[ch]")]
        return fingerprint(sorted(found))

    def build(self, library: Path, target: str) -> bool:
        """Build a library unless the one there is of these sources; tell whether it was built.

        Raises:
            ModelError: for failures of the compiler.
        """
        expected = self.hash()
        # the hash is text in the library, so that whoever loads or copies it can ask
        if library.is_file() and expected.encode() in library.read_bytes():
            return False
        sources = [path for part in self.folders for path in sorted(part.glob("*.c"))]
        with tempfile.TemporaryDirectory(prefix="linetwin-build-") as text:
            folder = Path(text)
            define = f'#define SOURCE_HASH "{expected}"\n'
            (folder / "source.h").write_text(define, encoding="utf-8")
            compile_library(sources, [*self.include, folder], target, folder / library.name)
            put(library, (folder / library.name).read_bytes())
        return True


def put(library: Path, content: bytes) -> None:
    """Write a library; a half-written one is never left behind."""
    library.parent.mkdir(parents=True, exist_ok=True)
    partial = library.with_suffix(f".{os.getpid()}.partial")  # others may build the same
    partial.write_bytes(content)
    partial.replace(library)
