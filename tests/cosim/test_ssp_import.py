"""System structures written by hand: what their nesting, units and parameter sets come to.

The FMUs are `mass` (m, N/m) and `lag`, whose `inlet` is in degC and `level` in K.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from ssp_packages import (
    bound,
    component,
    connection,
    connections,
    connectors,
    elements,
    mapping,
    pack,
    parameter_set,
    real,
    structure,
)

from linetwin.cosim.groups import simulate_group
from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.ssp import import_ssp, open_ssp
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group
    from linetwin.cosim.ssp import Imported

UNITS = (
    "<ssd:Units>"
    '<ssc:Unit name="mm"><ssc:BaseUnit m="1" factor="0.001"/></ssc:Unit>'
    '<ssc:Unit name="m"><ssc:BaseUnit m="1"/></ssc:Unit>'
    '<ssc:Unit name="degC"><ssc:BaseUnit K="1" offset="273.15"/></ssc:Unit>'
    '<ssc:Unit name="K"><ssc:BaseUnit K="1"/></ssc:Unit>'
    "</ssd:Units>"
)
OWN_UNITS = UNITS.replace("ssd:", "ssv:")


@pytest.fixture
def opened(tmp_path: Path, old_fmus: Path) -> Callable[..., Imported]:
    """A function that packs an .ssd with both FMUs and further files, and opens it."""

    def function(ssd: str, step: str | None = "10 ms", **files: str) -> Imported:
        content: dict[str, Any] = {
            f"resources/{path.name}": path for path in sorted(old_fmus.iterdir())
        }
        content |= {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
        return open_ssp(pack(tmp_path / "plant.ssp", ssd, content), step)

    return function


def source(group: Group, member: str, variable: str) -> tuple[str, float, float]:
    """Return where an input's value comes from: terminal, factor and offset."""
    target = Terminal(member, variable)
    found = next(c for c in group.connections if c.target == target)
    return str(found.source), found.affine.factor, found.affine.offset


def values(found: Imported, member: str) -> dict[str, float]:
    """Return what a member is set to before the start."""
    return dict(found.group.member(member).values)


def reasons(found: Imported) -> set[str]:
    """Return the reasons of an import's notes."""
    return {note.reason for note in found.notes}


PAIR = elements(
    component("left", "mass", connectors("input neighbour", "output position")),
    component("right", "mass", connectors("input neighbour", "output position")),
)


def test_nested_systems_become_one_group(opened: Callable[..., Imported]) -> None:
    """Values go through the connectors of systems within systems, inwards and outwards."""
    inner = (
        '<ssd:System name="inner">'
        + connectors("input push", "output where")
        + elements(component("one", "mass", connectors("input neighbour", "output position")))
        + connections(connection("push", "one.neighbour"), connection("one.position", "where"))
        + "</ssd:System>"
    )
    outer = (
        '<ssd:System name="outer">'
        + connectors("input push", "output where")
        + elements(inner)
        + connections(connection("push", "inner.push"), connection("inner.where", "where"))
        + "</ssd:System>"
    )
    ssd = structure(
        connectors("input force", "output seen")
        + elements(outer, component("last", "mass", connectors("input neighbour")))
        + connections(
            connection("force", "outer.push"),
            connection("last.neighbour", "outer.where"),  # the other way round: it counts not
            connection("outer.where", "seen"),
        )
    )
    group = opened(ssd).group
    assert [member.name for member in group.members] == ["outer_inner_one", "last"]
    assert source(group, "last", "neighbour") == ("outer_inner_one.position", 1.0, 0.0)
    assert str(group.inputs["force"].targets[0][0]) == "outer_inner_one.neighbour"
    assert str(group.outputs["seen"].source) == "outer_inner_one.position"


def test_units_factors_and_nesting_multiply(opened: Callable[..., Imported]) -> None:
    """Oracle by hand: x m = 1000 x mm; times 2, plus 5 mm; into m; times 3, plus 0.5 m.

    3 (2 x + 0.005) + 0.5 = 6 x + 0.515, x in m.
    """
    first = '<ssc:LinearTransformation factor="2" offset="5"/>'
    second = '<ssc:LinearTransformation factor="3" offset="0.5"/>'
    system = (
        '<ssd:System name="box">'
        + connectors("input into mm")
        + elements(component("mass", "mass", connectors("input neighbour")))
        + connections(connection("into", "mass.neighbour", second))
        + "</ssd:System>"
    )
    ssd = structure(
        elements(system, component("giver", "mass", connectors("output position m")))
        + connections(connection("giver.position", "box.into", first)),
        UNITS,
    )
    group = opened(ssd).group
    terminal, factor, offset = source(group, "box_mass", "neighbour")
    assert terminal == "giver.position"
    assert (factor, offset) == pytest.approx((6.0, 0.515), rel=1e-12)


def test_unit_conversion_can_be_suppressed(opened: Callable[..., Imported]) -> None:
    """K to degC takes 273.15 off; suppressed, the factor and offset alone count."""
    lags = [
        component(name, "lag", connectors("input inlet", "output level"))
        for name in ("a", "b", "c")
    ]
    linear = '<ssc:LinearTransformation factor="1.5" offset="-2"/>'
    ssd = structure(
        elements(*lags)
        + connections(
            connection("a.level", "b.inlet"),
            connection("a.level", "c.inlet", linear, suppressUnitConversion="true"),
        )
    )
    group = opened(ssd).group
    assert source(group, "b", "inlet") == ("a.level", 1.0, -273.15)
    assert source(group, "c", "inlet") == ("a.level", 1.5, -2.0)


def test_higher_levels_and_later_sets_count_first(opened: Callable[..., Imported]) -> None:
    """Component < system; of two bindings the later; hierarchical names; units of the sets."""
    mass = component(
        "mass",
        "mass",
        bound(parameter_set(real("mass", 2.0) + real("stiffness", 3.0) + real("coupling", 0.1))),
    )
    system = (
        '<ssd:System name="box">'
        + bound(
            parameter_set(real("mass.stiffness", 4.0) + real("mass.coupling", 0.2)),
            parameter_set(real("mass.stiffness", 5.0)),
        )
        + elements(mass)
        + "</ssd:System>"
    )
    ssd = structure(
        bound(
            parameter_set(
                real("box.mass.coupling", 0.3) + real("box.mass.position", 250.0, "mm"),
                OWN_UNITS,
            )
        )
        + elements(system)
    )
    found = opened(ssd)
    expected = {"mass": 2.0, "stiffness": 5.0, "coupling": 0.3, "position": 0.25}
    assert values(found, "box_mass") == pytest.approx({**expected, "neighbour": 0.0})


def test_files_mappings_and_prefixes(opened: Callable[..., Imported]) -> None:
    """An .ssv and an .ssm: only what is mapped is set, after the prefix, in the target's unit.

    400 K is 126.85 degC; times 2, plus 1 is 254.7 degC.
    """
    binding = (
        "<ssd:ParameterBindings>"
        '<ssd:ParameterBinding source="resources/heat.ssv" prefix="set.">'
        '<ssd:ParameterMapping source="resources/heat.ssm"/>'
        "</ssd:ParameterBinding></ssd:ParameterBindings>"
    )
    entries = (
        '<ssm:MappingEntry source="set.T" target="lag.inlet">'
        '<ssc:LinearTransformation factor="2" offset="1"/></ssm:MappingEntry>'
        '<ssm:MappingEntry source="set.mode" target="lag.switch"><ssc:IntegerMappingTransformation>'
        '<ssc:MapEntry source="7" target="2"/></ssc:IntegerMappingTransformation>'
        "</ssm:MappingEntry>"
    )
    mode = '<ssv:Parameter name="mode"><ssv:Integer value="7"/></ssv:Parameter>'
    found = opened(
        structure(binding + elements(component("lag", "lag"))),
        resources__heat_ssv=parameter_set(
            real("T", 400.0, "K") + mode + real("lag.time_constant", 9.0), OWN_UNITS
        ),
        resources__heat_ssm=mapping(entries),
    )
    assert values(found, "lag") == pytest.approx({"inlet": 254.7, "switch": 2})
    assert reasons(found) == {"parameter"}


def test_parameters_of_the_system_reach_inside(opened: Callable[..., Imported]) -> None:
    """One that goes to one variable stays a parameter; one that goes to two is set in both."""
    pair = [
        component(name, "mass", connectors("parameter stiffness", "parameter mass"))
        for name in ("left", "right")
    ]
    ssd = structure(
        connectors("parameter k", "parameter m")
        + bound(parameter_set(real("k", 7.0) + real("m", 3.0)))
        + elements(*pair)
        + connections(
            connection("k", "left.stiffness"),
            connection("m", "left.mass"),
            connection("m", "right.mass"),
        )
    )
    found = opened(ssd)
    assert {n: str(t) for n, t in found.group.parameters.items()} == {"k": "left.stiffness"}
    assert values(found, "left")["stiffness"] == 7.0
    assert values(found, "left")["mass"] == values(found, "right")["mass"] == 3.0
    assert reasons(found) == {"parameter"}


def test_the_last_word_counts_on_whatever_way(opened: Callable[..., Imported]) -> None:
    """A parameter is set directly and through a connector, at one level: the later counts."""

    def found(*parameters: str) -> float:
        system = (
            '<ssd:System name="box">'
            + connectors("parameter k")
            + elements(component("mass", "mass", connectors("parameter stiffness")))
            + connections(connection("k", "mass.stiffness"))
            + "</ssd:System>"
        )
        sets = bound(*(parameter_set(text) for text in parameters))
        return values(opened(structure(sets + elements(system))), "box_mass")["stiffness"]

    direct, through = real("box.mass.stiffness", 2.0), real("box.k", 3.0)
    again = real("box.mass.stiffness", 5.0)
    assert found(direct, through) == 3.0
    assert found(through, direct) == 2.0
    assert found(direct, again, through) == 3.0
    assert found(direct, through, again) == 5.0


def test_signal_dictionaries_join_what_names_them(opened: Callable[..., Imported]) -> None:
    """A signal of a dictionary goes from one system to another, in the unit of its entry."""
    dictionary = (
        '<ssd:SignalDictionaries><ssd:SignalDictionary name="bus" source="resources/bus.ssb"/>'
        "</ssd:SignalDictionaries>"
    )

    def box(name: str, inside: str, joined: str, kind: str) -> str:
        reference = (
            '<ssd:SignalDictionaryReference name="on" dictionary="bus">'
            + connectors(f"{kind} place")
            + "</ssd:SignalDictionaryReference>"
        )
        return f'<ssd:System name="{name}">{elements(inside, reference)}{joined}</ssd:System>'

    giver = component("mass", "mass", connectors("output position"))
    taker = component("mass", "mass", connectors("input neighbour"))
    ssd = structure(
        elements(
            box("here", giver, connections(connection("mass.position", "on.place")), "inout"),
            box("there", taker, connections(connection("on.place", "mass.neighbour")), "inout"),
        )
        + dictionary
    )
    bus = (
        structure("")
        .replace("ssd:SystemStructureDescription", "ssb:SignalDictionary")
        .replace(
            '<ssd:System name="plant"></ssd:System>',
            '<ssb:DictionaryEntry name="place"><ssc:Real unit="mm"/></ssb:DictionaryEntry>'
            + UNITS.replace("ssd:", "ssb:"),
        )
    )
    group = opened(ssd, resources__bus_ssb=bus).group
    terminal, factor, offset = source(group, "there_mass", "neighbour")
    assert (terminal, offset) == ("here_mass.position", 0.0)
    assert factor == pytest.approx(1.0, rel=1e-15)


def test_a_structure_within_a_structure(
    opened: Callable[..., Imported], tmp_path: Path, old_fmus: Path
) -> None:
    """Another .ssd, another .ssp and a system of the same file stand where a system may stand."""
    inner = structure(
        connectors("output where")
        + elements(component("mass", "mass", connectors("output position")))
        + connections(connection("mass.position", "where"))
    )
    package = pack(tmp_path / "inner.ssp", inner, {"resources/mass.fmu": old_fmus / "mass.fmu"})
    nested = "".join(
        f'<ssd:Component name="{name}" source="{source}" type="application/x-ssp-{kind}">'
        + bound(parameter_set(real("mass.mass", number)))
        + "</ssd:Component>"
        for name, source, kind, number in (
            ("a", "inner.ssd", "definition", 2.0),
            ("b", "resources/inner.ssp", "package", 3.0),
            ("c", "#own", "definition", 4.0),
        )
    )
    own = '<ssd:System name="d" id="own">' + elements(component("mass", "mass")) + "</ssd:System>"
    ssd = structure(
        connectors("output seen")
        + elements(nested, own)
        + connections(connection("b.where", "seen"))
    )
    file = tmp_path / "plant.ssp"
    content = {
        "inner.ssd": inner,
        "resources/mass.fmu": old_fmus / "mass.fmu",
        "resources/inner.ssp": package,
    }
    found = open_ssp(pack(file, ssd, content), "10 ms")
    masses = {m.name: m.values.get("mass") for m in found.group.members}
    assert masses == {"a_mass": 2.0, "b_mass": 3.0, "c_mass": 4.0, "d_mass": None}
    assert str(found.group.outputs["seen"].source) == "b_mass.position"


def test_what_is_not_kept_is_noted(opened: Callable[..., Imported]) -> None:
    """Annotations, drawings, a start time, a variant, names: each by its reason and its place."""
    ssd = structure(
        '<ssd:Connectors><ssd:Connector name="where[1]" kind="output">'
        '<ssd:ConnectorGeometry x="0" y="1"/></ssd:Connector></ssd:Connectors>'
        + elements(component("left", "mass", connectors("output position")))
        + connections(connection("left.position", "where[1]")),
        '<ssd:DefaultExperiment startTime="5" stopTime="15"/><ssd:Annotations>'
        '<ssc:Annotation type="com.example.colours"><x xmlns="urn:x"/></ssc:Annotation>'
        "</ssd:Annotations>",
    )
    found = opened(ssd, step=None, Other_ssd="")
    assert reasons(found) == {"annotation", "drawing", "experiment", "variant", "name", "step"}
    assert found.stop_s == 15.0
    assert found.group.step == pytest.approx(0.1)  # a hundredth of the 10 s
    assert list(found.group.outputs) == ["where_1"]
    head = found.file.read_text(encoding="utf-8")
    assert all(str(note) in head.replace("\n# ", " ") for note in found.notes)


def test_the_step_of_omsimulator_is_taken(opened: Callable[..., Imported]) -> None:
    """OMSimulator leaves its master's step in an annotation of the system."""
    master = (
        '<ssd:Annotations><ssc:Annotation type="org.openmodelica"><Annotations xmlns="urn:oms">'
        '<SimulationInformation><FixedStepMaster description="oms-ma" stepSize="0.025000"/>'
        "</SimulationInformation></Annotations></ssc:Annotation></ssd:Annotations>"
    )
    found = opened(structure(PAIR + master), step=None)
    assert found.group.step == Fraction(1, 40)
    assert any("OMSimulator" in note.text for note in found.notes)


def test_algebraic_loops_are_solved(opened: Callable[..., Imported]) -> None:
    """passed = inlet + 273.15 in K, and back in degC with a factor of 0.5: the answer is 0 degC.

    inlet = 0.5 * (passed in degC) = 0.5 * inlet: only 0 solves it.
    """
    half = '<ssc:LinearTransformation factor="0.5"/>'
    ssd = structure(
        connectors("output seen")
        + elements(component("lag", "lag", connectors("input inlet", "output passed")))
        + connections(connection("lag.passed", "lag.inlet", half), connection("lag.passed", "seen"))
    )
    found = opened(ssd)
    assert "loop" in reasons(found)
    table = simulate_group(found.group, 0.1)
    assert table["seen"].to_numpy() == pytest.approx(273.15, abs=1e-6)


def test_an_import_is_a_folder_of_its_own(
    tmp_path: Path, old_fmus: Path, opened: Callable[..., Imported]
) -> None:
    """The group file and its FMUs lie in the folder, and run from there."""
    opened(structure(PAIR))
    done = import_ssp(tmp_path / "plant.ssp", tmp_path / "out", "20 ms")
    assert sorted(
        p.relative_to(tmp_path / "out").as_posix() for p in done.file.parent.rglob("*.*")
    ) == [
        "plant.yaml",
        "resources/mass.fmu",
    ]
    assert {m.description.path.parent.parent for m in done.group.members} == {tmp_path / "out"}
    assert len(simulate_group(done.group, 1.0)) == 51


def change(kind: str, **entries: str) -> str:
    """Return a transformation by a table."""
    inside = "".join(
        f'<ssc:MapEntry source="{old.strip("_")}" target="{new}"/>' for old, new in entries.items()
    )
    return f"<ssc:{kind}MappingTransformation>{inside}</ssc:{kind}MappingTransformation>"


def test_tables_of_values(tmp_path: Path, feature: Callable[..., Path]) -> None:
    """Whole numbers, Booleans and items of enumerations; what is not in a table stays.

    The FMU gives u + 1, not u, and the other mode.
    """
    pair = [
        component(
            name,
            "types2",
            connectors("input u_Integer", "output y_Integer", "input u_Boolean").replace(
                "</ssd:Connectors>", ""
            )
            + connectors("output y_Boolean", "input mode", "output next_mode").replace(
                "<ssd:Connectors>", ""
            ),
        )
        for name in ("a", "b")
    ]
    ssd = structure(
        connectors("input number", "input flag", "input item")
        + elements(*pair)
        + connections(
            connection("number", "a.u_Integer"),
            connection("flag", "a.u_Boolean"),
            connection("item", "a.mode"),
            connection("a.y_Integer", "b.u_Integer", change("Integer", _4="40", _5="-1")),
            connection("a.y_Boolean", "b.u_Boolean", change("Boolean", true="false", false="true")),
            connection("a.next_mode", "b.mode", change("Enumeration", on="off", off="on")),
        )
    )
    package = pack(tmp_path / "p.ssp", ssd, {"resources/types2.fmu": feature("types2")})
    group = open_ssp(package, "100 ms").group
    columns = ["b.y_Integer", "b.y_Boolean", "b.next_mode"]
    for number, mapped in ((3, 40), (4, -1), (7, 8)):
        for flag in (0, 1):
            inputs = {"number": number, "flag": flag, "item": 1 + flag}
            table = simulate_group(group, 0.3, inputs, columns)
            found = [set(table[name]) for name in columns]
            assert found == [{mapped + 1}, {1 - flag}, {2 - flag}]


def test_inputs_of_the_system_are_converted(opened: Callable[..., Imported]) -> None:
    """One input in degC: plainly to one lag, and to a position as 2 x + 1 with no units.

    A group's input is in the unit of its first plain target; factors go where they stand.
    """
    change = '<ssc:LinearTransformation factor="2" offset="1"/>'
    ssd = structure(
        connectors("input air K")
        + elements(
            component("mass", "mass", connectors("input neighbour")),
            component("lag", "lag", connectors("input inlet")),
        )
        + connections(
            connection("air", "mass.neighbour", change, suppressUnitConversion="true"),
            connection("air", "lag.inlet"),
        ),
        UNITS,
    )
    found = opened(ssd)
    air = found.group.inputs["air"]
    assert air.variable.unit == "Cel"
    (first, plain_way), (second, way) = air.targets
    assert (str(first), plain_way.factor, plain_way.offset) == ("lag.inlet", 1.0, 0.0)
    assert (str(second), way.factor) == ("mass.neighbour", 2.0)
    assert way.offset == pytest.approx(2 * 273.15 + 1)  # from degC into the connector's K
    assert "unit" in reasons(found)


def typed(kind: str, name: str, type_name: str, *sizes: int) -> str:
    """Return a connector with a type, and dimensions."""
    inside = f"<ssc:{type_name}/>" + "".join(f'<ssc:Dimension size="{size}"/>' for size in sizes)
    return f'<ssd:Connector name="{name}" kind="{kind}">{inside}</ssd:Connector>'


def test_what_ssp_2_added(tmp_path: Path, feature: Callable[..., Path]) -> None:
    """Whole numbers of several widths, arrays, a structural parameter, text, bytes, meta data.

    The FMU gives u + 1, and the running sums of `vector`, twice as many as before.
    """
    own = (
        typed("output", "sums", "Float64", 3),
        typed("input", "vector", "Float64", 3),
        typed("input", "u_UInt16", "UInt16"),
        typed("output", "y_Int64", "Int64"),
    )
    meta = '<ssc:MetaData kind="general" type="text/plain" source="extra/a.txt"/>'
    values = (
        '<ssv:Parameter name="a.n"><ssv:UInt64 value="3"/></ssv:Parameter>'
        '<ssv:Parameter name="a.vector"><ssv:Float64 value="1 -2 0.5"/><ssc:Dimension size="3"/>'
        "</ssv:Parameter>"
        '<ssv:Parameter name="a.names"><ssv:String><ssv:Value value="x y"/><ssv:Value value="z"/>'
        '</ssv:String><ssc:Dimension size="2"/></ssv:Parameter>'
        '<ssv:Parameter name="a.u_Int64"><ssv:Int64 value="9007199254740993"/></ssv:Parameter>'
        '<ssv:Parameter name="a.u_Binary"><ssv:Binary value="00ff"/></ssv:Parameter>'
        '<ssv:Parameter name="a.mode"><ssv:Enumeration value="on"/></ssv:Parameter>'
    )
    pair = [
        component(name, "types3", f"<ssd:Connectors>{''.join(own)}</ssd:Connectors>{meta}")
        for name in ("a", "b")
    ]
    ssd = structure(
        f"<ssd:Connectors>{typed('output', 'all', 'Float64', 3)}</ssd:Connectors>"
        + bound(parameter_set(values, version="2.0"))
        + elements(*pair)
        + connections(connection("a.sums", "b.vector"), connection("b.sums", "all")),
        version="2.0",
    )
    package = pack(tmp_path / "p.ssp", ssd, {"resources/types3.fmu": feature("types3")})
    found = open_ssp(package, "100 ms")
    assert reasons(found) == {"signature"}
    member = found.group.member("a")
    assert member.values["u_Int64"] == 9007199254740993  # a float does not hold it
    assert member.values["mode"] == 2
    assert member.preset.structural == {"n": 3}
    assert member.preset.others == {"names": ["x y", "z"], "u_Binary": b"\x00\xff"}
    table = simulate_group(found.group, 0.2)
    sums = simulate_group(found.group, 0.2, None, [f"a.sums[{place}]" for place in (1, 2, 3)])
    given, taken = (frame.to_numpy()[-1, 1:] for frame in (sums, table))
    assert list(given) == [1.0, -1.0, -0.5]
    assert list(taken) == [1.0, 0.0, -0.5]


def test_connections_of_elements_are_refused(tmp_path: Path, feature: Callable[..., Path]) -> None:
    """Nothing says from which number SSP counts elements, so none is guessed."""
    one = component(
        "a",
        "types3",
        f"<ssd:Connectors>{typed('output', 'sums', 'Float64', 3)}"
        f"{typed('input', 'vector', 'Float64', 3)}</ssd:Connectors>",
    )
    made = connection("a.sums", "a.vector", startIndices="1", endIndices="2")
    ssd = structure(elements(one) + connections(made), version="2.0")
    package = pack(tmp_path / "p.ssp", ssd, {"resources/types3.fmu": feature("types3")})
    with pytest.raises(WiringError, match="single elements of an array"):
        open_ssp(package, "100 ms")


def test_inputs_begin_with_what_is_set(opened: Callable[..., Imported]) -> None:
    """A value for an input of the system counts until another is given: 323.15 K are 50 degC."""
    ssd = structure(
        connectors("input air K", "output seen")
        + bound(parameter_set(real("air", 323.15, "K") + real("b.inlet", 7.0), OWN_UNITS))
        + elements(
            component("a", "lag", connectors("input inlet", "output passed", "output level")),
            component("b", "lag", connectors("input inlet")),
        )
        + connections(
            connection("air", "a.inlet"),
            connection("a.passed", "seen"),
            connection("a.level", "b.inlet"),
        ),
        UNITS,
    )
    found = opened(ssd)
    assert reasons(found) == {"unit"}
    member = found.group.member("a")
    assert (member.start, member.values["inlet"]) == ({"inlet"}, pytest.approx(50.0))
    assert found.group.member("b").values["inlet"] == 7.0
    assert simulate_group(found.group, 0.1)["seen"].to_numpy() == pytest.approx(323.15)
    given = simulate_group(found.group, 0.1, {"air": 20.0})
    assert given["seen"].to_numpy() == pytest.approx(293.15)
