"""What each command says of itself."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from cli_support import Clerk, linetwin

COMMANDS = [
    *(["run"], ["resume"], ["fork"], ["compare"], ["trace"], ["report"], ["bench"], ["fmu"]),
    *(["fmu", "build"], ["fmu", "compile"], ["fmu", "info"], ["fmu", "validate"]),
    ["fmu", "simulate"],
]
HEAVY = ("fmpy", "numpy", "pandas", "pint", "plotly", "pyarrow", "simpy")
PROBE = """
import contextlib, io, sys
from linetwin.cli import main
for command in {commands!r}:
    sys.argv = ["linetwin", *command, "--help"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
print(*(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_help_ends_with_an_example(clerk: Clerk, command: list[str]) -> None:
    """Every command shows one way to call it, and no default is lost in markup."""
    answer = clerk(*command, "--help")
    words = " ".join(answer.out.split())
    assert answer.code == 0
    assert f"Example: linetwin {' '.join(command)}".strip() in words
    assert re.search(r" \.(?!/)", words) is None  # ./folder is a path, " ." a lost default


def test_every_command_is_known_to_these_tests(clerk: Clerk) -> None:
    """A new command is added to the list above, so that it gets an example."""
    from linetwin.cli.app import app, fmu_app

    ours = [info.callback.__name__ for info in app.registered_commands if info.callback]
    theirs = [info.name for info in fmu_app.registered_commands]
    assert sorted([*ours, "fmu"]) == sorted(c[0] for c in COMMANDS if len(c) == 1)
    assert sorted(map(str, theirs)) == sorted(c[1] for c in COMMANDS if len(c) > 1)


def test_help_of_all_commands_loads_nothing_heavy() -> None:
    """Asking all commands for help loads no numerics, no tables and no models."""
    code = PROBE.format(commands=COMMANDS, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_help_tells_the_exit_codes(clerk: Clerk) -> None:
    """The codes stand where a user looks for them."""
    text = " ".join(clerk("--help").out.split())
    for code in ("0 done", "2 bad input", "3 a model failed", "4 a link failed", "5 interrupted"):
        assert code in text


def test_an_unknown_command_is_bad_input() -> None:
    """A command that is not there ends with exit code 2 and the way to help."""
    answer = linetwin("rum")
    assert answer.code == 2
    assert "rum" in answer.err
    assert "Traceback" not in answer.err
