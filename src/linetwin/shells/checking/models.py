"""Models of an environment: files that are not those described, and files of one's own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from basyx.aas import model

from linetwin.shells.building import meaning_of
from linetwin.shells.lining.models import (
    below,
    differences,
    own_file,
    runs_on,
    stated_models,
    stated_of,
)
from linetwin.shells.naming import name_of
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


def own_models(environment: Environment) -> Iterator[str]:
    """Yield each process of a machine whose model is a file of the package, and that file."""
    for shell in environment.shells():
        for reference in sorted(shell.submodel, key=lambda each: each.key[0].value):
            submodel = environment.objects.get(reference.key[0].value)
            if not isinstance(submodel, model.Submodel):
                continue
            for _, process in elements(submodel):
                if isinstance(process, model.SubmodelElementCollection) and (
                    path := _own_file(environment, process)
                ):
                    yield f"{_named(shell)}.{_named(process)}: {runs_on(path)}"


def _own_file(environment: Environment, process: model.SubmodelElementCollection) -> str:
    """Return the file of the package that a process runs on; "" for none."""
    parts = {meaning_of(each): each for each in process.value}
    used, target = parts.get(meaning("process.model")), parts.get(meaning("process.models"))
    if not isinstance(used, model.Property) or not isinstance(target, model.ReferenceElement):
        return ""
    key = "" if target.value is None else target.value.key[0].value
    submodel, reference = environment.objects.get(key), str(used.value or "")
    stated = stated_of(reference, submodel) if isinstance(submodel, model.Submodel) else set()
    return own_file(environment, reference, stated.pop()) if len(stated) == 1 else ""


def _named(element: model.Referable) -> str:
    """Return the name that an idShort stands for; the idShort where it stands for none."""
    try:
        return name_of(element.id_short or "")
    except ValueError:
        return str(element.id_short)


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
