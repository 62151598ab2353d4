"""Who sees what: redaction on every route, tokens, hosts, openings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from serving_support import MEANS, NAMES, Client, all_kinds, app_of

from linetwin.cli.aas_serve import Opening, Who, make_door
from linetwin.errors import ScenarioError
from linetwin.shells.running import Passports, describe_lot, describe_run
from linetwin.shells.serving.app import make_app
from linetwin.shells.serving.asking import encoded
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.roles import Role, read_roles
from linetwin.shells.serving.routes import ROUTES
from linetwin.shells.serving.runs import RunSource
from linetwin.shells.serving.tokens import make_token, read_tokens
from linetwin.shells.writing import as_tree

if TYPE_CHECKING:
    from pathlib import Path

    from small_runs import SmallRun

ONE, TWO = NAMES.machine("line", "one"), NAMES.machine("line", "two")
SEEN = {"guest": Role("guest", frozenset({f"{MEANS}/open"}), elements=frozenset())}


def answers(client: Client, ids: dict[str, str], path: str = "seen") -> dict[str, str]:
    """Return route -> what it says, each with some ids in its path; times of day left out."""
    found = {}
    for route in [*ROUTES, "/serialization", "/packages", "/packages/shells"]:
        filled = route
        for name, value in ids.items():
            filled = filled.replace(f"{{{name}}}", encoded(value))
        filled = filled.replace("{path}", path)
        answer = client.ask(filled, headers={"Accept": "application/json"})
        text = answer.content.decode("latin-1")
        if answer.status_code != 200:
            text = "".join(each["text"] for each in answer.json()["messages"])
        found[route] = f"{answer.status_code} {text}"
    return found


def test_nothing_hidden_is_in_any_answer() -> None:
    """A role that sees one submodel finds no word of others: in no list, reference, file."""
    client = Client(app_of(all_kinds(), "guest", roles=SEEN))
    ids = {"shell": ONE.shell, "submodel": ONE.submodel("Open"), "concept": MEANS}
    found = answers(client, ids)
    told = "".join(found.values())
    for word in ("Secret", "secret", "recipe", "42.0", "Kinds", "model.bin", TWO.shell, TWO.asset):
        assert word not in told, word
    assert found["/submodels/{submodel}"].startswith("200")
    assert "pointing" in told  # the element is there, what it points at is not
    assert len(json.loads(found["/shells"][4:])["result"]) == 1
    assert [each["idShort"] for each in json.loads(found["/submodels"][4:])["result"]] == ["Open"]


def test_what_is_hidden_answers_as_what_is_absent() -> None:
    """The same status and the same words for a hidden id and for one that is nobody's."""
    client = Client(app_of(all_kinds(), "guest", roles=SEEN))
    absent = {"shell": "urn:none", "submodel": "urn:nothing", "concept": "urn:no"}
    nothing = answers(client, absent)
    hidden = {"shell": TWO.shell, "submodel": TWO.submodel("Secret"), "concept": f"{MEANS}/secret"}
    assert answers(client, hidden) == nothing
    mixed = {"shell": ONE.shell, "submodel": ONE.submodel("Kinds"), "concept": f"{MEANS}/secret"}
    none = {"shell": ONE.shell, "submodel": "urn:nothing", "concept": "urn:no"}
    assert answers(client, mixed) == answers(client, none)
    paged = client.json("/submodels?limit=1")
    assert paged["paging_metadata"] == {}


def test_who_sees_all_sees_what_was_exported() -> None:
    """Without anything hidden a view is the environment itself."""
    client = Client(app_of(all_kinds()))
    assert client.json("/serialization") == as_tree(all_kinds())


@pytest.fixture(scope="module")
def source(small_run: SmallRun) -> RunSource:
    """Lots and cells of a small run."""
    return RunSource(small_run.run, NAMES)


def test_what_is_told_of_a_part_is_what_is_described(
    source: RunSource, small_run: SmallRun
) -> None:
    """Shells and headings that are listed are those of lots and cells when they are described."""
    run = small_run.run
    keys = [source.keys()[len(source.keys()) // 3], source.keys()[-1]]
    passports = Passports(run, NAMES)
    for key in keys:
        kind, _, name = key.partition(":")
        found = describe_lot(run, name, NAMES) if kind == "lot" else passports.of(name)
        tree, told = as_tree(found), source.told(key)
        assert list(told.shells.values()) == tree["assetAdministrationShells"]
        assert {each["id"]: each["idShort"] for each in tree["submodels"]} == {
            name: each.id_short for name, each in told.headings.items()
        }
        shell = tree["assetAdministrationShells"][0]
        assert source.find(shell["id"]) == key
        assert source.find(shell["assetInformation"]["globalAssetId"]) == key
        assert all(source.find(each["id"]) == key for each in tree["submodels"])
        assert shell["idShort"] == source.id_short(key)
        assert as_tree(source.describe(key)) == tree


def test_a_customer_sees_passports_alone(source: RunSource, small_run: SmallRun) -> None:
    """Of a run and its line a customer sees cells, without recipe, lots, evidence or sources."""
    whole = describe_run(small_run.run, NAMES)
    app = app_of(whole, "customer", source)
    client = Client(app)
    cells = small_run.run.table("cells", ["cell"])["cell"].tolist()
    shells = [each for page in client.pages("/shells", 30) for each in page]
    assert len(shells) == len(cells)
    lot = NAMES.lot(source._identity, small_run.run.table("lots", ["lot"])["lot"][0])
    assert client.ask(f"/shells/{encoded(lot.shell)}").status_code == 404
    assert client.json("/serialization").keys() <= {"conceptDescriptions"}
    shown = [
        client.json(f"/submodels/{encoded(ref['keys'][0]['value'])}")
        for ref in shells[0]["submodels"]
    ]
    names = {each["idShort"] for each in shown}
    assert {"BatteryNameplate", "MaterialComposition"} <= names
    assert not names & {"FootprintBreakdown", "ExecutedProcesses", "TimeSeries"}
    text = json.dumps(shown)
    assert '"type": "Evidence"' not in text
    assert '"type": "Source"' not in text
    engineer = Client(app_of(whole, "engineer", source))
    assert '"Evidence"' in engineer.ask(f"/submodels/{encoded(shown[1]['id'])}").text


def test_tokens_open_a_door(tmp_path: Path) -> None:
    """A token gives its role; without one, or with another, 401 on every path; none is kept."""
    roles, file = read_roles(), tmp_path / "tokens.json"
    secret = make_token(file, "anna", "customer", list(roles))
    other = make_token(file, "otto", "engineer", list(roles))
    assert secret not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    door = make_door(Opening("0.0.0.0", insecure_http=True), Who(tokens=file))  # noqa: S104
    app = make_app(Catalogue(all_kinds()), door)
    assert Client(app, secret).json("/shells")["result"] == []
    assert len(Client(app, other).json("/shells")["result"]) == 2
    for path in ("/shells", "/nothing", "/description"):
        for token in ("", "x" * 43, secret[:-1]):
            answer = Client(app, token).ask(path)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    with pytest.raises(ScenarioError, match="a token of this name"):
        make_token(file, "anna", "customer", list(roles))


def test_a_local_server_hears_to_local_names_only() -> None:
    """A page in a browser cannot reach it by a name that it has made point here."""
    app = make_app(Catalogue(all_kinds()), make_door(Opening(), Who()))
    assert Client(app, host="127.0.0.1:8080").ask("/shells").status_code == 200
    assert Client(app, host="[::1]:8080").ask("/shells").status_code == 200
    assert Client(app, host="evil.example").ask("/shells").status_code == 403


@pytest.mark.parametrize(
    ("opening", "who", "word"),
    [
        (Opening("192.0.2.1", insecure_http=True), Who(), "--tokens"),
        (Opening("192.0.2.1"), Who(), "--certificate"),
        (Opening("example.com"), Who(), "--tokens"),
        (Opening(), Who("king"), "unknown role"),
    ],
)
def test_unsafe_openings_are_refused(opening: Opening, who: Who, word: str) -> None:
    """Beyond this machine tokens are needed, and TLS unless it is waived."""
    with pytest.raises(ScenarioError, match=word):
        make_door(opening, who)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = ", "unreadable"),
        ("", "names no role"),
        ("[a]\nsubmodel = []", "unknown"),
        ("[a]\nsubmodels = ['Nonsense']", "is no submodel"),
        ("[a]\nsubmodels = 'all'", "list of texts"),
        ("a = 1", "is no table"),
    ],
)
def test_wrong_tables_of_roles_are_refused(tmp_path: Path, text: str, word: str) -> None:
    """Each fault is named with its key."""
    file = tmp_path / "roles.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=word):
        read_roles(file)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"tokens": []}', '{"tokens": [{}]}',
     '{"tokens": [{"name": "a", "role": "king", "sha256": "00"}]}',
     '{"tokens": [{"name": "a", "role": "customer", "sha256": "00"}]}'],
)  # fmt: skip
def test_wrong_tokens_are_refused(tmp_path: Path, content: str) -> None:
    """A file of tokens that is none is no open door."""
    file = tmp_path / "tokens.json"
    file.write_text(content)
    with pytest.raises(ScenarioError):
        read_tokens(file, read_roles())


def test_the_table_of_roles_is_a_user_s_own(tmp_path: Path) -> None:
    """A table of one's own says what a role sees, also by a semanticId in full."""
    file = tmp_path / "roles.toml"
    file.write_text(f"[guest]\nsubmodels = ['{MEANS}/open']\n")
    client = Client(app_of(all_kinds(), "guest", roles=read_roles(file)))
    found: list[Any] = client.json("/submodels")["result"]
    assert [each["idShort"] for each in found] == ["Open"]
