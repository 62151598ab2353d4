"""Who answers for a process, as `--set` and studies say it for all stations that have the process.

--set processes.formation.fidelity=auto
--set processes.formation.stand_in=stand_ins/formation.standin
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from linetwin.errors import ScenarioError
from linetwin.scenario.addressing import Address
from linetwin.scenario.document import fragment
from linetwin.scenario.fidelity import SECTION, Answering, Fidelity
from linetwin.scenario.problems import Place, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from linetwin.scenario.problems import Problems
    from linetwin.scenario.resolved import Scenario

PREFIX: Final = f"{SECTION}."
"""How an address of `--set` begins that says who answers."""
FIDELITIES: Final[tuple[str, ...]] = get_args(Fidelity)
KEYS: Final = ("fidelity", "stand_in")


def split(address: str) -> tuple[str, str]:
    """Return process and key of `processes.formation.fidelity`."""
    process, _, key = address.removeprefix(PREFIX).partition(".")
    return process, key


def fidelities(scenario: Scenario) -> list[Address]:
    """Return who answers for each process of a scenario, where all its stations agree."""
    by: dict[str, set[str]] = {}
    for station in scenario.stations.values():
        for name, process in station.processes.items():
            by.setdefault(name, set()).add(process.fidelity)
    evidence = ("A", "", "", "who answers for the process")
    return [
        Address(f"{PREFIX}{name}.fidelity", own.pop(), "", -math.inf, math.inf, *evidence)
        for name, own in by.items()
        if len(own) == 1
    ]


def is_address(address: str, processes: Collection[str], place: Place, problems: Problems) -> bool:
    """Say whether an address is a process of the line and one of `KEYS`; else note why not."""
    process, key = split(address)
    if process not in processes:
        message = f"no station of the line has a process '{process}'"
        problems.add(place, message, nearest(process, processes, "process"))
        return False
    if key not in KEYS:
        problems.add(place, f"'{key}' is nothing to set of a process", nearest(key, KEYS))
        return False
    return True


def is_fidelity(raw: object, place: Place, problems: Problems) -> bool:
    """Say whether a value is a fidelity; else note what is allowed."""
    if raw in FIDELITIES:
        return True
    problems.add(place, f"'{raw}' is no fidelity", f"allowed: {', '.join(FIDELITIES)}")
    return False


@dataclass(frozen=True)
class AnsweringSet:
    """What is set of who answers: process -> key -> its value and where that was written."""

    problems: Problems
    values: dict[str, dict[str, tuple[str, Place]]] = field(default_factory=dict)

    def upon(self, own: Answering, process: str) -> Answering:
        """Return who answers for a process, with what is set laid on what the files say."""
        given = self.values.get(process, {})
        if "stand_in" in given:
            key = f"--set {PREFIX}{process}"
            own = replace(own, stand_in=given["stand_in"][0], fidelity_key=key)
        if "fidelity" in given:
            value, place = given["fidelity"]
            own = replace(own, fidelity=value)  # type: ignore[arg-type]  # one of FIDELITIES
            if value != "fmu" and not own.stand_in and "stand_in" not in given:
                self._no_stand_in(value, process, place)
        return own

    def _no_stand_in(self, value: str, process: str, place: Place) -> None:
        message = f"fidelity {value} needs a stand-in, and the scenario names none for it"
        hint = (
            f"{SECTION}: {{{process}: {{fidelity: fmu, stand_in: FILE.standin}}}} there, or "
            f"{PREFIX}{process}.stand_in beside this; `linetwin surrogate stand-in SCENARIO "
            f"--process {process} -o FILE.standin` makes it"
        )
        self.problems.add(place, message, hint)


def read_set(
    overrides: Sequence[str], folder: Path, processes: Collection[str], problems: Problems
) -> AnsweringSet:
    """Return what `--set` says of who answers; what is wrong is noted.

    `overrides`: `processes.PROCESS.KEY=VALUE`; the path of a stand-in counts from `folder`, the
    scenario's, or else from where the command runs.
    """
    found = AnsweringSet(problems)
    for override in overrides:
        address, _, text = override.partition("=")
        address = address.strip()
        place = Place(f"--set {address}", origin="--set")
        try:
            raw = fragment(text)
        except ScenarioError as error:
            problems.adopt(error, place)
            continue
        if not is_address(address, processes, place, problems):
            continue
        process, key = split(address)
        if key == "fidelity":
            value = str(raw) if is_fidelity(raw, place, problems) else "fmu"
        else:
            value = _file(raw, (folder, Path()), place, problems)
        found.values.setdefault(process, {})[key] = (value, place)
    return found


def _file(raw: object, folders: Sequence[Path], place: Place, problems: Problems) -> str:
    """Return the path of a stand-in that is there; "" and a problem where it is not."""
    found = stand_in_file(raw, folders)
    if found is None:
        problems.add(place, f"stand-in '{raw}' does not exist", missing_hint(folders, "SCENARIO"))
    return "" if found is None else str(found)


def stand_in_file(raw: object, folders: Sequence[Path]) -> Path | None:
    """Return a stand-in's file in the first folder that has it; None where none has."""
    if not isinstance(raw, str):
        return None
    files = ((folder / raw).resolve() for folder in folders)
    return next((file for file in files if file.is_file()), None)


def missing_hint(folders: Sequence[Path], scenario: str) -> str:
    """Say where a stand-in was looked for, and how those of a scenario are made."""
    looked = " and ".join(dict.fromkeys(str(folder.resolve()) for folder in folders))
    made = f"linetwin surrogate stand-in {scenario} -o stand_ins"
    return f"looked in {looked}; `{made}` makes those of all processes"
