"""Importing a system structure: a folder with a group file and its FMUs."""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.folders import process_folder
from linetwin.cosim.groups.dependence import Dependence
from linetwin.cosim.groups.grid import LARGEST, parse_step
from linetwin.cosim.groups.reading import read_group
from linetwin.cosim.ssp.archive import MAIN, Package
from linetwin.cosim.ssp.assembling import assemble
from linetwin.cosim.ssp.findings import Findings
from linetwin.cosim.ssp.flattening import flatten
from linetwin.cosim.ssp.gathering import SEQUENCE
from linetwin.cosim.ssp.parsing import read_structure
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.ssp.findings import Note
    from linetwin.cosim.ssp.flattening import Flat
    from linetwin.cosim.ssp.structure import Structure

SUFFIX: Final = ".ssp"
_STEPS: Final = 100
"""Communication steps of a structure that says nothing of them, as other tools take."""
_DEFAULT_STEP: Final = "10 ms"


@dataclass(frozen=True)
class Imported:
    """An imported structure: its group file, what was noted, and its stop time (s)."""

    file: Path
    group: Group
    notes: tuple[Note, ...]
    stop_s: float | None


def is_ssp(path: str | Path) -> bool:
    """Tell whether a path names a system structure package."""
    return Path(path).suffix.lower() == SUFFIX


def import_ssp(path: Path, folder: Path, step: str | None = None, variant: str = MAIN) -> Imported:
    """Write a structure as a group file with its FMUs into `folder`, new or empty.

    `step`: communication step, else the structure's own or one that fits its FMUs. Raises
    WiringError with all problems, and before anything is written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "a folder that is new or empty"
        raise WiringError([Problem(f"{folder} is there already", "--output", hint)])
    opened = open_ssp(path, step, variant)
    inside = opened.file.parent
    used = {Path(member.description.path) for member in opened.group.members}
    try:
        for source in [opened.file, *sorted(used)]:
            target = folder / source.relative_to(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    except OSError as error:
        raise WiringError([Problem(f"{folder} cannot be written: {error}", "--output")]) from error
    file = folder / opened.file.name
    return Imported(file, read_group(file), opened.notes, opened.stop_s)


def open_ssp(path: Path, step: str | None = None, variant: str = MAIN) -> Imported:
    """Unpack a structure into this process's folder and return its group; see `import_ssp`."""
    path = Path(path)
    findings = Findings()
    with Package(path) as package:
        key = hashlib.sha256(f"{path.resolve()}|{step}|{variant}".encode())
        key.update(path.read_bytes())
        folder = process_folder() / f"ssp-{key.hexdigest()[:16]}"
        folder.mkdir(exist_ok=True)
        folder = folder.resolve()  # as the descriptions of FMUs name their files
        structure = read_structure(package, folder, findings, variant)
    flat = flatten(structure.system, findings)
    content = assemble(structure, flat, findings)
    findings.check()
    if not content["members"]:
        raise WiringError([Problem("it holds no FMU", hint="a Component", file=path / variant)])
    _own(content, structure.own or {})
    _sort(content)
    if step is not None:
        _check_step(step)
        content["step"] = step
    elif "step" not in content:
        content["step"] = _step(structure, flat, findings)
    _experiment(structure, findings)
    file = folder / f"{content['name']}.yaml"
    try:
        group = _read(file, content, structure, findings)
    except WiringError as error:  # the user knows the package, not this file
        placed = [replace(p, file=path / variant, line=None) for p in error.problems]
        raise WiringError(placed) from error
    return Imported(file, group, findings.notes, structure.stop)


def _own(content: dict[str, Any], own: Mapping[str, Any]) -> None:
    """Add what a linetwin export keeps beside what SSP has words for."""
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            _own(content[key], value)
        else:
            content[key] = value


def _sort(content: dict[str, Any]) -> None:
    """Bring the connections into the order that a linetwin export had them in."""
    order = content.pop(SEQUENCE, None)
    if isinstance(order, list):
        found = content.get("connections", {})
        content["connections"] = {
            text: found[text] for text in map(str, order) if text in found
        } | found


def _check_step(step: str) -> None:
    try:
        parse_step(step)
    except ValueError as error:
        problem = Problem(f"'{step}' is no communication step", "--step", f"allowed: {error}")
        raise WiringError([problem]) from error


def _step(structure: Structure, flat: Flat, findings: Findings) -> str:
    """Return a communication step: OMSimulator's, an FMU's, or a hundredth of the time simulated.

    What an FMU takes only comes first.
    """
    fixed = [
        able.fixed_step_s or description.step_s
        for description in flat.descriptions.values()
        if not (able := description.capabilities).variable_step
    ]
    wanted = [d.step_s for d in flat.descriptions.values() if d.step_s]
    chosen = [s for s in fixed if s]
    why = "the shortest that an FMU names"
    if not chosen and structure.step and structure.step > 0.0:
        chosen, why = [structure.step], "that of an annotation for OMSimulator"
    chosen = chosen or wanted
    if not chosen and structure.stop and structure.stop > (structure.start or 0.0):
        chosen = [(structure.stop - (structure.start or 0.0)) / _STEPS]
        why = f"{_STEPS} steps to the stop time"
    step, why = (_fraction(min(chosen)), why) if chosen else (_DEFAULT_STEP, "nothing names one")
    findings.note("step", f"SSP names no communication step; chosen: {step} ({why})")
    return step


def _fraction(step_s: float) -> str:
    """Return a step as a group file has it."""
    found = Fraction(step_s).limit_denominator(LARGEST)
    if found == 0 or found.numerator > LARGEST:
        return _DEFAULT_STEP
    if LARGEST % found.denominator == 0:
        return f"{float(found):.6f}".rstrip("0").rstrip(".") + " s"
    return f"{found} s"


def _experiment(structure: Structure, findings: Findings) -> None:
    if structure.start:
        text = f"time begins at 0 s in a group, not at startTime {structure.start:g} s"
        findings.note("experiment", text, structure.place)


def _read(file: Path, content: dict[str, Any], structure: Structure, findings: Findings) -> Group:
    """Write the group file and read it; algebraic loops are to be solved where there are any."""
    own = structure.own is not None
    given = content if own or "loops" in content else {**content, "loops": {"tolerance": 1e-10}}
    _write(file, given, structure, findings)
    group = read_group(file)
    if own:
        return group
    loops = Dependence(group.members, group.connections).loops
    if loops:
        names = ", ".join(str(terminal) for loop in loops for terminal in loop)
        findings.note("loop", f"solved by iteration at each point: {names}")
        _write(file, given, structure, findings)
        return group
    _write(file, content, structure, findings)
    return read_group(file)


def _write(
    file: Path, content: Mapping[str, Any], structure: Structure, findings: Findings
) -> None:
    """Write a group file; its head says where it comes from and what was not kept."""
    from ruamel.yaml import YAML

    head = [f"Imported from a system structure, SSP {structure.version}."]
    if structure.stop is not None:
        head.append(f"Stop time: {structure.stop:g} s")
    head += [f"{key}: {text}" for key, text in structure.information.items()]
    head += [f"note: {note}" for note in findings.notes]
    ordered = {"schema": 1, "name": content["name"]}
    keys = ("meaning", "step", "order", "extrapolate", "loops")
    ordered |= {key: content[key] for key in keys if key in content}
    ordered |= {key: value for key, value in content.items() if key not in ordered}
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 100
    yaml.dump(ordered, stream)
    lines = [f"# {' '.join(line.split())}" for line in head]
    file.write_text("\n".join([*lines, stream.getvalue()]), encoding="utf-8")
