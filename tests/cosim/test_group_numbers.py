"""NaN and infinity: where an FMU's value is used they end it by name, where it is not they may be.

The FMU gives 0 in `spare`, and NaN in `level` from the step on that passes 1.5 s.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from group_fmus import write_group
from troubled_fmus import BATCH, OVEN, OVEN_UNITS, TROUBLES, build_troubled

from linetwin.contracts import Phase
from linetwin.cosim import open_continuous
from linetwin.cosim.groups import FmuGroup, Terminal, read_group
from linetwin.cosim.kernel.library import kernel
from linetwin.cosim.simulation import simulate
from linetwin.cosim.together import Together
from linetwin.cosim.transform import FmuTransform
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig, Value

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.contracts import Continuous
    from linetwin.cosim.groups import Group

ENGINES = ("compiled", "Python")
TELLS = "'level' is nan, and a finite number is needed"
SPOILT = {"trouble": TROUBLES.index("nan"), "trouble_time": 1.5}


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The FMU: what it takes is `inlet`."""
    folder = tmp_path_factory.mktemp("spoilt")
    return build_troubled(folder, "spoilt", {"inlet": "1"}, {"level": "1", "spare": "1"})


@pytest.fixture(scope="module")
def oven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a model of an oven."""
    return build_troubled(tmp_path_factory.mktemp("oven"), "oven", *OVEN_UNITS)


def pair(folder: Path, fmu: Path, **changes: Any) -> Group:  # noqa: ANN401
    """Return two members; what the first gives in `level` goes to the second."""
    content = {
        "step": "100 ms",
        "members": {
            "giver": {"fmu": str(fmu), "values": {**SPOILT, "inlet": 1.0}},
            "taker": {"fmu": str(fmu)},
        },
        "connections": {"taker.inlet": "giver.level"},
        "outputs": {"end": "taker.spare"},
    }
    return read_group(write_group(folder, **{**content, **changes}))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"order": "gauss-seidel", "extrapolate": "linear"},
        {"adaptive": {}, "step": "10 ms"},
        {"iterate": {}},
        {"events": {"high": {"of": "giver.level", "rises": 100.0, "stop": True}}},
    ],
    ids=["jacobi", "gauss-seidel", "adaptive", "iterate", "events"],
)
def test_a_connected_nan_ends_the_group(
    spoilt: Path, tmp_path: Path, engine: str, changes: dict[str, Any]
) -> None:
    """Both engines name the member that gave it, the variable and the step's end, alike."""
    if engine == "compiled" and kernel().kernel is None:
        pytest.skip(f"no compiled kernel: {kernel().reason}")
    group = FmuGroup(pair(tmp_path, spoilt, **changes), compiled=engine == "compiled")
    group.start(0, {})
    with pytest.raises(FmuError, match=f"member 'giver': {TELLS}") as caught:
        group.advance(3000, {})
    assert caught.value.time_s == pytest.approx(1.5 if "adaptive" in changes else 1.6, abs=0.11)
    with pytest.raises(FmuError, match="failed before"):
        group.advance(3001, {})
    group.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("more", [{}, {"adaptive": {}, "step": "10 ms"}], ids=["fixed", "adaptive"])
def test_a_nan_that_nobody_takes_may_be(
    spoilt: Path, tmp_path: Path, engine: str, more: dict[str, Any]
) -> None:
    """Only connected, recorded and read values count: the rest of an FMU may give what it will."""
    changes = {
        "connections": {"taker.inlet": "giver.spare"},
        "outputs": {"end": "giver.spare", "bad": "giver.level"},
        **more,
    }
    group = FmuGroup(pair(tmp_path, spoilt, **changes), compiled=engine == "compiled")
    group.start(0, {})
    group.advance(3000, {})
    assert group.read(["end"]) == {"end": 0.0}
    with pytest.raises(FmuError, match=f"member 'giver': {TELLS}"):
        group.read(["bad"])
    group.close()
    recorded = FmuGroup(
        pair(tmp_path, spoilt, **changes),
        [Terminal("giver", "level")],
        compiled=engine == "compiled",
    )
    recorded.start(0, {})
    with pytest.raises(FmuError, match=TELLS):
        recorded.advance(3000, {})
    recorded.close()


def test_a_simulation_ends_at_a_nan_that_it_shows(spoilt: Path) -> None:
    """Of an FMU alone, what is among the columns counts."""
    with pytest.raises(FmuError, match=TELLS) as caught:
        simulate(spoilt, 3.0, 0.5, SPOILT)
    assert caught.value.time_s == 2.0
    assert len(simulate(spoilt, 3.0, 0.5, SPOILT, ["spare"])) == 7


def test_an_item_with_a_nan_is_named(tmp_path: Path) -> None:
    """A process fails with the row and the phase of the first item that has come out as NaN."""
    fmu = build_troubled(tmp_path, "batch", *OVEN_UNITS)
    spoiling = FmuTransform(fmu, BATCH, SPOILT)
    phases = [Phase({"air_temperature": 300.0}, np.array([1.0, 1.0, 2.0])), Phase({}, 0.1)]
    with pytest.raises(FmuError, match=r"row 2, phase 0: 'film_temperature' is nan"):
        spoiling.apply({}, phases)
    spoiling.close()


def oven_model(fmu: Path) -> Continuous:
    """The oven, spoilt from 1.5 s on."""
    parameters = {name: Value(number, "", "A", "a test", "") for name, number in SPOILT.items()}
    return open_continuous(ProcessConfig("oven", str(fmu), parameters=parameters), OVEN)


def test_a_model_of_a_line_fails_at_a_nan(oven: Path) -> None:
    """Read alone or together with others, it names itself and the variable at its time."""
    alone, together = oven_model(oven), oven_model(oven)
    for model in (alone, together):
        model.start(0, {"air_temperature": 300.0})
    alone.advance(1000, {})
    assert math.isfinite(alone.read(["film_temperature"])["film_temperature"])
    alone.advance(2000, {})
    with pytest.raises(FmuError, match=r"oven at 2\.000 s: 'film_temperature' is nan"):
        alone.read(["film_temperature"])
    many = Together([together], ["film_temperature"])
    with pytest.raises(FmuError, match=r"oven at 2\.000 s: 'film_temperature' is nan"):
        many.advance(2000, [{}])
    assert many.under_way == 0


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"connections": {"taker.inlet": {"from": "giver.level", "scale": math.nan}}}, "scale"),
        ({"connections": {"taker.inlet": {"from": "giver.level", "offset": math.inf}}}, "offset"),
        ({"events": {"low": {"of": "giver.level", "falls": math.nan, "stop": True}}}, "falls"),
        (
            {
                "connections": {},
                "members": {"giver": {"fmu": "", "values": {"inlet": 0}}},
                "events": {
                    "low": {"of": "giver.level", "falls": 1, "set": {"giver.inlet": math.inf}}
                },
                "outputs": {},
            },
            "giver.inlet",
        ),
    ],
)
def test_numbers_of_a_group_file_are_finite(
    spoilt: Path, tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    """`.nan` and `.inf` are refused with their key."""
    for member in changes.get("members", {}).values():
        member["fmu"] = str(spoilt)
    with pytest.raises(WiringError) as caught:
        pair(tmp_path, spoilt, **changes)
    assert any(key in str(problem) for problem in caught.value.problems), caught.value
