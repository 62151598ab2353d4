"""Whether an FMU fulfils a contract: every problem at once, each under its key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_fmus import OVEN, WEB, rewritten

from linetwin.contracts import Phase
from linetwin.cosim import (
    FmuContinuous,
    FmuTransform,
    Link,
    ProcessMap,
    check,
    process_map,
    read_description,
)
from linetwin.cosim.units import Affine, conversion, parse_name
from linetwin.errors import FmuError, WiringError
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.contracts import Contract

FOREIGN_MAP = {
    "air_temperature": "T_air",
    "film_temperature": "T_film",
    "solvent_loading": "X",
    "mode": {"variable": "Switch", "enumeration": {0: "off", 1: "on"}},
}
START = {"film_temperature": 300.0, "solvent_loading": 0.1}
HOT = {"air_temperature": 400.0, "mode": 1.0}


def test_an_fmu_that_speaks_the_vocabulary_needs_no_map(web: Path) -> None:
    """Same names, same units: nothing to say."""
    assert check(read_description(web), WEB) == []


def problems(path: Path, contract: Contract, **mapping: object) -> dict[str, str]:
    """Return the problems' texts by key."""
    parameters = mapping.pop("parameters", {})
    found = process_map(**mapping)  # type: ignore[arg-type]
    listed = check(read_description(path), contract, found, parameters, key="dryer")  # type: ignore[arg-type]
    assert len({p.key for p in listed}) == len(listed)
    return {p.key: str(p) for p in listed}


def test_all_problems_come_at_once(web: Path) -> None:
    """A missing input and output, wrong causality, unknown names and values out of range."""
    contract = replace(
        WEB,
        inputs=(*WEB.inputs, "line_load", "web_speed", "coating_gap"),
        outputs=(*WEB.outputs, "porosity", "adhesion_index"),
    )
    texts = problems(
        web,
        contract,
        quantities={
            "line_load": "film_temperature",
            "web_speed": "air_temperatur",
            "adhesion_index": "air_temperature",
            "wetting": "done",
        },
        fixed={"mode": 1.0, "time_constan": 2.0, "evaporation_rate": 1.0},
        parameters={"time_constant": 5e6, "density": 1.0, "air_temperature": 300.0},
    )
    expected = {
        "dryer.map.wetting": "contract of web has no such quantity",
        "dryer.map.line_load": "has causality output, line_load needs an input",
        "dryer.map.web_speed": "did you mean air_temperature",
        "dryer.map.coating_gap": "does not have the input 'coating_gap'",
        "dryer.map.porosity": "does not have the output 'porosity'",
        "dryer.map.adhesion_index": "has causality input, adhesion_index needs an output",
        "dryer.fixed.mode": "is set by the line as mode",
        "dryer.fixed.time_constan": "did you mean time_constant",
        "dryer.fixed.evaporation_rate": "cannot be set",
        "dryer.parameters.time_constant": "5e+06 s is out of range (allowed: 0.1 to 1000 s)",
        "dryer.parameters.density": "has no variable 'density'",
        "dryer.parameters.air_temperature": "is set by the line as air_temperature",
    }
    assert set(texts) == set(expected)
    for key, text in expected.items():
        assert text in texts[key], texts[key]


def test_units_that_measure_something_else(web: Path, tmp_path: Path) -> None:
    """A unit must fit the quantity; no unit fits no quantity that has one."""
    bad = rewritten(
        web, tmp_path / "a.fmu", lambda t: t.replace('unit="kg/m2"', 'unit="kg/(m2.s)"')
    )
    texts = problems(bad, WEB)
    assert "kg.m-2.s-1 is not kg.m-2" in texts["dryer.map.solvent_loading"]
    bare = rewritten(web, tmp_path / "b.fmu", lambda t: t.replace('unit="kg/m2"', ""))
    assert "in no unit does not fit" in problems(bare, WEB)["dryer.map.solvent_loading"]
    override = {"solvent_loading": {"variable": "solvent_loading", "unit": "kg/m2"}}
    assert problems(bare, WEB, quantities=override) == {}
    unknown = rewritten(web, tmp_path / "c.fmu", lambda t: t.replace('"kg/m2"', '"stone"'))
    odd = rewritten(unknown, tmp_path / "d.fmu", lambda t: _without_unit(t, "stone"))
    assert "'stone' is not a UCUM unit" in problems(odd, WEB)["dryer.map.solvent_loading"]


def _without_unit(text: str, name: str) -> str:
    """Remove a unit's definition: it is then known by its name alone."""
    begin = text.index(f'<Unit name="{name}"')
    return text[:begin] + text[text.index("</Unit>", begin) + len("</Unit>") :]


def test_arrays_are_refused(web: Path, tmp_path: Path) -> None:
    """An array cannot stand for a quantity, a fixed value or a parameter."""
    array = rewritten(
        web,
        tmp_path / "a.fmu",
        lambda t: _as_array(_as_array(t, "air_temperature"), "time_constant"),
    )
    texts = problems(array, WEB, parameters={"time_constant": 1.0})
    assert "array of 3 values" in texts["dryer.map.air_temperature"]
    assert "array of 3 values" in texts["dryer.parameters.time_constant"]


def _as_array(text: str, name: str) -> str:
    begin = text.index(f'name="{name}"')
    end = text.index(">", begin)
    closed = text[end - 1] == "/"
    head = text[: end - 1] if closed else text[:end]
    element = text[text.rindex("<", 0, begin) + 1 : begin].split(maxsplit=1)[0]
    return f'{head}><Dimension start="3"/>' + (f"</{element}>" if closed else "") + text[end + 1 :]


def test_a_start_that_cannot_be_set(web: Path) -> None:
    """A start quantity needs a settable variable; another one can be named for it."""
    contract = replace(WEB, start=("solvent_loading", "evaporation_rate"))
    texts = problems(web, contract)
    assert "start value of 'evaporation_rate' cannot be set" in texts["dryer.map.evaporation_rate"]


def test_an_input_the_fmu_does_without(web: Path) -> None:
    """Optional inputs may be lacking; others only where the map says so with an empty entry."""
    contract = replace(OVEN, inputs=(*OVEN.inputs, "web_speed"))
    assert set(problems(web, contract)) == {"dryer.map.web_speed"}
    assert problems(web, replace(contract, optional=("web_speed",))) == {}
    assert problems(web, contract, quantities={"web_speed": None}) == {}
    model = FmuContinuous(web, contract, mapping=process_map({"web_speed": None}))
    model.start(0, {**HOT, "web_speed": 1.0})


def test_other_names_and_units_give_the_same_physics(web: Path, foreign: Path) -> None:
    """An FMU in degC and g/m2, whose modes count from 1, answers like our own in K and kg/m2."""
    mapping = process_map(FOREIGN_MAP, {"Fan": 0.5})
    phases = [Phase(HOT, 4.0), Phase({"mode": 0.0, "air_temperature": 350.0}, 2.0)]
    ours = FmuTransform(web, WEB).apply(START, phases)
    theirs = FmuTransform(foreign, WEB, mapping=mapping).apply(START, phases)
    for own, other in zip(ours, theirs, strict=True):
        for quantity in WEB.outputs:
            np.testing.assert_allclose(other[quantity], own[quantity], rtol=1e-6)
    live = FmuContinuous(foreign, OVEN, mapping=mapping)
    live.start(0, {"air_temperature": 293.15, "mode": 0.0})
    assert live.read(["film_temperature"])["film_temperature"] == pytest.approx(293.15)
    assert live.read(["solvent_loading"])["solvent_loading"] == pytest.approx(0.1)


def test_a_value_that_no_table_entry_translates(foreign: Path) -> None:
    """An enumeration table says which values exist."""
    transform = FmuTransform(foreign, WEB, mapping=process_map(FOREIGN_MAP))
    with pytest.raises(FmuError, match=r"mode = 3 is not in its table \(0, 1\)"):
        transform.apply(START, [Phase({**HOT, "mode": 3.0}, 1.0)])
    wrong = {**FOREIGN_MAP, "mode": {"variable": "Switch", "enumeration": {0: "open"}}}
    assert (
        "has no item 'open' (off, on)" in problems(foreign, WEB, quantities=wrong)["dryer.map.mode"]
    )


def test_scale_and_offset(web: Path) -> None:
    """Both ways: quantity = scale * variable + offset."""
    link = {"variable": "film_temperature", "scale": 2.0, "offset": 10.0}
    transform = FmuTransform(web, WEB, mapping=process_map({"film_temperature": link}))
    columns = transform.apply({"film_temperature": 610.0, "solvent_loading": 0.1},
                              [Phase({"air_temperature": 300.0, "mode": 0.0}, 1.0)])[0]  # fmt: skip
    assert columns["film_temperature"][0] == 610.0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (5, "neither a name nor a table"),
        ({"unit": "K"}, "'variable' is missing"),
        ({"variable": "x", "factor": 2}, "unknown fields factor"),
        ({"variable": "x", "scale": 0}, "scale of 0"),
        ({"variable": "x", "scale": "two"}, "could not convert"),
        ({"variable": "x", "enumeration": {"off": 1}}, "could not convert"),
    ],
)
def test_entries_of_a_map_that_mean_nothing(entry: object, message: str) -> None:
    """What a user writes in `map` is checked before an FMU is asked."""
    with pytest.raises(WiringError, match=message) as caught:
        process_map({"mode": entry}, key="dryer")
    assert caught.value.problems[0].key == "dryer.map.mode"


def test_a_map_is_data(web: Path) -> None:
    """`process_map` and the dataclasses say the same thing."""
    assert process_map({"mode": {"variable": "m", "enumeration": {"1": "on"}}}) == ProcessMap(
        {"mode": Link("m", enumeration={1.0: "on"})}
    )
    assert process_map({"mode": ""}) == process_map({"mode": None})
    assert process_map({"mode": "m"}, {"x": 1.0}) == ProcessMap({"mode": Link("m")}, {"x": 1.0})
    assert check(read_description(web), WEB, ProcessMap()) == []


def test_every_unit_of_the_vocabulary_parses() -> None:
    """The canonical units are UCUM that the wiring understands."""
    for quantity in vocabulary():
        if quantity.type == "float":
            assert parse_unit(quantity.unit) is not None


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("degC", "K", 25.0, 298.15),
        ("g/m2", "kg/m2", 150.0, 0.15),
        ("mg/cm2", "kg/m2", 15.0, 0.15),
        ("Ah", "A.h", 5.0, 5.0),
        ("C", "A.h", 3600.0, 1.0),
        ("um", "m", 50.0, 5e-5),
        ("rpm", "1/s", 90.0, 1.5),
        ("bar", "Pa", 1.0, 1e5),
        ("kWh", "J", 1.0, 3.6e6),
        ("%", "1", 30.0, 0.3),
    ],
)
def test_conversions(source: str, target: str, value: float, expected: float) -> None:
    """Units of modelling tools become canonical ones; numbers from the definitions of the units."""
    affine: Affine = conversion(parse_name(source), parse_unit(target))
    assert affine.factor * value + affine.offset == pytest.approx(expected, rel=1e-12)


def test_radians_are_no_revolutions() -> None:
    """rad/s and 1/s differ by 2 pi: they are not taken for one another."""
    with pytest.raises(ValueError, match="rad"):
        conversion(parse_name("rad/s"), parse_unit("1/s"))
