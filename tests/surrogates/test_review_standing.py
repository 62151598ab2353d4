"""What becomes of cells: no order of steps brings back what was scrapped, or draws it twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.results.audit_check import verify
from linetwin.results.genealogy import Descendant
from linetwin.surrogates.review.decisions import Asked, Foretold
from linetwin.surrogates.review.holds import DISPOSITIONS, Traced
from linetwin.surrogates.review.log import LOG, recorded
from linetwin.surrogates.review.quarantine import Pool, Rule
from linetwin.surrogates.review.standing import standing
from linetwin.surrogates.review.steps import decide, draw, hold, settle

CELLS = tuple(f"cell-{number}" for number in range(6))
LOTS = {"slurry-1": CELLS[:4], "slurry-2": CELLS[2:], "tray-1": CELLS[1:3], "cell-5": CELLS[5:]}
SAID = Foretold("is_scrap", 0.9, 0.8, 1.0, "inside", "scrap", "0" * 64)

DECIDE = st.tuples(
    st.just("decide"), st.sampled_from(CELLS), st.sampled_from(["", "A", "B", "scrap"])
)
DRAW = st.tuples(st.just("draw"), st.sets(st.sampled_from(CELLS), min_size=1), st.integers(0, 9))
HOLD = st.tuples(st.just("hold"), st.sampled_from([*LOTS]), st.none())
SETTLE = st.tuples(
    st.just("settle"),
    st.sampled_from([*LOTS]),
    st.tuples(st.sampled_from(DISPOSITIONS), st.sets(st.sampled_from(CELLS), max_size=2)),
)


def _traced(lot: str, where: str = "store") -> Traced:
    return Traced(lot, tuple(Descendant(cell, "cell", "made_from", "", 1.0, "", "", where)
                             for cell in LOTS[lot]))  # fmt: skip


@dataclass
class Shop:
    """A run's folder, and what really happened to its cells: booked here apart from the log."""

    folder: Path
    gone: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    holds: list[tuple[str, set[str]]] = field(default_factory=list)
    grades: dict[str, str] = field(default_factory=dict)

    @property
    def waiting(self) -> set[str]:
        """The cells of which some hold still waits for a decision."""
        return {cell for _, left in self.holds for cell in left} - self.gone

    def decide(self, cell: str, grade: str) -> None:
        """Decide of a cell."""
        decide(self.folder, {cell: Asked(grade, "seen")}, {cell: [SAID]}, "ann", "1" * 64)
        assert grade not in {"A", "B"} or cell not in self.gone
        self.grades[cell] = grade

    def draw(self, stopped: set[str], seed: int) -> None:
        """Draw one of the cells that are stopped."""
        names = tuple(sorted(stopped))
        pool = Pool(names, dict.fromkeys(names, 0.5), {}, "1" * 64, "2" * 64)
        found = draw(self.folder, pool, Rule(0.0, cells=1), seed, ("ann", "audit"))
        about = {*found.cells, *found.scrapped}
        assert about
        assert not about & (self.gone | self.drawn)
        assert not any(self.grades.get(cell) in {"A", "B"} for cell in about)
        assert not about & (self.kept | self.waiting)
        self.drawn |= about
        self.gone |= {*found.scrapped}

    def hold(self, lot: str, _: None) -> None:
        """Hold a lot."""
        held = hold(self.folder, _traced(lot), "rough", "ann")
        assert {*held.open_cells} == {*LOTS[lot]} - self.gone
        assert held.open_cells
        self.holds.append((lot, {*LOTS[lot]} - self.gone))

    def settle(self, lot: str, what: tuple[str, set[str]]) -> None:
        """Decide about a lot, or some of its cells."""
        held = settle(self.folder, lot, what[0], "fine", "ben", what[1])
        chosen = {*held.settled[-1].cells}
        assert not chosen & self.gone
        newest = next(left for own, left in reversed(self.holds) if own == lot)
        newest -= chosen
        if what[0] == "scrap":
            self.gone |= chosen
            self.kept -= chosen
        else:
            assert not any(self.grades.get(cell) == "scrap" for cell in chosen)
            self.kept |= chosen

    def check(self) -> None:
        """Compare what the log tells with what happened."""
        now = standing(recorded(self.folder))
        assert {*now.scrapped} == self.gone
        assert {*now.chances} == self.drawn
        assert {cell: each.grade for cell, each in now.decided.items()} == self.grades
        assert {*now.kept} == self.kept
        assert {*now.waiting} == self.waiting
        assert [(held.lot, {*held.open_cells}) for held in now.holds] == [
            (lot, left - self.gone) for lot, left in self.holds
        ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(DECIDE, DRAW, HOLD, SETTLE), max_size=14))
def test_what_was_scrapped_stays_so(steps: list[tuple[str, object, object]]) -> None:
    """Whatever people do in whatever order; a step that is refused leaves the log as it was."""
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        for step, about, how in steps:
            before = recorded(shop.folder)
            try:
                getattr(shop, step)(about, how)
            except ScenarioError:
                assert recorded(shop.folder) == before
            shop.check()
        if recorded(shop.folder):
            verify(shop.folder / LOG)


def test_what_was_scrapped_with_a_lot_is_not_drawn(tmp_path: Path) -> None:
    """It cannot finish; what a person only judged to be scrap can."""
    shop = Shop(tmp_path)
    shop.hold("tray-1", None)
    shop.settle("tray-1", ("scrap", set()))
    with pytest.raises(ScenarioError, match="2 were drawn or decided about before"):
        shop.draw({*LOTS["tray-1"]}, 1)
    shop.decide("cell-0", "scrap")
    shop.draw({"cell-0", *LOTS["tray-1"]}, 1)
    assert shop.drawn == {"cell-0"}


def test_a_lot_that_is_held_again_is_without_what_it_lost(tmp_path: Path) -> None:
    """Cells that its first hold scrapped are not decided on by its second."""
    shop = Shop(tmp_path)
    shop.hold("slurry-1", None)
    shop.settle("slurry-1", ("scrap", {"cell-0"}))
    shop.settle("slurry-1", ("release", set()))
    shop.hold("slurry-1", None)
    first, second = standing(recorded(tmp_path)).holds
    assert [each.what for each in first.settled] == ["scrap", "release"]
    assert (second.settled, second.ended) == ((), ("cell-0",))
    shop.settle("slurry-1", ("scrap", set()))
    with pytest.raises(ScenarioError, match="all that is left of 'tray-1' was scrapped"):
        shop.hold("tray-1", None)


def test_what_became_of_a_cell_is_told(tmp_path: Path) -> None:
    """Kept, on hold and scrapped with a lot are said; of a draw the outcome tells it."""
    shop = Shop(tmp_path)
    shop.hold("tray-1", None)
    shop.settle("tray-1", ("release", {"cell-1"}))
    shop.settle("tray-1", ("scrap", {"cell-2"}))
    shop.hold("slurry-2", None)
    shop.draw({"cell-0", "cell-1", "cell-2"}, 1)
    told = standing(recorded(tmp_path))
    assert told.contained["cell-1"] == "release with tray-1"
    assert told.contained["cell-2"] == "scrapped with tray-1"
    assert told.contained["cell-3"] == "on hold with slurry-2"
    assert "cell-0" not in told.contained
    assert {*told.chances} == {"cell-0"}


def test_what_was_released_is_not_recalled(tmp_path: Path) -> None:
    """Of cells that have left, those that a disposition lets be need not come back."""
    found = _traced("slurry-1", "shipped")
    assert hold(tmp_path, found, "rough", "ann").to_recall == LOTS["slurry-1"]
    held = settle(tmp_path, "slurry-1", "use as is", "fine", "ben", ["cell-0", "cell-1"])
    assert held.to_recall == ("cell-2", "cell-3")
    held = settle(tmp_path, "slurry-1", "rework", "again", "ben", ["cell-2"])
    assert held.to_recall == ("cell-2", "cell-3")


def test_a_recall_knows_all_holds_and_later_decisions(tmp_path: Path) -> None:
    """What another lot holds or scrapped, or a person found to be scrap since, has to come back."""
    for lot in ("tray-1", "slurry-1"):
        hold(tmp_path, _traced(lot, "shipped"), "rough", "ann")
    released = settle(tmp_path, "slurry-1", "release", "fine", "ben")
    assert released.to_recall == LOTS["tray-1"]  # still on hold with the tray
    settle(tmp_path, "tray-1", "scrap", "short", "ben", ["cell-1"])
    settle(tmp_path, "tray-1", "release", "fine", "ben")
    now = standing(recorded(tmp_path))
    assert [each.to_recall for each in now.holds] == [("cell-1",), ("cell-1",)]
    assert now.held("slurry-1") is not None
    decide(tmp_path, {"cell-3": Asked("scrap", "seen")}, {"cell-3": [SAID]}, "cy", "1" * 64)
    held = standing(recorded(tmp_path)).held("slurry-1")
    assert held is not None
    assert held.to_recall == ("cell-1", "cell-3")
    assert not held.ended  # it has decided about all of its cells
