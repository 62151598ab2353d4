"""What `linetwin fmu info`, `validate` and `simulate` stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fmpy
import numpy as np
import pytest
from small_fmus import rewritten, without_binaries

from linetwin.cosim.inspection import info, validate
from linetwin.cosim.simulation import simulate
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["web", "foreign", "decay"])
@pytest.mark.parametrize(("stop", "step"), [(20.0, 0.7), (3.0, 1.0), (0.5, 2.0)])
def test_the_same_bits_as_fmpy(
    request: pytest.FixtureRequest, name: str, stop: float, step: float
) -> None:
    """Our instances and FMPy's give the same trajectory, at every step, to the last bit."""
    path = request.getfixturevalue(name)
    table = simulate(path, stop, step)
    names = list(table.columns[1:])
    expected = fmpy.simulate_fmu(
        str(path), stop_time=stop, output_interval=step, output=names, validate=False
    )
    assert len(table) == len(expected)
    np.testing.assert_allclose(table["time"], expected["time"], rtol=1e-15)
    for column in names:
        np.testing.assert_array_equal(table[column], expected[column].astype(float))


def test_start_values_and_units(foreign: Path) -> None:
    """Start values are the FMU's own variables; the table knows its units."""
    table = simulate(foreign, 5.0, 1.0, {"T_air": 80.0, "Switch": 1}, ["T_film", "X"])
    assert table.attrs["units"] == {"time": "s", "T_film": "Cel", "X": "g/m2"}
    expected = 80.0 - 60.0 * np.exp(-table["time"] / 10.0)
    np.testing.assert_allclose(table["T_film"], expected, rtol=1e-6)
    assert set(table["X"]) == {100.0}


def test_wrong_requests(web: Path) -> None:
    """Unknown names and empty times are the user's mistakes; a failing FMU is a model's."""
    with pytest.raises(WiringError, match="did you mean film_temperature"):
        simulate(web, 1.0, 0.1, outputs=["film_temperatur"])
    with pytest.raises(WiringError, match=r"start.nothing"):
        simulate(web, 1.0, 0.1, {"nothing": 1.0})
    with pytest.raises(WiringError, match="cannot be set"):
        simulate(web, 1.0, 0.1, {"evaporation_rate": 1.0})
    with pytest.raises(WiringError, match="step: 0 s is not positive"):
        simulate(web, 1.0, 0.0)
    with pytest.raises(WiringError, match=r"start.time_constant.*a finite number"):
        simulate(web, 1.0, 0.1, {"time_constant": float("nan")})


def test_info(web: Path, foreign: Path, tmp_path: Path) -> None:
    """Platforms, and the contracts that an FMU fulfils as it is."""
    found = info(web)
    assert found.runs_here
    assert found.needed_platform in found.platforms
    assert found.description.title == "A warming and drying web"
    assert found.fulfils == ()
    assert info(foreign).description.variables["X"].unit == "g/m2"
    assert not info(without_binaries(web, tmp_path / "web.fmu")).runs_here


@pytest.mark.parametrize("name", ["web", "foreign", "decay"])
def test_good_fmus_have_no_errors(request: pytest.FixtureRequest, name: str) -> None:
    """Ours, and a plain one from outside, behave."""
    findings = validate(request.getfixturevalue(name))
    assert [f for f in findings if f.severity == "error"] == []


def test_findings(web: Path, tmp_path: Path) -> None:
    """A wrong token, a missing binary and a description against the rules are found."""
    old = 'instantiationToken="'
    token = rewritten(web, tmp_path / "a.fmu", lambda t: t.replace(old, f"{old}x"))
    assert any("cannot be instantiated" in f.text for f in validate(token))
    assert "no binary" in validate(without_binaries(web, tmp_path / "b.fmu"))[0].text
    units = rewritten(web, tmp_path / "c.fmu", lambda t: t.replace('unit="K"', 'unit="Kelvin"'))
    assert any(f.severity == "warning" and "Kelvin" in f.text for f in validate(units))
    assert validate(tmp_path / "none.fmu")[0].severity == "error"
