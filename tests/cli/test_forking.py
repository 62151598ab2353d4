"""`linetwin fork`: a common past, then other inputs, other chance, or another end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from cli_support import TABLE_NAMES, Clerk, Order

from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def snapshot(saved: Order) -> Path:
    """A snapshot taken while web is coated."""
    return min((saved.run / "snapshots").iterdir())


def same(one: Path, other: Path, table: str) -> bool:
    """Whether a table of two runs is the same, to the last bit."""
    return read(one).table(table).equals(read(other).table(table))


def test_a_branch_without_a_change_ends_as_its_origin(
    clerk: Clerk, saved: Order, snapshot: Path, tmp_path: Path
) -> None:
    """Past and future are those of the origin, whose folder is left alone."""
    before = read(saved.run).manifest
    answer = clerk("fork", snapshot, "-o", tmp_path / "branch")
    assert answer.code == 0, answer.err
    for name in TABLE_NAMES:
        pd.testing.assert_frame_equal(
            read(saved.run).table(name), read(tmp_path / "branch").table(name), check_exact=True
        )
    assert read(saved.run).manifest == before
    manifest = read(tmp_path / "branch").manifest
    assert manifest["branched_from"] == str(saved.run.resolve())
    assert manifest["branched_at_tick"] == int(snapshot.stem)
    assert (tmp_path / "branch" / "report.html").is_file()


def test_a_run_folder_branches_at_its_newest_whole_snapshot(
    clerk: Clerk, saved: Order, tmp_path: Path
) -> None:
    """As a resume takes it: told, and one that is damaged is passed over."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    *_, good, newest = sorted((copy / "snapshots").iterdir())
    newest.write_bytes(newest.read_bytes()[:-5])
    answer = clerk("fork", copy, "-o", tmp_path / "branch")
    assert answer.code == 0, answer.err
    assert f"passed over: {newest}" in answer.err
    assert f"branching off at {good}" in answer.err
    manifest = read(tmp_path / "branch").manifest
    assert manifest["branched_at_tick"] == int(good.stem)
    assert manifest["branched_from"] == str(copy.resolve())


def test_a_change_acts_from_the_branch_on(
    clerk: Clerk, saved: Order, snapshot: Path, tmp_path: Path
) -> None:
    """What was written before the snapshot is the same, what comes after is not."""
    change = "cathode.coater.loading_target=19.5 mg/cm2"
    answer = clerk("fork", snapshot, "-o", tmp_path / "branch", "--set", change, "--until", "30 h")
    assert answer.code == 0, answer.err
    tick = read(tmp_path / "branch").manifest["branched_at_tick"]
    events = [read(each).table("events") for each in (saved.run, tmp_path / "branch")]
    past = [each[each["tick"] < tick].reset_index(drop=True) for each in events]
    pd.testing.assert_frame_equal(*past, check_exact=True)
    noted = events[1][events[1]["cause"] == "fork: cathode.coater.loading_target"]
    assert noted["tick"].tolist() == [tick]
    assert noted["station"].tolist() == ["cathode.coater"]
    loadings = [
        table.loc[table["roll"].str.startswith("cathode"), "loading_b"].median()
        for table in (read(each).table("segments") for each in (saved.run, tmp_path / "branch"))
    ]
    assert loadings[1] > 1.02 * loadings[0]


def test_a_seed_gives_all_branches_the_same_chance(
    clerk: Clerk, saved: Order, snapshot: Path, tmp_path: Path
) -> None:
    """Two branches of one seed are one; another than the origin's."""
    for name in ("one", "two"):
        answer = clerk("fork", snapshot, "-o", tmp_path / name, "--seed", "7", "--until", "30 h")
        assert answer.code == 0, answer.err
    assert all(same(tmp_path / "one", tmp_path / "two", name) for name in TABLE_NAMES)
    assert not same(tmp_path / "one", saved.run, "segments")
    assert read(tmp_path / "one").manifest["seed"] == 7


def test_a_branch_ends_when_it_is_told_to_and_can_be_resumed(
    clerk: Clerk, saved: Order, snapshot: Path, tmp_path: Path
) -> None:
    """`--until` counts in the line's time; snapshots of the branch are its own."""
    branch = tmp_path / "branch"
    answer = clerk("fork", snapshot, "-o", branch, "--until", "40 h", "--seed", "3")
    assert answer.code == 0, answer.err
    found = read(branch)
    assert found.manifest["end_tick"] == 40 * 3_600_000
    assert found.manifest["snapshots"]
    tables = {name: found.table(name) for name in TABLE_NAMES}
    answer = clerk("resume", branch / "snapshots" / found.manifest["snapshots"][-1])
    assert answer.code == 0, answer.err
    for name, table in tables.items():
        pd.testing.assert_frame_equal(read(branch).table(name), table, check_exact=True)


HELD = "cathode.active_material-0001"


def test_a_hold_in_a_branch_acts_as_one_known_from_the_beginning(
    clerk: Clerk, saved: Order, tmp_path: Path
) -> None:
    """The past is looked through: the same cells are held as in a run that had the hold all along.

    Every row of the branch is that of a run of the whole order with a hold from that moment.
    """
    middle = sorted((saved.run / "snapshots").iterdir())[-2]
    hours = int(middle.stem) / 3_600_000
    asked = f"{{lot: {HELD}, from: {hours} h, until: {hours + 4} h, then: scrap, reason: suspect}}"
    answer = clerk("fork", middle, "-o", tmp_path / "branch", "--hold", asked)
    assert answer.code == 0, answer.err
    answer = clerk("run", saved.file, "-o", tmp_path / "whole", "--hold", asked)
    assert answer.code == 0, answer.err
    events = read(tmp_path / "branch").table("events")
    assert {"hold", "disposition"} <= set(events["event"])
    for name in TABLE_NAMES:
        pd.testing.assert_frame_equal(
            read(tmp_path / "branch").table(name),
            read(tmp_path / "whole").table(name),
            check_exact=True,
        )
    assert read(tmp_path / "branch").manifest["branch_holds"] == [asked]


def test_a_branch_can_hold_a_lot_by_its_name(
    clerk: Clerk, saved: Order, snapshot: Path, tmp_path: Path
) -> None:
    """Held from the branch on, for good; a snapshot of the branch goes on with it."""
    branch = tmp_path / "branch"
    answer = clerk("fork", snapshot, "-o", branch, "--hold", HELD, "--until", "60 h")
    assert answer.code == 0, answer.err
    found = read(branch)
    held = found.table("events").query("event == 'hold'")
    assert int(held["tick"].min()) == found.manifest["branched_at_tick"]
    assert found.kpis["order"]["cells_graded"]["value"] == 0
    tables = {name: found.table(name) for name in TABLE_NAMES}
    answer = clerk("resume", branch / "snapshots" / found.manifest["snapshots"][-1])
    assert answer.code == 0, answer.err
    for name, table in tables.items():
        pd.testing.assert_frame_equal(read(branch).table(name), table, check_exact=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--set", "cathode.coater.machine.standby_power=3.3 kW"), "cannot change in a fork"),
        (("--set", "cathode.mixer.mixing.packing_limit=0.61"), "cannot change in a fork"),
        (("--set", "cathode.coater.nothing=1"), "nothing"),
        (("--until", "1 h"), "--until"),
        (("--until", "soon"), "--until"),
        (("--hold", "cathode.slury-0001"), "--hold.lot"),
        (("--hold", "{lot: cathode.slurry-0001, then: burn}"), "--hold.then"),
        (("--hold", "{lot: cathode.slurry-0001, until: 1 h}"), "before the branch"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(
    clerk: Clerk, snapshot: Path, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    """Exit code 2, the option is named, and no folder is begun."""
    answer = clerk("fork", snapshot, "-o", tmp_path / "branch", *options)
    assert answer.code == 2, answer.err
    assert told in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "branch").exists()


def test_a_filled_line_says_what_it_was_filled_with(clerk: Clerk, tmp_path: Path) -> None:
    """`start: filled` is told on the way and stands in the manifest."""
    order = Order(tmp_path)
    order.edit("order: {cells: 40}\nlimit: 60 d\n", "duration: 7 h\nstart: filled\n")
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 0, answer.err
    assert "line filled with" in answer.err
    stock = read(order.run).manifest["stock"]
    assert stock["cells"] > 1000
    assert stock["lots"]["cell.ageing"] > 10
    assert 50 < stock["cells_per_hour"] < 150


def test_a_branch_may_have_a_gauge_that_drifts(
    clerk: Clerk, saved: Order, snapshot: Path, tmp_path: Path
) -> None:
    """Told in manifest, events and report; the past keeps its bits, and so does what is true."""
    drift = "{address: cell.formation.measured_capacity, kind: offset, offset: 10 mAh}"
    answer = clerk(
        "fork", snapshot, "-o", tmp_path / "branch", "--set", f"disturbances.gauge={drift}"
    )
    assert answer.code == 0, answer.err
    found = read(tmp_path / "branch")
    (told,) = found.manifest["disturbances"]
    assert (told["name"], told["acts_on"], told["offset"]) == ("gauge", "reading", 0.01)
    events = found.table("events")
    noted = events[events["cause"].str.contains("measured_capacity: offset")]
    assert noted["tick"].tolist() == [found.manifest["branched_at_tick"]] * 2
    assert "cell formation measured capacity" in (tmp_path / "branch" / "report.html").read_text(
        "utf-8"
    )
    cells = [read(each).table("cells") for each in (saved.run, tmp_path / "branch")]
    assert cells[0]["capacity"].equals(cells[1]["capacity"])
    known = [each["measured_capacity"].dropna() for each in cells]
    assert (known[0] + 0.01).equals(known[1])


def test_a_branch_refuses_a_wrong_disturbance(clerk: Clerk, snapshot: Path, tmp_path: Path) -> None:
    """Exit code 2, what is allowed, no folder."""
    wrong = "disturbances.x={address: cell.formation, kind: drift, per_hour: 1 K}"
    answer = clerk("fork", snapshot, "-o", tmp_path / "branch", "--set", wrong)
    assert answer.code == 2
    assert "a machine has no drift" in answer.err
    assert "faults: stop, slow" in answer.err
    assert not (tmp_path / "branch").exists()


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("address: cathode.coater, kind: stop, cause: power cut, for: 1 h", "stop"),
        ("address: cathode.coater.web_speed, kind: offset, offset: 0.1 m/min, for: 1 h", "offset"),
    ],
)
def test_what_has_no_begin_begins_with_the_branch(
    clerk: Clerk, snapshot: Path, tmp_path: Path, kind: str, event: str
) -> None:
    """`for` counts from there, and whoever forks the branch again has the same times."""
    wish = f"disturbances.x={{{kind}}}"
    tick = int(snapshot.stem)
    until = f"{tick / 3_600_000 + 2} h"
    answer = clerk("fork", snapshot, "-o", tmp_path / "one", "--set", wish, "--until", until)
    assert answer.code == 0, answer.err
    found = read(tmp_path / "one")
    (told,) = found.manifest["disturbances"]
    assert told["from"]["value"] == tick / 1000
    assert told["until"]["value"] == tick / 1000 + 3600
    rows = found.table("events")
    acts = rows[rows["cause"].str.contains(f": {event} (?:begins|ends)")]
    assert acts["tick"].tolist() == [tick, tick + 3_600_000]


def test_an_end_before_the_branch_is_refused(clerk: Clerk, snapshot: Path, tmp_path: Path) -> None:
    """With `until` alone it begins with the branch, so an end before that is none."""
    wish = "disturbances.x={address: cathode.coater, kind: slow, speed: 0.5, until: 1 min}"
    answer = clerk("fork", snapshot, "-o", tmp_path / "one", "--set", wish)
    assert answer.code == 2
    day = int(snapshot.stem) / 86_400_000
    assert f"ends before it begins (later than {day:.2f} d, when it begins)" in answer.err
    assert not (tmp_path / "one").exists()
