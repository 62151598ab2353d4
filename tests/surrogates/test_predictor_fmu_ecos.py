"""A predictor's FMU in ecos, a co-simulation library in C++ that has nothing of ours or of FMPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from surrogates.exported import asked, made, written

from linetwin.predictors.evaluating import Predictor

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def ecos() -> Any:  # noqa: ANN401 - a library without types
    """The library; it needs libtbb of the system, and has no binary for every machine."""
    try:
        import ecospy
    except (ImportError, OSError) as error:
        pytest.skip(f"ecos cannot be loaded: {error}")
    return ecospy


@pytest.mark.parametrize("kind", ["quadratic", "trees", "network"])
def test_ecos_says_what_the_predictor_says(
    ecos: Any,  # noqa: ANN401
    tmp_path: Path,
    kind: str,
) -> None:
    """FMI 2.0, to 1e-12 in value and interval, at twelve rows one after the other, not reset."""
    stored = made(kind, "log")
    names = [feature.name for feature in stored.card.features]
    rows = asked(stored, 60)
    with Predictor(stored) as predictor:
        told = predictor.predict(rows)
    inside = np.flatnonzero(told.domain == 0)[:12]
    structure = ecos.EcosSimulationStructure()
    structure.add_model("p", str(written(stored, tmp_path, "2")))
    start = {f"p::{name}": float(rows[inside[0], n]) for n, name in enumerate(names)}
    structure.add_parameter_set("start", start)
    simulation = ecos.EcosSimulation(structure=structure, step_size=0.1)
    try:
        simulation.init(parameter_set="start")
        for at in inside:
            for n, name in enumerate(names):
                simulation.set_real(f"p::{name}", float(rows[at, n]))
            simulation.step(1)
            for name in ("value", "low", "high"):
                found = float(simulation.get_real(f"p::{name}"))
                assert found == pytest.approx(getattr(told, name)[at], rel=1e-12)
    finally:
        simulation.free()
        structure.free()
