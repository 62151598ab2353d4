"""Shells as files over HTTP: `/serialization` and `/packages`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from linetwin.shells.serving.asking import Refusal, bad, choice, decoded, encoded
from linetwin.shells.serving.catalogue import Held
from linetwin.shells.serving.redaction import files_of, meanings_of
from linetwin.shells.serving.routes import Bytes
from linetwin.shells.writing import package_of, xml_of

if TYPE_CHECKING:
    from linetwin.shells.serving.asking import Tree
    from linetwin.shells.serving.routes import Asked, Route

MOST: Final = 200
"""Ids of a serialisation."""
PACKAGE: Final = "application/asset-administration-shell-package"
_REFUSED: Final = re.compile(r"q=0(\.0{0,3})?")
_NAME: Final = "shells"
_XML: Final = ("application/xml", "text/xml")
_KINDS: Final = (f"{PACKAGE}+xml", f"{PACKAGE}+json", PACKAGE)


def serialization(asked: Asked) -> Tree | Bytes:
    """Return shells and submodels by their ids, else all that is held whole, in a form."""
    name = "includeConceptDescriptions"
    given = asked.query.get(name)
    with_concepts = choice(given and given.lower(), name, ("true", "false"))
    held = _chosen(asked)
    if not with_concepts:
        held = Held(held.shells, held.submodels, {}, held.files)
    form = _form(asked.accept)
    if form == "application/json":
        return environment(held)
    if form == _XML[0]:
        return Bytes(xml_of(environment(held)), form, f"{_NAME}.xml")
    return Bytes(_package(held), form, f"{_NAME}.aasx")


def _chosen(asked: Asked) -> Held:
    """Return what is asked for by id; everything that is held whole where no id is given."""
    ids = {key: asked.listed(key) for key in ("aasIds", "submodelIds")}
    if not any(ids.values()):
        return asked.view.whole
    if sum(map(len, ids.values())) > MOST:
        raise bad(f"aasIds, submodelIds: {MOST} at most")
    shells = {each: asked.view.shell(each) for each in ids["aasIds"]}
    submodels = {each: asked.view.submodel(each) for each in ids["submodelIds"]}
    trees = [*shells.values(), *submodels.values()]
    means, files = set(meanings_of(trees)), set(files_of(trees))
    return Held(
        shells,
        submodels,
        {name: tree for name, tree in asked.view.whole.concepts.items() if name in means},
        {name: file for each in ids.values() for beside in each
         for name, file in asked.view.files(beside).items() if name in files},
    )  # fmt: skip


def _form(accept: str) -> str:
    """Return the first content type of an Accept header that is served; JSON by default.

    What has `q=0` is not wanted, so it is none of them (RFC 9110, 12.4.2).
    """
    for given in accept.lower().split(","):
        each, *more = (part.strip() for part in given.split(";"))
        if any(_REFUSED.fullmatch(part) for part in more):
            continue
        if each in {"", "*/*", "application/*", "application/json"}:
            return "application/json"
        if each in _XML:
            return _XML[0]
        if each in _KINDS:
            return each
    raise Refusal(406, f"served are application/json, {_XML[0]}, {', '.join(_KINDS)}")


def environment(held: Held) -> Tree:
    """Return shells, submodels and concept descriptions as one JSON environment."""
    lists = {
        "assetAdministrationShells": held.shells,
        "submodels": held.submodels,
        "conceptDescriptions": held.concepts,
    }
    return {key: list(items.values()) for key, items in lists.items() if items}


def _package(held: Held) -> bytes:
    content = json.dumps(environment(held), ensure_ascii=True) + "\n"
    return package_of(content.encode(), held.files)


def _packages(asked: Asked) -> Tree:
    """Return the one package: of all that is held whole, as far as it is seen."""
    shells = list(asked.view.whole.shells)
    given = asked.query.get("aasId")
    wanted = None if given is None else decoded(given, "aasId")
    found = [_NAME] if shells and wanted in {None, *shells} else []
    return asked.pages.page(
        asked.wanted(wanted), [""], lambda _: found,
        lambda name: {"packageId": name, "aasIds": shells},
    )  # fmt: skip


def _one_package(asked: Asked) -> Bytes:
    is_named = asked.names["package"].rstrip("=") in {encoded(_NAME), _NAME}
    if not is_named or not asked.view.whole.shells:
        raise Refusal(404, "there is no such package; /packages names what there is")
    return Bytes(_package(asked.view.whole), PACKAGE, f"{_NAME}.aasx")


BY_IDS: Final = "/serialization"
"""The route that takes ids in its query."""
ROUTES: Final[dict[str, Route]] = {
    BY_IDS: serialization,
    "/packages": _packages,
    "/packages/{package}": _one_package,
}
