"""Settings that a predictor proposes are tried on the model whose data it has learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from scipy.stats import qmc

from linetwin.cosim.binary import load_binary
from linetwin.cosim.library import find_fmu
from linetwin.predictors.card import Physics, Taken
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.physics import PhysicsModel
from linetwin.surrogates.goals import Chance, Goal
from linetwin.surrogates.inverting import invert
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of

if TYPE_CHECKING:
    from pathlib import Path

FEATURES: Final = ("line_load", "roll_temperature", "porosity_before")
LOW, HIGH = np.array([1e5, 293.15, 0.40]), np.array([9e5, 363.15, 0.50])
NOISE: Final = 0.003
"""Standard deviation of a reading of the porosity."""
DATASET = """\
schema: 1
dataset: calender
file: calender.csv
source: the calendering model with readings that scatter, simulated
licence: own data
columns:
  line_load: {column: load, unit: N/m, role: feature}
  roll_temperature: {column: warm, unit: K, role: feature}
  porosity_before: {column: before, unit: "1", role: feature}
  porosity: {column: after, unit: "1", role: target}
"""
TRAINING = """\
schema: 1
name: calender
dataset: data.yaml
target: porosity
laws: {between: [0 %, 100 %], decreases: [line_load]}
candidates: [quadratic]
"""


def calender() -> PhysicsModel:
    """Return the calendering model, of which three inputs vary."""
    token = load_binary(find_fmu("calendering")).description.token
    inputs = [Taken(variable=n, feature=n, factor=1.0, offset=0.0) for n in FEATURES]
    terms = Physics(
        model="calendering", token=token, settings={"active_mass_fraction": 0.96}, inputs=inputs,
        fitted={"minimum_porosity": 0.2411}, output="settled_porosity", factor=1.0, offset=0.0,
    )  # fmt: skip
    return PhysicsModel(terms, FEATURES)


def predictor(folder: Path, model: PhysicsModel, draws: np.random.Generator) -> Predictor:
    """Return what is learnt from 80 readings over a Latin hypercube."""
    rows = qmc.scale(qmc.LatinHypercube(3, rng=4).random(80), LOW, HIGH)
    read = model.fitted(rows) + draws.normal(0.0, NOISE, len(rows))
    lines = [f"{a:.9g},{b:.9g},{c:.9g},{y:.9g}" for (a, b, c), y in zip(rows, read, strict=True)]
    (folder / "calender.csv").write_text("\n".join(["load,warm,before,after", *lines]))
    (folder / "data.yaml").write_text(DATASET, encoding="utf-8")
    (folder / "training.yaml").write_text(TRAINING, encoding="utf-8")
    training = read_training(folder / "training.yaml")
    return Predictor(stored_of(training, train(training.learning, training.file.candidates)))


@pytest.mark.slow
def test_fifty_goals_are_met_as_often_as_promised(tmp_path: Path) -> None:
    """Of 50 random goals as many readings at the proposed settings keep them as is promised.

    At the best place, and at a random place of the window: within 3.3 standard deviations of the
    promised sum, which chance alone leaves once in 1,000 times.
    """
    draws = np.random.default_rng(4)
    promised: dict[str, list[float]] = {"best": [], "window": []}
    kept: dict[str, list[bool]] = {"best": [], "window": []}
    with calender() as model, predictor(tmp_path, model, draws) as made:
        while len(kept["best"]) < 50:
            before, middle = draws.uniform(0.42, 0.48), draws.uniform(0.26, 0.36)
            half = draws.uniform(0.004, 0.012)
            goal = Goal(middle - half, middle + half)
            chance = Chance(made, goal)
            low, high = np.array([*LOW[:2], before]), np.array([*HIGH[:2], before])
            found = invert(chance.judge, low, high, 0.6)
            if not found.reached:
                continue
            for name, place in (
                ("best", found.best), ("window", draws.uniform(found.low, found.high)),
            ):  # fmt: skip
                read = float(model.fitted(place[None])[0]) + draws.normal(0.0, NOISE)
                promised[name].append(float(chance(place[None])[0]))
                kept[name].append(bool(goal.low <= read <= goal.high))
    for name, chances in promised.items():
        p = np.array(chances)
        spread = np.sqrt((p * (1 - p)).sum())
        assert abs(sum(kept[name]) - p.sum()) <= 3.3 * spread
        assert (p >= 0.6 - 1e-9).all()
