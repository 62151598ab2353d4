from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from fmpy.fmi1 import FMICallException

if TYPE_CHECKING:
    from conftest import Instance

Make = Callable[..., Any]


def test_reset_gives_a_fresh_instance(instance: Make) -> None:
    """After reset all values, warnings and times are those of a new instance."""
    fresh, used = instance("circuit").start(), instance("circuit")
    used.start(resistance=5.0, voltage=3.0, source=4.0)
    used.set(source=50.0)
    used.step(2.0)
    used.start()
    assert used.everything() == fresh.everything()
    fresh.step(1.7)
    used.step(1.7)
    assert used.everything() == fresh.everything()


def test_start_values_are_taken(instance: Make) -> None:
    """States and discretes start where they were set; algebraics are made consistent."""
    circuit = instance("circuit").start(voltage=0.25, tripped=0.0, current=77.0)
    assert circuit.get("voltage", "tripped") == [0.25, 0.0]
    assert circuit.get("current")[0] == pytest.approx(0.375, rel=1e-14)


def test_outputs_follow_inputs_at_once(instance: Make) -> None:
    """Between steps, algebraics and outputs belong to the inputs last set; time stands."""
    circuit = instance("circuit").start()
    circuit.step(1.0)
    (voltage,) = circuit.get("voltage")
    circuit.set(source=3.0)
    assert circuit.get("current")[0] == pytest.approx((3.0 - voltage) / 2.0, rel=1e-13)
    assert circuit.get("time", "voltage") == [1.0, voltage]


def test_a_stop_returns_early_where_allowed(instance: Make) -> None:
    """The step ends at the trip; without permission it runs to its end with the trip made."""
    allowed = instance("circuit", earlyReturnAllowed=True).start(trip_level=0.5)
    assert allowed.step(5.0)
    assert allowed.time == allowed.get("time")[0] == pytest.approx(math.log(2), rel=1e-6)
    assert allowed.get("tripped") == [1.0]
    assert not allowed.step(5.0 - allowed.time)
    assert allowed.time == 5.0
    plain = instance("circuit").start(trip_level=0.5)
    assert not plain.step(5.0)
    assert plain.get("tripped") == [1.0]
    assert plain.everything() == pytest.approx(allowed.everything(), rel=1e-6)


def test_a_stop_due_when_the_step_begins_takes_no_time(instance: Make) -> None:
    """A guard made positive by a set ends the next step at its start, once."""
    circuit = instance("circuit", earlyReturnAllowed=True).start()
    circuit.step(1.0)
    circuit.set(trip_level=0.1)
    assert circuit.step(1.0)
    assert circuit.time == 1.0
    assert circuit.get("tripped") == [1.0]
    assert not circuit.step(1.0)


def test_a_step_ends_exactly_where_it_was_asked_to(instance: Make) -> None:
    """The last successful time is start + size to the bit, so that steps can be joined."""
    circuit = instance("circuit").start()
    for k in range(100):
        start = k * (1.0 / 60.0)
        *_, last = circuit.slave.doStep(start, 1.0 / 60.0)
        assert last == start + 1.0 / 60.0


def test_an_excursion_is_warned_of_once(instance: Make) -> None:
    """Out of range: one warning naming the variable, `valid` false, and the step is computed."""
    circuit = instance("circuit").start()
    assert circuit.get("valid") == [True]
    for source in (6.0, 7.0, 6.5):
        circuit.set(source=source)
        circuit.step(0.5)
    assert circuit.get("valid") == [False]
    assert [status for status, _ in circuit.messages] == [1]
    assert "source = 6 is outside [-5, 5]" in circuit.messages[0][1]
    circuit.set(source=1.0)
    assert circuit.get("valid") == [True]
    circuit.set(source=-6.0)
    assert len(circuit.messages) == 2


def test_a_parameter_out_of_range_counts_too(instance: Make) -> None:
    """The ranges of parameters are watched as those of inputs are."""
    circuit = instance("circuit").start(resistance=20.0)
    assert circuit.get("valid") == [False]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused(instance: Make, value: float) -> None:
    """Error status, a message that names the variable, and nothing of the call is taken over."""
    circuit = instance("circuit").start()
    circuit.step(1.0)
    before = circuit.everything()
    references = [circuit.variables[n].valueReference for n in ("trip_level", "source")]
    with pytest.raises(FMICallException):
        circuit.slave.setFloat64(references, [0.3, value])
    assert circuit.messages[-1][0] == 3
    assert "source: the value set is not finite" in circuit.messages[-1][1]
    assert circuit.everything() == before
    circuit.step(1.0)


REASONS = {
    1: "event chatter: the transition stays due, transition flip",
    2: "the internal step became too small",
    3: "the algebraic equations have no solution",
    4: "the guard is not a number, transition odd",
    5: "the transition assigns a value that is not finite, transition wild",
    6: "an output is not finite",
}


@pytest.mark.parametrize("mode", REASONS)
def test_a_failed_step_is_rolled_back(instance: Make, mode: int) -> None:
    """Discard status, a message with time and reason, the state kept, and life goes on."""
    faulty, untouched = instance("faulty").start(), instance("faulty").start()
    faulty.step(0.5)
    untouched.step(0.5)
    faulty.set(mode=mode)
    with pytest.raises(FMICallException):
        faulty.step(5.0)
    status, text = faulty.messages[-1]
    assert status == 2
    assert REASONS[mode] in text
    assert "in the step from 0.5 s over 5 s" in text
    faulty.set(mode=0)
    for one in (faulty, untouched):
        one.step(0.5)
    assert faulty.get("x")[0] == pytest.approx(untouched.get("x")[0], rel=1e-7)
    assert faulty.get("y", "time") == untouched.get("y", "time")


def test_initialisation_without_a_solution_is_an_error(instance: Make) -> None:
    """The failure is told when initialisation ends, and can be mended."""
    faulty = instance("faulty")
    with pytest.raises(FMICallException):
        faulty.start(mode=3)
    assert "algebraic equations have no solution" in faulty.messages[-1][1]
    faulty.set(mode=0)
    faulty.slave.exitInitializationMode()
    faulty.step(1.0)


def test_calls_out_of_order_are_refused(instance: Make) -> None:
    """Each function checks the state of the life cycle and says what was wrong."""
    circuit = instance("circuit")
    slave, reference = circuit.slave, circuit.variables["voltage"].valueReference
    fixed = circuit.variables["resistance"].valueReference

    def refused(call: Callable[[], object], message: str) -> None:
        with pytest.raises(FMICallException):
            call()
        assert message in circuit.messages[-1][1]

    refused(lambda: slave.doStep(0.0, 1.0), "fmi3DoStep must not be called in state Instantiated")
    refused(slave.exitInitializationMode, "must not be called in state Instantiated")
    refused(lambda: slave.getFloat64([reference]), "must not be called in state Instantiated")
    refused(slave.terminate, "must not be called in state Instantiated")
    slave.enterInitializationMode()
    refused(slave.enterInitializationMode, "must not be called in state Initialization Mode")
    refused(lambda: slave.doStep(0.0, 1.0), "must not be called in state Initialization Mode")
    slave.exitInitializationMode()
    refused(lambda: slave.setFloat64([reference], [1.0]), "voltage: cannot be set in this state")
    refused(lambda: slave.setFloat64([fixed], [1.0]), "resistance: cannot be set in this state")
    refused(lambda: slave.setFloat64([999], [1.0]), "value reference 999: no such variable")
    refused(lambda: slave.getInt32([reference]), "voltage: no such variable of this type")
    refused(lambda: slave.doStep(0.5, 1.0), "a step from 0.5 s over 1 s is impossible")
    refused(lambda: slave.doStep(0.0, 0.0), "is impossible")
    refused(lambda: slave.doStep(0.0, math.nan), "is impossible")
    refused(slave.enterEventMode, "fmi3EnterEventMode is not supported")
    slave.terminate()
    refused(lambda: slave.doStep(0.0, 1.0), "must not be called in state Terminated")
    assert slave.getFloat64([reference]) == [0.0]
    slave.reset()


@pytest.mark.parametrize("options", [{"token": "{other}"}, {"eventModeUsed": True}])
def test_what_the_fmu_cannot_do_gives_no_instance(
    instance: Make, options: dict[str, bool | str]
) -> None:
    """A wrong token or a request for event mode gives NULL, which FMPy raises."""
    with pytest.raises(Exception, match="Failed to instantiate"):
        instance("circuit", **options)


def test_instances_of_one_library_are_independent(instance: Make) -> None:
    """Interleaved instances give the bits that each gives alone."""
    alone = instance("circuit").start(source=2.0)
    for _ in range(5):
        alone.step(0.7)
    pair = [instance("circuit").start(source=2.0), instance("circuit").start(source=-1.0)]
    for _ in range(5):
        for one in pair:
            one.step(0.7)
    assert pair[0].everything() == alone.everything() != pair[1].everything()


def test_instances_run_in_threads(instance: Make) -> None:
    """The library keeps nothing outside its instances: threads give the bits of one thread."""

    def story(k: int, one: Instance) -> list[float]:
        one.start(source=0.5 + k, cubic=float(k))
        for _ in range(300):
            one.step(0.01)
        return one.everything()

    instances = [instance("circuit") for _ in range(4)]
    alone = [story(k, one) for k, one in enumerate(instances)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(story, range(4), instances)) == alone


def test_directional_derivatives_are_those_of_differences(instance: Make) -> None:
    """Outputs by inputs, parameters and states, through the algebraic equation."""
    values = {"cubic": 5.0, "source": 3.0, "voltage": 0.3}
    circuit = instance("circuit")
    knowns, unknowns = ["source", "resistance", "voltage"], ["current", "power", "voltage"]

    def outputs(**changed: float) -> list[float]:
        found: list[float] = circuit.start(**(values | changed)).get(*unknowns)
        return found

    for known in knowns:
        base = (values | {"resistance": 2.0})[known]
        high, low = outputs(**{known: base + 1e-5}), outputs(**{known: base - 1e-5})
        wanted = [(a - b) / 2e-5 for a, b in zip(high, low, strict=True)]
        outputs()
        references = [circuit.variables[n].valueReference for n in unknowns]
        found = circuit.slave.getDirectionalDerivative(
            references, [circuit.variables[known].valueReference], [1.0]
        )
        assert list(found) == pytest.approx(wanted, rel=1e-6, abs=1e-9), known
