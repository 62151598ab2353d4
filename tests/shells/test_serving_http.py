"""The server on a port of this machine: fetched and run from, checked by another's checker."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import time
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from aas_test_engines import api, config, http
from serving_support import NAMES, all_kinds, app_of, listening
from typer.testing import CliRunner

from linetwin.cli.app import app as cli
from linetwin.errors import ShellError
from linetwin.results import read as read_run
from linetwin.results.schemas import TABLES
from linetwin.scenario import load
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.lining import line_document
from linetwin.shells.reading import read
from linetwin.shells.serving.asking import encoded

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "https://admin-shell.io/aas/API/3/0/"
ACCEPTED = (
    "No such element present",  # of each class; ours has most of them
    "Cannot check pagination",  # a list of one
    "Skipped checking of constraints",
    "Expected JSON, got <class",  # a bare text, number or truth is JSON too
    "Missing attribute",  # metadata has no values, by the schema of Part 2
)


def complaints(result: dict[str, Any]) -> list[str]:
    """Return the innermost messages of a result that are no information."""
    inner = [line for each in result.get("s", []) for line in complaints(each)]
    return inner or ([str(result["m"])] if result["l"] > 0 else [])


@pytest.mark.parametrize(
    "name",
    [
        "AssetAdministrationShellRepository",
        pytest.param("SubmodelRepository", marks=pytest.mark.slow),
    ],
)
def test_aas_test_engines_find_nothing(name: str) -> None:
    """The IDTA's checker of servers, read profile, complains of nothing but its own limits."""
    suite = f"{PREFIX}{name}ServiceSpecification/SSP-002"
    with listening(app_of(all_kinds())) as url:
        result, matrix = api.execute_tests(http.HttpClient(url), config.CheckApiConfig(suite))
    found = {each for each in complaints(result.to_dict()) if not each.startswith(ACCEPTED)}
    assert not found
    assert matrix.invalid_accepted == 0
    assert matrix.valid_accepted > 40


def test_a_line_comes_back_over_http(tmp_path: Path) -> None:
    """Exported, served, fetched with the command: the same line and recipe."""
    whole = describe(load("baseline"), Wanted(with_ports=False, with_files=False))
    file = tmp_path / "line.json"
    with listening(app_of(whole)) as url:
        done = CliRunner().invoke(cli, ["aas", "fetch", url, "-o", str(file)])
        assert done.exit_code == 0, done.output
    assert line_document(read(file)) == line_document(whole)


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """Answers on one connection come at once: 25 of them waited for 40 ms each."""
    with listening(app_of(all_kinds())) as url:
        connection = HTTPConnection(url.removeprefix("http://"))
        begun = time.monotonic()
        for _ in range(25):
            connection.request("GET", "/description")
            assert connection.getresponse().read()
        took = time.monotonic() - begun
        connection.close()
    assert took < 0.9


NO_REQUESTS = {
    "two hosts": b"GET /shells HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
    "no host": b"GET /shells HTTP/1.1\r\n\r\n",
    "a long path": b"GET /" + b"a" * (2**16 - 4),
    "garbage": b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    "after a request": b"GET /description HTTP/1.1\r\nHost: localhost\r\n\r\nlies\r\n\r\n",
    "within a body": b"POST /lookup/shellsByAssetLink HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


def test_what_is_no_request_is_refused_as_all_else_is() -> None:
    """Messages as JSON, with the headers of every answer; the server goes on."""
    with listening(app_of(all_kinds())) as url:
        host, port = url.removeprefix("http://").split(":")
        for name, said in NO_REQUESTS.items():
            with socket.create_connection((host, int(port)), timeout=60) as own:
                own.sendall(said)
                heard = b"".join(iter(partial(own.recv, 65_536), b""))
            head, _, body = heard[heard.index(b"HTTP/1.1 400") :].partition(b"\r\n\r\n")
            assert b"content-type: application/json" in head, name
            assert b"x-content-type-options: nosniff" in head, name
            assert b"content-length: %d\r\n" % len(body) in head + b"\r\n", name
            (message,) = json.loads(body)["messages"]
            assert (message["code"], message["messageType"]) == ("400", "Error"), name
        connection = HTTPConnection(host, int(port))
        connection.request("GET", "/description")
        assert connection.getresponse().status == 200
        connection.close()


def test_what_a_server_refuses_is_said(tmp_path: Path) -> None:
    """No server, an answer that is none: an error that names the address."""
    with listening(app_of(all_kinds())) as url:
        arguments = ["aas", "fetch", f"{url}/nothing", "-o", str(tmp_path / "x.json")]
        done = CliRunner().invoke(cli, arguments)
    assert isinstance(done.exception, ShellError)
    assert "nothing/serialization" in str(done.exception)


@pytest.mark.slow
def test_a_run_from_fetched_shells_is_the_same(tmp_path: Path) -> None:
    """Export, serve, fetch, run: all tables of `baseline` are equal to the last bit."""
    scenario = load("baseline")
    file = tmp_path / "line.aasx"
    with listening(app_of(describe(scenario))) as url:
        CliRunner().invoke(cli, ["aas", "fetch", url, "-o", str(file)], catch_exceptions=False)
    text = "schema: 1\nname: baseline\nline: line.aasx\nrecipe: line.aasx\norder: {cells: 1000}\n"
    text += "limit: 60 d\nseed: 1\nrecording: {interval: 5 min}\n"
    (tmp_path / "own.yaml").write_text(text)
    for name, what in (("first", "baseline"), ("second", str(tmp_path / "own.yaml"))):
        folder = str(tmp_path / name)
        CliRunner().invoke(cli, ["run", what, "-o", folder], catch_exceptions=False)
    first, second = read_run(tmp_path / "first"), read_run(tmp_path / "second")
    for table in TABLES:
        assert first.table(table).equals(second.table(table)), table


@pytest.mark.slow
def test_memory_stays_flat() -> None:
    """100,000 reads of values take no more memory than the first thousands (2 MB of noise)."""
    app = app_of(all_kinds())
    path = f"/submodels/{encoded(NAMES.machine('line', 'one').submodel('Kinds'))}"

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - of ASGI
        assert message.get("status", 200) == 200

    async def ask(times: int) -> None:
        for number in range(times):
            row = f"{path}/submodel-elements/rows[{number % 2}]/$value"
            scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": row,
                     "raw_path": row.encode(), "query_string": b"", "headers": [
                         (b"host", b"localhost")], "root_path": ""}  # fmt: skip
            await app(scope, receive, send)

    asyncio.run(ask(5_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    asyncio.run(ask(100_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_000
