"""Mapping files: what is read, and every mistake told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.quantities.packml import STATES
from linetwin.scenario import load
from linetwin.scenario.mapping import load_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import Scenario

MAPPING = """\
schema: 1
name: pilot_plant
owner: process engineering
version: "7"
sources:
  plc:
    endpoints: ["opc.tcp://plc-a:4840", "opc.tcp://plc-b:4840"]
    namespaces: {plant: "urn:plant", di: "urn:di"}
    clock: {owner: automation, zone: Europe/Berlin, ahead: -0.5 s}
  laboratory:
    file: laboratory.csv
    tag: sample
    clock: {owner: laboratory}
states:
  vendor:
    codes: {0: Stopped, 20: Execute, 41: Held, run: Execute}
    suspend: {cleaning: [41]}
modes:
  keys:
    codes: {1: Production, 2: Manual}
signals:
  speed:
    source: plc
    node: nsu=plant;s=coater.speed
    path: ["plant:Line", "di:Coater", "Speed"]
    address: cathode.coater.web_speed
    unit: m/min
    scale: 0.1
    offset: 1
    maximum: 30 m/min
    greatest_rate: 6 m/min/s
    stale_after: 3 s
  air: {source: plc, node: nsu=plant;i=7, address: building.outdoor_temperature, unit: degC}
  state:
    {source: plc, node: nsu=plant;i=8, address: cathode.coater.state, kind: state, states: vendor}
  mode: {source: plc, node: nsu=plant;i=9, address: cathode.coater.mode, kind: mode, states: keys}
  count: {source: plc, node: i=2258, address: line.produced, kind: counter}
  lot: {source: plc, node: nsu=plant;i=10, address: cathode.coater.foil, kind: lot}
  solids: {source: laboratory, column: S1, address: cathode.mixer.solids_fraction, unit: "%"}
  set:
    {source: plc, node: nsu=plant;i=11, address: cathode.coater.web_speed, kind: setpoint,
     unit: m/s}
"""


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    """The shipped pilot line."""
    return load("baseline")


def read(folder: Path, text: str, scenario: Scenario | None = None) -> Mapping:
    """Write a mapping file and read it."""
    file = folder / "plant.mapping.yaml"
    file.write_text(text, encoding="utf-8")
    return load_mapping(file, scenario)


def test_what_is_written_is_read(tmp_path: Path, baseline: Scenario) -> None:
    """Aliases become URIs, raw values canonical ones, times seconds; addresses fit the line."""
    mapping = read(tmp_path, MAPPING, baseline)
    assert [signal.name for signal in mapping.signals] == [
        *("speed", "air", "state", "mode", "count", "lot", "solids", "set")
    ]
    speed, air, state, mode, *_, solids, _ = mapping.signals
    assert str(speed.node) == "nsu=urn:plant;s=coater.speed"
    assert speed.path == (("urn:plant", "Line"), ("urn:di", "Coater"), ("", "Speed"))
    # raw 200 -> 0.1 * 200 + 1 = 21 m/min
    assert speed.scale * 200 + speed.offset == pytest.approx(21 / 60)
    assert speed.maximum == pytest.approx(0.5)
    assert speed.greatest_rate == pytest.approx(0.1)
    assert speed.stale_after_s == 3.0
    assert air.scale * 20.0 + air.offset == pytest.approx(293.15)
    assert solids.scale == pytest.approx(0.01)
    assert state.codes is not None
    assert state.codes.codes == {"0": 2, "20": 6, "41": 11, "run": STATES["Execute"]}
    assert state.codes.suspends == {"41": "cleaning"}
    assert mode.codes is not None
    assert mode.codes.suspends == {"2": "manual"}
    assert mapping.sources["plc"].clock_offset_s == -0.5
    assert mapping.sources["laboratory"].table is not None
    assert (mapping.owner, mapping.version) == ("process engineering", "7")


@pytest.mark.parametrize(
    ("server", "file", "played"),
    [
        ("", "", []),
        (", played: true", "", ["plc", "laboratory"]),
        (", played: true", ", played: false", ["plc"]),
        ("", ", played: true", ["laboratory"]),
    ],
)
def test_a_file_beside_a_played_plant_has_its_time(
    tmp_path: Path, server: str, file: str, played: list[str]
) -> None:
    """A laboratory's rows are of the plant's time, whatever ours is, unless it says otherwise."""
    before, laboratory = MAPPING.split("  laboratory:")
    text = before.replace("clock: {owner: automation", f"clock: {{owner: automation{server}")
    laboratory = laboratory.replace(
        "clock: {owner: laboratory", f"clock: {{owner: laboratory{file}", 1
    )
    mapping = read(tmp_path, f"{text}  laboratory:{laboratory}")
    assert [name for name, each in mapping.sources.items() if each.played] == played


def test_codes_of_packml_map_to_themselves(tmp_path: Path) -> None:
    """`codes: packml` is the identity; 0 stays undefined."""
    text = MAPPING.replace(
        "codes: {0: Stopped, 20: Execute, 41: Held, run: Execute}\n    suspend: {cleaning: [41]}",
        "codes: packml",
    )
    codes = read(tmp_path, text).signals[2].codes
    assert codes is not None
    assert codes.codes == {str(number): number for number in (0, *STATES.values())}


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("nsu=plant;s=coater.speed", "ns=2;s=speed", "signals.speed.node", "index of a namespace"),
        ("unit: m/min", "unit: kg", "signals.speed.unit", "does not fit"),
        ("    unit: m/min\n", "", "signals.speed", "no unit"),
        ("coater.web_speed\n", "coater.web_sped\n", "signals.speed.address", "web_speed"),
        ("20: Execute", "20: Executing", "states.vendor.codes.20", "Execute"),
        ("cleaning: [41]", "cleaning: [42]", "states.vendor.suspend", "code 42 has no state"),
        ("states: vendor", "states: vndor", "signals.state.states", "vendor"),
        ("plc-b:4840", "plc-b", "", ""),
        ("opc.tcp://plc-b:4840", "http://plc-b", "sources.plc.endpoints.1", "no endpoint"),
        ("Europe/Berlin", "Europe/Bonn", "sources.plc.clock.zone", "Europe/"),
        (
            "ahead: -0.5 s}",
            "ahead: -0.5 s}\n    stale_after: 2 s",
            "sources.plc.stale_after",
            "2.5 s",
        ),
        ("laboratory.csv", "laboratory.xls", "sources.laboratory.file", ".csv"),
        ("i=8,", "i=7,", "signals.state", "reads what 'air' reads"),
        ("owner: process engineering\n", "", "owner", "missing key"),
        ("source: plc, node: i=2258", "source: plc", "signals.count", "node: or path:"),
        ("column: S1", "node: i=1", "signals.solids", "is a file"),
        ("coater.foil", "coater.powder", "signals.lot.address", "foil"),
        ("coater.state", "coter.state", "signals.state.address", "cathode.coater"),
        ("maximum: 30 m/min", "maximum: 30", "signals.speed.maximum", "no unit"),
        ("greatest_rate: 6 m/min/s", "greatest_rate: 6 m", "signals.speed.greatest_rate", ""),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, baseline: Scenario, old: str, new: str, key: str, said: str
) -> None:
    """File, line, key and what is allowed; the line is where the key stands."""
    assert old in MAPPING
    text = MAPPING.replace(old, new, 1)
    if not key:
        read(tmp_path, text, baseline)  # a port may be left out
        return
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text, baseline)
    problem = next(p for p in caught.value.problems if p.key == key)
    assert said in str(problem)
    assert problem.file == tmp_path / "plant.mapping.yaml"
    last = key.rsplit(".", maxsplit=1)[-1] if not key.endswith(".1") else "endpoints"
    assert problem.line is not None
    if key != "owner":
        assert last in text.splitlines()[problem.line - 1]


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("stale_after: 3 s", "stale_after: 0 s", "signals.speed.stale_after", "0.001 s to"),
        ("stale_after: 3 s", "sampling: -1 ms", "signals.speed.sampling", "0 s to"),
        ("zone: Europe/Berlin,", "zone: Mars/X,", "sources.plc.clock.zone", "UTC or Europe/Berlin"),
        ("    tag: sample", "    table: x", "sources.laboratory.table", "is one table"),
        ("    tag: sample", "    late_after: -5 s", "sources.laboratory.late_after", "86400 s"),
        ("    tag: sample", "    namespaces: {p: q}", "sources.laboratory.namespaces", "a server"),
        ("S1,", "S1, queue: 2,", "signals.solids.queue", "only a server"),
        ("S1,", "S1, sampling: 1 s,", "signals.solids.sampling", "only a server"),
        ("//plc-b", "//ann:secret@plc-b", "sources.plc.endpoints.1", "security: {user: NAME}"),
        ("greatest_rate: 6", "greatest_rate: 0", "signals.speed.greatest_rate", "above zero"),
        ("greatest_rate: 6", "greatest_rate: -6", "signals.speed.greatest_rate", "above zero"),
        ("nsu=plant;s=coater", "nsu=plnt;s=coater", "signals.speed.node", "did you mean plant?"),
        ("plant:Line", "plnt:Line", "signals.speed.path.0", "did you mean plant?"),
        ("plant:Line", "plant:", "signals.speed.path.0", "no browse name"),
        ("i=7", "i=abc", "signals.air.node", "a number from 0 to 4294967295"),
        ("i=7", "i=4294967296", "signals.air.node", "a number from 0 to 4294967295"),
        ("i=7", "g=123", "signals.air.node", "a GUID such as"),
        ("i=7", "b=!!!", "signals.air.node", "base64 such as"),
        ("owner: process engineering", "owner: ''", "owner", "is empty"),
        ("codes: {1: Production, 2: Manual}", "codes: {}", "modes.keys.codes", "no code"),
        ("scale: 0.1", "scale: .inf", "signals.speed.scale", "is no scale"),
        ("offset: 1", "offset: .inf", "signals.speed.offset", "is no offset"),
    ],
)
def test_what_could_not_be_read_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    """One problem, with file, line and key, that says what is allowed and tells no password."""
    assert old in MAPPING
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, MAPPING.replace(old, new, 1))
    (problem,) = caught.value.problems
    assert (problem.key, problem.file) == (key, tmp_path / "plant.mapping.yaml")
    assert problem.line is not None
    assert said in str(problem)
    assert "secret" not in str(problem)


BROKER = """\
schema: 1
name: gateway
owner: automation
version: "1"
sources:
  gateway:
    endpoints: ["mqtts://gateway:8883"]
    alive: {topic: gateway/alive, field: state.now, offline: [OFF]}
    clock: {owner: automation}
signals:
  speed: {topic: a/b, field: values.v, address: cathode.coater.web_speed, unit: m/min}
"""


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("gateway/alive", "gateway/#", "sources.gateway.alive.topic"),
        ("state.now", "state..now", "sources.gateway.alive.field"),
        ("values.v", "values.", "signals.speed.field"),
        ("field: values.v", "sampling: 1 s", "signals.speed.sampling"),
        ("    clock:", "    namespaces: {p: 'urn:p'}\n    clock:", "sources.gateway.namespaces"),
        ("    clock:", "    table: t\n    clock:", "sources.gateway.table"),
        ("mqtts://gateway", "mqtts://ann:secret@gateway", "sources.gateway.endpoints.0"),
    ],
)
def test_a_mapping_of_a_broker_is_checked_too(tmp_path: Path, old: str, new: str, key: str) -> None:
    """Topics are single ones, paths have no empty part, keys of servers and files are refused."""
    assert read(tmp_path, BROKER).signals[0].field == "values.v"
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, BROKER.replace(old, new, 1))
    assert [(each.key, each.line is not None) for each in caught.value.problems] == [(key, True)]
    assert "secret" not in str(caught.value)


def test_identifiers_of_all_kinds_are_read(tmp_path: Path) -> None:
    """A GUID, base64, the greatest number; a URI that is no URI by the name it is written under."""
    for identifier in (
        *("i=4294967295", "g=09087e75-8e5e-499b-954f-f2a9603db28a", "b=M/RbKBsRVkePCePcx24oRA=="),
        "s=a;b=c",
    ):
        air = read(tmp_path, MAPPING.replace("plant;i=7", f"plant;{identifier}")).signals[1]
        assert str(air.node) == f"nsu=urn:plant;{identifier}"
    text = MAPPING.replace('"urn:di"', "KEPServerEX").replace("plant;i=7", "KEPServerEX;i=7")
    assert str(read(tmp_path, text).signals[1].node) == "nsu=KEPServerEX;i=7"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Three mistakes in three places are three problems."""
    text = MAPPING.replace("unit: m/min", "unit: kg").replace("20: Execute", "20: Run")
    text = text.replace("Europe/Berlin", "Mars/Olympus")
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    assert len(caught.value.problems) == 3


@settings(max_examples=10, deadline=None)
@given(raw=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e3), offset=st.floats(-1e3, 1e3))
def test_raw_values_become_canonical_by_hand(
    tmp_path_factory: pytest.TempPathFactory, raw: float, scale: float, offset: float
) -> None:
    """Degrees Celsius after scale and offset, plus 273.15."""
    text = MAPPING.replace("unit: degC", f"unit: degC, scale: {scale!r}, offset: {offset!r}")
    air = read(tmp_path_factory.mktemp("m"), text).signals[1]
    expected = scale * raw + offset + 273.15
    assert air.scale * raw + air.offset == pytest.approx(expected, abs=1e-6, rel=1e-9)
