"""Freezing a line on the way and thawing it in a fresh process; what differs afterwards."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from line_support import Memory, differences
from thaw import line, thaw

from linetwin.line import run
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.line.world import World

THAW = Path(__file__).with_name("thaw.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"
REGULAR = {"building", "recorder"}
"""Units that wake all the time; for days of ageing they are nearly alone."""


@dataclass
class Frozen:
    """A finished run folder, and snapshots taken on the way, by number of events."""

    folder: Path
    cells: int
    models: str
    events: int = 0
    snapshots: dict[int, bytes] = field(default_factory=dict)


def freeze(
    folder: Path, cells: int, wanted: Callable[[World], bool], models: str = "doubles"
) -> Frozen:
    """Run an order into a folder and save the line after every event that is `wanted`."""
    writer = RunWriter(folder, {"scenario": "baseline", "seed": 1}, "frozen")
    world = line(cells, models, writer)
    frozen = Frozen(folder, cells, models)
    world.begin()
    while world.step():
        if wanted(world):
            frozen.snapshots[world.events] = run.save(world, writer.mark())
    run.close(world)
    writer.finish("complete")
    frozen.events = world.events
    return frozen


@dataclass
class Watch:
    """Wants no event of a run, but notes them, so that some can be chosen for a second run."""

    events: int = 0
    lively: list[int] = field(default_factory=list)

    def __call__(self, world: World) -> bool:
        """Note what the next event will be."""
        self.events = world.events
        who, _ = world.calendar._environment._queue[0][3].value
        if who not in REGULAR:
            self.lively.append(world.events + 1)
        return False

    def choose(self, count: int) -> set[int]:
        """Return `count` random events by number, two thirds of them not of regular units."""
        chance = random.Random(20_261_121)  # noqa: S311  a sample, no secret
        chosen = set(chance.sample(range(1, self.events + 1), count // 3))
        rest = [number for number in self.lively if number not in chosen and number <= self.events]
        return chosen | set(chance.sample(rest, count - len(chosen)))


def at_random(count: int, cells: int, models: str = "doubles") -> Callable[[World], bool]:
    """Return a random choice of `count` events of an order."""
    watch = Watch()
    world = line(cells, models, Memory())
    world.begin()
    while world.step():
        watch(world)
    chosen = watch.choose(count)
    return lambda world: world.events in chosen


def thaw_apart(frozen: Frozen, number: int, folder: Path) -> dict[str, Any]:
    """Thaw a copy of the run folder in a process of its own."""
    shutil.copytree(frozen.folder, folder)
    snapshot = folder / "line.snapshot"
    snapshot.write_bytes(frozen.snapshots[number])
    asked = {
        "folder": str(folder),
        "snapshot": str(snapshot),
        "cells": frozen.cells,
        "models": frozen.models,
    }
    done = subprocess.run(
        [sys.executable, str(THAW), json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(SOURCE), str(THAW.parent)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_all(frozen: Frozen, folder: Path) -> None:
    """Thaw every snapshot in a fresh process: the same log, the same tables, the same bytes."""
    for number in frozen.snapshots:
        copy = folder / f"thawed-{number}"
        found = thaw_apart(frozen, number, copy)
        assert found == {"saved_again_alike": True, "events": frozen.events, "ended": "order"}
        assert differences(frozen.folder, copy) == [], f"after event {number}"
        shutil.rmtree(copy)


def outcome(frozen: Frozen, blob: bytes, folder: Path) -> list[str]:
    """Thaw here; return what differs from the reference, or how the line broke down."""
    shutil.copytree(frozen.folder, folder)
    try:
        thaw(folder, blob, frozen.cells, frozen.models)
    except Exception as error:  # noqa: BLE001  a line of which a part is missing may break anyhow
        return [repr(error)]
    return differences(frozen.folder, folder)
