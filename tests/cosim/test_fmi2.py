"""An FMI 2.0 FMU made outside linetwin does everything that ours do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from decay_source import DESCRIPTION, DRYING, MAP, ON

from linetwin.contracts import Contract, Phase
from linetwin.cosim import FmuContinuous, FmuTransform, check, read_description
from linetwin.cosim.instance import instantiate
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("row_loop")

LIVE = Contract("drying", "continuous", DRYING.inputs, DRYING.outputs)


def test_description(decay: Path) -> None:
    """Types, units, ranges, enumerations and capabilities are read from the XML."""
    found = read_description(decay)
    assert (found.version, found.model, found.title) == (2, "decay", "Decay")
    assert found.variables["mode"].enumeration == {"off": 1, "on": 2}
    assert (found.variables["T"].minimum, found.variables["T"].maximum) == (0.0, 100.0)
    assert found.variables["on"].start == 1.0
    assert found.capabilities.serialise_state
    assert 'fmiVersion="2.0"' in DESCRIPTION
    assert check(found, DRYING, MAP) == []


def test_strings_are_no_numbers(decay: Path) -> None:
    """A text parameter cannot be given a number."""
    problems = check(read_description(decay), DRYING, MAP, {"title": 1.0}, key="d")
    assert [p.key for p in problems] == ["d.parameters.title"]


def test_a_transform(decay: Path) -> None:
    """Items in kg/m2 and K through an FMU in g/m2 and degC, against the closed form."""
    loading = np.array([0.1, 0.2])
    first, second = FmuTransform(decay, DRYING, {"rate": 0.5}, MAP).apply(
        {"loading": loading}, [Phase(ON, 2.0), Phase({"mode": 0.0}, 3.0)]
    )
    np.testing.assert_allclose(first["loading"], loading * np.exp(-1.0), rtol=1e-12)
    np.testing.assert_allclose(second["loading"], first["loading"], rtol=1e-15)
    np.testing.assert_allclose(first["film_temperature"], 300.0, rtol=1e-15)
    assert second["phase_time"].tolist() == [3.0, 3.0]


def test_validity_from_the_declared_range(decay: Path) -> None:
    """An FMU without a `valid` output is judged by min and max of its description."""
    air = np.array([300.0, 380.0])
    first, second = FmuTransform(decay, DRYING, mapping=MAP).apply(
        {"loading": 0.1}, [Phase({"air_temperature": air, "mode": 1.0}, 1.0), Phase(ON, 1.0)]
    )
    assert first["valid"].tolist() == [1.0, 0.0]
    assert second["valid"].tolist() == [1.0, 0.0]


def test_a_step_discarded_part_way_is_an_early_return(decay: Path) -> None:
    """The phase took as long as the FMU says it got; in line time it goes on."""
    transform = FmuTransform(decay, DRYING, {"limit": 4.0}, MAP)
    first, second = transform.apply({"loading": 0.1}, [Phase(ON, 10.0), Phase({}, 1.0)])
    assert first["phase_time"].tolist() == [4.0]
    np.testing.assert_allclose(second["loading"], 0.1 * np.exp(-0.5), rtol=1e-12)
    live = FmuContinuous(decay, LIVE, {"limit": 4.0}, MAP)
    live.start(500, ON)
    live.advance(10_500, {})
    assert live.read(["loading"])["loading"] == pytest.approx(0.1 * np.exp(-1.0), rel=1e-12)


def test_a_state_round_trip(decay: Path) -> None:
    """Save, go on, restore, go on: the same bits."""
    live = FmuContinuous(decay, LIVE, mapping=MAP)
    live.start(0, ON)
    live.advance(1_500, {})
    state = live.save()
    live.advance(9_000, {"mode": 0.0})
    expected = live.read(LIVE.outputs)
    other = FmuContinuous(decay, LIVE, mapping=MAP)
    other.restore(state)
    assert other.save() == state
    other.advance(9_000, {"mode": 0.0})
    assert other.read(LIVE.outputs) == expected


def test_messages_are_formatted(decay: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What the FMU's logger formats in C's way arrives as text, not as %s."""
    with caplog.at_level(logging.WARNING, "linetwin.fmu.decay"):
        phase = Phase({"air_temperature": 400.0, "mode": 1.0}, 1.0)
        FmuTransform(decay, DRYING, mapping=MAP).apply({"loading": 0.1}, [phase])
    assert [record.getMessage() for record in caplog.records] == ["T = 126.9 degC is hot"]
    with instantiate(decay) as instance:
        instance.initialise()
        told = r"decay in the step from 3.000 s.*step of -2 s at any time"
        with pytest.raises(FmuError, match=told):
            instance.step(3.0, -2.0)
