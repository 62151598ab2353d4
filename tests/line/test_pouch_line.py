"""The stations of a pouch line on doubles: defects, what finds them, and what those missed do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from doubles import Doubles, DoubleTransform
from line_support import Memory, cells_of, graded, imbalance, in_memory, make_world, pilot

from linetwin.line.kinds.charging import Charger
from linetwin.line.kinds.storing import storage_phase
from linetwin.line.lots import Lot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

FARADAY = 96485.33212
WATER = 0.018015
DEFECTS = (
    "cell.tab_welder.cold_weld.rate=30 %",
    "cell.tab_welder.weld_spatter.rate=30 %",
    "cell.pouch_former.leaky_seal.rate=20 %",
    "cell.inspection.cold_weld.miss=50 %",
    "cell.inspection.hard_short.miss=100 %",
    "cell.ocv_test.sample_interval=25",
    "cell.binning.box_size=7",
)


@pytest.fixture(scope="module")
def faulty() -> tuple[World, Memory]:
    """An order of 120 cells with many defects, some of them missed."""
    return in_memory(pilot(120, *DEFECTS))


def test_material_is_conserved_with_every_defect(faulty: tuple[World, Memory]) -> None:
    """Tabs, housings and lost electrolyte are accounted for as all else."""
    world, _ = faulty
    found = imbalance(world)
    assert {"cell.tabs", "cell.housing"} <= found.keys()
    assert max(map(abs, found.values())) < 1e-9


def test_a_cold_weld_that_is_missed_adds_to_the_resistance(faulty: tuple[World, Memory]) -> None:
    """The pulse of the double is 25 mOhm and its slow fall; the weld comes on top."""
    rows = graded(faulty[1])
    resistance = np.array([row["dcir"] for row in rows])
    welds = np.array([row["weld_resistance"] for row in rows])
    slow_fall = 3.7e-4 / 3 / 5.0
    assert resistance == pytest.approx(0.025 + slow_fall + welds, abs=1e-9)
    assert (welds > 0.002).any()
    for row in rows:
        assert ("resistance" in row["reason"]) == (row["measured_dcir"] > 0.035)


def test_inspection_scraps_what_it_finds_and_notes_what_it_misses(
    faulty: tuple[World, Memory],
) -> None:
    """Cold welds are scrapped there or noted as missed; shorts are all missed here."""
    sink = faulty[1]
    rows = [row for row in cells_of(sink).values() if row["weld_resistance"] > 0.002]
    found = sum(row["reason"] == "cold weld" for row in rows)
    notes = Counter[str]()
    for event in sink.rows["events"]:
        if event["event"] == "note" and event["station"] == "cell.inspection":
            notes[event["cause"]] += int(event["amount"])
    assert found > 0
    assert notes["cold weld: missed"] == len(rows) - found > 0
    shorts = [row for row in cells_of(sink).values() if row["leak_resistance"] < 5000]
    assert notes["hard short: missed"] == len(shorts) > 0


def test_every_cell_has_a_place_of_its_own(faulty: tuple[World, Memory]) -> None:
    """Positions on a tray are whole numbers from 1; no two cells of a tray that live share one."""
    rows = [row for row in cells_of(faulty[1]).values() if row["status"] != "scrap"]
    assert all(1 <= row["position"] <= 40 for row in rows)
    places = Counter((row["tray"], row["position"]) for row in rows)
    assert max(places.values()) == 1


@pytest.mark.parametrize("role", ["tabs", "housing", "separator", "electrolyte"])
def test_a_graded_cell_names_the_lots_of_its_parts(faulty: tuple[World, Memory], role: str) -> None:
    """The shares of each part's lots sum to one."""
    sums: dict[str, float] = {}
    for link in faulty[1].rows["links"]:
        if link["role"] == role:
            sums[link["child"]] = sums.get(link["child"], 0.0) + link["share"]
    for row in graded(faulty[1]):
        assert sums[row["cell"]] == pytest.approx(1.0, abs=1e-9)


def test_electrolyte_that_leaves_with_the_gas_is_weighed(faulty: tuple[World, Memory]) -> None:
    """The ledger's loss at the degasser is the sum over cells, near 2 % of what they held."""
    world, sink = faulty
    losses = [row["electrolyte_loss"] for row in cells_of(sink).values() if "removed_gas" in row]
    booked = world.ledger.rows()
    total = sum(
        float(amount)
        for station, entry, amount in zip(
            booked["station"], booked["entry"], booked["amount"], strict=True
        )
        if station == "cell.degasser" and entry == "lost"
    )
    assert total == pytest.approx(np.sum(losses), rel=1e-9)
    assert np.mean(losses) == pytest.approx(0.02 * 0.0109, rel=0.1)


def test_samples_are_scrap_in_the_books_and_made_anew(faulty: tuple[World, Memory]) -> None:
    """One in 25 cells is taken at OCV1; the order is still filled."""
    world, sink = faulty
    samples = [row for row in cells_of(sink).values() if row["status"] == "sample"]
    assert len(samples) == world.counts["samples"]
    assert {(row["station"], row["reason"]) for row in samples} == {
        ("cell.ocv_test", "destructive test")
    }
    passed = len(graded(sink)) + len(samples)
    assert passed // 25 <= len(samples) <= passed // 25 + 2
    assert world.graded() >= 120


def test_boxes_hold_cells_of_one_class(faulty: tuple[World, Memory]) -> None:
    """A shipped box is full, each good cell lies in one box, and its class is that of the box."""
    world, sink = faulty
    boxes: dict[str, list[str]] = {}
    for link in sink.rows["links"]:
        if link["role"] == "box":
            boxes.setdefault(link["parent"], []).append(link["child"])
    rows = cells_of(sink)
    placed = [cell for cells in boxes.values() for cell in cells]
    assert len(set(placed)) == len(placed) > 0
    assert {rows[cell]["status"] for cell in placed} <= {"A", "B"}
    status = {row["lot"]: row["status"] for row in sink.rows["lots"] if row["kind"] == "box"}
    assert {name: status[name] for name in boxes} == {
        name: "shipped" if len(cells) == 7 else "store" for name, cells in boxes.items()
    }
    assert world.counts["shipped"] == sum(len(c) for c in boxes.values() if len(c) == 7) > 0
    for cells in boxes.values():
        kinds = {rows[cell]["status"] for cell in cells}
        assert len(kinds) == 1
        steps = {int(rows[cell]["measured_dcir"] // 1e-3) for cell in cells}
        assert kinds == {"B"} or len(steps) == 1


def test_each_tray_has_a_row_for_each_operation(faulty: tuple[World, Memory]) -> None:
    """From stacking to sorting, with the tower and place of formation."""
    world, sink = faulty
    done: dict[str, set[str]] = {}
    for row in sink.rows["operations"]:
        done.setdefault(row["lot"], set()).add(row["station"])
    names = ("stacker", "tab_welder", "inspection", "pouch_former", "filler", "soak", "pre_charge")
    names += ("degasser", "formation", "ocv_test", "ageing", "grading")
    trays = {row["tray"] for row in graded(sink)}
    for tray in trays:
        assert {f"cell.{name}" for name in names} <= done[tray]
    for row in sink.rows["operations"]:
        if row["station"] == "cell.formation":
            assert row["tool"] == f"tower-{(row['place'] - 1) // 10 + 1:03d}"
    assert isinstance(world.units["cell.formation"], Charger)


def test_the_drift_is_that_between_the_two_tests(faulty: tuple[World, Memory]) -> None:
    """OCV1 less OCV2 over the time between them, for true and for measured values."""
    ticks = {
        (row["lot"], row["station"]): (row["start"], row["end"])
        for row in faulty[1].rows["operations"]
    }
    for row in graded(faulty[1]):
        if row["rework_count"]:
            continue
        seconds = (
            ticks[row["tray"], "cell.grading"][1] - ticks[row["tray"], "cell.ocv_test"][1]
        ) / 1000
        for prefix in ("", "measured_"):
            fall = row[f"{prefix}first_open_circuit_voltage"] - row[f"{prefix}open_circuit_voltage"]
            assert row[f"{prefix}ocv_drift"] == pytest.approx(fall / seconds, rel=1e-6, abs=1e-15)


def test_a_channel_keeps_its_error() -> None:
    """Two trays in one place are measured with the same errors, position by position."""
    world = make_world(pilot(40), Memory())
    charger = world.units["cell.formation"]
    assert isinstance(charger, Charger)
    lot = Lot("tray-1", "tray", "test", 0, 3.0, "1", "test")
    lot.columns = {"position": np.array([1.0, 2.0, 5.0])}
    first = charger.current_factors(lot, 4)
    lot.columns = {"position": np.array([5.0, 2.0, 6.0])}
    second = charger.current_factors(lot, 4)
    assert second[:2].tolist() == first[[2, 1]].tolist()
    other = charger.current_factors(lot, 5)
    assert not set(other) & set(second)
    assert np.abs(first - 1).max() < 5 * 0.0005


def test_a_place_is_given_up_with_its_tray() -> None:
    """Trays of the stock have places; that of a tray taken away is free for the next."""
    world = make_world(pilot(40), Memory())
    charger = world.units["cell.formation"]
    assert isinstance(charger, Charger)
    charger.places.extend([name, 9, 0, 1.0] for name in ("tray-1", "tray-2", "tray-3"))
    lot = Lot("tray-4", "tray", "test", 0, 3.0, "1", "test")
    assert charger.occupy(lot) == 4
    charger.places.append(["tray-4", 9, 0, 1.0])
    del charger.places[1]
    assert charger.occupy(Lot("tray-5", "tray", "test", 0, 3.0, "1", "test")) == 2


class Seen(Doubles):
    """Notes the phases that formation was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.phases: list[Sequence[Phase]] = []
        self.starts: list[Mapping[str, float | np.ndarray]] = []

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model that tells what it was given."""
        made = super().transform(config, kind)
        return _Telling(made, self) if config.kind == "formation" else made


class _Telling:
    def __init__(self, model: Transform, seen: Seen) -> None:
        self._model, self._seen = model, seen

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        self._seen.phases.append(phases)
        self._seen.starts.append(start)
        return self._model.apply(start, phases)


def test_a_tower_gives_each_place_its_share() -> None:
    """At C/3 a tray of 40 would draw 311 W; with 2 kW for ten places it gets 200 W."""
    models = Seen()
    settings = ("cell.formation.charge_rate=0.333 1/h", "cell.formation.tower_power_limit=2 kW")
    in_memory(pilot(40, *settings, "cell.formation.channel_accuracy=0 %"), models=models)
    charge, *_ = models.phases[0]
    current = np.asarray(charge.inputs["current_setpoint"])
    watts = current.sum() * 4.2 / 0.9
    assert watts == pytest.approx(200.0, rel=1e-9)


def test_formation_goes_on_from_the_pre_charge() -> None:
    """The charge put in at the pre-charge is the charge that formation starts with."""
    models = Seen()
    _, sink = in_memory(pilot(40), models=models)
    assert {"charged_capacity", "sei_thickness", "anode_stoichiometry"} <= models.starts[0].keys()
    assert len(graded(sink)) >= 40


def test_water_through_a_leaky_seal_is_a_leak() -> None:
    """A milligram a day takes F/M of charge from the anode: 62 uA."""
    lot = Lot("tray-1", "tray", "test", 0, 2.0, "1", "test")
    names = ("film_resistance", "electrode_area", "anode_coating_thickness")
    names += ("cathode_coating_thickness", "anode_active_fraction", "cathode_active_fraction")
    lot.columns = {name: np.ones(2) for name in (*names, "wetting_saturation")}
    lot.columns["leak_resistance"] = np.array([1e9, 20e3])
    lot.columns["moisture_ingress"] = np.array([1e-6 / 86400, 0.0])
    leak = np.asarray(storage_phase(lot, 298.15, 0.0, 1.0).inputs["leak_resistance"])
    current = FARADAY / WATER * 1e-6 / 86400
    assert current == pytest.approx(62e-6, rel=0.01)
    assert leak == pytest.approx([1 / (1e-9 + current / 3.7), 20e3], rel=1e-9)


class Wide(Doubles):
    """Some sheets lie so far off that the cathode is bare."""

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model."""
        del config
        return self._transforms.setdefault(kind, _Wide(kind))


class _Wide(DoubleTransform):
    def _stacking(self, columns: Columns, seen: Columns, _index: int) -> None:
        columns["overhang_margin"] = np.where(seen["stacking_offset"] > 4e-4, -1e-3, 1e-3)


def test_a_bare_edge_that_is_missed_plates_lithium() -> None:
    """Both faces of the sheet plate what they charge: a share of the cathode's area."""
    _, sink = in_memory(pilot(60, "cell.inspection.overhang.miss=100 %"), models=Wide())
    rows = graded(sink)
    bare = [row for row in rows if row["overhang_margin"] < 0]
    assert 0 < len(bare) < len(rows)
    for row in rows:
        share = 2 * max(0.0, -row["overhang_margin"]) * 0.0873 / row["electrode_area"]
        assert row["plated_capacity"] == pytest.approx(share * row["first_charge_capacity"])
    sound = next(row for row in rows if row["overhang_margin"] > 0)
    lost = sound["capacity"] - bare[0]["capacity"]
    assert lost == pytest.approx(bare[0]["plated_capacity"], rel=1e-9)
