"""What the user writes: files, units, addresses, and the checks that nothing wrong gets past.

    scenario = load("baseline", ["cathode.coater.web_speed=2.1 m/min"])
    for address in addresses(scenario): ...

Heavy packages (pydantic, ruamel.yaml, pint) are imported by the first call, so that what builds
on `linetwin.scenario.resolved` alone stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.scenario.resolved import Scenario, Value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from linetwin.scenario.addressing import Address
    from linetwin.scenario.kinds import Kinds

__all__ = ["Scenario", "Value", "addresses", "load"]


def load(
    path_or_name: str | Path,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    *,
    holds: Sequence[str] = (),
    kinds: Kinds | None = None,
    inputs: Mapping[str, Collection[str]] | None = None,
) -> Scenario:
    """Return a scenario, checked and in canonical units.

    Args:
        path_or_name: a YAML file, or the bare name of a shipped scenario such as `baseline`.
        overrides: `ADDRESS=VALUE` texts, which win over every file.
        seed: wins over the scenario's own.
        holds: lots to be held beside the scenario's own holds: a name, or a mapping as in a file.
        kinds: kinds of stations; those that ship with linetwin by default.
        inputs: kind of process -> inputs of its model that can be disturbed, to be told to whoever
            misspells one.

    Raises:
        ScenarioError: with every problem found, each with file, line, key path and what is allowed.
    """
    from linetwin.scenario.loading import Asked, load_scenario

    return load_scenario(path_or_name, Asked(overrides, seed, holds, inputs or {}), kinds)


def addresses(scenario: Scenario) -> list[Address]:
    """Return every settable address of a scenario with its value, unit, range, tag and source."""
    from linetwin.scenario.addressing import addresses as of_scenario

    return of_scenario(scenario)
