"""Which files a role may fetch: by each route that gives bytes, for each role of the table."""

from __future__ import annotations

import io
import zipfile
from typing import Final

import pytest
from basyx.aas import model
from serving_support import MEANS, NAMES, Client, app_of

from linetwin.shells import building
from linetwin.shells.environment import Environment, Supplement
from linetwin.shells.serving.asking import encoded
from linetwin.shells.serving.packing import PACKAGE
from linetwin.shells.serving.roles import known

MACHINE, CELL = NAMES.machine("line", "mixer"), NAMES.cell("run", "cell-000001")
OWNED: Final = {
    "model.fmu": (MACHINE, "SimulationModels"),
    "recipe.pdf": (MACHINE, "ProcessParameters"),
    "machine.png": (MACHINE, "Nameplate"),
    "label.png": (CELL, "BatteryNameplate"),
    "study.pdf": (CELL, "CarbonFootprint"),
    "split.csv": (CELL, "FootprintBreakdown"),
    "history.csv": (CELL, "TimeSeries"),
}
"""File -> whose it is, and the submodel with its element."""
THUMBNAILS: Final = {"face.png": MACHINE, "cell.png": CELL}
SEEN: Final = {
    "engineer": {*OWNED, *THUMBNAILS},
    "operator": {"recipe.pdf", "machine.png", "history.csv", *THUMBNAILS},
    "quality": {*OWNED, *THUMBNAILS} - {"model.fmu", "recipe.pdf"},
    "customer": {"label.png", "study.pdf", "cell.png"},
}


def environment() -> Environment:
    """Return a machine and a cell, each with a thumbnail and a file in each submodel."""
    found, means = Environment(), known()
    for named, picture in ((MACHINE, "face.png"), (CELL, "cell.png")):
        own = []
        for name, (owner, short) in OWNED.items():
            if owner == named:
                path, kind = f"/files/{name}", "application/octet-stream"
                element = building.file("file", path, kind, MEANS)
                own.append(building.submodel(named.submodel(short), short, means[short], [element]))
        shell = building.shell(named, picture.partition(".")[0], own, title="own")
        shell.asset_information.default_thumbnail = model.Resource(f"/files/{picture}", "image/png")
        for each in (shell, *own):
            found.objects.add(each)
    for name in (*OWNED, *THUMBNAILS):
        path = f"/files/{name}"
        found.files[path] = Supplement(path, bytes_of(name), "application/octet-stream")
    return found


def bytes_of(name: str) -> bytes:
    """Return what is in a file, nothing of which is elsewhere."""
    return f"content of {name}".encode() * 3


def ways(name: str) -> list[str]:
    """Return the routes on which a file is given alone."""
    if name in THUMBNAILS:
        return [f"/shells/{encoded(THUMBNAILS[name].shell)}/asset-information/thumbnail"]
    named, short = OWNED[name]
    below = f"/submodels/{encoded(named.submodel(short))}/submodel-elements/file/attachment"
    return [below, f"/shells/{encoded(named.shell)}{below}"]


def packages(name: str) -> list[str]:
    """Return the routes on which a file is given in a package, by an id of its owner."""
    named = THUMBNAILS.get(name) or OWNED[name][0]
    found = [f"/serialization?aasIds={encoded(named.shell)}"]
    if name in OWNED:
        submodel = encoded(named.submodel(OWNED[name][1]))
        found.append(f"/serialization?submodelIds={submodel}")
    return found


@pytest.mark.parametrize("role", SEEN)
@pytest.mark.parametrize("name", [*OWNED, *THUMBNAILS])
def test_a_file_is_given_to_who_sees_its_element(role: str, name: str) -> None:
    """The bytes, or the answer to what is not there: on all routes the same."""
    client, is_seen = Client(app_of(environment(), role)), name in SEEN[role]
    for way in ways(name):
        answer = client.ask(way)
        assert answer.status_code == (200 if is_seen else 404), way
        assert (answer.content == bytes_of(name)) == is_seen
    for way in packages(name):
        answer = client.ask(way, headers={"Accept": PACKAGE})
        assert answer.status_code == 200 or not is_seen
        if answer.status_code == 200:
            assert set(files_in(answer.content)) <= {bytes_of(each) for each in SEEN[role]}


@pytest.mark.parametrize("role", SEEN)
def test_a_package_has_the_files_that_a_role_sees(role: str) -> None:
    """The one package, and a serialisation as AASX: exactly these files, and no other's name."""
    client = Client(app_of(environment(), role))
    for way in ("/packages/shells", f"/packages/{encoded('shells')}", "/serialization"):
        answer = client.ask(way, headers={"Accept": PACKAGE})
        found = files_in(answer.content)
        assert set(found) == {bytes_of(each) for each in SEEN[role]}, way
        names = "".join(zipfile.ZipFile(io.BytesIO(answer.content)).namelist())
        text = client.ask("/serialization").text + client.ask("/packages").text
        for each in {*OWNED, *THUMBNAILS} - SEEN[role]:
            assert each not in names + text


def files_in(content: bytes) -> list[bytes]:
    """Return the supplementary files of a package."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    found = [archive.read(name) for name in archive.namelist()]
    return [each for each in found if each.startswith(b"content of")]
