from __future__ import annotations

import inspect
import io
import json
import typing
from pathlib import Path

import pytest
from aas_core3 import types
from basyx.aas import model
from basyx.aas.adapter import aasx

from linetwin.errors import ScenarioError
from linetwin.shells.environment import Environment, Supplement
from linetwin.shells.reading import read
from linetwin.shells.reading.shapes import shapes
from linetwin.shells.reading.walking import elements
from linetwin.shells.writing import as_tree, document, write, xml_document

_TEMPLATES = Path(__file__).parents[3] / "shared" / "aas_templates"
_FILES = sorted(_TEMPLATES.glob("*.json"))

pytestmark = pytest.mark.skipif(not _FILES, reason="the shared folder with templates is absent")


def _referables(tree: object) -> list[dict[str, object]]:
    """Return every dict of a file that says its class, but for data specifications."""
    if isinstance(tree, list):
        return [found for item in tree for found in _referables(item)]
    if not isinstance(tree, dict):
        return []
    own = [tree] if tree.get("modelType", "DataSpecificationIec61360")[:4] != "Data" else []
    return own + [found for item in tree.values() for found in _referables(item)]


def _twice(tree: dict[str, list[dict[str, str]]]) -> int:
    ids = [item["id"].strip() for items in tree.values() for item in items]
    return len(ids) - len(set(ids))


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem[:7])
def test_a_published_template_reads_with_every_element_and_comes_back_the_same(
    file: Path, tmp_path: Path
) -> None:
    """Each object of a published file is held, in all three forms; what is not is noted.

    Oracle: the objects that name a `modelType` in the file's own JSON. Some files give a concept
    description the id of their submodel: one store cannot hold both, and says so.
    """
    tree = json.loads(file.read_text(encoding="utf-8"))
    environment = read(file)
    held = sum(1 + sum(1 for _ in elements(item)) for item in environment.objects)
    assert held == len(_referables(tree)) - _twice(tree)
    assert sum("an id stands twice" in note for note in environment.notes) == _twice(tree)
    tree = as_tree(environment)
    for ending in ("aasx", "json", "xml"):
        write(environment, tmp_path / f"copy.{ending}")
        copy = read(tmp_path / f"copy.{ending}")
        assert as_tree(copy) == tree
        assert copy.notes == []


def test_a_package_keeps_its_files_and_is_the_same_to_the_byte(tmp_path: Path) -> None:
    """Files travel in a package with name, content and type; writing twice gives the same bytes."""
    environment = read(_FILES[0])
    environment.files["/aasx/files/plan & map.fmu"] = Supplement(
        "/aasx/files/plan & map.fmu", b"PK\x03\x04\x00\xff", "application/zip"
    )
    write(environment, tmp_path / "one.aasx")
    write(environment, tmp_path / "two.aasx")
    assert (tmp_path / "one.aasx").read_bytes() == (tmp_path / "two.aasx").read_bytes()
    assert read((tmp_path / "one.aasx").read_bytes()).files == environment.files


def test_the_table_of_attributes_is_that_of_one_metamodel_whoever_looked_before() -> None:
    """`typing` keeps what a name in an annotation meant, and aas-core 3.0 has the same names."""
    for cls in vars(types).values():
        if inspect.isclass(cls) and "__init__" in vars(cls):
            typing.get_type_hints(cls.__init__, vars(types))
    assert shapes.__wrapped__() == shapes()
    assert shapes()["Property"].slots["semanticId"].classes == {"Reference"}


def test_an_ending_that_is_not_known_is_named(tmp_path: Path) -> None:
    """A file's ending says its form; another one is refused with those allowed."""
    with pytest.raises(ScenarioError, match=r"\.aasx, \.json, \.xml"):
        write(Environment(), tmp_path / "line.yaml")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_package_that_basyx_wrote_is_read_whole(as_json: bool, tmp_path: Path) -> None:  # noqa: FBT001 - two cases
    """Another writer's package: its document, and its file by the name that the element has."""
    sound = read(next(file for file in _FILES if "02011" in file.stem))
    plan = model.File("Plan", "application/pdf", "/aasx/files/plan.pdf")
    next(sound.submodels()).submodel_element.add(plan)
    files = aasx.DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]
    files.add_file("/aasx/files/plan.pdf", io.BytesIO(b"%PDF"), "application/pdf")
    with aasx.AASXWriter(tmp_path / "basyx.aasx") as writer:
        writer.write_all_aas_objects(
            "/aasx/data." + ("json" if as_json else "xml"),
            sound.objects,
            files,
            write_json=as_json,
        )
    found = read(tmp_path / "basyx.aasx")
    assert as_tree(found) == as_tree(sound)
    assert found.files["/aasx/files/plan.pdf"].content == b"%PDF"
    assert found.files["/aasx/files/plan.pdf"].content_type == "application/pdf"
    assert found.notes == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_are_read(encoding: str) -> None:
    """UTF-8 with and without a mark, and UTF-16, which JSON is not: the same objects."""
    sound = read(next(file for file in _FILES if "02011" in file.stem))
    for data in (document(sound), xml_document(sound).replace(b' encoding="UTF-8"', b"")):
        found = read(data.decode().encode(encoding))
        assert as_tree(found) == as_tree(sound)
