"""The routes of Part 2, read side: each a function of what is seen and what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.shells.serving import elements
from linetwin.shells.serving.asking import (
    asset_links,
    bad,
    decoded,
    decoded_json,
    depth_of,
    missing,
    reference_value,
)
from linetwin.shells.serving.paging import Wanted
from linetwin.shells.serving.view import links_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.shells.serving.asking import AssetLink, Tree
    from linetwin.shells.serving.paging import Pages
    from linetwin.shells.serving.view import Handle, View

    Route = Callable[["Asked"], Any]

_API: Final = "https://admin-shell.io/aas/API/3/"
PROFILES: Final = [
    f"{_API}{version}/{name}ServiceSpecification/SSP-002"
    for name in ("AssetAdministrationShellRepository", "SubmodelRepository")
    for version in (0, 1)
] + [f"{_API}1/DiscoveryServiceSpecification/SSP-002"]
"""Read profiles that are served whole. Concept descriptions and packages have none."""


@dataclass(frozen=True)
class Asked:
    """A request: what its role sees, names in its path, its query.

    `lists`: queries that may stand several times; `body`: JSON of a search.
    """

    view: View
    pages: Pages
    route: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]
    accept: str = ""
    body: Any = None

    def wanted(self, *filters: object) -> Wanted:
        """Return the page that is asked for."""
        own = [self.route, *self.names.values(), self.view.role.name, *map(repr, filters)]
        return Wanted("\n".join(own), self.query.get("limit"), self.query.get("cursor"))

    def id(self, name: str) -> str:
        """Return an id of the path."""
        return decoded(self.names[name], name)

    def ids(self) -> list[str]:
        """Return the ids of shells and submodels in the path."""
        return [self.id(name) for name in ("shell", "submodel") if name in self.names]

    @property
    def reads_values(self) -> bool:
        """Whether it is about a submodel whose values take time to look up."""
        return "submodel" in self.names and self.view.reads_values(self.id("submodel"))

    def listed(self, name: str) -> list[str]:
        """Return the ids of a query that may stand several times, and hold several with commas."""
        texts = [each for given in self.lists.get(name, ()) for each in given.split(",")]
        return [decoded(each, name) for each in texts]


@dataclass(frozen=True)
class Bytes:
    """An answer that is no JSON; `name`: under which it is saved."""

    content: bytes
    content_type: str
    name: str


# ----------------------------------------------------------------------------------- shells
def _links(asked: Asked) -> list[AssetLink]:
    told = [decoded_json(each, "assetIds") for each in asked.lists.get("assetIds", ())]
    return [link for each in told for link in asset_links(each, "assetIds")]


def _shells(asked: Asked, told: Callable[[Tree], Any], links: list[AssetLink]) -> Tree:
    view, short = asked.view, asked.query.get("idShort")

    def shown(handle: Handle) -> Any:  # noqa: ANN401 - JSON
        return told(view.shell(handle[1]))

    return asked.pages.page(
        asked.wanted(short, links),
        view.keys_for(links),
        lambda key: view.shells_in(key, short, links),
        shown,
    )


def _shell_reference(shell: Tree) -> Tree:
    key = {"type": "AssetAdministrationShell", "value": shell["id"]}
    return {"type": "ModelReference", "keys": [key]}


def _shell(asked: Asked) -> Tree:
    return asked.view.shell(asked.id("shell"))


def _thumbnail(asked: Asked) -> Bytes:
    shell = _shell(asked)
    path = shell.get("assetInformation", {}).get("defaultThumbnail", {}).get("path", "")
    return _file(asked.view, path, shell["id"])


def _submodel_refs(asked: Asked) -> Tree:
    refs = _shell(asked).get("submodels", [])
    return asked.pages.page(asked.wanted(), [""], lambda _: refs, lambda each: each)


def _lookup(asked: Asked) -> Tree:
    links = _links(asked) if asked.body is None else asset_links(asked.body, "body")
    return _shells(asked, lambda shell: shell["id"], links)


def _shell_links(asked: Asked) -> list[Tree]:
    return [{"name": name, "value": value} for name, value in links_of(_shell(asked))]


# -------------------------------------------------------------------------------- submodels
def _submodel_id(asked: Asked) -> str:
    """Return the id of the submodel of a path; below a shell only one that it refers to."""
    found = asked.id("submodel")
    if "shell" in asked.names:
        refs = asked.view.shell(asked.id("shell")).get("submodels", [])
        if not any(each["keys"][0]["value"] == found for each in refs):
            raise missing()
    return found


def _submodels(told: Callable[[Asked, Tree], Any]) -> Route:
    return _listed(lambda asked, identifier: told(asked, asked.view.submodel(identifier)))


def _listed(told: Callable[[Asked, str], Any]) -> Route:
    """Return the route of a list of submodels; `told`: what is shown of one, by its id."""

    def route(asked: Asked) -> Tree:
        view, short = asked.view, asked.query.get("idShort")
        given = asked.query.get("semanticId")
        meaning = None if given is None else reference_value(given, "semanticId")
        depth_of(asked.query)
        return asked.pages.page(
            asked.wanted(short, meaning),
            view.keys,
            lambda key: view.submodels_in(key, short, meaning),
            lambda handle: told(asked, handle[1]),
        )

    return route


def _listed_reference(_: Asked, identifier: str) -> Tree:
    """Return the reference to a submodel: for this none is described."""
    return elements.reference({"id": identifier}, "")


def _all_paths(asked: Asked) -> Tree:
    """Return the paths of elements of all submodels, an entry each."""
    view, depth = asked.view, depth_of(asked.query)

    def paths_in(key: str) -> list[str]:
        found = [view.submodel(name) for _, name in view.submodels_in(key, None, None)]
        return [path for tree in found for path in elements.paths(tree, "", depth)]

    return asked.pages.page(asked.wanted(depth), view.keys, paths_in, lambda each: each)


def _of_submodel(told: Callable[[Asked, Tree], Any]) -> Route:
    return lambda asked: told(asked, asked.view.submodel(_submodel_id(asked)))


def _whole(asked: Asked, tree: Tree) -> Tree:
    return elements.told(tree, depth_of(asked.query))


def _metadata(_: Asked, tree: Tree) -> Tree:
    return elements.metadata(tree)


def _value(asked: Asked, tree: Tree) -> Any:  # noqa: ANN401 - JSON
    return elements.value(tree, depth_of(asked.query))


def _reference(_: Asked, tree: Tree) -> Tree:
    return elements.reference(tree, "")


def _paths(asked: Asked, tree: Tree) -> list[str]:
    return elements.paths(tree, "", depth_of(asked.query))


# --------------------------------------------------------------------------------- elements
def _elements(told: Callable[[Asked, Tree, Tree], Any]) -> Route:
    def route(asked: Asked) -> Tree:
        submodel = asked.view.submodel(_submodel_id(asked))
        depth_of(asked.query)
        return asked.pages.page(
            asked.wanted(),
            [""],
            lambda _: elements.children(submodel),
            lambda each: told(asked, submodel, each),
        )

    return route


def _element_value(asked: Asked, _: Tree, each: Tree) -> Tree:
    """Return idShort -> value: a bare value would not say of what it is."""
    alone = {"modelType": "Submodel", "submodelElements": [each]}
    found: Tree = elements.value(alone, depth_of(asked.query))
    return found


def _element_paths(asked: Asked) -> Tree:
    found = elements.paths(asked.view.submodel(_submodel_id(asked)), "", depth_of(asked.query))
    return asked.pages.page(asked.wanted(), [""], lambda _: found, lambda each: each)


def _of_element(told: Callable[[Asked, Tree], Any]) -> Route:
    return lambda asked: told(asked, asked.view.element(_submodel_id(asked), asked.names["path"]))


def _element_metadata(_: Asked, tree: Tree) -> Tree:
    """Return an element's metadata; refused where the IDTA's checker of servers wants it so."""
    if tree.get("modelType") in {"Capability", "Operation"}:
        raise bad("$metadata: operations and capabilities are told whole")
    return elements.metadata(tree)


def _element_reference(asked: Asked) -> Tree:
    submodel, path = _submodel_id(asked), asked.names["path"]
    asked.view.element(submodel, path)
    return elements.reference(asked.view.submodel(submodel), path)


def _element_path(asked: Asked) -> list[str]:
    element = asked.view.element(_submodel_id(asked), asked.names["path"])
    return elements.paths(element, asked.names["path"], depth_of(asked.query))


def _attachment(asked: Asked) -> Bytes:
    submodel = _submodel_id(asked)
    element = asked.view.element(submodel, asked.names["path"])
    if element.get("modelType") != "File":
        raise bad("attachment: of files alone")
    return _file(asked.view, element.get("value", ""), submodel)


def _file(view: View, path: str, beside: str) -> Bytes:
    found = view.files(beside).get(path)
    if found is None:
        raise missing()
    return Bytes(found.content, found.content_type, path.rpartition("/")[2])


# -------------------------------------------------------------------- concepts, packages, self
def _concepts(asked: Asked) -> Tree:
    short, given = asked.query.get("idShort"), asked.query
    case = given.get("isCaseOf")
    data = given.get("dataSpecificationRef")
    wanted_case = None if case is None else reference_value(case, "isCaseOf")
    wanted_data = None if data is None else reference_value(data, "dataSpecificationRef")

    def fits(tree: Tree) -> bool:
        cases = {_last(each) for each in tree.get("isCaseOf", [])}
        described = tree.get("embeddedDataSpecifications", [])
        datas = {_last(each["dataSpecification"]) for each in described}
        return (
            short in {None, tree.get("idShort")}
            and (wanted_case is None or wanted_case in cases)
            and (wanted_data is None or wanted_data in datas)
        )

    found = [tree for tree in asked.view.whole.concepts.values() if fits(tree)]
    filters = (short, wanted_case, wanted_data)
    return asked.pages.page(asked.wanted(*filters), [""], lambda _: found, lambda each: each)


def _last(reference: Tree) -> str:
    return str(reference["keys"][-1]["value"]).strip()


def _description(_: Asked) -> Tree:
    return {"profiles": PROFILES}


def _below(prefix: str) -> dict[str, Route]:
    """Return the routes of one submodel below a prefix."""
    single = f"{prefix}/{{submodel}}"
    inner = f"{single}/submodel-elements"
    one = f"{inner}/{{path}}"
    return {
        f"{single}/$metadata": _of_submodel(_metadata),
        f"{single}/$value": _of_submodel(_value),
        f"{single}/$reference": _of_submodel(_reference),
        f"{single}/$path": _of_submodel(_paths),
        single: _of_submodel(_whole),
        f"{inner}/$metadata": _elements(lambda _, __, each: elements.metadata(each)),
        f"{inner}/$value": _elements(_element_value),
        f"{inner}/$reference": _elements(
            lambda _, submodel, each: elements.reference(submodel, each["idShort"])
        ),
        f"{inner}/$path": _element_paths,
        inner: _elements(lambda asked, _, each: _whole(asked, each)),
        f"{one}/$metadata": _of_element(_element_metadata),
        f"{one}/$value": _of_element(_value),
        f"{one}/$reference": _element_reference,
        f"{one}/$path": _element_path,
        f"{one}/attachment": _attachment,
        one: _of_element(_whole),
    }


ROUTES: Final[dict[str, Route]] = {
    "/description": _description,
    "/shells/$reference": lambda asked: _shells(asked, _shell_reference, _links(asked)),
    "/shells": lambda asked: _shells(asked, lambda shell: shell, _links(asked)),
    "/shells/{shell}/$reference": lambda asked: _shell_reference(_shell(asked)),
    "/shells/{shell}/asset-information/thumbnail": _thumbnail,
    "/shells/{shell}/asset-information": lambda asked: _shell(asked)["assetInformation"],
    "/shells/{shell}/submodel-refs": _submodel_refs,
    **_below("/shells/{shell}/submodels"),
    "/shells/{shell}": _shell,
    "/submodels/$metadata": _submodels(_metadata),
    "/submodels/$value": _submodels(_value),
    "/submodels/$reference": _listed(_listed_reference),
    "/submodels/$path": _all_paths,
    "/submodels": _submodels(_whole),
    **_below("/submodels"),
    "/concept-descriptions": _concepts,
    "/concept-descriptions/{concept}": lambda asked: asked.view.concept(asked.id("concept")),
    "/lookup/shells": _lookup,
    "/lookup/shells/{shell}": _shell_links,
}
"""Path -> what answers; those with fixed names before those with ids in their place."""

SEARCH: Final = "/lookup/shellsByAssetLink"
"""The one route that is asked by POST; it reads."""
ROUTES[SEARCH] = _lookup
LISTS: Final = frozenset(
    path for path in ROUTES if path.startswith(("/shells", "/submodels", "/lookup"))
    and "{" not in path
)  # fmt: skip
"""Lists of shells and submodels: of all parts."""
LONG: Final = frozenset(path for path in ROUTES if "{path}" not in path and path != "/description")
"""Routes whose answers can be long."""
