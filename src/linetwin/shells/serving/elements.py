"""Elements of a submodel as JSON trees: their paths, values, metadata and references.

Paths are those of Part 2: `Section.list[0].value`. Value-only forms are those of its value-only
serialisation; a number that JSON cannot write (NaN, infinities) stays a text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from linetwin.shells.serving.asking import Depth, Tree, bad, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHILDREN: Final = {
    "Submodel": "submodelElements",
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
_PATHED: Final = {"SubmodelElementCollection", "SubmodelElementList", "Entity"}
_VALUES: Final = {
    "Property": ("value", "valueId"),
    "MultiLanguageProperty": ("value", "valueId"),
    "Range": ("min", "max"),
    "File": ("value", "contentType"),
    "Blob": ("value", "contentType"),
    "ReferenceElement": ("value",),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second", "annotations"),
    "Entity": ("statements", "entityType", "globalAssetId", "specificAssetIds"),
    "SubmodelElementCollection": ("value",),
    "SubmodelElementList": ("value",),
    "BasicEventElement": ("observed",),
    "Operation": ("inputVariables", "outputVariables", "inoutputVariables"),
    "Submodel": ("submodelElements",),
}
"""Attributes that are values, not metadata."""
_INTEGERS: Final = {
    "integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger",
    "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "nonPositiveInteger",
    "negativeInteger",
}  # fmt: skip
_REALS: Final = {"double", "float", "decimal"}


def children(tree: Tree) -> list[Tree]:
    """Return the elements within a submodel or an element, those of operations left aside."""
    found: list[Tree] = tree.get(CHILDREN.get(tree.get("modelType", ""), ""), [])
    return found


def indexed(submodel: Tree) -> dict[str, Tree]:
    """Return path -> element of all elements of a submodel, parents first."""
    return dict(_walk(submodel, ""))


def _walk(tree: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    for each, child in _steps(tree, path):
        yield each, child
        yield from _walk(child, each)


def _steps(tree: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """Yield path and element of each child."""
    is_list = tree.get("modelType") == "SubmodelElementList"
    for number, child in enumerate(children(tree)):
        short = child.get("idShort", "")
        yield (f"{path}[{number}]" if is_list else f"{path}.{short}" if path else short), child


def paths(tree: Tree, own: str, depth: Depth) -> list[str]:
    """Return the paths of what is told of an element (`own`: its path) or of a submodel ("")."""
    if own and tree.get("modelType") not in _PATHED:
        raise bad("$path: of collections, lists and entities alone")
    steps = _walk(tree, own) if depth.is_deep else _steps(tree, own)
    return [*([own] if own else []), *(path for path, _ in steps)]


def told(tree: Tree, depth: Depth) -> Tree:
    """Return an element or a submodel down to a level; blobs have their bytes where asked for."""
    return _cut(tree, depth, 0)


def _cut(tree: Tree, depth: Depth, level: int) -> Tree:
    kind = tree.get("modelType", "")
    inner = CHILDREN.get(kind)
    if kind == "Blob" and not depth.with_blobs:
        return {key: value for key, value in tree.items() if key != "value"}
    if inner is None or inner not in tree:
        return tree
    if level and not depth.is_deep:
        return {key: value for key, value in tree.items() if key != inner}
    return {**tree, inner: [_cut(child, depth, level + 1) for child in tree[inner]]}


def metadata(tree: Tree) -> Tree:
    """Return what an element or a submodel is, without its value and what is in it."""
    hidden = _VALUES.get(tree.get("modelType", ""), ())
    return {key: value for key, value in tree.items() if key not in hidden}


def value(tree: Tree, depth: Depth) -> Any:  # noqa: ANN401 - JSON
    """Return the value-only form of an element or a submodel; Refusal where it has none."""
    if tree.get("modelType", "") not in _FORMS:
        raise bad("$value: operations and capabilities have no value")
    return _value(_cut(tree, depth, 0))


def _value(tree: Tree) -> Any:  # noqa: ANN401 - JSON
    return _FORMS[tree["modelType"]](tree)


def _named(elements: list[Tree]) -> Tree:
    """Return idShort -> value; what has no value-only form is left out."""
    return {
        each.get("idShort", ""): _value(each)
        for each in elements
        if each.get("modelType") in _FORMS
    }


def _within(tree: Tree) -> Tree:
    return _named(children(tree))


def _row(tree: Tree) -> list[Any]:
    return [_value(each) for each in children(tree) if each.get("modelType") in _FORMS]


def _range(tree: Tree) -> Tree:
    kind = tree.get("valueType", "")
    return {end: typed(tree[end], kind) for end in ("min", "max") if end in tree}


def _related(tree: Tree) -> Tree:
    found = _kept(tree, "first", "second")
    notes = tree.get("annotations")
    return found | ({"annotations": [_named([each]) for each in notes]} if notes else {})


def _entity(tree: Tree) -> Tree:
    found = {"statements": _within(tree), **_kept(tree, "entityType", "globalAssetId")}
    if others := tree.get("specificAssetIds"):
        found["specificAssetIds"] = [{each["name"]: each["value"]} for each in others]
    return found


def _kept(tree: Tree, *keys: str) -> Tree:
    return {key: tree[key] for key in keys if key in tree}


_FORMS: Final[dict[str, Callable[[Tree], Any]]] = {
    "Submodel": _within,
    "SubmodelElementCollection": _within,
    "SubmodelElementList": _row,
    "Property": lambda tree: typed(tree.get("value"), tree.get("valueType", "")),
    "MultiLanguageProperty": lambda tree: [
        {each["language"]: each["text"]} for each in tree.get("value", [])
    ],
    "Range": _range,
    "File": lambda tree: _kept(tree, "contentType", "value"),
    "Blob": lambda tree: _kept(tree, "contentType", "value"),
    "ReferenceElement": lambda tree: tree.get("value"),
    "RelationshipElement": _related,
    "AnnotatedRelationshipElement": _related,
    "Entity": _entity,
    "BasicEventElement": lambda tree: _kept(tree, "observed"),
}


def typed(text: str | None, value_type: str) -> str | float | int | bool | None:
    """Return the text of an XSD value as JSON has it: a number, a truth, or the text."""
    kind = value_type.removeprefix("xs:")
    if text is None:
        return None
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in _REALS:
            number = float(text)
            return number if math.isfinite(number) else text
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text, text)
    return text


def reference(submodel: Tree, path: str) -> Tree:
    """Return the reference to an element by its path, to the submodel itself where it is ""."""
    keys = [{"type": "Submodel", "value": submodel["id"]}]
    tree, passed = submodel, ""
    while passed != path:
        for number, (each, child) in enumerate(_steps(tree, passed)):
            if path == each or path.startswith((f"{each}.", f"{each}[")):
                is_list = tree.get("modelType") == "SubmodelElementList"
                name = str(number) if is_list else child.get("idShort", "")
                keys.append({"type": child["modelType"], "value": name})
                tree, passed = child, each
                break
        else:
            raise missing()
    return {"type": "ModelReference", "keys": keys}
