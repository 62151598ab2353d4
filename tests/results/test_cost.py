"""Money and CO2 of a small factory whose books were worked out by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from linetwin.results import kpis, kpis_cost, kpis_energy, read
from linetwin.results.costs import Costs, price_list
from linetwin.results.lever_scrap import ScrapLevers
from linetwin.results.meters import read_meters
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

KWH = 3.6e6
DAY = 86_400_000
WINDOW = "window: {from: {value: 0, unit: s}, until: {value: 86400, unit: s}}\n"
SCENARIO = """
resolved: 1
name: books
calendars:
  always: always
  half: [{from: 0, until: 302400, unit: s}]
crews:
  fitters: {size: 2, calendar: half}
stations:
  cathode.mixer:
    kind: mixer
    calendar: always
    room: hall
    materials: {active_material: cathode.powder}
    takes: {}
    gives: {slurry: tank}
    parameters: {operators: {value: 0.5, unit: '1', tag: A, source: x, origin: y}}
  cell.stacker:
    kind: stacker
    calendar: half
    room: dry_room
    takes: {cathode: tank}
    gives: {cells: trays}
    parameters: {operators: {value: 1.0, unit: '1', tag: A, source: x, origin: y}}
  cell.grading:
    kind: grading
    calendar: always
    room: hall
    takes: {cells: trays}
    gives: {cells: graded}
    parameters: {}
  cell.binning:
    kind: binning
    calendar: always
    room: hall
    takes: {cells: graded}
    gives: {}
    parameters: {operators: {value: 0.25, unit: '1', tag: A, source: x, origin: y}}
  cell.spare:
    kind: notcher
    calendar: always
    room: hall
    takes: {}
    gives: {}
    parameters: {operators: {value: 0.25, unit: '1', tag: A, source: x, origin: y}}
building:
  kind: building
  parameters: {boiler_efficiency: {value: 0.8, unit: '1', tag: A, source: x, origin: y}}
  processes:
    building:
      model: building
      parameters:
        dry_room_area: {value: 100.0, unit: m2, tag: A, source: x, origin: y}
        hall_area: {value: 365.0, unit: m2, tag: A, source: x, origin: y}
        compressed_air_power: {value: 0.0, unit: W, tag: A, source: x, origin: y}
        process_cooling: {value: 0.0, unit: W, tag: A, source: x, origin: y}
prices:
  name: own
  date: '2026-01-01'
  currency: EUR
  energy:
    electricity: {price: {value: 0.1}, emission: {value: 0.5}}
    gas: {price: {value: 0.05}, emission: {value: 0.2}}
  labour:
    operator: {price: {value: 40.0}}
    technician: {price: {value: 50.0}}
  materials:
    cathode.powder: {price: {value: 10.0}, emission: {value: 2.0}}
  equipment:
    mixer: {price: {value: 292000.0, unit: EUR}}
    building: {price: {value: 0.0, unit: EUR}}
  capital:
    depreciation_time: {value: {value: 8.0}}
    maintenance: {value: {value: 0.03}}
  floor:
    hall: {price: {value: 100.0}}
"""
LEDGER = [
    ("material", "cathode.powder", "cathode.powder", "in", 100.0, "kg"),
    ("material", "cathode.powder", "cell.grading", "cells", 60.0, "kg"),
    ("material", "cathode.powder", "cell.grading", "scrap", 10.0, "kg"),
    ("material", "cathode.powder", "cell.stacker", "scrap", 15.0, "kg"),
    ("material", "cathode.powder", "tank", "lost", 5.0, "kg"),
    ("material", "cathode.powder", "tank", "in_process", 10.0, "kg"),
    ("energy", "electricity", "cathode.mixer", "machine", 10 * KWH, "J"),
]
CELLS = [
    ("c1", 100_000, "A", "cell.grading", "", 4 * KWH),
    ("c2", DAY // 2, "A", "cell.grading", "", 4 * KWH),
    ("c3", DAY // 2 + 1, "B", "cell.grading", "", 2 * KWH),
    ("c4", DAY, "scrap", "cell.grading", "capacity", 0.0),
    ("c5", 5, "scrap", "cell.stacker", "overhang", math.nan),
    ("c6", 6, "scrap", "cell.stacker", "overhang", math.nan),
    ("c7", 7, "scrap", "cell.stacker", "N/P ratio", math.nan),
]
# station -> counter -> what it showed at the end of the day
METERS = {
    "cathode.mixer": {"electric_energy": 10 * KWH, "cooling_energy": 30 * KWH},
    "cell.stacker": {
        "electric_energy": 20 * KWH,
        "thermal_energy": 8 * KWH,
        "cooling_energy": 10 * KWH,
        "compressed_air_volume": 5.0,
    },
    "building": {
        "electric_energy": 50 * KWH,
        "thermal_energy": 24 * KWH,
        "dry_room_electric_energy": 12 * KWH,
        "dry_room_thermal_energy": 16 * KWH,
        "chiller_energy": 8 * KWH,
        "compressor_energy": 4 * KWH,
    },
}


@pytest.fixture
def facts(tmp_path: Path) -> kpis.Facts:
    """A day of the factory."""
    run = RunWriter(tmp_path / "run", {"scenario": "books", "seed": 1}, SCENARIO)
    names = ("account", "item", "station", "entry", "amount", "unit")
    run.add("ledger", {n: [row[i] for row in LEDGER] for i, n in enumerate(names)})
    names = ("cell", "ended", "status", "station", "reason", "discharge_energy")
    cells: dict[str, list[Any]] = {n: [row[i] for row in CELLS] for i, n in enumerate(names)}
    run.add("cells", {**cells, "started": [0] * len(CELLS), "tray": ["t"] * len(CELLS)})
    counters = sorted({name for values in METERS.values() for name in values})
    for tick, share in ((0, 0.0), (DAY, 1.0)):
        rows: dict[str, list[Any]] = {"tick": [tick] * 3, "station": list(METERS)}
        for name in counters:
            rows[name] = [values.get(name, math.nan) * share for values in METERS.values()]
        run.add("signals", rows)
    states = {"tick": [0, 0, DAY // 4], "station": ["cathode.mixer", *["cell.stacker"] * 2]}
    states |= {"event": ["state"] * 3, "state": ["Execute", "Suspended", "Execute"]}
    run.add("events", {**states, "lot": [""] * 3, "cause": [""] * 3, "amount": [0.0] * 3})
    run.update(end_tick=DAY)
    run.finish("complete")
    return kpis.Facts(read(tmp_path / "run"))


def test_a_room_is_idle_while_its_lots_are_finished(
    facts: kpis.Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dry room's 32 kWh by the state of its one station, as a stacker and as a vacuum dryer.

    Suspended, blocked for a quarter of the day with finished lots; Execute, though blocked, for
    the rest, since one lot is still at work.
    """
    states = {"Suspended": "blocked", "Execute": "blocked"}
    facts.__dict__["spans"] = facts.spans.assign(cause=facts.spans["state"].map(states))
    found = kpis_energy.energy(facts)["dry_room_by_work"]["value"]
    parts = {"at work": 24 * KWH, "only closed chambers at work": 0.0, "idle": 8 * KWH}
    assert found == pytest.approx(parts)
    monkeypatch.setitem(facts.plan.stations["cell.stacker"], "kind", "vacuum_dryer")
    found = kpis_energy.energy(facts)["dry_room_by_work"]["value"]
    parts = {"at work": 0.0, "only closed chambers at work": 24 * KWH, "idle": 8 * KWH}
    assert found == pytest.approx(parts)


@pytest.fixture
def cost(facts: kpis.Facts) -> dict[str, Any]:
    """Name -> value of the section."""
    return {name: entry["value"] for name, entry in kpis_cost.cost(facts).items()}


def test_every_joule_bought_stands_once(facts: kpis.Facts) -> None:
    """80 kWh electricity and 32 kWh heat at 80 % are 120 kWh bought, utilities put to users."""
    found = {name: entry["value"] for name, entry in kpis_energy.energy(facts).items()}
    groups = found["energy_by_group"]
    assert sum(sum(row.values()) for row in groups.values()) == pytest.approx(120 * KWH)
    assert groups["mixing"] == pytest.approx({"electricity": 10 * KWH, "cooling water": 6 * KWH})
    assert groups["slitting to filling"] == pytest.approx(
        {
            "electricity": 20 * KWH,
            "fuel": 10 * KWH,
            "cooling water": 2 * KWH,
            "compressed air": 4 * KWH,
        }
    )
    assert groups["dry room"] == pytest.approx({"electricity": 12 * KWH, "fuel": 20 * KWH})
    assert groups["halls and utilities"] == pytest.approx(
        {"electricity": 26 * KWH, "fuel": 10 * KWH}
    )
    # 10 good kWh; the stacker, alone in the dry room, waits for a quarter of the day
    assert found["energy_per_good_energy_by_group"]["dry room"]["fuel"] == pytest.approx(2.0)
    assert found["idle_energy_per_good_energy"]["dry room"] == pytest.approx(3.2 / 4)
    assert found["idle_energy_per_good_energy"]["slitting to filling"] == pytest.approx(3.0 / 4)


def test_cost_by_category(cost: dict[str, Any]) -> None:
    """Materials consumed, energy bought, people by their calendars, capital by the day."""
    assert cost["cost"] == pytest.approx(
        {
            "materials": 90 * 10.0,
            "energy": 80 * 0.1 + 40 * 0.05,
            "operators": (0.5 * 24 + 1.0 * 12 + 0.25 * 24 + 0.25 * 24) * 40,
            "technicians": 2 * 12 * 50,
            "depreciation": 292000 / 8 / 365,
            "maintenance": 292000 * 0.03 / 365,
            "floor": 365 * 100 / 365,
        }
    )
    assert cost["cost_per_good_energy"] == pytest.approx(sum(cost["cost"].values()) / 10)
    assert cost["fixed_cost_per_day"] == pytest.approx(1440 + 1200 + 100 + 24 + 100)
    kinds = ("stacker", "grading", "binning", "notcher")
    assert cost["not_priced"] == [f"equipment.{kind}.price" for kind in kinds]


def test_scrap_is_worth_what_was_put_into_it(cost: dict[str, Any]) -> None:
    """Scrap of the stacker has passed mixer and stacker, that of grading grading too."""
    conversion = cost["conversion_cost"]
    mixed = conversion["cathode.mixer"] / 100  # all that came in is behind the mixer
    stacked = conversion["cell.stacker"] / 85
    graded = conversion["cell.grading"] / 70
    at_stacker = 15 * (10 + mixed + stacked)
    assert cost["scrap_value"]["cell.stacker"] == pytest.approx(
        {"overhang": at_stacker * 2 / 3, "N/P ratio": at_stacker / 3}
    )
    at_grading = 10 * (10 + mixed + stacked + graded)
    assert cost["scrap_value"]["cell.grading"] == pytest.approx({"capacity": at_grading})
    assert cost["scrap_value_per_day"] == pytest.approx(at_stacker + at_grading)


def test_a_tank_scrapped_by_a_hold_is_scrap_of_its_cause(facts: kpis.Facts) -> None:
    """What lay in the tank has passed the mixer; the reason is that of the hold."""
    ledger = facts.ledger
    facts.__dict__["ledger"] = ledger.assign(entry=ledger["entry"].replace("lost", "scrap"))
    told = {"tick": 9, "station": "tank", "event": "disposition", "state": "", "lot": "slurry-1"}
    row = facts.events.iloc[:1].assign(**told, cause="scrap: bad mix", amount=5.0)
    facts.__dict__["events"] = pd.concat([facts.events, row], ignore_index=True)
    found = {name: entry["value"] for name, entry in kpis_cost.cost(facts).items()}
    mixed = found["conversion_cost"]["cathode.mixer"] / 100
    assert found["scrap_value"]["tank"] == pytest.approx({"bad mix": 5 * (10 + mixed)})


def test_values_sum_to_the_cost(cost: dict[str, Any]) -> None:
    """Cells, scrap, losses and what is in process hold all materials and all conversion cost.

    Good cells booked at grading go on to binning and bear its cost; a station that nothing went
    through stands by itself.
    """
    held = sum(cost["value_by_outcome"].values())
    assert cost["value_by_outcome"]["unused stations"] == cost["conversion_cost"]["cell.spare"]
    assert held == pytest.approx(sum(cost["cost"].values()) + 10 * 10.0)


def test_a_stock_at_the_begin_stands_in_the_balance(facts: kpis.Facts) -> None:
    """20 kg in the tank were mixed before the run: they are worth powder and mixing, by hand.

    So 80 kg were mixed in the run, out of 100 that became something; both sides are equal.
    """
    rows = facts.ledger.iloc[:1].assign(station="tank", entry="stock", amount=20.0)
    drawn = facts.ledger.assign(amount=facts.ledger["amount"].where(facts.ledger.index != 0, 80.0))
    empty = {name: entry["value"] for name, entry in kpis_cost.cost(facts).items()}["value_balance"]
    assert empty["in"]["stock at the begin"] == 0.0
    facts.__dict__["ledger"] = pd.concat([drawn, rows], ignore_index=True)
    found = {name: entry["value"] for name, entry in kpis_cost.cost(facts).items()}
    sides = found["value_balance"]
    mixing = found["conversion_cost"]["cathode.mixer"] / 80
    assert sides["in"]["stock at the begin"] == pytest.approx(20 * (10 + mixing))
    assert sides["in"]["materials drawn"] == pytest.approx(80 * 10)
    assert sides["out"]["stock at the end"] == pytest.approx(10 * (10 + mixing))
    assert sum(sides["in"].values()) == pytest.approx(sum(sides["out"].values()))
    assert sum(empty["in"].values()) == pytest.approx(sum(empty["out"].values()))


def test_what_only_lay_there_was_not_processed(facts: kpis.Facts) -> None:
    """A stock of 1,000 times 0.1 kg that became 100 kg: the mixer did nothing, rounding or not."""
    stock = facts.ledger.iloc[:1].assign(station="tank", entry="stock", amount=0.1)
    rest = facts.ledger[facts.ledger["entry"] != "in"]
    facts.__dict__["ledger"] = pd.concat([rest, *[stock] * 1000], ignore_index=True)
    found = {name: entry["value"] for name, entry in kpis_cost.cost(facts).items()}
    unused = found["value_by_outcome"]["unused stations"]
    costs = found["conversion_cost"]
    assert unused == pytest.approx(costs["cathode.mixer"] + costs["cell.spare"])
    sides = found["value_balance"]
    assert sum(sides["in"].values()) == pytest.approx(sum(sides["out"].values()))


def test_common_costs_go_to_rooms(cost: dict[str, Any]) -> None:
    """The dry room's energy lies on the station in it, the rest on all by their own costs."""
    own = {
        "cathode.mixer": 1.0 + 0.6 + 480 + 124.0,
        "cell.stacker": 2.0 + 0.5 + 0.2 + 0.4 + 480,
        "cell.grading": 0.0,
        "cell.binning": 240.0,
        "cell.spare": 240.0,
    }
    common = 26 * 0.1 + 10 * 0.05 + 1200 + 100
    room = {"cell.stacker": 12 * 0.1 + 20 * 0.05}
    for name, value in own.items():
        expected = value + common * value / sum(own.values()) + room.get(name, 0.0)
        assert cost["conversion_cost"][name] == pytest.approx(expected)


def test_emissions_by_source(cost: dict[str, Any]) -> None:
    """Electricity, gas and materials, each by its factor."""
    expected = {"cathode.powder": 180.0, "electricity": 40.0, "gas": 8.0}
    assert cost["emissions"] == pytest.approx(expected)
    assert cost["emissions_per_good_energy"] == pytest.approx(22.8)


def test_without_prices_a_note_stands(tiny: Path) -> None:
    """A run whose scenario names no prices has no cost, and says so."""
    found = kpis_cost.cost(kpis.Facts(read(tiny)))
    assert found["prices"]["value"] is None
    assert list(found) == ["prices"]


def test_anchors_are_compared_and_nothing_is_fitted(facts: kpis.Facts) -> None:
    """Each printed figure stands beside the run's 12 kWh/kWh with its gap."""
    entry = kpis_energy.energy(facts)["anchors"]
    rows = entry["value"]
    # an order is set against them by its headline, the whole run, and told apart
    assert "an order that starts empty" in entry["meaning"]
    degen = next(row for row in rows if row["anchor"].startswith("Degen and"))
    assert degen["here"] == pytest.approx(12.0)
    assert degen["gap"] == pytest.approx(degen["here"] - 41.48)
    assert "fuel" in degen["gap_consists_of"]


def _energy(facts: kpis.Facts) -> dict[str, float]:
    listed = price_list(facts)
    assert listed is not None
    return Costs(facts, listed, read_meters(facts), 0, facts.end).energy


def _limited_by(found: kpis.Kpis, group: str, loads: dict[str, float]) -> kpis.Kpis:
    limits = {
        "bottleneck": group,
        "load": loads,
        "share_as_bottleneck": {group: {"sole": 0.5, "shifting": 0.3}},
    }
    return found | {"limits": {name: kpis.kpi(each, "", "") for name, each in limits.items()}}


def _wasted(facts: kpis.Facts) -> float:
    """10 of 100 kg through the mixer, of 85 kg through the stacker, at 10 EUR/kg, in one day."""
    energy = _energy(facts)
    return 10 * 10 + energy["cathode.mixer"] * 10 / 100 + energy["cell.stacker"] * 10 / 85


def test_in_an_order_half_of_the_scrap_saves_its_material_and_energy(facts: kpis.Facts) -> None:
    """People and machines cost the same: half of materials and energy, no output."""
    found = kpis.compute(facts.run)
    lever = next(e for e in ScrapLevers(facts, found).ranked() if "capacity" in e.what)
    assert lever.money_per_day == pytest.approx(_wasted(facts) / 2)
    assert (lever.cells_per_day, lever.energy_per_day, lever.at_most) == (None, None, False)
    values = [lever.money_per_day or 0.0 for lever in ScrapLevers(facts, found).ranked()]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    ("limiting", "loads", "gain"),
    [
        # 1 scrapped on 3 good: half of it, for the 80 % of the window in which the group limited
        ("cell.stacker", {"cell.stacker": 0.9, "cell.binning": 0.3}, 0.8 / 6),
        # what comes after can take a twentieth more only, then it never waits
        ("cell.stacker", {"cell.stacker": 0.9, "cell.binning": 1 / 1.05}, 0.05),
        ("cell.binning", {"cell.stacker": 0.4, "cell.binning": 0.9}, 0.0),
    ],
)
def test_output_is_won_where_scrap_had_passed_what_limits(
    facts: kpis.Facts, tmp_path: Path, limiting: str, loads: dict[str, float], gain: float
) -> None:
    """Found at grading: it had passed the stacker; what comes after grading it has not."""
    path = tmp_path / "run" / "scenario.yaml"
    path.write_text(path.read_text() + WINDOW)
    steady = kpis.Facts(read(tmp_path / "run"))
    found = _limited_by(kpis.compute(steady.run), limiting, loads)
    lever = next(e for e in ScrapLevers(steady, found).ranked() if "capacity" in e.what)
    fixed = found["cost"]["fixed_cost_per_day"]["value"]
    assert lever.money_per_day == pytest.approx(_wasted(steady) / 2 + gain * fixed)
    assert (lever.cells_per_day or 0.0) == pytest.approx(3 * gain)
