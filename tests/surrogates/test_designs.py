"""Designs over one model: points as asked, run once each, kept as a dataset."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import qmc
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.cli.calibrating import line_of
from linetwin.errors import ScenarioError
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.designs import trials, working
from linetwin.surrogates.designs.folder import POINTS, Sheet
from linetwin.surrogates.designs.reading import Asked, read_design
from linetwin.surrogates.designs.working import carry_out

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.surrogates.designs.task import DesignTask

LOAD = "line_load=200 N/mm to 900 N/mm"
BEFORE = "porosity_before=40 % to 55 %"


def asked(subject: str = "calendering", **changes: object) -> DesignTask:
    """Return the design that a command would ask for."""
    wanted: dict[str, object] = {
        "process": None, "vary": [LOAD, BEFORE], "kind": "sobol", "points": 16,
        "settings": ["gap_control=0"], "read": ["settled_porosity"], **changes,
    }  # fmt: skip
    return read_design(Asked(subject=subject, **wanted), line_of(subject, ()))  # type: ignore[arg-type]


def silent(part: str, done: int, of: int) -> None:
    """Tell nobody."""


def rows_of(folder: Path) -> list[dict[str, str]]:
    """Return the table of points."""
    return list(csv.DictReader((folder / POINTS).read_text(encoding="utf-8").splitlines()))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the first factor of every point that a model is run at."""
    ran: list[float] = []
    run = trials.Trials.run

    def noting(self: trials.Trials, amounts: np.ndarray) -> list[trials.Result]:
        ran.extend(amounts[:, 0].tolist())
        return run(self, amounts)

    monkeypatch.setattr(trials.Trials, "run", noting)
    return ran


def test_points_are_those_of_sobol_and_answers_those_of_the_law(tmp_path: Path) -> None:
    """Places as scipy draws them; porosity by Meyer's law, in closed form."""
    settings = ["active_mass_fraction=95 %", "coating_thickness_before=100 um",
                "roll_temperature=298 K", "springback_limit=0"]  # fmt: skip
    carry_out(asked(settings=settings, read=["porosity"]), tmp_path / "d", silent)
    data = read_dataset(tmp_path / "d")
    shares = qmc.Sobol(2, rng=1).random_base2(4)
    load, before = data.numbers("line_load"), data.numbers("porosity_before")
    assert load == pytest.approx(2e5 + 7e5 * shares[:, 0])
    assert before == pytest.approx(0.40 + 0.15 * shares[:, 1])
    law = 0.2411 + (before - 0.2411) * np.exp(-load / 4e5)
    assert data.numbers("porosity") == pytest.approx(law, rel=1e-9)


def test_a_design_is_a_dataset_that_tells_its_source(tmp_path: Path) -> None:
    """Features, targets, units, model with build, and that nobody measured it."""
    task = asked()
    carry_out(task, tmp_path / "d", silent)
    data = read_dataset(tmp_path / "d")
    assert data.simulated
    assert data.features == ("line_load", "porosity_before")
    assert data.targets == ("settled_porosity",)
    assert task.subject.token in data.source
    assert data.licence == "own data"
    assert data.columns["line_load"].shown_unit == "N/mm"


def test_a_latin_hypercube_meets_each_part_once_and_log_is_even_in_the_logarithm(
    tmp_path: Path,
) -> None:
    """One point in each of ten equal parts of the logarithm."""
    task = asked(vary=[f"{LOAD} log", BEFORE], kind="latin_hypercube", points=10)
    carry_out(task, tmp_path / "d", silent)
    load = read_dataset(tmp_path / "d").numbers("line_load")
    parts = np.floor(10 * np.log(load / 2e5) / np.log(4.5)).astype(int)
    assert sorted(parts) == list(range(10))


def test_an_interrupted_design_goes_on_and_runs_nothing_twice(
    tmp_path: Path, counted: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after seven points, the same call makes the rest; the table is that of one go."""
    carry_out(asked(), tmp_path / "whole", silent)
    counted.clear()
    done = 0

    def stopping(part: str, so_far: int, of: int) -> None:
        nonlocal done
        done = so_far
        if so_far >= 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(asked(), tmp_path / "parts", stopping)
    assert done == len(counted) < 16
    assert [row["status"] for row in rows_of(tmp_path / "parts")].count("planned") == 16 - done
    carry_out(asked(), tmp_path / "parts", silent)
    assert len(counted) == len(set(counted)) == 16
    for name in ("points.csv", "design.json", "dataset.yaml"):
        texts = {(tmp_path / folder / name).read_bytes() for folder in ("whole", "parts")}
        assert len(texts) == 1
    carry_out(asked(), tmp_path / "parts", silent)
    assert len(counted) == 16


def test_an_interrupted_adaptive_design_comes_to_the_same_points(
    tmp_path: Path, counted: list[float]
) -> None:
    """Points that were chosen are kept before they are run."""
    changes = {"kind": "adaptive", "points": 20}
    carry_out(asked(**changes), tmp_path / "whole", silent)
    counted.clear()

    def stopping(part: str, so_far: int, of: int) -> None:
        if so_far in {5, 11, 15}:
            raise KeyboardInterrupt

    for _ in range(4):
        try:
            carry_out(asked(**changes), tmp_path / "parts", stopping)
        except KeyboardInterrupt:
            continue
        break
    assert len(counted) == len(set(counted)) == 20
    assert rows_of(tmp_path / "parts") == rows_of(tmp_path / "whole")


def test_more_points_go_on_in_the_sequence(tmp_path: Path, counted: list[float]) -> None:
    """A Sobol design of 32 begins with that of 16, which is not run again."""
    carry_out(asked(), tmp_path / "d", silent)
    first = rows_of(tmp_path / "d")
    carry_out(asked(points=32), tmp_path / "d", silent)
    assert rows_of(tmp_path / "d")[:16] == first
    assert len(counted) == len(set(counted)) == 32
    carry_out(asked(points=32), tmp_path / "at_once", silent)
    assert rows_of(tmp_path / "at_once") == rows_of(tmp_path / "d")


def test_points_at_which_the_model_fails_are_told_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of sixteen fail: their error is in the table, the other thirteen are the dataset."""
    from linetwin.cosim.runners import CompiledRunner, PythonRunner
    from linetwin.errors import FmuError

    for kind in (CompiledRunner, PythonRunner):
        own = kind.run

        def failing(self, rows, phases, own=own):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            bad = [row for row in rows if phases[0].inputs.read(0)[row] > limit]
            stop = bad[0] if bad else rows.stop
            own(self, range(rows.start, stop), phases)
            if bad:
                raise FmuError(f"row {stop}, phase 0: the web tore")

        monkeypatch.setattr(kind, "run", failing)
    monkeypatch.setattr(working, "_MOST_AT_ONCE", 8)
    task = asked(settings=[])
    names = [wire.quantity for wire in trials.Trials(task)._wires[0]]
    at = 2e5 + 7e5 * qmc.Sobol(2, rng=1).random_base2(4)[:, 0]
    assert names[0] == "line_load"
    limit = float(np.sort(at)[-4])
    sheet = carry_out(task, tmp_path / "d", silent)
    assert sheet.counts() == {"computed": 13, "out of range": 0, "failed": 3, "planned": 0}
    errors = [row["error"] for row in rows_of(tmp_path / "d") if row["status"] == "failed"]
    assert errors == ["the web tore"] * 3
    data = read_dataset(tmp_path / "d")
    assert len(data.frame) == 13
    assert data.numbers("line_load").max() <= limit


def test_a_model_runs_for_a_time_that_is_varied_and_through_phases(tmp_path: Path) -> None:
    """Half the dose rate for twice the time is the same dose; phases add up."""
    task = asked(
        "filling", vary=["duration=10 s to 40 s"], kind="latin_hypercube", points=4,
        settings=["electrolyte_dose_rate=1 g/s"], read=["dosed_electrolyte"],
    )  # fmt: skip
    carry_out(task, tmp_path / "time", silent)
    data = read_dataset(tmp_path / "time")
    seconds = data.numbers("duration")
    assert data.numbers("dosed_electrolyte") == pytest.approx(1e-3 * seconds, rel=1e-6)
    phases = ["20 s: electrolyte_dose_rate=0.5 g/s", "10 s: electrolyte_dose_rate=0 kg/s", "5 s"]
    task = asked(
        "filling", vary=["pore_volume=8 mL to 10 mL"], kind="latin_hypercube", points=4,
        settings=[], phases=phases, read=["dosed_electrolyte"],
    )  # fmt: skip
    carry_out(task, tmp_path / "phases", silent)
    dosed = read_dataset(tmp_path / "phases").numbers("dosed_electrolyte")
    assert dosed == pytest.approx(np.full(4, 0.01), rel=1e-6)


def test_a_process_of_a_scenario_runs_as_the_scenario_says(tmp_path: Path) -> None:
    """Quantities of the station and parameters of the recipe hold where nothing else is said."""
    changes = {"process": "cathode.calender.calendering", "vary": [BEFORE], "settings": []}
    task = asked("baseline", **changes)
    assert task.stages[0].settings["line_load"] == pytest.approx(600e3)
    assert task.line == "baseline"
    assert "line_load" not in task.as_it_starts
    assert "coating_thickness_before" in task.as_it_starts  # what the coater gives in the line
    carry_out(task, tmp_path / "d", silent)
    assert "process cathode.calender.calendering of scenario baseline" in (
        read_dataset(tmp_path / "d").source
    )


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"vary": []}, "--vary", "nothing is varied"),
        ({"vary": ["line_lod=1 N/mm to 2 N/mm"]}, "--vary", "did you mean line_load"),
        ({"vary": ["line_load=200 N/mm"]}, "--vary line_load", "is no span"),
        ({"vary": ["line_load=9 N/mm to 2 N/mm"]}, "--vary line_load", "low is not below high"),
        ({"vary": ["line_load=200 K to 900 K"]}, "--vary line_load", "does not fit"),
        ({"vary": ["line_load=0 N/mm to 9 kN/mm"]}, "--vary line_load", "out of range"),
        ({"vary": ["line_load=0 N/mm to 9 N/mm log"]}, "--vary line_load", "above 0"),
        ({"vary": [LOAD, LOAD]}, "--vary", "varied twice"),
        ({"settings": ["line_load=300 N/mm"]}, "--set", "is varied too"),
        ({"settings": ["roll_gap"]}, "--set", "gives no value"),
        ({"read": ["porosty"]}, "--read", "did you mean porosity"),
        ({"kind": "best"}, "--kind", "allowed: adaptive"),
        ({"points": 1}, "--points", "2 to 100,000 points"),
        ({"kind": "adaptive", "points": 7}, "--points", "8 to 600 points"),
        ({"kind": "adaptive", "read": []}, "--target", "adaptive for which output?"),
        ({"target": "porosity"}, "--target", "is for adaptive designs"),
        ({"duration": "-1 s"}, "--duration", "is no duration"),
        ({"duration": "1 s", "phases": ["1 s"]}, "--duration", "is told twice"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, object], key: str, said: str) -> None:
    """Option, and what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        asked(**changes)
    found = [(p.key, f"{p.message} ({p.hint})") for p in caught.value.problems]
    assert any(own == key and said in text for own, text in found), found


def test_a_folder_of_another_design_is_left_alone(tmp_path: Path) -> None:
    """Another factor, a longer Latin hypercube, a folder of something else: refused, unchanged."""
    carry_out(asked(), tmp_path / "d", silent)
    before = (tmp_path / "d" / POINTS).read_bytes()
    with pytest.raises(ScenarioError, match="another design: its factors differ"):
        Sheet(asked(vary=[LOAD]), tmp_path / "d")
    hyper = {"kind": "latin_hypercube"}
    carry_out(asked(**hyper), tmp_path / "h", silent)
    with pytest.raises(ScenarioError, match="Latin hypercube of 16 points"):
        Sheet(asked(points=32, **hyper), tmp_path / "h")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ScenarioError, match="not empty"):
        Sheet(asked(), tmp_path / "full")
    assert (tmp_path / "d" / POINTS).read_bytes() == before


@pytest.mark.parametrize("name", ["design.json", "points.csv"])
def test_a_damaged_folder_is_told(tmp_path: Path, name: str) -> None:
    """File, and what to do."""
    carry_out(asked(), tmp_path / "d", silent)
    (tmp_path / "d" / name).write_text("{", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        Sheet(asked(), tmp_path / "d")
    assert caught.value.problems[0].file == tmp_path / "d" / name


@pytest.mark.parametrize("cut", [2, 5, 30])
def test_a_torn_table_of_points_is_told_with_its_line(tmp_path: Path, cut: int) -> None:
    """Nothing is run on top of a last row that lacks its end; the table stays as it is."""
    carry_out(asked(points=8), tmp_path / "d", silent)
    table = tmp_path / "d" / POINTS
    table.write_bytes(table.read_bytes()[:-cut])
    torn = table.read_bytes()
    with pytest.raises(ScenarioError, match="is no whole row") as caught:
        carry_out(asked(points=16), tmp_path / "d", silent)
    assert caught.value.problems[0].line == 9
    assert table.read_bytes() == torn


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs a design, and says where it is; a mistake is told as one of the user."""
    run = CliRunner()
    base = ["surrogate", "design", "calendering", "--read", "settled_porosity"]
    folder = str(tmp_path / "d")
    made = run.invoke(app, [*base, "--vary", LOAD, "--points", "8", "-o", folder, "--json"])
    assert made.exit_code == 0
    assert json.loads(made.stdout)["counts"]["computed"] == 8
    assert not (tmp_path / "d" / ".lock").exists()
    told = run.invoke(app, [*base, "--vary", LOAD, "--points", "8", "-o", folder])
    assert "8 points, sobol, seed 1" in told.stdout
    assert "As the model starts" in told.stdout
    (tmp_path / "file").write_text("", encoding="utf-8")
    for vary, out in (("line_load=1 K to 2 K", folder), (LOAD, str(tmp_path / "file"))):
        ended = run.invoke(app, [*base, "--vary", vary, "-o", out])
        assert isinstance(ended.exception, ScenarioError)
