"""What can be served: shells held whole, and shells that are described when somebody asks.

A part is what is described together. Parts that are held whole stay; of those described on demand
the last `KEPT` stay, so memory does not grow with what is read.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from linetwin.shells.serving.elements import indexed
from linetwin.shells.writing import as_tree, encoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.shells.environment import Environment, Supplement
    from linetwin.shells.serving.asking import Tree

KEPT: Final = 64
"""Parts described on demand that are held at once."""
WHOLE: Final = ""
"""The key of the part that is held whole."""
REJECT: Final = "reject"
"""The kind of parts of cells that are no products: scrapped, taken apart, or not finished."""


@dataclass(frozen=True)
class Heading:
    """What a submodel is, before it is described: its idShort, and its semanticId's value."""

    id_short: str
    meaning: str


@dataclass(frozen=True)
class Told:
    """What is in a part, before it is described.

    `shells`: id -> shell; `headings`: id -> submodel.
    """

    shells: Mapping[str, Tree]
    headings: Mapping[str, Heading]


class Source(Protocol):
    """Where shells come from that are described on demand, one in each part."""

    def keys(self) -> Sequence[str]:
        """Return the keys of its parts, always in the same order."""
        ...

    def find(self, identifier: str) -> str | None:
        """Return the part with a shell, an asset or a submodel of this id, None for no such."""
        ...

    def kind(self, key: str) -> str:
        """Return what a part is of; those of one kind have submodels of the same meanings."""
        ...

    def told(self, key: str) -> Told:
        """Return what is in a part, without describing it."""
        ...

    def id_short(self, key: str) -> str:
        """Return the idShort of a part's shell."""
        ...

    def describe(self, key: str) -> Environment:
        """Return a part; LinetwinError where it cannot be described."""
        ...


@dataclass
class Held:
    """A part as JSON trees, by id; `files`: by their path within a package."""

    shells: dict[str, Tree] = field(default_factory=dict)
    submodels: dict[str, Tree] = field(default_factory=dict)
    concepts: dict[str, Tree] = field(default_factory=dict)
    files: dict[str, Supplement] = field(default_factory=dict)
    _indexes: dict[str, dict[str, Tree]] = field(default_factory=dict, repr=False)

    def index(self, submodel: str) -> dict[str, Tree]:
        """Return path -> element of a submodel."""
        if submodel not in self._indexes:
            self._indexes[submodel] = indexed(self.submodels[submodel])
        return self._indexes[submodel]


def held(environment: Environment) -> Held:
    """Return an environment as JSON trees."""
    tree = as_tree(environment)
    lists = ("assetAdministrationShells", "submodels", "conceptDescriptions")
    shells, submodels, concepts = (
        {each["id"]: each for each in tree.get(key, [])} for key in lists
    )
    files = {encoded(name): file for name, file in environment.files.items()}  # as trees name them
    return Held(shells, submodels, concepts, files)


class Catalogue:
    """Everything that can be served, each part by its key."""

    def __init__(self, whole: Environment, source: Source | None = None) -> None:
        self.source = source
        self.notes = list(whole.notes)
        self._whole = held(whole)
        self._told = Told(self._whole.shells, {
            name: Heading(tree.get("idShort", ""), meaning_of(tree))
            for name, tree in self._whole.submodels.items()
        })  # fmt: skip
        self._assets = {asset_of(tree): WHOLE for tree in self._whole.shells.values()}
        self._recent: OrderedDict[str, Held] = OrderedDict()

    def all_keys(self) -> Sequence[str]:
        """Return the keys of all parts; what is held whole comes first."""
        return [WHOLE, *(self.source.keys() if self.source else ())]

    def find(self, identifier: str) -> str | None:
        """Return the part with a shell, an asset or a submodel of this id, None for no such."""
        whole = self._whole
        if identifier in whole.shells or identifier in whole.submodels:
            return WHOLE
        if identifier in self._assets:
            return WHOLE
        return self.source.find(identifier) if self.source else None

    def told(self, key: str) -> Told:
        """Return what is in a part, without describing it."""
        return self._told if key == WHOLE else self._source.told(key)

    def kind(self, key: str) -> str:
        """Return what a part is of."""
        return WHOLE if key == WHOLE else self._source.kind(key)

    def id_short(self, key: str) -> str:
        """Return the idShort of the shell of a part that is described on demand."""
        return self._source.id_short(key)

    def held(self, key: str) -> Held:
        """Return a part, described now where it is not held."""
        if key == WHOLE:
            return self._whole
        if key not in self._recent:
            self._recent[key] = held(self._source.describe(key))
            if len(self._recent) > KEPT:
                self._recent.popitem(last=False)
        self._recent.move_to_end(key)
        return self._recent[key]

    @property
    def _source(self) -> Source:
        if self.source is None:
            raise KeyError("no part is described on demand")
        return self.source


def meaning_of(tree: Tree) -> str:
    """Return the last key of a semanticId, stripped; "" where there is none."""
    keys = tree.get("semanticId", {}).get("keys", [])
    return str(keys[-1]["value"]).strip() if keys else ""


def asset_of(shell: Tree) -> str:
    """Return the global id of a shell's asset, "" where it has none."""
    return str(shell.get("assetInformation", {}).get("globalAssetId", ""))
