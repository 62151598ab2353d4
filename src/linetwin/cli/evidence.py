"""What the models assume: their own constants, with source and tag, for the run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.cli.compose import processes
from linetwin.cosim import model_descriptions
from linetwin.scenario.emit import dump

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.scenario.resolved import Scenario


def model_evidence(scenario: Scenario, base: Path) -> str:
    """Return YAML: each FMU of a scenario with version, validity, hash and its own parameters.

    A station's setting of a parameter stands with the station; here is what holds where it sets
    nothing. An FMU without evidence is listed without parameters.
    """
    found: dict[str, Any] = {}
    for _, process in processes(scenario):
        for description in model_descriptions(process, base):
            if description.model not in found:
                found[description.model] = _of(description.evidence)
    return dump({"models": found})


def _of(evidence: Mapping[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {
        key: str(evidence[key]) for key in ("version", "validity", "hash") if key in evidence
    }
    origin = f"model {evidence.get('model', '')} {about.get('version', '')}".strip()
    parameters = {
        name: {
            "value": entry.get("start"),
            "unit": entry.get("unit", ""),
            "tag": entry["tag"],
            "source": entry.get("source", ""),
            "origin": origin,
        }
        for name, entry in evidence.get("variables", {}).items()
        if entry.get("kind") == "parameter" and entry.get("tag")
    }
    return {**about, "parameters": parameters}
