"""Bounds of constraints: amounts with a unit, refused where it is not the figure's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from study_oracles import FIGURE
from study_support import NOTHING, Here, Written, planned, unseen
from toy_runs import total

from linetwin.errors import ScenarioError
from linetwin.scenario.problems import Place
from linetwin.study.bounds import constraints_of
from linetwin.study.executing import StudyRun
from linetwin.study.keeping import StudyWriter
from linetwin.study.schema import WrittenConstraint

if TYPE_CHECKING:
    from pathlib import Path


def read(raw: float | str, unit: str) -> float | None:
    """Return a bound as it is read for a figure of a unit."""
    written = [WrittenConstraint(figure=FIGURE, at_most=raw)]
    return constraints_of(written, {FIGURE: unit}, lambda n: Place(f"constraints.{n}"))[0].at_most


@pytest.mark.parametrize(
    ("raw", "unit", "value"),
    [
        ("22.5 kWh", "J", 22.5 * 3.6e6),
        ("81 MJ", "J", 81e6),
        ("28 h", "s", 28 * 3600.0),
        ("550 EUR/kWh", "EUR/kWh", 550.0),
        ("0.5 EUR/Wh", "EUR/kWh", 500.0),
        ("1200 EUR", "EUR", 1200.0),
        ("120 1/d", "1/d", 120.0),
        ("95 %", "1", 0.95),
        (0.95, "1", 0.95),
        (3, "", 3.0),
    ],
)
def test_amounts_are_read_in_the_unit_of_their_figure(
    raw: float | str, unit: str, value: float
) -> None:
    """As shown, or in any unit of the kind; a number alone where the figure has none."""
    assert read(raw, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("raw", "unit", "told"),
    [
        (22.5, "J", "its unit is kWh"),
        ("3 kg", "J", "its unit is kWh"),
        (550, "EUR/kWh", "its unit is EUR/kWh"),
        ("550 USD/kWh", "EUR/kWh", "its unit is EUR/kWh"),
        ("550 EUR/kg", "EUR/kWh", "its unit is EUR/kWh"),
        ("3 kg", "1", "a number alone"),
    ],
)
def test_what_is_no_amount_of_the_figure_is_refused(raw: float | str, unit: str, told: str) -> None:
    """The unit that is shown is named."""
    with pytest.raises(ScenarioError, match=rf"constraints\.0\.at_most: .*{told}"):
        read(raw, unit)


def test_a_unit_nobody_knows_is_refused_before_any_run(written: Written) -> None:
    """So are bounds that contradict one another in different units of a kind, as written."""
    for bounds, told in (
        ("at_most: 3 kWhh", "unit 'kWhh' is unknown"),
        (
            "at_most: 3 kWh, at_least: 20 MJ",
            "no energy.energy_used is at least 20 MJ and at most 3 kWh",
        ),
    ):
        text = f"constraints: [{{figure: {FIGURE}, {bounds}}}]\nfigures:"
        with pytest.raises(ScenarioError, match=told):
            Written(written.folder).edit("figures:", text).spec()


def test_another_unit_is_refused_after_the_first_run(tmp_path: Path) -> None:
    """And by the same command again before any."""
    text = f"constraints: [{{figure: {FIGURE}, at_most: 22.5}}]\nfigures:"
    written = Written(tmp_path).edit("figures:", text)
    spec, executor = written.spec(), Here(total)
    for _ in range(2):
        writer = StudyWriter(written.output, spec, NOTHING)
        with pytest.raises(ScenarioError, match=r"study\.yaml:\d+: .*its unit is kWh"):
            StudyRun(spec, writer, executor, bool, unseen).results(planned(spec), 1)
        writer.finish("failed")
        assert len(executor.made) == 1
