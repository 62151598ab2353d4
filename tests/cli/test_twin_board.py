"""`linetwin live board` and `live alerts` beside a twin that runs in another process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from linetwin.scenario.twin import AlertConfig
from linetwin.twin.assimilating.rows import Outcome, Prediction
from linetwin.twin.board.board import LOG, Board
from linetwin.twin.board.desk import Desk
from linetwin.twin.board.signs import Sign

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk


def test_board_is_printed_with_its_units(clerk: Clerk, tmp_path: Path) -> None:
    """The table has shares with their intervals and errors in the unit that people use."""
    board = Board(tmp_path)
    at = ("cathode.calender", "roll-1", "porosity", "1")
    board.register([Prediction("p1", 0, *at, 0.30, 0.29, 0.31, 0.33)], 0)
    board.score([Outcome("p1", 5, 5, "gauge", 0.305, 0.001, "R1")], 5)
    answer = clerk("live", "board", tmp_path)
    assert answer.code == 0, answer.err
    for text in ("cathode.calender.porosity", "100.0%", "2.5% to 100.0%", "0.5 %", "5.00"):
        assert text in answer.out
    told = json.loads(clerk("live", "board", tmp_path, "--json").out)
    assert told["scores"][0]["error"] == pytest.approx(0.005)
    assert told["scores"][0]["brier"] is None
    assert told["head"] in clerk("audit", "verify", tmp_path / LOG).out


def test_alerts_are_acknowledged_and_shelved_by_name(clerk: Clerk, tmp_path: Path) -> None:
    """Requests reach the twin; what is missing is asked for with exit code 2."""
    desk = Desk(tmp_path, AlertConfig())
    signs = [Sign("pump", "drift", "pump is off", "look at it", 0), Sign("l", "stale", "s", "a", 0)]
    desk.look(signs, 0)
    assert "pump is off" in clerk("live", "alerts", tmp_path).out
    ways = (
        (("--acknowledge", "a0002"), "who does it?"),
        (("--shelve", "a0002", "--by", "anna", "--for", "2h"), "why is it shelved?"),
        (("--shelve", "a0002", "--by", "anna", "--for", "9h", "--reason", "x"), "at most 28800 s"),
        (("--acknowledge", "a9", "--by", "anna"), "no alert 'a9'"),
    )
    for arguments, message in ways:
        answer = clerk("live", "alerts", tmp_path, *arguments)
        assert (answer.code, message in answer.err) == (2, True), answer.err
    shelf = ("--shelve", "a0002", "--for", "2h", "--by", "anna", "--reason", "in repair")
    assert clerk("live", "alerts", tmp_path, *shelf).code == 0
    assert clerk("live", "alerts", tmp_path, "--acknowledge", "a0001", "--by", "ben").code == 0
    desk.look(signs, 0)
    told = json.loads(clerk("live", "alerts", tmp_path, "--json").out)
    assert [(each["id"], each["acknowledged_by"]) for each in told["shown"]] == [("a0001", "ben")]
    assert [(each["id"], each["reason"]) for each in told["shelved"]] == [("a0002", "in repair")]


@pytest.mark.parametrize("command", ["board", "alerts"])
def test_a_folder_without_a_twin_is_refused(clerk: Clerk, tmp_path: Path, command: str) -> None:
    """The message names the file that is missing."""
    answer = clerk("live", command, tmp_path)
    assert answer.code == 2
    assert "is not there" in answer.err
