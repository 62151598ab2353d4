from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ResultsError
from linetwin.results import manifest, parts, read, writer
from linetwin.results.schemas import TABLES
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = {"scenario": "tiny", "seed": 7}


def events(first: int, count: int) -> dict[str, list[object]]:
    """Rows whose tick is their number."""
    return {
        "tick": list(range(first, first + count)),
        "station": ["cathode.coater"] * count,
        "event": ["note"] * count,
    }


def begun(folder: Path, **given: object) -> RunWriter:
    """A writer with the little that every run has."""
    return RunWriter(folder, {**MANIFEST, **given}, "schema: 1\n")


def test_rows_keep_their_order_across_parts_and_the_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row order is the order of adding; parts are gone after finish."""
    monkeypatch.setattr(writer, "VALUES_WAITING", 70)
    monkeypatch.setattr(parts, "ROWS_PER_GROUP", 16)
    run = begun(tmp_path / "run")
    for first in range(0, 70, 7):
        run.add("events", events(first, 7))
    run.flush()  # waits until what was closed before is on disk
    running = read(tmp_path / "run")
    assert running.manifest["status"] == "running"
    assert running.table("events")["tick"].tolist() == list(
        range(70)
    )  # 14 rows of 7 columns a part, 5 parts
    run.finish("complete")
    done = read(tmp_path / "run")
    assert done.manifest["status"] == "complete"
    assert done.table("events")["tick"].tolist() == list(range(70))
    assert not (tmp_path / "run" / "parts").exists()


def test_a_quantity_that_appears_late_is_nan_before(tmp_path: Path) -> None:
    """Open columns are united over parts; text left out is empty, a number left out NaN."""
    run = begun(tmp_path / "run")
    run.add("signals", {"tick": [0], "station": ["a"], "web_speed": np.array([0.5])})
    run.add("signals", {"tick": [1], "station": ["a"], "buffer_level": [3]})
    run.flush()
    run.add("signals", {"tick": [2], "station": ["b"], "air_temperature": [400.0]})
    for finish in (run.flush, lambda: run.finish("complete")):
        finish()
        table = read(tmp_path / "run").table("signals")
        assert list(table.columns) == [
            "tick", "station", "air_temperature", "buffer_level", "web_speed",
        ]  # fmt: skip
        np.testing.assert_array_equal(table["web_speed"], [0.5, np.nan, np.nan])
        np.testing.assert_array_equal(table["buffer_level"], [np.nan, 3.0, np.nan])
        np.testing.assert_array_equal(table["air_temperature"], [np.nan, np.nan, 400.0])


def test_rows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Unknown and missing columns and unequal lengths are named."""
    run = begun(tmp_path / "run")
    with pytest.raises(ResultsError, match="events: columns \\['event'\\] are missing"):
        run.add("events", {"tick": [1], "station": ["a"]})
    with pytest.raises(ResultsError, match="signals has no column 'webspeed'"):
        run.add("signals", {"tick": [1], "station": ["a"], "webspeed": [1.0]})
    with pytest.raises(ResultsError, match="unequal length"):
        run.add("events", {**events(0, 2), "amount": [1.0]})


def test_the_manifest_says_what_decides_the_bits(tmp_path: Path) -> None:
    """Version, packages, platform, CPU features and seed stand there while the run goes on."""
    run = begun(tmp_path / "run")
    run.update(end_tick=5_000, snapshots=["snapshots/000001"])
    content = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert content["seed"] == 7
    assert content["packages"]["numpy"] == np.__version__
    assert content["end_tick"] == 5_000
    assert {"python", "platform", "cpu_features", "started", "linetwin"} <= content.keys()
    assert content["ticks_per_second"] == 1000


def test_no_folder_is_overwritten_unasked(tmp_path: Path) -> None:
    """Foreign files are never touched; a run is replaced only when told."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("precious")
    with pytest.raises(ResultsError, match="not a run folder"):
        RunWriter(foreign, MANIFEST, "", overwrite=True)
    assert (foreign / "thesis.tex").read_text() == "precious"
    first = begun(tmp_path / "run")
    first.add("events", events(0, 3))
    first.finish("complete")
    with pytest.raises(ResultsError, match="already holds a run"):
        begun(tmp_path / "run")
    RunWriter(tmp_path / "run", MANIFEST, "", overwrite=True)
    assert len(read(tmp_path / "run").table("events")) == 0


@pytest.mark.parametrize("finished", [True, False], ids=["merged", "parts"])
def test_resume_drops_what_came_after_the_mark(tmp_path: Path, finished: bool) -> None:  # noqa: FBT001
    """The tables go on at the mark, whether the run was merged since or killed."""
    run = begun(tmp_path / "run")
    run.add("events", events(0, 5))
    run.mark()
    run.add("events", events(5, 5))
    mark = json.loads(json.dumps(run.mark()))
    run.add("events", events(100, 5))
    run.flush()
    if finished:
        run.finish("interrupted")
    again = RunWriter.resume(tmp_path / "run", mark)
    assert again.mark()["events"]["rows"] == 10
    assert read(tmp_path / "run").table("events")["tick"].tolist() == list(range(10))
    again.add("events", events(10, 2))
    again.add("signals", {"tick": [1], "station": ["a"], "web_speed": [1.0]})
    again.finish("complete")
    done = read(tmp_path / "run")
    assert done.table("events")["tick"].tolist() == list(range(12))
    assert len(done.table("signals")) == 1
    assert done.manifest["status"] == "complete"


def test_a_mark_of_another_run_is_refused(tmp_path: Path) -> None:
    """A snapshot that counted more rows than there are is not continued."""
    run = begun(tmp_path / "run")
    run.add("events", events(0, 5))
    mark = run.mark()
    mark["events"]["rows"] = 6
    with pytest.raises(ResultsError, match="has 5 rows, the snapshot counted 6"):
        RunWriter.resume(tmp_path / "run", mark)


def test_a_branch_leaves_its_source_alone(tmp_path: Path) -> None:
    """A fork starts with the past of its source and its own scenario."""
    run = begun(tmp_path / "run")
    run.add("events", events(0, 4))
    mark = run.mark()
    run.add("events", events(4, 4))
    run.finish("complete")
    fork = RunWriter.branch(
        tmp_path / "run", tmp_path / "fork", mark, manifest={"seed": 8}, scenario_text="what: if\n"
    )
    fork.add("events", events(50, 1))
    fork.finish("complete")
    assert read(tmp_path / "fork").table("events")["tick"].tolist() == [0, 1, 2, 3, 50]
    assert read(tmp_path / "run").table("events")["tick"].tolist() == list(range(8))
    assert read(tmp_path / "fork").manifest["seed"] == 8
    assert read(tmp_path / "fork").manifest["branched_from"] == "run"
    assert read(tmp_path / "fork").scenario == "what: if\n"


KILLED = """
import sys
from linetwin.results import writer
writer.VALUES_WAITING = 350
run = writer.RunWriter(sys.argv[1], {"scenario": "tiny", "seed": 7}, "schema: 1\\n")
tick = 0
while True:
    run.add("events", {"tick": [tick], "station": ["a"], "event": ["note"]})
    tick += 1
    if tick == 500:
        run.flush()
        print("go", flush=True)
"""


def test_a_killed_run_is_readable(tmp_path: Path) -> None:
    """SIGKILL in the midst of writing costs what came after the last flush, and nothing else."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "run")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    run = read(tmp_path / "run")
    assert run.manifest["status"] == "running"
    ticks = run.table("events")["tick"].tolist()
    assert len(ticks) >= 500
    assert ticks == list(range(len(ticks)))


def test_merged_files_do_not_depend_on_where_parts_were_closed(tmp_path: Path) -> None:
    """The same rows give the same bytes, with snapshots on the way or without."""
    files = []
    for name, every in (("plain", 10**9), ("marked", 3)):
        run = begun(tmp_path / name)
        for tick in range(20):
            quantity = "web_speed" if tick % 2 else "air_temperature"
            run.add("signals", {"tick": [tick], "station": ["a"], quantity: [1.0 * tick]})
            if tick % every == every - 1:
                run.mark()
        run.finish("complete")
        files.append((tmp_path / name / "signals.parquet").read_bytes())
    assert files[0] == files[1]


@settings(max_examples=25, deadline=None)
@given(
    blocks=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    marked=st.integers(0, 11),
    finish_between=st.booleans(),
)
def test_resuming_anywhere_gives_the_same_table(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[int],
    marked: int,
    finish_between: bool,  # noqa: FBT001
) -> None:
    """Stopping at any mark and going on there changes no row."""
    folder = tmp_path_factory.mktemp("resume") / "run"
    run = begun(folder)
    first, mark, at = 0, run.mark(), (0, 0)
    for number, count in enumerate(blocks):
        run.add("events", events(first, count))
        first += count
        if number == marked:
            mark, at = run.mark(), (number + 1, first)
    if finish_between:
        run.finish("interrupted")
    run = RunWriter.resume(folder, mark)
    number, first = at
    for count in blocks[number:]:
        run.add("events", events(first, count))
        first += count
    run.finish("complete")
    assert read(folder).table("events")["tick"].tolist() == list(range(sum(blocks)))
    assert all((folder / f"{name}.parquet").is_file() for name in TABLES)


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_not_finite_does_not_keep_an_error_from_being_told(
    tmp_path: Path, odd: float
) -> None:
    """What went wrong may be such a number: the manifest has null there, and says how it ended."""
    run = begun(tmp_path / "run")
    run.update(stock={"cells_per_hour": odd, "each": [1.0, (odd, 2)]})
    run.finish("failed", "no pace")
    found = manifest.load(tmp_path / "run")
    assert found["stock"] == {"cells_per_hour": None, "each": [1.0, [None, 2]]}
    assert (found["status"], found["message"]) == ("failed", "no pace")
