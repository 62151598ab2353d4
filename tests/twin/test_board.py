"""The board: what was said before is there for good, and is scored against what came."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.errors import ResultsError
from linetwin.estimation.scores import NORMAL_95, binomial_interval, brier, crps, normal_crps
from linetwin.results.audit_check import TamperedError, verify
from linetwin.twin.assimilating.rows import Outcome, Prediction
from linetwin.twin.board import board as board_module
from linetwin.twin.board import tally as tally_module
from linetwin.twin.board.board import LOG, STATE, Board, read_board
from linetwin.twin.board.tally import DAY_TICKS

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.board.tally import Score

HOUR = 3_600_000


def predicted(number: int, made: int, median: float = 1.0, **changes: object) -> Prediction:
    """Return a prediction of a lot, by default 1 with a standard deviation of 0.1."""
    fields = {
        "id": f"p{number}", "made_tick": made, "station": "coater", "lot": f"lot-{number}",
        "quantity": "loading", "unit": "kg/m2", "median": median,
        "low": median - 0.1 * NORMAL_95, "high": median + 0.1 * NORMAL_95, "open_loop": 1.5,
    }  # fmt: skip
    return Prediction(**(fields | changes))  # type: ignore[arg-type]


def came(number: int, tick: int, value: float, by: str = "gauge", off: float = 0.0) -> Outcome:
    """Return a reading of a lot."""
    return Outcome(f"p{number}", tick, tick, by, value, off, f"plant-{number}")


def of(board: Board, span: str = "all", by: str = "gauge") -> Score:
    """Return the one score of a span and an instrument."""
    (found,) = [s for s in board.scores() if (s.span, s.instrument) == (span, by)]
    return found


def test_scores_are_those_of_the_rows(tmp_path: Path) -> None:
    """Share, errors, ratio and CRPS are what numpy makes of the same rows."""
    chance = np.random.default_rng(1)
    values, board = 1 + 0.2 * chance.standard_normal(200), Board(tmp_path)
    for batch in np.split(np.arange(200), 5):
        tick = int(batch[0]) * HOUR
        board.register([predicted(n, tick) for n in batch.tolist()], tick)
        read = [came(n, tick + 1, float(values[n]), off=0.1) for n in batch.tolist()]
        board.score(read, tick + 2)
    score = of(board)
    reach = NORMAL_95 * math.hypot(0.1, 0.1)
    inside = int((np.abs(values - 1) <= reach).sum())
    assert (score.count, score.inside) == (200, inside)
    assert (score.low, score.high) == binomial_interval(inside, 200)
    assert score.error == pytest.approx(np.abs(values - 1).mean())
    assert score.open_error == pytest.approx(np.abs(values - 1.5).mean())
    assert score.ratio == pytest.approx(score.open_error / score.error)
    expected = [normal_crps(1.0, math.hypot(0.1, 0.1), float(each)) for each in values]
    assert score.crps == pytest.approx(np.mean(expected))
    assert math.isnan(score.brier)


def test_a_known_bias_of_an_instrument_is_taken_off_its_readings(tmp_path: Path) -> None:
    """A gauge that reads 0.5 too much, as foreseen, is scored as a scale that does not."""
    board = Board(tmp_path)
    rows = [predicted(n, n, biases={"gauge": 0.5}, open_loop=1.2) for n in range(50)]
    board.register(rows, 50)
    chance = np.random.default_rng(3)
    for n, off in enumerate(0.1 * chance.standard_normal(50)):
        board.score([came(n, 60, 1.5 + off), came(n, 60, 1.0 + off, by="scale")], 60)
    gauge, scale = of(board), of(board, by="scale")
    assert gauge.inside == scale.inside > 40
    assert (gauge.error, gauge.ratio) == pytest.approx((scale.error, scale.ratio))
    board.save()
    assert of(Board(tmp_path)) == gauge


def test_normal_crps_is_that_of_many_members() -> None:
    """The closed form is what a large ensemble of the same normal distribution has."""
    members = np.random.default_rng(2).normal(3.0, 0.5, 200_000)
    for truth in (2.0, 3.0, 4.5):
        assert normal_crps(3.0, 0.5, truth) == pytest.approx(crps(members, truth), abs=3e-3)
    assert normal_crps(3.0, 0.0, 2.0) == 1.0


def test_brier_of_a_tray_is_that_of_its_cells() -> None:
    """The score of a share is the mean over cells that are or are not."""
    cells = np.array([1.0] * 3 + [0.0] * 7)
    assert brier(0.4, 0.3) == pytest.approx(((0.4 - cells) ** 2).mean())


def test_an_outcome_that_was_there_first_is_no_proof(tmp_path: Path) -> None:
    """What was registered when its outcome had happened does not count, nor what is unknown."""
    board = Board(tmp_path)
    board.register([predicted(1, 10), predicted(2, 10)], 100)
    board.score([came(1, 100, 1.0), came(2, 101, 1.0), came(2, 101, 9.0), came(3, 200, 1.0)], 200)
    assert of(board).count == 1
    counts = board.tally.counts
    assert (counts["late"], counts["twice"], counts["unknown"]) == (1, 1, 1)
    with pytest.raises(ValueError, match="made after tick"):
        board.register([predicted(4, 301)], 300)


def test_two_instruments_are_two_scores(tmp_path: Path) -> None:
    """A scale beside a gauge reads the same lot: neither counts for the other."""
    board = Board(tmp_path)
    board.register([predicted(1, 0)], 0)
    board.score([came(1, 5, 1.0), came(1, 5, 5.0, by="scale")], 5)
    assert of(board).inside == 1
    assert of(board, by="scale").inside == 0


def test_the_first_word_holds(tmp_path: Path) -> None:
    """A lot that is predicted again keeps its first; a name of another lot begins anew."""
    board = Board(tmp_path)
    board.register([predicted(1, 0)], 0)
    board.register([predicted(1, 5, 7.0)], 5)
    board.score([came(1, 6, 1.0)], 6)
    assert of(board).error == 0.0
    board.register([predicted(1, 7, 2.0, lot="other")], 7)
    board.score([came(1, 8, 2.0)], 8)
    assert (of(board).count, of(board).error) == (2, 0.0)
    assert (board.tally.counts["again"], board.tally.counts["replaced"]) == (1, 1)


def test_thirty_days_and_all(tmp_path: Path) -> None:
    """The shorter span forgets what is older; since when is told for both."""
    board = Board(tmp_path)
    board.register([predicted(day, 0) for day in range(40)], 0)
    board.score([came(day, day * DAY_TICKS + 1, 1.0) for day in range(40)], 40 * DAY_TICKS)
    assert (of(board).count, of(board).since) == (40, 1)
    assert (of(board, "30 d").count, of(board, "30 d").since) == (30, 10 * DAY_TICKS + 1)


@pytest.mark.parametrize("saved", [True, False])
def test_a_board_goes_on_after_a_kill(tmp_path: Path, *, saved: bool) -> None:
    """Half a line is set aside and told; what was whole counts, with the sums saved or without."""
    board = Board(tmp_path)
    board.register([predicted(1, 0), predicted(2, 0)], 0)
    board.score([came(1, 5, 1.0)], 5)
    if saved:
        board.save()
    board.register([predicted(3, 6, open_loop=math.nan)], 6)
    with (tmp_path / LOG).open("ab") as stream:
        stream.write(b'{"about":"","after":{"ro')
    assert read_board(tmp_path).tally.open == 3
    again = Board(tmp_path)
    assert "half a line of 24 bytes" in again.notices[0]
    again.score([came(2, 7, 1.0), came(3, 7, 1.0)], 7)
    assert of(again).count == 3
    assert of(again).open_error == pytest.approx(0.5)
    assert verify(tmp_path / LOG).entries == 6
    assert read_board(tmp_path).tally.scores() == again.scores()


@pytest.mark.parametrize("number", [1, 2])
def test_a_row_that_was_changed_is_found(tmp_path: Path, number: int) -> None:
    """Before and after the saved sums; by reading the board, and by linetwin audit verify."""
    board = Board(tmp_path)
    for each in range(3):
        board.register([predicted(each, each)], each)
        if each == 0:
            board.save()
    lines = (tmp_path / LOG).read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(b'"median":1.0', b'"median":1.1')
    (tmp_path / LOG).write_bytes(b"".join(lines))
    with pytest.raises(ResultsError, match="changed"):
        Board(tmp_path)
    with pytest.raises(TamperedError):
        verify(tmp_path / LOG)


def test_another_log_beside_the_sums_is_found(tmp_path: Path) -> None:
    """Sums that were made of other rows do not count."""
    board = Board(tmp_path / "one")
    board.register([predicted(1, 0)], 0)
    board.save()
    other = Board(tmp_path / "two")
    other.register([predicted(1, 0, 3.0)], 0)
    (tmp_path / "one" / STATE).replace(tmp_path / "two" / STATE)
    with pytest.raises(ResultsError, match="not the one that was scored"):
        Board(tmp_path / "two")


def test_memory_is_bounded_and_a_long_board_opens_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predictions that nothing measures are forgotten; parts before the saved sums are not read."""
    monkeypatch.setattr(tally_module, "OPEN_KEPT", 10)
    monkeypatch.setattr(board_module, "SAVED_EVERY", 8)
    board = Board(tmp_path)
    board._log._largest_bytes = 2000  # parts, as a year has them
    for each in range(30):
        board.register([predicted(each, each)], each)
    assert (board.tally.open, board.tally.counts["forgotten"]) == (10, 20)
    parts = sorted(tmp_path.glob("board.0*.jsonl"))
    assert len(parts) > 3
    saved = json.loads((tmp_path / STATE).read_text())
    parts[0].write_bytes(b"unread")
    assert Board(tmp_path).tally.counts == board.tally.counts
    assert saved["tally"]["counts"]["predicted"] >= 24
