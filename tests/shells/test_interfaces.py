"""Interfaces of machines: tags, what they are bound to, and the plant they come from."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel
from cardinality import TEMPLATES, faults

from linetwin.cli import aas_interfaces
from linetwin.scenario import load
from linetwin.shells import building
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.naming import id_short
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.model import LINE

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario import Scenario
    from linetwin.shells.environment import Environment

BINDING = "AssetInterfacesMappingConfiguration"
MACHINES = ("", "cathode.coater", "cell.formation", "building")
"""Those that are looked at; "" is the line itself."""
DESCRIPTION = "AssetInterfacesDescription"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The baseline."""
    return load("baseline")


@pytest.fixture(scope="module")
def shells(scenario: Scenario) -> Environment:
    """The shells of the baseline with the tags of its plant."""
    of_plant = aas_interfaces.of_plant(scenario)
    told = {path: of_plant[path] for path in MACHINES}
    return describe(scenario, Wanted(with_ports=False, with_files=False, interfaces=told))


def bindings(shells: Environment) -> list[model.RelationshipElement]:
    """Return what is bound to what, of all machines."""
    return [
        element
        for submodel in shells.submodels()
        if submodel.id_short == BINDING
        for element in walk_submodel(submodel)
        if isinstance(element, model.RelationshipElement)
    ]


def test_interfaces_are_what_their_templates_ask_for(shells: Environment) -> None:
    """Description and binding of each machine have what the templates want, as they want it."""
    checked = [each for each in shells.submodels() if each.id_short in {BINDING, DESCRIPTION}]
    assert len(checked) == 2 * len(MACHINES)
    if not TEMPLATES.is_dir():
        pytest.skip("the published templates are not here")
    assert [fault for each in checked for fault in faults(each)] == []


def test_every_tag_of_the_plant_is_bound(scenario: Scenario, shells: Environment) -> None:
    """Each leads from a node of the plant to an element with the unit of the tag."""
    expected = {f"/?id=nsu=urn:linetwin:battery-line;s={tag.node}": tag.unit
                for name in (LINE, *MACHINES[1:])
                for tag in information_model(scenario).machines[name].tags}  # fmt: skip
    found = {}
    for relation in bindings(shells):
        source = relation.first.resolve(shells.objects)  # type: ignore[union-attr]
        sink = relation.second.resolve(shells.objects)  # type: ignore[union-attr]
        parts = {each.id_short: each for each in source.value}
        forms = {each.id_short: each.value for each in parts["forms"].value}
        found[forms["href"]] = "".join(q.value for q in sink.qualifier if q.type == "Unit")
        assert sink.value is None
    assert found == expected


def test_a_set_value_is_bound_by_its_address(shells: Environment) -> None:
    """What a scenario sets and what a plant reads of the same name are told apart."""
    sinks = {str(relation.second.key[-1].value) for relation in bindings(shells)}  # type: ignore[union-attr]
    assert id_short("cathode.coater.web_speed") in sinks
    assert id_short("cathode.coater.loading") in sinks
    assert len(sinks) == len(bindings(shells))


def test_a_plants_own_mapping_takes_the_place(scenario: Scenario, tmp_path: Path) -> None:
    """Its server, policy and nodes are described; what is of no node is noted, never dropped."""
    file = tmp_path / "plant.mapping.yaml"
    file.write_text(
        dedent("""\
            schema: 1
            name: plant
            owner: process engineering
            version: "1"
            sources:
              scada:
                endpoints: [opc.tcp://scada:4840]
                namespaces: {plc: urn:maker:plc}
                security: {policy: Aes128_Sha256_RsaOaep}
                clock: {owner: plant}
            signals:
              speed:
                node: nsu=urn:maker:plc;s=C1.v
                address: cathode.coater.web_speed
                unit: m/min
              load: {path: ["plc:C1", "plc:w"], address: cathode.coater.loading, unit: mg/cm2}
            """),
        encoding="utf-8",
    )
    notes: list[str] = []
    told = aas_interfaces.of_mapping(file, scenario, notes)
    endpoint, tags = told["cathode.coater"]
    assert (endpoint.url, endpoint.policy) == ("opc.tcp://scada:4840", "Aes128_Sha256_RsaOaep")
    assert [(tag.node, tag.unit) for tag in tags] == [("nsu=urn:maker:plc;s=C1.v", "m/min")]
    assert notes == ["load: not of a node of an OPC UA server, and not described"]


def test_signals_have_the_type_that_their_interface_describes(shells: Environment) -> None:
    """What is an integer or a truth over OPC UA is one in the signal that it is bound to."""
    kinds = {"number": "float", "integer": "Long", "boolean": "bool", "string": "str"}
    seen = set()
    by_id = {each.id: each for each in shells.submodels()}
    for described in [each for each in by_id.values() if each.id_short == DESCRIPTION]:
        signals = by_id[described.id.replace(DESCRIPTION, "Signals")]
        for tag in walk_submodel(described):
            means = building.meaning_of(tag)
            if means.endswith("/PropertyDefinition"):
                said = str(tag.get_referable("type").value)
                signal = signals.get_referable(tag.id_short)
                assert signal.value_type.__name__ == kinds[said]
                seen.add(said)
    assert {"number", "integer"} <= seen
