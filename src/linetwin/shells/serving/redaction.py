"""A part as a role sees it, without the submodels, elements and references hidden from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from linetwin.shells.serving.catalogue import Held, meaning_of
from linetwin.shells.serving.elements import children
from linetwin.shells.terms import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from linetwin.shells.serving.asking import Tree
    from linetwin.shells.serving.roles import Role

_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "ReferenceElement": frozenset({"value"}),
    "SubmodelElementCollection": frozenset({"value"}),
    "SubmodelElementList": frozenset({"value"}),
    "RelationshipElement": frozenset({"first", "second"}),
    "AnnotatedRelationshipElement": frozenset({"first", "second"}),
    "BasicEventElement": frozenset({"observed"}),
}
"""What an element cannot be without; where it had it, it goes with it."""
_GONE = object()


def redacted(part: Held, role: Role, is_hidden: Callable[[str], bool]) -> Held:
    """Return a part as a role sees it; `is_hidden`: whether an id is of what it may not see."""
    if role.sees_all:
        return part
    cleaner = _Cleaner(role, is_hidden, part)
    shells = {
        name: cleaner.clean(tree) for name, tree in part.shells.items() if not is_hidden(name)
    }
    submodels = {
        name: cleaner.clean(tree) for name, tree in part.submodels.items() if not is_hidden(name)
    }
    seen = {text for tree in submodels.values() for text in meanings_of(tree)}
    concepts = {
        name: tree
        for name, tree in part.concepts.items()
        if role.submodels is None or name in seen or named(name) is not None
    }
    files = set(files_of([*shells.values(), *submodels.values()]))
    kept = {name: file for name, file in part.files.items() if name in files}
    return Held(shells, submodels, concepts, kept)


class _Cleaner:
    def __init__(self, role: Role, is_hidden: Callable[[str], bool], part: Held) -> None:
        self._role, self._is_hidden, self._part = role, is_hidden, part

    def clean(self, tree: Tree) -> Tree:
        """Return a shell or a submodel without what is hidden in it."""
        return {
            key: kept for key, value in tree.items() if (kept := self._kept(value)) is not _GONE
        }

    def _kept(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, list):
            left = [kept for each in value if (kept := self._kept(each)) is not _GONE]
            return left if left or not value else _GONE
        if not isinstance(value, dict):
            return value
        if self._is_out(value):
            return _GONE
        cleaned = self.clean(value)
        needed = _NEEDED.get(value.get("modelType", ""), ())
        return _GONE if any(key in value and key not in cleaned for key in needed) else cleaned

    def _is_out(self, tree: Tree) -> bool:
        """Say whether an element, a qualifier or a reference is hidden as a whole."""
        if tree.get("type") == "ModelReference":
            target = str(tree["keys"][0]["value"])
            return self._is_hidden(target) or self._passes_hidden(target, tree["keys"][1:])
        if "modelType" in tree:
            asset = tree.get("globalAssetId")
            if asset is not None and self._is_hidden(asset):
                return True
            return _is_left_out(tree, self._role)
        return "valueType" in tree and tree.get("type") in self._role.qualifiers

    def _passes_hidden(self, submodel: str, keys: Sequence[Tree]) -> bool:
        """Say whether the way to an element leads through one that is left out."""
        step = self._part.submodels.get(submodel) if self._role.elements else None
        for key in keys:
            if step is None:
                return False
            inner, name = children(step), str(key["value"])
            if step.get("modelType") == "SubmodelElementList":
                number = int(name) if name.isdecimal() else len(inner)
                step = inner[number] if number < len(inner) else None
            else:
                step = next((each for each in inner if each.get("idShort") == name), None)
            if step is not None and _is_left_out(step, self._role):
                return True
        return False


def _is_left_out(element: Tree, role: Role) -> bool:
    """Say whether an element has a meaning, its own or a supplemental one, that a role misses."""
    more = [str(each["keys"][-1]["value"]) for each in element.get("supplementalSemanticIds", [])]
    return not role.elements.isdisjoint([meaning_of(element), *more])


def meanings_of(tree: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the values of all references outward: semanticIds, and what stands in values."""
    if isinstance(tree, list):
        for each in tree:
            yield from meanings_of(each)
    elif isinstance(tree, dict):
        if tree.get("type") == "ExternalReference" or "keys" in tree:
            yield from (str(key["value"]).strip() for key in tree["keys"])
        for each in tree.values():
            yield from meanings_of(each)


def files_of(trees: Iterable[Any]) -> Iterator[str]:
    """Yield the paths of files that elements name, or that are a shell's thumbnail."""
    for tree in trees:
        if isinstance(tree, list):
            yield from files_of(tree)
        elif isinstance(tree, dict):
            if tree.get("modelType") == "File" and "value" in tree:
                yield str(tree["value"])
            if "defaultThumbnail" in tree:
                yield str(tree["defaultThumbnail"].get("path", ""))
            yield from files_of(tree.values())
