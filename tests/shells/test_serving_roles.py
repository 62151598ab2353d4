"""Who sees what: redaction on every route, tokens, hosts, openings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from basyx.aas import model
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from serving_support import MEANS, NAMES, Client, all_kinds, app_of

from linetwin.cli import aas_interfaces
from linetwin.cli.aas_serve import Opening, Who, make_door
from linetwin.errors import ScenarioError, ShellError
from linetwin.scenario import load
from linetwin.shells import building
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.environment import Environment
from linetwin.shells.running import Passports, describe_lot, describe_run
from linetwin.shells.serving.app import make_app
from linetwin.shells.serving.asking import encoded
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.recorded import RecordedValues
from linetwin.shells.serving.roles import Role, read_roles
from linetwin.shells.serving.routes import ROUTES
from linetwin.shells.serving.runs import RunSource
from linetwin.shells.serving.tokens import make_token, read_tokens
from linetwin.shells.writing import as_tree
from linetwin.twin.plant.making import panels

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    assert "pointing" not in told  # it would say that there is something to point at
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


def elements_in(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield every element and reference at any depth."""
    if isinstance(tree, list):
        for each in tree:
            yield from elements_in(each)
    elif isinstance(tree, dict):
        yield tree
        yield from elements_in([*tree.values()])


@pytest.mark.parametrize("role", ["operator", "quality", "customer"])
def test_a_view_points_at_nothing_hidden(role: str) -> None:
    """Of the baseline's shells each reference leads to something seen; nothing is left hollow."""
    whole = describe(load("baseline"), Wanted(with_ports=False, with_files=False))
    client = Client(app_of(whole, role))
    seen = client.json("/serialization")
    ids = {each["id"] for kind in seen.values() for each in kind}
    for each in elements_in(seen):
        if each.get("type") == "ModelReference":
            assert each["keys"][0]["value"] in ids
        if each.get("modelType") == "ReferenceElement":
            assert each["value"]


def test_what_led_through_a_hidden_element_is_gone() -> None:
    """An element left out by its meaning takes references to what is in it along."""
    named = NAMES.machine("line", "one")
    way = [(model.KeyTypes.SUBMODEL_ELEMENT_COLLECTION, "secret"), (model.KeyTypes.PROPERTY, "at")]
    own = building.submodel(named.submodel("Own"), "Own", MEANS, [
        building.collection("secret", f"{MEANS}/x", [building.prop("at", 1.0, MEANS)]),
        building.collection("holder", MEANS, [
            building.reference("pointing", building.to_element(named.submodel("Own"), way), MEANS)
        ]),
        building.reference("open", building.to_submodel(named.submodel("Own")), MEANS),
    ])  # fmt: skip
    found = Environment()
    for each in (building.shell(named, "one", [own], title="one"), own):
        found.objects.add(each)
    roles = {"guest": Role("guest", elements=frozenset({f"{MEANS}/x"}))}
    client = Client(app_of(found, "guest", roles=roles))
    paths = client.json(f"/submodels/{encoded(named.submodel('Own'))}/$path")
    assert paths == ["open"]


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


def test_who_sees_no_recipe_sees_no_set_values(source: RunSource, small_run: SmallRun) -> None:
    """Signals and lots of quality have what was read; set values are an operator's, by each way."""
    scenario = load("baseline")
    tags = aas_interfaces.of_plant(scenario)
    whole = describe(
        scenario, Wanted(NAMES.base, with_ports=False, with_files=False, interfaces=tags)
    )
    line = NAMES.machine("pilot", "cathode.calender")
    signals = f"/submodels/{encoded(line.submodel('Signals'))}"
    rolls = small_run.run.table("lots", ["lot", "kind"]).query("kind == 'mother_roll'")
    lot = NAMES.lot(source._identity, str(rolls["lot"].iloc[-1]))
    done = f"/submodels/{encoded(lot.submodel('ExecutedProcesses'))}/$path"
    values = RecordedValues(small_run.run, panels())
    for role, is_told in (("operator", True), ("quality", False)):
        client = Client(app_of(whole, role, source, values))
        told = client.json(f"{signals}/$value")
        assert any("web_speed" in name for name in told)
        for name in ("line_load", "porosity_target", "porosity_tolerance"):
            short = f"cathode__calender__{name}"
            assert (short in told) == is_told
            found = client.ask(f"{signals}/submodel-elements/{short}/$value")
            assert found.status_code == (200 if is_told else 404)
        paths = client.json(done)
        assert any(".Set" in each for each in paths) == is_told
        assert any(".Actual" in each for each in paths)


def test_a_customer_sees_passports_alone(source: RunSource, small_run: SmallRun) -> None:
    """Of a run and its line a customer sees cells, without recipe, lots, evidence or sources."""
    whole = describe_run(small_run.run, NAMES)
    app = app_of(whole, "customer", source)
    client = Client(app)
    cells = small_run.run.table("cells", ["cell", "status"])
    products = cells["status"].isin(["A", "B"])
    assert 0 < products.sum() < len(cells)
    shells = [each for page in client.pages("/shells", 30) for each in page]
    good = {NAMES.cell(source._identity, each).shell for each in cells["cell"][products]}
    assert {each["id"] for each in shells} == good
    listed = [each for page in client.pages("/lookup/shells", 30) for each in page]
    assert set(listed) == good
    for reject in cells["cell"][~products]:
        named = NAMES.cell(source._identity, reject)
        for way in (
            f"/shells/{encoded(named.shell)}",
            f"/submodels/{encoded(named.submodel('BatteryNameplate'))}/$value",
            f"/serialization?aasIds={encoded(named.shell)}",
        ):
            assert client.ask(way).status_code == 404
    lot = NAMES.lot(source._identity, small_run.run.table("lots", ["lot"])["lot"][0])
    assert client.ask(f"/shells/{encoded(lot.shell)}").status_code == 404
    assert client.json("/serialization").keys() <= {"conceptDescriptions"}
    assert client.json("/packages")["result"] == []
    assert client.ask("/packages/shells").status_code == 404
    shown = [
        client.json(f"/submodels/{encoded(ref['keys'][0]['value'])}")
        for ref in shells[0]["submodels"]
    ]
    names = {each["idShort"] for each in shown}
    assert {"BatteryNameplate", "MaterialComposition"} <= names
    assert not names & {"FootprintBreakdown", "ExecutedProcesses", "TimeSeries"}
    text = json.dumps(shown)
    assert "FootprintBreakdown" not in text
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
    opening = Opening("0.0.0.0", insecure_http=True, names=("localhost",))  # noqa: S104
    door = make_door(opening, Who(tokens=file))
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
    assert Client(app, host="evil.example").ask("/shells").status_code == 421


def test_an_opened_server_hears_to_its_names_only(tmp_path: Path) -> None:
    """Names of the certificate, those that are named, its own address; no other, token or not."""
    file, certificate = tmp_path / "tokens.json", tmp_path / "own.pem"
    secret = make_token(file, "anna", "engineer", list(read_roles()))
    certificate.write_bytes(signed_for("plant.example", "*.lab.example", "192.0.2.7"))
    everywhere = "0.0.0.0"  # noqa: S104
    opening = Opening(everywhere, 0, certificate, certificate, names=("Shells.example",))
    app = make_app(Catalogue(all_kinds()), make_door(opening, Who(tokens=file)))
    for host, status in {
        "plant.example": 200, "PLANT.example:8080": 200, "one.lab.example": 200,
        "shells.example": 200, "192.0.2.7": 200, "198.51.100.9": 200,
        "evil.example": 421, "a.b.lab.example": 421, "lab.example": 421, "plant.example.evil": 421,
        "localhost": 421,
    }.items():  # fmt: skip
        assert Client(app, secret, host).ask("/shells").status_code == status, host
        assert Client(app, host=host).ask("/shells").status_code == (401 if status == 200 else 421)
    broken = tmp_path / "broken.pem"
    broken.write_text("none")
    with pytest.raises(ShellError, match="broken"):
        make_door(Opening(everywhere, 0, broken, broken), Who(tokens=file))


def signed_for(*names: str) -> bytes:
    """Return a certificate for host names and addresses, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    own: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(days=9999))
        .add_extension(x509.SubjectAlternativeName(own), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM)


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
        ("[a]\nsubmodels = []\nproducts = 1", "true or false"),
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
