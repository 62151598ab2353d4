"""Model-exchange FMUs of both versions, integrated here: against closed forms and scipy."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_fmus import cell
from group_fmus import write_group

from linetwin.contracts import Contract, Phase
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import read_description
from linetwin.cosim.exchange import integration
from linetwin.cosim.groups import read_group, simulate_group
from linetwin.cosim.inspection import validate
from linetwin.cosim.instance import instantiate
from linetwin.cosim.mapping import process_map
from linetwin.cosim.port import Port, Table
from linetwin.cosim.simulation import simulate
from linetwin.cosim.transform import FmuTransform
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.instance import Instance

    Build = Callable[..., Path]

G, E = 9.81, 0.7
BOTH = pytest.mark.parametrize("name", ["ball2", "ball3"])


def bounced(time: float) -> tuple[float, float, int]:
    """Return height (m), velocity (m/s) and bounces of a ball dropped from 1 m: closed form."""
    landing = math.sqrt(2.0 / G)
    if time < landing:
        return 1.0 - 0.5 * G * time**2, -G * time, 0
    speed, bounces = E * G * landing, 1
    while time >= landing + 2.0 * speed / G:
        landing += 2.0 * speed / G
        speed *= E
        bounces += 1
        if speed < 1e-3:
            return 0.0, 0.0, bounces
    flown = time - landing
    return speed * flown - 0.5 * G * flown**2, speed - G * flown, bounces


@cache
def oscillation(stiffness: float, stop: float) -> np.ndarray:
    """Return x and y at eleven times, shape (2, 11), by scipy's DOP853 or Radau."""
    from scipy.integrate import solve_ivp

    solution = solve_ivp(
        lambda _, s: [s[1], stiffness * (1.0 - s[0] ** 2) * s[1] - s[0]],
        (0.0, stop),
        [2.0, 0.0],
        method="DOP853" if stiffness < 10.0 else "Radau",
        t_eval=np.linspace(0.0, stop, 11),
        rtol=1e-10,
        atol=1e-12,
    )
    return np.asarray(solution.y)


@cell("Model exchange", 2, 3)
@pytest.mark.parametrize("name", ["vdp2", "vdp3"])
@pytest.mark.parametrize(("stiffness", "stop"), [(1.0, 20.0), (100.0, 150.0)])
def test_van_der_pol(feature: Build, name: str, stiffness: float, stop: float) -> None:
    """The oscillator, mild and stiff, against scipy's DOP853 and Radau at a tolerance of 1e-10."""
    fmu = feature(name)
    assert read_description(fmu).exchange
    frame = simulate(fmu, stop, stop / 10, {"mu": stiffness})
    x, y = oscillation(stiffness, stop)
    np.testing.assert_allclose(frame["x"], x, rtol=1e-5)
    np.testing.assert_allclose(frame["y"], y, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["vdp2", "vdp3"])
def test_short_steps_cost_no_accuracy(feature: Build, name: str) -> None:
    """Without damping, over 20 s against 2 cos t: the error falls with the communication step."""
    errors = []
    for step in (1.0, 0.1, 0.02):
        frame = simulate(feature(name), 20.0, step, {"mu": 0.0})
        errors.append(float(np.abs(frame["x"] - 2.0 * np.cos(frame["time"])).max()))
    assert 1e-6 > errors[0] > errors[1] > errors[2]


def test_short_steps_of_a_stiff_model(feature: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the slow branch of a stiff oscillator too, against scipy's Radau at 1e-10.

    An explicit method alone would need some 5000 steps, bounded by stability.
    """
    monkeypatch.setattr(integration, "_MOST_STEPS", 300)
    x, _ = oscillation(1000.0, 5.0)
    for step in (5.0, 0.5, 0.05):
        frame = simulate(feature("vdp2"), 5.0, step, {"mu": 1000.0})
        assert frame["x"].iloc[-1] == pytest.approx(x[-1], rel=1e-7)


@cell("Model exchange: state events", 2, 3)
@BOTH
@pytest.mark.parametrize("step", [0.05, 1.5])
def test_bouncing_ball(feature: Build, name: str, step: float) -> None:
    """Height, velocity and bounces at every point, also when many bounces lie within a step."""
    frame = simulate(feature(name), 3.0, step)
    for row in frame.itertuples():
        height, velocity, bounces = bounced(row.time)
        assert row.h == pytest.approx(height, abs=1e-7)
        assert row.v == pytest.approx(velocity, abs=1e-6)
        assert row.bounces == bounces


@cell("Model exchange: time events", 2, 3)
@BOTH
def test_time_events(feature: Build, name: str) -> None:
    """A kick comes at its own time, between two outputs and at one."""
    for at in (0.33, 0.5):
        frame = simulate(feature(name), 1.0, 0.25, {"g": 0.0, "kick_time": at, "kick": 2.0})
        expected = [1.0 + 2.0 * max(0.0, time - at) for time in frame["time"]]
        np.testing.assert_allclose(frame["h"], expected, rtol=1e-12)


@cell("Model exchange: input events", 2, 3)
@BOTH
def test_input_events(feature: Build, name: str) -> None:
    """A discrete input changes the velocity at once, a continuous one the acceleration.

    `echo` follows in the second iteration of the event.
    """
    changes: list[tuple[float, dict[str, float]]] = [
        (0.3, {"push": 1}),
        (0.6, {"thrust": 4.0}),
        (0.9, {"push": 3, "thrust": 0.0}),
    ]
    frame = simulate(feature(name), 1.2, 0.3, {"g": 0.0}, inputs=changes)
    np.testing.assert_allclose(frame["v"], [0.0, 1.0, 1.0, 4.2, 4.2], rtol=1e-9)
    np.testing.assert_array_equal(frame["echo"], [0, 1, 1, 3, 3])
    np.testing.assert_allclose(frame["h"], [1.0, 1.0, 1.3, 1.78, 3.04], rtol=1e-8)


@cell("Model exchange: step events", 2, 3)
@BOTH
def test_step_events(feature: Build, name: str) -> None:
    """After a step of the integrator the FMU may ask for an event."""
    frame = simulate(feature(name), 1.0, 1.0, {"g": 0.0, "thrust": 1.0, "lamp_height": 1.2})
    np.testing.assert_array_equal(frame["lamp"], [0, 1])
    assert frame["h"].iloc[-1] == pytest.approx(1.5, rel=1e-9)


@BOTH
def test_an_end_that_the_fmu_asks_for(feature: Build, name: str) -> None:
    """It is told with the time at which the event happened."""
    landing = math.sqrt(2.0 / G)
    with pytest.raises(FmuError, match="asked to end the simulation") as caught:
        simulate(feature(name), 3.0, 0.5, {"most": 2})
    assert caught.value.time_s == pytest.approx(landing * (1.0 + 2.0 * E), rel=1e-8)


def _run(instance: Instance, table: Table, begin: int, end: int) -> list[list[float]]:
    rows = []
    for index in range(begin, end):
        instance.step(index * 0.17, 0.17)
        instance.get(table)
        rows.append(table.read_row())
    return rows


@BOTH
def test_saved_state(feature: Build, name: str) -> None:
    """A state restored in another instance, as bytes, goes on with the same bits."""
    with instantiate(feature(name)) as instance, instantiate(feature(name)) as other:
        variables = read_description(feature(name)).of("output")
        table = Table(Port(instance.binary, variables))
        instance.initialise()
        _run(instance, table, 0, 5)
        content = instance.serialise(instance.save_state())
        expected = _run(instance, table, 5, 12)
        other.restore_state(other.deserialise(content))
        other.running = True
        assert _run(other, table, 5, 12) == expected


@pytest.mark.parametrize("name", ["ball2", "ball3", "vdp2", "vdp3"])
def test_they_validate(feature: Build, name: str) -> None:
    """Reset, a second instance and a saved state give the same bits; FMPy's rules hold."""
    assert validate(feature(name)) == []


BALL = Contract("ball", "continuous", inputs=(), outputs=("coating_thickness",))
FALL = Contract(
    "fall", "transform", inputs=(), outputs=("coating_thickness",), start=("coating_thickness",)
)
LINKS = process_map({"coating_thickness": "h"})


@BOTH
def test_in_a_line(feature: Build, name: str) -> None:
    """As a machine in line time, saved and restored on the way, and as a process of items."""
    machine = FmuContinuous(feature(name), BALL, mapping=LINKS)
    machine.start(5_000, {})
    machine.advance(5_700, {})
    state = machine.save()
    machine.advance(6_300, {})
    found = machine.read(["coating_thickness"])["coating_thickness"]
    assert found == pytest.approx(bounced(1.3)[0], abs=1e-7)
    other = FmuContinuous(feature(name), BALL, mapping=LINKS)
    other.restore(state)
    other.advance(6_300, {})
    assert other.read(["coating_thickness"])["coating_thickness"] == found
    machine.close()
    other.close()

    process = FmuTransform(feature(name), FALL, mapping=LINKS)
    heights = np.array([1.0, 2.0, 3.0])
    (columns,) = process.apply({"coating_thickness": heights}, [Phase({}, 0.4)])
    np.testing.assert_allclose(columns["coating_thickness"], heights - 0.5 * G * 0.4**2, rtol=1e-7)
    process.close()


PUSHED = Contract("pushed", "continuous", inputs=("mode",), outputs=("web_speed",))


@BOTH
def test_an_input_jumps_in_line_time(feature: Build, name: str) -> None:
    """What a discrete input brings about can be read at the tick at which it is set."""
    links = process_map({"mode": "push", "web_speed": "v"}, {"g": 0.0})
    machine = FmuContinuous(feature(name), PUSHED, mapping=links)
    machine.start(0, {"mode": 0.0})
    machine.advance(250, {"mode": 2.0})
    assert machine.read(["web_speed"]) == {"web_speed": pytest.approx(2.0, abs=1e-12)}
    machine.close()


@BOTH
def test_in_a_group(feature: Build, name: str, tmp_path: Path) -> None:
    """A ball that is pushed by each bounce of another, at the next communication point."""
    members = {
        "falling": {"fmu": str(feature(name)), "values": {"push": 0, "thrust": 0.0}},
        "pushed": {"fmu": str(feature(name)), "values": {"g": 0.0, "thrust": 0.0}},
    }
    group = write_group(
        tmp_path,
        step="100 ms",
        members=members,
        connections={"pushed.push": "falling.bounces"},
        outputs={"height": "pushed.h", "speed": "pushed.v"},
    )
    frame = simulate_group(read_group(group), 1.0, {}, None)
    landing = 0.5  # the first point after 0.4515 s
    np.testing.assert_allclose(frame["speed"], frame["time"] >= landing + 0.1 - 1e-9, atol=1e-9)
    expected = 1.0 + np.maximum(0.0, frame["time"] - landing)
    np.testing.assert_allclose(frame["height"], expected, atol=1e-9)


@BOTH
def test_the_interface_that_runs_is_chosen(feature: Build, name: str) -> None:
    """Co-simulation is preferred, but not where it needs a tool."""
    other = f'<CoSimulation modelIdentifier="{name}"/><ModelExchange'
    assert not read_description(feature(name, "<ModelExchange", other)).exchange
    tool = other.replace("/>", ' needsExecutionTool="true"/>')
    assert read_description(feature(name, "<ModelExchange", tool)).exchange


class _Chatter:
    """A model whose events never settle, or never gain time."""

    state_count = 0

    def __init__(self, *, again: bool) -> None:
        self.again = again

    def update_discrete(self) -> integration.Discrete:
        return integration.Discrete(self.again, terminated=False, next_time=0.0)


@pytest.mark.parametrize("name", ["vdp2", "vdp3"])
def test_an_integrator_that_gives_up(
    feature: Build, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rates that overflow, and steps without end, are named with model and time."""
    with pytest.raises(
        FmuError, match=rf"{name} at 0.000 s: .*gave up: the derivatives are not finite"
    ):
        simulate(feature(name), 1.0, 0.5, {"mu": 1e308})
    monkeypatch.setattr(integration, "_MOST_STEPS", 20)
    with pytest.raises(FmuError, match="gave up: 20 steps did not lead from 0 s to 10 s"):
        simulate(feature(name), 20.0, 10.0)


class _Escaping:
    """x' = x**2 from 1, beside a state that is stiff where `rate` (1/s) is high."""

    state_count = 2

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.states = np.ones(2)

    def update_discrete(self) -> integration.Discrete:
        return integration.Discrete(again=False, terminated=False, next_time=None)

    def enter_continuous(self) -> None:
        """Nothing to do."""

    def read_states(self) -> np.ndarray:
        return self.states.copy()

    def read_nominals(self) -> np.ndarray:
        return np.ones(2)

    def move(self, time: float, states: np.ndarray) -> None:
        del time
        self.states = states.copy()

    def derive(self) -> np.ndarray:
        return np.array([self.states[0] ** 2, -self.rate * self.states[1]])

    def indicate(self) -> np.ndarray:
        return np.zeros(0)

    def complete_step(self) -> tuple[bool, bool]:
        return False, False


@pytest.mark.parametrize("rate", [1.0, 1e5])
def test_states_that_grow_without_bounds(rate: float) -> None:
    """They end the integration where the solution ends: at 1 s, in closed form."""
    with pytest.raises(integration.IntegrationError, match="gave up") as caught:
        integration.integrate(_Escaping(rate), 0.0, 2.0, 1e-6)  # type: ignore[arg-type]
    assert caught.value.time == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("again", "text"), [(True, "did not settle"), (False, "gained no time")])
def test_events_without_end(again: bool, text: str) -> None:  # noqa: FBT001 - a parameter
    """Both ways of standing still are named."""
    with pytest.raises(integration.IntegrationError, match=text):
        integration.integrate(_Chatter(again=again), 0.0, 1.0, 1e-6)  # type: ignore[arg-type]


class _Bounces(_Escaping):
    """A ball of 0.7: the time (s) to its next bounce is 0.7 of the last, so all are over at 1 s."""

    state_count = 0
    bounces = 0

    def __init__(self) -> None:
        super().__init__(1.0)

    def update_discrete(self) -> integration.Discrete:
        self.bounces += 1
        return integration.Discrete(
            again=False, terminated=False, next_time=1.0 - 0.7**self.bounces
        )

    def enter_event(self) -> None:
        """Nothing to do."""


def test_bounces_that_come_ever_closer() -> None:
    """They are given up where they have come to rest, not after a million steps."""
    model = _Bounces()
    with pytest.raises(integration.IntegrationError, match="gained no time") as caught:
        integration.integrate(model, 0.0, 2.0, 1e-6)  # type: ignore[arg-type]
    assert caught.value.time == pytest.approx(1.0, abs=1e-8)
    assert model.bounces < 1200
