"""What each command says of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from cli_support import Clerk, linetwin

from linetwin.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator


def _words(group: typer.core.TyperGroup, *before: str) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        yield [*before, name]
        if isinstance(command, typer.core.TyperGroup):
            yield from _words(command, *before, name)


COMMANDS = list(_words(typer.main.get_command(app)))
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


def test_these_tests_see_groups_within_groups() -> None:
    """The list above is taken from the commands themselves, down to the last."""
    assert ["run"] in COMMANDS
    assert ["fmu", "build"] in COMMANDS
    assert ["live", "trust", "accept"] in COMMANDS


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
