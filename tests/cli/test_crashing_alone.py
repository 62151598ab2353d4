"""FMUs that crash or end the process in `fmu simulate` and `fmu validate`: named, exit code 3."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_support import linetwin, of_cosim

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk

troubled_fmus = of_cosim("troubled_fmus")
UNITS = {"air_temperature": "K"}, {"film_temperature": "K"}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no guard")

CRASH_OF_NOBODY = """\
import ctypes, os, signal
from linetwin.cli.hanging import Alarm, ModelWatch
watch = ModelWatch("cathode.mixer", "machine", 600.0, alarm := Alarm())
with watch.watching("advance"):
    {within}
{after}
"""
IN_PYTHON = "os.kill(os.getpid(), signal.SIGSEGV)"
IN_C = "ctypes.CDLL(None)['raise'](signal.SIGSEGV)"


EXCEPTION = """\
import sys
from linetwin.cli import crashing
from linetwin.cli.hanging import Alarm, ModelWatch
watch = ModelWatch("cathode.mixer", "machine", 600.0, alarm := Alarm())
crashing.hear_of_exceptions()
sys.audit({event!r}, {code})
sys.stderr.write("nobody is blamed\\n")
with watch.watching("advance"):
    sys.audit({event!r}, {code})
"""


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMU that crashes on demand."""
    pytest.importorskip("ziglang")
    fmu: Path = troubled_fmus.build_troubled(tmp_path_factory.mktemp("crash"), "bad_oven", *UNITS)
    return fmu


def simulated(fmu: Path, trouble: str, **environment: str) -> Answer:
    """What `fmu simulate` says of an FMU that is in trouble after 0.5 s."""
    number = troubled_fmus.TROUBLES.index(trouble)
    start = ("--start", f"trouble={number}", "--start", "trouble_time=0.5")
    return linetwin("fmu", "simulate", fmu, "--stop", "1", "--step", "0.1", *start, **environment)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("segfault", "the step at 0.5 s crashed: SIGSEGV (segmentation fault)"),
        ("exit", "the step at 0.5 s ended the process with exit()"),
        ("quick_exit", "the step at 0.5 s ended the process with quick_exit()"),
        ("leave", "freeing ended the process with exit()"),
    ],
)
def test_an_fmu_alone_is_named(troubled: Path, tmp_path: Path, trouble: str, words: str) -> None:
    """Exit code 3, also where the FMU asks for 0; nothing is left in the temporary folder."""
    answer = simulated(troubled, trouble, TMPDIR=str(tmp_path))
    assert answer.code == 3, answer.err
    assert f"linetwin: bad_oven: {words}; a line survives that" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kernel", ["on", "off"])
def test_the_member_of_a_group_is_named(troubled: Path, tmp_path: Path, kernel: str) -> None:
    """By both engines."""
    number = troubled_fmus.TROUBLES.index("segfault")
    values = {"air_temperature": 1, "trouble": number, "trouble_time": 0.5}
    good = {"fmu": str(troubled), "values": {"air_temperature": 1}}
    members = {"good": good, "bad": {"fmu": str(troubled), "values": values}}
    outputs = {"warm": "good.film_temperature"}
    content = {"step": "100 ms", "members": members, "outputs": outputs}
    file = of_cosim("group_fmus").write_group(tmp_path, **content)
    answer = linetwin("fmu", "simulate", file, "--stop", "1", LINETWIN_KERNEL=kernel)
    assert answer.code == 3, answer.err
    assert "linetwin: group: bad: the step at 0.5 s crashed: SIGSEGV" in answer.err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("load", "loading"),
        ("Instantiate", "instantiating"),
        ("ExitInitializationMode", "initialising"),
        ("GetFMUState", "saving"),
        pytest.param("Get", "reading", marks=pytest.mark.slow),
        pytest.param("SetFMUState", "restoring", marks=pytest.mark.slow),
        pytest.param("Reset", "resetting", marks=pytest.mark.slow),
        pytest.param("Terminate", "terminating", marks=pytest.mark.slow),
    ],
)
def test_the_call_that_crashed_is_named(troubled: Path, call: str, words: str) -> None:
    """By `fmu validate`, which makes them all."""
    answer = linetwin("fmu", "validate", troubled, TROUBLED_CALL=call)
    assert answer.code == 3, answer.err
    assert f"linetwin: bad_oven: {words} crashed: SIGABRT (aborted)" in answer.err


def test_reading_is_told_with_its_time(troubled: Path) -> None:
    """Beside the steps of `fmu simulate`."""
    answer = linetwin("fmu", "simulate", troubled, TROUBLED_CALL="Get")
    assert answer.code == 3, answer.err
    assert "linetwin: bad_oven: reading at 0 s crashed: SIGABRT (aborted)" in answer.err


@pytest.mark.parametrize(("kind", "call"), [("alone", "FreeInstance"), ("group", "Terminate")])
def test_a_crash_at_the_end_loses_no_table(
    troubled: Path, clerk: Clerk, tmp_path: Path, kind: str, call: str
) -> None:
    """The CSV file is whole, what is printed is printed, and the crash is told after: exit 3."""
    subject, table = troubled, tmp_path / "table.csv"
    if kind == "group":
        members = {"bad": {"fmu": str(troubled), "values": {"air_temperature": 1}}}
        outputs = {"warm": "bad.film_temperature"}
        content = {"step": "100 ms", "members": members, "outputs": outputs}
        subject = of_cosim("group_fmus").write_group(tmp_path, **content)
    command = ("fmu", "simulate", subject, "--stop", "0.5", "--csv", table)
    whole = clerk(*command)
    assert whole.code == 0, whole.err
    rows = table.read_bytes()
    table.unlink()
    answer = linetwin(*command, TROUBLED_CALL=call)
    assert answer.code == 3, answer.err
    words = {"Terminate": "terminating", "FreeInstance": "freeing"}[call]
    assert f"{words} crashed: SIGABRT (aborted)" in answer.err
    assert answer.out == whole.out
    assert table.read_bytes() == rows


@pytest.mark.parametrize(("within", "after"), [(IN_PYTHON, ""), ("pass", IN_C)])
def test_a_crash_of_nobodys_model_happens_as_ever(within: str, after: str) -> None:
    """Of Python within a call, of other C code outside any: the signal, and nobody is blamed."""
    program = CRASH_OF_NOBODY.format(within=within, after=after)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == -signal.SIGSEGV
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("event", "code", "words"),
    [
        ("ctypes.seh_exception", 0xC0000005, "access violation (0xc0000005)"),
        ("ctypes.set_exception", 0xC0000374, "system exception (0xc0000374)"),
    ],
)
def test_a_system_exception_that_ctypes_catches_is_named(event: str, code: int, words: str) -> None:
    """As on Windows, where the events come from ctypes: exit code 3; outside a call nothing."""
    program = EXCEPTION.format(event=event, code=code)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True
    )
    assert done.returncode == 3
    assert done.stderr.startswith("nobody is blamed\n")
    assert f"linetwin: cathode.mixer: machine: advance crashed: {words};" in done.stderr
