"""Settings that no plant could have are refused where they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.mark.parametrize(
    ("address", "value", "allowed"),
    [
        ("cathode.coater.coating_mode", "triple", "two_pass or tandem"),
        ("cell.formation.tower_power_limit", "0 kW", "0.1 kW"),
    ],
)
def test_a_setting_is_refused_at_its_line(
    tmp_path: Path, address: str, value: str, allowed: str
) -> None:
    """A third way to coat, and towers without power: file, line, key and what is allowed."""
    file = tmp_path / "odd.yaml"
    line = SCENARIOS / "lines" / "pilot.yaml"
    head = f"schema: 1\nname: odd\nline: {line.as_posix()}\norder: {{cells: 10}}\nset:\n"
    file.write_text(f"{head}  {address}: {value}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(file)
    (problem,) = (each for each in caught.value.problems if each.key == f"set.{address}")
    assert (problem.file, problem.line) == (file, 6)
    assert allowed in problem.hint
