"""What each role may see: a table of submodels by semanticId, `roles.toml` or the user's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.shells.describing.interfaces import SIGNALS
from linetwin.shells.running import passport
from linetwin.shells.terms import SUBMODELS, meaning

if TYPE_CHECKING:
    from pathlib import Path

ALL: Final = "*"
_RECIPE: Final = SUBMODELS["ProcessParameters"]
_OF_RECIPE: Final = ("signal.setpoint", "executed.set")
"""Elements of other submodels that tell the recipe: only who sees it sees these."""
_LISTS: Final = ("submodels", "with", "without", "elements")
_PRODUCTS: Final = "products"
_KEYS: Final = (*_LISTS, _PRODUCTS)


@dataclass(frozen=True)
class Role:
    """A role; semanticIds of submodels that it sees, `None` for all.

    `shells_with`: it sees only shells with a submodel of one of these, if any are named.
    `qualifiers`, `elements`: kinds of qualifiers, and semanticIds of elements, supplemental ones
    too, that are left out. `products`: of the cells of a run it sees only those graded good.
    """

    name: str
    submodels: frozenset[str] | None = None
    shells_with: frozenset[str] = frozenset()
    qualifiers: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    products: bool = False

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden from it."""
        hidden = self.shells_with | self.qualifiers | self.elements
        return self.submodels is None and not hidden and not self.products

    def may_see(self, submodel: str) -> bool:
        """Say whether it sees submodels of a semanticId."""
        return self.submodels is None or submodel in self.submodels


def read_roles(file: Path | None = None) -> dict[str, Role]:
    """Return the roles by name, of a TOML file or linetwin's own table.

    Raises ScenarioError with everything that is wrong with the file.
    """
    try:
        if file is None:
            text = resources.files("linetwin.shells.serving").joinpath("roles.toml").read_text()
        else:
            text = file.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ScenarioError([Problem(f"unreadable: {error}", hint="TOML", file=file)]) from error
    problems: list[Problem] = []
    found = {name: _role(name, table, file, problems) for name, table in tables.items()}
    if not found:
        problems.append(Problem("names no role", hint="[customer]", file=file))
    if problems:
        raise ScenarioError(problems)
    return found


def _role(name: str, table: Any, file: Path | None, problems: list[Problem]) -> Role:  # noqa: ANN401
    if not isinstance(table, dict):
        problems.append(Problem("is no table", name, "[customer]", file))
        return Role(name)
    problems += [
        Problem("unknown", f"{name}.{key}", f"allowed: {', '.join(_KEYS)}", file)
        for key in table
        if key not in _KEYS
    ]
    lists = {key: table.get(key, []) for key in _LISTS}
    for key, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            problems.append(Problem("has to be a list of texts", f"{name}.{key}", file=file))
            lists[key] = []
    if not isinstance(table.get(_PRODUCTS, False), bool):
        problems.append(Problem("has to be true or false", f"{name}.{_PRODUCTS}", file=file))
    if "submodels" not in table:
        problems.append(Problem("is missing", f"{name}.submodels", 'a list, ["*"] for all', file))
    named = known()
    ids = {key: frozenset(named.get(each, each) for each in lists[key]) for key in _LISTS}
    problems += [
        Problem(f"'{each}' is no submodel", f"{name}.{key}", ", ".join(sorted(named)), file)
        for key in ("submodels", "with")
        for each in sorted(ids[key])
        if each != ALL and ":" not in each and "#" not in each
    ]
    seen = None if ALL in ids["submodels"] else ids["submodels"]
    hidden = ids["elements"]
    if seen is not None and _RECIPE not in seen:
        hidden |= frozenset(map(meaning, _OF_RECIPE))
    qualifiers, products = frozenset(lists["without"]), table.get(_PRODUCTS) is True
    return Role(name, seen, ids["with"], qualifiers, hidden, products)


def known() -> dict[str, str]:
    """Return the names under which a table may name submodels, with their semanticIds."""
    return {
        **SUBMODELS,
        SIGNALS: meaning("signals"),
        "BatteryNameplate": passport.NAMEPLATE,
        "BatteryTechnicalData": passport.TECHNICAL,
        "MaterialComposition": passport.MATERIALS,
        "FootprintBreakdown": meaning("footprint"),
    }
