"""FMUs and groups that hang in `fmu simulate` and `fmu validate`: named, with an end in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_support import linetwin, of_cosim

from linetwin.cli.alone import AloneWatch
from linetwin.cli.hanging import Alarm
from linetwin.cosim.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk

troubled_fmus = of_cosim("troubled_fmus")
HANG = troubled_fmus.TROUBLES.index("hang")
UNITS = {"air_temperature": "K"}, {"film_temperature": "K"}
LIMIT = ("--step-timeout", "1 s")


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMU that can be made to hang."""
    pytest.importorskip("ziglang")
    folder = tmp_path_factory.mktemp("hanging")
    fmu: Path = troubled_fmus.build_troubled(folder, "bad_oven", *UNITS)
    return fmu


def group(folder: Path, fmu: Path, **changes: object) -> Path:
    """Return a group whose member `bad` hangs after 0.5 s."""
    good = {"fmu": str(fmu), "values": {"air_temperature": 1}}
    values = {"air_temperature": 1, "trouble": HANG, "trouble_time": 0.5}
    members = {"good": good, "bad": {"fmu": str(fmu), "values": values}, "late": good}
    outputs = {"warm": "good.film_temperature"}
    content = {"step": "100 ms", "members": members, "outputs": outputs, **changes}
    file: Path = of_cosim("group_fmus").write_group(folder, **content)
    return file


def test_an_fmu_alone_is_named(hanging: Path, tmp_path: Path) -> None:
    """Exit code 3, the FMU and the limit; nothing is left in the temporary folder."""
    start = ("--start", f"trouble={HANG}", "--start", "trouble_time=0.5")
    answer = linetwin(
        *("fmu", "simulate", hanging, "--stop", "1", "--step", "0.1", *start, *LIMIT),
        TMPDIR=str(tmp_path),
    )
    assert answer.code == 3, answer.err
    told = "linetwin: bad_oven: the step at 0.5 s had not returned after 1 s ("
    told += "--step-timeout sets the limit)"
    assert told in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kernel", ["on", "off"])
def test_the_member_of_a_group_is_named(hanging: Path, tmp_path: Path, kernel: str) -> None:
    """By both engines."""
    file = group(tmp_path, hanging)
    answer = linetwin("fmu", "simulate", file, "--stop", "1", *LIMIT, LINETWIN_KERNEL=kernel)
    assert answer.code == 3, answer.err
    assert "linetwin: group: bad: the step at 0.5 s had not returned after 1 s" in answer.err


def test_validate_is_watched_too(hanging: Path, tmp_path: Path) -> None:
    """A group that hangs at its first point."""
    file = group(tmp_path, hanging, step="1 s")
    answer = linetwin("fmu", "validate", file, *LIMIT)
    assert answer.code == 3, answer.err
    assert "linetwin: group: bad: the first step had not returned after 1 s" in answer.err


@pytest.mark.parametrize("limit", ["5", "-2 s", "0 s", "2 d"])
def test_a_limit_that_is_no_wall_time_is_refused(hanging: Path, clerk: Clerk, limit: str) -> None:
    """It has a unit, and the range that a scenario may set: 0.01 s to a day."""
    answer = clerk("fmu", "simulate", hanging, "--step-timeout", limit)
    assert answer.code == 2
    assert "--step-timeout" in answer.err


def test_a_long_simulation_is_no_hanging_one() -> None:
    """Each point may take as long as the limit: only one that takes longer is given up."""
    told: list[str] = []

    class Listening(AloneWatch):
        def give_up(self, call: str) -> None:
            told.append(call)

    progress = Progress()
    watch = Listening("oven", 1e6, Alarm(), progress)
    watch.begin("a step")
    for point in range(10):
        progress.points = lambda point=point: point  # type: ignore[misc]
        watch.look(point * 9e5)
    assert told == []
    watch.look(9 * 9e5 + 1e6)
    assert told == ["a step"]
