"""Small FMUs of our own, one for each group of FMI features; built on the spot from C.

`build_feature("types3")` compiles types3.c and packs it with types3.xml. Nothing built is kept.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def build_feature(name: str, folder: Path, describe: Callable[[str], str] = str) -> Path:
    """Build the FMU `name` in `folder`; `describe` rewrites its modelDescription.xml."""
    from linetwin.authoring.toolchain import compile_library, host_target
    from linetwin.cosim.binary import library_suffix, platform_folder

    version = int(name[-1])
    library = folder / f"{name}{library_suffix()}"
    compile_library([HERE / f"{name}.c"], [HERE], host_target(), library)
    fmu = folder / f"{name}.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        text = (HERE / f"{name}.xml").read_text(encoding="utf-8")
        archive.writestr("modelDescription.xml", describe(text))
        archive.write(library, f"binaries/{platform_folder(version)}/{library.name}")
    return fmu


def cell(feature: str, *versions: int, state: str = "runs") -> Callable[[Any], Any]:
    """Say that a test holds a feature's cells of docs/fmu.md for these versions of FMI.

    `state` is what stands there: "runs" or "refused".
    """
    del feature, versions, state  # read by test_feature_matrix.py from the text of the test
    return lambda test: test
