"""Building the evaluator of predictors' FMUs, with the compiler of the other FMUs.

It is one library for all predictors, so exporting one needs no compiler.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.authoring.build import RUNTIME, SHARED
from linetwin.authoring.libraries import Code, put
from linetwin.authoring.standards import FMI2, FMI3, universal
from linetwin.authoring.toolchain import TARGETS, resolve_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES: Final = Path(__file__).resolve().parent
FOLDER: Final = "_evaluator"
"""Folder of the package that holds the libraries, a folder for each platform of either FMI."""
CODE: Final = Code(
    folders=(SOURCES, RUNTIME / SHARED, RUNTIME / FMI2.layer, RUNTIME / FMI3.layer),
    include=(SOURCES, RUNTIME / SHARED),
)


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
    wanted = {
        name: package / FOLDER / name / f"evaluator{TARGETS[name].suffix}"
        for name in resolve_targets(targets)
    }
    built = [library for name, library in wanted.items() if CODE.build(library, name)]
    # FMI 2.0 has one folder for both processors of a Mac
    both = [wanted[name] for name in wanted if FMI2.folders.get(name) == "darwin64"]
    if len(both) > 1:
        joined = package / FOLDER / "darwin64" / both[0].name
        put(joined, universal([path.read_bytes() for path in both]))
    return built
