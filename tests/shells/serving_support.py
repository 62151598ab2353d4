"""Servers for tests: shells of all kinds of elements, asked without a network or over one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from basyx.aas import model
from basyx.aas.model import datatypes

from linetwin.shells import building
from linetwin.shells.environment import Environment, Supplement
from linetwin.shells.naming import Names
from linetwin.shells.serving.app import Door, make_app
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.listening import Conversation, opened
from linetwin.shells.serving.roles import Role, read_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

    from linetwin.shells.serving.catalogue import Source
    from linetwin.shells.serving.values import ValueSource

NAMES = Names("https://tests.example/")
MEANS = "https://tests.example/means"


class Client:
    """Asks an app without a network; an exception in the app is one of the test's."""

    def __init__(self, app: FastAPI, token: str = "", host: str = "localhost") -> None:
        self._app, self._base = app, f"http://{host}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:  # noqa: ANN401
        """Return the answer to one request."""

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
                headers = {**self._headers, **more.pop("headers", {})}
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(one())

    def json(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of an answer that has to be a result."""
        answer = self.ask(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def pages(self, path: str, limit: int) -> Iterator[list[Any]]:
        """Yield the pages of a list."""
        mark = "&" if "?" in path else "?"
        page = self.json(f"{path}{mark}limit={limit}")
        yield page["result"]
        while cursor := page["paging_metadata"].get("cursor"):
            page = self.json(f"{path}{mark}limit={limit}&cursor={cursor}")
            yield page["result"]


def app_of(
    environment: Environment,
    role: str = "engineer",
    source: Source | None = None,
    values: ValueSource | None = None,
    roles: Mapping[str, Role] | None = None,
) -> FastAPI:
    """Return a server in which everybody has one role."""
    door = Door(read_roles() if roles is None else roles, role)
    return make_app(Catalogue(environment, source), door, values)


@contextlib.contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve on a free port of this machine; the address."""
    own = opened("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="critical", access_log=False, http=Conversation)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
    thread.start()
    try:
        for _ in range(500):
            if server.started:
                break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{own.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        own.close()


def all_kinds() -> Environment:
    """Return two shells with an element of each kind, nested ones, a file and a thumbnail."""
    named, other = NAMES.machine("line", "one"), NAMES.machine("line", "two")
    target = building.to_submodel(named.submodel("Kinds"))
    inner = building.collection("inner", MEANS, [building.prop("deep", 1.5, MEANS, "m")])
    rows = [building.collection(None, MEANS, [building.prop("value", n, MEANS)]) for n in (3, 4)]
    note = building.prop("note", "says why", MEANS)
    yes = building.prop("yes", value=True, meaning=MEANS)
    kinds = building.submodel(named.submodel("Kinds"), "Kinds", MEANS, [
        building.collection("outer", MEANS, [inner, yes]),
        building.listed("rows", MEANS, rows),
        building.numbers("numbers", [1.0, 2.0, float("nan")], MEANS),
        building.prop("text", "<script>alert('1')</script> \u00e4\u5b57", MEANS),
        building.prop("count", 2**40, MEANS),
        building.prop("open", None, MEANS, value_type=datatypes.Double),
        building.multilingual("title", {"en": "coater", "de": "Beschichter"}, MEANS),
        building.span("span", 1.0, 2.0, MEANS, "m"),
        building.file("model", "/files/model.bin", "application/octet-stream", MEANS),
        building.file("gone", "/files/gone.bin", "text/html", MEANS),
        model.Blob("blob", "application/octet-stream", b"bytes"),
        building.reference("pointer", target, MEANS),
        building.relationship("relation", target, target, MEANS),
        model.AnnotatedRelationshipElement("annotated", target, target, annotation=[note]),
        building.entity("part", MEANS, [building.prop("mass", 2.5, MEANS, "kg")], other.asset),
        model.Capability("can"),
        model.Operation("operate"),
        model.BasicEventElement(
            "event", target, model.Direction.OUTPUT, model.StateOfEvent.ON
        ),
    ])  # fmt: skip
    secret = building.submodel(
        other.submodel("Secret"), "Secret", f"{MEANS}/secret",
        [building.prop("recipe", 42.0, f"{MEANS}/secret/value"),
         building.reference("seen", target, MEANS)],
    )  # fmt: skip
    hidden = building.to_submodel(other.submodel("Secret"))
    open_one = building.submodel(
        named.submodel("Open"), "Open", f"{MEANS}/open",
        [building.prop("seen", 1.0, MEANS), building.reference("pointing", hidden, MEANS),
         building.entity("other", MEANS, (), other.asset)],
    )  # fmt: skip
    first = building.shell(named, "one", [kinds, open_one], title="one")
    thumb = model.Resource("/files/thumb.png", "image/png")
    first.asset_information.default_thumbnail = thumb
    found = Environment()
    for each in (first, building.shell(other, "two", [secret]), kinds, open_one, secret):
        found.objects.add(each)
    for iri in (MEANS, f"{MEANS}/secret", f"{MEANS}/secret/value"):
        found.objects.add(model.ConceptDescription(iri, id_short=iri.rpartition("/")[2]))
    for name, kind in (("model.bin", "application/octet-stream"), ("thumb.png", "image/png")):
        path = f"/files/{name}"
        found.files[path] = Supplement(path, name.encode() * 3, kind)
    return found
