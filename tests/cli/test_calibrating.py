"""`linetwin calibrate`: from a table, or a run, to a parameter file that a scenario names."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from linetwin.scenario import load

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order

FIT = """\
schema: 1
name: compaction
process: cathode.calender.calendering
starts: 2
fit:
  minimum_porosity: {low: 10 %, high: 35 %}
  compaction_resistance: {low: 100 N/mm, high: 1500 N/mm, scale: log}
set: {roll_temperature: 298 K, coating_thickness_before: 100 um, porosity_before: 45 %}
inputs: {line_load: {column: load, unit: N/mm}}
outputs: {settled_porosity: after}
"""
FROM_RUN = """\
schema: 1
name: from_run
process: cathode.calender.calendering
table: segments
only: {roll: "cathode.*"}
starts: 1
fit: {compaction_resistance: {low: 100 N/mm, high: 1500 N/mm, scale: log}}
set: {porosity_before: 0.5, line_load: 600 N/mm, roll_temperature: 25 degC}
inputs: {coating_thickness_before: {column: loading_a, factor: 0.44782803 cm3/g}}
outputs: {porosity: porosity_a}
duration: 12 h
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A calibration file, and a table that follows the closed form with noise."""
    noise = random.Random(3)  # noqa: S311 - no secret
    lines = ["load,after"]
    for load_ in range(100, 1700, 100):
        exact = 0.26 + (0.45 - 0.26) * math.exp(-load_ / 350)
        lines.append(f"{load_},{exact + noise.gauss(0, 0.004):.5f}")
    fit, data = tmp_path / "fit.yaml", tmp_path / "points.csv"
    fit.write_text(FIT, "utf-8")
    data.write_text("\n".join(lines) + "\n", "utf-8")
    return fit, data


def test_fitted_parameters_reach_a_scenario(
    clerk: Clerk, files: tuple[Path, Path], order: Order, tmp_path: Path
) -> None:
    """A command fits, writes a parameter file, and a scenario that names it has the values."""
    fit, data = files
    answer = clerk("calibrate", "baseline", "--data", data, "--fit", fit, "-o", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "compaction_resistance" in answer.out
    assert "measure " in answer.out or "repeat the rows" in answer.out
    found = json.loads((tmp_path / "out" / "calibration.json").read_text("utf-8"))
    low, high = (found["parameters"][1][end] for end in ("low", "high"))
    assert low < 350e3 < high
    page = (tmp_path / "out" / "calibration.html").read_text("utf-8")
    assert "default-src 'none'" in page  # it fetches nothing
    for place in ("plot-fit-0", "plot-residual-0", "plot-profile-0", "plot-profile-1"):
        assert f"id='{place}'" in page
    scenario = order.file
    own = tmp_path / "own.yaml"
    named = "parameters: {cathode.calender.calendering: out/parameters.yaml}\n"
    own.write_text(f"{scenario.read_text('utf-8')}\n{named}", "utf-8")
    station = load(own).stations["cathode.calender"]
    value = station.processes["calendering"].parameters["compaction_resistance"]
    assert value.tag == "D"
    assert "points.csv (SHA-256 " in value.source
    assert value.number == pytest.approx(found["parameters"][1]["value"], rel=1e-9)


def test_a_recorded_run_gives_back_what_it_was_made_with(
    clerk: Clerk, finished: tuple[Order, Answer], tmp_path: Path
) -> None:
    """Segments of a run: the resistance comes out as it was put in; simulated, so it has tag A."""
    order, _ = finished
    fit = tmp_path / "fit.yaml"
    fit.write_text(FROM_RUN, "utf-8")
    out = tmp_path / "out"
    answer = clerk("calibrate", order.file, "--data", order.run, "--fit", fit, "-o", out, "--json")
    assert answer.code == 0, answer.err
    (found,) = json.loads(answer.out)["parameters"]
    assert found["value"] == pytest.approx(400e3, rel=1e-3)
    entry = YAML(typ="safe").load((out / "parameters.yaml").read_text("utf-8"))["set"]
    assert entry["compaction_resistance"]["tag"] == "A"
    assert "simulated run" in entry["compaction_resistance"]["source"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("calendaring",), "did you mean calendering"),
        (("calendering", "--set", "a.b=1"), "--set"),
    ],
)
def test_wrong_subjects_are_refused(
    clerk: Clerk, files: tuple[Path, Path], arguments: tuple[str, ...], says: str
) -> None:
    """A name that is neither a model nor a scenario, and addresses of a model: exit code 2."""
    fit, data = files
    answer = clerk("calibrate", *arguments, "--data", data, "--fit", fit)
    assert answer.code == 2
    assert says in answer.err


def test_wrong_files_and_full_folders_are_refused(
    clerk: Clerk, files: tuple[Path, Path], tmp_path: Path
) -> None:
    """A wrong cell is told with its line, a folder that holds anything by name: exit code 2."""
    fit, data = files
    full = clerk("calibrate", "baseline", "--data", data, "--fit", fit, "-o", tmp_path)
    assert full.code == 2
    assert "not empty" in full.err
    taken = tmp_path / "taken"
    taken.write_text("mine", "utf-8")
    for output in (taken, taken / "below"):
        refused = clerk("calibrate", "baseline", "--data", data, "--fit", fit, "-o", output)
        assert refused.code == 2
        assert f"-o: {output} is no folder that can be made" in refused.err
        assert "allowed: a folder" in refused.err
    data.write_text(data.read_text("utf-8").replace("200,", "two hundred,", 1), "utf-8")
    wrong = clerk("calibrate", "baseline", "--data", data, "--fit", fit, "-o", tmp_path / "out")
    assert wrong.code == 2
    assert "points.csv:3: load: 'two hundred' is no number" in wrong.err
    assert not (tmp_path / "out").exists()


def test_data_in_the_wrong_unit_give_no_parameter_file(
    clerk: Clerk, files: tuple[Path, Path], tmp_path: Path
) -> None:
    """Exit code 2 with the reason, which is said first; page and JSON are there to look at."""
    fit, data = files
    fit.write_text(FIT.replace("unit: N/mm}", "unit: kN/mm}"), "utf-8")
    out = tmp_path / "out"
    answer = clerk("calibrate", "baseline", "--data", data, "--fit", fit, "-o", out)
    assert answer.code == 2
    assert answer.out.splitlines()[1].startswith("the fit explains nothing: settled_porosity is")
    assert "points.csv: the fit explains nothing" in answer.err
    assert "parameters: no file is written" in answer.out
    assert sorted(path.name for path in out.iterdir()) == ["calibration.html", "calibration.json"]
    asked = clerk("calibrate", "baseline", "--data", data, "--fit", fit, "-o", f"{out}2", "--json")
    assert asked.code == 2
    assert json.loads(asked.out)["explains"] is False
