"""A long replay at full speed: memory stays flat and no file stays open."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.scenario.mapped import Mapping, SignalConfig, SourceConfig
from linetwin.twin.columns import SECOND, raw_rows
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.recording import Recording
from linetwin.twin.feed.replay import Replay
from linetwin.twin.feed.rules import Rules

if TYPE_CHECKING:
    from linetwin.twin.columns import Raw

TAGS, HOUR, HOURS = 200, 3600, 8
NOW = 1_795_262_400 * SECOND
HEAD = """\
schema: 1
name: long
owner: tests
version: "1"
sources: {plc: {endpoints: ["opc.tcp://x:1"], clock: {owner: tests}}}
signals:
"""
TAG = "  tag{n}: {{node: s=tag{n}, address: line.produced, kind: counter}}\n"
MAPPING = HEAD + "".join(TAG.format(n=n) for n in range(TAGS))


def an_hour(number: int) -> Raw:
    """Every tag once a second."""
    index = np.arange(TAGS * HOUR)
    times = NOW + (number * HOUR + index // TAGS) * SECOND
    value = (number * HOUR + index // TAGS).astype(float)
    return raw_rows(index % TAGS, times + SECOND // 20, source_time=times, raw=value)


def memory_mb() -> float:
    """Resident memory of this process [MB]; NaN where the system does not say."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * 4096 / 1e6 if file.is_file() else math.nan


def open_files() -> int:
    """How many files this process has open."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.mark.slow
def test_hours_of_values_take_no_more_memory_than_one(tmp_path: Path) -> None:
    """5.8 million values, played twice: flat after the first, every value there, nothing open."""
    source = SourceConfig("plc", ("opc.tcp://x:1",))
    signals = tuple(SignalConfig(f"tag{n}", "plc", "line.n", "counter") for n in range(TAGS))
    mapping = Mapping("long", "tests", "1", {"plc": source}, signals, Path(), MAPPING)
    recording, rules = Recording(tmp_path / "feed", mapping), Rules(mapping)
    for number in range(HOURS):
        recording.add(rules.judge(an_hour(number)))
    recording.close()
    files, memory = open_files(), []
    for _ in range(2):
        replay = Replay(tmp_path / "feed")
        latest = Latest(replay.mapping)
        while (parcel := replay.take()) is not None:
            latest.take(parcel)
            memory.append(memory_mb())
        replay.close()
        assert latest.counts is not None
        assert latest.counts.rows == TAGS * HOUR * HOURS
        assert (latest.value == HOUR * HOURS - 1).all()
        assert sum(latest.counts.flags) == 0
    assert open_files() == files
    early, late = memory[len(memory) // 4], memory[-1]
    assert math.isnan(late) or late < early + 20.0, (early, late)
