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
