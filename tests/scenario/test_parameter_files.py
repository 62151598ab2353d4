"""Parameter files: a scenario takes fitted values over with their evidence, for one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.resolved import Value

PROCESS = "cathode.calender.calendering"
FITTED = """\
# parameters
schema: 1
name: fitted
model: calendering
token: "{{0}}"
data: {file: points.csv, sha256: "%s", rows: 14}
confidence: 0.95
set:
  minimum_porosity: {value: 0.25, low: 0.24, high: 0.26, tag: D, source: fit to points.csv}
  compaction_resistance: {value: "390000 N/m", tag: D, source: fit to points.csv}
""" % ("0" * 64)


def scenario(folder: Path, parameters: str, more: str = "") -> Path:
    """Write a scenario on the shipped line that names a parameter file."""
    base = find_scenario("baseline").resolve()
    text = base.read_text("utf-8")
    for key in ("line", "recipe", "prices"):
        text = text.replace(f"\n{key}: ", f"\n{key}: {base.parent.as_posix()}/")
    file = folder / "own.yaml"
    file.write_text(f"{text}\nparameters: {{{parameters}}}\n{more}", "utf-8")
    (folder / "fitted.yaml").write_text(FITTED, "utf-8")
    return file


def value(file: Path, name: str, *overrides: str) -> Value:
    """Return a parameter of the calender's process."""
    station = load(file, overrides).stations["cathode.calender"]
    return station.processes["calendering"].parameters[name]


def test_fitted_values_bring_their_evidence(tmp_path: Path) -> None:
    """Value, unit, tag and source are the file's, the origin is its line; others keep theirs."""
    file = scenario(tmp_path, f"{PROCESS}: fitted.yaml")
    found = value(file, "compaction_resistance")
    assert (found.value, found.unit, found.tag) == (390000.0, "N/m", "D")
    assert found.source == "fit to points.csv"
    assert found.origin == "fitted.yaml:10"
    assert value(file, "minimum_porosity").value == 0.25
    assert "fitted.yaml" in load(file).files
    assert load(file).text.count("fit to points.csv") == 2  # the run folder tells it as well
    other = load(file).stations["anode.calender"].processes["calendering"].parameters
    assert "fit to points.csv" not in [each.source for each in other.values()]


def test_what_a_scenario_sets_itself_wins(tmp_path: Path) -> None:
    """Recipe, parameter file, scenario, command line: the later wins."""
    file = scenario(tmp_path, f"{PROCESS}: fitted.yaml")
    override = f"{PROCESS}.minimum_porosity=0.3"
    assert value(file, "minimum_porosity", override).value == 0.3
    text = file.read_text("utf-8")
    assert "\nset:" not in text
    file.write_text(f"{text}set: {{{PROCESS}.minimum_porosity: 0.28}}\n", "utf-8")
    assert value(file, "minimum_porosity").value == 0.28


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("cathode.calender: fitted.yaml", "parameters.cathode.calender"),
        ("cathode.calendar.calendering: fitted.yaml", "parameters.cathode.calendar.calendering"),
        ("cathode.calender.drying: fitted.yaml", "calendering"),
        (f"{PROCESS}: missing.yaml", "missing.yaml"),
    ],
)
def test_a_wrong_process_or_file_is_told(tmp_path: Path, parameters: str, says: str) -> None:
    """What a file is for, and that it is there, is checked with the scenario."""
    with pytest.raises(ScenarioError) as caught:
        load(scenario(tmp_path, parameters))
    assert says in str(caught.value)


def test_a_damaged_file_is_told_by_its_line(tmp_path: Path) -> None:
    """A value without evidence, and an unknown key."""
    file = scenario(tmp_path, f"{PROCESS}: fitted.yaml")
    text = FITTED.replace(", tag: D, source: fit to points.csv}", "}", 1)
    (tmp_path / "fitted.yaml").write_text(text.replace("confidence", "confident"), "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(file)
    message = str(caught.value)
    assert "fitted.yaml:7: confident: unknown key" in message
    assert "fitted.yaml:9: set.minimum_porosity.tag: missing key" in message


def test_a_fit_of_another_model_is_refused(tmp_path: Path) -> None:
    """Parameters of one law mean nothing to another, even where they bear the same names."""
    file = scenario(tmp_path, f"{PROCESS}: fitted.yaml")
    fitted = tmp_path / "fitted.yaml"
    fitted.write_text(FITTED.replace("model: calendering", "model: calendering_kawakita"), "utf-8")
    with pytest.raises(ScenarioError, match="fitted for the model calendering_kawakita"):
        load(file)


@pytest.mark.parametrize(
    ("there", "instead", "says"),
    [
        ("value: 0.25,", "value: 0.33,", "0.33 is outside of its own interval, from 0.24 to 0.26"),
        ("value: 0.25,", 'value: "23 %",', "23 % is outside of its own interval"),
        ("0.24, high: 0.26", "0.26", "0.25 is outside of its own interval, from 0.26"),
    ],
)
def test_a_value_outside_of_its_own_interval_is_refused(
    tmp_path: Path, there: str, instead: str, says: str
) -> None:
    """A value that was edited and kept the interval of the fit: file, line and key."""
    file = scenario(tmp_path, f"{PROCESS}: fitted.yaml")
    fitted = tmp_path / "fitted.yaml"
    fitted.write_text(FITTED.replace(there, instead), "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(file)
    assert "fitted.yaml:9: set.minimum_porosity: " in str(caught.value)
    assert says in str(caught.value)
