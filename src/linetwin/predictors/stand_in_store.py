"""A stand-in's file: a zip of `card.json` and `weights.json`, plain numbers and text.

It is read as a predictor's: sizes are looked at before anything is unpacked, every field is
checked, and nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.stand_in_card import AllWeights, StandInCard
from linetwin.predictors.store import pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.predictors.stand_in_card import Regime, Weights
    from linetwin.scenario.resolved import ProcessConfig

SUFFIX: Final = ".standin"
CARD, WEIGHTS = "card.json", "weights.json"
MOST_BYTES: Final = {CARD: 16 << 20, WEIGHTS: 128 << 20}
_WANTED: Final = f"a file that `linetwin surrogate stand-in -o NAME{SUFFIX}` made"
_Content = TypeVar("_Content", bound=BaseModel)


@dataclass(frozen=True)
class StoredStandIn:
    """What a file holds; `digest`: SHA-256 of the card, which names that of the weights."""

    card: StandInCard
    weights: AllWeights
    digest: str


def write(card: StandInCard, weights: AllWeights, file: Path) -> str:
    """Write a stand-in's file, whole or not at all; return its digest."""
    numbers = weights.model_dump_json().encode()
    card = card.model_copy(update={"weights_digest": hashlib.sha256(numbers).hexdigest()})
    told = card.model_dump_json(indent=1).encode()
    pack(file, {CARD: told, WEIGHTS: numbers})
    return hashlib.sha256(told).hexdigest()


def read(file: Path) -> StoredStandIn:
    """Read a stand-in's file; ScenarioError, with the reason, for one that is not to be used."""
    content = unpack(file, MOST_BYTES, _WANTED)
    card = _parsed(file, CARD, content[CARD], StandInCard)
    if hashlib.sha256(content[WEIGHTS]).hexdigest() != card.weights_digest:
        _refuse(file, f"{WEIGHTS} is not the one that {CARD} describes")
    weights = _parsed(file, WEIGHTS, content[WEIGHTS], AllWeights)
    if len(weights.regimes) != len(card.regimes):
        _refuse(file, f"{WEIGHTS} has numbers of another count of regimes than {CARD}")
    for number, (regime, own) in enumerate(zip(card.regimes, weights.regimes, strict=True)):
        if reason := _mismatch(regime, own):
            _refuse(file, f"{WEIGHTS}: regimes.{number}: {reason}")
    return StoredStandIn(card, weights, hashlib.sha256(content[CARD]).hexdigest())


def settings_of(process: ProcessConfig) -> dict[str, Any]:
    """Return what of a process decides its FMU's answers beside a call: plain data."""
    return {
        "parameters": {
            name: [value.value, value.unit] for name, value in sorted(process.parameters.items())
        },
        "map": dict(sorted(process.map.items())),
        "fixed": dict(sorted(process.fixed.items())),
    }


def settings_digest(process: ProcessConfig) -> str:
    """Return a digest of `settings_of`."""
    content = json.dumps(settings_of(process), sort_keys=True, default=list)
    return hashlib.sha256(content.encode()).hexdigest()


def _mismatch(regime: Regime, weights: Weights) -> str:
    """Return how numbers do not fit their regime; "" where they do."""
    count = len(regime.variables)
    terms = 1 + count + len(weights.hidden)
    terms += count * (count + 1) // 2 if weights.quadratic else 0
    if {len(weights.centres), len(weights.spreads)} != {count}:
        return "not one centre and spread for each variable"
    if any(len(row) != count for row in weights.hidden):
        return "a bend that is not of all variables"
    if {len(weights.axes), len(weights.low), len(weights.high)} != {count} or any(
        len(row) != count for row in weights.axes
    ):
        return "not one axis for each variable"
    if len(weights.offsets) != len(weights.hidden):
        return "not one offset for each bend"
    if [len(row) for row in weights.coefficients] != [terms] * len(regime.learnt):
        return "not one row of coefficients for each learnt output"
    return ""


def _parsed(file: Path, name: str, content: bytes, model: type[_Content]) -> _Content:
    try:
        return model.model_validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        _refuse(file, f"{name}: {where}: {first['msg']}")


def _refuse(file: Path, message: str) -> NoReturn:
    raise ScenarioError([Problem(message, hint=_WANTED, file=file)])
