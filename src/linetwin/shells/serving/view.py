"""What a role sees of all that is served: routes ask a view, and get nothing that is hidden."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from linetwin.shells.serving import values
from linetwin.shells.serving.asking import missing
from linetwin.shells.serving.catalogue import KEPT, REJECT, WHOLE, Held, Told, asset_of
from linetwin.shells.serving.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.shells.environment import Supplement
    from linetwin.shells.serving.asking import AssetLink, Tree
    from linetwin.shells.serving.catalogue import Catalogue
    from linetwin.shells.serving.roles import Role
    from linetwin.shells.serving.values import ValueSource

Handle = tuple[str, str]
"""Where something is: the key of its part, and its id."""
_GLOBAL = "globalAssetId"


@dataclass(frozen=True)
class _Seen:
    """What is seen of a part: ids of shells and of submodels."""

    shells: frozenset[str]
    submodels: frozenset[str]


class View:
    """What a role sees; values are those of the moment."""

    def __init__(self, catalogue: Catalogue, role: Role, values: ValueSource) -> None:
        self.role, self._catalogue, self._values = role, catalogue, values
        self._recent: OrderedDict[str, Held] = OrderedDict()
        self._kinds: dict[str, bool] = {}
        self._meanings: dict[str, frozenset[str]] = {}

    # -------------------------------------------------------------------------- what is seen
    @cached_property
    def keys(self) -> Sequence[str]:
        """Return the keys of parts of which something is seen."""
        return [key for key in self._catalogue.all_keys() if key == WHOLE or self._sees_kind(key)]

    @cached_property
    def whole(self) -> Held:
        """Return what is held whole."""
        return redacted(self._catalogue.held(WHOLE), self.role, self._is_hidden)

    @cached_property
    def _seen_whole(self) -> _Seen:
        return _seen(self._catalogue.told(WHOLE), self.role)

    def _sees_kind(self, key: str) -> bool:
        """Say whether shells of a part's kind are seen; parts of a kind differ in no meaning."""
        kind = self._catalogue.kind(key)
        if kind not in self._kinds:
            is_seen = bool(_seen(self._catalogue.told(key), self.role).shells)
            self._kinds[kind] = is_seen and not (self.role.products and kind == REJECT)
        return self._kinds[kind]

    def _seen_in(self, key: str) -> _Seen:
        if key == WHOLE:
            return self._seen_whole
        return _seen(self._catalogue.told(key), self.role)

    def _is_hidden(self, identifier: str) -> bool:
        """Say whether an id is of something that is served, but not to this role."""
        key = self._catalogue.find(identifier)
        if key is None:
            return False
        if key != WHOLE and not self._sees_kind(key):
            return True
        seen, told = self._seen_in(key), self._catalogue.told(key)
        if identifier in told.shells:
            return identifier not in seen.shells
        if identifier in told.headings:
            return identifier not in seen.submodels
        own = [name for name, tree in told.shells.items() if asset_of(tree) == identifier]
        return bool(own) and not any(name in seen.shells for name in own)

    def _held(self, key: str) -> Held:
        if key == WHOLE:
            return self.whole
        if key not in self._recent:
            part = self._catalogue.held(key)
            self._recent[key] = redacted(part, self.role, self._is_hidden)
            if len(self._recent) > KEPT:
                self._recent.popitem(last=False)
        return self._recent[key]

    def _part_of(self, identifier: str) -> str:
        """Return the part of an id; the same refusal for what is absent and what is hidden."""
        key = self._catalogue.find(identifier)
        if key is None or (key != WHOLE and not self._sees_kind(key)):
            raise missing()
        return key

    # -------------------------------------------------------------------------------- things
    def shell(self, identifier: str) -> Tree:
        """Return a shell by its id."""
        return self._shell(self._part_of(identifier), identifier)

    def _shell(self, key: str, identifier: str) -> Tree:
        if key == WHOLE:
            shells = self.whole.shells
        else:
            listed = Held(dict(self._catalogue.told(key).shells))
            shells = redacted(listed, self.role, self._is_hidden).shells
        if identifier not in shells:
            raise missing()
        return shells[identifier]

    def submodel(self, identifier: str) -> Tree:
        """Return a submodel by its id, with the values of the moment."""
        return values.filled(self._submodel(identifier), self._values, self.role.qualifiers)

    def _submodel(self, identifier: str) -> Tree:
        return self._part_with(identifier).submodels[identifier]

    def _part_with(self, submodel: str) -> Held:
        key = self._part_of(submodel)
        if submodel not in self._seen_in(key).submodels:
            raise missing()
        held = self._held(key)
        if submodel not in held.submodels:
            raise missing()
        return held

    def element(self, submodel: str, path: str) -> Tree:
        """Return an element of a submodel by its path, with the values of the moment."""
        held = self._part_with(submodel)
        found = held.index(submodel).get(path)
        if found is None:
            raise missing()
        if values.takes_values(held.submodels[submodel]):
            return values.signal(found, self._values, self.role.qualifiers)
        return found

    def reads_values(self, submodel: str) -> bool:
        """Say whether a submodel's values are looked up when it is read, which takes time."""
        tree = self.whole.submodels.get(submodel)
        return tree is not None and values.takes_values(tree) and self._values.is_slow

    def concept(self, identifier: str) -> Tree:
        """Return a concept description by its id."""
        if identifier not in self.whole.concepts:
            raise missing()
        return self.whole.concepts[identifier]

    def files(self, beside: str) -> Mapping[str, Supplement]:
        """Return the files of the part of a shell or submodel, by their path."""
        return self._held(self._part_of(beside)).files

    # --------------------------------------------------------------------------------- lists
    def keys_for(self, links: Sequence[AssetLink]) -> Sequence[str]:
        """Return the keys of parts in which shells with ids of their asset can be."""
        for name, value in links:
            if name == _GLOBAL:
                key = self._catalogue.find(value)
                return [] if key is None or (key != WHOLE and not self._sees_kind(key)) else [key]
        return self.keys if not links else [WHOLE]

    def shells_in(self, key: str, id_short: str | None, links: Sequence[AssetLink]) -> list[Handle]:
        """Return the shells of a part that have an idShort, and all of some ids of their asset."""
        if key != WHOLE:
            if id_short not in {None, self._catalogue.id_short(key)}:
                return []
            told = self._catalogue.told(key).shells
        else:
            told = self.whole.shells
        return [
            (key, name)
            for name, tree in told.items()
            if id_short in {None, tree.get("idShort")} and _has(tree, links)
        ]

    def submodels_in(self, key: str, id_short: str | None, meaning: str | None) -> list[Handle]:
        """Return the submodels of a part that have an idShort and a semanticId."""
        if meaning is not None and meaning not in self._meanings_of(key):
            return []
        seen = self._seen_in(key).submodels
        return [
            (key, name)
            for name, heading in self._catalogue.told(key).headings.items()
            if name in seen
            and id_short in {None, heading.id_short}
            and meaning in {None, heading.meaning}
        ]

    def _meanings_of(self, key: str) -> frozenset[str]:
        """Return what submodels of a part's kind mean: parts of a kind differ in none."""
        kind = self._catalogue.kind(key)
        if kind not in self._meanings:
            headings = self._catalogue.told(key).headings.values()
            self._meanings[kind] = frozenset(each.meaning for each in headings)
        return self._meanings[kind]


def _seen(told: Told, role: Role) -> _Seen:
    """Return what a role sees of a part."""
    allowed = {name for name, each in told.headings.items() if role.may_see(each.meaning)}
    special = {n for n, each in told.headings.items() if each.meaning in role.shells_with}
    shells, owned = set(), set()
    for name, tree in told.shells.items():
        own = {each["keys"][0]["value"] for each in tree.get("submodels", [])}
        if (role.submodels is None or own & allowed) and (not role.shells_with or own & special):
            shells.add(name)
            owned |= own
    submodels = allowed & owned if role.shells_with else allowed
    return _Seen(frozenset(shells), frozenset(submodels))


def _has(shell: Tree, links: Sequence[AssetLink]) -> bool:
    """Say whether a shell's asset has all of some ids."""
    return all(link in links_of(shell) for link in links)


def links_of(shell: Tree) -> list[AssetLink]:
    """Return the ids of a shell's asset, the global one first."""
    about = shell.get("assetInformation", {})
    found = [(_GLOBAL, asset_of(shell))] if asset_of(shell) else []
    return found + [(each["name"], each["value"]) for each in about.get("specificAssetIds", [])]
