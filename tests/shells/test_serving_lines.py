"""Shells of the line of a run that is served by its folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neighbours import module_of

from linetwin.cli import aas_export
from linetwin.cli.aas_serve import Asked, line_of
from linetwin.results import read
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.shells.environment import Environment

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from linetwin.results.reader import Run

SETTING = "cathode.calender.web_speed=4.5 m/min"
BASELINE: Path = module_of("line", "line_support").BASELINE


def run_of(folder: Path, text: str, scenario: str = str(BASELINE)) -> Run:
    """Return a run folder that says what it was asked for, with nothing in its tables."""
    asked = {"scenario": scenario, "settings": [SETTING], "seed": 7}
    writer = RunWriter(folder, {"scenario": "baseline", "seed": 7, "request": asked}, text)
    writer.finish("complete")
    return read(folder)


def test_the_line_is_that_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario as it was run is described, with what was set on the command line."""
    asked: list[aas_export.Asked] = []

    def described(what: aas_export.Asked, *, with_files: bool) -> Environment:
        asked.append(what)
        return Environment(notes=[f"described, with files: {with_files}"])

    monkeypatch.setattr(aas_export, "described", described)
    text = load(BASELINE, [SETTING], 7).text
    found = line_of(run_of(tmp_path / "run", f"{text}models: {{}}\n"), Asked(("run",)))
    assert found.notes == ["described, with files: True"]
    assert [(each.scenario, each.settings) for each in asked] == [(str(BASELINE), (SETTING,))]


def test_a_scenario_that_has_changed_is_not_taken_for_the_run_s(tmp_path: Path) -> None:
    """Changed or gone: no shells of a line, and a note that says why."""
    other = load(BASELINE, (), 7).text
    changed = line_of(run_of(tmp_path / "one", other), Asked(("run",)))
    gone = line_of(run_of(tmp_path / "two", other, "nowhere/x.yaml"), Asked(("run",)))
    for found, word in ((changed, "no longer as it was run"), (gone, "nowhere")):
        assert not list(found.shells())
        assert word in found.notes[0]
