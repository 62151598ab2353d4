"""Study files: what is read from them, and what is told of wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from study_support import SCENARIO, STUDY

from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from study_support import Written


def test_bounds_are_canonical_and_set_as_set_reads_them(written: Written) -> None:
    """Bounds are converted once; the setting of a point reads back to the same bits."""
    spec = written.spec()
    load, mass = spec.factors
    assert (load.low, load.high, load.unit) == (300e3, 900e3, "N/m")
    assert mass.levels == (20.0, 24.0, 28.0)
    assert spec.seed == 7  # the scenario's own
    point = (123456.7890123, 24.0)
    assert spec.settings_of(point)[0] == "cathode.calender.line_load=123456.7890123 N/m"


def test_aims_may_name_a_statistic_of_a_column(written: Written) -> None:
    """It comes back once, as the column that it is, and is not looked for among the figures."""
    written.edit(
        "figures:",
        "columns: [{segments.porosity_a: [mean, p95]}]\n"
        "objectives: [{minimise: segments.porosity_a.p95}]\n"
        "constraints: [{figure: segments.porosity_a.mean, at_most: 0.3}]\nfigures:",
    )
    wanted = written.spec().wanted
    assert wanted.figures == ("energy.energy_used",)
    assert wanted.names[1:] == ("segments.porosity_a.mean", "segments.porosity_a.p95")


def test_around_and_patterns_take_every_number_but_zero(written: Written) -> None:
    """A share of the scenario's value, cut at what is plausible; a later name wins."""
    written.edit(
        "  cathode.mixer.batch_mass: {levels: [20 kg, 24 kg, 28 kg]}",
        "  cathode.calender.*: {around: 10 %}\n  cathode.slitter.lane_count: {around: 50 %}",
    ).edit("{kind: full}", "{kind: one_at_a_time}")
    factors = {factor.address: factor for factor in written.spec().factors}
    assert "cathode.calender.swap_sides" not in factors  # zero has no share
    stretch = factors["cathode.calender.web_stretch"]
    assert stretch.low == pytest.approx(0.9 * stretch.base)
    assert stretch.high == pytest.approx(1.1 * stretch.base)
    lanes = factors["cathode.slitter.lane_count"]
    assert lanes.whole
    assert lanes.grid(9) == (1, 2, 3)


def test_around_may_be_an_amount(written: Written) -> None:
    """5 K to either side of a temperature is a difference, and so is 5 degC; a share is of kelvin.

    An amount goes around zero as well, and ends where what is plausible does.
    """
    line = "  cathode.mixer.batch_mass: {levels: [20 kg, 24 kg, 28 kg]}"
    written.edit(
        line,
        "  cathode.calender.roll_temperature: {around: 5 K}\n"
        "  anode.calender.roll_temperature: {around: 5 degC}\n"
        "  cathode.mixer.batch_mass: {around: 500 g}\n"
        "  cell.formation.chamber_temperature: {around: 2 %}",
    ).edit("{kind: full}", "{kind: one_at_a_time}")
    factors = {factor.address: factor for factor in written.spec().factors}
    for electrode in ("cathode", "anode"):
        rolls = factors[f"{electrode}.calender.roll_temperature"]
        assert rolls.low == pytest.approx(rolls.base - 5)
        assert rolls.high == pytest.approx(rolls.base + 5)
    mass = factors["cathode.mixer.batch_mass"]
    assert mass.high - mass.low == pytest.approx(1.0)
    chamber = factors["cell.formation.chamber_temperature"]
    assert chamber.high - chamber.low == pytest.approx(0.04 * chamber.base)
    assert chamber.base > 273


def test_a_machine_group_and_a_disturbance_are_varied(written: Written) -> None:
    """The address of a group sets all its machines; one of a disturbance is tried at both ends."""
    text = SCENARIO + (
        "disturbances:\n  - {name: heat, address: building.outdoor_temperature, value: 30 degC}\n"
    )
    (written.folder / "hours.yaml").write_text(text, encoding="utf-8")
    written.edit("  cathode.calender.line_load", "  disturbances.heat.value").edit(
        "{low: 300 N/mm, high: 900 N/mm}", "{low: 300 K, high: 310 K}"
    )
    assert written.spec().factors[0].setting(301.5) == "disturbances.heat.value=301.5 K"
    written.edit("heat.value", "heat.valve")
    with pytest.raises(ScenarioError, match=r"study\.yaml:5: factors\.disturbances\.heat\.valve"):
        written.spec()


CONTRADICTING = """\
constraints:
  - {figure: order.cells_good, at_least: 9}
  - {figure: order.cells_good, at_most: 8}
figures:"""
WRONG = {
    "an unknown address": (
        "calender.line_load:",
        "calender.line_laod:",
        "did you mean .*line_load",
    ),
    "bounds the wrong way round": ("low: 300 N/mm", "low: 950 N/mm", "low is not below high"),
    "one value": ("[20 kg, 24 kg, 28 kg]", "[20 kg, 20000 g]", "does not vary"),
    "out of range": ("high: 900 N/mm", "high: 900 MN/mm", "plausible range of line_load"),
    "another unit": ("high: 900 N/mm", "high: 900 kg", "line_load.*high"),
    "a misspelt key": ("high: 900 N/mm", "hihg: 900 N/mm", "did you mean high"),
    "no form": ("low: 300 N/mm, ", "", "says not what is varied"),
    "log from below zero": (
        "cathode.calender.line_load: {low: 300 N/mm, high: 900 N/mm}",
        "cathode.coater.settling_deviation: {low: -10 %, high: 10 %, scale: log}",
        "log needs bounds above zero",
    ),
    "no factors": (STUDY[STUDY.index("factors") : STUDY.index("design")], "", "design is empty"),
    "a design without its points": ("{kind: full}", "{kind: sobol}", "design.points: missing key"),
    "a key of another design": ("{kind: full}", "{kind: full, points: 8}", "full has no points"),
    "a design nobody knows": ("{kind: full}", "{kind: fool}", "'fool' is not allowed"),
    "unbalanced indices": (
        "{kind: full}",
        "{kind: sobol_indices, points: 100}",
        "100 is no power of two .64 or 128",
    ),
    "too many": ("{kind: full}", "{kind: full, levels: 900000}", "2,700,000 runs are too many"),
    "factors of replications": ("{kind: full}", "{kind: replications}", "varies no factors"),
    "set and varied": (
        "design:",
        "set: {cathode.mixer.batch_mass: 22 kg}\ndesign:",
        "is also set",
    ),
    "a wrong set": (
        "design:",
        "set: {cathode.mixer.dosing_time: 60 kg}\ndesign:",
        r"study.yaml:7: set.cathode.mixer.dosing_time: ",
    ),
    "an unknown scenario": ("hours.yaml", "basline", "did you mean baseline"),
    "an unknown column": (
        "figures:",
        "columns: [cells.capcity: mean]\nfigures:",
        "no column 'capcity' .did you mean capacity",
    ),
    "a column of text": (
        "figures:",
        "columns: [cells.status: mean]\nfigures:",
        "cells.status holds text",
    ),
    "an unknown statistic": (
        "figures:",
        "columns: [cells.capacity: median]\nfigures:",
        "'median' is no statistic",
    ),
    "a side that no web has": (
        "figures:",
        "columns: [segments.loading_c: mean]\nfigures:",
        "no column 'loading_c' .did you mean loading_[ab] or loading_[ab]",
    ),
    "an amount of another kind": (
        "{low: 300 N/mm, high: 900 N/mm}",
        "{around: 5 K}",
        "line_load.around: '5 K'.*does not fit here",
    ),
    "an amount below zero": (
        "{low: 300 N/mm, high: 900 N/mm}",
        "{around: -5 N/mm}",
        "-5 N/mm is not above zero",
    ),
    "a percentile of no two digits": (
        "figures:",
        "columns: [cells.capacity: p99.9]\nfigures:",
        r"'p99\.9' is no statistic .*a percentile from p01 to p99",
    ),
    "a percentile that is the minimum": (
        "figures:",
        "columns: [cells.capacity: p00]\nfigures:",
        "'p00' is no statistic .*min, max",
    ),
    "an aim at a statistic that does not come back": (
        "figures:",
        "objectives: [{minimise: cells.capacity.p05}]\nfigures:",
        r"columns: .{cells.capacity: .p05.}. brings it",
    ),
    "a bound of an impossible percentile": (
        "figures:",
        "constraints: [{figure: cells.capacity.p101, at_least: 1 A.h}]\nfigures:",
        r"'cells.capacity.p101' is not among columns .allowed: mean, sd",
    ),
    "constraints that contradict": (
        "figures:",
        CONTRADICTING,
        "no order.cells_good is at least 9 and at most 8",
    ),
    "an objective both ways": (
        "figures:",
        "objectives: [{maximise: order.cells_good}, {minimise: order.cells_good}]\nfigures:",
        "order.cells_good is to be large and small at once",
    ),
    "levels without number": ("{kind: full}", "{kind: full, levels: 20000000}", "too many"),
    "a key below design": (
        "{kind: full}",
        "{kind: full, alternatives: {}}",
        "alternatives stands at the top level",
    ),
    "a key beside design": ("figures:", "points: 8\nfigures:", "points stands below design"),
    "an aim at nothing": ("figures:", "objectives: [{}]\nfigures:", "aims at nothing"),
    "an aim at both sides": (
        "figures:",
        "objectives: [{maximise: order.cells_good, minimise: order.cells_scrap}]\nfigures:",
        "aims at two sides",
    ),
    "alternatives that are one": (
        "{kind: full}",
        "{kind: compare}\nobjectives: [{maximise: order.started}]\nalternatives: {a: {}, b: {}}",
        "changes what 'a' does",
    ),
    "alternatives of another kind": ("figures:", "alternatives: {a: {}}\nfigures:", "compare"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_studies_are_refused_with_the_reason(name: str, written: Written) -> None:
    """Each mistake is told with file, key and what is allowed."""
    old, new, told = WRONG[name]
    with pytest.raises(ScenarioError, match=told) as refused:
        written.edit(old, new).spec()
    assert all(problem.file is not None and problem.key for problem in refused.value.problems)


def test_all_mistakes_are_told_at_once(written: Written) -> None:
    """Two wrong factors and a wrong design make three problems."""
    written.edit("line_load", "line_laod").edit("[20 kg, 24 kg, 28 kg]", "[1 kg]")
    written.edit("{kind: full}", "{kind: morris}")
    with pytest.raises(ScenarioError) as refused:
        written.spec()
    assert len(refused.value.problems) >= 3


def test_of_a_wrong_factor_no_second_thing_is_said(written: Written) -> None:
    """A design whose only factor is wrong is not called empty as well."""
    written.edit("  cathode.mixer.batch_mass: {levels: [20 kg, 24 kg, 28 kg]}\n", "")
    with pytest.raises(ScenarioError) as refused:
        written.edit("line_load", "line_laod").spec()
    assert "the design is empty" not in str(refused.value)
