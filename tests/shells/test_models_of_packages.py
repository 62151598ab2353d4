"""Which file of a model runs: the package's, as its shells state it; else the line is refused."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel

from linetwin.cosim.library import find_fmu, shipped_folder
from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.shells.checking import check
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.lining import Lined, line_document
from linetwin.shells.reading import read
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from linetwin.shells.environment import Environment

PATH = "/files/models/calendering.fmu"
TOKEN = b'instantiationToken="'
START = b'start="0.2411"'
OWN = "/files/models/my_calender.fmu"
MODEL = "TechnicalData/Processes/calendering/model"
OTHER = "{00000000-0000-0000-0000-000000000001}"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The baseline as a package with its FMUs."""
    if not (shipped_folder() / "calendering.fmu").is_file():
        pytest.skip("the models are not built")
    file = tmp_path_factory.mktemp("exchanged") / "line.aasx"
    write(describe(load("baseline"), Wanted(with_ports=False)), file)
    return file


def changed(*, token: bool = False, start: bool = False, binary: bool = False) -> bytes:
    """Return the calendering FMU with another token, start value or binary."""
    made = io.BytesIO()
    with zipfile.ZipFile(find_fmu("calendering")) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if token and name == "modelDescription.xml":
                head, _, tail = content.partition(TOKEN)
                content = head + TOKEN + OTHER.encode() + b'"' + tail.partition(b'"')[2]
            if start and name == "modelDescription.xml":
                assert START in content
                content = content.replace(START, b'start="0.2011"')
            if binary and name.startswith("binaries/"):
                content = b"no binary"
            new.writestr(old.getinfo(name), content)
    return made.getvalue()


def exchanged(package: Path, content: bytes) -> Environment:
    """Return the package with other bytes in place of the calendering FMU."""
    shells = read(package)
    shells.files[PATH] = replace(shells.files[PATH], content=content)
    return shells


def state(shells: Environment, **values: str) -> None:
    """Set properties and files of the calendering model's SimulationModels; "" takes one out."""
    submodels = (each for each in shells.submodels() if "models/calendering/" in each.id)
    for submodel in submodels:
        for each in list(walk_submodel(submodel)):
            if isinstance(each, (model.Property, model.File)) and each.id_short in values:
                each.value = values[each.id_short]
                if not each.value:
                    assert isinstance(each.parent, model.SubmodelElementCollection)
                    each.parent.value.remove(each)


def used(shells: Environment, package: Path) -> str:
    """Return what the line has as the cathode calender's model."""
    return model_of(line_document(shells, package))


def model_of(found: Lined) -> str:
    """Return what a line file says of the cathode calender's model."""
    return str(found.line["stations"]["cathode.calender"]["processes"]["calendering"]["model"])


@pytest.mark.parametrize("case", ["token", "start", "binary", "another model", "no FMU"])
def test_an_exchanged_file_is_refused_and_checked_by_name(package: Path, case: str) -> None:
    """Whatever stands where another file was described; nothing runs in its place unsaid."""
    content = {"no FMU": b"no fmu", "another model": find_fmu("drying").read_bytes()}.get(case)
    shells = exchanged(package, changed(**{case: True}) if content is None else content)
    digest = hashlib.sha256(shells.files[PATH].content).hexdigest()
    with pytest.raises(ScenarioError, match=rf"'{PATH}' is not the model .*{digest}.*state what"):
        line_document(shells, package)
    assert any(PATH in each and digest in each for each in check(shells).models)


def test_a_file_that_the_shells_state_is_what_runs(package: Path) -> None:
    """With its token and SHA-256, and by its token alone; which it is, is told by run and check."""
    content = changed(token=True, start=True)
    digest = hashlib.sha256(content).hexdigest()
    for said in (digest.upper(), ""):
        shells = exchanged(package, content)
        state(shells, InstantiationToken=OTHER, Sha256=said)
        assert check(shells).models == ()
        found = line_document(shells, package)
        laid = Path(model_of(found))
        assert laid.is_relative_to(package.parent / "line.aasx.models")
        assert laid.read_bytes() == content
        runs = "runs on calendering.fmu of the package, on no model of the library"
        told = {f"{each}.calender.calendering: {runs}" for each in ("anode", "cathode")}
        assert set(found.notes) == set(check(shells).own) == told
    shells = exchanged(package, changed(start=True))  # of the library's token
    state(shells, Sha256="")
    assert Path(used(shells, package)).read_bytes() == changed(start=True)


def test_what_the_library_has_is_not_laid_beside_the_package(package: Path) -> None:
    """The same bytes are the library's model; another token stated is refused."""
    shells = read(package)
    assert used(shells, package) == "calendering"
    assert line_document(shells, package).notes == []
    assert check(shells).own == ()
    state(shells, InstantiationToken=OTHER)
    with pytest.raises(ScenarioError, match=r"has the token .*0001}' is stated"):
        line_document(shells, package)


def test_a_file_that_was_taken_out_is_told(package: Path) -> None:
    """The library's model steps in only as the very file that is stated, and that is said."""
    shells = read(package)
    del shells.files[PATH]
    found = line_document(shells, package)
    assert [note for note in found.notes if "library's models" in note and "calendering" in note]
    state(shells, Sha256="0" * 64)
    with pytest.raises(ScenarioError, match=r"'/files.*' is not in the package, .* another file"):
        line_document(shells, package)


def test_ones_own_file_that_is_missing_is_named(package: Path) -> None:
    """Under another name than the library's: the file is missed, whatever token it states."""
    shells = read(package)
    del shells.files[PATH]
    for token in ({}, {"InstantiationToken": OTHER}):
        state(shells, DigitalFile=OWN, Sha256="", **token)
        with pytest.raises(ScenarioError) as error:
            line_document(shells, package)
        problems = {each.key: each.message for each in error.value.problems}
        assert set(problems) == {f"{each}__calender/{MODEL}" for each in ("anode", "cathode")}
        assert all(f"'{OWN}' is not in the package" in each for each in problems.values())
