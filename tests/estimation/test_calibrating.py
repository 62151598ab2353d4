"""Calibration: truth inside its intervals, the measured tables, what is not told apart."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibrations import (
    GAP,
    LOAD,
    POINTS,
    SLURRIES,
    compacted,
    fitted,
    noisy,
    task_of,
    value_of,
    write_table,
)
from scipy.stats import binomtest, t

from linetwin.estimation.calibrating.fitting import Solver, weights_of
from linetwin.estimation.calibrating.intervals import profiled
from linetwin.estimation.calibrating.misfit import Misfit
from linetwin.estimation.calibrating.page import calibration_page
from linetwin.estimation.calibrating.solving import calibrate
from linetwin.estimation.calibrating.telling import open_sentences
from linetwin.estimation.calibrating.writing import parameter_text

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.estimation.calibrating.solving import Calibration

COLUMNS = ("load", "before", "after")
needs_points = pytest.mark.skipif(not POINTS.is_file(), reason=f"no ../shared/data/{POINTS.name}")
needs_slurries = pytest.mark.skipif(not SLURRIES.is_file(), reason=f"no {SLURRIES.name} here")

SLURRY = """\
schema: 1
name: slurries
starts: 3
fit:
  medium_consistency: {low: 0.5 Pa.s, high: 20 Pa.s, scale: log}
  carbon_exponent: {low: 1, high: 4}
  medium_flow_index: {low: 0.3, high: 1}
  flow_index_slope: {low: -3, high: 3}
  medium_yield_stress: {low: 0.05 Pa, high: 10 Pa, scale: log}
  yield_threshold: {low: 0, high: 0.02}
  yield_exponent: {low: 1, high: 6}
set:
  agglomerate_size: 0.25 um
  slurry_temperature: 298.15 K
  rotor_speed: 0 /min
  active_material_density: 2260 kg/m3
  conductive_additive_density: 1900 kg/m3
  binder_density: 1600 kg/m3
  solvent_density: 997 kg/m3
  solvent_viscosity: 0.89 mPa.s
  packing_limit: 0.53
  intrinsic_viscosity: 3.6
  reference_carbon: 0.04
  reference_binder: 0.0155
inputs:
  active_material_mass: {column: "graphite_wt%", factor: 0.25}
  conductive_additive_mass: {column: "carbon_black_wt%", factor: 0.25}
  binder_mass: {column: "CMC_wt%", factor: 0.25}
  solvent_mass: {column: "solvent_wt%", factor: 0.25}
outputs:
  yield_stress: {column: yield_stress, compare: log}
  consistency_index: {column: K, compare: log}
  flow_index: n
groups: ["carbon_black_wt%"]
"""


def covered(folder: Path, cases: int) -> tuple[int, int]:
    """Return how often each of the two true values lies inside of its interval."""
    inside = [0, 0]
    random = np.random.default_rng(7)
    for case in range(cases):
        truth = (float(random.uniform(18, 30)), float(random.uniform(250, 700)))
        misfit = Misfit(task_of(LOAD, noisy(folder, truth, case), folder))
        solver = Solver(misfit, weights_of(misfit, misfit.task.weights))
        _, intervals = profiled(solver, solver.fit())
        misfit.close()
        true_values = (truth[0] / 100, truth[1] * 1e3)
        for index, (value, found) in enumerate(zip(true_values, intervals, strict=True)):
            inside[index] += found.low <= value <= found.high
    return inside[0], inside[1]


def holds(inside: int, cases: int) -> bool:
    """Tell whether a share of 0.95 is among those that so many hits leave open, 99 % sure."""
    found = binomtest(inside, cases).proportion_ci(0.99)
    return bool(found.low <= 0.95 <= found.high)


def test_truth_lies_inside_its_intervals_as_often_as_they_say(tmp_path: Path) -> None:
    """20 tables of a closed form: the 95 % intervals hold as many true values as 95 % would."""
    assert all(holds(inside, 20) for inside in covered(tmp_path, 20))


@pytest.mark.slow
def test_truth_lies_inside_its_intervals_in_200_cases(tmp_path: Path) -> None:
    """200 tables of a closed form: the share inside, and its binomial interval, allow 95 %."""
    found = covered(tmp_path, 200)
    assert all(holds(inside, 200) for inside in found), found


def test_of_a_linear_parameter_the_interval_is_student_s(tmp_path: Path) -> None:
    """Porosity is linear in the lowest one: value and interval are those of the closed form."""
    text = LOAD.replace(
        "  compaction_resistance: {low: 50 N/mm, high: 3000 N/mm, scale: log}\n", ""
    ).replace("set: {", "set: {compaction_resistance: 400 N/mm, ")
    data = noisy(tmp_path, (24.0, 400.0), 3)
    made = fitted(text, data, tmp_path)
    load, before, after = np.loadtxt(data, delimiter=",", skiprows=1).T
    share = np.exp(-load / 400)
    slope = 1 - share
    value = float(slope @ (after - before * share) / (slope @ slope))
    errors = after - before * share - value * slope
    count = len(load) - 1
    reach = t.ppf(0.975, count) * math.sqrt(errors @ errors / count / (slope @ slope))
    assert 100 * made.values[0] == pytest.approx(value, abs=1e-5)
    assert 100 * made.intervals[0].low == pytest.approx(value - reach, abs=0.003 * reach)
    assert 100 * made.intervals[0].high == pytest.approx(value + reach, abs=0.003 * reach)


def test_given_scatter_gives_normal_intervals(tmp_path: Path) -> None:
    """With its scatter known an interval does not depend on how well the data happen to fit."""
    text = LOAD.replace('after, unit: "%"}', 'after, unit: "%", scatter: 0.8 %}')
    exact = write_table(tmp_path / "table.csv", COLUMNS, compacted(24.0, 400.0))
    made = fitted(text, exact, tmp_path)
    assert made.fit.freedom is None
    assert value_of(made, "compaction_resistance") == pytest.approx(400e3, rel=1e-6)
    width = made.intervals[0].high - made.intervals[0].low
    slopes = made.fit.slopes
    spread = math.sqrt(np.linalg.inv(slopes.T @ slopes)[0, 0]) * 0.35
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.05)


def test_derivatives_of_the_fmu_are_those_of_the_closed_form(tmp_path: Path) -> None:
    """The FMU's own derivatives by both parameters, one on a log scale, and central differences."""
    task = task_of(LOAD, noisy(tmp_path, (24.0, 400.0), 1), tmp_path)
    told, differences = Misfit(task), Misfit(task, use_derivatives=False)
    assert told.ways == {"settled_porosity": "FMU"}
    assert differences.ways == {"settled_porosity": "differences"}
    at = np.array([0.5, 0.45])
    low, resistance = told.values(at)
    load, before, _ = compacted(24.0, 400.0).T
    x = load * 1e3 / resistance
    by_low = (1 - np.exp(-x)) * 0.35
    by_resistance = (before / 100 - low) * np.exp(-x) * x * math.log(3000 / 50)
    expected = np.column_stack([by_low, by_resistance])
    assert told.slopes(at) == pytest.approx(expected, rel=1e-6)
    assert differences.slopes(at) == pytest.approx(expected, rel=1e-4, abs=1e-7)
    told.close()
    differences.close()


def test_rows_that_take_time_go_by_differences(tmp_path: Path) -> None:
    """Spring-back needs its time: it is fitted from rows of several durations, and that is told."""
    load, before, _ = compacted(24.0, 400.0)[3]
    settled = 24.0 + (before - 24.0) * math.exp(-load / 400)
    ratio = settled / (100 - settled) / (0.3 / 0.7)
    limit = 0.04 * (1 - math.exp(-load / 400)) * ratio
    minutes = np.array([5.0, 20, 60, 120, 240, 600])
    after = limit * (1 - np.exp(-minutes / 90))
    rows = np.column_stack([np.full(6, load), np.full(6, before), after, minutes])
    data = write_table(tmp_path / "table.csv", (*COLUMNS, "minutes"), rows)
    text = LOAD.replace(
        "minimum_porosity: {low: 5 %, high: 40 %}", "springback_limit: {low: 0, high: 0.1}"
    )
    text = text.replace(
        "compaction_resistance: {low: 50 N/mm, high: 3000 N/mm, scale: log}",
        "springback_time: {low: 10 min, high: 20 h, scale: log}",
    ).replace("set: {", "set: {minimum_porosity: 24 %, compaction_resistance: 400 N/mm, ")
    text = text.replace('settled_porosity: {column: after, unit: "%"}', "springback: after")
    made = fitted(text + "duration: {column: minutes, unit: min}\n", data, tmp_path)
    assert made.ways == {"springback": "differences"}
    assert "take time" in made.why
    assert value_of(made, "springback_limit") == pytest.approx(0.04, rel=1e-4)
    assert value_of(made, "springback_time") == pytest.approx(5400, rel=1e-4)


def test_a_robust_loss_forgives_outliers(tmp_path: Path) -> None:
    """Two wrong readings pull a fit of squares away; with soft_l1 it stays within 5 %."""
    rows = compacted(24.0, 400.0)
    rows[:, 2] += np.random.default_rng(2).normal(0, 0.2, len(rows))
    rows[3, 2] += 12
    rows[12, 2] += 9
    data = write_table(tmp_path / "table.csv", COLUMNS, rows)
    errors = {}
    for loss in ("linear", "soft_l1", "huber"):
        made = fitted(f"{LOAD}loss: {loss}\n", data, tmp_path)
        errors[loss] = abs(value_of(made, "compaction_resistance") / 400e3 - 1)
    assert errors["linear"] > 0.15
    assert errors["soft_l1"] < 0.05
    assert errors["huber"] < 0.05


def test_weights_of_nothing_leave_rows_out(tmp_path: Path) -> None:
    """Rows of weight 0 do not count; those of weight 2 count as though they stood there twice."""
    rows = np.column_stack([compacted(24.0, 400.0), np.ones(16)])
    rows[:, 2] += np.random.default_rng(4).normal(0, 0.5, 16)
    rows[5, 2:] = 90, 0
    rows[9, 3] = 2
    weighted = write_table(tmp_path / "table.csv", (*COLUMNS, "weight"), rows)
    one = fitted(f"{LOAD}weights: weight\n", weighted, tmp_path)
    other_rows = np.vstack([np.delete(rows, 5, axis=0), rows[9]])
    other = fitted(
        LOAD, write_table(tmp_path / "o.csv", (*COLUMNS, "weight"), other_rows), tmp_path
    )
    assert one.values == pytest.approx(other.values, rel=1e-6)
    assert one.scores[0].count == 15
    assert one.scores[0].worst < 2e-2  # the wrong row would be off by 0.6
    assert one.scores[0].by_row < 1e-2


def test_a_resampled_end_at_a_bound_is_open(tmp_path: Path) -> None:
    """True resistance at the bound that is allowed: the bootstrap calls it open above, too."""
    text = LOAD.replace("high: 3000 N/mm", "high: 380 N/mm")
    data = noisy(tmp_path, (24.0, 400.0), 3, 0.2)
    made = fitted(f"{text}intervals: bootstrap\nresamples: 30\n", data, tmp_path)
    assert made.intervals[1].state == "open above"


def test_bootstrap_draws_whole_groups(tmp_path: Path) -> None:
    """Four plates differ: resampled by plate, intervals are wider than by row."""
    rows = np.vstack([compacted(low, 400.0) for low in (21.0, 23.0, 25.0, 27.0)])
    rows[:, 2] += np.random.default_rng(5).normal(0, 0.1, len(rows))
    plate = np.repeat([1, 2, 3, 4], len(rows) // 4)
    data = write_table(tmp_path / "table.csv", (*COLUMNS, "plate"), np.column_stack([rows, plate]))
    text = f"{LOAD}intervals: bootstrap\nresamples: 30\n"
    by_row = fitted(text, data, tmp_path).intervals[0]
    by_plate = fitted(f"{text}groups: [plate]\n", data, tmp_path).intervals[0]
    assert by_plate.high - by_plate.low > 1.5 * (by_row.high - by_row.low)
    assert by_plate.low < 0.24 < by_plate.high


@needs_points
def test_gap_data_do_not_tell_resistance_and_stiffness_apart(tmp_path: Path) -> None:
    """Only their ratio is told, 26.9 um; a measured line load would tell most of what is open."""
    made = fitted(GAP, POINTS, tmp_path)
    (group,) = made.identifiability.groups
    assert group.names == ("compaction_resistance", "nip_stiffness")
    (known,) = group.known
    assert known.text == "compaction_resistance / nip_stiffness"
    assert known.value * 1e6 == pytest.approx(26.86, abs=0.05)
    assert known.unit == "m"
    told = " ".join(open_sentences(made))
    assert re.search(r"nip_stiffness = 26\.\d+ um \+- [\d.]+ % \(one standard", told)
    page = calibration_page(made)
    assert told.rpartition("Known is ")[2].partition(" +-")[0] in page
    assert '"exponentformat":"power"' in page
    assert made.gains[0].name == "nip_line_load"
    assert made.gains[0].open_bits > 1
    assert [found.state for found in made.intervals[2:]] == ["not told apart"] * 2
    assert [found.state for found in made.intervals[:2]] == ["interval"] * 2


@needs_points
def test_a_measured_line_load_tells_them_apart(tmp_path: Path) -> None:
    """The advice is right: with the load of the same points, known to 5 %, both are told."""
    first = fitted(GAP, POINTS, tmp_path)
    variables = [*first.task.outputs, replace(first.task.outputs[0], variable="nip_line_load")]
    misfit = Misfit(replace(first.task, outputs=tuple(variables)), use_derivatives=False)
    at = np.array([axis.coordinate(axis.start) for axis in first.task.axes])
    loads = misfit.predicted(at[None, :])[0][misfit.output_of == 1]
    misfit.close()
    lines = POINTS.read_text("utf-8").splitlines()
    table = [f"{lines[0]};load"]
    random = np.random.default_rng(1)
    for line, load in zip(lines[1:], loads, strict=True):
        table.append(f"{line};{load * random.normal(1, 0.05):.6g}")
    data = tmp_path / "loads.csv"
    data.write_text("\n".join(table) + "\n", "utf-8")
    text = GAP.replace("groups:", "  nip_line_load: {column: load, compare: log}\ngroups:")
    made = fitted(text, data, tmp_path)
    assert made.identifiability.groups == ()
    assert {found.state for found in made.intervals} == {"interval"}
    resistance = made.intervals[2]
    assert resistance.low < 400e3 < resistance.high


@needs_points
def test_calendering_table_is_fitted_as_specified(tmp_path: Path) -> None:
    """RMSE of porosity at most 1.5 %, largest 3 %; 1.71 % by point and 2.38 % by electrode out."""
    text = GAP.replace("  nip_stiffness: {low: 2 kN/mm2, high: 200 kN/mm2, scale: log}\n", "")
    made = fitted(text, POINTS, tmp_path)
    (score,) = made.scores
    assert score.count == 14
    assert score.fitted <= 0.015
    assert score.worst <= 0.03
    assert score.by_row == pytest.approx(0.0171, abs=2e-4)
    assert score.by_group == pytest.approx(0.0238, abs=2e-4)
    assert math.isnan(score.replicates)
    # the constants that the model carries were fitted by other code
    assert made.values == pytest.approx((0.2411, 1.945, 4e5), rel=1e-3)


@needs_slurries
def test_rheology_table_is_fitted_as_specified(tmp_path: Path) -> None:
    """RMS of 24 rows: K at most 5 %, yield stress 10 %, n 0.011; replicates scatter by less."""
    made = fitted(SLURRY, SLURRIES, tmp_path, "mixing")
    scores = {score.name: score for score in made.scores}
    assert scores["consistency_index"].fitted <= 0.05
    assert scores["yield_stress"].fitted <= 0.10
    assert scores["flow_index"].fitted <= 0.011
    relative = np.expm1(made.predicted - made.targets)
    for index in (0, 1):
        assert np.sqrt(np.mean(relative[made.output_of == index] ** 2)) <= (0.10, 0.05)[index]
    assert made.intervals[5].state == "open below"  # the threshold: the same word everywhere
    assert "yield_threshold is open below" in calibration_page(made)
    entry = parameter_text(made).split("yield_threshold:")[1].split("yield_exponent:")[0]
    assert "open below, 95 % up to" in " ".join(entry.split())
    assert "low:" not in entry
    for score in made.scores:
        assert score.replicates < score.fitted < score.by_group
    # 24 rows of eight slurries, three of each: pooled scatter of ln(yield stress), by hand
    table = np.loadtxt(SLURRIES, delimiter=",", skiprows=1)
    logs = np.log(table[:, 4]).reshape(8, 3)
    pooled = math.sqrt(float(np.mean(logs.var(axis=1, ddof=1))))
    assert scores["yield_stress"].replicates == pytest.approx(pooled, rel=1e-9)


def test_a_prior_says_what_the_data_do_not(tmp_path: Path) -> None:
    """Rows at one temperature do not tell softening by heat; with a prior the fit keeps it."""
    text = LOAD.replace(
        "fit:\n",
        "fit:\n  resistance_softening: {prior: {mean: 0.004 1/K, deviation: 0.0005 1/K}}\n",
    ).replace("roll_temperature: 298 K", "roll_temperature: 350 K")
    made: Calibration = fitted(text, noisy(tmp_path, (24.0, 400.0), 1), tmp_path)
    (group,) = made.identifiability.groups
    assert group.names == ("resistance_softening",)
    assert value_of(made, "resistance_softening") == pytest.approx(0.004, rel=1e-3)
    softened = value_of(made, "compaction_resistance") * (1 - 0.004 * 52)
    assert softened == pytest.approx(400e3, rel=0.1)


def test_the_same_task_gives_the_same_bits(tmp_path: Path) -> None:
    """Two fits of one task agree in every value and interval."""
    task = task_of(LOAD, noisy(tmp_path, (24.0, 400.0), 9), tmp_path)
    one, other = calibrate(task), calibrate(task)
    assert one.values == other.values
    assert one.intervals == other.intervals
