"""Shells of the line of a run that is served by its folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from neighbours import module_of

from linetwin.cli.aas_serve import Asked, line_of
from linetwin.results import read
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.shells.serving.elements import indexed
from linetwin.shells.writing import as_tree

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.reader import Run

SETTING = "cathode.calender.web_speed=4.5 m/min"
BASELINE: Path = module_of("line", "line_support").BASELINE


def run_of(folder: Path, text: str, scenario: str = str(BASELINE)) -> Run:
    """Return a run folder that says what it was asked for, with nothing in its tables."""
    asked = {"scenario": scenario, "settings": [SETTING], "seed": 7}
    writer = RunWriter(folder, {"scenario": "baseline", "seed": 7, "request": asked}, text)
    writer.finish("complete")
    return read(folder)


def test_the_line_is_that_of_the_run(tmp_path: Path) -> None:
    """Its shells are those of the scenario as it was run, with what was set on the command line."""
    text = load(BASELINE, [SETTING], 7).text
    found = line_of(run_of(tmp_path / "run", f"{text}models: {{}}\n"), Asked(("run",)))
    assert len(list(found.shells())) > 30
    named = "https://linetwin.example/lines/pilot/machines/cathode.calender/submodels/TechnicalData"
    speeds = [
        element["value"]
        for tree in as_tree(found)["submodels"]
        if tree["id"] == named
        for path, element in indexed(tree).items()
        if path.endswith("web_speed")
    ]
    assert [float(each) for each in speeds] == [pytest.approx(0.075)]


def test_a_scenario_that_has_changed_is_not_taken_for_the_run_s(tmp_path: Path) -> None:
    """Changed or gone: no shells of a line, and a note that says why."""
    other = load(BASELINE, (), 7).text
    changed = line_of(run_of(tmp_path / "one", other), Asked(("run",)))
    gone = line_of(run_of(tmp_path / "two", other, "nowhere/x.yaml"), Asked(("run",)))
    for found, word in ((changed, "no longer as it was run"), (gone, "nowhere")):
        assert not list(found.shells())
        assert word in found.notes[0]
