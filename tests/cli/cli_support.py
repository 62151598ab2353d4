"""Running the command line, and small orders to run it on."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neighbours import module_of

from linetwin.cli.interruption import SIGNALS
from linetwin.results.schemas import TABLES
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = [sys.executable, "-m", "linetwin.cli"]
BASELINE = find_scenario("baseline").resolve()
LINE = BASELINE.parent / "lines" / "pilot.yaml"
RECIPE = next((BASELINE.parent / "recipes").glob("*.yaml"))
CELLS = 40
TABLE_NAMES = tuple(TABLES)
SCENARIO = """\
schema: 1
name: small
line: {line}
recipe: {recipe}
order: {{cells: {cells}}}
limit: 60 d
seed: 1
recording: {{interval: 5 min}}
set:
  cathode.coater.web_speed: 1.9 m/min
"""
PATIENCE_S = 120.0
of_cosim = functools.partial(module_of, "cosim")
"""Import a module of the co-simulation tests, which builds FMUs from C."""


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def linetwin(*arguments: str | Path, **environment: str) -> Answer:
    """Run `linetwin ARGUMENTS` in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
    )
    out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
    return Answer(done.returncode, out, err)


class Clerk:
    """Runs many commands in one process that has imported everything; see clerk.py."""

    def __init__(self) -> None:
        file = Path(__file__).with_name("clerk.py")
        self._process = subprocess.Popen(
            [sys.executable, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, *arguments: str | Path) -> Answer:
        """Run `linetwin ARGUMENTS`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([*map(str, arguments)]).encode() + b"\n")
        self._process.stdin.flush()
        return Answer(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=PATIENCE_S)


class Order:
    """A small order in a folder: `small.yaml`, and copies of line and recipe once spoilt."""

    def __init__(self, folder: Path, cells: int = CELLS) -> None:
        self.folder = folder
        self.file = folder / "small.yaml"
        self.run = folder / "run"
        self._line, self._recipe = LINE, RECIPE
        text = SCENARIO.format(line=LINE.as_posix(), recipe=RECIPE.as_posix(), cells=cells)
        self.file.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Replace a text of the scenario, which must be there, once."""
        _replace(self.file, self.file, old, new)

    def edit_line(self, old: str, new: str) -> None:
        """Replace a text of a copy of the shipped line, which the scenario then names."""
        copy = self.folder / "line.yaml"
        _replace(self._line, copy, old, new)
        if self._line == LINE:
            self.edit(LINE.as_posix(), copy.name)
            self._line = copy


def _replace(source: Path, target: Path, old: str, new: str) -> None:
    text = source.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {source.name}"
    target.write_text(text.replace(old, new, 1), encoding="utf-8")


def without_binaries(fmu: Path, copy: Path) -> Path:
    """Copy an FMU as if it had been made for another machine only."""
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            if not name.startswith("binaries/"):
                new.writestr(name, old.read(name))
        new.writestr(f"binaries/riscv64-plan9/{fmu.stem}.so", b"")
    return copy


def with_broken_binaries(fmu: Path, copy: Path) -> Path:
    """Copy an FMU whose libraries are cut off after a few bytes."""
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[:100] if name.startswith("binaries/") else content)
    return copy


def with_capabilities(fmu: Path, copy: Path, *capabilities: tuple[str, str]) -> Path:
    """Copy an FMU that says something else of what it can do."""
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "modelDescription.xml":
                for capability, value in capabilities:
                    said = f'{capability}="true"'.encode()
                    assert said in content
                    content = content.replace(said, f'{capability}="{value}"'.encode())
            new.writestr(name, content)
    return copy


def status(folder: Path) -> str:
    """Return the status in a run folder's manifest; empty while there is none."""
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        return ""
    return str(content["status"])


def start_run(
    order: Order, *, until: Callable[[], bool], **environment: str
) -> subprocess.Popen[bytes]:
    """Start to run an order, with snapshots, and return once `until()` holds."""
    process = subprocess.Popen(
        [*COMMAND, "run", str(order.file), "-o", str(order.run), "--snapshot-every", "12 h"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        preexec_fn=_heed_interrupts,  # noqa: PLW1509 - one call, and no thread is left in it
    )
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


def _heed_interrupts() -> None:
    """Undo what a shell does to jobs in its background, where the tests may run."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def restored_signals() -> Iterator[None]:
    """Put back what a command does to this process's signals."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
