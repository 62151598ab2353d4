"""Studies of who answers, FMUs or stand-ins, and of what that costs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text
from study_support import SCENARIO, STUDY, Written

from linetwin.cli.study_answers import answer
from linetwin.cli.study_running import gather
from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.study.reading import find_study, read_study_file
from linetwin.study.report import study_page
from linetwin.study.report_findings import Findings

if TYPE_CHECKING:
    from pathlib import Path

FACTOR = "  cathode.calender.line_load: {low: 300 N/mm, high: 900 N/mm}"
LEVELS = "  processes.calendering.fidelity: {levels: [fmu, auto]}"
COMPARE = """\
design: {{kind: compare}}
objectives: [{{minimise: run.processor_time}}]
alternatives: {{fmu: {{}}, b: {{{0}}}}}
"""


def named(written: Written, process: str = "calendering") -> Written:
    """Let the scenario name a stand-in that is not asked."""
    (written.folder / "c.standin").write_bytes(b"one")
    text = f"{SCENARIO}title: {written.folder.name}\n"  # one that is not read before
    text += f"processes:\n  {process}: {{fidelity: fmu, stand_in: c.standin}}\n"
    (written.folder / "hours.yaml").write_text(text, encoding="utf-8")
    return written


def test_fidelity_is_a_factor_with_levels(written: Written) -> None:
    """Its own value is the scenario's, and it is set as `--set` reads it."""
    named(written).edit(FACTOR, LEVELS)
    factor = written.spec().factors[0]
    assert (factor.base, factor.levels) == ("fmu", ("fmu", "auto"))
    assert factor.setting("auto") == "processes.calendering.fidelity=auto"


def test_a_set_fidelity_reaches_all_stations(written: Written) -> None:
    """With the stand-in that the scenario names, whose path counts from there."""
    named(written)
    scenario = load(written.folder / "hours.yaml", ["processes.calendering.fidelity=auto"])
    for station in ("cathode.calender", "anode.calender"):
        process = scenario.stations[station].processes["calendering"]
        assert process.fidelity == "auto"
        assert process.stand_in == str((written.folder / "c.standin").resolve())


WRONG = {
    "a process that is none": (
        "processes.calendring.fidelity: auto",
        "alternatives.b.processes.calendring.fidelity",
        "did you mean calendering",
    ),
    "no fidelity": (
        "processes.calendering.fidelity: best",
        "alternatives.b.processes.calendering.fidelity",
        "allowed: fmu, surrogate, auto",
    ),
    "no stand-in": (
        "processes.formation.fidelity: auto",
        "alternatives.b.processes.formation.fidelity",
        "needs a stand-in.*surrogate stand-in SCENARIO --process formation",
    ),
    "another key": (
        "processes.calendering.widest: 1 %",
        "alternatives.b.processes.calendering.widest",
        "allowed: fidelity, stand_in",
    ),
    "a file that is not there": (
        "processes.formation.fidelity: auto, processes.formation.stand_in: f.standin",
        "alternatives.b.processes.formation.stand_in",
        "f.standin' does not exist.*linetwin surrogate stand-in hours.yaml -o stand_ins",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_answer_is_told_with_file_and_key(written: Written, case: str) -> None:
    """Before anything runs: the study's file, the key, and what is allowed."""
    changes, key, said = WRONG[case]
    named(written)
    head = STUDY.partition("factors")[0]
    written.file.write_text(f"{head}{COMPARE.format(changes)}", encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        written.spec()
    assert re.search(rf"study\.yaml:\d+: {re.escape(key)}: .*{said}", str(refused.value))
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        ("processes.calendring.fidelity: {levels: [fmu, auto]}", "did you mean calendering"),
        ("processes.calendering.fidelity: {levels: [fmu, best]}", "'best' is no fidelity"),
        ("processes.calendering.fidelity: {low: fmu, high: auto}", "no numbers between bounds"),
        ("processes.formation.fidelity: {levels: [fmu, auto]}", "needs a stand-in"),
        ("processes.calendering.stand_in: {levels: [a, b]}", "a stand-in is no factor"),
    ],
)
def test_levels_that_cannot_be_are_told(written: Written, factor: str, said: str) -> None:
    """As those of alternatives are."""
    named(written).edit(FACTOR, f"  {factor}")
    with pytest.raises(ScenarioError, match=rf"study\.yaml:\d+: factors\.processes\..*{said}"):
        written.spec()


def test_a_stand_in_lies_beside_the_study_or_where_the_command_runs(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study's own comes first; both are found from the scenario, wherever files are taken."""
    own = f"{SCENARIO}title: {tmp_path.name}\n"  # one that is not read before, from elsewhere
    (written.folder / "hours.yaml").write_text(own, encoding="utf-8")
    there = tmp_path / "there"
    there.mkdir()
    (there / "f.standin").write_bytes(b"there")
    monkeypatch.chdir(there)
    text = STUDY + "set: {processes.formation.stand_in: f.standin}\n"
    written.file.write_text(text, encoding="utf-8")
    assert written.spec().settings == ("processes.formation.stand_in=there/f.standin",)
    (written.folder / "f.standin").write_bytes(b"beside")
    spec = written.spec()
    assert spec.settings == ("processes.formation.stand_in=f.standin",)
    assert spec.stand_ins == {(written.folder / "f.standin").resolve()}


def test_another_stand_in_makes_other_runs(written: Written) -> None:
    """Files of stand-ins go along and decide, though only alternatives ask them."""
    spec = named(written).spec()
    (written.folder / "f.standin").write_bytes(b"study's")
    more = {(written.folder / "f.standin").resolve()}
    one = gather(spec.scenario_file, spec.scenario, more)
    assert {
        n.rpartition("/")[2]: content for n, content in one.files.items() if "standin" in n
    } == {
        "c.standin": b"one",
        "f.standin": b"study's",
    }
    (written.folder / "c.standin").write_bytes(b"two")
    other = gather(spec.scenario_file, spec.scenario, more)
    assert one.digest != other.digest


def test_the_shipped_study_says_how_its_stand_ins_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not shipped."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=r"`linetwin surrogate stand-in baseline -o stand_ins`"):
        read_study_file(find_study("fidelity"))


def slope(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return a figure that another alternative has more of, differently by seed, and one alike."""
    first = float(shares[0]) if len(shares) else 0.5
    return {FIGURE: 3.6e6 * (500 + seed % 7 + first * (40 + seed % 3)), SECOND: 3.6e6 * seed}


def test_alternatives_show_what_else_differs_over_common_seeds(tmp_path: Path) -> None:
    """Every figure against the first alternative: SciPy's interval of the paired difference."""
    alternatives = (
        f"objectives: [{{maximise: {FIGURE}}}]\n"
        f"alternatives: {{as_is: {{}}, more: {{{ADDRESSES[1]}: 26 kg}}}}"
    )
    text = study_text(0, "{kind: compare, most: 12}", alternatives)
    observed = carried(tmp_path, text, slope)
    lines, content = answer(Findings(observed))
    told = json.loads(json.dumps(content))["differences"]
    as_is, more = observed.values(FIGURE)
    both = np.isfinite(as_is) & np.isfinite(more)
    interval = stats.ttest_rel(more[both], as_is[both]).confidence_interval(0.95)
    own = told[FIGURE]["over"]["more"]
    assert own["runs"] == both.sum()
    assert (own["low"], own["high"]) == pytest.approx((interval.low, interval.high))
    assert (told[FIGURE]["of"], told[FIGURE]["unit"]) == ("as_is", "J")
    assert told[SECOND]["over"]["more"]["value"] == 0.0
    assert "with the same seeds, over as_is:" in lines
    assert any(re.match(r"  energy used 5.* kWh; more \+.* kWh", line) for line in lines), lines
    page = study_page(observed)
    assert "Differences from as_is" in page
    assert "more over as_is" in page
