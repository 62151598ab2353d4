"""`surrogate stand-in`, and lines in which stand-ins answer."""

from __future__ import annotations

import html
import json
import re
import shutil
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from cli_support import TABLE_NAMES, Clerk, Order

from linetwin.cli.standing_in import known_alone
from linetwin.predictors.stand_in_store import CARD, WEIGHTS, read
from linetwin.results import display, fidelity
from linetwin.results import read as read_run
from linetwin.scenario import load

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = """
processes:
  stacking: {{fidelity: {fidelity}, stand_in: {folder}/stacking.standin}}
  filling: {{fidelity: {fidelity}, stand_in: {folder}/filling.standin}}
"""


@pytest.fixture(scope="module")
def stand_ins(clerk: Clerk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stand-ins of two quick processes of a small order, made by the command. Only to be read."""
    order = Order(tmp_path_factory.mktemp("made"))
    folder = order.folder / "made"
    chosen = ("--process", "stacking", "--process", "filling", "--runs", "1", "--points", "200")
    answer = clerk("surrogate", "stand-in", order.file, *chosen, "-o", folder)
    assert answer.code == 0, answer.err
    assert "stands in for filling by filling" in answer.out
    return folder


def answered_by(order: Order, fidelity: str, folder: Path) -> Order:
    """Let stand-ins answer in an order."""
    with order.file.open("a", encoding="utf-8") as stream:
        stream.write(PROCESSES.format(fidelity=fidelity, folder=folder.as_posix()))
    return order


@pytest.fixture(scope="module")
def by_auto(clerk: Clerk, stand_ins: Path, tmp_path_factory: pytest.TempPathFactory) -> Order:
    """The order of another seed, run with `auto` and saved on its way. Only to be read."""
    order = answered_by(Order(tmp_path_factory.mktemp("auto")), "auto", stand_ins)
    order.edit("seed: 1", "seed: 2")
    answer = clerk("run", order.file, "-o", order.run, "--snapshot-every", "36 h")
    assert answer.code == 0, answer.err
    assert "  model   cell.stacker.stacking: " in answer.out
    return order


def test_each_choice_is_recorded_with_its_lot(by_auto: Order, clerk: Clerk) -> None:
    """As an event, in the trace of a tray, and the stand-ins' digests in the manifest."""
    run = read_run(by_auto.run)
    choices = fidelity.choices(run)
    filled = choices[choices["process"] == "filling"]
    assert set(filled["lot"]) <= set(run.table("lots")["lot"])
    assert len(filled)
    assert all(who == "surrogate" or who.startswith("FMU: ") for who in choices["who"])
    traced = clerk("trace", by_auto.run, filled["lot"].iloc[0])
    assert f"filling of {filled['lot'].iloc[0]} at cell.filler: " in traced.out
    entry = run.manifest["stand_ins"]["cell.filler.filling"]
    assert entry["fidelity"] == "auto"
    assert run.manifest["made_with"]["stand-in filling.standin"] == entry["digest"][:12]


def test_the_report_says_who_answered_and_why(by_auto: Order) -> None:
    """A row for each process with a stand-in, its counts those of the events; else no section."""
    page = (by_auto.run / "report.html").read_text(encoding="utf-8")
    assert "Stand-ins and FMUs" in page
    text = html.unescape(re.sub(r"<[^>]+>", "|", page.partition("id='fidelity'")[2]))
    cells = [cell for cell in text.split("|") if cell]
    run = read_run(by_auto.run)
    assert len(fidelity.answered(run)) == 3
    for each in fidelity.answered(run):
        at = cells.index(display.name(f"{each.station}.{each.process}"))
        assert cells[at + 1 : at + 3] == ["auto", f"{each.process}.standin"]
        own = fidelity.choices(run)
        own = own[(own["station"] == each.station) & (own["process"] == each.process)]
        by_stand_in = int((own["who"] == "surrogate").sum())
        told = [f"{own['lot'].nunique()}", f"{by_stand_in}", f"{len(own) - by_stand_in}"]
        assert cells[at + 3 : at + 6] == told
        wide = own["who"].str.startswith(f"FMU: {fidelity.TOO_WIDE}").sum()
        assert (each.too_wide, each.outside) == (wide, len(own) - by_stand_in - wide)


def test_a_run_with_stand_ins_is_resumed_to_the_same_bits(
    by_auto: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """From its first snapshot to the same tables."""
    copy = shutil.copytree(by_auto.run, tmp_path / "copy")
    first = min((copy / "snapshots").iterdir())
    answer = clerk("resume", first)
    assert answer.code == 0, answer.err
    for name in TABLE_NAMES:
        pd.testing.assert_frame_equal(
            read_run(copy).table(name), read_run(by_auto.run).table(name), check_exact=True
        )


def test_surrogate_alone_ends_where_it_knows_nothing(
    order: Order, clerk: Clerk, stand_ins: Path
) -> None:
    """A vacuum that the line never had: exit code 3, station, tray, quantity, value.

    Which times are known is told as the run begins.
    """
    answered_by(order, "surrogate", stand_ins)
    answer = clerk("run", order.file, "-o", order.run, "--set", "cell.filler.dosing_time=77 s")
    assert answer.code == 3, answer.out + answer.err
    begun, _, ended = answer.err.partition("ends the run: exit code 3")
    assert re.search(r"cell\.filler\.filling: filling\.standin alone answers, .* phases of", begun)
    assert "cell.filler: the stand-in does not know tray-0001: " in ended
    assert "duration in phase 2" in answer.err
    assert "Traceback" not in answer.err


def test_a_run_alone_says_what_is_told_too_widely(order: Order, stand_ins: Path) -> None:
    """Of outputs with an interval above the limit; a run with `auto` or FMUs says nothing."""
    scenario = load(answered_by(order, "surrogate", stand_ins).file)
    config = scenario.stations["cell.filler"]
    process = replace(config.processes["filling"], widest={"electrolyte_mass": 1e-15})
    stations = {"cell.filler": replace(config, processes={"filling": process})}
    told = known_alone(replace(scenario, stations=stations))
    assert len(told) == 2
    assert "less surely than `auto` takes it, it tells electrolyte_mass" in told[0]
    other = replace(process, fidelity="auto")
    stations = {"cell.filler": replace(config, processes={"filling": other})}
    assert known_alone(replace(scenario, stations=stations)) == []


def _told_other_build(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(folder / "filling.standin") as archive:
        card, weights = json.loads(archive.read(CARD)), archive.read(WEIGHTS)
    card["token"] = "{another}"  # noqa: S105 - an FMU's, no secret
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(CARD, json.dumps(card))
        archive.writestr(WEIGHTS, weights)


def test_what_does_not_fit_is_told_before_the_run(
    order: Order, clerk: Clerk, stand_ins: Path
) -> None:
    """Another process, another build, noise, parameters, line time: exit code 2, file and key."""
    other, noise = (order.folder / f"{name}.standin" for name in ("other", "noise"))
    _told_other_build(stand_ins, other)
    noise.write_bytes(b"noise")
    written = order.file.read_text(encoding="utf-8")
    wrong = {
        f"stacking: {{fidelity: auto, stand_in: {stand_ins}/filling.standin}}": (
            "stands in for filling, not for stacking"
        ),
        "filling: {fidelity: auto, stand_in: other.standin}": "was made for another build",
        "filling: {fidelity: auto, stand_in: noise.standin}": "is damaged",
        "mixing: {fidelity: auto, stand_in: other.standin}": "mixing lives in line time",
    }
    for text, said in wrong.items():
        order.file.write_text(f"{written}\nprocesses:\n  {text}\n", encoding="utf-8")
        answer = clerk("run", order.file, "-o", order.run)
        assert answer.code == 2, answer.out + answer.err
        assert said in answer.err
        assert f"processes.{text.partition(':')[0]}" in answer.err
        assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--process", "mixing"), "no process 'mixing' that takes items"),
        (("-o", "all.standin"), "is one file, and there are"),
        (("--process", "filling", "--range", "line_load=1 N/m to 2 N/m"), "taken by no such"),
        (("--process", "filling", "--range", "pore_volume=1 mL"), "no range"),
        (("--process", "filling", "--coverage", "100 %"), "no coverage"),
    ],
)
def test_what_the_command_cannot_do_is_told_before_it_runs(
    order: Order, clerk: Clerk, options: tuple[str, ...], said: str
) -> None:
    """With the option, and what is allowed."""
    answer = clerk("surrogate", "stand-in", order.file, *options)
    assert answer.code == 2, answer.out + answer.err
    assert said in answer.err


def test_the_card_names_lots_and_coverage(stand_ins: Path) -> None:
    """As any predictor's card does."""
    card = read(stand_ins / "filling.standin").card
    assert {regime.station for regime in card.regimes} == {"cell.filler", "cell.soak"}
    assert card.data.name == "small"
    assert all(regime.covered for regime in card.regimes)


def _another(folder: Path, target: Path) -> str:
    """Write the same stand-in with another digest, which is returned."""
    with zipfile.ZipFile(folder / "filling.standin") as archive:
        card, weights = json.loads(archive.read(CARD)), archive.read(WEIGHTS)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(CARD, json.dumps(card, indent=3))
        archive.writestr(WEIGHTS, weights)
    return read(target).digest


def test_a_fork_says_who_answered_its_past_and_keeps_it(
    by_auto: Order, clerk: Clerk, stand_ins: Path, tmp_path: Path
) -> None:
    """Another stand-in, told on standard error, in the manifest and in the summary."""
    digest = _another(stand_ins, tmp_path / "other.standin")
    change = f"processes.filling.stand_in={tmp_path.as_posix()}/other.standin"
    last = max((by_auto.run / "snapshots").iterdir())
    answer = clerk("fork", last, "-o", tmp_path / "fork", "--set", change)
    assert answer.code == 0, answer.err
    before = read_run(by_auto.run).manifest["stand_ins"]
    old = before["cell.filler.filling"]["digest"]
    told = f"cell.filler.filling: before the branch by filling.standin {old[:12]} (auto), then by "
    assert f"{told}other.standin {digest[:12]} (auto)" in answer.err
    assert "cell.stacker.stacking: before" not in answer.err
    assert told in answer.out
    manifest = read_run(tmp_path / "fork").manifest
    assert manifest["stand_ins_before"] == [before]
    assert manifest["stand_ins"]["cell.filler.filling"]["digest"] == digest


def test_a_fork_to_fmus_keeps_who_answered_its_past(
    by_auto: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """No stand-in is left, and the report and the comparison tell of those there were."""
    last = max((by_auto.run / "snapshots").iterdir())
    changes = [
        part
        for process in ("filling", "stacking")
        for part in ("--set", f"processes.{process}.fidelity=fmu")
    ]
    answer = clerk("fork", last, "-o", tmp_path / "fork", *changes)
    assert answer.code == 0, answer.err
    assert "(auto), then by the FMU" in answer.err
    manifest = read_run(tmp_path / "fork").manifest
    assert "stand_ins" not in manifest
    assert manifest["stand_ins_before"] == [read_run(by_auto.run).manifest["stand_ins"]]
    assert "then by the FMU." in (tmp_path / "fork" / "report.html").read_text(encoding="utf-8")
    compared = clerk("compare", by_auto.run, tmp_path / "fork", "--json")
    told = json.loads(compared.out)
    assert told["same_fidelity"] is False
    found = {own["cell.filler.filling"]["fidelity"] for own in told["fidelity"].values()}
    assert found == {"auto", "auto and fmu"}


STUDY = """\
schema: 1
study: who
scenario: hours.yaml
factors:
  processes.filling.fidelity: {levels: [fmu, auto]}
design: {kind: full}
figures: [run.processor_time, energy.energy_used]
"""


@pytest.fixture
def hours(order: Order, stand_ins: Path) -> Order:
    """An hour of a line that names stand-ins which are not asked, and a study of it."""
    order.edit("order: {cells: 40}\nlimit: 60 d", "duration: 1 h")
    answered_by(order, "fmu", stand_ins).file.rename(order.folder / "hours.yaml")
    (order.folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    return order


def test_a_study_varies_who_answers(hours: Order, clerk: Clerk) -> None:
    """Its runs differ in that alone, and each tells what it cost; the scenario's file is taken."""
    out = hours.folder / "out"
    answer = clerk("study", hours.folder / "study.yaml", "-o", out, "--keep", "--workers", "1")
    assert answer.code == 0, answer.err
    runs = pd.read_parquet(out / "runs.parquet").sort_values("point")
    assert (runs["run.processor_time"] > 0).all()
    first, second = runs["energy.energy_used"]
    assert first == second
    manifests = [read_run(out / "kept" / run).manifest for run in runs["run"]]
    assert "stand_ins" not in manifests[0]
    assert manifests[1]["stand_ins"]["cell.filler.filling"]["fidelity"] == "auto"
    assert json.loads((out / "manifest.json").read_text("utf-8"))["units"] == {
        "run.processor_time": "s",
        "energy.energy_used": "J",
    }


def test_a_study_tells_a_stand_in_that_does_not_fit_before_it_runs(
    hours: Order, clerk: Clerk, stand_ins: Path
) -> None:
    """One of another process, which only an alternative lets answer: exit code 2, nothing made."""
    file = hours.folder / "study.yaml"
    text = STUDY.replace("factors:\n  processes.filling.fidelity: {levels: [fmu, auto]}\n", "")
    wrong = f"processes.stacking.stand_in: {stand_ins.as_posix()}/filling.standin"
    chosen = f"{{{wrong}, processes.stacking.fidelity: auto}}"
    text = text.replace("full", "compare") + "objectives: [{minimise: run.processor_time}]\n"
    file.write_text(f"{text}alternatives: {{fmu: {{}}, auto: {chosen}}}\n", encoding="utf-8")
    answer = clerk("study", file, "-o", hours.folder / "out")
    assert answer.code == 2, answer.out + answer.err
    assert "stands in for filling, not for stacking" in answer.err
    assert not (hours.folder / "out").exists()
