"""`linetwin surrogate export`, what it refuses, and a predictor in a calender's place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from surrogates.learners import PHYSICS, TRAINING, compacted, rows, trained
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.contracts import CONTRACTS, Phase
from linetwin.cosim.mapping import process_map
from linetwin.cosim.transform import FmuTransform
from linetwin.errors import FmuError, ScenarioError
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.links import Link
from linetwin.predictors.store import Stored, write
from linetwin.surrogates.fmu.writing import evaluators

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.predictors.card import Card

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
DENSITY = 4300.0  # kg/m3, of the coating's solids
PRESSED = {
    "porosity": "value",
    **dict.fromkeys(
        ["coating_thickness_before", "web_speed", "roll_temperature", "coating_width"], None
    ),
    "coating_density": {"variable": "value", "unit": "kg/m3", "scale": -DENSITY, "offset": DENSITY},
    "coating_thickness": {"variable": "value", "unit": "m", "scale": 8e-5, "offset": 4e-5},
    "springback": {"variable": "widened", "scale": 0.02},
    "conductivity_index": "valid",
    "rolling_power": {"variable": "valid", "unit": "W", "scale": 1000.0},
}
"""What a calender is asked for, of a predictor that knows porosity alone."""


@pytest.fixture(scope="module")
def porosity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stored, Path]:
    """A predictor of porosity from line load and porosity before, and its FMU."""
    folder = tmp_path_factory.mktemp("porosity")
    table = [
        f"{load:g},{before:.3f},E{electrode},{float(compacted(load, np.array(before))):.6f},good"
        for electrode, before in enumerate(np.linspace(40, 55, 12))
        for load in np.linspace(300.0, 900.0, 6)
    ]
    stored = trained(folder, table, TRAINING.replace("[linear]", "[quadratic]"))[1]
    write(stored, folder / "porosity.predictor")
    output = folder / "porosity.fmu"
    told = CliRunner().invoke(
        app, ["surrogate", "export", str(folder / "porosity.predictor"), "-o", str(output)]
    )
    assert told.exit_code == 0, told.output
    assert "porosity by quadratic, 2 features" in told.output
    assert "FMI 3.0 for" in told.output
    return stored, output


def refused(*arguments: object) -> str:
    """Return what a command says that ends for the user's mistake, which is exit code 2."""
    told = CliRunner().invoke(app, [*map(str, arguments)])
    assert isinstance(told.exception, ScenarioError), told.output
    return str(told.exception)


def test_it_is_simulated_alone(porosity: tuple[Stored, Path], tmp_path: Path) -> None:
    """`fmu simulate` writes what `surrogate predict` says; `fmu info` has units and ranges."""
    stored, file = porosity
    start = ["--start", "line_load=500000", "--start", "porosity_before=0.48"]
    csv = tmp_path / "out.csv"
    told = CliRunner().invoke(
        app,
        ["fmu", "simulate", str(file), "--stop", "2 s", "--step", "1", *start, "--csv", str(csv)],
    )
    assert told.exit_code == 0, told.output
    with Predictor(stored) as predictor:
        wanted = predictor.predict(np.array([[500e3, 0.48]]))
    last = pd.read_csv(csv).iloc[-1]
    assert last["value"] == pytest.approx(wanted.value[0], rel=1e-12)
    assert last["low"] == pytest.approx(wanted.low[0], rel=1e-12)
    info = " ".join(CliRunner().invoke(app, ["fmu", "info", str(file)]).output.split())
    assert "line_load Float64 input N/m" in info
    assert "300000 to 900000" in info.replace("3e+05", "300000")


def test_it_takes_a_calenders_place(porosity: tuple[Stored, Path]) -> None:
    """As anybody's FMU, by a map: porosity as predicted; what nobody saw ends with the item."""
    stored, file = porosity
    press = FmuTransform(file, CONTRACTS["calendering"], mapping=process_map(PRESSED))
    before = np.linspace(0.42, 0.54, 9)
    inputs: dict[str, float | np.ndarray] = {
        "porosity_before": before,
        "line_load": 600e3,
        **dict.fromkeys(["coating_thickness_before", "web_speed"], 1.0),
        **dict.fromkeys(["roll_temperature", "coating_width"], 1.0),
    }
    (found,) = press.apply({}, [Phase(inputs, 60.0)])
    with Predictor(stored) as predictor:
        wanted = predictor.predict(np.stack([np.full(9, 600e3), before], axis=1))
    np.testing.assert_allclose(found["porosity"], wanted.value, rtol=1e-12)
    np.testing.assert_allclose(found["coating_density"], DENSITY * (1 - wanted.value), rtol=1e-12)
    assert found["porosity"] == pytest.approx(
        compacted(np.array(600.0), 100 * before) / 100, abs=0.01
    )
    assert (found["valid"] == 1).all()
    with pytest.raises(FmuError, match=r"row 3.*'value' is nan"):
        press.apply({}, [Phase({**inputs, "line_load": np.where(np.arange(9) == 3, 5e6, 6e5)})])
    press.close()


@pytest.mark.slow
def test_a_line_runs_with_it(porosity: tuple[Stored, Path], tmp_path: Path) -> None:
    """The pilot line's cathode calender for eight hours: each segment as the predictor says."""
    stored, file = porosity
    line = (SCENARIOS / "lines" / "pilot.yaml").read_text(encoding="utf-8")
    at = line.index("        model: calendering\n", line.index("  cathode.calender:"))
    mapped = "".join(f"          {name}: {_yaml(entry)}\n" for name, entry in PRESSED.items())
    new = f"        model: {file.as_posix()}\n        map:\n{mapped}"
    rest = line[at:].removeprefix("        model: calendering\n")
    (tmp_path / "line.yaml").write_text(line[:at] + new + rest, encoding="utf-8")
    recipe = (SCENARIOS / "recipes" / "nmc622_graphite_5ah.yaml").as_posix()
    (tmp_path / "scenario.yaml").write_text(
        f"schema: 1\nname: predicted\nline: line.yaml\nrecipe: {recipe}\n"
        "duration: 8 h\nstart: filled\nset: {cathode.calender.roll_wear_loss: 0}\n",
        encoding="utf-8",
    )
    told = CliRunner().invoke(
        app, ["run", str(tmp_path / "scenario.yaml"), "-o", str(tmp_path / "run")]
    )
    assert told.exit_code == 0, told.output
    segments = pd.read_parquet(tmp_path / "run" / "segments.parquet")
    pressed = segments[segments["roll"].str.startswith("cathode")]["porosity_a"].dropna()
    with Predictor(stored) as predictor:
        wanted = predictor.predict(np.array([[600e3, 0.5]])).value[0]
    new = pressed[np.isclose(pressed, wanted, rtol=1e-9)]
    assert len(new) > 10


def _yaml(entry: object) -> str:
    return "" if entry is None else str(entry).replace("'", "")


def test_what_cannot_be_exported_is_told(tmp_path: Path) -> None:
    """Physics, names and versions: exit code 2 with file, what is wrong, what is allowed."""
    physics = trained(tmp_path, rows(), TRAINING.replace("[linear]", "[physics]") + PHYSICS)[1]
    file = tmp_path / "p.predictor"
    output = tmp_path / "p.fmu"
    write(physics, file)
    said = refused("surrogate", "export", file, "-o", output)
    assert "p.predictor: 'porosity' needs the model calendering, another FMU" in said
    assert "train without physics" in said
    assert not output.exists()
    assert "*.fmu" in refused("surrogate", "export", file, "-o", tmp_path / "p.zip")
    assert "is a folder" in refused("surrogate", "export", file, "-o", _folder(tmp_path))
    assert "3 or 2" in refused("surrogate", "export", file, "-o", output, "--fmi", "1")
    file.write_bytes(b"PK nothing")
    assert "is damaged" in refused("surrogate", "export", file, "-o", output)
    assert "does not exist" in refused("surrogate", "export", tmp_path / "q", "-o", output)


def _folder(folder: Path) -> Path:
    (folder / "taken.fmu").mkdir()
    return folder / "taken.fmu"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda card: _renamed(card, "value"), "value: is the name of a variable of the FMU"),
        (lambda card: _renamed(card, "a\0b"), "characters that are none to be shown"),
        (lambda card: _with_unit(card, "furlong"), "'furlong' is not a UCUM unit"),
    ],
)
def test_names_and_units_that_cannot_be(
    porosity: tuple[Stored, Path], tmp_path: Path, change: Callable[[Card], Card], said: str
) -> None:
    """A feature that bears the name of a result, or one that no XML holds; a unit that is none."""
    stored, _ = porosity
    file = tmp_path / "p.predictor"
    write(replace(stored, card=change(stored.card)), file)
    assert said in refused("surrogate", "export", file, "-o", tmp_path / "p.fmu")


def _renamed(card: Card, name: str) -> Card:
    first = card.features[0].model_copy(update={"name": name})
    return card.model_copy(update={"features": [first, *card.features[1:]]})


def _with_unit(card: Card, unit: str) -> Card:
    target = card.target.model_copy(update={"unit": unit, "link": Link()})
    return card.model_copy(update={"target": target})


def test_without_an_evaluator_it_is_said_what_to_do(tmp_path: Path) -> None:
    """None is built, or one of another version: `linetwin fmu build`."""
    with pytest.raises(Exception, match=r"not built.*linetwin fmu build"):
        evaluators("3", tmp_path)
    (tmp_path / "x86_64-linux").mkdir()
    (tmp_path / "x86_64-linux" / "evaluator.so").write_bytes(b"linetwin evaluator 0 ")
    with pytest.raises(Exception, match=r"another version.*linetwin fmu build"):
        evaluators("3", tmp_path)
    for name in ("x86_64-linux", "darwin64"):
        (tmp_path / name).mkdir(exist_ok=True)
        suffix = "so" if "linux" in name else "dylib"
        (tmp_path / name / f"evaluator.{suffix}").write_bytes(b"linetwin evaluator 1 x")
    assert set(evaluators("2", tmp_path)) == {"linux64", "darwin64"}
    assert set(evaluators("3", tmp_path)) == {"x86_64-linux"}
