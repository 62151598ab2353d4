"""What is told of stand-ins: outputs that are small, files that are alike or never asked."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from standing import Press, asked_of, at_work, made_of, recorded

from linetwin.cli.standing_in import _width_problems, known_alone, stand_ins
from linetwin.contracts import CONTRACTS
from linetwin.predictors.card import Data
from linetwin.predictors.stand_in_card import AllWeights, StandInCard
from linetwin.predictors.stand_in_rough import rough_of
from linetwin.predictors.stand_in_store import settings_digest, write
from linetwin.scenario import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns, Phase
    from linetwin.scenario.resolved import Scenario
    from linetwin.surrogates.standing_in.regime import Made

CALENDER = "cathode.calender"


class Plating(Press):
    """A press that also tells charges: one of 5 A.h, and one a hundred million times smaller.

    `noise`: of the small one, over itself; in no relation to what is given (a voltage: 1e-5 of it).
    """

    noise = 0.0

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through both phases; see `contracts.Transform`."""
        found = super().apply(start, phases)
        first = found[0]
        porosity = first["porosity"]
        first["charged_capacity"] = 5.0 + 0.1 * porosity
        wild = np.sin(1e7 * porosity)
        first["plated_capacity"] = 1e-7 * porosity * (1.0 + self.noise * wild)
        first["voltage"] = 3.7 * (1.0 + 1e-5 * self.noise * wild)
        return found


@pytest.fixture(scope="module")
def plating() -> list[Made]:
    """Regimes of it."""
    press = Plating()
    found = made_of(press, recorded(press))
    assert isinstance(found, list)
    return found


def test_a_small_output_is_learnt_by_its_own_scatter(plating: list[Made]) -> None:
    """3e-8 A.h follow porosity to 0.3 %, though 5 A.h stand beside them."""
    press = Plating()
    start, phases = asked_of(20, np.random.default_rng(41))
    told = at_work(plating).apply(start, phases)[0]["plated_capacity"]
    true = press.apply(start, phases)[0]["plated_capacity"]
    assert np.ptp(true) > 0.02 * true.max()
    np.testing.assert_allclose(told, true, rtol=0.003)
    assert rough_of([each.regime for each in plating], {}) == []


def test_an_output_that_nothing_explains_is_told_with_its_interval() -> None:
    """`auto` takes it, as it is small beside others of its unit; `widest` lets the FMU answer.

    Nothing explains the last 37 uV of 3.7 V either, and nobody wants to hear that.
    """
    press = Plating()
    press.noise = 0.5
    made = made_of(press, recorded(press))
    assert isinstance(made, list)
    (said,) = rough_of([each.regime for each in made], {})
    assert said.startswith("plated_capacity (to ")
    assert " either way, of " in said
    assert "Ah" in said
    assert rough_of([each.regime for each in made], {"plated_capacity": 1e-12}) == []


def test_a_stand_in_that_is_named_but_not_asked_is_told_once() -> None:
    """With file, key, and what lets it answer."""
    scenario = load("baseline")
    config = scenario.stations[CALENDER]
    idle = replace(
        config.processes["calendering"],
        stand_in="/x/cal.standin",
        fidelity_key="a.yaml: processes.c",
    )
    stations = {
        path: replace(config, processes={"calendering": idle}) for path in (CALENDER, "another")
    }
    (said,) = known_alone(replace(scenario, stations=stations))
    assert said.startswith("a.yaml: processes.c.stand_in: cal.standin is not used, the FMU answers")
    assert "`fidelity: auto`" in said


def _written(made: Sequence[Made], file: Path, scenario: Scenario) -> Path:
    """Write regimes as those of the calender."""
    settings = settings_digest(scenario.stations[CALENDER].processes["calendering"])
    card = StandInCard(
        format=1, process="calendering", model="press", token="{1}", made="2026", coverage=0.9,  # noqa: S106
        regimes=[each.regime.model_copy(update={"settings": settings}) for each in made], said=[],
        data=Data(name="made", source="a test", licence="CC0-1.0", digest="0" * 64, rows=1,
                  groups=1, group="lot"),
        versions={}, weights_digest="0" * 64,
    )  # fmt: skip
    file.parent.mkdir(exist_ok=True)
    write(card, AllWeights(regimes=[each.weights for each in made]), file)
    return file


def test_a_manifest_tells_files_of_one_name_apart(plating: list[Made], tmp_path: Path) -> None:
    """By the folder; with the SHA-256 of the file as any tool has it."""
    scenario = load("baseline")
    config = scenario.stations[CALENDER]
    files = [
        _written(made, tmp_path / folder / "cal.standin", scenario)
        for folder, made in (("old", plating), ("new", plating[:1]))
    ]
    stations = {
        name: replace(
            config,
            path=name,
            processes={
                "calendering": replace(
                    config.processes["calendering"], fidelity="auto", stand_in=str(file)
                )
            },
        )
        for name, file in zip("ab", files, strict=True)
    }
    found = stand_ins(replace(scenario, stations=stations))
    assert [entry["file"] for entry in found.values()] == ["old/cal.standin", "new/cal.standin"]
    for entry, file in zip(found.values(), files, strict=True):
        assert entry["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert entry["digest"] != entry["sha256"]
    one = {"a": stations["a"]}
    assert stand_ins(replace(scenario, stations=one))["a.calendering"]["file"] == "cal.standin"


def test_an_interval_is_no_wider_than_what_a_quantity_can_be() -> None:
    """A share's 500 % are a slip, 100 % are not; a temperature's width is told in kelvins."""
    process = load("baseline").stations[CALENDER].processes["calendering"]
    wrong = replace(process, widest={"porosity": 5.0}, fidelity_key="a.yaml: processes.calendering")
    (problem,) = _width_problems(wrong, CONTRACTS["calendering"])
    assert problem.key == "a.yaml: processes.calendering.widest.porosity"
    assert problem.message == "500 % is wider than all that porosity can be"
    assert problem.hint == "above 0, up to 100 %"
    good = replace(process, widest={"porosity": 1.0})
    assert _width_problems(good, CONTRACTS["calendering"]) == []
    dried = replace(process, widest={"film_temperature": 1e9})
    (problem,) = _width_problems(dried, CONTRACTS["drying"])
    assert problem.message.startswith("1e+09 K is wider")
