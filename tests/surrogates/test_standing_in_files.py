"""Files of stand-ins: they come back as they were, and whatever is wrong with one is told."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from standing import Press, asked_of, made_of, recorded

from linetwin.errors import ScenarioError
from linetwin.predictors.card import Data
from linetwin.predictors.stand_in import RegimeAtWork, StandIn
from linetwin.predictors.stand_in_card import AllWeights, StandInCard
from linetwin.predictors.stand_in_store import (
    CARD,
    WEIGHTS,
    read,
    settings_digest,
    settings_of,
    write,
)
from linetwin.scenario.resolved import ProcessConfig, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.surrogates.standing_in.regime import Made


@pytest.fixture(scope="module")
def made() -> list[Made]:
    """Regimes of a press."""
    press = Press()
    found = made_of(press, recorded(press))
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="module")
def file(made: list[Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file of them."""
    target = tmp_path_factory.mktemp("files") / "press.standin"
    card = StandInCard(
        format=1,
        process="calendering",
        model="press",
        token="{1}",  # noqa: S106 - an FMU's, no secret
        made="2026-07-01T00:00:00+00:00",
        coverage=0.9,
        regimes=[each.regime for each in made],
        said=[],
        data=Data(
            name="made", source="a test", licence="CC0-1.0", digest="0" * 64, rows=1, groups=1,
            group="lot",
        ),
        versions={},
        weights_digest="0" * 64,
    )  # fmt: skip
    write(card, AllWeights(regimes=[each.weights for each in made]), target)
    return target


def test_what_is_read_answers_to_the_same_bits(file: Path, made: list[Made]) -> None:
    """Card and numbers lose no digit."""
    stored = read(file)
    before, after = (
        StandIn([RegimeAtWork(regime, weights) for regime, weights in pairs])
        for pairs in (
            [(each.regime, each.weights) for each in made],
            list(zip(stored.card.regimes, stored.weights.regimes, strict=True)),
        )
    )
    asked = asked_of(9, np.random.default_rng(4))
    for one, other in zip(before.apply(*asked), after.apply(*asked), strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_the_same_content_is_the_same_file(file: Path, tmp_path: Path) -> None:
    """The digest names the card, and the card the numbers."""
    stored = read(file)
    again = tmp_path / "again.standin"
    assert write(stored.card, stored.weights, again) == stored.digest
    assert again.read_bytes() == file.read_bytes()


def _rewritten(file: Path, target: Path, change: Callable[[dict[str, Any], Any], None]) -> Path:
    """Copy a file with its card and numbers changed, its digests right."""
    with zipfile.ZipFile(file) as archive:
        card, weights = (json.loads(archive.read(name)) for name in (CARD, WEIGHTS))
    change(card, weights)
    numbers = json.dumps(weights).encode()
    card["weights_digest"] = hashlib.sha256(numbers).hexdigest()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(CARD, json.dumps(card))
        archive.writestr(WEIGHTS, numbers)
    return target


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any], Any], None]:
    def change(card: dict[str, Any], weights: Any) -> None:  # noqa: ANN401 - plain data
        found: Any = {"card": card, "weights": weights}
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = to

    return change


_FIRST = ("regimes", 0)
_WRONG: dict[str, tuple[Callable[[dict[str, Any], Any], None], str]] = {
    "format": (_set("card", "format", to=2), "card.json: format"),
    "extra": (_set("card", "code", to="import os"), "card.json: code: Extra inputs"),
    "no regimes": (_set("card", "regimes", to=[]), "card.json: regimes"),
    "infinite": (_set("weights", *_FIRST, "centres", 0, to=float("inf")), "weights.json"),
    "text": (_set("weights", *_FIRST, "offsets", to=["0"]), "weights.json: regimes.0.offsets"),
    "short": (_set("weights", *_FIRST, "coefficients", to=[]), "one row of coefficients"),
    "axes": (_set("weights", *_FIRST, "axes", to=[[1.0]]), "one axis for each variable"),
    "fewer": (_set("weights", "regimes", to=[]), "another count of regimes"),
    "empty box": (_set("card", *_FIRST, "variables", 0, "high", to=-1.0), "does not hold"),
    "zero spread": (_set("weights", *_FIRST, "spreads", 0, to=0.0), "weights.json"),
    "no variable": (_set("card", *_FIRST, "conditions", to=[]), "what it asks of a call"),
    "huge": (_set("card", *_FIRST, "said", to=["x" * 3000]), "card.json"),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_a_card_that_does_not_hold_is_refused(file: Path, tmp_path: Path, wrong: str) -> None:
    """Field by field, with the file's name and what makes a good one."""
    change, said = _WRONG[wrong]
    with pytest.raises(ScenarioError, match=said) as caught:
        read(_rewritten(file, tmp_path / "wrong.standin", change))
    assert "wrong.standin" in str(caught.value)
    assert "surrogate stand-in" in str(caught.value)


def test_a_damaged_file_is_refused(file: Path, tmp_path: Path) -> None:
    """Missing, empty, noise, cut off, of other members, numbers of another file."""
    content = file.read_bytes()
    damaged = {
        "missing": None,
        "empty": b"",
        "noise": bytes(range(256)),
        "cut": content[: len(content) // 2],
        "flipped": content[:400] + bytes([content[400] ^ 255]) + content[401:],
    }
    for name, held in damaged.items():
        target = tmp_path / f"{name}.standin"
        if held is not None:
            target.write_bytes(held)
        with pytest.raises(ScenarioError, match=f"{name}.standin"):
            read(target)
    other = tmp_path / "other.standin"
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(other, "w") as made:
        made.writestr(CARD, archive.read(CARD))
        made.writestr(WEIGHTS, b'{"regimes": []}')
    with pytest.raises(ScenarioError, match=r"not the one that card\.json describes"):
        read(other)
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("model.pkl", b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ScenarioError, match=r"does not hold card\.json and weights\.json alone"):
        read(other)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """It is looked at before anything is unpacked."""
    bomb = tmp_path / "bomb.standin"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(CARD, b" " * (17 << 20))
        made.writestr(WEIGHTS, b"{}")
    with pytest.raises(ScenarioError, match="would unpack to more than 16 MB"):
        read(bomb)


def test_settings_tell_fmus_of_one_build_apart() -> None:
    """By parameters, mapping and fixed values, whatever their order, and by nothing else."""
    one = Value(2.0, "W", "A", "a guess", "--set")
    two = Value(3.0, "1", "V", "measured", "line.yaml:3")
    first = ProcessConfig("drying", "drying", parameters={"a": one, "b": two})
    same = ProcessConfig("drying", "x.fmu", fidelity="auto", parameters={"b": two, "a": one})
    other = ProcessConfig("drying", "drying", parameters={"a": one})
    assert settings_digest(first) == settings_digest(same)
    assert settings_digest(first) != settings_digest(other)
    assert settings_of(first)["parameters"] == {"a": [2.0, "W"], "b": [3.0, "1"]}
