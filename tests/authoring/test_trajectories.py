from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from linetwin.authoring.reference import ReferenceModel

if TYPE_CHECKING:
    from linetwin.authoring import Model

Make = Callable[..., Any]


def test_an_index_1_model_follows_its_closed_form(instance: Make) -> None:
    """With a linear resistor, voltage and current of the circuit are exponentials."""
    circuit = instance("circuit").start()
    for k in range(1, 11):
        circuit.step(0.3)
        decay = math.exp(-0.3 * k)
        assert circuit.get("voltage", "current", "charge") == pytest.approx(
            [1 - decay, decay / 2, 0.5 * (1 - decay) / 3600.0], rel=2e-7
        )


def test_an_event_lies_where_its_closed_form_says(instance: Make) -> None:
    """Ball: impact times and speeds; the clock: its time to 1e-9 of the step."""
    ball = instance("ball", loggingOn=True).start()
    ball.step(2.0)
    fall, rise = math.sqrt(2 / 9.81), 0.8 * math.sqrt(2 * 9.81)
    impacts = [fall + sum(2 * 0.8**k * rise / 9.81 for k in range(n)) for n in range(3)]
    told = [text.split() for _, text in ball.messages]
    times = [float(words[3].removeprefix("t=")) for words in told if words[1] == "bounce"]
    assert times == pytest.approx(impacts[: len(times)], rel=1e-9)
    assert ball.get("bounces") == [len(times)] == [3]
    since = 2.0 - impacts[2]
    speed = 0.64 * rise - 9.81 * since
    assert ball.get("speed")[0] == pytest.approx(speed, rel=1e-8)
    assert ball.get("rung")[0] == pytest.approx(0.4321, abs=1e-9 * 2.0)


def test_a_trip_is_located_in_time(instance: Make) -> None:
    """The circuit trips at -ln(1 - level), however coarse the step is."""
    for size in (10.0, 1.0, 0.01):
        circuit = instance("circuit", loggingOn=True).start(trip_level=0.5)
        while circuit.time < 1.0:
            circuit.step(size)
        trips = [text for _, text in circuit.messages if "trip" in text]
        assert len(trips) == 1
        assert float(trips[0].split("t=")[1].split()[0]) == pytest.approx(math.log(2), rel=2e-7)


def test_a_model_of_many_states_decays_as_its_mode(instance: Make) -> None:
    """The first mode of a rod keeps its shape; an idle guard hides no event from another."""
    rate = 4.0 * math.sin(0.5 * math.pi / 41) ** 2
    chain = instance("chain").start()
    chain.step(300.0)
    decayed = [math.sin(math.pi * k / 41) * math.exp(-300.0 * rate) for k in range(1, 41)]
    assert chain.get(*(f"cell_{k}" for k in range(40))) == pytest.approx(decayed, rel=1e-5)
    assert chain.get("cold", "never") == pytest.approx([math.log(2.0) / rate, 0.0], rel=1e-6)


def test_a_model_without_states_follows_time_and_inputs(instance: Make) -> None:
    """x**3 + x = u + t; the transition is located though nothing is integrated."""
    static = instance("static").start(u=1.0)
    static.step(20.0)
    (x,) = static.get("x")
    assert x**3 + x == pytest.approx(21.0, rel=1e-12)
    assert static.get("square")[0] == pytest.approx(x * x, rel=1e-15)
    assert static.get("passed")[0] == pytest.approx(9.0, rel=1e-9)
    static.set(u=-19.0)
    assert static.get("x")[0] ** 3 + static.get("x")[0] == pytest.approx(1.0, rel=1e-12)


PHASES: dict[str, tuple[dict[str, float], list[tuple[dict[str, float], float]]]] = {
    "circuit": (
        {"cubic": 5.0, "trip_level": 1.5},
        [({}, 0.4), ({"source": 3.0}, 0.2), ({"mode": 0}, 0.5), ({"mode": 1}, 5.0)],
    ),
    "ball": ({}, [({}, 0.2), ({}, 0.3), ({}, 1.0), ({}, 0.7)]),
    "stiff": ({}, [({}, 1e-3), ({}, 1.0), ({"feed": 0.02}, 30.0), ({"feed": 0.0}, 1e4)]),
    "static": ({}, [({}, 1.0), ({"u": 4.0}, 9.0)]),
}


@pytest.mark.parametrize("name", PHASES)
def test_trajectories_agree_with_radau(
    name: str, instance: Make, model: Callable[[str], Model]
) -> None:
    """Every state and output within 1e-5 of scipy's Radau at 1e-9, and the same events."""
    values, phases = PHASES[name]
    reference = ReferenceModel(model(name))
    expected = reference.simulate({}, phases, values)
    fmu = instance(name, loggingOn=True).start(**values)
    for (inputs, duration), wanted in zip(phases, expected, strict=True):
        fmu.set(**inputs)
        fmu.step(duration)
        found = dict(zip(wanted, fmu.get(*wanted), strict=True))
        assert found == pytest.approx(wanted, rel=1e-5, abs=1e-12), duration
    events = [text.split()[1] for _, text in fmu.messages if text.startswith("transition")]
    assert events == [event for _, event in reference.events]


def test_the_result_hardly_depends_on_the_communication_step(instance: Make) -> None:
    """One step of 40 s and 4,000 of 10 ms end within the tolerance of each other."""
    ends = []
    for steps in (1, 40, 4000):
        fmu = instance("stiff").start(feed=0.01)
        for _ in range(steps):
            fmu.step(40.0 / steps)
        ends.append(fmu.get("a", "b", "c"))
    assert ends[0] == pytest.approx(ends[2], rel=2e-6)
    assert ends[1] == pytest.approx(ends[2], rel=2e-6)


def test_a_tighter_tolerance_gives_a_smaller_error(
    instance: Make, model: Callable[[str], Model]
) -> None:
    """The tolerance given at initialisation is the one that is used."""
    (exact,) = ReferenceModel(model("stiff")).simulate({}, [({}, 100.0)], rtol=1e-11)
    errors = []
    for tolerance in (1e-3, 1e-6, 1e-9):
        fmu = instance("stiff").start(tolerance)
        fmu.step(100.0)
        errors.append(abs(fmu.get("a")[0] / exact["a"] - 1))
    assert errors[0] > 10 * errors[1] > 100 * errors[2]
    assert errors[2] < 1e-8


def test_the_balance_of_the_reaction_holds(instance: Make) -> None:
    """A linear invariant is kept to rounding by the method."""
    fmu = instance("stiff").start(feed=0.03)
    fmu.step(1e3)
    assert fmu.get("total")[0] == pytest.approx(1.0, abs=1e-12)
