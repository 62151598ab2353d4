"""`linetwin bench line`: what it measures, not how fast this machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.bench import line
from linetwin.errors import LinetwinError

if TYPE_CHECKING:
    from cli_support import Clerk


def test_a_run_is_measured_in_a_process_of_its_own(library: None) -> None:
    """Wall time, memory, events and simulated days of a whole order, however small."""
    found = line.measure(10)
    assert found.cells == 10
    assert found.seconds > 0
    assert found.events > 1000
    assert 3 < found.days < 30
    assert found.memory_mb > 20


def test_the_report_gives_each_figure_with_its_limit() -> None:
    """Time and memory over their limits, growth of memory, and time per cell as ratios."""
    runs = [line.Measured(1000, 5.0, 250.0, 10, 9.0), line.Measured(4000, 16.0, 275.0, 40, 12.0)]
    lines = line.report(runs)
    assert any("0.50 of 10 s, 0.25 of 1000 MB" in text for text in lines)
    assert any("1.10 (limit 1.2)" in text and "0.80" in text for text in lines)


def test_a_run_that_fails_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be run is no measurement."""
    monkeypatch.setattr(line, "_SCRIPT", "raise SystemExit('no luck')")
    with pytest.raises(LinetwinError, match="10 cells failed:\nno luck"):
        line.measure(10)


def test_a_part_that_is_not_there_is_bad_input(clerk: Clerk) -> None:
    """The parts that there are stand in the message."""
    answer = clerk("bench", "report")
    assert answer.code == 2
    assert "'report'" in answer.err
    assert "line" in answer.err
