"""A line that would lose or create material is refused before it runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from doubles import Doubles

from linetwin.errors import ScenarioError
from linetwin.line.checks import check_line
from linetwin.line.drivers import ScriptedDriver
from linetwin.line.kinds import make_station
from linetwin.line.kinds.stacker import Stacker
from linetwin.line.lots import Lot
from linetwin.line.world import World
from linetwin.scenario import Scenario, Value, load
from linetwin.scenario.resolved import MicroStopConfig


class Rows:
    """Collects rows by table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, object]]] = {}

    def add(self, table: str, columns: dict[str, list[object]]) -> None:
        """Append rows."""
        count = len(next(iter(columns.values())))
        found = self.rows.setdefault(table, [])
        found.extend(
            {name: values[row] for name, values in columns.items()} for row in range(count)
        )


def test_a_grading_without_a_first_voltage_is_refused() -> None:
    """A drift needs two voltages: the missing kind of station is named."""
    scenario = load("baseline", ())
    stations = {path: each for path, each in scenario.stations.items() if each.kind != "ocv_test"}
    world = World(
        replace(scenario, stations=stations),
        Doubles(),
        ScriptedDriver({}),
        Rows(),  # type: ignore[arg-type]
        make_station,
    )
    with pytest.raises(ScenarioError, match="needs a station of kind ocv_test"):
        check_line(world)


def _world(*settings: str) -> World:
    scenario = load("baseline", settings)
    return World(scenario, Doubles(), ScriptedDriver({}), Rows(), make_station)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("cathode.slitter.lane_count=3", "cathode.slitter.lane_width"),
        ("anode.slitter.lane_width=140 mm", "anode.slitter.lane_width"),
        ("cathode.coater.coating_width=240 mm", "cathode.slitter.coating_width"),
        ("cathode.coater.bare_width=30 mm", "cathode.slitter.bare_width"),
        ("cathode.slitter.lane_bare_width=14 mm", "cathode.notcher.lane_bare_width"),
        ("anode.mixer.binder_share=5 %", "anode.mixer.active_material_share"),
        ("anode.coater.startup_length=190 m", "anode.coater.startup_length"),
        ("cell.grading.capacity_limit_b=110 %", "cell.grading.capacity_limit_b"),
        ("cell.grading.resistance_limit_b=20 mOhm", "cell.grading.resistance_limit_b"),
        ("cell.filler.electrolyte_dose=1 kg", "cell.filler.electrolyte_dose"),
        ("cell.filler.electrolyte_dose=1 g", "cell.filler.electrolyte_dose"),
        ("cell.stacker.separator_area=0.1 m2", "cell.stacker.separator_area"),
        ("cell.formation.nominal_capacity=60 Ah", "cell.formation.nominal_capacity"),
    ],
)
def test_a_contradiction_is_named_by_its_address(setting: str, key: str) -> None:
    """Lanes wider than the web, other widths downstream, shares beside one, grades upside down.

    So are a kilogram of electrolyte in a cell of 5 Ah, and cathodes far too small for its capacity.
    """
    with pytest.raises(ScenarioError) as caught:
        check_line(_world(setting))
    assert key in [problem.key for problem in caught.value.problems]


def test_a_chamber_knows_no_micro_stops() -> None:
    """Its engine would not play them, so they are refused."""
    scenario = load("baseline")
    stop = MicroStopConfig("jam", *scenario_times(scenario))
    stations = dict(scenario.stations)
    stations["cell.soak"] = replace(stations["cell.soak"], micro_stops=(stop,))
    changed = replace(scenario, stations=stations)
    world = World(changed, Doubles(), ScriptedDriver({}), Rows(), make_station)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"cell\.soak\.micro_stops\.jam"):
        check_line(world)


def scenario_times(scenario: Scenario) -> tuple[Value, Value, Value]:
    """Return the times of a failure of the line."""
    failure = scenario.stations["cathode.coater"].failures[0]
    return (
        failure.time_between_failures,
        failure.time_to_repair,
        failure.time_to_repair_variation,
    )


def test_the_shipped_line_passes() -> None:
    """The pilot line fulfils its own checks."""
    check_line(_world())


def test_a_cell_is_linked_to_each_stretch_it_was_cut_from() -> None:
    """Web cut out between two stretches is in neither link, and shares sum to one."""
    world = _world()
    stacker = world.units["cell.stacker"]
    assert isinstance(stacker, Stacker)
    lot = Lot("anode.roll-0001.1", "daughter_roll", "anode.slitter", 0, 4.0, "m", "cell.stacker")
    lot.columns = {
        "start_m": np.array([38.0, 39.0, 50.0, 51.0]),
        "end_m": np.array([39.0, 40.0, 51.0, 52.0]),
    }
    stacker._link_web("cell-000001", lot, "anode", (1.9, 2.7))
    rows = world.sink.rows["links"]  # type: ignore[attr-defined]
    stretches = [(row["start_m"], row["end_m"]) for row in rows]
    assert stretches == [pytest.approx((39.9, 40.0)), pytest.approx((50.0, 50.7))]
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=1e-12)


PATCHES = ("cathode.coater.patch_length=87.3 mm", "cathode.coater.gap_length=10 mm")
FITTING = (
    "cell.stacker.cathode_sheet_length=97.3 mm",
    "cell.stacker.stacking.cathode_sheet_length=0.118",
    "cell.stacker.stacking.cathode_sheet_width=0.0873",
)


def test_patches_that_fit_their_sheets_pass() -> None:
    """Cut at the pitch, and as much coated as the model takes it for."""
    check_line(_world(*PATCHES, *FITTING))


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (
            ("cathode.coater.patch_length=300 mm", "cathode.coater.gap_length=10 m"),
            "cell.stacker.cathode_sheet_length",
        ),
        ((*PATCHES, FITTING[0]), "cell.stacker.stacking.cathode_sheet_length"),
        (
            (*PATCHES, *FITTING[:2], "cell.stacker.stacking.cathode_sheet_width=0.0973"),
            "cell.stacker.stacking.cathode_sheet_length",
        ),
    ],
)
def test_patches_beside_their_sheets_are_refused(settings: tuple[str, ...], key: str) -> None:
    """Sheets that are not cut at the pitch, and a model that takes them for more coated."""
    with pytest.raises(ScenarioError) as caught:
        check_line(_world(*settings))
    assert key in [problem.key for problem in caught.value.problems]


def test_patches_name_both_sizes_with_values_to_write() -> None:
    """What the hint says, written as it says, is accepted."""
    with pytest.raises(ScenarioError) as caught:
        check_line(_world(*PATCHES, FITTING[0]))
    (problem,) = caught.value.problems
    written = problem.hint.split(" (")[0].split(" and ")
    keys = [each.split(": ")[0] for each in written]
    assert keys == [f"cell.stacker.stacking.cathode_sheet_{size}" for size in ("length", "width")]
    check_line(_world(*PATCHES, FITTING[0], *(each.replace(": ", "=") for each in written)))


@pytest.mark.parametrize(
    ("material", "amount"),
    [("cathode.active_material", 0.001), ("anode.foil", 0.01), ("cell.electrolyte", 1e-6)],
)
def test_lots_far_too_small_are_refused_with_the_least(material: str, amount: float) -> None:
    """A gram of powder for a batch of kilograms; the least that is named is accepted."""
    scenario = load("baseline")

    def check(size: float) -> None:
        config = scenario.materials[material]
        small = replace(config, lot_size=replace(config.lot_size, value=size))
        changed = replace(scenario, materials=dict(scenario.materials) | {material: small})
        check_line(World(changed, Doubles(), ScriptedDriver({}), Rows(), make_station))  # type: ignore[arg-type]

    with pytest.raises(ScenarioError) as caught:
        check(amount)
    (problem,) = caught.value.problems
    assert problem.key == f"materials.{material}.lot"
    least = float(problem.hint.removeprefix("at least ").split()[0])
    check(least)
    with pytest.raises(ScenarioError):
        check(least / 1.2)
