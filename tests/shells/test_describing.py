"""Shells of a line: what validators, templates and the scenario itself say of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel
from cardinality import TEMPLATES, faults, templates
from validators import complaints_of_aas_core, complaints_of_engines

from linetwin.cli import aas_interfaces
from linetwin.scenario import addresses, load
from linetwin.shells import terms
from linetwin.shells.building import EVIDENCE, SOURCE, UNIT, meaning_of
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.naming import id_short
from linetwin.shells.writing import document, write

if TYPE_CHECKING:
    from linetwin.scenario import Scenario
    from linetwin.shells.environment import Environment

AAS_MODELS = Path(__file__).resolve().parents[2] / "aas_models"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The baseline."""
    return load("baseline")


@pytest.fixture(scope="module")
def shells(scenario: Scenario) -> Environment:
    """The shells of the baseline, with ports and files of its models."""
    return describe(scenario)


def check(shells: Environment, file: Path) -> None:
    """Let every validator look at shells, and at them as a package."""
    assert complaints_of_aas_core(shells, "3.0") == []
    assert complaints_of_aas_core(shells, "3.1") == []
    write(shells, file)
    assert complaints_of_engines(file) == []


@pytest.mark.slow
def test_the_baseline_passes_every_validator(scenario: Scenario, tmp_path: Path) -> None:
    """aas-core of both metamodels and the test engines complain of nothing that is exported."""
    wanted = Wanted(interfaces=aas_interfaces.of_plant(scenario))
    check(describe(scenario, wanted), tmp_path / "line.aasx")


def test_the_baseline_without_ports_passes_every_validator(
    scenario: Scenario, tmp_path: Path
) -> None:
    """The same with the tags of one machine and without the ports of models, in a second."""
    path = "cathode.coater"
    told = {path: aas_interfaces.of_plant(scenario)[path]}
    check(describe(scenario, Wanted(with_ports=False, interfaces=told)), tmp_path / "line.aasx")


def test_every_submodel_is_what_its_template_asks_for(shells: Environment) -> None:
    """Cardinalities and types of each submodel of the line, its machines and its models."""
    if not TEMPLATES.is_dir():
        pytest.skip("the published templates are not here")
    published = {meaning_of(each) for each in templates().values()}
    checked = [each for each in shells.submodels() if meaning_of(each) in published]
    assert len(checked) > 60
    assert [fault for each in checked for fault in faults(each)] == []


def test_every_element_means_something(shells: Environment) -> None:
    """Each element has a semanticId, and each of our own a description in the package."""
    described = {concept.id for concept in shells.concepts()}
    for submodel in shells.submodels():
        elements: list[model.Submodel | model.SubmodelElement] = [submodel]
        for element in [*elements, *walk_submodel(submodel)]:
            meant = meaning_of(element)
            assert meant, f"{submodel.id_short}: {element.id_short}"
            assert meant in described or not meant.startswith(terms.OWN), meant


def test_every_address_is_an_element_with_its_evidence(
    scenario: Scenario, shells: Environment
) -> None:
    """What `addresses` tells is found once under its idShort: value, unit, tag and source."""
    found: dict[str, model.SubmodelElement] = {}
    for submodel in shells.submodels():
        if submodel.id_short in {"TechnicalData", "ProcessParameters"}:
            for element in walk_submodel(submodel):
                told = {each.type: each.value for each in element.qualifier}
                if EVIDENCE in told:
                    assert element.id_short not in found
                    found[str(element.id_short)] = element
    for address in addresses(scenario):
        element = found[id_short(address.address)]
        told = {each.type: str(each.value) for each in element.qualifier}
        assert (told[EVIDENCE], told[SOURCE]) == (address.tag, address.source)
        if isinstance(element, model.SubmodelElementList):
            values = tuple(float(each.value) for each in element.value)
            assert (values, told[UNIT]) == (address.value, address.unit)
        else:
            assert isinstance(element, model.Property)
            assert element.value == address.value
            if not isinstance(address.value, (str, bool)):
                assert told.get(UNIT, "") == address.unit


def test_models_tell_what_their_fmus_tell(shells: Environment) -> None:
    """Each FMU of the line travels once, with its variables, units and causalities."""
    models = [each for each in shells.submodels() if each.id_short == "SimulationModels"]
    assert len(models) == len(shells.files)
    drying = next(each for each in models if "/drying/" in each.id)
    told = {}
    for element in walk_submodel(drying):
        if meaning_of(element).endswith("/Variable/1/0"):
            parts = {each.id_short: each.value for each in element.value}  # type: ignore[attr-defined]
            told[parts["VariableName"]] = (parts["UnitList"], parts["VariableCausality"])
    content = shells.files["/files/models/drying.fmu"].content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        written = ET.fromstring(archive.read("modelDescription.xml"))  # noqa: S314  our own
    expected = {
        each.get("name"): (each.get("unit", "none"), each.get("causality"))
        for each in written.iterfind("ModelVariables/*")
        if each.get("causality") in {"input", "output", "parameter"}
    }
    as_template = {"parameter": "input"}  # of causalities it knows input, output and acausal
    assert told == {n: (u, as_template.get(c or "", c)) for n, (u, c) in expected.items()}


def test_exports_are_the_same_every_time(scenario: Scenario) -> None:
    """Two exports of one scenario are the same bytes, also under another base, but for the ids."""
    wanted = Wanted(with_ports=False, with_files=False)
    first, second = (document(describe(scenario, wanted)) for _ in range(2))
    assert first == second
    elsewhere = Wanted("https://x.org/", with_ports=False, with_files=False)
    other = document(describe(scenario, elsewhere))
    assert b"https://linetwin.example/lines" not in other
    assert len(other) < len(first)


@pytest.mark.parametrize("name", ["baseline", "gigafactory_week"])
def test_the_shells_of_shipped_lines_are_current(name: str) -> None:
    """`linetwin aas export NAME --no-models -o aas_models/LINE.json` gives what lies there."""
    scenario = load(name)
    found = document(describe(scenario, Wanted(with_ports=False, with_files=False)))
    kept = AAS_MODELS / f"{scenario.line.name}.json"
    assert kept.read_bytes() == found, f"{kept.name} is not current"
    assert len(found) < 3_500_000
