"""Models of an environment whose files are not those that were described."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from basyx.aas import model

from linetwin.shells.building import meaning_of
from linetwin.shells.lining.models import below, differences, stated_models
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.shells.environment import Environment

_FILES = (".fmu", ".yaml", ".yml")


def other_models(environment: Environment) -> list[str]:
    """Return each model whose file has not the token or SHA-256 stated, or that has none stated.

    A token is wanted of what processes of linetwin's refer to; other makers need not state one.
    """
    with TemporaryDirectory(prefix="linetwin-check-") as name:
        folder = Path(name)
        laid: dict[str, Path] = {}
        for path, supplement in environment.files.items():
            if path.endswith(_FILES):
                laid[path] = target = folder / below(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(supplement.content)
        found = [
            f"{submodel.id_short}: {path}: {wrong}"
            for submodel in environment.submodels()
            for path, wrong in differences(environment, submodel, laid)
        ]
        return [*found, *_bare(environment)]


def _bare(environment: Environment) -> Iterator[str]:
    wanted = meaning("process.models")
    for submodel in environment.submodels():
        for place, element in elements(submodel, str(submodel.id_short or submodel.id)):
            if not isinstance(element, model.ReferenceElement) or meaning_of(element) != wanted:
                continue
            target = element.value
            found = None if target is None else environment.objects.get(target.key[0].value)
            if not isinstance(found, model.Submodel):
                yield f"{place}: leads to no SimulationModels"
            elif not any(each.token for each in stated_models(found)):
                yield f"{place}: {found.id} states no InstantiationToken"
