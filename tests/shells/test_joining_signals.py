"""States, counts, lots and set values go through shells into a mapping, and mean the same."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from other_makers import OWN, Maker, affordance
from test_joining import decided

from linetwin.cli import aas_interfaces
from linetwin.cli.aas_import import Asked, import_machines
from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.mapped import NodeAddress
from linetwin.scenario.mapping import load_mapping
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.writing import write
from linetwin.twin.opcua.browsing import Variable
from linetwin.twin.opcua.proposing import propose
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.model import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.scenario import Scenario
    from linetwin.scenario.mapped import Mapping, SignalConfig

STATIONS = ("cathode.coater", "cathode.calender", "cell.formation", "building")
CALENDER = "cathode.calender"
IGNORED: dict[str, Any] = {"parameters": {"*": "ignore"}}
WAY = "AssetInterfacesDescription/InterfaceOPCUA/EndpointMetadata"
TAGS = "Schnittstellen/Leitstand/InteractionMetadata/properties"
SAFE = ("SignAndEncrypt", "Basic256Sha256")


@pytest.fixture(scope="module")
def plant() -> Scenario:
    """A plant with instruments of its own."""
    return load("live_plant")


def of_machines(
    plant: Scenario, told: aas_interfaces.Interfaces, file: Path, paths: Sequence[str]
) -> Path:
    """Write the plant's shells with the interfaces of some machines."""
    kept = {path: told[path] for path in paths}
    write(describe(plant, Wanted(with_ports=False, with_files=False, interfaces=kept)), file)
    return file


def imported(
    file: Path, stations: Sequence[str], answers: dict[str, Any], into: str = "live_twin"
) -> tuple[Mapping, str]:
    """Return the mapping that machines of a file bring, and what was told."""
    folder = file.parent / "joined"
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.echo", lambda text, **_: lines.append(text))
        decisions = decided(file.parent, {"schema": 1, **answers})
        import_machines(Asked([file], stations, into, folder, decisions, "tests"))
    found = load_mapping(folder / "mapping.yaml", load(folder / "scenario.yaml"))
    return found, "\n".join(lines)


def known(signals: Sequence[SignalConfig]) -> set[tuple[str, ...]]:
    """Return what signals are, but for their names."""
    return {
        (s.address, s.kind, str(s.node), s.quantity.name if s.quantity else "") for s in signals
    }


def test_a_plants_own_description_says_all_that_its_names_say(
    plant: Scenario, tmp_path: Path
) -> None:
    """What `live map` proposes by names alone is what `aas import` takes by meaning.

    Gauges and the laboratory by their instruments, counts and buffers of the line as well; of
    linetwin's own terms none is asked for, nor which shell is the line's.
    """
    told = aas_interfaces.of_plant(plant)
    file = of_machines(plant, told, tmp_path / "plant.json", [*STATIONS, ""])
    stations = [*STATIONS, "line"]
    mapping, said = imported(file, stations, {})
    variables = [
        Variable(
            NodeAddress(NAMESPACE, f"s={tag.node}"),
            tuple((NAMESPACE, part) for part in (tag.owner, tag.folder, tag.name)),
            tag.type, None, tag.unit, tag.unece,
        )
        for path, machine in information_model(plant).machines.items() if path in stations
        for tag in machine.tags
    ]  # fmt: skip
    expected = {
        (each.target.address, each.target.kind, str(each.variable.node),
         each.target.quantity.name if each.target.quantity is not None else "")
        for each in propose(variables, load("live_twin"))
        if each.target is not None and not each.doubt
    }  # fmt: skip
    items = {(*each[:3], each[3].removeprefix("items")) for each in known(mapping.signals)}
    assert len(expected) >= 100
    assert expected - items == set()
    thickness = next(s for s in mapping.signals if s.address == f"{CALENDER}.thickness")
    assert thickness.quantity is not None
    assert thickness.quantity.name == "coating_thickness"
    assert "live run" not in said


MAPPED = """\
    schema: 1
    name: plant
    owner: tests
    version: "1"
    line_start: "2026-11-16T00:00:00+01:00"
    sources:
      plc: {endpoints: ["opc.tcp://plc:4840"], clock: {owner: it, played: true}}
    states:
      own: {codes: {0: Stopped, 41: Held, "20": Execute}, suspend: {cleaning: [41]}}
    signals:
      z: {node: "nsu=urn:plc;s=z", address: cathode.calender.state, kind: state, states: own}
      v: {node: "nsu=urn:plc;s=v", address: cathode.calender.web_speed, unit: m/min, maximum: 2 m/s}
      set: {node: "nsu=urn:plc;s=w", address: cathode.calender.web_speed, kind: setpoint, unit: m/s}
      web: {node: "nsu=urn:plc;s=l", address: cathode.calender.web, kind: lot}
      n: {node: "nsu=urn:plc;i=7", address: cathode.calender.given, kind: counter}
      raw: {node: "nsu=urn:plc;s=r", address: cathode.calender.line_load, unit: N/mm, scale: 0.1}
"""


def test_a_plants_mapping_comes_back_from_its_shells(plant: Scenario, tmp_path: Path) -> None:
    """Codes of its maker, what they suspend, clock and bounds too; a scale is noted, not lost."""
    text = dedent(MAPPED)
    roles = plant.stations[CALENDER].takes
    text = text.replace("calender.web,", f"calender.{next(iter(roles))},")
    (tmp_path / "plant.yaml").write_text(text, "utf-8")
    notes: list[str] = []
    told = aas_interfaces.of_mapping(tmp_path / "plant.yaml", plant, notes)
    assert notes == ["raw: has a scale or offset of its own, and not described"]
    file = of_machines(plant, told, tmp_path / "plant.json", [CALENDER])
    found, _ = imported(file, [CALENDER], {CALENDER: IGNORED})
    before = load_mapping(tmp_path / "plant.yaml", plant)
    assert known(found.signals) == {each for each in known(before.signals) if "s=r" not in each[2]}
    assert found.line_start == before.line_start
    (source,) = found.sources.values()
    assert source.played
    for kind in ("state", "measurement"):
        old, new = (next(s for s in m.signals if s.kind == kind) for m in (before, found))
        assert (new.codes and (new.codes.codes, new.codes.suspends)) == (
            old.codes and (old.codes.codes, old.codes.suspends)
        )
        assert (new.scale, new.maximum) == pytest.approx((old.scale, old.maximum), rel=1e-12)


def foreign(folder: Path, *tags: Any) -> Path:  # noqa: ANN401
    """Write a calender of another maker."""
    maker = Maker("K9", "https://walzwerk.example/k9")
    speed = affordance("v", "/?id=nsu=urn:a;s=v", "m/min", f"{OWN}web_speed")
    maker.interface("opc.tcp://plc:4840", [speed, *tags], SAFE)
    return maker.write(folder / "k9.xml")


def test_what_live_run_wants_and_has_not_is_told_at_once(tmp_path: Path) -> None:
    """Without state, lots and counts there is nothing to follow; it can be watched all the same."""
    _, said = imported(foreign(tmp_path), [CALENDER], {CALENDER: {}}, "baseline")
    assert f"{CALENDER}: live run cannot follow it" in said
    assert "given, lot_in, lot_out, state, taken" in said
    assert "suffices for live watch and live record" in said
    count = affordance("n", "/?id=nsu=urn:a;s=n", "", f"{OWN}signal.taken")
    _, said = imported(foreign(tmp_path, count), [CALENDER], {CALENDER: {}}, "baseline")
    assert "follows it without given, lot_in, lot_out, state" in said


def test_codes_of_a_maker_are_asked_for(tmp_path: Path) -> None:
    """A state whose codes nobody explains is none of PackML's by guess."""
    file = foreign(tmp_path, affordance("z", "/?id=nsu=urn:a;s=z", "", f"{OWN}signal.state"))
    with pytest.raises(ScenarioError, match=rf"codes.{TAGS}/z: open: .*nobody says what they mean"):
        imported(file, [CALENDER], {CALENDER: {}}, "baseline")
    codes = {"codes": {f"{TAGS}/z": {"1": "Idle", "2": "Execute"}}}
    found, _ = imported(file, [CALENDER], {CALENDER: codes}, "baseline")
    state = next(each for each in found.signals if each.kind == "state")
    assert state.codes is not None
    assert state.codes.codes == {"1": 4, "2": 6}


def test_which_instrument_of_the_twin_reads_is_asked(tmp_path: Path) -> None:
    """Two read a thickness at the calender, each with a bias of its own: none is guessed."""
    tag = affordance("d", "/?id=nsu=urn:a;s=d", "um", f"{OWN}coating_thickness")
    file = foreign(tmp_path, tag)
    with pytest.raises(ScenarioError, match="instruments for it are thickness, thickness_micro"):
        imported(file, [CALENDER], {CALENDER: {}})
    answer = {"signals": {f"{TAGS}/d": "thickness"}}
    found, _ = imported(file, [CALENDER], {CALENDER: answer})
    assert f"{CALENDER}.thickness" in {each.address for each in found.signals}
