"""`surrogate invert`: what is far from all that was seen, and amounts that lack their unit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from neighbours import module_of
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ScenarioError
from linetwin.predictors.card import Target
from linetwin.predictors.links import Link
from linetwin.predictors.store import write
from linetwin.surrogates.goals import goal_of

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

learners = module_of("surrogates", "learners")
GIVEN = ("--set", "porosity_before=45 %")
GOAL = ("--target", "porosity=27 % to 39 %")
LIMITS = ("--limits", "line_load")


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linear predictor of porosity from line load and the porosity before, 40 to 47.7 %."""
    folder = tmp_path_factory.mktemp("inverting")
    _, stored = learners.trained(folder, learners.rows())
    write(stored, folder / "porosity.predictor")
    return folder / "porosity.predictor"


def asked(predictor: Path, *options: str) -> Result:
    """Return what is answered."""
    return CliRunner().invoke(app, ["surrogate", "invert", str(predictor), *options])


def refused(predictor: Path, *options: str) -> str:
    """Return what is said where a question is refused with exit code 2."""
    answer = asked(predictor, *options)
    assert isinstance(answer.exception, ScenarioError)
    assert answer.exception.exit_code == 2
    return f"{answer.stdout}{answer.exception}"


def test_a_value_far_from_what_was_seen_is_named(predictor: Path) -> None:
    """90 % of a feature that was seen from 40 to 47.7 %: no nan, no window, no wider limits."""
    said = refused(predictor, *GOAL, *LIMITS, "--set", "porosity_before=90 %")
    assert "--set porosity_before: 90 % lies outside of what was seen" in said
    assert "(40 % to 47.7 %)" in said
    for word in ("nan", "window", "wider"):
        assert word not in said
    near = asked(predictor, *GOAL, *LIMITS, "--set", "porosity_before=48 %", "--chance", "0.3")
    assert near.exit_code == 0  # by less than a tenth of the range: predicted, with more doubt


def test_a_goal_that_is_not_reached_has_no_window(predictor: Path) -> None:
    """The nearest place and its chance, on the screen and as JSON."""
    far = ("--target", "porosity=33.0 % to 33.1 %")
    said = refused(predictor, *far, *LIMITS, *GIVEN)
    assert "window" not in said
    assert "nearest" in said
    assert "not reached with a chance of 0.9" in said
    answer = asked(predictor, *far, *LIMITS, *GIVEN, "--json")
    told: dict[str, Any] = json.loads(answer.stdout)
    assert (told["reached"], told["window_chance"]) == (False, None)
    assert told["features"][0]["best"] > 0
    assert {(each["low"], each["high"]) for each in told["features"]} == {(None, None)}
    reached = json.loads(asked(predictor, *GOAL, *LIMITS, *GIVEN, "--json").stdout)
    assert reached["features"][0]["low"] < reached["features"][0]["high"]
    assert reached["window_chance"]["least"] >= 0.9


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*GOAL, *LIMITS, "--set", "porosity_before=47"), "with its unit: '47 %'"),
        ((*GOAL, *LIMITS, "--set", "porosity_before=0.47"), "'0.47 %', or '47 %'"),
        ((*GOAL, *GIVEN, "--set", "line_load=400"), "with its unit: '400 N/mm'"),
        ((*GOAL, "--limits", "line_load", "--limits", "porosity_before=40 to 46"), "'40 %'"),
        (("--target", "porosity=27 to 39", *LIMITS, *GIVEN), "with its unit: '27 %'"),
        (("--target", "porosity=30 % +- 2", *LIMITS, *GIVEN), "with its unit: '2 %'"),
    ],
)
def test_an_amount_has_its_unit(predictor: Path, options: tuple[str, ...], said: str) -> None:
    """A share that is shown in per cent is not read as a share of 1: 47 would be 4,700 %."""
    assert said in refused(predictor, *options)


def test_what_has_no_unit_needs_none() -> None:
    """A number of its own, and a probability."""
    index = Target(name="waviness_index", unit="1", link=Link())
    assert goal_of("waviness_index=2 to 3", index).high == 3.0
    chance = Target(name="porosity", unit="1", link=Link(kind="logit"), chance=True)
    assert goal_of("porosity=at most 0.05", chance).high == 0.05
    for goal in ("at most 30", "30 % to 150 %", "at least -10 %"):
        with pytest.raises(ScenarioError, match="is no goal of a probability"):
            goal_of(f"porosity={goal}", chance)
