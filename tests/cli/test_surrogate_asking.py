"""`surrogate explain` and `invert`: on the screen, as JSON, and what is said of wrong questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from neighbours import module_of

from linetwin.predictors.store import write

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk

learners = module_of("surrogates", "learners")
TABLE = """\
line_load [N/mm],porosity_before [%]
250,42
700,46
"""


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linear predictor of porosity from line load and the porosity before."""
    folder = tmp_path_factory.mktemp("asking")
    _, stored = learners.trained(folder, learners.rows())
    write(stored, folder / "porosity.predictor")
    (folder / "asked.csv").write_text(TABLE, encoding="utf-8")
    return folder / "porosity.predictor"


def test_a_row_is_explained(clerk: Clerk, predictor: Path) -> None:
    """The parts sum to the prediction less the mean, as JSON and on the screen."""
    table = predictor.with_name("asked.csv")
    asked = ("surrogate", "explain", predictor, "--data", table, "--row", "line 3")
    told = json.loads(clerk(*asked, "--json").out)
    parts = [feature["adds"] for feature in told["features"]]
    assert sum(parts) == pytest.approx(told["prediction"] - told["mean"], abs=1e-9)
    assert [feature["name"] for feature in told["features"]] == ["line_load", "porosity_before"]
    assert told["features"][0]["adds"] < 0
    assert told["features"][0]["slope"] < 0
    words = " ".join(clerk(*asked).out.split())
    assert "which the parts sum to" in words
    assert "line_load 700 N/mm" in words


def test_what_would_have_helped(clerk: Clerk, predictor: Path) -> None:
    """A goal that the row misses is reached by another line load, which is named."""
    asked = (
        "surrogate", "explain", predictor, "--set", "line_load=250 N/mm", "--set",
        "porosity_before=46 %", "--target", "porosity=at most 30 %", "--chance", "0.8",
    )  # fmt: skip
    told = json.loads(clerk(*asked, "--json").out)
    first = told["would_have_helped"][0]
    assert told["chance"] < 0.2
    assert (first["feature"], first["reached"]) == ("line_load", True)
    assert first["chance"] >= 0.8
    assert 3e5 < first["value"] < 1.5e6
    assert "chance 0.80 had line_load been" in clerk(*asked).out


def test_settings_reach_a_goal(clerk: Clerk, predictor: Path) -> None:
    """The window's settings are predicted to keep the goal; without a place the code is 2."""
    asked = (
        "surrogate", "invert", predictor, "--limits", "line_load=100 N/mm to 1200 N/mm", "--set",
        "porosity_before=45 %", "--target",
    )  # fmt: skip
    answer = clerk(*asked, "porosity=27 % to 39 %", "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    load = told["features"][0]
    assert load["low"] < load["best"] < load["high"]
    assert told["window_chance"]["least"] >= 0.9
    for value in np.linspace(load["low"], load["high"], 3).tolist():
        settings = ("--set", f"line_load={value!r} N/m", "--set", "porosity_before=45 %")
        row = json.loads(clerk("surrogate", "predict", predictor, *settings, "--json").out)
        assert 0.27 <= row["rows"][0]["prediction"] <= 0.39
    assert "window from" in clerk(*asked, "porosity=27 % to 39 %").out
    answer = clerk(*asked, "porosity=33.0 % to 33.1 %")
    assert answer.code == 2
    assert "not reached with a chance of 0.9" in answer.err


def test_a_lot_is_explained(clerk: Clerk, predictor: Path) -> None:
    """The electrode with the greatest porosity before is above the others by that, and says so."""
    data = predictor.with_name("data.yaml")
    asked = ("surrogate", "explain", predictor, "--data", data, "--lot", "electrode=E7")
    told = json.loads(clerk(*asked, "--json").out)
    parts = {feature["name"]: feature["adds"] for feature in told["features"]}
    assert sum(parts.values()) == pytest.approx(told["prediction"] - told["mean"], abs=1e-9)
    assert parts["porosity_before"] > 4 * abs(parts["line_load"])  # every electrode has all loads
    assert (told["rows"], told["others"]) == (6, 42)
    said = clerk(*asked).out
    assert "above the others (6 rows against 42" in said
    assert ("no more than chance" in said) == (
        abs(told["prediction"] - told["mean"]) <= 2 * told["standard_error"]
    )
    row = clerk("surrogate", "explain", predictor, "--data", data, "--row", "line 3")
    assert "line 3: electrode E0" in row.out


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (("explain",), "either --data TABLE or --set"),
        (("explain", "--data", "TABLE"), "which of the rows?"),
        (("explain", "--data", "TABLE", "--row", "line 9"), "there is no row 'line 9'"),
        (("explain", "--set", "line_load=1 N/mm", "--row", "x"), "is for a table"),
        (("explain", "--data", "TABLE", "--lot", "electrode=E1"), "a lot is one of a dataset"),
        (("explain", "--data", "DATASET", "--lot", "electrode=E9"), "no row is of electrode 'E9'"),
        (("explain", "--data", "DATASET", "--lot", "porosity=E9"), "'porosity' is target"),
        (("invert", "--target", "porosity=0.3", "--limits", "line_load"), "is no range"),
        (("invert", "--target", "porosity=at most 30 %"), "nothing is said of line_load"),
    ],
)
def test_wrong_questions(
    clerk: Clerk, predictor: Path, question: tuple[str, ...], said: str
) -> None:
    """Each ends with exit code 2 and what is asked for."""
    files = {"TABLE": predictor.with_name("asked.csv"), "DATASET": predictor.with_name("data.yaml")}
    words = [files.get(word, word) for word in question]
    answer = clerk("surrogate", words[0], predictor, *words[1:])
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
