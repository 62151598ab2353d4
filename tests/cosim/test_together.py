"""Models brought to one tick at once see what each would see alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from decay_source import DRYING, FAULTS, MAP, ON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_fmus import OVEN

from linetwin.contracts import Contract
from linetwin.cosim import FmuContinuous, Together
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("row_loop")

LIVE = Contract("drying", "continuous", DRYING.inputs, DRYING.outputs)
LENIENT = replace(OVEN, outputs=(*OVEN.outputs, "wear"), optional=(*OVEN.optional, "wear"))
NAMES = ("film_temperature",)
HOT = {"air_temperature": 400.0, "mode": 1.0}


def _models(web: Path, decay: Path) -> list[FmuContinuous]:
    """FMI 3.0 and 2.0; one cut into steps, in Python; one whose steps end early; units."""
    return [
        FmuContinuous(web, OVEN, {"time_constant": 20.0}),
        FmuContinuous(web, OVEN, {"dry_limit": 0.08}, max_step_s=7.0),
        FmuContinuous(decay, LIVE, {"limit": 4.0}, MAP),
        FmuContinuous(decay, LIVE, {"rate": 0.5}, MAP),
    ]


inputs = st.fixed_dictionaries(
    {"air_temperature": st.floats(280.0, 370.0)}, optional={"mode": st.sampled_from([0.0, 1.0])}
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(touches=st.lists(st.tuples(st.integers(0, 9000), inputs), min_size=1, max_size=6))
def test_the_same_bits_as_one_by_one(
    web: Path, decay: Path, touches: list[tuple[int, Mapping[str, float]]]
) -> None:
    """Any touches, several at one tick and some of them alone between, leave the same state."""
    one_by_one, at_once = _models(web, decay), _models(web, decay)
    together = Together(at_once, NAMES)
    tick = 1234
    for model in (*one_by_one, *at_once):
        model.start(tick, ON)
    for number, (ticks, given_now) in enumerate(touches):
        tick += ticks
        expected = []
        for model in one_by_one:
            model.advance(tick, given_now)
            expected.append(list(model.read(NAMES).values()))
        if number == 1:
            for model in at_once[::2]:
                model.advance(tick, given_now)
        assert together.advance(tick, [given_now] * len(at_once)) == expected
        assert [model.save() for model in at_once] == [model.save() for model in one_by_one]


def test_models_that_are_read_from_one_array_and_from_another(web: Path) -> None:
    """Where no output is converted all lie in one array; who comes second has their own tables."""
    names = ("film_temperature", "solvent_loading")
    models = [FmuContinuous(web, OVEN, {"time_constant": seconds}) for seconds in (5.0, 20.0, 80.0)]
    first, second = Together(models, names), Together(models[::-1], names)
    for model in models:
        model.start(0, ON)
    for tick in (1000, 1500, 9000):
        rows = first.advance(tick, [HOT] * 3)
        assert second.advance(tick + 250, [HOT] * 3) != rows[::-1]
        assert first.advance(tick + 250, [HOT] * 3) == [[*m.read(names).values()] for m in models]


def test_an_output_that_an_fmu_lacks_and_a_model_started_again(web: Path) -> None:
    """Lacking outputs are 0 in their place; a model that is replaced inside is found again."""
    model = FmuContinuous(web, LENIENT)
    together = Together([model], ("wear", "solvent_loading"))
    for _ in range(2):
        model.start(0, HOT)
        assert together.advance(0, [HOT]) == [[0.0, 0.1]]
        together.advance(1000, [HOT])
        model.close()


@pytest.mark.parametrize("fault", ["GetReal", "DoStep", "fatal", "discard"])
def test_the_same_errors(web: Path, decay: Path, fault: str) -> None:
    """What fails is told as it would be alone, and whose it is; those before it have gone on."""
    mapping = replace(MAP, fixed={**MAP.fixed, "x": 2000.0, "fault": 0.0})
    broken = replace(mapping, fixed={**mapping.fixed, "fault": float(FAULTS.index(fault))})

    def models() -> list[FmuContinuous]:
        found = [FmuContinuous(web, OVEN), FmuContinuous(decay, LIVE, mapping=broken)]
        for model in found:
            model.start(500, ON)
        return found

    alone = models()
    with pytest.raises(FmuError) as expected:  # noqa: PT012 - one of the two fails
        alone[1].advance(1500, ON)
        alone[1].read(NAMES)
    at_once = models()
    together = Together(at_once, NAMES)
    with pytest.raises(FmuError) as error:
        together.advance(1500, [ON, ON])
    assert str(error.value) == str(expected.value)
    assert together.under_way == 1
    alone[0].advance(1500, ON)
    assert at_once[0].save() == alone[0].save()


def test_an_input_that_an_fmu_refuses(web: Path) -> None:
    """No number is an infinite one: told as alone, at the tick that had been reached."""
    models = [FmuContinuous(web, OVEN) for _ in range(2)]
    for model in models:
        model.start(0, HOT)
    endless = {"air_temperature": float("inf"), "mode": 1.0}
    with pytest.raises(FmuError, match=r"at 2\.000 s: SetFloat64 returned error") as expected:
        models[0].advance(2000, endless)
    with pytest.raises(FmuError) as error:
        Together(models[1:], NAMES).advance(2000, [endless])
    assert str(error.value) == str(expected.value)


def test_what_cannot_be_is_refused(web: Path) -> None:
    """A tick in the past, an output that is none, a model that has not been started."""
    model = FmuContinuous(web, OVEN)
    together = Together([model], NAMES)
    with pytest.raises(FmuError, match="has not been started"):
        together.advance(0, [HOT])
    model.start(0, HOT)
    together.advance(1000, [HOT])
    with pytest.raises(FmuError, match="tick 999 lies before tick 1000"):
        together.advance(999, [HOT])
    with pytest.raises(FmuError, match="wear: no such output"):
        Together([model], ("wear",)).advance(1000, [HOT])
