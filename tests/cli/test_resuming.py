"""`run --snapshot-every` and `resume`: the same tables as if nothing had happened."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
from cli_support import TABLE_NAMES, Answer, Clerk, Order, linetwin

from linetwin.cli.locking import held
from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path

INTERVAL_MS = 12 * 3_600_000


def assert_same_tables(one: Path, other: Path) -> None:
    """Every row of every table is the same, to the last bit."""
    for name in TABLE_NAMES:
        pd.testing.assert_frame_equal(
            read(one).table(name), read(other).table(name), check_exact=True
        )


def test_saving_changes_nothing(finished: tuple[Order, Answer], saved: Order) -> None:
    """A run that was saved on its way is the run that was not."""
    assert_same_tables(finished[0].run, saved.run)


def test_snapshots_stand_in_the_manifest_by_their_tick(saved: Order) -> None:
    """One at the first event after each interval, named by its tick, and no half ones."""
    files = sorted(file.name for file in (saved.run / "snapshots").iterdir())
    manifest = read(saved.run).manifest
    assert manifest["snapshots"] == files
    ticks = [int(name.partition(".")[0]) for name in files]
    assert [tick // INTERVAL_MS for tick in ticks] == list(range(1, len(ticks) + 1))
    assert manifest["end_tick"] // INTERVAL_MS in (len(ticks), len(ticks) + 1)


def test_a_run_resumed_in_a_fresh_process_ends_alike(
    finished: tuple[Order, Answer], saved: Order, tmp_path: Path
) -> None:
    """From the middle: the same tables, exactly, the same key figures, no snapshot twice."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    before = read(copy).manifest["snapshots"]
    answer = linetwin("resume", copy / "snapshots" / before[len(before) // 2])
    assert answer.code == 0, answer.err
    assert "small: complete" in answer.out
    assert_same_tables(finished[0].run, copy)
    assert read(copy).kpis == read(finished[0].run).kpis
    assert read(copy).manifest["snapshots"] == before
    assert (copy / "report.html").is_file()


def test_what_is_no_snapshot_of_this_run_is_refused(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """Noise, a piece, nothing, a folder: exit code 2, and the run folder is as it was."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    good = min((copy / "snapshots").iterdir())
    content = good.read_bytes()
    before = read(copy).manifest
    (copy / "snapshots" / "piece.snapshot").write_bytes(content[: len(content) // 2])
    (copy / "snapshots" / "noise.snapshot").write_bytes(bytes(range(256)))
    (copy / "snapshots" / "packed.snapshot").write_bytes(b"\x01")
    for name in ("piece", "noise", "packed", "missing"):
        answer = clerk("resume", copy / "snapshots" / f"{name}.snapshot")
        assert answer.code == 2, answer.err
        assert f"{name}.snapshot" in answer.err
        assert "Traceback" not in answer.err
    assert clerk("resume", copy / "snapshots").code == 2
    assert read(copy).manifest == before
    assert_same_tables(copy, saved.run)


def test_a_scenario_that_has_changed_is_not_continued(
    clerk: Clerk, saved: Order, tmp_path: Path
) -> None:
    """The snapshot belongs to what was written then; the folder is left as it was."""
    changed = Order(tmp_path)
    shutil.copytree(saved.run, changed.run)
    manifest = changed.run / "manifest.json"
    text = manifest.read_text("utf-8").replace(str(saved.file), str(changed.file))
    manifest.write_text(text, encoding="utf-8")
    snapshot = min((changed.run / "snapshots").iterdir())
    changed.edit("web_speed: 1.9 m/min", "web_speed: 1.8 m/min")
    answer = clerk("resume", snapshot)
    assert answer.code == 2, answer.err
    assert "another scenario" in answer.err
    assert read(changed.run).manifest["status"] == "complete"


def test_a_snapshot_outside_of_a_run_folder_is_refused(
    clerk: Clerk, saved: Order, tmp_path: Path
) -> None:
    """A snapshot alone holds the line, not what it had written."""
    stray = tmp_path / "snapshots" / "x.snapshot"
    stray.parent.mkdir()
    shutil.copy(min((saved.run / "snapshots").iterdir()), stray)
    answer = clerk("resume", stray)
    assert answer.code == 2
    assert f"{stray} cannot be continued" in answer.err
    assert "RUN/snapshots/x.snapshot" in answer.err


def test_a_folder_that_is_being_written_is_not_resumed(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """Two processes in one folder would spoil it: refused while the lock is held, then not."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    last = max((copy / "snapshots").iterdir())
    with held(copy):
        answer = clerk("resume", last)
        assert answer.code == 2
        assert "is being written by another process" in answer.err
        assert "going on" not in answer.err
        assert read(copy).manifest == read(saved.run).manifest
    assert clerk("resume", last).code == 0
    assert_same_tables(copy, saved.run)
    assert not (copy / ".lock").exists()


def test_a_name_of_nothing_is_told_what_could_be_named(clerk: Clerk, tmp_path: Path) -> None:
    """For a resume as for a fork: a run folder or a snapshot; exit code 2."""
    for command in ("resume", "fork"):
        answer = clerk(command, tmp_path / "nothere")
        assert answer.code == 2
        assert "name a run folder, or a file of its snapshots/" in answer.err


def test_the_least_time_between_snapshots_is_named(clerk: Clerk, tmp_path: Path) -> None:
    """A line's time counts in ms: exit code 2, and no folder."""
    answer = clerk("run", "baseline", "-o", tmp_path / "run", "--snapshot-every", "0.1 ms")
    assert answer.code == 2
    assert "--snapshot-every: '0.1 ms' is shorter than 1 ms (1 ms or longer" in answer.err
    assert not (tmp_path / "run").exists()


def test_a_scenario_that_was_edited_in_the_run_folder_is_told(
    clerk: Clerk, saved: Order, tmp_path: Path
) -> None:
    """Neither resumed nor branched without a word; once it is removed, a resume writes it again."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    last = max((copy / "snapshots").iterdir())
    file = copy / "scenario.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("value: ", "value: 1", 1), encoding="utf-8")
    for command in (("resume", last), ("fork", last, "-o", tmp_path / "branch")):
        answer = clerk(*command)
        assert answer.code == 2
        assert f"{file} was edited" in answer.err
        assert "linetwin fork" in answer.err
    assert not (tmp_path / "branch").exists()
    file.unlink()
    answer = clerk("resume", last)
    assert answer.code == 0, answer.err
    assert file.read_text("utf-8") == text
