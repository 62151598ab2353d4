"""JSON text as a tree of dicts, lists and texts, within bounds."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from linetwin.shells.reading.account import shown

if TYPE_CHECKING:
    from linetwin.errors import ScenarioError
    from linetwin.shells.reading.account import Account
    from linetwin.shells.reading.limits import Limits

_LISTS = ("assetAdministrationShells", "submodels", "conceptDescriptions")


class Number(str):
    """A number as the file writes it: nothing in a shell is a JSON number, so none is made."""

    __slots__ = ()


class _TwiceError(ValueError):
    """An object names a key twice."""


class _TooManyError(ValueError):
    """More objects than are allowed."""


def json_tree(text: str, account: Account, limits: Limits) -> dict[str, Any]:
    """Return the environment in a JSON text: lists of shells, submodels and concept descriptions.

    A single object, or a list of them, as a server answers it, is put into an environment.
    """
    # Brackets in texts count too: the bound is far above what a file of shells has.
    if text.count("[") + text.count("{") > limits.nodes:
        raise account.refusal(
            f"holds more than {limits.nodes:,} objects and lists", hint="split the file"
        )
    objects = 0

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal objects
        objects += 1
        found = dict(items)
        if len(found) != len(items):
            raise _TwiceError(Counter(key for key, _ in items).most_common(1)[0][0])
        return found

    numbers = 0

    def number(digits: str) -> Number:
        nonlocal numbers
        numbers += 1
        if numbers > limits.elements:
            raise _TooManyError
        return Number(digits)

    try:
        tree = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_int=number,
            parse_float=number,
            parse_constant=Number,
        )
    except _TwiceError as error:
        raise account.refusal(
            "an object names this key twice", shown(error), "each key once"
        ) from error
    except _TooManyError as error:
        raise account.refusal(f"holds more than {limits.elements:,} numbers") from error
    except RecursionError as error:
        raise _too_deep(account, limits) from error
    except ValueError as error:
        raise account.refusal(f"is no JSON: {shown(error)}") from error
    _check_depth(tree, account, limits)
    return _environment(tree, account)


def _too_deep(account: Account, limits: Limits) -> ScenarioError:
    return account.refusal(f"is nested more than {limits.depth} deep")


def _check_depth(tree: object, account: Account, limits: Limits) -> None:
    """Go down level by level: no recursion, whatever the depth."""
    level = [tree] if isinstance(tree, (dict, list)) else []
    for _ in range(limits.depth):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
    if level:
        raise _too_deep(account, limits)


def _environment(tree: object, account: Account) -> dict[str, Any]:
    """Return the tree as an environment, or say why it is none."""
    if isinstance(tree, dict) and isinstance(tree.get("modelType"), str):
        tree = [tree]
    if isinstance(tree, list):
        kinds = dict(
            zip(("AssetAdministrationShell", "Submodel", "ConceptDescription"), _LISTS, strict=True)
        )
        whole: dict[str, Any] = {}
        for index, item in enumerate(tree):
            kind = item.get("modelType") if isinstance(item, dict) else None
            if kind not in kinds:
                raise account.refusal(
                    "is no shell, submodel or concept description", f"[{index}]", _allowed()
                )
            whole.setdefault(kinds[kind], []).append(item)
        return whole
    if not isinstance(tree, dict):
        raise account.refusal("is no environment of shells", hint=_allowed())
    if _is_second_generation(tree):
        raise account.refusal(
            "is of metamodel 1.0 or 2.0 (it has `identification`, or lists `assets`)",
            hint="metamodels 3.0 and 3.1 are read; convert it first",
        )
    return tree


def _allowed() -> str:
    return "an object with " + ", ".join(f"`{key}`" for key in _LISTS)


def _is_second_generation(tree: dict[str, Any]) -> bool:
    """Return whether the file is of the metamodel before 3.0, by what only that one has."""
    if isinstance(tree.get("assets"), list):
        return True
    first = (item for key in _LISTS if isinstance(tree.get(key), list) for item in tree[key][:1])
    return any(isinstance(item, dict) and "identification" in item for item in first)
