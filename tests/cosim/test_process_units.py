"""Parameters of a scenario reach an FMU in the FMU's own unit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from linetwin.cosim import process
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.resolved import ProcessConfig, Value


def _config(name: str, number: float, unit: str) -> ProcessConfig:
    value = Value(number, unit, "A", "test", "test")
    return ProcessConfig("machine", "machine", parameters={name: value}, key="stations.x.machine")


def _description(name: str, unit: str) -> SimpleNamespace:
    variable = SimpleNamespace(name=name, unit=unit, relative=False)
    return SimpleNamespace(variables={name: variable}, units={unit: parse_unit(unit)})


@pytest.mark.parametrize(
    ("name", "number", "unit", "own", "expected"),
    [
        ("stiffness", 500.0, "W", "kW", 0.5),  # the FMU counts in kW
        ("stiffness", 18000.0, "A.s", "A.h", 5.0),
        ("stiffness", 3.0, "", "kW", 3.0),  # without a unit: the FMU's own
        ("standby_power", 500.0, "W", "kW", 500.0),  # a quantity's name: canonical unit
    ],
)
def test_a_unit_is_converted_and_none_is_the_fmus(
    name: str, number: float, unit: str, own: str, expected: float
) -> None:
    """A value with a unit is converted, one without is taken as it stands."""
    numbers, problems = process._numbers(_config(name, number, unit), _description(name, own))  # type: ignore[arg-type]
    assert not problems
    assert numbers[name] == pytest.approx(expected, rel=1e-12)


def test_a_wrong_dimension_is_named_with_its_key() -> None:
    """Metres for a power end in a problem that names key and unit."""
    _, problems = process._numbers(_config("stiffness", 1.0, "m"), _description("stiffness", "kW"))  # type: ignore[arg-type]
    assert len(problems) == 1
    assert problems[0].key == "stations.x.machine.parameters.stiffness"
    assert "kW" in problems[0].hint
