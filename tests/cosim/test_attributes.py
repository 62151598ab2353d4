"""What of a description is no number, or names nothing, is told by element and attribute."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from group_fmus import write_group

from linetwin.cosim.description import read_description
from linetwin.cosim.groups import read_group
from linetwin.errors import WiringError

HERE = Path(__file__).parent / "feature_fmus"
VECTOR = '<Dimension valueReference="50"/></Float64>\n<Float64 name="sums"'
EDITS = [
    (
        "types3",
        'start="2"/><D',
        'start="-3"/><D',
        "<Dimension> of 'matrix' has start='-3' (allowed",
    ),
    ("types3", 'start="2"/><D', 'start="0"/><D', "a whole number, 1 or more"),
    ("types3", VECTOR, VECTOR.replace("50", "77"), "of 'vector' has valueReference='77'"),
    ("types3", VECTOR, VECTOR.replace('valueReference="50"', ""), "of 'vector' has no valueRef"),
    ("types3", 'variability="fixed" start="3"', 'variability="fixed"', "of 'n' has no start"),
    ("types3", 'name="n" valueReference="50"', 'name="n"', "<UInt64> of 'n' has no valueReference"),
    ("types3", '<Item name="on" value="2"', '<Item name="on" value="two"', "value='two'"),
    ("types3", '<Output valueReference="41"', '<Output valueReference="77"', "<Output> has valueR"),
    ("clocks3", 'clocks="0"', 'clocks="77"', "of 'told' has clocks='77' (allowed: valueReference"),
    ("clocks3", 'intervalDecimal="', 'intervalDecimal="INF" x="', "intervalDecimal='INF' (allowed"),
    ("clocks3", 'intervalDecimal="', 'x="', "<Clock> of 'beat' has no intervalDecimal (allowed"),
    (
        "clocks3",
        'intervalDecimal="',
        'intervalCounter="1" resolution="0" x="',
        "of 'beat' has resolution='0' (allowed: a whole number, 1 or more)",
    ),
    ("clocks3", 'intervalVariability="constant"', "", "has no intervalVariability (allowed: const"),
    ("vdp2", 'derivative="1"', 'derivative="9"', "<Real> of 'der(x)' has derivative='9'"),
    ("vdp2", '<Unknown index="3"', '<Unknown index="0"', "<Unknown> has index='0' (allowed: numb"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), EDITS)
def test_what_is_wrong_is_told_by_element_and_attribute(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    """With file, line and what is allowed; the same of a member of a group, by its key."""
    text = (HERE / f"{name}.xml").read_text(encoding="utf-8")
    assert old in text
    fmu = tmp_path / f"{name}.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        archive.writestr("modelDescription.xml", text.replace(old, new, 1))
    line = text[: text.index(old)].count("\n")
    with pytest.raises(WiringError) as caught:
        read_description(fmu)
    assert message in str(caught.value)
    told = str(caught.value).partition("modelDescription.xml, line ")[2].partition(":")[0]
    assert int(told) in range(line - 1, line + 4)
    with pytest.raises(WiringError) as caught:
        read_group(write_group(tmp_path, step="1 s", members={"one": {"fmu": str(fmu)}}))
    assert caught.value.problems[0].key == "members.one.fmu"
    assert message.partition(" (")[0] in str(caught.value)


@pytest.mark.parametrize("file", sorted(HERE.glob("*.xml")), ids=lambda file: file.stem)
def test_what_is_right_is_read(tmp_path: Path, file: Path) -> None:
    """Nothing is said of descriptions as they should be."""
    fmu = tmp_path / "right.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        archive.write(file, "modelDescription.xml")
    assert read_description(fmu).variables
