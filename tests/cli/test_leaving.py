"""The command ends its process without taking it apart, and loses nothing by that."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="left to Python there")
PRELUDE = """
import atexit, ctypes, os, sys, threading, time
from linetwin import cli
sys.argv = ["linetwin", *{arguments!r}]
ctypes.CDLL(None)["printf"](b"printed by C" + bytes([10]))
thread = threading.Thread(target=lambda: (time.sleep(0.3), print("thread")))
thread.start()


class Taken:
    def __del__(self):
        os.write(2, b"taken apart")


kept = [Taken()]
kept.append(kept)
main = cli.main
def began():
    atexit.register(lambda: sys.stdout.write("handler" + chr(10)))
    main()
cli.main = began
"""


def ended(arguments: list[str], last: str) -> subprocess.CompletedProcess[str]:
    """Return how a process ended whose last line is `last`."""
    code = PRELUDE.format(arguments=arguments) + last
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["run", "no_such"], 2)])
def test_all_that_was_printed_arrives_with_the_exit_code(arguments: list[str], code: int) -> None:
    """Threads and exit handlers come first, C's own output arrives; objects are left alone."""
    done = ended(arguments, "cli.command()")
    assert done.returncode == code
    assert {"printed by C", "thread", "handler"} <= set(done.stdout.splitlines())
    assert "taken apart" not in done.stderr


def test_what_ends_otherwise_is_left_to_python() -> None:
    """An error outside the command is told with the code that Python gives it."""
    done = ended([], "cli.main = lambda: 1 / 0\ncli.command()")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "taken apart" in done.stderr
