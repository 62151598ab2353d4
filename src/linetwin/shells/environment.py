"""Shells, submodels and concept descriptions together with the files they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from basyx.aas import model
from basyx.aas.model import concept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from basyx.aas.model.concept import ConceptDescription


@dataclass(frozen=True)
class Supplement:
    """A file that travels with the shells, such as an FMU.

    `name`: its path within a package, from the root (`/files/coating.fmu`).
    """

    name: str
    content: bytes
    content_type: str


@dataclass
class Environment:
    """What an AASX, a JSON or an XML file holds.

    `notes`: what a reader warns of, in words, each with the place in the file.
    """

    objects: model.DictIdentifiableStore[model.Identifiable] = field(
        default_factory=model.DictIdentifiableStore
    )
    files: dict[str, Supplement] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def shells(self) -> Iterator[model.AssetAdministrationShell]:
        """Yield the shells."""
        return (o for o in self.objects if isinstance(o, model.AssetAdministrationShell))

    def submodels(self) -> Iterator[model.Submodel]:
        """Yield the submodels."""
        return (o for o in self.objects if isinstance(o, model.Submodel))

    def concepts(self) -> Iterator[ConceptDescription]:
        """Yield the concept descriptions."""
        return (o for o in self.objects if isinstance(o, concept.ConceptDescription))
