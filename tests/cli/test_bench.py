"""`linetwin bench line`: what it measures, not how fast this machine is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_support import CELLS

from linetwin.bench import line, rows, week
from linetwin.cli import benching
from linetwin.errors import LinetwinError

if TYPE_CHECKING:
    from cli_support import Clerk, Order


def test_the_whole_command_is_measured_in_a_process_of_its_own(library: None) -> None:
    """Wall and CPU time with their parts, memory, events and days of an order, however small."""
    found = line.measure(10)
    assert found.cells == 10
    assert found.cpu_s > 0
    assert found.wall_s > 0
    assert found.events > 1000
    assert 3 < found.days < 30
    assert found.memory_mb > 20
    parts = ["start", "scenario", "loading models", "line", "recording", "models", "tables"]
    assert list(found.parts_s) == [*parts, "key figures", "report"]
    assert all(seconds > 0 for seconds in found.parts_s.values())
    assert sum(found.parts_s.values()) == pytest.approx(found.cpu_s, rel=0.01)


def measured(cells: int, cpu_s: float, memory_mb: float) -> line.Measured:
    """Return figures as a run may have given them."""
    return line.Measured(cells, cpu_s + 1.0, cpu_s, memory_mb, {"models": cpu_s / 2}, 10, 9.0)


def test_each_figure_is_held_against_its_limit() -> None:
    """Time and memory of the smallest run; growth of memory and of time per cell as ratios."""
    runs = [measured(1000, 5.0, 200.0), measured(4000, 14.0, 210.0), measured(16000, 53.6, 220.0)]
    found = list(line.verdicts(runs).values())
    assert [value for value, _ in found] == pytest.approx([1.5, 200.0, 1.1, 53.6 / 80.0, 1.1])
    assert [limit for _, limit in found] == [1.0, 1000.0, 1.2, 1.1, 1.1]
    assert len(line.verdicts(runs[:1])) == 2
    text = line.describe(runs[0])
    assert "6.0 s of wall time, 5.0 s of CPU, 200 MB" in text
    assert "5.00 ms a cell, 50% in models" in text


def test_the_bench_prints_runs_and_verdicts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine, a run of each size, and whether the limits are met; the same as JSON."""
    monkeypatch.setattr(line, "measure", lambda cells: measured(cells, cells / 80, 200.0))
    benching.bench("line", as_json=False)
    printed = capsys.readouterr().out
    assert printed.startswith("machine: ")
    assert all(f"{cells} cells:" in printed for cells in line.CELLS)
    assert "wall time for 1000 cells over 4 s: 3.38 of 1 (NOT met)" in printed
    assert "memory, 16000 over 1000 cells: 1.00 of 1.2 (met)" in printed
    benching.bench("line", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [run["cells"] for run in found["runs"]] == list(line.CELLS)
    assert found["limits"]["wall time for 1000 cells over 4 s"] == {"value": 3.375, "limit": 1.0}


def test_a_run_that_fails_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be run is no measurement."""
    monkeypatch.setattr(line, "_write_scenario", lambda file, _cells: file.write_text("schema: 1"))
    with pytest.raises(LinetwinError, match=r"10 cells failed:\nlinetwin: "):
        line.measure(10)


def test_a_part_that_is_not_there_is_bad_input(clerk: Clerk) -> None:
    """The parts that there are stand in the message."""
    answer = clerk("bench", "report")
    assert answer.code == 2
    assert "'report'" in answer.err
    assert "line" in answer.err


def test_a_week_is_held_against_time_memory_and_formation(library: None, order: Order) -> None:
    """A short order measured as the week is: cells, formation's time a cell, memory, limits."""
    found = week.measure(str(order.file))
    assert found.graded >= CELLS
    assert 0.01 < found.formation_ms < 100
    assert f"{found.graded} cells graded" in week.describe(found)
    assert [limit for _, limit in week.verdicts(found).values()][:3] == [120.0, 1.0, 1500.0]
    assert len(found.memory_by_day_mb) > 3
    assert all(20 < level <= found.memory_mb + 1 for level in found.memory_by_day_mb)


def a_week(*memory_mb: float, lots_mb: float = 0.0) -> week.Week:
    """Return figures as a run may have given them; `lots_mb`: growth of its lots a day."""
    lots = tuple(40 + lots_mb * day for day in range(len(memory_mb)))
    return week.Week(200_000, 100.0, 150.0, max(memory_mb), 0.6, {"models": 90.0}, memory_mb, lots)


def test_growth_of_memory_is_counted_after_the_first_day() -> None:
    """The first day fills tables and pools; then 1 % a day is allowed, one flat and one leaking."""
    name = "growth of memory beside lots after day 1 in MB a day"
    flat, leaking = a_week(500, 800, 801, 800, 802, 801, 802, 803), a_week(500, 800, 820, 840, 860)
    assert flat.growth_mb == pytest.approx(3 / 7, abs=0.1)
    assert leaking.growth_mb == pytest.approx(20.0)
    assert [week.verdicts(each)[name][1] for each in (flat, leaking)] == [8.0, 8.0]
    assert "day 0: 500, day 1: 800, day 3: 800, day 5: 801, day 7: 803 MB" in week.describe(flat)
    assert "+20.00 MB a day, of it" in week.describe(leaking)
    assert a_week(500, 800, 820, 840, 860, lots_mb=18.0).growth_mb == pytest.approx(2.0)
    assert name not in week.verdicts(a_week(500, 800))


def test_loops_are_measured_on_what_a_line_asks_of_its_models(
    library: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every model with items has its rate in each loop; totals weigh models by their items."""
    pytest.importorskip("ziglang")
    found = rows.measure(cells=2, repeats=2)
    assert {"coating", "drying", "formation", "ageing"} <= {rate.model for rate in found}
    assert all(min(rate.bare_s, rate.compiled_s, rate.python_s) > 0.0 for rate in found)
    quick = next(rate for rate in found if rate.model == "stacking")  # hardly anything in the FMU
    assert quick.compiled_s < 0.5 * quick.python_s
    made = [rows.Rate("a", 30, 3, 1e-6, 1.1e-6, 9e-6), rows.Rate("b", 10, 1, 1e-6, 1.5e-6, 9e-6)]
    assert list(rows.verdicts(made).values()) == [(pytest.approx(1.2), 1.3), (1.5, 1.3)]
    monkeypatch.setattr(rows, "measure", lambda: made)
    benching.bench("rows", as_json=False)
    printed = capsys.readouterr().out
    assert "compiled over bare loop, b: 1.50 of 1.3 (NOT met)" in printed
    benching.bench("rows", as_json=True)
    assert [each["model"] for each in json.loads(capsys.readouterr().out)["models"]] == ["a", "b"]


def test_without_the_compiled_loop_there_is_nothing_to_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason why it did not load stands in the message."""
    monkeypatch.setenv("LINETWIN_KERNEL", "off")
    with pytest.raises(LinetwinError, match="LINETWIN_KERNEL is off"):
        rows.measure()
