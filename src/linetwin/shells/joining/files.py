"""The FMUs of a machine's SimulationModels: found, and held against what is said of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.cosim.binary import check_platform
from linetwin.cosim.description import Description, read_description
from linetwin.errors import WiringError
from linetwin.shells.joining.meanings import below, last, text_of
from linetwin.shells.joining.questions import IGNORE, Question
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.shells.joining.context import Context

_TEMPLATE: Final = "https://admin-shell.io/idta/SubmodelTemplate/SimulationModels/"
BASE: Final = "https://admin-shell.io/idta/SimulationModels/"
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}\Z")


@dataclass(frozen=True)
class FoundModel:
    """One model of a machine: the element that describes it, the way to it, and its FMU."""

    way: str
    element: model.SubmodelElement
    content: bytes
    description: Description


def is_simulation(submodel: model.Submodel) -> bool:
    """Say whether a submodel is SimulationModels, of any version."""
    found = submodel.semantic_id
    return found is not None and bool(found.key) and last(found).startswith(_TEMPLATE)


def found_models(
    context: Context, submodels: Sequence[model.Submodel], folder: Path
) -> Iterator[FoundModel]:
    """Yield the models whose FMU is there and sound; all else is wrong, open or noted.

    `folder`: where FMUs are laid to be looked at.
    """
    for submodel in filter(is_simulation, submodels):
        name = str(submodel.id_short)
        described = below(context.meanings, submodel, f"{BASE}SimulationModel/", "", name)
        if not described:
            context.wrong(name, "describes no model", f"an element of {BASE}SimulationModel/1/1")
        for way, element in described:
            if context.told("models", way) == IGNORE:
                context.note(way, "left out, as was decided")
            elif (content := _content(context, way, element)) is not None:
                found = _described(context, way, content, folder)
                if found is not None and _as_stated(context, way, element, content, found):
                    yield FoundModel(way, element, content, found)


def _content(context: Context, way: str, element: model.SubmodelElement) -> bytes | None:
    """Return the FMU that a model names; None where it is not in the package, which is asked."""
    files = below(context.meanings, element, f"{BASE}DigitalFile/", "DigitalFile", way)
    said = text_of(files[0][1]) if files else ""
    decided = context.told("files", way)
    if decided is not None:
        return _decided(context, way, str(decided))
    held = context.meanings.environment.files
    name = said if said in held else f"/{said.removeprefix('file://').lstrip('./')}"
    if name in held:
        return held[name].content
    if not said:
        message = "no FMU: names no file"
    elif "://" in said:
        message = f"no FMU: '{said}' is an address, and nothing is fetched"
    else:
        message = f"no FMU: '{said}' is not in the package"
    hint = (f"path of the FMU, from the decisions' folder; or models: {IGNORE}",)
    context.ask("files", way, Question(f"{way}: {message}", hint, is_free=True))
    return None


def _decided(context: Context, way: str, path: str) -> bytes | None:
    document = context.questions.document
    base = Path() if document is None else document.file.parent
    try:
        return (base / path).read_bytes()
    except OSError as error:
        context.wrong(way, f"{base / path}: {error.strerror}", "an FMU that can be read")
        return None


def _described(context: Context, way: str, content: bytes, folder: Path) -> Description | None:
    """Return what an FMU says of itself; None, and a problem, where it is none or not for here."""
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"{digest[:16]}.fmu"
    path.write_bytes(content)
    try:
        found = read_description(path)
        check_platform(found)
    except WiringError as error:
        for problem in error.problems:
            message = problem.message.replace(str(path.resolve()), "its file")
            hint = f"{problem.hint}; " if problem.hint else ""
            hint += f"or `models:` of the decisions: {IGNORE}"
            context.wrong(way, message, hint.replace(path.name, "FILE"))
        return None
    return found


def _as_stated(
    context: Context,
    way: str,
    element: model.SubmodelElement,
    content: bytes,
    description: Description,
) -> bool:
    """Say whether an FMU is the one that was described, as far as digest and token tell."""
    actual = hashlib.sha256(content).hexdigest()
    sound = True
    for place, name, stated in _stated(element, way):
        plain = name.casefold().replace("-", "").replace("_", "")
        if "sha256" in plain and stated.casefold() != actual:
            is_digest = _DIGEST.match(stated) is not None
            what = "is not the file's" if is_digest else "is no digest of 64 hexadecimal digits"
            context.wrong(place, f"SHA-256 '{stated}' {what}", f"the file has {actual}")
            sound = False
    for place, each in elements(element, way):
        if meaning("instantiation_token") in context.meanings.ids(each):
            stated = text_of(each)
            if stated != description.token:
                hint = f"the FMU has {description.token}"
                context.wrong(place, f"'{stated}' is not the FMU's token", hint)
                sound = False
    return sound


def _stated(holder: model.SubmodelElement, way: str) -> Iterator[tuple[str, str, str]]:
    """Yield place, name and text of what may be a digest: properties, qualifiers, extensions."""
    for place, each in elements(holder, way):
        if isinstance(each, model.Property):
            yield place, str(each.id_short), text_of(each)
        for qualifier in each.qualifier:
            yield place, qualifier.type, str(qualifier.value or "")
        for extension in each.extension:
            yield place, extension.name, str(extension.value or "")
