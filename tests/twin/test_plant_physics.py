"""A plant with other laws than the library's: what is changed, what is told, and the line on it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from plant_support import of_line

from linetwin.authoring.build import load_model
from linetwin.cli import plant as commands
from linetwin.cli.compose import check_models, make_world, release
from linetwin.cli.evidence import model_evidence
from linetwin.cli.running import Request, base_of
from linetwin.contracts import CONTRACTS
from linetwin.errors import ScenarioError
from linetwin.line import stock
from linetwin.scenario.resolved import Value
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.panel import Panel
from linetwin.twin.plant.physics import obeying
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.unserved import UnservedPlant

if TYPE_CHECKING:
    from linetwin.scenario.resolved import ProcessConfig, Scenario

MODELS = Path(__file__).resolve().parents[2] / "fmus"
OTHER = {
    "drying": "drying_capillary",
    "calendering": "calendering_kawakita",
    "filling": "filling_darcy",
    "formation": "formation_interstitial",
}


@cache
def asked(name: str) -> tuple[Scenario, Path]:
    """Return a shipped scenario, and the file from which its FMUs count."""
    request = Request(name, (), None, None)
    scenario = request.load()
    return scenario, base_of(request, scenario)


def processes(scenario: Scenario) -> dict[str, ProcessConfig]:
    """Return the processes of all stations by address."""
    return {
        f"{path}.{kind}": process
        for path, station in scenario.stations.items()
        for kind, process in station.processes.items()
    }


def with_process(scenario: Scenario, path: str, kind: str, **changes: Any) -> Scenario:  # noqa: ANN401
    """Return a scenario in which fields of one process are others."""
    station = scenario.stations[path]
    process = replace(station.processes[kind], **changes)
    changed = replace(station, processes={**station.processes, kind: process})
    return replace(scenario, stations={**scenario.stations, path: changed})


@pytest.mark.parametrize("name", ["live_plant", "gigafactory_week"])
def test_each_model_that_has_another_is_changed(name: str) -> None:
    """Every process of the four kinds, nothing else; the line can be wired with them."""
    scenario, base = asked(name)
    other, physics = obeying("other", scenario)
    before, after = processes(scenario), processes(other)
    expected = {key: OTHER[each.kind] for key, each in before.items() if each.kind in OTHER}
    assert physics.models == expected
    assert {key: each.model for key, each in after.items() if each != before[key]} == expected
    check_models(other, base)
    assert physics.left_out == [
        f"{key}.compaction_resistance" for key in expected if key.startswith("anode.cal")
    ]
    for key, process in after.items():
        own = {each.origin for each in process.parameters.values()} - {"--physics other"}
        kept = {each.origin for each in before[key].parameters.values()}
        assert own <= kept


def test_library_changes_nothing() -> None:
    """With the library's laws the scenario is the very same."""
    scenario, _ = asked("live_plant")
    same, physics = obeying("library", scenario)
    assert same is scenario
    assert physics.content() == {"laws": "library", "models": {}, "left_out": []}


def test_an_fmu_of_ones_own_and_its_values_stay() -> None:
    """A process that names its FMU keeps it; a value of the line goes before that of the table."""
    scenario, _ = asked("live_plant")
    own = with_process(scenario, "cathode.coater", "drying", model="/somewhere/own.fmu")
    value = Value(0.05, "", "A", "measured", "--set")
    own = with_process(own, "anode.coater", "drying", parameters={"binder_share": value})
    other, physics = obeying("other", own)
    assert processes(other)["cathode.coater.drying"].model == "/somewhere/own.fmu"
    assert "cathode.coater.drying" not in physics.models
    assert processes(other)["anode.coater.drying"].parameters["binder_share"] == value


def test_what_cannot_be_is_told() -> None:
    """Unknown laws, and a scenario without a model that has another, end with exit code 2."""
    scenario, _ = asked("live_plant")
    with pytest.raises(
        ScenarioError, match=r"--physics: no laws are called 'real'.*library or other"
    ):
        obeying("real", scenario)
    bare = replace(scenario, stations={})
    with pytest.raises(ScenarioError, match="no station of live_plant has a model with other laws"):
        obeying("other", bare)


def test_the_truth_says_so() -> None:
    """Manifest and scenario of the run folder name laws, models, and the constants of these."""
    scenario, base = asked("live_plant")
    other, physics = obeying("other", scenario)
    request = Request("live_plant", (), None, None)
    manifest, text = commands._about(request, other, physics)
    assert manifest["physics"]["laws"] == "other"
    assert manifest["physics"]["models"]["cell.formation.formation"] == "formation_interstitial"
    assert "FMU formation_interstitial" in manifest["made_with"]
    assert "FMU formation" not in manifest["made_with"]
    assert text == other.text + model_evidence(other, base)
    assert "interstitial_diffusivity" in text
    assert text.count("calendering_kawakita") >= 3


def test_constants_of_the_anode_are_those_of_the_models() -> None:
    """The table repeats the models' sets, and names what only the other law knows."""
    file = resources.files("linetwin.twin.plant").joinpath("other_laws.toml")
    table = tomllib.loads(file.read_text("utf-8"))
    assert {kind: entry["model"] for kind, entry in table.items()} == OTHER
    assert set(table) <= set(CONTRACTS)
    for kind, chosen, plain in (
        ("calendering", "graphite", "nmc622"),
        ("drying", "graphite_water", "nmc622_nmp"),
    ):
        sets = _sets(table[kind]["model"])
        mine = {name: (row["value"], row["tag"]) for name, row in table[kind]["anode"].items()}
        # the rest of the set stands in the line, which names it for the library's model too
        line = processes(asked("live_plant")[0])[f"anode.{_station(kind)}.{kind}"].parameters
        wanted = {
            name: row[:2]
            for name, row in sets[chosen].items()
            if row[0] != sets[plain][name][0] and name not in line
        }
        assert mine == wanted


def _sets(model: str) -> dict[str, dict[str, tuple[float, str, str]]]:
    import sys

    load_model(MODELS / model / "model.py")
    found: dict[str, dict[str, tuple[float, str, str]]] = sys.modules[f"fmu_{model}"].PARAMETER_SETS
    return found


def _station(kind: str) -> str:
    return "coater" if kind == "drying" else "calender"


def test_an_order_on_other_laws_balances() -> None:
    """60 cells until they are formed: each material within 1e-9, good web, wetted, formed cells."""
    scenario, base = asked("baseline")
    short = replace(scenario, order_cells=60, limit_ticks=84 * 3_600_000)
    other, _ = obeying("other", short)
    support = of_line("line_support")
    sink = support.Memory()
    world = make_world(other, base, sink)
    try:
        world.begin()
        support.run_out(world)
        assert max(map(abs, support.imbalance(world).values())) < 1e-9
        assert world.outside_validity == {}
    finally:
        release(world)
    reasons = {row["reason"] for row in sink.rows["segments"]}
    assert not {"delamination", "porosity below its window", "porosity above its window"} & reasons
    formed = [row for row in support.cells_of(sink).values() if row.get("first_cycle_efficiency")]
    assert len(formed) >= 60
    for row in formed:
        assert row["wetting_saturation"] > 0.99
        assert 0.83 < row["first_cycle_efficiency"] < 0.88
        assert 4.8 < row["capacity"] < 5.3
        assert 0.66 < row["cathode_adhesion_index"] < 0.69


@pytest.mark.slow
def test_a_day_of_the_live_plant_on_other_laws() -> None:
    """In one process: the day ends, tags are told, nothing but the models' ranges is left."""
    scenario, base = asked("live_plant")
    scenario = replace(scenario, duration_ticks=86_400_000, limit_ticks=86_400_000)
    other, _ = obeying("other", scenario)
    support = of_line("line_support")
    model = information_model(other)
    panel = Panel(model, other, support.Memory(), other.plant.starved_after)
    world = make_world(other, base, panel, recording=False)
    carrier = Carrier([tag.node for tag in model.tags()], other.plant.hides, other.seed)
    plant = UnservedPlant(world, panel, carrier, Clerk(model))
    try:
        stock.fill(world)
        told = len(plant.begin().changes)
        while (step := plant.step()) is not None:
            told += len(step.changes)
        assert world.now == 86_400_000
        assert told > 100_000
        assert world.outside_validity == {}
    finally:
        release(world)
