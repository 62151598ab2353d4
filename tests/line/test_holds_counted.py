"""What holds scrap counts: in the yields, by station, and in an account for each hold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from line_support import HOUR, pilot, run_into

from linetwin.results import kpis, read
from linetwin.results.genealogy import Genealogy
from linetwin.results.held import names_of
from linetwin.results.kpis_holds import told
from linetwin.scenario.resolved import HoldConfig

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.resolved import Scenario

PART = {"from_m": 20.0, "to_m": 60.0}


def line(cells: int, *holds: HoldConfig, limit_ticks: int = 600 * HOUR) -> Scenario:
    """Return an order of cells on the pilot line, with holds."""
    return replace(pilot(cells), holds=holds, limit_ticks=limit_ticks)


def hold(lot: str, start: int, end: int | None = None, **changes: float | str) -> HoldConfig:
    """Return a hold without a reason on the whole of a lot."""
    plain = HoldConfig(lot, 0.0, math.inf, start, end, "release", "on hold")
    return replace(plain, **changes)


@pytest.mark.parametrize("metres_of", [PART, {}], ids=["a part", "all of it"])
def test_slit_web_scrapped_by_a_hold_counts_as_scrap(
    metres_of: dict[str, float], tmp_path: Path
) -> None:
    """Metres of both lanes: yield, reasons, ISO quality and the line of the hold have them.

    Recomputed from the events: two lanes of 1.003 m a metre of web (the calender's stretch).
    """
    part = hold("cathode.roll-0001", 30 * HOUR, 31 * HOUR, then="scrap", reason="dent", **metres_of)
    run_into(line(160), tmp_path / "plain")
    run_into(line(160, part), tmp_path / "run")
    plain, found = (kpis.compute(read(tmp_path / name)) for name in ("plain", "run"))
    events = read(tmp_path / "run").table("events")
    rows = events[events["cause"].str.startswith("scrap: dent")]
    slit = rows[(rows["event"] == "disposition") & rows["lot"].str.startswith("cathode.roll")]
    segments = read(tmp_path / "run").table("segments")
    cathode = segments[segments["roll"].str.startswith("cathode")]
    length = cathode["end_m"] - cathode["start_m"]
    metres = slit["amount"].sum()
    assert metres > 0
    good = length[cathode["status"] == "good"].sum() - metres / 2 / 1.003
    quality = {name: entry["value"] for name, entry in found["quality"].items()}
    assert quality["yield_of_webs"]["cathode"] == pytest.approx(good / length.sum(), abs=1e-4)
    cut = quality["web_scrap"]["cathode"]
    assert 1 - sum(cut.values()) / length.sum() == pytest.approx(
        quality["yield_of_webs"]["cathode"]
    )
    assert (
        quality["rolled_throughput_yield"] < (plain["quality"]["rolled_throughput_yield"]["value"])
    )
    assert found["iso"]["quality_ratio"]["value"]["cathode.coater"] == pytest.approx(
        quality["yield_of_webs"]["cathode"]
    )
    by_station = found["holds"]["slit_web_scrapped"]["value"]
    assert by_station == {
        station: {"dent": pytest.approx(part["amount"].sum())}
        for station, part in slit.groupby("station")
    }
    assert f"{metres:.3g} m of slit web scrapped" in told(found["holds"])[0]


def test_each_hold_has_an_account_of_its_own(tmp_path: Path) -> None:
    """Holds without a reason: what each kept is what it released, scrapped or still keeps.

    Cells made of a roll on hold in the stacker are scrapped when they come: they count as held.
    """
    holds = (
        hold("cathode.roll-0001", 40 * HOUR, 44 * HOUR, then="scrap"),
        hold("cell.separator-0001", 76 * HOUR, 79 * HOUR),
        hold("cell.separator-0001", 80 * HOUR),
        hold("anode.roll-0099", 0),
    )
    run_into(line(300, *holds, limit_ticks=80 * HOUR + 40 * HOUR), tmp_path / "run")
    rows = kpis.compute(read(tmp_path / "run"))["holds"]["holds"]["value"]
    names = names_of((each.reason, each.lot) for each in holds)
    assert set(rows) == set(names[:3])
    assert rows["on hold"]["cells scrapped"] > 0
    assert rows[names[1]]["cells released"] > 0
    assert rows[names[2]]["cells still held"] > 0
    for row in rows.values():
        assert row["cells held"] >= (
            row["cells released"] + row["cells scrapped"] + row["cells still held"]
        )
    notes = read(tmp_path / "run").table("events").query("event == 'note'")
    idle = notes[notes["cause"].str.startswith("hold found nothing")]
    assert idle["lot"].tolist() == ["anode.roll-0099"]


def test_what_is_condemned_from_its_beginning_is_scrapped_as_it_is_found(tmp_path: Path) -> None:
    """Until equals from: cells made before are scrapped at once, later ones when handed over."""
    at = 36 * HOUR
    asked = hold("cathode.roll-0001", at, at, then="scrap")
    world = run_into(line(160, asked, limit_ticks=48 * HOUR), tmp_path / "run")
    cells = read(tmp_path / "run").table("cells")
    made = {each.lot for each in Genealogy(read(tmp_path / "run")).forward(asked.lot)}
    affected = cells[cells["cell"].isin(made) & (cells["status"] != "in_process")]
    ended = affected[affected["reason"] == "on hold"]["ended"]
    assert ended.min() == at
    assert world.holds is not None
    trays = [lot for lot in world.lots.open_lots() if lot.kind == "tray" and lot.held]
    assert trays == []
    row = kpis.compute(read(tmp_path / "run"))["holds"]["holds"]["value"]["on hold"]
    assert row["cells held"] == row["cells scrapped"] == len(ended)
