"""What every model of the library must do, whatever it models."""

from __future__ import annotations

import math

import fmpy
import fmpy.validation
import numpy as np
import pytest
from support import FOLDERS, Phases, draw, fmu, fmu_path, kind, model, near, reference

from linetwin.authoring.variables import Kind
from linetwin.contracts import CONTRACTS
from linetwin.quantities import vocabulary

# Phases under which a model is at work, where its default inputs leave it at rest, and how long a
# phase lasts where a minute is not the model's time; (inputs, duration in s).
WORK: dict[str, Phases] = {
    "ageing": [({}, 3600.0), ({}, 1e5)],
    "building": [({}, 600.0), ({}, 3600.0)],
    "filling": [({}, 60.0), ({}, 600.0)],
    "formation": [
        ({"mode": 1, "voltage_setpoint": 3.1}, 6000.0),
        ({"mode": 0}, 300.0),
        ({"mode": 2, "voltage_setpoint": 2.9}, 2e4),
    ],
    "mixing": [
        ({"active_material_feed": 0.02, "solvent_feed": 0.01, "binder_feed": 4e-4}, 600.0),
        ({"conductive_additive_feed": 1e-3, "rotor_speed": 5.0}, 300.0),
        ({"active_material_feed": 0.0, "solvent_feed": 0.0, "rotor_speed": 25.0}, 1200.0),
    ],
    "vacuum_drying": [({}, 600.0), ({}, 3600.0)],
}
USUAL_TOLERANCE = 1e-6
DEFAULT_WORK: Phases = [({}, 5.0), ({}, 40.0), ({}, 60.0)]


def work(name: str, seed: int) -> tuple[Phases, dict[str, float]]:
    """Return phases and parameters: the defaults for seed 0, values about them for others."""
    phases, values = WORK.get(kind(name), DEFAULT_WORK), {}
    if seed:
        generator = np.random.default_rng(seed)
        values = {v.name: near(v, generator, 0.05) for v in model(name).of_kind(Kind.PARAMETER)}
        inputs = model(name).of_kind(Kind.INPUT)
        phases = [
            ({v.name: near(v, generator) for v in inputs} | dict(given), duration)
            for given, duration in phases
        ]
    return phases, values


# a model with another law shares most of its code with that of its kind: one seed is enough
SEEDS = [(name, seed) for name in FOLDERS for seed in ((0, 1, 2) if name == kind(name) else (1,))]


@pytest.mark.parametrize(("name", "seed"), SEEDS)
def test_trajectory_agrees_with_an_independent_integration(name: str, seed: int) -> None:
    """The FMU follows scipy's Radau (1e-9) within 1e-5 of each variable's size.

    So does what the line reads at the tolerance that it asks for: with a margin where that is the
    usual 1e-6, and within it where it is more.
    """
    phases, values = work(name, seed)
    expected = reference(name).simulate({}, phases, values)
    limits: dict[float | None, float] = {None: 1e-5}
    asked = CONTRACTS[kind(name)].tolerance
    if asked is not None:
        limits[asked] = 2e-6 if asked <= USUAL_TOLERANCE else asked
    for tolerance, allowed in limits.items():
        found = fmu(name).run({}, phases, values, tolerance)
        for truth, result in zip(expected, found, strict=True):
            for key, value in truth.items():
                if tolerance is not None and key not in (*CONTRACTS[kind(name)].outputs, "time"):
                    continue
                size = abs(value) if key == "time" else scale(name, key, value)
                assert abs(result[key] - value) <= allowed * size, (key, result[key], value)


def scale(name: str, key: str, value: float) -> float:
    """Return the size of a variable against which its error counts."""
    return max(abs(value), model(name).variables[key].nominal)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_restored_state_goes_on_with_the_same_bits(name: str) -> None:
    """Step, save, step, restore, step: both second steps give the same bits."""
    instance = fmu(name)
    (first, first_s), (second, second_s), *_ = work(name, 1)[0]
    instance.start({}, first, {})
    instance.step(first_s)
    state, time = instance.save(), instance.time
    instance.set(second)
    instance.step(second_s)
    once = instance.read()
    instance.restore(state)
    instance.time = time
    instance.set(second)
    instance.step(second_s)
    assert instance.read() == once
    instance.free(state)


def check_random_inputs(name: str, count: int) -> None:
    """Take the model through `count` random sets of inputs, with starts drawn now and then."""
    instance, generator = fmu(name), np.random.default_rng(20)
    inputs = model(name).of_kind(Kind.INPUT)
    starts = [model(name).variables[key] for key in CONTRACTS[kind(name)].start]
    durations = [duration for _, duration in WORK.get(kind(name), DEFAULT_WORK)]
    for trial in range(count):
        given = {v.name: draw(v, generator) for v in inputs}
        if trial % 10 == 0:
            begin = {v.name: draw(v, generator) for v in starts} if trial % 20 == 0 else {}
            instance.start(begin, given, {})
        instance.set(given)
        instance.step(durations[trial % len(durations)] * float(generator.random() + 1e-3))
        wrong = {key: value for key, value in instance.read().items() if not math.isfinite(value)}
        assert not wrong, (trial, given)
        assert instance.valid, (trial, instance.messages[-3:])


@pytest.mark.parametrize("name", FOLDERS)
def test_random_inputs_in_range_stay_finite_and_valid(name: str) -> None:
    """2,000 random inputs in range neither fail nor give anything but finite numbers."""
    check_random_inputs(name, 2000)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_very_many_random_inputs_in_range_stay_finite(name: str) -> None:
    """The same holds for 100,000 of them."""
    check_random_inputs(name, 100_000)


@pytest.mark.parametrize("name", FOLDERS)
def test_fmpy_validates_and_simulates(name: str) -> None:
    """FMPy has no finding and can simulate the FMU with nothing set."""
    assert fmpy.validation.validate_fmu(str(fmu_path(name))) == []
    result = fmpy.simulate_fmu(str(fmu_path(name)), stop_time=1.0, output_interval=0.1)
    assert len(result) == 11
    assert all(np.isfinite(result[column]).all() for column in result.dtype.names)


@pytest.mark.parametrize("name", FOLDERS)
def test_input_out_of_range_is_reported(name: str) -> None:
    """A value out of range clears `valid` and is named in a message; the step still runs."""
    bounded = [v for v in model(name).of_kind(Kind.INPUT) if math.isfinite(v.maximum)]
    variable = next((v for v in bounded if not v.integer), None)
    if variable is None:
        pytest.skip(f"{name} has no bounded input")
    instance = fmu(name)
    instance.start({}, {}, {})
    instance.step(1.0)
    assert instance.valid
    instance.set({variable.name: variable.maximum * 1.001 + 1e-9})
    instance.step(1.0)
    assert not instance.valid
    assert any(variable.name in message for message in instance.messages)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_model_fulfils_the_contract_of_its_kind(name: str) -> None:
    """Folder and model bear one name; the kind's quantities are there in the vocabulary's unit."""
    contract, variables = CONTRACTS[kind(name)], model(name).variables
    assert model(name).name == name
    results = {Kind.STATE, Kind.ALGEBRAIC, Kind.DISCRETE, Kind.OUTPUT}
    sides = [
        (contract.start, {Kind.STATE}),
        ([key for key in contract.inputs if key not in contract.optional], {Kind.INPUT}),
        (contract.outputs, results),
    ]
    for names, kinds in sides:
        for key in names:
            assert key in variables, key
            assert variables[key].kind in kinds, key
            assert variables[key].unit == vocabulary()[key].unit, key


@pytest.mark.parametrize("name", FOLDERS)
def test_every_constant_carries_evidence(name: str) -> None:
    """Each parameter and input has a meaning, a tag, a source and a range."""
    for variable in model(name).of_kind(Kind.PARAMETER, Kind.INPUT):
        assert variable.meaning, variable.name
        if variable.enumeration:  # names its values, holds no number that anyone measured
            continue
        assert variable.tag in {"V", "D", "M", "A"}, variable.name
        assert variable.source, variable.name
        assert math.isfinite(variable.minimum), variable.name
        assert math.isfinite(variable.maximum), variable.name
