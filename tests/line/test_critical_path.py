"""The critical path of an order, and its levers against simulated changes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from line_support import pilot, run_into

from linetwin.results import kpis, read, started_anew
from linetwin.results.kpis import Facts
from linetwin.results.lever import SEPARATOR
from linetwin.results.started_anew import RESERVE

if TYPE_CHECKING:
    from collections.abc import Iterator

CELLS = 60
MINUTE = 60.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Return the folder of an order of 60 cells on the pilot line, on doubles."""
    with TemporaryDirectory() as place:
        run_into(pilot(CELLS), Path(place) / "run")
        yield Path(place) / "run"


@cache
def _ended(*overrides: str) -> float:
    """Return when the last cell of the order was graded [s], with other settings."""
    with TemporaryDirectory() as place:
        run_into(pilot(CELLS, *overrides), Path(place) / "run")
        return float(Facts(read(Path(place) / "run")).graded["ended"].max()) / 1000


def test_the_path_is_the_whole_time_of_the_order(folder: Path) -> None:
    """From 0 to the last grade without a gap; replayed with its calendars it ends then, too."""
    facts = Facts(read(folder))
    stretches = facts.path.stretches
    assert stretches[0].start == 0
    assert stretches[-1].end == facts.graded["ended"].max()
    assert all(one.end == other.start for one, other in pairwise(stretches))
    assert facts.path.sooner("no such group", 0.5) == 0.0
    assert facts.path._replay(lambda each: each.end - each.start) == stretches[-1].end
    total = sum(sum(times.values()) for times in facts.path.times().values())
    assert total == pytest.approx(stretches[-1].end / 1000)


def test_no_lever_promises_less_than_a_simulation_brings(folder: Path) -> None:
    """Each lever of pace, simulated by its own setting: at most what it says, and of its size."""
    found = kpis.compute(read(folder))
    before = _ended()
    levers = [each for each in found["levers"]["ranked"]["value"] if each["sooner"]]
    assert len(levers) >= 3
    shares = {}
    for lever in levers:
        brought = before - _ended(*lever["setting"].split(SEPARATOR))
        assert brought <= lever["sooner"] + MINUTE, lever["what"]
        assert lever["at_most"]
        shares[lever["what"]] = brought / lever["sooner"]
    # Formation is a fixed time on doubles; the soak is on the path twice, for a cell lost late.
    assert shares["a tenth less time in cell soak (soak time)"] > 0.95


def test_the_order_waits_for_cells_started_anew(tmp_path: Path) -> None:
    """Counted by hand; with the reserve that the report offers, nothing is started anew."""
    torn = "cell.tab_welder.cold_weld.rate=5 %"
    before = _torn(tmp_path / "torn", torn)
    found = kpis.compute(before.run)
    late = found["order"]["started_anew"]["value"]
    cells = before.cells.sort_values("started", kind="stable")
    assert late["cells"] == len(cells) - CELLS > 0
    others = cells.iloc[:CELLS]
    last = others.loc[others["status"].isin(["A", "B"]), "ended"].max() / 1000
    order = found["order"]["last_cell_graded"]["value"]
    assert late["waited"] == pytest.approx(order - last)
    assert late["lost"] == len(cells) - CELLS
    assert "the order waits" in started_anew.told(found)
    lever = next(e for e in found["levers"]["ranked"]["value"] if RESERVE in e["setting"])
    more = kpis.compute(_torn(tmp_path / "more", torn, lever["setting"]).run)["order"]
    assert more["started_anew"]["value"] is None
    assert 0 < order - more["last_cell_graded"]["value"] <= late["waited"] + MINUTE


def _torn(folder: Path, *overrides: str) -> Facts:
    """Return a run of 60 cells with what was ordered in its scenario, too."""
    run_into(pilot(CELLS, *overrides), folder)
    text = (folder / "scenario.yaml").read_text()
    (folder / "scenario.yaml").write_text(
        text.replace("order_cells: 1000\n", f"order_cells: {CELLS}\n")
    )
    return Facts(read(folder))


def test_a_reserve_is_enough_for_another_run() -> None:
    """Of 11 lost in 1,000, 11 + 2 sqrt(22) in the next, in whole per cent; of none lost, none."""
    assert started_anew.enough(11, 1000) == pytest.approx(0.03)
    assert started_anew.enough(0, 1000) == 0.0
    assert started_anew.enough(90, 100) == 1.0


def test_a_point_of_oee_is_worth_no_more_than_the_pace_it_stands_for(folder: Path) -> None:
    """Work on the path over OEE + 0.01: in daylight no shift is saved."""
    found = kpis.compute(read(folder))
    point = found["limits"]["value_of_oee_point"]["value"]
    oee = found["iso"]["oee"]["value"][point["machine"]]
    assert 0 < point["sooner"] < 3600
    facts = Facts(read(folder))
    machine = facts.path.times()[point["machine"]]
    work = sum(machine.get(name, 0.0) for name in ("working", "setting up", "failed"))
    assert point["sooner"] == pytest.approx(work * 0.01 / (oee + 0.01), rel=0.01)


def test_effectiveness_is_at_most_one_on_a_whole_line(folder: Path) -> None:
    """Every group of the pilot line, over the run and the window; what is less is told why."""
    found = kpis.compute(read(folder))
    for section in ("iso", "iso_steady"):
        known = found[section]["effectiveness"]["value"]
        assert all(value is None or 0 < value <= 1 + 1e-6 for value in known.values())
        for group, shares in found[section]["time_shares"]["value"].items():
            total = sum(shares.values())
            assert total == pytest.approx(1, abs=1e-6) or not total, group
    coater = found["iso"]["effectiveness"]["value"]["cathode.coater"]
    plan = Facts(read(folder)).plan
    length, dryer = (
        plan.number("cathode.coater", name) for name in ("roll_length", "dryer_length")
    )
    assert length is not None
    assert dryer is not None
    # both passes let the web run out of the dryer
    assert coater == pytest.approx(length / (length + dryer), rel=1e-3)
