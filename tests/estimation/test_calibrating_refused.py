"""Calibration files and tables that are wrong: told with file, line, key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from calibrations import LOAD, compacted, fitted, task_of, write_table

from linetwin.errors import ModelError, ScenarioError
from linetwin.estimation.calibrating.reading import read_task
from linetwin.estimation.calibrating.schema import CalibrationFile
from linetwin.estimation.calibrating.subject import Line
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario
from linetwin.scenario.validation import read_checked

COLUMNS = ("load", "before", "after")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A table that is right."""
    return write_table(tmp_path / "table.csv", COLUMNS, compacted(24.0, 400.0))


def told(text: str, data: Path, folder: Path, model: str = "calendering") -> str:
    """Return what is said of a calibration that is refused."""
    with pytest.raises(ScenarioError) as caught:
        task_of(text, data, folder, model)
    return str(caught.value)


@pytest.mark.parametrize(
    ("there", "instead", "line", "key", "says"),
    [
        ("minimum_porosity:", "minimal_porosity:", 5, "fit.minimal_porosity", "minimum_porosity"),
        ("low: 5 %", "low: 50 %", 5, "fit.minimum_porosity", "low is less than high"),
        ("low: 5 %", "low: 5 m", 5, "fit.minimum_porosity.low", "does not fit"),
        ("low: 5 %", "low: 1 %", 5, "fit.minimum_porosity.low", "allowed: 0.02 to 0.6"),
        ("high: 40 %}", "high: 40 %, start: 50 %}", 5, "start", "not between"),
        ("low: 5 %, high: 40 %", "low: 5 %, hi: 40 %", 5, "fit.minimum_porosity.hi", "allowed:"),
        ("scale: log", "scale: cubic", 6, "scale", "'linear' or 'log'"),
        ("roll_temperature: 298 K", "roll_temperature: 298 kg", 7, "roll_temperature", "kg"),
        ("roll_temperature:", "roll_temp:", 7, "set.roll_temp", "roll_temperature"),
        ("column: load,", "column: lode,", 9, "inputs.line_load", "mean load"),
        ("unit: N/mm}", "unit: N/mm2}", 9, "inputs.line_load.unit", "as N/m"),
        ('after, unit: "%"', 'after, scatter: -1 %, unit: "%"', 12, "scatter", "above 0"),
        ("settled_porosity:", "line_load:", 12, "outputs.line_load", "variable"),
        ("name: load", "name: load\nloss: cubic", 3, "loss", "'huber'"),
        ("name: load", "name: load\nweights: mass", 3, "weights", "no column 'mass'"),
        ("name: load", "name: load\ngroups: [plate]", 3, "groups", "no column 'plate'"),
        ("name: load", "name: load\ntable: rows", 3, "table", "has no tables"),
        ("name: load", "name: load\nprocess: a.b.c", 3, "process", "has no processes"),
        ("name: load", "name: load\nconfidence: 200 %", 3, "confidence", "at most 0.999"),
        ("name: load", "name: load\nconfidence: 2", 3, "confidence", "at most 0.999"),
    ],
)
def test_what_does_not_fit_is_told_where_it_stands(  # noqa: PLR0913, PLR0917
    tmp_path: Path, data: Path, there: str, instead: str, line: int, key: str, says: str
) -> None:
    """Names, units, bounds and choices: file, line, key path and what is allowed."""
    assert there in LOAD
    message = told(LOAD.replace(there, instead, 1), data, tmp_path)
    assert f"fit.yaml:{line}: " in message
    assert key in message
    assert says in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "load,before,after\n100,42,24\n200,forty,23\n300,42,22\n400,42,21\n",
            "table.csv:3: before",
        ),
        ("load,before,after\n100,42,24\n200,42\n", "table.csv:3: 2 fields, but 3"),
        ("load,before,before\n100,42,24\n", "table.csv:1: two columns are named 'before'"),
        ("load,before,after\n", "table.csv:1: no row below"),
        ("load,before,after\n100,42,24\n200,42,inf\n300,1,1\n", "table.csv:3: after: is infinite"),
        ('load;before;after\n100;"42,5";24\n', "a number with a decimal point"),
        ("load,before,after\n100,42,\n200,42,24\n", "1 measured values for 2 parameters"),
    ],
)
def test_tables_that_are_wrong_are_told_by_line(tmp_path: Path, content: str, says: str) -> None:
    """Cells that are no numbers, rows of another length, too little data: file, line, column."""
    file = tmp_path / "table.csv"
    file.write_text(content, "utf-8")
    assert says in told(LOAD, file, tmp_path)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    """Files that do not exist, or are of another kind, are refused by name."""
    assert "none.csv" in told(LOAD, tmp_path / "none.csv", tmp_path)
    picture = tmp_path / "table.png"
    picture.write_bytes(b"x")
    assert "run folder" in told(LOAD, picture, tmp_path)
    wrong = tmp_path / "table.parquet"
    wrong.write_bytes(b"x")
    assert "unreadable" in told(LOAD, wrong, tmp_path)


def test_logarithms_need_values_above_zero(tmp_path: Path) -> None:
    """A measured 0 cannot be compared by logarithms: its line is told."""
    rows = compacted(24.0, 400.0)
    rows[4, 2] = 0.0
    data = write_table(tmp_path / "table.csv", COLUMNS, rows)
    text = LOAD.replace('after, unit: "%"', 'after, compare: log, unit: "%"')
    assert "table.csv:6: after: 0 has no logarithm" in told(text, data, tmp_path)


def test_one_variable_has_one_value(tmp_path: Path, data: Path) -> None:
    """What is fitted is not set as well."""
    text = LOAD.replace("set: {", "set: {minimum_porosity: 20 %, ")
    assert "set.minimum_porosity: stands under fit too" in told(text, data, tmp_path)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, data: Path) -> None:
    """Three mistakes, three lines."""
    text = LOAD.replace("low: 5 %", "low: 5 m").replace("column: load", "column: lode")
    message = told(text.replace("298 K", "298 kg"), data, tmp_path)
    assert [line.split(": ")[1] for line in message.splitlines()] == [
        "fit.minimum_porosity.low",
        "set.roll_temperature",
        "inputs.line_load",
    ]


@pytest.mark.parametrize(
    ("process", "says"),
    [
        ("", "process: missing key"),
        ("process: cathode.calender.drying\n", "has no process 'cathode.calender.drying'"),
        ("process: calender\n", "has no process 'calender'"),
    ],
)
def test_a_scenario_needs_one_of_its_processes(
    tmp_path: Path, data: Path, process: str, says: str
) -> None:
    """Which station's process is calibrated is said by its address."""
    file = tmp_path / "fit.yaml"
    file.write_text(LOAD.replace("starts: 1\n", f"starts: 1\n{process}"), "utf-8")
    line = Line(load("baseline"), find_scenario("baseline").parent)
    with pytest.raises(ScenarioError) as caught:
        read_task("baseline", line, read_checked(file, CalibrationFile), data)
    assert says in str(caught.value)
    assert "cathode.calender.calendering" in str(caught.value)


def test_a_model_that_gives_no_numbers_is_told(tmp_path: Path) -> None:
    """Of a coating of nothing but pores there is no conductivity: the FMU refuses, and says why."""
    rows = compacted(24.0, 400.0)
    rows[:, 1] = 100.0
    data = write_table(tmp_path / "table.csv", COLUMNS, rows)
    text = LOAD.replace('settled_porosity: {column: after, unit: "%"}', "conductivity_index: after")
    with pytest.raises(ModelError, match="calendering: it gives no numbers"):
        fitted(text.replace("compare: log", ""), data, tmp_path)


def test_a_row_that_the_model_cannot_compute_is_told_before_the_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One coating of nothing but pores among others: its line, its values, the model's range.

    What the model says on the way is not passed on row by row.
    """
    rows = compacted(24.0, 400.0)
    rows[5, 1] = 100.0
    data = write_table(tmp_path / "table.csv", COLUMNS, rows)
    text = LOAD.replace('settled_porosity: {column: after, unit: "%"}', "conductivity_index: after")
    with pytest.raises(ScenarioError) as caught:
        fitted(text, data, tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (data, 7)
    assert "line_load = 900000 N/m, porosity_before = 1" in problem.message
    assert "porosity_before 0.05 to 0.95" in problem.hint
    assert "row " not in problem.message
    assert not caplog.records


def test_the_documented_calibration_file_is_read(tmp_path: Path) -> None:
    """What docs/calibrating.md shows is what the schema takes."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "calibrating.md").read_text("utf-8")
    block = text.split("```yaml\n# calibration\n")[1].split("```")[0]
    file = tmp_path / "fit.yaml"
    file.write_text(block, "utf-8")
    checked = read_checked(file, CalibrationFile)
    assert set(checked.model.outputs) == {"settled_porosity", "nip_line_load"}
