"""Building the library of `cosim/kernel`, with the compiler of the FMUs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.authoring.libraries import Code
from linetwin.authoring.toolchain import TARGETS, resolve_targets

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
    code = Code([SOURCES], [SOURCES])
    wanted = {
        name: package / FOLDER / name / f"kernel{TARGETS[name].suffix}"
        for name in resolve_targets(targets)
    }
    return [library for name, library in wanted.items() if code.build(library, name)]
