"""Every passport of the shipped baseline, on compiled FMUs: footprints and masses add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from neighbours import module_of

from linetwin.cli.compose import make_world
from linetwin.results import read
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.shells.running import Passports, describe_run

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.shells.environment import Environment

support = module_of("line", "line_support")


def _find(environment: Environment, name: str, *way: str) -> Any:  # noqa: ANN401 - any element
    found: Any = next(each for each in environment.submodels() if each.id_short == name)
    for step in way:
        found = found.get_referable(step)
    return found


@pytest.mark.slow
def test_all_passports_of_the_baseline_add_up(tmp_path: Path) -> None:
    """Charged footprints of 999 good cells and what is in process are the total, to 1e-9."""
    scenario = load(support.BASELINE, (), None)
    about = {"scenario": scenario.name, "seed": scenario.seed}
    writer = RunWriter(tmp_path / "run", about, scenario.text)
    world = make_world(scenario, support.BASELINE.parent / scenario.files[1], writer)
    world.begin()
    support.run_out(world)
    writer.finish("complete")
    run = read(tmp_path / "run")
    passports, charged, masses = Passports(run), 0.0, 0.0
    cells = run.table("cells").set_index("cell")["status"]
    good = cells.index[cells.isin(["A", "B"])]
    for cell in good:
        passport = passports.of(cell)
        phases = _find(passport, "CarbonFootprint", "ProductCarbonFootprints").value
        charged += sum(float(each.get_referable("PcfCO2eq").value) for each in phases)
        materials = _find(passport, "MaterialComposition", "BatteryMaterials").value
        mass = sum(each.get_referable("BatteryMaterialMass").value for each in materials)
        stated = _find(passport, "TechnicalData", "GeneralInformation", "BatteryMass").value
        assert mass == pytest.approx(stated, rel=1e-9)
        masses += mass
    assert len(good) > 900
    ledger, prices = run.table("ledger"), passports.footprints.facts.plan.content["prices"]
    total = weighed = 0.0
    for row in ledger.itertuples():
        if row.account == "energy":
            carrier = "gas" if row.item == "heat" else "electricity"
            total += row.amount / 3.6e6 * prices["energy"][carrier]["emission"]["value"]
        elif row.account == "material":
            entry = prices["materials"][row.item]
            sign = {"in": 1, "recovered": -1}.get(row.entry, 0)
            total += sign * row.amount * entry["emission"]["value"]
            each = entry["mass"]["value"] if "mass" in entry else 1.0
            weighed += row.amount * each * (row.entry == "cells")
    rest = _find(describe_run(run), "FootprintBreakdown", "Outcomes", "in_process", "whole").value
    assert charged + rest == pytest.approx(total, rel=1e-9)
    assert masses == pytest.approx(weighed, rel=1e-9)
    footprints = passports.footprints
    conversion = footprints.flow.costs.conversion
    electric = sum(conversion[name] * share for name, share in footprints.electric.items())
    assert electric == pytest.approx(footprints.by_carrier["electricity"], rel=1e-9)
    gas = sum(conversion.values()) - electric
    assert gas == pytest.approx(footprints.by_carrier["gas"], rel=1e-9)
    assert gas > 0
