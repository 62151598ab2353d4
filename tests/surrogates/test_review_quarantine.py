"""Cells that are drawn into quarantine: log, probabilities, and what they tell of all cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from linetwin.errors import ResultsError, ScenarioError
from linetwin.results.audit import AuditLog
from linetwin.results.audit_check import verify
from linetwin.results.genealogy import Descendant
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.data.runs import INCLUSION_WEIGHT
from linetwin.surrogates.gauges import Estimate
from linetwin.surrogates.review.decisions import Asked, Foretold
from linetwin.surrogates.review.holds import Traced, _stopped
from linetwin.surrogates.review.log import LOG, recorded
from linetwin.surrogates.review.page_quarantine import quarantine_section
from linetwin.surrogates.review.policy import read_policy
from linetwin.surrogates.review.quarantine import DRAWN, Drawn, Pool, Rule
from linetwin.surrogates.review.quarantining import Audited, audits
from linetwin.surrogates.review.standing import standing
from linetwin.surrogates.review.statistics.selection import WeightedShare
from linetwin.surrogates.review.steps import decide, draw, hold, settle

WHO = ("ann", "week 47")
SAID = Foretold("is_scrap", 0.9, 0.8, 1.0, "inside", "scrap", "0" * 64)


def _pool(count: int, first: int = 0, risk: float = 0.5) -> Pool:
    names = tuple(f"cell-{number:04}" for number in range(first, first + count))
    return Pool(names, dict.fromkeys(names, risk), {"is_scrap": "0" * 64}, "1" * 64, "2" * 64)


def test_a_draw_stands_in_the_log(tmp_path: Path) -> None:
    """Each cell drawn with its probability, the others as scrapped, seed and models; chained."""
    found = draw(tmp_path, _pool(200), Rule(0.1), 7, WHO)
    entry = recorded(tmp_path)[-1]
    assert (entry.what, entry.who, entry.after["seed"]) == (DRAWN, "ann", 7)
    assert entry.before["models"] == {"is_scrap": "0" * 64}
    assert len(found.cells) == 20
    assert {*found.cells.values()} == {0.1}
    assert len(found.scrapped) == 180
    assert not {*found.cells} & {*found.scrapped}
    now = standing(recorded(tmp_path))
    chances = now.chances
    assert now.draws == [found]
    assert sorted(chances.values()) == [0.0] * 180 + [0.1] * 20
    assert verify(tmp_path / LOG).entries == 2


def _made(names: tuple[str, ...], where: str = "store") -> tuple[Descendant, ...]:
    return tuple(Descendant(name, "cell", "made_from", "", 1.0, "", "", where) for name in names)


def test_what_is_on_hold_is_not_drawn(tmp_path: Path) -> None:
    """A hold is people's to end: neither before it nor after a release a draw scraps its cells."""
    pool = _pool(10)
    hold(tmp_path, Traced("tray-1", _made(pool.stopped[:4])), "rough", "ann")
    drawn = draw(tmp_path, pool, Rule(0.0, cells=3), 7, WHO)
    assert drawn.held == 4
    assert {*drawn.cells, *drawn.scrapped} == {*pool.stopped[4:]}
    settle(tmp_path, "tray-1", "release", "fine", "ben")
    with pytest.raises(ScenarioError, match="were drawn or decided about before, or are on hold"):
        draw(tmp_path, pool, Rule(0.0, cells=1), 8, WHO)


def test_what_has_left_is_recalled_after_a_draw(tmp_path: Path) -> None:
    """A cell that was shipped, and that a draw scraps, is in the recall of the hold after it."""
    pool = _pool(6)
    left = frozenset(pool.stopped[:4])
    drawn = draw(tmp_path, replace(pool, shipped=left), Rule(0.0, cells=1), 7, WHO)
    assert {*drawn.shipped} == left - {*drawn.cells}
    now = standing(recorded(tmp_path))
    made = [_stopped(each, now.unseen) for each in _made(pool.stopped, "shipped")]
    held = hold(tmp_path, Traced("tray-1", tuple(made)), "rough", "ann")
    assert {*held.to_recall} == {*pool.stopped}
    assert {*held.open_cells} == {*drawn.cells}
    held = settle(tmp_path, "tray-1", "use as is", "fine", "ben")
    assert {*held.to_recall} == {*drawn.scrapped}


def test_a_cell_is_drawn_for_once(tmp_path: Path) -> None:
    """A later draw is among cells stopped since; those that a person let through take no part."""
    draw(tmp_path, _pool(50), Rule(0.1), 1, WHO)
    with pytest.raises(ScenarioError, match="50 were drawn or decided about before"):
        draw(tmp_path, _pool(50), Rule(0.1), 2, WHO)
    decide(tmp_path, {"cell-0050": Asked("A", "measured again")}, {"cell-0050": [SAID]}, "ben", "")
    decide(tmp_path, {"cell-0051": Asked("scrap", "dented")}, {"cell-0051": [SAID]}, "ben", "")
    later = draw(tmp_path, _pool(60), Rule(0.0, cells=3), 1, WHO)
    assert (len(later.cells), len(later.scrapped)) == (3, 6)
    assert {*later.cells.values()} == {3 / 9}
    assert "cell-0050" not in standing(recorded(tmp_path)).chances


def test_how_many_are_drawn(tmp_path: Path) -> None:
    """By a wanted half width of 10 % at a share of a half 69 of 200 (104 of endless cells)."""
    assert len(draw(tmp_path, _pool(200), Rule(0.02, 0.1), 1, WHO).cells) == 69
    with pytest.raises(ScenarioError):
        draw(tmp_path, _pool(9, 300), Rule(0.02), 1, ("ann", " "))
    assert len(recorded(tmp_path)) == 2


def test_an_entry_that_is_no_draw(tmp_path: Path) -> None:
    """Another thing under that name, or a probability that is none, is told without a traceback."""
    log = AuditLog(tmp_path / LOG)
    log.append("eve", DRAWN, about="x", before={"expected": 0.5},
               after={"cells": {"a": 0.0}, "scrapped": [], "seed": 1, "reason": "x"})  # fmt: skip
    with pytest.raises(ResultsError, match="entry 2 is no draw"):
        standing(recorded(tmp_path))


@pytest.mark.parametrize("exaggerates", [1.0, 1.8])
def test_expected_against_found(exaggerates: float) -> None:
    """Of 60 runs 90 % or more of the intervals hold the true share of faults of all cells.

    Risks that are what they say fit what was drawn; risks 1.8 times too high do not.
    """
    draws_of, held, fits, naive = np.random.default_rng(3), [], [], []
    for run in range(60):
        truth = draws_of.beta(0.5, 4.0, 1500)
        bad = (draws_of.random(1500) < truth).astype(float)
        risk = np.clip(truth * exaggerates, 0, 1)
        names = np.array([f"cell-{number:05}" for number in range(1500)])
        stopped = np.flatnonzero(risk > 0.3 * exaggerates)
        sample = Rule(0.4).sample(names[stopped].tolist(), run, 0.5)
        chances = dict.fromkeys(names[stopped].tolist(), 0.0)
        chances |= dict.fromkeys(names[stopped[sample.chosen]].tolist(), sample.inclusion)
        own = np.array([chances.get(name, 1.0) for name in names.tolist()])
        with np.errstate(divide="ignore"):
            weights = np.where(own > 0, 1 / own, np.nan)
        columns = {"is_scrap": ColumnSpec("is_scrap", "target", "1"),
                   INCLUSION_WEIGHT: ColumnSpec(INCLUSION_WEIGHT, "weight", "1")}  # fmt: skip
        frame = pd.DataFrame(
            {"is_scrap": np.where(own > 0, bad, np.nan), INCLUSION_WEIGHT: weights}, index=names
        )
        data = Dataset("made", "Made", frame, columns, "made", "CC0-1.0", "0" * 64, Path("made"))
        told = SimpleNamespace(target="is_scrap", limited=None, is_yes_or_no=True, risk=risk, bad=1)
        of_stopped, of_all = audits([told], data, chances)
        assert of_stopped.found is not None
        assert of_all.found is not None
        assert (of_stopped.cells, of_stopped.found.cells) == (stopped.size, sample.chosen.sum())
        share = of_all.found.share
        held.append(share.low <= bad.mean() <= share.high)
        fits.append(of_stopped.fits)
        naive.append(of_all.found.naive < bad.mean())
    assert np.mean(held) >= 0.9
    assert all(naive)
    assert np.mean(fits) >= 0.9 if exaggerates == 1 else np.mean(fits) < 0.1


def test_the_policy_of_the_audit(tmp_path: Path) -> None:
    """Half width and second person are read; a share over 100 % and a width of 0 are refused."""
    text = ("schema: 1\npolicy: own\naudit_share: {share}\naudit_half_width: {width}\n"
            "second_person: false\ncharacteristics:\n"
            "  is_grade_a: {{severity: function, bad: 0, cost_of_escape: 8 EUR, "
            'cost_of_false_alarm: 3 EUR, tag: A, source: "x"}}\n')  # fmt: skip
    file = tmp_path / "quality.yaml"
    file.write_text(text.format(share="3 %", width="10 %"), encoding="utf-8")
    own = read_policy(file)
    assert (own.audit_share, own.audit_half_width, own.second_person) == (0.03, 0.1, False)
    for share, width in (("120 %", "10 %"), ("3 %", "0 %")):
        file.write_text(text.format(share=share, width=width), encoding="utf-8")
        with pytest.raises(ScenarioError, match="is no such share"):
            read_policy(file)
    shipped = read_policy()
    assert (shipped.audit_half_width, shipped.second_person) == (0.1, True)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.006, 0.57, "too few to tell"),
        (0.3, 0.95, "too few to tell"),
        (0.24, 0.57, "as expected"),
        (0.1, 0.38, "fewer faults"),
        (0.5, 0.9, "more faults"),
    ],
)
def test_too_few_to_tell(low: float, high: float, said: str) -> None:
    """Of 40 % expected "as expected" is said of an interval that holds neither 20 nor 80 %."""
    share = WeightedShare(Estimate((low + high) / 2, low, high), 0.2, 10, 13, 13)
    audited = Audited("is_scrap", "stopped", 638, 0.4, share)
    told = SimpleNamespace(target="is_scrap", limited=None, is_yes_or_no=True, bad=1)
    drawn = Drawn({"a": 0.5}, ("b",), 1, 0.4, "x", "ann", "2026-11-22T09:00", 2)
    found = SimpleNamespace(told=(told,), drawn=(drawn,), audits=(audited,))
    assert said in quarantine_section(found).html
    assert audited.tells == (said != "too few to tell")
    assert Audited("is_scrap", "stopped", 1, 0.4, None).tells is None


def test_no_more_are_drawn_than_are_stopped(tmp_path: Path) -> None:
    """A number above that of the stopped cells is refused with theirs, and nothing is written."""
    with pytest.raises(ScenarioError, match="12 cells cannot be drawn of 9 that are stopped"):
        draw(tmp_path, _pool(9), Rule(0.0, cells=12), 1, WHO)
    assert not recorded(tmp_path)
    assert len(draw(tmp_path, _pool(9), Rule(0.0, cells=9), 1, WHO).cells) == 9
