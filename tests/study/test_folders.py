"""The folder of a study: nothing runs twice, whatever is added, broken off or killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import study_support
from study_support import NOTHING, Here, Written, carried_out, planned, unseen
from toy_runs import NotThere, all_failing, always_killed, failing, killed_once, third_killed, total

from linetwin.bench.watched import peak_mb
from linetwin.errors import ResultsError
from linetwin.study.executing import Stopped, StudyRun
from linetwin.study.folder import NEWEST, PARTS, read_study, rows_of
from linetwin.study.keeping import LINES_OF_A_PART, StudyWriter

if TYPE_CHECKING:
    from linetwin.study.progress import Progress
    from linetwin.study.reading import Spec
    from linetwin.study.tasks import Runner, Task

PATIENCE_S = 60.0


def here(written: Written, run: Runner = total, *, retry: bool = False) -> list[Task]:
    """Carry a study out in this process; return the runs that were made."""
    spec = written.spec()
    writer = StudyWriter(written.output, spec, NOTHING, retry=retry)
    executor = Here(run)
    StudyRun(spec, writer, executor, bool, unseen).results(planned(spec), spec.replications)
    writer.finish("complete")
    return executor.made


def test_rows_hold_what_runs_told(written: Written) -> None:
    """A row a point and replication; common seeds; the figure is the function of the point."""
    written.edit("design:", "replications: 3\ndesign:")
    assert len(here(written)) == 18
    study = read_study(written.output)
    assert list(study.points.columns) == ["cathode.calender.line_load", "cathode.mixer.batch_mass"]
    runs = study.runs.join(study.points, on="point")
    assert list(runs["seed"]) == [7, 8, 9] * 6
    expected = runs["cathode.calender.line_load"] + runs["cathode.mixer.batch_mass"] + runs["seed"]
    assert list(runs["energy.energy_used"]) == list(expected)
    assert study.units == {"energy.energy_used": "J"}
    assert [factor["unit"] for factor in study.factors] == ["N/m", "kg"]
    assert study.spec["study"] == "small"


def test_only_what_is_missing_is_run(written: Written) -> None:
    """Again: nothing. More replications, levels, a bound moved: what is new. A figure: all."""
    assert len(here(written)) == 6
    assert here(written) == []
    written.edit("design:", "replications: 2\ndesign:")
    assert len(here(written)) == 6
    written.edit("28 kg]", "28 kg, 30 kg]")
    assert len(here(written)) == 4
    written.edit("high: 900 N/mm", "high: 800 N/mm")
    assert len(here(written)) == 8
    assert len(read_study(written.output).runs) == 16  # rows of the old bound are left out
    assert len(rows_of(written.output)) == 6 + 6 + 4 + 8
    written.edit("[energy.energy_used]", "[energy.energy_used, order.cells_good]")
    assert len(here(written)) == 16
    written.edit("[energy.energy_used, order.cells_good]", "[order.cells_good]")
    assert here(written) == []


def test_points_that_are_alike_share_a_run(written: Written) -> None:
    """Whole numbers of a hypercube repeat: each is run once, and every point has its row."""
    text = "  cathode.slitter.lane_count: {low: 1, high: 3}\ndesign: {kind: sobol, points: 16}\n"
    content = written.file.read_text(encoding="utf-8")
    cut = content.index("  cathode.calender"), content.index("figures")
    written.file.write_text(content[: cut[0]] + text + content[cut[1] :], encoding="utf-8")
    assert len(here(written)) == 3
    assert len(read_study(written.output).runs) == 16


def test_parts_are_merged_and_read_alike(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in lines, parts and the merged table are the same, in all states of the folder."""
    monkeypatch.setattr("linetwin.study.keeping.LINES_OF_A_PART", 4)
    written.edit("design:", "replications: 2\ndesign:")
    spec = written.spec()
    writer = StudyWriter(written.output, spec, NOTHING)
    study = StudyRun(spec, writer, Here(total), bool, unseen)
    study.results(planned(spec), 1)
    assert len(list((written.output / PARTS).glob("part-*"))) == 1
    first = read_study(written.output).runs
    assert len(first) == 6
    study.results(planned(spec), 2)
    open_ = read_study(written.output).runs
    writer.finish("complete")
    assert not list((written.output / PARTS).glob("part-*"))
    assert read_study(written.output).runs.equals(open_)
    assert LINES_OF_A_PART > 4


def test_a_line_that_was_cut_off_is_run_again(written: Written) -> None:
    """A row half written, as by a kill, counts as none; the rest stays."""
    spec = written.spec()
    writer = StudyWriter(written.output, spec, NOTHING)
    StudyRun(spec, writer, Here(total), bool, unseen).results(planned(spec), 1)
    writer.close()
    newest = written.output / PARTS / NEWEST
    newest.write_bytes(newest.read_bytes()[:-9])
    assert len(read_study(written.output).runs) == 5
    assert len(here(written)) == 1
    assert len(read_study(written.output).runs) == 6


def test_a_failed_run_is_recorded_and_the_rest_goes_on(written: Written) -> None:
    """Its error stands in its row; it is run again only where that is asked for."""
    written.edit("design:", "replications: 2\ndesign:")
    carried_out(written.spec(), written.output, failing)
    runs = read_study(written.output).runs
    assert list(runs["status"]) == ["complete", "failed"] * 6
    assert set(runs["error"]) == {"", "fragile at 12.000 s: roots of a negative number"}
    assert runs["energy.energy_used"].isna().sum() == 6
    assert here(written) == []
    assert len(here(written, retry=True)) == 6
    assert set(read_study(written.output).runs["status"]) == {"complete"}


def test_a_memory_error_has_its_name(written: Written) -> None:
    """An exception without words is told by its kind."""
    carried_out(written.spec(), written.output, all_failing)
    assert set(read_study(written.output).runs["error"]) == {"MemoryError"}


def test_the_run_of_a_killed_worker_is_made_by_another(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One SIGKILL loses nothing: each run has its row, without an error."""
    monkeypatch.setenv("MARK", str(written.folder / "mark"))
    carried_out(written.spec(), written.output, killed_once)
    runs = read_study(written.output).runs
    assert (written.folder / "mark").exists()
    assert list(runs["status"]) == ["complete"] * 6


def test_a_run_that_ends_its_worker_twice_is_recorded(written: Written) -> None:
    """Its row says how the worker ended, and what it said last."""
    carried_out(written.spec(), written.output, always_killed)
    runs = read_study(written.output).runs
    told = "worker ended with exit code 3, twice: drying had not returned"
    assert list(runs["error"]) == [told, *[""] * 5]


def test_a_run_that_waited_behind_one_that_died_is_not_blamed(written: Written) -> None:
    """Short runs are given out ahead: those behind the deadly one are made, four times over."""
    written.edit("design:", "replications: 4\ndesign:")
    carried_out(written.spec(), written.output, third_killed)
    runs = read_study(written.output).runs
    died = runs["point"] == 2
    assert set(runs.loc[died, "error"]) == {"worker ended with exit code 3, twice: point 2"}
    assert set(runs.loc[~died, "status"]) == {"complete"}
    assert len(runs) == 24


def test_a_run_given_to_a_worker_that_has_just_died_is_made_by_another(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe is closed before anybody knows: nothing is lost, and the study goes on."""
    sent = Connection.send
    broken = []

    def send(self: Connection, task: object) -> None:
        if not broken and len(getattr(task, "settings", ())) > 0:
            broken.append(task)
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
            raise BrokenPipeError
        sent(self, task)

    monkeypatch.setattr(Connection, "send", send)
    carried_out(written.spec(), written.output, total)
    assert broken
    assert set(read_study(written.output).runs["status"]) == {"complete"}


def test_workers_that_never_start_end_the_study(written: Written) -> None:
    """Two tries tell it for all runs; none is recorded as failed, so the next call makes them."""
    with pytest.raises(ResultsError, match="no worker can be started: worker ended with exit code"):
        carried_out(written.spec(), written.output, NotThere())
    assert read_study(written.output).runs.empty
    carried_out(written.spec(), written.output, total)
    assert set(read_study(written.output).runs["status"]) == {"complete"}


def test_who_asks_to_end_keeps_what_has_ended(written: Written) -> None:
    """After three runs the user has enough; the next call makes the other three."""
    spec = written.spec()
    writer, executor = StudyWriter(written.output, spec, NOTHING), Here(total)
    study = StudyRun(spec, writer, executor, lambda: len(executor.made) == 3, unseen)
    with pytest.raises(Stopped):
        study.results(planned(spec), 1)
    writer.finish("interrupted")
    assert len(read_study(written.output).runs) == 3
    assert len(here(written)) == 3


def test_nothing_runs_twice_after_a_kill_of_all(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL of the parent in the midst: its workers end, the folder reads, the rest is made."""
    written.edit("design:", "replications: 10\ndesign:")
    counts = written.folder / "counts"
    monkeypatch.setenv("COUNTS", str(counts))
    script = Path(study_support.__file__)
    command = [sys.executable, str(script), str(written.file), str(written.output)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": _path()})
    newest = written.output / PARTS / NEWEST
    _until(lambda: newest.is_file() and newest.read_bytes().count(b"\n") >= 10)
    process.kill()
    process.wait()
    time.sleep(0.3)  # runs that were under way may still end
    before = read_study(written.output)
    made = counts.read_text().split()
    assert 10 <= len(before.runs) <= len(made) < 60
    assert before.manifest["status"] == "running"
    time.sleep(0.2)
    assert counts.read_text().split() == made  # no worker is left
    carried_out(written.spec(), written.output, total)
    times = Counter(counts.read_text().split())
    assert len(times) == 60
    # what had ended, but was not told when the parent died, is the only thing made again
    assert sum(times.values()) - 60 <= 4  # of two workers, each with one given out ahead
    recorded = set(before.runs["run"])
    assert all(times[run] == 1 for run in recorded)
    rows = rows_of(written.output)
    assert len(rows) == 60
    assert rows["run"].is_unique


def test_other_folders_are_refused(written: Written, tmp_path: Path) -> None:
    """A file, a folder with something else in it, and a folder of another version."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").touch()
    spec: Spec = written.spec()
    with pytest.raises(ResultsError, match="not a study's folder"):
        StudyWriter(tmp_path / "other", spec, NOTHING)
    with pytest.raises(ResultsError, match="is a file"):
        StudyWriter(written.file, spec, NOTHING)
    here(written)
    manifest = json.loads((written.output / "manifest.json").read_text())
    manifest["study_schema"] = 99
    (written.output / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ResultsError, match="of version 1"):
        read_study(written.output)


def _path() -> str:
    return os.pathsep.join(entry for entry in sys.path if entry)


def _until(holds: object) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_ten_thousand_runs_do_not_fill_memory(written: Written) -> None:
    """What the study's process takes grows by less than 20 MB from the 1,000th run to the last."""
    written.edit("{kind: full}", "{kind: latin_hypercube, points: 2000}")
    written.edit("design:", "replications: 5\ndesign:")
    spec = written.spec()
    writer = StudyWriter(written.output, spec, NOTHING)
    taken: dict[int, float] = {}

    def show(counts: Progress) -> None:
        if counts.made in {1_000, 10_000}:
            taken[counts.made] = peak_mb()

    StudyRun(spec, writer, Here(total), bool, show).results(planned(spec), spec.replications)
    writer.finish("complete")
    assert len(read_study(written.output).runs) == 10_000
    assert taken[10_000] - taken[1_000] < 20


@pytest.mark.parametrize("name", ["runs.parquet", "points.parquet", f"{PARTS}/{NEWEST}"])
def test_a_damaged_table_is_told_with_what_to_do(written: Written, name: str) -> None:
    """File and advice, no traceback; with it removed the study makes what was in it again."""
    made = here(written)
    file = written.output / name
    file.write_bytes(file.read_bytes()[:-9] if file.suffix else b"{\n")
    with pytest.raises(ResultsError, match=f"{file.name} is damaged: .*linetwin study") as told:
        _ = read_study(written.output).runs
    assert told.value.exit_code == 2
    if file.suffix and "runs" in name:
        with pytest.raises(ResultsError, match="is damaged: remove it"):
            here(written)
    file.unlink()
    again = here(written)
    assert {task.run for task in again} == (
        {task.run for task in made} if "runs." in name else set()
    )
