"""Who answers for a process: read from a station's process, or from the scenario for all of a kind.

processes:
  formation: {fidelity: auto, stand_in: formation.standin, widest: {charged_capacity: 10 mA.h}}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.problems import nearest
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.schema import Fidelity as WrittenFidelity
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked

Fidelity = Literal["fmu", "surrogate", "auto"]
SECTION: Final = "processes"
_LEAST: Final = 1e-300
"""An interval is wider than nothing."""


@dataclass(frozen=True)
class Answering:
    """Who answers for a process; the fields of `resolved.ProcessConfig` of these names."""

    fidelity: Fidelity = "fmu"
    stand_in: str = ""
    widest: Mapping[str, float] = field(default_factory=dict)
    fidelity_key: str = ""


def read_answering(
    written: WrittenFidelity, file: Checked[Any], key: KeyPath, problems: Problems
) -> Answering:
    """Return who answers by a part of a file; what is wrong is noted."""
    document = file.document

    def place(*path: str) -> Place:
        return document.place((*key, *path))

    path = ""
    if written.stand_in is not None:
        found = (document.file.parent / Path(written.stand_in)).resolve()
        path = str(found)
        if not found.is_file():
            folder = found.parent
            near = [each.name for each in folder.glob("*.standin")] if folder.is_dir() else []
            hint = nearest(found.name, near, f"file that `surrogate stand-in` made, in {folder}")
            problems.add(place("stand_in"), f"stand-in '{written.stand_in}' does not exist", hint)
    elif written.fidelity != "fmu":
        message = f"fidelity {written.fidelity} needs a stand-in"
        hint = "stand_in: FILE.standin, made by `linetwin surrogate stand-in`; or fidelity: fmu"
        problems.add(place("fidelity"), message, hint)
    widest = _widest(written, file, key, problems)
    if written.fidelity == "fmu" and not path:
        return Answering(widest=widest)
    origin = place()
    return Answering(written.fidelity, path, widest, f"{origin.origin}: {origin.key}")


def read_for_all(
    file: Checked[ScenarioFile], known: Collection[str], problems: Problems
) -> dict[str, Answering]:
    """Return who answers for all processes of a kind, by the scenario's own section."""
    found = {}
    for name, written in file.model.processes.items():
        if name not in known:
            place = file.document.place((SECTION, name))
            message = f"no station of the line has a process '{name}'"
            problems.add(place, message, nearest(name, known, "process"))
            continue
        found[name] = read_answering(written, file, (SECTION, name), problems)
    return found


def widest_text(widest: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Return intervals with their units, as a file of results holds them."""
    words = vocabulary()
    return {name: {"value": value, "unit": words[name].unit} for name, value in widest.items()}


def widths(widest: Mapping[str, float]) -> dict[str, str]:
    """Return intervals as a line file has them: text that loses no digit."""
    words = vocabulary()
    return {
        name: f"{value!r} {words[name].unit}".removesuffix(" 1") for name, value in widest.items()
    }


def _widest(
    written: WrittenFidelity, file: Checked[Any], key: KeyPath, problems: Problems
) -> dict[str, float]:
    words = vocabulary()
    found = {}
    for name, entry in written.widest.items():
        place = file.document.place((*key, "widest", name))
        if name not in words:
            hint = nearest(name, (quantity.name for quantity in words))
            problems.add(place, f"unknown quantity '{name}'", hint)
            continue
        own = words[name]
        # with the unit to show, a temperature is a difference: no zero of a scale shifts it
        width = Quantity(name, own.unit, f"width of the interval of {name}", minimum=_LEAST)
        value = read_scalar(entry.value, width, place, problems)
        if isinstance(value, int | float):
            found[name] = float(value)
    return found
