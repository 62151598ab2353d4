"""FMUs that live in line time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_fmus import DRYING_RATE, OVEN, TIME_CONSTANT_S, rewritten, run_python

from linetwin.contracts import Continuous
from linetwin.cosim import FmuContinuous
from linetwin.errors import FmuError, WiringError

HOT = {"air_temperature": 400.0, "mode": 1.0}
NAMES = ("film_temperature", "solvent_loading")


def test_is_continuous(web: Path) -> None:
    """The line knows an FMU by the protocol alone."""
    assert isinstance(FmuContinuous(web, OVEN), Continuous)


def test_follows_the_closed_form_from_any_tick(web: Path) -> None:
    """Time counts from the start's tick; inputs given at a tick hold from there on."""
    model = FmuContinuous(web, OVEN)
    model.start(3_600_000, HOT)
    model.advance(3_605_000, {"air_temperature": 350.0})
    model.advance(3_615_000, {})
    middle = 400.0 + (300.0 - 400.0) * np.exp(-5.0 / TIME_CONSTANT_S)
    expected = 350.0 + (middle - 350.0) * np.exp(-10.0 / TIME_CONSTANT_S)
    values = model.read(NAMES)
    assert values["film_temperature"] == pytest.approx(expected, rel=1e-6)
    assert values["solvent_loading"] == pytest.approx(0.1 - 15 * DRYING_RATE, rel=1e-9)


def test_an_optional_output_that_an_fmu_lacks_reads_as_zero(web: Path) -> None:
    """A machine that says nothing of its cooling draws none; one that must be there is missed."""
    outputs = (*OVEN.outputs, "cooling_power")
    lenient = replace(OVEN, outputs=outputs, optional=(*OVEN.optional, "cooling_power"))
    model = FmuContinuous(web, lenient)
    model.start(0, HOT)
    assert model.read(["cooling_power", "solvent_loading"]) == {
        "cooling_power": 0.0,
        "solvent_loading": 0.1,
    }
    with pytest.raises(WiringError, match="cooling_power"):
        FmuContinuous(web, replace(OVEN, outputs=outputs))


def test_time_does_not_drift(web: Path) -> None:
    """After 20,000 steps of 7 ms the model stands at 140 s exactly, as one step would."""
    model = FmuContinuous(web, OVEN)
    model.start(11, HOT)
    for tick in range(18, 11 + 7 * 20_000 + 1, 7):
        model.advance(tick, {})
    assert model._instance is not None
    assert model._instance.time == pytest.approx(140.0, abs=1e-12)
    value = model.read(["solvent_loading"])["solvent_loading"]
    assert value == pytest.approx(0.1 - 140.0 * DRYING_RATE, rel=1e-9)


def test_advancing_to_the_same_tick_sets_inputs_only(web: Path) -> None:
    """A step of no length is none: FMUs may refuse one."""
    model = FmuContinuous(web, OVEN)
    model.start(0, HOT)
    model.advance(0, {"mode": 0.0})
    model.advance(1000, {})
    assert model.read(["solvent_loading"]) == {"solvent_loading": 0.1}


def test_starting_again_forgets_everything(web: Path) -> None:
    """A second start gives the bits of the first."""
    model = FmuContinuous(web, OVEN, {"time_constant": 5.0})
    results = []
    for tick in (0, 77):
        model.start(tick, HOT)
        model.advance(tick + 2500, {})
        results.append(model.read(NAMES))
    assert results[0] == results[1]


def test_early_returns_do_not_stop_the_clock(web: Path) -> None:
    """In line time the model goes on to the tick, whatever happens inside."""
    model = FmuContinuous(web, OVEN, {"dry_limit": 0.08}, max_step_s=7.0)
    model.start(0, HOT)
    model.advance(60_000, {})
    value = model.read(["solvent_loading"])["solvent_loading"]
    assert value == pytest.approx(0.04, rel=1e-6)


RESTORE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from small_fmus import OVEN
from linetwin.cosim import FmuContinuous
model = FmuContinuous(Path(sys.argv[1]), OVEN, {"time_constant": 20.0})
model.restore(Path(sys.argv[2]).read_bytes())
model.advance(9_000, {"mode": 0.0})
model.advance(12_345, {})
values = model.read(["film_temperature", "solvent_loading"])
print(json.dumps({name: value.hex() for name, value in values.items()}))
"""


def test_a_state_continues_in_a_fresh_process(web: Path, tmp_path: Path) -> None:
    """Save, and another process goes on with the same bits, inputs and parameters included."""
    model = FmuContinuous(web, OVEN, {"time_constant": 20.0})
    model.start(1_000, HOT)
    model.advance(4_321, {"air_temperature": 380.0})
    state = model.save()
    (tmp_path / "state").write_bytes(state)
    model.advance(9_000, {"mode": 0.0})
    model.advance(12_345, {})
    expected = {name: value.hex() for name, value in model.read(NAMES).items()}
    tests = str(Path(__file__).parent)
    printed = run_python(RESTORE, str(web), str(tmp_path / "state"), tests, temporary=tmp_path)
    assert json.loads(printed) == expected


def test_restoring_goes_back_in_time(web: Path) -> None:
    """The same instance can return to a saved state, and saving it again gives the same bytes."""
    model = FmuContinuous(web, OVEN)
    model.start(0, HOT)
    model.advance(5_000, {})
    state = model.save()
    model.advance(9_000, {})
    expected = model.read(NAMES)
    model.restore(state)
    assert model.save() == state
    model.advance(9_000, {})
    assert model.read(NAMES) == expected


def test_foreign_states_are_refused(web: Path, foreign: Path, tmp_path: Path) -> None:
    """Bytes of another kind, or of another FMU, are not restored."""
    model = FmuContinuous(web, OVEN)
    model.start(0, HOT)
    state = model.save()
    with pytest.raises(FmuError, match="not one of an FMU"):
        model.restore(b"something else")
    with pytest.raises(FmuError, match=r"reported|returned"):
        model.restore(state[:-8])
    model.restore(state)
    other = rewritten(web, tmp_path / "other.fmu", lambda text: text.replace("closed", "open"))
    with pytest.raises(FmuError, match="belongs to another FMU"):
        FmuContinuous(other, OVEN).restore(state)


def test_an_fmu_that_cannot_save_says_so(web: Path, tmp_path: Path) -> None:
    """`can_save` is known before the run; asking all the same is a clear error."""
    copy = rewritten(
        web,
        tmp_path / "web.fmu",
        lambda text: text.replace('canSerializeFMUState="true"', ""),
    )
    model = FmuContinuous(copy, OVEN)
    assert not model.can_save
    model.start(0, HOT)
    with pytest.raises(FmuError, match="cannot save"):
        model.save()


def test_a_failure_names_model_and_line_time(web: Path) -> None:
    """The error carries the model, the simulated time and the FMU's own message."""
    model = FmuContinuous(web, OVEN)
    model.start(60_000, HOT)
    model.advance(65_000, {})
    with pytest.raises(FmuError, match="air_temperature") as caught:
        model.advance(70_000, {"air_temperature": float("inf")})
    assert caught.value.model == "web"
    assert caught.value.time_s == pytest.approx(70.0)
    with pytest.raises(FmuError, match="failed before"):
        model.advance(71_000, {})
    model.start(0, HOT)
    assert model.read(["solvent_loading"]) == {"solvent_loading": 0.1}


def test_wrong_calls_are_refused(web: Path) -> None:
    """Not started, backwards in time, unknown names, missing inputs: errors, not guesses."""
    model = FmuContinuous(web, OVEN)
    with pytest.raises(FmuError, match="not been started"):
        model.advance(5, {})
    with pytest.raises(FmuError, match="lacks mode"):
        model.start(0, {"air_temperature": 300.0})
    model.start(100, HOT)
    with pytest.raises(FmuError, match="lies before"):
        model.advance(50, {})
    with pytest.raises(FmuError, match="no input"):
        model.advance(200, {"web_speed": 1.0})
    with pytest.raises(FmuError, match="no such output"):
        model.read(["porosity"])
    model.close()
    with pytest.raises(FmuError, match="not been started"):
        model.read(NAMES)
