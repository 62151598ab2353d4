"""An FMU of a predictor as a file: description, tables, card, and the evaluator for each platform.

The evaluator is built with linetwin's other FMUs (`linetwin fmu build`, or into the wheel).
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.fmu.description import description, evidence, identifier_of, variables_of
from linetwin.surrogates.fmu.tables import FILE, FORMAT, tables_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.predictors.store import Stored

FOLDER: Final = Path(__file__).resolve().parents[2] / "_evaluator"
FMI: Final = ("3", "2")
_OLD: Final = {
    "linux64": "x86_64-linux",
    "win64": "x86_64-windows",
    "darwin64": "darwin64",
}
"""Folder of FMI 2.0 -> folder of the evaluator, that of a Mac for both its processors."""
_NEW: Final = (
    *("x86_64-linux", "aarch64-linux", "x86_64-windows"),
    *("x86_64-darwin", "aarch64-darwin"),
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same predictor gives the same file


def evaluators(fmi: str, folder: Path = FOLDER) -> dict[str, Path]:
    """Return the evaluator's libraries by folder under binaries/; ScenarioError without any."""
    places = _OLD if fmi == "2" else {name: name for name in _NEW}
    found = {
        own: path
        for own, place in places.items()
        for path in sorted((folder / place).glob("evaluator.*"))
        if path.suffix in {".so", ".dll", ".dylib"}
    }
    if not found:
        message = f"the evaluator of predictors is not built for FMI {fmi}.0 on this machine"
        raise ScenarioError([Problem(message, hint="run `linetwin fmu build`")])
    marker = f"linetwin evaluator {FORMAT} ".encode()
    if not all(marker in path.read_bytes() for path in found.values()):
        message = "the evaluator of predictors is of another version"
        raise ScenarioError([Problem(message, hint="run `linetwin fmu build`")])
    return found


def fmu_of(stored: Stored, fmi: str, libraries: Mapping[str, Path]) -> dict[str, bytes]:
    """Return the files of a predictor's FMU by name. `fmi`: one of FMI.

    ScenarioError for a predictor with physics in it, and for names or a graph that cannot be.
    """
    card = stored.card
    if card.physics is not None:
        hint = "train without physics: candidates: [linear, quadratic, gaussian, trees, network]"
        message = f"'{card.name}' needs the model {card.physics.model}, another FMU"
        raise ScenarioError([Problem(message, hint=hint)])
    variables_of(card)
    token, tables = tables_of(stored)
    name = identifier_of(card)
    contents = {
        "modelDescription.xml": description(card, token, fmi),
        f"resources/{FILE}": tables,
        "resources/card.json": card.model_dump_json(indent=1).encode(),
        "resources/evidence.json": json.dumps(evidence(card), indent=1).encode(),
    }
    for place, path in libraries.items():
        contents[f"binaries/{place}/{name}{path.suffix}"] = path.read_bytes()
    return contents


def write_fmu(contents: Mapping[str, bytes], file: Path) -> None:
    """Write an FMU, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(contents):
                entry = zipfile.ZipInfo(name, _EPOCH)
                archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
