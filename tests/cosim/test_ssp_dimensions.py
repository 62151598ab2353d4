"""Connectors whose Dimension is not that of the FMU's variable are told at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ssp_packages import (
    bound,
    component,
    connection,
    connections,
    elements,
    pack,
    parameter_set,
    structure,
)

from linetwin.cosim.ssp import open_ssp
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def array(kind: str, name: str, *dimensions: str) -> str:
    """Return a connector of numbers; `dimensions` are the attributes of each Dimension."""
    inside = "<ssc:Float64/>" + "".join(f"<ssc:Dimension {one}/>" for one in dimensions)
    return f'<ssd:Connector name="{name}" kind="{kind}">{inside}</ssd:Connector>'


def package(
    folder: Path,
    fmu: Path,
    vector: str,
    matrix: str = "",
    whole: str = 'size="3"',
    size: int | None = None,
) -> Path:
    """Return a package of one FMU that gives the whole system its sums, with what is declared."""
    own = array("input", "vector", vector) + array("output", "sums", 'sizeConnector="n"')
    own += array("parameter", "matrix", *matrix.split("|")) if matrix else ""
    own += '<ssd:Connector name="n" kind="structuralParameter"><ssc:UInt64/></ssd:Connector>'
    one = component("a", "types3", f"<ssd:Connectors>{own}</ssd:Connectors>")
    values = ""
    if size is not None:  # the FMU's own start values are of another size then
        values = f'<ssv:Parameter name="a.n"><ssv:UInt64 value="{size}"/></ssv:Parameter>'
        zeros = f'<ssv:Float64 value="{"0 " * size}"/>'
        values += f'<ssv:Parameter name="a.vector">{zeros}</ssv:Parameter>'
    ssd = structure(
        f"<ssd:Connectors>{array('output', 'all', whole)}</ssd:Connectors>"
        + (bound(parameter_set(values, version="2.0")) if values else "")
        + elements(one)
        + connections(connection("a.sums", "all")),
        version="2.0",
    )
    return pack(folder / "p.ssp", ssd, {"resources/types3.fmu": fmu})


FITTING = [
    {"vector": 'size="3"', "matrix": 'size="2"|size="3"'},
    {"vector": 'sizeConnector="n"', "whole": 'size="5"', "size": 5},
    {"vector": 'size="4"', "whole": "", "size": 4},
]


@pytest.mark.parametrize("declared", FITTING)
def test_what_fits_is_taken(
    tmp_path: Path, feature: Callable[[str], Path], declared: dict[str, object]
) -> None:
    """A size, the structural parameter that decides it, or nothing said."""
    found = open_ssp(package(tmp_path, feature("types3"), **declared), "100 ms")  # type: ignore[arg-type]
    assert not [note for note in found.notes if "Dimension" in note.text]


WRONG = [
    ({"vector": 'size="4"'}, "vector: its Dimension is 4, types3's 'vector' is of 3 (decided by"),
    ({"vector": 'size="3"', "size": 4, "whole": ""}, "is 3, types3's 'vector' is of 4"),
    ({"vector": 'sizeConnector="m"'}, "sizeConnector 'm' of its Dimension: no such connector"),
    ({"vector": 'sizeConnector="sums"'}, "its Dimension is sums, types3's 'vector' is of 3"),
    ({"vector": "", "whole": 'sizeConnector="n"'}, "all: sizeConnector 'n' of its Dimension"),
    ({"vector": "", "matrix": 'size="3"|size="2"'}, "is 3x2, types3's 'matrix' is of 2x3"),
    ({"vector": "", "matrix": 'size="6"'}, "its Dimension is 6, types3's 'matrix' is of 2x3"),
    ({"vector": "", "whole": 'size="2"'}, "Connector all: its Dimension is 2, types3's 'sums'"),
    ({"vector": 'size="-3"'}, "size '-3' (a whole number, or the name of a connector)"),
    ({"vector": 'size=""'}, "size '' (a whole number, or the name of a connector)"),
    ({"vector": 'size="0"'}, "size '0' (a whole number"),
    ({"vector": 'sizeConnector=""'}, "sizeConnector '' (a whole number"),
    ({"vector": 'size="3" sizeConnector="n"'}, "size '3' and sizeConnector 'n'"),
]


@pytest.mark.parametrize(("declared", "message"), WRONG)
def test_what_differs_is_told_with_both(
    tmp_path: Path, feature: Callable[[str], Path], declared: dict[str, object], message: str
) -> None:
    """By file, line and element; sizes of the FMU are those that the package sets."""
    with pytest.raises(WiringError) as caught:
        open_ssp(package(tmp_path, feature("types3"), **declared), "100 ms")  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    assert message in str(problem)
    assert problem.file is not None
    assert problem.file.name.endswith("SystemStructure.ssd")
    assert problem.line is not None


def test_a_dimension_without_a_size_is_noted(
    tmp_path: Path, feature: Callable[[str], Path]
) -> None:
    """The standard allows it: the size is not said there; the group takes the FMU's word."""
    path = package(tmp_path, feature("types3"), "", '|size="3"')
    notes = [str(note) for note in open_ssp(path, "100 ms").notes]
    assert any("a Dimension without a size, types3's 'vector' is of 3" in note for note in notes)
    assert any("a Dimension without a size, types3's 'matrix' is of 2x3" in note for note in notes)


VALUES = [
    ("1 2 3", 'size="2"', "its Dimension is 2, its value is of 3 (2 values, blanks"),
    ("1 2", 'size="3"', "its Dimension is 3, its value is of 2"),
    ("1 2 3", 'size=""', "size '' (a whole number"),
    ("1 2 3", 'size="2"/><ssc:Dimension size="2"', "its Dimension is 2x2, its value"),
]


@pytest.mark.parametrize(("value", "size", "message"), VALUES)
def test_a_value_of_another_size_than_it_says(
    tmp_path: Path, feature: Callable[[str], Path], value: str, size: str, message: str
) -> None:
    """Of a parameter set, by name."""
    inside = f'<ssv:Float64 value="{value}"/><ssc:Dimension {size}/>'
    values = parameter_set(f'<ssv:Parameter name="a.vector">{inside}</ssv:Parameter>')
    ssd = structure(bound(values) + elements(component("a", "types3", "")), version="2.0")
    path = pack(tmp_path / "q.ssp", ssd, {"resources/types3.fmu": feature("types3")})
    with pytest.raises(WiringError) as caught:
        open_ssp(path, "100 ms")
    assert "a.vector" in str(caught.value)
    assert message in str(caught.value)


def test_an_array_without_a_dimension_is_noted(
    tmp_path: Path, feature: Callable[[str], Path]
) -> None:
    """It is a scalar for SSP; the group takes the FMU's word."""
    one = component(
        "a",
        "types3",
        f"<ssd:Connectors>{array('input', 'vector')}</ssd:Connectors>",
    )
    path = pack(
        tmp_path / "q.ssp",
        structure(elements(one), version="2.0"),
        {"resources/types3.fmu": feature("types3")},
    )
    notes = [str(note) for note in open_ssp(path, "100 ms").notes]
    assert any("it has no Dimension, types3's 'vector' is of 3 [connector]" in n for n in notes)
