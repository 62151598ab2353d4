"""`run`, `report`, `trace` and `compare` on small orders."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cli_support import CELLS, TABLE_NAMES, Answer, Clerk, Order, linetwin

from linetwin.results import read
from linetwin.results.questions import QUESTIONS

if TYPE_CHECKING:
    from pathlib import Path

Finished = tuple[Order, Answer]
SUMMARY = ("cells", "when", "energy", "limit", "scrap", "web", "balance")


@pytest.fixture(scope="module")
def faster(clerk: Clerk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Order, dict[str, Any]]:
    """The same order with another web speed and the same seed, told as JSON."""
    small = Order(tmp_path_factory.mktemp("faster"))
    answer = clerk(
        "run", small.file, "-o", small.run, "--json", "--set",
        "cathode.coater.web_speed=2.3 m/min",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return small, json.loads(answer.out)


@pytest.fixture(scope="module")
def replicated(
    clerk: Clerk, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Order, dict[str, Any]]:
    """Two replications of the order, from seed 5 on, told as JSON."""
    small = Order(tmp_path_factory.mktemp("replicated"))
    options = ("--replications", "2", "--seed", "5", "--json")
    answer = clerk("run", small.file, "-o", small.run, *options)
    assert answer.code == 0, answer.err
    return small, json.loads(answer.out)


def test_a_run_ends_with_a_summary_and_the_path_of_its_report(finished: Finished) -> None:
    """Exit code 0, every line of the summary, nothing on standard error."""
    order, answer = finished
    assert answer.code == 0, answer.err
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert lines[0] == "small: complete"
    assert tuple(line.split()[0] for line in lines[1:8]) == SUMMARY
    assert f"of {CELLS} ordered" in lines[1]
    assert f" {CELLS} graded: " in lines[1]
    assert lines[-2:] == [
        f"run folder: {order.run}",
        f"report:     {order.run / 'report.html'}",
    ]


def test_the_run_folder_is_complete(finished: Finished) -> None:
    """Manifest, resolved scenario, every table as one file, key figures and report; no more."""
    order, _ = finished
    expected = {"manifest.json", "scenario.yaml", "kpis.json", "report.html"}
    expected |= {f"{name}.parquet" for name in TABLE_NAMES}
    assert {file.name for file in order.run.iterdir()} == expected
    manifest = read(order.run).manifest
    assert (manifest["status"], manifest["ended_by"], manifest["seed"]) == ("complete", "order", 1)
    assert manifest["end_tick"] > 0
    assert manifest["events"] > 0


def test_a_folder_that_holds_a_run_is_left_alone(finished: Finished, clerk: Clerk) -> None:
    """A second run into it is refused before anything is simulated, and nothing is lost."""
    order, _ = finished
    before = {file: file.stat().st_mtime_ns for file in order.run.iterdir()}
    for options in ([], ["--replications", "2"]):
        again = clerk("run", order.file, "-o", order.run, *options)
        assert again.code == 2
        assert str(order.run) in again.err
        assert "-o" in again.err
    assert {file: file.stat().st_mtime_ns for file in order.run.iterdir()} == before


def test_a_file_in_place_of_the_run_folder_is_refused(order: Order, clerk: Clerk) -> None:
    """Nor is a file overwritten, nor a folder made below one."""
    for folder in (order.file, order.file / "below"):
        answer = clerk("run", order.file, "-o", folder)
        assert answer.code == 2
        assert str(folder) in answer.err
    assert order.file.is_file()


def test_json_holds_the_key_figures(faster: tuple[Order, dict[str, Any]]) -> None:
    """Standard output is one JSON document: folder, report, and what kpis.json holds."""
    order, told = faster
    assert told["kpis"] == json.loads((order.run / "kpis.json").read_text("utf-8"))
    assert told["kpis"]["order"]["cells_graded"]["value"] == CELLS
    assert told["folder"] == str(order.run)
    assert told["report"] == str(order.run / "report.html")


def test_what_was_set_stands_in_the_resolved_scenario(
    finished: Finished, faster: tuple[Order, dict[str, Any]]
) -> None:
    """`--set` wins over the file, and says so in the run folder."""
    assert 'origin: "--set"' in read(faster[0].run).scenario
    assert 'origin: "--set"' not in read(finished[0].run).scenario
    assert read(faster[0].run).manifest["request"]["settings"] == [
        "cathode.coater.web_speed=2.3 m/min"
    ]


def test_replications_differ_in_their_seed_alone(
    replicated: tuple[Order, dict[str, Any]], clerk: Clerk
) -> None:
    """Each run has its seed, its folder, its key figures and its report."""
    order, told = replicated
    folders = [order.run / "seed-0005", order.run / "seed-0006"]
    assert [run["folder"] for run in told["runs"]] == [str(folder) for folder in folders]
    assert [run["seed"] for run in told["runs"]] == [5, 6]
    for folder, run in zip(folders, told["runs"], strict=True):
        assert (folder / "report.html").is_file()
        assert read(folder).manifest["seed"] == run["seed"]
        assert read(folder).kpis == run["kpis"]
    first, second = (read(folder).table("cells")["capacity"].tolist() for folder in folders)
    assert first != second
    summary = json.loads((order.run / "replications.json").read_text("utf-8"))
    assert summary == told["replications"]
    assert summary["seeds"] == [5, 6]


def test_a_folder_of_replications_is_compared_as_its_runs(
    replicated: tuple[Order, dict[str, Any]], clerk: Clerk
) -> None:
    """One column a run, every main figure with its unit, and why nothing is paired."""
    order, _ = replicated
    answer = clerk("compare", order.run)
    assert answer.code == 0, answer.err
    assert "small seed 5" in answer.out
    assert "small seed 6" in answer.out
    assert "no paired differences" in answer.out
    assert re.search(r"energy.energy_used +kWh", answer.out)
    assert max(map(len, answer.out.splitlines())) <= 100


def test_two_what_ifs_are_paired_by_their_seed(
    finished: Finished, faster: tuple[Order, dict[str, Any]], clerk: Clerk
) -> None:
    """The difference is second minus first; a single pair claims no confidence."""
    folders = (finished[0].run, faster[0].run)
    answer = clerk("compare", *folders, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    energy = told["differences"]["energy.energy_used"]
    used = [read(folder).kpis["energy"]["energy_used"]["value"] for folder in folders]
    assert energy["difference"] == pytest.approx(used[1] - used[0])
    assert energy["low"] is None
    shown = clerk("compare", *folders)
    assert "Second over first" in shown.out
    assert "one pair" in shown.out
    assert "…" not in shown.out
    known = [name for name in QUESTIONS if name in told["table"]]
    # No prices are named, and so few cells may have no rate.
    unknown = {name for name in QUESTIONS if name not in known and not name.startswith("cost.")}
    rates = {
        "limits.share_of_plan",
        "order.throughput",
        "order.stacking_rate",
        "energy.energy_per_good_energy_steady",
    }
    assert unknown <= rates
    assert all(name in shown.out for name in known)


def test_comparing_needs_two_runs(finished: Finished, clerk: Clerk, tmp_path: Path) -> None:
    """One run, an empty folder, or none: exit code 2 and why."""
    for folders, says in (
        ([finished[0].run], "at least two"),
        ([tmp_path, finished[0].run], "no run folder"),
        ([tmp_path / "nowhere", finished[0].run], "nowhere"),
    ):
        answer = clerk("compare", *folders)
        assert answer.code == 2
        assert says in answer.err


def test_a_cell_is_traced_to_slurry_batches_of_both_electrodes(
    finished: Finished, clerk: Clerk
) -> None:
    """Shares sum to one; foil, separator, electrolyte and tray are named, and what it saw."""
    folder = finished[0].run
    answer = clerk("trace", folder, "cell-000001", "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert set(told["slurry"]) == {"cathode", "anode"}
    for electrode, shares in told["slurry"].items():
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)
        assert all(batch.startswith(f"{electrode}.slurry-") for batch in shares)
    assert told["conditions"]["cell"]["capacity"] > 0
    text = clerk("trace", folder, "cell-000001").out
    for word in (
        *("cathode.foil-0001", "anode.foil-0001", "cell.separator-0001", "cell.electrolyte-0001"),
        *("carried in tray-0001", "slurry of the cathode: ", "slurry of the anode: "),
        *("capacity", "Ah", "porosity_a"),
    ):
        assert word in text


def test_a_slurry_batch_is_followed_to_every_cell_once(finished: Finished, clerk: Clerk) -> None:
    """However many coated sides lead to it, a cell counts once, and cells know the batch."""
    folder = finished[0].run
    answer = clerk("trace", folder, "--lot", "cathode.slurry-0001")
    assert answer.code == 0, answer.err
    made = set(read(folder).table("cells")["cell"])
    assert f"and {len(made)} cells" in answer.out.splitlines()[0]
    lots = set(read(folder).table("lots")["lot"])
    listed = [word for line in answer.out.splitlines()[1:] if (word := line.split()[0]) in lots]
    assert 0 < len(listed) == len(set(listed))
    told = json.loads(clerk("trace", folder, "--lot", "cathode.slurry-0001", "--json").out)
    cells = {entry["lot"] for entry in told if entry["kind"] == "cell"}
    assert cells == made


def test_tracing_what_is_not_there_is_bad_input(finished: Finished, clerk: Clerk) -> None:
    """An unknown cell or lot, both at once or neither: exit code 2 and what was asked."""
    folder = finished[0].run
    for arguments, says in (
        (["cell-999999"], "cell-999999"),
        (["--lot", "cathode.slurry-0099"], "cathode.slurry-0099"),
        (["cell-000001", "--lot", "cathode.slurry-0001"], "--lot"),
        ([], "--lot"),
    ):
        answer = clerk("trace", folder, *arguments)
        assert answer.code == 2
        assert says in answer.err
        assert "Traceback" not in answer.err


def test_the_report_is_written_again(finished: Finished, clerk: Clerk, tmp_path: Path) -> None:
    """Key figures and page come back as they were from the tables alone."""
    copy = shutil.copytree(finished[0].run, tmp_path / "copy")
    before = read(copy).kpis
    for name in ("kpis.json", "report.html"):
        (copy / name).unlink()
    answer = clerk("report", copy)
    assert answer.code == 0, answer.err
    assert str(copy / "report.html") in answer.out
    assert read(copy).kpis == before
    assert (copy / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize("command", ["report", "compare", "trace"])
def test_a_damaged_run_folder_is_told_from_a_good_one(
    finished: Finished, clerk: Clerk, tmp_path: Path, command: str
) -> None:
    """A manifest or a table that is no longer what it was: exit code 2, and which file."""
    spoilt = {"manifest.json": b"{", "cells.parquet": b"PAR1 nothing PAR1"}
    for name, content in spoilt.items():
        copy = shutil.copytree(finished[0].run, tmp_path / name)
        (copy / name).write_bytes(content)
        (copy / "kpis.json").unlink()
        rest = {"compare": [finished[0].run], "trace": ["cell-000001"]}.get(command, [])
        answer = clerk(command, copy, *rest)
        assert answer.code == 2, answer.err
        assert name in answer.err
        assert "Traceback" not in answer.err


def test_text_reaches_a_terminal_that_lacks_its_letters(finished: Finished) -> None:
    """A unit that the terminal cannot show becomes a question mark, not an error."""
    answer = linetwin("trace", finished[0].run, "cell-000001", PYTHONIOENCODING="latin-1")
    assert answer.code == 0, answer.err
    assert " m?\n" in answer.out
