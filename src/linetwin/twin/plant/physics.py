"""Other laws for a plant than those of the library: no twin should be graded on itself."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from linetwin.cosim.description import read_description
from linetwin.cosim.library import find_fmu
from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.resolved import Value
from linetwin.scenario.text import resolved_text

if TYPE_CHECKING:
    from linetwin.scenario.resolved import ProcessConfig, Scenario, StationConfig

LIBRARY, OTHER = "library", "other"
OPTION = "--physics"
_ORIGIN = f"{OPTION} {OTHER}"


@dataclass(frozen=True)
class Physics:
    """Which laws a plant obeys.

    `models`: address of a process -> model that has taken the place of the library's; `left_out`:
    parameters that the line sets and the other model does not know, by address.
    """

    laws: str
    models: dict[str, str]
    left_out: list[str]

    def content(self) -> dict[str, Any]:
        """Return it as plain data, for a manifest."""
        return {"laws": self.laws, "models": self.models, "left_out": self.left_out}


def obeying(laws: str, scenario: Scenario) -> tuple[Scenario, Physics]:
    """Return a scenario whose models obey these laws, and what has been changed in it.

    A process that names an FMU of its own keeps it. Raises ScenarioError for unknown laws, and
    where there is nothing to change; WiringError where a model is not built.
    """
    if laws == LIBRARY:
        return scenario, Physics(laws, {}, [])
    if laws != OTHER:
        hint = f"{LIBRARY} or {OTHER}"
        raise ScenarioError([Problem(f"no laws are called '{laws}'", OPTION, hint)])
    changed = Physics(laws, {}, [])
    stations = {
        path: replace(
            station,
            processes={
                kind: _with_other_law(station, process, changed)
                for kind, process in station.processes.items()
            },
        )
        for path, station in scenario.stations.items()
    }
    if not changed.models:
        hint = f"models of the library that have another: {', '.join(_table())}"
        message = f"no station of {scenario.name} has a model with other laws"
        raise ScenarioError([Problem(message, _ORIGIN, hint)])
    other = replace(scenario, stations=stations)
    return replace(other, text=resolved_text(other)), changed


def _with_other_law(
    station: StationConfig, process: ProcessConfig, changed: Physics
) -> ProcessConfig:
    """Return a process with the model that takes the place of its own; it is noted in `changed`."""
    entry = _table().get(process.kind)
    if entry is None or process.model != process.kind:
        return process
    model: str = entry["model"]
    known = read_description(find_fmu(model)).variables
    address = f"{station.path}.{process.kind}"
    changed.models[address] = model
    changed.left_out.extend(f"{address}.{name}" for name in process.parameters if name not in known)
    electrode = station.path.partition(".")[0]
    own = {
        name: Value(row["value"], "", row["tag"], row["source"], _ORIGIN)
        for name, row in entry.get(electrode, {}).items()
    }
    kept = {name: value for name, value in process.parameters.items() if name in known}
    return replace(process, model=model, parameters=own | kept)


@cache
def _table() -> dict[str, dict[str, Any]]:
    """Return the models with other laws by kind."""
    file = resources.files("linetwin.twin.plant").joinpath("other_laws.toml")
    return tomllib.loads(file.read_text("utf-8"))
