"""All that is found in one environment of shells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.shells.checking.links import absent_files, dangling
from linetwin.shells.checking.meanings import Coverage, Term, coverage, used_terms
from linetwin.shells.checking.models import other_models, own_models

if TYPE_CHECKING:
    from linetwin.shells.environment import Environment


@dataclass(frozen=True)
class Findings:
    """What there is to say of an environment.

    `twice`: ids of assets that several shells have; `dangling`, `absent`: references and files
    that lead to nothing, each with its place; `models`: those whose file is another than the one
    described, or that state no token; `own`: processes that files of the package are the models of,
    and none of the library; `notes`: what reading the file noted, among it ids
    of shells, submodels and concept descriptions that stand twice.
    """

    shells: int
    concepts: int
    files: int
    submodels: tuple[Coverage, ...]
    terms: tuple[Term, ...]
    twice: tuple[str, ...]
    dangling: tuple[str, ...]
    absent: tuple[str, ...]
    models: tuple[str, ...]
    own: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def elements(self) -> int:
        """Submodels and their elements."""
        return sum(each.elements for each in self.submodels)

    @property
    def marked(self) -> int:
        """Those of them with a semanticId."""
        return sum(each.marked for each in self.submodels)

    @property
    def unexplained(self) -> tuple[Term, ...]:
        """Terms that neither the file, nor linetwin, nor a public dictionary explains."""
        return tuple(each for each in self.terms if not each.explained)

    @property
    def undescribed(self) -> tuple[Term, ...]:
        """Terms without a concept description in the file."""
        return tuple(each for each in self.terms if each.explained != "file")


def check(environment: Environment) -> Findings:
    """Return what there is to say of an environment; nothing of it is an error."""
    shells = list(environment.shells())
    assets = Counter(shell.asset_information.global_asset_id for shell in shells)
    return Findings(
        shells=len(shells),
        concepts=sum(1 for _ in environment.concepts()),
        files=len(environment.files),
        submodels=tuple(coverage(each) for each in environment.submodels()),
        terms=tuple(used_terms(environment)),
        twice=tuple(asset for asset, count in assets.items() if asset and count > 1),
        dangling=tuple(dangling(environment)),
        absent=tuple(absent_files(environment)),
        models=tuple(other_models(environment)),
        own=tuple(own_models(environment)),
        notes=tuple(environment.notes),
    )
