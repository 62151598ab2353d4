"""The web of an electrode: coated, wasted, rewound, stretched, cut; nothing gained or lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from doubles import Doubles, DoubleTransform
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import Memory, imbalance, in_memory, make_world, pilot, run_into, run_out

from linetwin.line import run
from linetwin.line.kinds.winding import wind_up, wound
from linetwin.line.lots import Lot
from linetwin.line.patches import mean_fraction, pattern
from linetwin.results import read
from linetwin.results.genealogy import Genealogy

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.contracts import Columns, Transform
    from linetwin.scenario.resolved import StationConfig

CALM = (
    "cathode.coater.pump_ripple=0 %",
    "cathode.coater.gap_drift=0 um",
    "cathode.coater.breakdown.time_between_failures=100000 h",
    "cathode.coater.web_break.time_between_failures=100000 h",
)
"""A cathode coater that runs as set and never fails."""
PATCHES = (
    "cathode.coater.patch_length=170 mm",
    "cathode.coater.gap_length=30 mm",
    "cathode.coater.leading_edge_deviation=4 %",
    "cathode.coater.trailing_edge_deviation=-4 %",
)
TANDEM = ("cathode.coater.coating_mode=tandem", "anode.coater.coating_mode=tandem")
TROUBLED = (
    "cathode.coater.web_break.time_between_failures=4 h",
    "anode.coater.web_break.time_between_failures=4 h",
    "cathode.coater.die_cleaning_interval=1 h",
    "materials.cathode.foil.lot=50 m2",
    "cathode.calender.roll_life=200 m",
    "cathode.notcher.notching_tool_life=60 m",
)


COATER = make_world(pilot(20), Memory()).units["cathode.coater"]
"""A coater of a line that is not run."""


def cuts(sink: Memory, electrode: str) -> Counter[str]:
    """Return the metres of mother rolls cut out, by reason."""
    found: Counter[str] = Counter()
    for row in sink.rows["segments"]:
        if row["roll"].startswith(electrode) and row["reason"]:
            found[row["reason"]] += row["end_m"] - row["start_m"]
    return found


def segments(sink: Memory, roll: str) -> dict[str, np.ndarray]:
    """Return a roll's segments as columns."""
    rows = [row for row in sink.rows["segments"] if row["roll"] == roll]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("changes", [PATCHES, TANDEM, (*TANDEM, *PATCHES), TROUBLED[:3]], ids=str)
def test_material_balances_however_the_web_is_coated(changes: tuple[str, ...]) -> None:
    """Patches, tandem, tears and die cleanings neither lose nor create a gram."""
    world, _ = in_memory(pilot(40, *changes))
    assert world.ended == "order"
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_the_balance_holds_with_wet_web_in_the_dryer() -> None:
    """Stopped while blocks are wet, in tears and cleanings, all is accounted for."""
    scenario, wet = pilot(30, *TANDEM, *PATCHES, *TROUBLED[:3]), 0
    world = make_world(scenario, Memory())
    world.begin()
    while world.step():
        job = world.units["cathode.coater"].state.job
        if world.events % 12 or not job.get("wet"):
            continue
        wet += 1
        stopped = make_world(scenario, Memory())
        run.load(stopped, run.save(world, {}))
        run.close(stopped)
        assert max(map(abs, imbalance(stopped).values())) < 1e-9, world.events
    assert wet > 3


@given(
    at=st.floats(0.0, 23.0),
    seconds=st.floats(1.0, 1e5),
    side=st.sampled_from("ab"),
    begins=st.sampled_from([0.0, 3.0]),
)
@settings(max_examples=40, deadline=None)
def test_a_stop_dries_what_lies_in_the_dryer_whichever_block_it_is_of(
    at: float, seconds: float, side: str, begins: float
) -> None:
    """The 3 m behind the die stay longer by the stop, each segment in one zone; no other does."""
    coater = COATER
    lot = Lot("roll", "mother_roll", "", 0, 20.0, "m", "")
    lot.columns = {"start_m": np.arange(20.0), "end_m": np.arange(1.0, 21.0)}
    coater.state.job.update(side=side, stops=[[at, seconds]])
    path = coater.dryer._path(lot, np.arange(20), 0.05, begins)
    middle = np.arange(20) + 0.5 if side == "a" else 19.5 - np.arange(20)
    behind = at - middle - begins
    extra = np.sum(path.durations, axis=0) - 3.0 / 0.05
    clear = (np.abs(behind) > 1e-6) & (np.abs(behind - 3) > 1e-6)
    expected = np.where((behind >= 0) & (behind < 3), seconds, 0.0)
    assert extra[clear] == pytest.approx(expected[clear], abs=1e-6)


def test_each_pass_of_a_calm_coater_wastes_one_start_up() -> None:
    """Side A is scrapped at one end of the roll, side B, coated backwards, at the other."""
    _, sink = in_memory(pilot(20, *CALM, "cathode.coater.startup_length=7 m"))
    roll = segments(sink, "cathode.roll-0001")
    bad = roll["start_m"][roll["reason"] == "start-up of the coater"]
    assert bad.tolist() == [*range(7), *range(173, 180)]


def test_tandem_wastes_one_start_up_for_both_sides() -> None:
    """Both sides in one run: half the start-ups, the same metres on both sides."""
    _, sink = in_memory(pilot(20, *CALM, *TANDEM, "cathode.coater.startup_length=7 m"))
    roll = segments(sink, "cathode.roll-0001")
    bad = roll["start_m"][roll["reason"] == "start-up of the coater"]
    assert bad.tolist() == [*range(7)]
    assert np.isfinite(roll["loading_b"]).all()


def test_a_torn_web_is_discarded_and_started_anew() -> None:
    """A tear costs `web_break_length` and then a start-up; its repair is the rethreading."""
    changes = (
        *CALM[:3],
        "cathode.coater.web_break.time_between_failures=2 h",
        "cathode.coater.web_break_length=4 m",
    )
    _, sink = in_memory(pilot(20, *changes))
    found = cuts(sink, "cathode")
    tears = sum(
        row["event"] == "failure" and row["cause"] == "web_break" for row in sink.rows["events"]
    )
    assert tears > 0
    assert 0 < found["web break"] <= 5 * tears


def test_a_foil_lot_ends_in_a_splice() -> None:
    """Foil of two lots in one roll: the links name the metres of each, a splice lies between."""
    world = make_world(pilot(20, *CALM, "cathode.coater.splice_length=5 m"), sink := Memory())
    world.supplies["cathode.foil"].draw(486.0)  # 14 m2 are left: 51.1 m of 274 mm
    world.begin()
    run_out(world)
    links = [
        row
        for row in sink.rows["links"]
        if row["child"] == "cathode.roll-0001" and row["role"] == "foil"
    ]
    assert [row["parent"] for row in links] == ["cathode.foil-0001", "cathode.foil-0002"]
    joint = 14 / 0.274
    assert links[0]["child_end_m"] == pytest.approx(joint)
    assert links[1]["child_start_m"] == pytest.approx(joint)
    roll = segments(sink, "cathode.roll-0001")
    hit = (roll["start_m"] < joint + 5) & (roll["end_m"] > joint)
    assert (roll["reason"][hit] == "splice").all()
    assert not (roll["reason"][~hit] == "splice").any()


@given(
    patch=st.floats(0.05, 2.0),
    gap=st.floats(0.01, 0.5),
    edges=st.lists(st.floats(0.01, 3.0), min_size=1, max_size=40),
    zone=st.floats(0.0, 0.02),
)
@settings(max_examples=60, deadline=None)
def test_patches_are_exact_over_any_segments(
    patch: float, gap: float, edges: list[float], zone: float
) -> None:
    """Coated metres and content of segments sum to those of the patches, counted one by one."""
    given_values = {
        "patch_length": patch,
        "gap_length": gap,
        "edge_zone_length": zone,
        "leading_edge_deviation": 0.1,
        "trailing_edge_deviation": -0.3,
    }
    ends = np.cumsum(edges)
    starts = ends - np.array(edges)
    found = pattern(given_values.__getitem__, starts, ends)
    total, count = float(ends[-1]), int(ends[-1] / (patch + gap)) + 1
    coated = content = 0.0
    for number in range(count):
        at = number * (patch + gap)
        inside = max(0.0, min(total, at + patch) - at)
        lead = max(0.0, min(total, at + zone) - at)
        trail = max(0.0, min(total, at + patch) - (at + patch - zone)) if zone else 0.0
        coated += inside
        content += inside + 0.1 * lead - 0.3 * trail
    lengths = ends - starts
    assert (found.coated_fraction * lengths).sum() == pytest.approx(coated, abs=1e-7)
    mass = found.coated_fraction * lengths * found.loading_factor
    assert mass.sum() == pytest.approx(content, abs=1e-7)
    assert mean_fraction(given_values.__getitem__) == pytest.approx(patch / (patch + gap))


@given(
    lengths=st.lists(st.floats(0.1, 5.0), min_size=1, max_size=12),
    times=st.integers(1, 5),
    direction=st.sampled_from([1.0, -1.0]),
)
@settings(max_examples=60, deadline=None)
def test_rewinding_reverses_the_order_and_nothing_else(
    lengths: list[float], times: int, direction: float
) -> None:
    """Wound from roll to roll, the outer end is the one last wound; twice is as before."""
    ends = np.cumsum(lengths)
    lot = Lot("roll", "daughter_roll", "", 0, float(ends[-1]), "m", "")
    lot.columns = {"start_m": ends - lengths, "end_m": ends, "loading": np.arange(len(ends)) * 1.0}
    lot.properties["winding_direction"] = direction
    first = lot.columns["loading"] if direction > 0 else lot.columns["loading"][::-1]
    for _ in range(times):
        rows, _ = wound(lot, np.arange(lot.items))
        child = Lot("roll", "daughter_roll", "", 0, 0.0, "m", "")
        wind_up(lot, child, rows)
        child.columns["loading"] = lot.columns["loading"][rows]
        assert child.amount == pytest.approx(lot.amount)
        lot = child
    expected = first if times % 2 == 0 else first[::-1]
    assert lot.columns["loading"].tolist() == expected.tolist()


def test_every_cell_resolves_to_its_own_metres_of_the_mother_roll(tmp_path: Path) -> None:
    """Through notching, slitting, stretch and cut-outs: no metre is in two cells of a lane.

    The loading that a cell has is that of the segments that its links lead to, across its lane of
    118 of 250 mm, less the stretch.
    """
    run_into(pilot(40, "cathode.coater.loading_tolerance=1.2 %"), tmp_path / "run")
    result = read(tmp_path / "run")
    names = result.table("cells", ["cell"])["cell"].tolist()
    webs = Genealogy(result)._links.stretches(names)
    mothers = webs[webs["lot"].str.fullmatch(r"cathode\.roll-\d+")]
    daughters = webs[webs["lot"].str.fullmatch(r"cathode\.roll-\d+\.\d+")]
    lanes = dict(zip(daughters["item"], daughters["lot"], strict=True))
    stretch = 0.003
    per_cell = (mothers["end_m"] - mothers["start_m"]).groupby(mothers["item"]).sum()
    assert per_cell.to_numpy() == pytest.approx(8 * 0.0873 / (1 + stretch))
    for _, pieces in mothers.groupby([mothers["lot"], mothers["item"].map(lanes)]):
        ordered = pieces.sort_values("start_m")
        gaps = ordered["start_m"].to_numpy()[1:] - ordered["end_m"].to_numpy()[:-1]
        assert (gaps > -1e-6).all()
    along = result.table("segments")
    for cell, loading in result.table("cells", ["cell", "cathode_loading"]).itertuples(index=False):
        total = 0.0
        x = np.linspace(*{"1": (-0.944, 0.0), "2": (0.0, 0.944)}[lanes[cell][-1]], 2001)
        for piece in mothers[mothers["item"] == cell].itertuples():
            roll = along[(along["roll"] == piece.lot) & (along["status"] == "good")]
            inside = np.clip(
                np.minimum(roll["end_m"], piece.end_m) - np.maximum(roll["start_m"], piece.start_m),
                0,
                None,
            )
            for side in "ab":
                tilt, rise = roll[f"lip_tilt_{side}"].iloc[0], roll[f"edge_rise_{side}"].iloc[0]
                here = 1 + tilt * x.mean() + rise * (1.5 * (x**2).mean() - 0.5)
                total += float((inside * roll[f"loading_{side}"] * here / 2).sum())
        assert loading == pytest.approx(total / (8 * 0.0873), rel=1e-6)


def test_a_troubled_web_can_be_saved_and_restored() -> None:
    """Wet blocks, tears, die cleaning, worn rolls: thawed at any of these it goes on alike."""
    scenario = pilot(30, *TANDEM, *PATCHES, *TROUBLED[:3], *TROUBLED[4:])
    world = make_world(scenario, sink := Memory())
    world.begin()
    blobs: list[tuple[int, bytes]] = []
    while world.step():
        if world.events % 700 == 0:
            blobs.append((world.events, run.save(world, {})))
    run.close(world)
    for _, blob in blobs:
        again = make_world(scenario, rest := Memory())
        run.load(again, blob)
        assert run.save(again, {}) == blob
        run_out(again)
        assert (again.events, again.now) == (world.events, world.now)
        for table in ("events", "links", "cells", "operations"):
            late = sink.rows[table][-len(rest.rows[table]) :] if rest.rows[table] else []
            assert repr(late) == repr(rest.rows[table])


class Pressed(DoubleTransform):
    """Notes the line loads it is given."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.loads: list[float] = []

    def _calendering(self, _columns: Columns, seen: Columns, _index: int) -> None:
        self.loads.append(float(seen["line_load"][0]))


class PressedModels(Doubles):
    """Doubles of which the cathode's calender tells what it pressed with."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed = Pressed("calendering")

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model."""
        if config.path == "cathode.calender":
            return self.pressed
        return super().transform(config, kind)


def test_worn_rolls_press_less_until_they_are_ground() -> None:
    """The load falls by `roll_wear_loss` over the life of the rolls; ground ones restore it."""
    changes = (
        *CALM,
        "cathode.coater.roll_length=40 m",
        "cathode.calender.roll_life=70 m",
        "cathode.calender.roll_wear_loss=10 %",
    )
    models = PressedModels()
    _, sink = in_memory(pilot(120, *changes), models=models)
    shares = np.array(models.pressed.loads) / 600e3
    expected = [1 - 0.1 * 40 * (number % 2) / 70 for number in range(len(shares))]
    assert len(shares) > 2
    assert shares == pytest.approx(expected)
    tools = [row["tool"] for row in sink.rows["operations"] if row["station"] == "cathode.calender"]
    assert tools[:3] == ["rolls-001", "rolls-001", "rolls-002"]
