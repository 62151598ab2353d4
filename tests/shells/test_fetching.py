"""Fetching from servers that lie, dawdle, boast or lead elsewhere."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import NAMES, all_kinds, app_of, listening
from typer.testing import CliRunner

from linetwin.cli import aas_fetch
from linetwin.cli.app import app as cli
from linetwin.errors import ScenarioError, ShellError
from linetwin.shells.environment import Environment
from linetwin.shells.fetching import Bounds, Fetch
from linetwin.shells.reading import read
from linetwin.shells.running import Passports, describe_run
from linetwin.shells.serving.runs import RunSource
from linetwin.shells.writing import as_tree, document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from small_runs import SmallRun

MOST = 100_000
BODY = document(all_kinds())
OK = b"HTTP/1.1 200 OK\r\n"


def answer(body: bytes, *heads: bytes) -> bytes:
    """Return an answer with its length, and other heads."""
    heads = (*heads, b"Content-Length: %d" % len(body))
    return OK + b"".join(each + b"\r\n" for each in heads) + b"\r\n" + body


class Lying:
    """A server that answers each request with bytes; `heard`: the requests' heads."""

    def __init__(self, say: Callable[[int], bytes | Iterator[bytes]]) -> None:
        self._say, self.heard = say, list[bytes]()
        self._own = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._own.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._own.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self.heard.append(connection.recv(65_536))
                said = self._say(len(self.heard))
                for piece in [said] if isinstance(said, bytes) else said:
                    connection.sendall(piece)

    def close(self) -> None:
        """End it."""
        self._own.close()


@contextlib.contextmanager
def lying(say: bytes | Callable[[int], bytes | Iterator[bytes]]) -> Iterator[Lying]:
    """Serve while the test runs."""
    found = Lying((lambda _: say) if isinstance(say, bytes) else say)
    try:
        yield found
    finally:
        found.close()


def content(url: str, seconds: float = 60.0) -> bytes:
    """Fetch within small bounds."""
    return Fetch(f"{url}/serialization", Bounds(seconds, MOST)).content()


BOMB = gzip.compress(bytes(50_000_000))
LIES = {
    "nothing": (b"", "closed"),
    "bad status": (b"HTTP/9 lies\r\n\r\n", "lies"),
    "no status": (b"\x00\xff\xfe\r\n\r\n", ""),
    "headers": (OK + b"X: y\r\n" * 5000 + b"\r\n", "headers"),
    "long header": (OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n", ""),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nlies", ""),
    "cut chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", ""),
    "endless chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n"
                       + (b"fff0\r\n" + b"a" * 0xFFF0 + b"\r\n") * 4, "larger"),
    "huge": (OK + b"Content-Length: 99999999999999\r\n\r\n", "announces 99999999999999 bytes"),
    "less than nothing": (OK + b"Content-Length: -5\r\n\r\nsome", "'-5' bytes"),
    "empty": (answer(b""), "answers with nothing"),
    "too long": (answer(b"a" * (MOST + 1)), "at most 100000"),
    "without length": (OK + b"\r\n" + b"a" * (MOST + 1), "larger than 100000"),
    "short": (OK + b"Content-Length: 100\r\n\r\nonly this", "ended after 9 of 100 bytes"),
    "bomb": (answer(BOMB, b"Content-Encoding: gzip"), "larger than 100000"),
    "no gzip": (answer(b"plain", b"Content-Encoding: gzip"), ""),
    "cut gzip": (answer(gzip.compress(b"x" * 999)[:-4], b"Content-Encoding: gzip"), "within what"),
    "more gzip": (answer(gzip.compress(b"x") + b"more", b"Content-Encoding: gzip"), "goes on"),
    "other packing": (answer(b"x", b"Content-Encoding: br"), "'br'"),
    "refused": (b"HTTP/1.1 503 \x1b[31mred\r\nContent-Length: 0\r\n\r\n", "503"),
    "elsewhere": (b"HTTP/1.1 302 F\r\nLocation: http://evil.example/x\r\n\r\n", "another server"),
    "other port": (b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:1/x\r\n\r\n", "another server"),
    "other scheme": (b"HTTP/1.1 302 F\r\nLocation: file:///etc/passwd\r\n\r\n", "another server"),
    "no port": (b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:none/\r\n\r\n", ""),
    "in a ring": (b"HTTP/1.1 302 F\r\nLocation: /again\r\n\r\n", "more than 5 times"),
    "nowhere": (b"HTTP/1.1 302 Found\r\n\r\n", "302"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_told_with_address_and_reason(name: str) -> None:
    """Each is one error that names the address, in one printable line, with exit code 4."""
    said, word = LIES[name]
    with lying(said) as server, pytest.raises(ShellError) as caught:
        content(server.url)
    assert str(caught.value).startswith(f"{server.url}/")
    assert word in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("slow", ["head", "body", "silence"])
def test_all_of_it_has_one_deadline(slow: str) -> None:
    """A server that sends a byte now and then, or none, is left when the time is up."""

    def say(_: int) -> Iterator[bytes]:
        yield OK if slow == "head" else OK + b"Content-Length: 9999\r\n\r\n"
        for _ in range(400 if slow != "silence" else 0):
            time.sleep(0.05)
            yield b"a"
        time.sleep(20)

    with lying(say) as server, pytest.raises(ShellError, match=r"took longer than 0\.4 s"):
        content(server.url, 0.4)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "", "chunked"])
def test_what_is_packed_is_unpacked(packing: str) -> None:
    """The same bytes come, however they were sent."""
    body = b"some text " * 5000
    said = {
        "gzip": answer(gzip.compress(body), b"Content-Encoding: gzip"),
        "deflate": answer(zlib.compress(body), b"Content-Encoding: deflate"),
        "": answer(body),
        "chunked": OK
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
    }[packing]
    with lying(said) as server:
        assert content(server.url) == body


def test_a_server_may_lead_on_to_itself() -> None:
    """Redirections on one server are followed, with the token."""
    there = b"HTTP/1.1 307 There\r\nLocation: /v3/serialization?a=b\r\n\r\n"
    with lying(lambda number: there if number == 1 else answer(b"found")) as server:
        bounds = Bounds(60, MOST)
        fetch = Fetch(f"{server.url}/x", bounds, {"Authorization": "Bearer secret"})
        assert fetch.content() == b"found"
    assert server.heard[1].startswith(b"GET /v3/serialization?a=b HTTP/1.1\r\n")
    assert all(b"Bearer secret" in each for each in server.heard)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    whole=st.sampled_from([answer(BODY), answer(gzip.compress(BODY), b"Content-Encoding: gzip"),
                           OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]),
)  # fmt: skip
def test_any_answer_is_content_or_an_error(data: st.DataObject, whole: bytes) -> None:
    """Bytes changed, cut, put in at any place: content within bounds or one named error."""
    said = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(said), 300)))
        said[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=6))
    if data.draw(st.booleans()):
        del said[data.draw(st.integers(0, len(said))) :]
    with lying(bytes(said)) as server:
        found, error = b"", ""
        try:
            found = content(server.url)
        except ShellError as caught:
            error = str(caught)
    assert server.url in error if error else len(found) <= MOST


def run(*arguments: str, env: dict[str, str] | None = None) -> BaseException | None:
    """Run the command; what it raises."""
    return CliRunner().invoke(cli, ["aas", "fetch", *arguments], env=env).exception


def test_the_token_is_of_a_file_or_the_environment(tmp_path: Path) -> None:
    """The file wins; a text that is no token is refused before anything is sent."""
    file, out = tmp_path / "token", tmp_path / "x.json"
    file.write_text("of-the-file\n")
    with lying(answer(BODY)) as server:
        assert run(server.url, "-o", str(out), env={"LINETWIN_TOKEN": "of-the-env"}) is None
        both = ("--token-file", str(file))
        assert run(server.url, "-o", str(out), *both, env={"LINETWIN_TOKEN": "other"}) is None
        file.write_text("two\nlines")
        assert isinstance(run(server.url, "-o", str(out), *both), ScenarioError)
    assert len(server.heard) == 4  # all, and the list of shells, each time
    assert all(b"Authorization: Bearer of-the-env\r\n" in each for each in server.heard[:2])
    assert all(b"Authorization: Bearer of-the-file\r\n" in each for each in server.heard[2:])
    assert json.loads(out.read_text()) == json.loads(BODY)


NO_SHELLS = {
    "html": (b"<html>hello</html>", "is a page of HTML"),
    "page": (b"<!DOCTYPE html>\n<html><br></html>", "is a page of HTML"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no AASX, JSON or XML file"),
    "nothing": (b"{}", "holds no shell"),
    "cut": (BODY[: len(BODY) // 2], ""),
    "cut package": (b"PK\x03\x04" + bytes(40), ""),
    "other": (b"<other/>", "namespace"),
}


@pytest.mark.parametrize("name", NO_SHELLS)
def test_what_holds_no_shells_names_the_address(tmp_path: Path, name: str) -> None:
    """A body that is no environment is the server's fault: exit code 4, and no file."""
    body, word = NO_SHELLS[name]
    with lying(answer(body)) as server:
        error = run(server.url, "-o", str(tmp_path / "x.json"))
    assert isinstance(error, ShellError)
    assert error.exit_code == 4
    assert str(error).startswith(f"{server.url}/serialization: ")
    assert word in str(error)
    assert not (tmp_path / "x.json").exists()


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    """What the user wrote wrongly is told as such."""
    for url in ("ftp://x", "http://", "http://a b", "http://u:p@x", "http://x:none", "http://x/?q"):
        assert isinstance(run(url, "-o", str(tmp_path / "x.json")), ScenarioError), url
    wrong = run("https://127.0.0.1:1", "-o", str(tmp_path / "x.json"), "--ca", str(tmp_path))
    assert isinstance(wrong, ScenarioError)


@contextlib.contextmanager
def giving(**answers: Any) -> Iterator[Lying]:  # noqa: ANN401 - JSON
    """Serve JSON by what a path holds: `one` a shell by its id, `many` a list, else `whole`."""

    def say(number: int) -> bytes:
        path = server.heard[number - 1].split()[1]
        name = "many" if b"$reference" in path else "one" if b"/shells/" in path else "whole"
        return answer(json.dumps(answers[name]).encode())

    with lying(say) as server:
        yield server


def shell(identifier: str, *submodels: str) -> dict[str, Any]:
    """Return a shell that refers to submodels."""
    refs = [{"type": "ModelReference", "keys": [{"type": "Submodel", "value": each}]}
            for each in submodels]  # fmt: skip
    about = {"assetKind": "Instance", "globalAssetId": f"{identifier}:asset"}
    found = {"modelType": "AssetAdministrationShell", "id": identifier, "assetInformation": about}
    return {**found, "submodels": refs} if refs else found


def whole(shells: list[dict[str, Any]], *submodels: str) -> dict[str, Any]:
    """Return an environment."""
    made = [{"modelType": "Submodel", "id": each, "idShort": "S"} for each in submodels]
    return {"assetAdministrationShells": shells, **({"submodels": made} if made else {})}


OTHERS = {
    "of another id": (shell("urn:zzz"), whole([shell("urn:a")]), "gives 'urn:zzz', not 'urn:a'"),
    "of no id": ({}, whole([shell("urn:a")]), "gives 'None'"),
    "not given": (shell("urn:a"), whole([shell("urn:zzz")]), "holds no shell 'urn:a'"),
    "a submodel": (shell("urn:a"), whole([shell("urn:zzz")], "urn:a"), "holds no shell 'urn:a'"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_shell_is_not_taken_for_the_one_asked_for(tmp_path: Path, name: str) -> None:
    """What a server gives in its place is an error with the address."""
    one, all_of_it, word = OTHERS[name]
    with giving(one=one, whole=all_of_it) as server:
        error = run(server.url, "-o", str(tmp_path / "x.json"), "--id", "urn:a")
    assert isinstance(error, ShellError)
    assert str(error).startswith(f"{server.url}/s")
    assert word in str(error)


def test_a_shell_comes_with_its_submodels_or_they_are_named(tmp_path: Path) -> None:
    """What it refers to is missed by name; what was not asked for does not come along."""
    out, one = tmp_path / "x.json", shell("urn:a", "urn:a:1", "urn:a:2")
    given = whole([one, shell("urn:b", "urn:b:1")], "urn:a:1", "urn:b:1")
    with giving(one=one, whole=given) as server:
        done = CliRunner().invoke(
            cli, ["aas", "fetch", server.url, "-o", str(out), "--id", "urn:a"]
        )
    assert done.exit_code == 0
    told = " ".join(done.output.split())
    assert "urn:a: 1 of its 2 submodels were not given: urn:a:2" in told
    assert "urn:a: 2 shells and submodels that were not asked for were left out" in told
    found = json.loads(out.read_text())
    assert [each["id"] for each in found["assetAdministrationShells"]] == ["urn:a"]
    assert [each["id"] for each in found["submodels"]] == ["urn:a:1"]


def test_all_shells_come_with_their_submodels_or_they_are_named(tmp_path: Path) -> None:
    """Without an id as well; a shell that has all of its submodels is not mentioned."""
    out = tmp_path / "x.json"
    shells = [shell("urn:a", "urn:a:1", "urn:a:2"), shell("urn:b", "urn:b:1"), shell("urn:c")]
    with giving(whole=whole(shells, "urn:a:1", "urn:b:1"), many={"result": []}) as server:
        done = CliRunner().invoke(cli, ["aas", "fetch", server.url, "-o", str(out)])
    assert done.exit_code == 0
    told = " ".join(done.output.split())
    assert "urn:a: 1 of its 2 submodels were not given: urn:a:2" in told
    assert told.count("were not given") == 1
    assert len(json.loads(out.read_text())["submodels"]) == 2
    many = [shell(f"urn:{n:02}", f"urn:{n:02}:1") for n in range(25)]
    with giving(whole=whole(many), many={"result": []}) as server:
        done = CliRunner().invoke(cli, ["aas", "fetch", server.url, "-o", str(out)])
    told = " ".join(done.output.split())
    assert told.count("were not given") == 20
    assert "5 more shells were given without some submodels" in told


@pytest.mark.parametrize("cursor", ["again", ""])
def test_a_list_that_leads_on_to_itself_is_left(tmp_path: Path, cursor: str) -> None:
    """A cursor that was had before ends it, an empty one is the end: a few requests, no timeout."""
    page = {"result": [], "paging_metadata": {"cursor": cursor}}
    with giving(whole=whole([shell("urn:a")]), many=page) as server:
        done = CliRunner().invoke(cli, ["aas", "fetch", server.url, "-o", str(tmp_path / "x.json")])
    assert done.exit_code == 0
    assert ("a page that was read" in " ".join(done.output.split())) == bool(cursor)
    assert len(server.heard) == (3 if cursor else 2)


def test_the_timeout_is_the_server_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time in which what came is read does not count, so the server is not blamed for it."""
    late = [0.0]

    def slow(content: bytes) -> Environment:
        late[0] += 1000.0
        return read(content)

    monkeypatch.setattr(aas_fetch, "read", slow)
    monkeypatch.setattr(aas_fetch, "monotonic", lambda: time.monotonic() + late[0])
    with giving(whole=whole([shell("urn:a")]), many={"result": []}) as server:
        done = CliRunner().invoke(
            cli, ["aas", "fetch", server.url, "-o", str(tmp_path / "x.json"), "--timeout", "100"]
        )
    assert done.exit_code == 0
    assert "is not told" not in done.output


def test_a_file_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    """Nothing is asked of the server then."""
    with lying(answer(BODY)) as server:
        for name in ("none/x.json", "folder.json"):
            (tmp_path / "folder.json").mkdir(exist_ok=True)
            error = run(server.url, "-o", str(tmp_path / name))
            assert isinstance(error, ScenarioError)
            assert "cannot be written" in str(error)
    assert not server.heard


def test_an_empty_server_is_an_error(tmp_path: Path) -> None:
    """No file is written of nothing."""
    out = tmp_path / "x.json"
    with listening(app_of(Environment())) as url:
        error = run(url, "-o", str(out))
    assert isinstance(error, ShellError)
    assert "holds no shell" in str(error)
    assert not out.exists()


def test_what_is_listed_and_not_given_is_said_and_asked_for(
    tmp_path: Path, small_run: SmallRun
) -> None:
    """Cells of a run are listed: their number is told, and --id brings a passport as exported."""
    run_of, out = small_run.run, tmp_path / "x.json"
    source = RunSource(run_of, NAMES)
    cell = str(run_of.table("cells", ["cell", "status"]).query("status == 'A'")["cell"].iloc[0])
    shell = NAMES.cell(source._identity, cell).shell
    with listening(app_of(all_kinds(), source=source)) as url:
        done = CliRunner().invoke(cli, ["aas", "fetch", url, "-o", str(out)])
        assert done.exit_code == 0
        assert f"{len(source.keys()):,} shells are listed" in done.output
        assert "--id" in done.output
        assert run(url, "-o", str(out), "--id", shell) is None
        assert isinstance(run(url, "-o", str(out), "--id", "urn:none"), ShellError)
    told = json.loads(out.read_text())
    expected = as_tree(Passports(run_of, NAMES, [cell]).of(cell))
    for kind in ("assetAdministrationShells", "submodels"):
        assert {e["id"]: e for e in told[kind]} == {e["id"]: e for e in expected[kind]}
    with listening(app_of(describe_run(run_of, NAMES), "customer", source)) as url:
        out.unlink()
        error = run(url, "-o", str(out))
    assert isinstance(error, ShellError)
    assert "shells are listed that it does not give at once; ask for each by --id" in str(error)
    assert not out.exists()
