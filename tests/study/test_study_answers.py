"""What the command tells at the end of a comparison and of an optimisation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.cli.study_answers import answer
from linetwin.cli.study_telling import check_kept, never_kept
from linetwin.errors import ScenarioError
from linetwin.study.reading import read_study_file
from linetwin.study.report import study_page
from linetwin.study.report_findings import Findings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

KWH = 3.6e6
AIM = f"objectives: [{{maximise: {FIGURE}}}]"
ALTERNATIVES = f"{AIM}\nalternatives: {{as_is: {{}}, more: {{{ADDRESSES[1]}: 26 kg}}}}"


def slope(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return a figure that grows with the first factor, 100 kWh over its span, and with a seed."""
    first = float(shares[0]) if len(shares) else 0.5
    return {FIGURE: (500 + 100 * first + seed % 7 + first * (seed % 3)) * KWH, SECOND: first * KWH}


def test_a_comparison_tells_who_is_best_and_by_how_much(tmp_path: Path) -> None:
    """In kWh with an interval on the screen; in J in JSON, as the runs have it."""
    text = study_text(0, "{kind: compare, most: 12}", ALTERNATIVES)
    observed = carried(tmp_path, text, slope)
    lines, content = answer(Findings(observed))
    assert lines[0].startswith("best:       more, energy used 57")
    assert lines[1].startswith("  as_is: worse by +2")
    assert "kWh, dropped after" in lines[1]
    told = json.loads(json.dumps(content))
    assert (told["best"], told["decided"], told["unit"]) == ("more", True, "J")
    behind = told["alternatives"][1]["behind"]
    values = observed.values(FIGURE)[:, : told["alternatives"][1]["runs"]]
    assert behind["value"] == pytest.approx((values[1] - values[0]).mean())
    assert 0 < behind["low"] < behind["value"] < behind["high"]
    assert list(observed.study.points["name"]) == ["as_is", "more"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_alternative_without_any_value_is_behind_the_other(tmp_path: Path) -> None:
    """No run of it tells the figure: it stands last, nothing is decided, and nothing warns."""

    def gone(shares: np.ndarray, seed: int) -> dict[str, float]:
        return {FIGURE: float("nan") if len(shares) and shares[0] > 0 else seed * KWH, SECOND: 0.0}

    observed = carried(tmp_path, study_text(0, "{kind: compare, most: 6}", ALTERNATIVES), gone)
    lines, content = answer(Findings(observed))
    ahead = content["alternatives"][0]["name"]
    told = {each["name"]: each["mean"]["runs"] for each in content["alternatives"]}
    assert told[ahead] > 0
    assert 0 in told.values()
    assert lines[0].startswith("undecided:")
    assert "Alternatives" in study_page(observed)


def test_a_best_of_few_runs_says_of_how_many(tmp_path: Path) -> None:
    """Three of four seeds tell no figure: on the screen, in JSON and on the page."""

    def rare(shares: np.ndarray, seed: int) -> dict[str, float]:
        first = float(shares[0]) if len(shares) else 0.5
        return {FIGURE: first * KWH if seed % 4 == 0 else float("nan"), SECOND: 0.0}

    design = "{kind: optimise, trials: 6, fresh: 8, finalists: 2}\nreplications: 4"
    observed = carried(tmp_path, study_text(1, design, AIM), rare)
    lines, content = answer(Findings(observed))
    assert "kWh in 2 of 8 runs" in lines[1]
    assert content["points"][0]["figures"][FIGURE]["runs"] == 2
    assert "in 2 of 8 runs" in study_page(observed)


def test_alternatives_that_are_alike_are_said_to_be(tmp_path: Path) -> None:
    """Undecided, and an objective that is the same in every run is the first thing said."""
    text = study_text(0, "{kind: compare, most: 6}", ALTERNATIVES)
    observed = carried(tmp_path, text, lambda _, __: {FIGURE: KWH, SECOND: 0.0})
    lines, content = answer(Findings(observed))
    assert lines[0] == "no choice:  energy used is the same in every run"
    assert lines[1].startswith("undecided:  ahead is")
    assert not content["decided"]
    page = study_page(observed)
    assert page.index("energy used is the same in every run") < page.index("Not decided")
    assert "Each point has one replication" not in page


def test_an_optimisation_tells_its_best_points_by_fresh_runs(tmp_path: Path) -> None:
    """Points with factors, figures with intervals, and gains against the scenario."""
    text = study_text(1, "{kind: optimise, trials: 12, fresh: 4, finalists: 2}", AIM)
    observed = carried(tmp_path, text, slope)
    lines, content = answer(Findings(observed))
    assert lines[0] == "best:       of 12 points, told by 4 seeds not searched"
    assert "line load" in lines[1]
    assert "against the scenario" in lines[1]
    told = json.loads(json.dumps(content))
    top = told["points"][0]
    fresh = observed.values(FIGURE)[top["point"], 1:]
    assert top["figures"][FIGURE]["value"] == pytest.approx(fresh.mean())
    assert list(top["factors"]) == [ADDRESSES[0]]
    assert told["units"] == {FIGURE: "J"}


def test_an_aim_without_a_value_in_any_run_is_told(tmp_path: Path) -> None:
    """As of cells that no run has made: the study does not end as if there were nothing to say."""

    def nothing(_: np.ndarray, __: int) -> dict[str, float]:
        return {FIGURE: float("nan"), SECOND: 1.0}

    more = f"objectives: [{{maximise: {FIGURE}}}]"
    observed = carried(tmp_path, study_text(1, "{kind: full, levels: 4}", more), nothing)
    spec = read_study_file(tmp_path / "study.yaml")
    with pytest.raises(ScenarioError, match="has no value in any run"):
        check_kept(Findings(observed), spec)


def test_the_nearest_point_misses_by_the_least(tmp_path: Path) -> None:
    """Where none keeps a bound: the smallest excess, wherever it stands in the design."""
    more = f"constraints: [{{figure: {FIGURE}, at_least: 900 kWh}}]"
    observed = carried(tmp_path, study_text(1, "{kind: full, levels: 4}", more), slope)
    (told,) = never_kept(Findings(observed))
    assert "energy used at least 900 kWh, in 95% of the runs" in told
    assert "nearest is point 3 (" in told
