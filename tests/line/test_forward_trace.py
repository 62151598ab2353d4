"""Forward trace against a walk of its own through the links, on a line that makes it hard.

Webs are rewound, spliced, torn, cut and slit, lots are small, cells are measured again, metres are
scrapped after a hold, and the run is stopped while cells are everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from line_support import HOUR, imbalance, run_into
from test_holds import hold
from test_sides import rewinding

from linetwin.results import read
from linetwin.results.genealogy import Genealogy, Work

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from linetwin.results.reader import Run
    from linetwin.scenario.resolved import Scenario

LOTS = {
    "cathode.active_material": 8.0,
    "cathode.foil": 30.0,
    "anode.foil": 25.0,
    "cell.electrolyte": 0.4,
    "cell.separator": 12.0,
    "cell.housing": 23.0,
}
"""Sizes of lots: kg, m2 and pieces."""


def hard_line(folder: Path) -> Scenario:
    """Return a line with all that makes a web's genealogy difficult, stopped on the way."""
    scenario = rewinding(folder, 1)
    materials = dict(scenario.materials)
    for path, size in LOTS.items():
        lot_size = replace(materials[path].lot_size, value=size)
        materials[path] = replace(materials[path], lot_size=lot_size)
    stations = dict(scenario.stations)
    changed = {
        "cathode.mixer": {"batch_mass": 8.0},
        "cathode.coater": {"die_cleaning_interval": 3600.0, "roll_length": 120.0},
        "anode.coater": {"roll_length": 120.0},
        "cathode.slitter": {"knife_life": 100.0},
        "cell.grading": {"voltage_tolerance": 1e-6, "rework_limit": 1.0},
        "cell.ocv_test": {"rest_time": 3600.0},
    }
    for path, values in changed.items():
        parameters = dict(stations[path].parameters)
        for name, value in values.items():
            parameters[name] = replace(parameters[name], value=value)
        stations[path] = replace(stations[path], parameters=parameters)
    cut = hold("cathode.roll-0001", 14 * HOUR, 15 * HOUR, from_m=30.0, to_m=34.0, then="scrap")
    return replace(
        scenario, materials=materials, stations=stations, holds=(cut,), order_cells=400,
        limit_ticks=100 * HOUR,
    )  # fmt: skip


class Walk:
    """Goes from a cell up its links by plain recursion, metres carried along."""

    def __init__(self, links: pd.DataFrame) -> None:
        self._up: dict[str, list[Any]] = defaultdict(list)
        for row in links[links["relation"] == "made_from"].itertuples():
            self._up[row.child].append(row)

    def lots(self, cell: str, *, widened: bool) -> set[str]:
        """Return every ancestor of a cell: those in it, or those that may be."""
        found: set[str] = set()
        self._climb(cell, (-math.inf, math.inf), found, widened=widened)
        return found

    def _climb(
        self, lot: str, inside: tuple[float, float], found: set[str], *, widened: bool
    ) -> None:
        for link in self._up[lot]:
            on_parent = sorted((link.start_m, link.end_m))
            if not math.isnan(link.child_start_m):
                low, high = max(inside[0], link.child_start_m), min(inside[1], link.child_end_m)
                if high - low <= 1e-9:
                    continue
                if not math.isnan(link.start_m):
                    scale = (link.end_m - link.start_m) / (link.child_end_m - link.child_start_m)
                    ends = (link.start_m + (x - link.child_start_m) * scale for x in (low, high))
                    on_parent = sorted(ends)
            if any(math.isnan(x) for x in on_parent):
                on_parent = [-math.inf, math.inf]
            spread = 2 * link.position_uncertainty if widened else 0.0
            spread = 0.0 if math.isnan(spread) else spread
            found.add(link.parent)
            wide = (on_parent[0] - spread, on_parent[1] + spread)
            self._climb(link.parent, wide, found, widened=widened)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The hard line's run."""
    folder = tmp_path_factory.mktemp("hard")
    world = run_into(hard_line(folder), folder / "run")
    assert max(map(abs, imbalance(world).values())) < 1e-9
    return read(folder / "run")


@pytest.fixture(scope="module")
def genealogy(result: Run) -> Genealogy:
    """Its genealogy, read once."""
    return Genealogy(result)


@pytest.fixture(scope="module")
def ancestors(result: Run) -> dict[bool, dict[str, set[str]]]:
    """Whether widened -> cell -> its ancestors, by the test's own walk."""
    walk, cells = Walk(result.table("links")), result.table("cells", ["cell"])["cell"]
    return {wide: {cell: walk.lots(cell, widened=wide) for cell in cells} for wide in (False, True)}


def places(result: Run) -> dict[str, tuple[str, str, str]]:
    """Return cell -> status, place and word for where it is, from cells, lots and links alone."""
    links, lots = result.table("links"), result.table("lots").set_index("lot")
    box = dict(links[links["role"] == "box"][["child", "parent"]].itertuples(index=False))
    buffers = {"cell.aged", "cell.stacked", "cell.welded", "cell.inspected", "cell.formed_pouches"}
    buffers |= {str(place) for place in lots["place"] if str(place) not in STATIONS}
    found = {}
    for cell, status, place in result.table("cells", ["cell", "status", "station"]).itertuples(
        index=False
    ):
        if status in {"A", "B"}:
            shipped = cell in box and lots.loc[box[cell], "status"] == "shipped"
            word = "shipped" if shipped else "store"
        elif status == "in_process":
            word = "buffer" if place in buffers else "station"
        else:
            word = status
        found[cell] = (status, place, word)
    return found


STATIONS = {f"cell.{name}" for name in (
    "stacker", "tab_welder", "inspection", "pouch_former", "filler", "soak", "pre_charge",
    "degasser", "formation", "ocv_test", "ageing", "grading", "binning",
)} | {f"{side}.{name}" for side in ("cathode", "anode") for name in (
    "mixer", "coater", "rewinder", "calender", "slitter", "notcher", "vacuum_dryer",
)}  # fmt: skip


def test_the_line_is_as_hard_as_it_should_be(result: Run) -> None:
    """Rewound, spliced, cut, reworked and stopped: else the tests below would test little."""
    assert "rewind" in set(result.table("operations")["operation"])
    reasons = set(result.table("segments")["reason"])
    assert {"splice", "scrapped after a hold", "start-up of the coater"} <= reasons
    webs = result.table("links").query("role == 'web'")
    assert webs["child"].duplicated().any()
    assert (webs["start_m"] > webs["end_m"]).any()
    assert (result.table("cells")["rework_count"] > 0).any()
    assert len(set(result.table("cells")["status"]) & {"A", "B", "in_process", "scrap"}) >= 3
    knives = result.table("operations").query("station == 'cathode.slitter'")["tool"]
    assert len({*knives}) > 1


def test_every_lot_is_followed_to_its_cells_and_their_places(
    result: Run, genealogy: Genealogy, ancestors: dict[bool, dict[str, set[str]]]
) -> None:
    """Raw materials, batches, charges, rolls, lanes: the cells of the walk, none more or less.

    Of each kind and electrode every lot, up to six spread over the run.
    """
    where, lots = places(result), result.table("lots", ["lot", "kind"])
    lots = lots[~lots["kind"].isin(["tray", "graded_tray", "box"])]
    alike = lots.groupby(["kind", lots["lot"].str.rpartition("-")[0]])["lot"]
    chosen = {lot for _, each in alike for lot in each.iloc[:: 1 + len(each) // 6]}
    series: dict[str, int] = defaultdict(int)
    for lot, kind in lots[lots["lot"].isin(chosen)].itertuples(index=False):
        found = [each for each in genealogy.forward(lot) if each.kind == "cell"]
        sure = {cell for cell, above in ancestors[False].items() if lot in above}
        maybe = {cell for cell, above in ancestors[True].items() if lot in above} - sure
        assert {each.lot for each in found if each.certain} == sure, lot
        assert {each.lot for each in found if not each.certain} == maybe, lot
        for each in found:
            assert (each.status, each.place, each.where) == where[each.lot]
        series[kind] += bool(sure)
        series[lot.rpartition("-")[0]] += bool(sure)
    for path in LOTS:
        assert series[path] > 1, path
    assert min(series[kind] for kind in ("slurry_batch", "mother_roll", "daughter_roll")) > 1


def test_a_tray_and_a_box_are_followed_to_what_they_carried(
    result: Run, genealogy: Genealogy
) -> None:
    """Carriers are no ingredients, but hold cells that are found from them."""
    links = result.table("links").query("relation == 'carried_in'")
    for carrier, rows in links.groupby("parent"):
        found = genealogy.forward(carrier)
        assert {each.lot for each in found} == set(rows["child"])
        assert {each.relation for each in found} == {"carried_in"}


@pytest.mark.parametrize(
    "work",
    [
        Work(station="cathode.slitter", tool="knife-002"),
        Work(station="anode.notcher", place=1),
        Work(station="cathode.calender", shift="day 1 late"),
        Work(station="cathode.coater", tool="die-001"),
    ],
    ids=lambda work: work.text,
)
def test_a_tool_a_lane_and_a_shift_are_followed_to_the_cells_of_the_web(
    work: Work,
    result: Run,
    genealogy: Genealogy,
    ancestors: dict[bool, dict[str, set[str]]],
) -> None:
    """What was worked on, and every cell cut from it."""
    done = result.table("operations")
    done = done[done["station"] == work.station]
    done = done[(done["tool"] == work.tool) | (not work.tool)]
    done = done[(done["shift"] == work.shift) | (not work.shift)]
    rolls = set(done["lot"][(done["place"] == work.place) | (work.place is None)])
    expected = {cell for cell, above in ancestors[False].items() if above & rolls}
    found = genealogy.forward_of(work)
    assert expected
    assert {each.lot for each in found if each.kind == "cell" and each.certain} == expected
    assert rolls <= {each.lot for each in found}


def test_a_channel_and_a_shift_are_followed_to_the_cells_that_were_there(
    result: Run, genealogy: Genealogy
) -> None:
    """Of a tray only the cells that had not been scrapped or taken apart before."""
    done = result.table("operations").query("operation == 'formation'").reset_index(drop=True)
    first = done.iloc[0]
    cells = result.table("cells").set_index("cell")
    links = result.table("links").query("role == 'tray'")
    there = cells.loc[links["child"][links["parent"] == first["lot"]]]
    there = there[(there["ended"] < 0) | (there["ended"] > first["start"])]
    channel = Work(station="cell.formation", place=int(first["place"]), position=3)
    found = {each.lot for each in genealogy.forward_of(channel)}
    same = done[done["place"] == first["place"]]
    assert set(there.index[there["position"] == 3]) <= found
    assert set(cells.loc[sorted(found), "position"]) == {3}
    assert len(found) <= len(same)
    shift = Work(station="cell.formation", shift=str(first["shift"]))
    everything = {each.lot for each in genealogy.forward_of(shift)}
    trays = set(done["lot"][done["shift"] == first["shift"]])
    assert trays <= everything
    boarded = set(links["child"][links["parent"].isin(trays)])
    gone = boarded - everything
    assert set(there.index) <= everything
    assert gone
    assert (cells.loc[sorted(gone), "ended"] <= done["start"].max()).all()
