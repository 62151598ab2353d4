"""Models that hang or crash, isolated and not: the same run, and an end that can be read."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from cli_support import COMMAND, TABLE_NAMES, linetwin, of_cosim, status

from linetwin.contracts import CONTRACTS
from linetwin.quantities import vocabulary
from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order

troubled_fmus = of_cosim("troubled_fmus")
MIXER = "    machine:\n      model: machine\n      parameters:\n"
POWERS = ("off_power", "standby_power", "execute_power", "standby_air", "execute_air")
OVEN = "      vacuum_drying:\n        model: vacuum_drying\n"
ISOLATED = "isolate: true"
HASTE = "step_timeout: 0.3 s"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A machine and a vacuum dryer that misbehave on demand."""
    pytest.importorskip("ziglang")
    folder = tmp_path_factory.mktemp("troubled")
    found, words = {}, vocabulary()
    for kind in ("machine", "vacuum_drying"):
        contract = CONTRACTS[kind]
        optional = set(contract.optional)
        inputs, outputs = (
            {name: words[name].unit for name in names if name not in optional}
            for names in (contract.inputs, contract.outputs)
        )
        starts = {name: words[name].unit for name in contract.start}
        found[kind] = troubled_fmus.build_troubled(
            folder, f"bad_{kind}", inputs, {**outputs, **starts}, unused=POWERS
        )
    return found


def model(indent: int, fmu: Path, trouble: str, time_s: float, *keys: str) -> str:
    """The lines of a process whose FMU misbehaves in the step that passes a time of its own."""
    lines = [f"model: {fmu.as_posix()}", *keys, "parameters:"]
    lines += [f"  trouble: {troubled_fmus.TROUBLES.index(trouble)}", f"  trouble_time: {time_s}"]
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def assert_failed(order: Order, answer: Answer) -> None:
    """The folder of a run whose model failed after 1.5 h can be read, and says so."""
    run = read(order.run)
    assert run.manifest["status"] == "failed"
    assert run.manifest["message"] in answer.err
    assert run.manifest["end_tick"] >= 5_400_000
    assert len(run.table("events")) > 0


def test_an_isolated_line_is_the_same_line(
    order: Order, finished: tuple[Order, Answer], clerk: Clerk
) -> None:
    """A machine and a process in processes of their own change no row of any table."""
    order.edit_line(MIXER, f"    machine:\n      {ISOLATED}\n      parameters:\n")
    order.edit_line(OVEN, OVEN + f"        {ISOLATED}\n        step_timeout: 2 min\n")
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 0, answer.err
    isolated, plain = read(order.run), read(finished[0].run)
    for name in TABLE_NAMES:
        assert isolated.table(name).equals(plain.table(name)), name
    addresses = ["cathode.mixer.machine", "cathode.vacuum_dryer.vacuum_drying"]
    assert isolated.manifest["isolated"] == addresses
    assert plain.manifest["isolated"] == []


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("hang", "its process was ended: advance had not returned after 0.3 s"),
        ("segfault", "its process crashed in advance: SIGSEGV (segmentation fault)"),
    ],
)
def test_a_machine_in_trouble_is_named(
    order: Order, troubled: dict[str, Path], clerk: Clerk, trouble: str, words: str
) -> None:
    """Exit code 3; station, FMU, line time and what happened; the folder can be read."""
    bad = model(6, troubled["machine"], trouble, 5_400.0, ISOLATED, HASTE)
    order.edit_line(MIXER, f"    machine:\n{bad}")
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 3, answer.err
    assert re.search(
        r"day 0\.\d\d of the line, \d+\.000 s: cathode\.mixer: bad_machine", answer.err
    )
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert_failed(order, answer)


def test_a_process_in_trouble_is_named(
    order: Order, troubled: dict[str, Path], clerk: Clerk
) -> None:
    """A model that takes items through; what was made before it is known."""
    bad = model(8, troubled["vacuum_drying"], "abort", 600.0, ISOLATED)
    order.edit_line(OVEN, f"      vacuum_drying:\n{bad}")
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 3, answer.err
    assert "cathode.vacuum_dryer: bad_vacuum_drying: its process crashed in apply: SIGABRT" in (
        answer.err
    )
    assert status(order.run) == "failed"
    assert (read(order.run).table("lots")["kind"] == "mother_roll").any()


def test_a_time_that_is_none_is_told(order: Order, clerk: Clerk) -> None:
    """Without a unit, or longer than a day: file, line, key and what is allowed."""
    order.edit_line(MIXER, "    machine:\n      step_timeout: 5\n      parameters:\n")
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 2
    assert "cathode.mixer.machine.step_timeout: 5 has no unit" in answer.err
    order.edit_line("step_timeout: 5\n", "step_timeout: 2 d\n")
    answer = clerk("run", order.file, "-o", order.run)
    assert answer.code == 2
    assert "out of the plausible range of step_timeout" in answer.err


@pytest.mark.parametrize("trouble", ["machine", "process"])
def test_a_model_of_the_line_itself_that_hangs_is_named(
    order: Order, troubled: dict[str, Path], tmp_path: Path, trouble: str
) -> None:
    """The watchdog ends the run with exit code 3: who, when, and a folder that can be read."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    if trouble == "machine":
        bad = model(6, troubled["machine"], "hang", 5_400.0, HASTE)
        order.edit_line(MIXER, f"    machine:\n{bad}")
        words = "cathode.mixer: bad_machine: advance had not returned after 0.3 s"
    else:
        bad = model(8, troubled["vacuum_drying"], "hang", 600.0, HASTE)
        order.edit_line(OVEN, f"      vacuum_drying:\n{bad}")
        words = "cathode.vacuum_dryer: bad_vacuum_drying: apply had not returned after 0.3 s"
    answer = linetwin("run", order.file, "-o", order.run, TMPDIR=str(temporary))
    assert answer.code == 3, answer.err
    assert re.search(r"linetwin: day \d+\.\d\d of the line, .* s: " + re.escape(words), answer.err)
    assert "isolate: true" in answer.err
    assert_failed(order, answer)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("trouble", "kernel", "words"),
    [
        ("segfault", "on", "advance crashed: SIGSEGV (segmentation fault)"),
        ("exit", "off", "advance ended the process with exit()"),
    ],
)
def test_a_machine_of_the_line_itself_that_crashes_is_named(
    order: Order, troubled: dict[str, Path], tmp_path: Path, trouble: str, kernel: str, words: str
) -> None:
    """Exit code 3 by both engines: who, when, what survives it, and a folder that can be read."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    bad = model(6, troubled["machine"], trouble, 5_400.0)
    order.edit_line(MIXER, f"    machine:\n{bad}")
    environment = {"TMPDIR": str(temporary), "LINETWIN_KERNEL": kernel}
    answer = linetwin("run", order.file, "-o", order.run, **environment)
    assert answer.code == 3, answer.err
    where = r"linetwin: day \d+\.\d\d of the line, .* s: cathode\.mixer: bad_machine: "
    assert re.search(where + re.escape(words), answer.err), answer.err
    assert "isolate: true" in answer.err
    assert_failed(order, answer)
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_model_that_ends_the_process_when_it_is_freed_is_named(
    order: Order, troubled: dict[str, Path]
) -> None:
    """Exit code 3, and the run that was complete by then still is."""
    bad = model(6, troubled["machine"], "leave", 0.0)
    order.edit_line(MIXER, f"    machine:\n{bad}")
    answer = linetwin("run", order.file, "-o", order.run)
    assert answer.code == 3, answer.err
    assert "linetwin: cathode.mixer: bad_machine: freeing ended the process with exit()" in (
        answer.err
    )
    assert status(order.run) == "complete"


@pytest.mark.parametrize("keys", [(), (ISOLATED,)])
def test_ctrl_c_twice_ends_a_line_whose_model_hangs(
    order: Order, troubled: dict[str, Path], tmp_path: Path, keys: tuple[str, ...]
) -> None:
    """Also within C code that never returns, at once and with nothing left behind; it is named."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    bad = model(6, troubled["machine"], "hang", 5_400.0, *keys)
    order.edit_line(MIXER, f"    machine:\n{bad}")
    with subprocess.Popen(
        [*COMMAND, "run", str(order.file), "-o", str(order.run)],
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        assert process.stderr is not None
        while b"it hangs" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)  # two that come together are one
        process.send_signal(signal.SIGINT)
        told = process.stderr.read().decode()
    assert process.returncode == 5
    assert "linetwin: interrupted" in told
    assert keys or "cathode.mixer: bad_machine: advance has not returned" in told
    assert list(temporary.iterdir()) == []
