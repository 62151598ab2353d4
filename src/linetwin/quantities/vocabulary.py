"""Reading `vocabulary.toml` and answering by name."""

from __future__ import annotations

import difflib
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

QuantityType = Literal["float", "int", "bool", "str"]
_FIELDS = {"type", "unit", "unece", "display", "meaning", "minimum", "maximum", "iri", "choices"}


@dataclass(frozen=True)
class Quantity:
    """One entry of the vocabulary.

    `unit` is the canonical UCUM unit in which the program and its result files hold the value;
    `display` is the UCUM unit shown to people; `unece` the UN/ECE Recommendation 20 code of
    `unit` ("" where none exists); `minimum` and `maximum` bound what is plausible, in `unit`;
    `choices`: the texts that are allowed, any where there are none.
    """

    name: str
    unit: str
    meaning: str
    type: QuantityType = "float"
    display: str = ""
    unece: str = ""
    minimum: float = -math.inf
    maximum: float = math.inf
    iri: str = ""
    choices: tuple[str, ...] = ()


class Vocabulary:
    """Quantities by name."""

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        self._quantities = dict(quantities)

    def __getitem__(self, name: str) -> Quantity:
        """Return the quantity called `name`; ScenarioError with the nearest names otherwise."""
        if name not in self._quantities:
            near = difflib.get_close_matches(name, self._quantities, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else ""
            raise ScenarioError([Problem(f"unknown quantity '{name}'", hint=hint)])
        return self._quantities[name]

    def __contains__(self, name: object) -> bool:
        return name in self._quantities

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self._quantities.values())

    def __len__(self) -> int:
        return len(self._quantities)

    def extended(self, file: Path) -> Vocabulary:
        """Return this vocabulary with the entries of a user's `file` added.

        An entry that contradicts an existing one in type or unit is a ScenarioError.
        """
        added = _parse(file.read_text(encoding="utf-8"), file)
        problems = [
            Problem(
                f"quantity is already defined with unit {self[name].unit}",
                key=name,
                hint="choose another name",
                file=file,
            )
            for name, new in added.items()
            if name in self and (new.unit, new.type) != (self[name].unit, self[name].type)
        ]
        if problems:
            raise ScenarioError(problems)
        return Vocabulary({**self._quantities, **added})


def _parse(text: str, file: Path | None) -> dict[str, Quantity]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([Problem(str(error), file=file)]) from error
    problems: list[Problem] = []
    quantities: dict[str, Quantity] = {}
    for name, entry in document.items():
        unknown = sorted(set(entry) - _FIELDS)
        missing = sorted({"unit", "meaning"} - set(entry))
        if unknown:
            hint = f"allowed: {', '.join(sorted(_FIELDS))}"
            problems.append(Problem(f"unknown keys {unknown}", key=name, hint=hint, file=file))
        elif missing:
            problems.append(Problem(f"missing keys {missing}", key=name, file=file))
        else:
            quantities[name] = Quantity(
                name=name,
                **{"display": entry["unit"], **entry, "choices": tuple(entry.get("choices", ()))},
            )
    if problems:
        raise ScenarioError(problems)
    return quantities


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary that ships with linetwin."""
    text = resources.files("linetwin.quantities").joinpath("vocabulary.toml").read_text("utf-8")
    return Vocabulary(_parse(text, None))
