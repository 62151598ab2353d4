"""A model that fails in the middle of a run: who, when, and a run folder that can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from cli_support import TABLE_NAMES, restored_signals, status

from linetwin.cli import driving
from linetwin.cli.running import Request, run
from linetwin.errors import LinetwinError
from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk, Order

MIXER = "    machine:\n      model: machine\n"
OVEN = "      vacuum_drying:\n        model: vacuum_drying\n"


def assert_readable(folder: Path) -> None:
    """Every table can be read, whatever is in it."""
    found = read(folder)
    for name in TABLE_NAMES:
        assert len(found.table(name).columns) > 1


def test_a_machine_model_that_fails_ends_the_run(order: Order, tiny: Path, clerk: Clerk) -> None:
    """Exit code 3; station, model and time are named, and the folder says so and can be read."""
    order.edit_line(MIXER, MIXER.replace(": machine", f": {(tiny / 'fragile.fmu').as_posix()}"))
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 3, answer.err
    assert (
        "cathode.mixer: fragile in the step from 5400.000 s: DoStep of 300 s returned "
        in answer.err
    )
    assert "day 0.07 of the line, 5700.000 s: " in answer.err
    assert "Traceback" not in answer.err
    manifest = read(order.run).manifest
    assert manifest["status"] == "failed"
    assert manifest["message"] in answer.err
    assert manifest["end_tick"] == 5_700_000
    assert_readable(order.run)
    report = clerk("report", order.run)
    assert report.code == 0, report.err
    assert "small: failed" in report.out


def test_a_model_that_cannot_begin_leaves_a_failed_run(
    order: Order, tiny: Path, clerk: Clerk
) -> None:
    """It fails at its start, before any event: the same exit code, and no run that never ends."""
    order.edit_line(MIXER, MIXER.replace(": machine", f": {(tiny / 'fragile.fmu').as_posix()}"))
    options = ("--set", "cathode.mixer.machine.time_limit=-1")
    answer = clerk("run", order.file, "-o", order.run, *options)
    assert answer.code == 3, answer.err
    assert "fragile" in answer.err
    assert status(order.run) == "failed"
    assert_readable(order.run)


def test_a_process_model_that_fails_ends_the_run(order: Order, tiny: Path, clerk: Clerk) -> None:
    """A model that takes items through has no line time of its own, but the message has it."""
    order.edit_line(OVEN, OVEN.replace(": vacuum_drying", f": {(tiny / 'brittle.fmu').as_posix()}"))
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 3, answer.err
    when = re.search(r"day (\d+\.\d+) of the line, .* s: cathode.vacuum_dryer: brittle", answer.err)
    assert when
    assert 0.5 < float(when[1]) < 10
    assert "Traceback" not in answer.err
    assert status(order.run) == "failed"
    assert_readable(order.run)
    # The rolls had been coated by then, and what they were made from is known.
    assert (read(order.run).table("lots")["kind"] == "mother_roll").any()


def test_a_defect_leaves_a_failed_run_too(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong inside, no folder is left that looks as if it were still running."""

    def collapse(world: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(driving.engine, "close", collapse)
    request = Request(str(order.file), (), None, None)
    with pytest.raises(ZeroDivisionError):
        run(request, order.run, 1, as_json=True)
    manifest = read(order.run).manifest
    assert (manifest["status"], manifest["message"]) == ("failed", "a defect")
    assert_readable(order.run)


def test_a_defect_ends_with_a_traceback_and_exit_code_5(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's mistakes have messages; a defect keeps its traceback, for the one who mends it."""
    from linetwin import cli
    from linetwin.cli import app as commands

    def collapse() -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(commands, "app", collapse)
    with restored_signals(), pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr().err
    assert end.value.code == LinetwinError.exit_code
    assert "ZeroDivisionError: a defect" in told
    assert "defect of linetwin" in told


def test_a_full_disk_ends_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the machine refuses is no defect of linetwin: a message, and no traceback."""
    from linetwin import cli
    from linetwin.cli import app as commands

    def refuse() -> None:
        raise OSError(28, "No space left on device", "runs/x/parts")

    monkeypatch.setattr(commands, "app", refuse)
    with restored_signals(), pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr().err
    assert end.value.code == LinetwinError.exit_code
    assert "No space left on device: 'runs/x/parts'" in told
    assert "Traceback" not in told
