"""What FMUs say becomes log records, and never a flood."""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING

import pytest
from small_fmus import WEB

from linetwin.contracts import Phase
from linetwin.cosim import FmuTransform, messages
from linetwin.cosim.messages import FREE, MessageLog

if TYPE_CHECKING:
    from pathlib import Path

START = {"film_temperature": 300.0, "solvent_loading": 0.1}


def test_levels_follow_the_status(caplog: pytest.LogCaptureFixture) -> None:
    """OK is debug, warnings and discards are warnings, errors and fatal ones are louder."""
    log = MessageLog("m")
    with caplog.at_level(logging.DEBUG, "linetwin.fmu.m"):
        for status in range(5):
            log.record(status, "category", f"status {status}")
    assert [r.levelname for r in caplog.records] == [
        "DEBUG",
        "WARNING",
        "WARNING",
        "ERROR",
        "CRITICAL",
    ]
    assert {r.name for r in caplog.records} == {"linetwin.fmu.m"}
    assert log.last() == "status 1; status 2; status 3; status 4"


def test_alike_messages_thin_out(caplog: pytest.LogCaptureFixture) -> None:
    """A million messages that differ in numbers alone give a few records; others still pass."""
    log = MessageLog("m")
    with caplog.at_level(logging.WARNING, "linetwin.fmu.m"):
        for index in range(100_000):
            log.record(1, "", f"x = {index}.5e-3 is out of range")
        log.record(1, "", "something else")
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == FREE + 13 + 1  # 16, 32 ... 65,536
    assert texts[FREE].endswith("(alike messages so far: 16)")
    assert texts[-1] == "something else"


def words(count: int) -> list[str]:
    """Texts that differ in more than numbers."""
    letters = "abcdefghij"
    return ["".join(letters[int(digit)] for digit in str(index)) for index in range(count)]


def test_memory_of_kinds_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Messages that are all different are counted together once there are too many kinds."""
    log = MessageLog("m")
    with caplog.at_level(logging.WARNING, "linetwin.fmu.m"):
        for index, text in enumerate(words(5_000)):
            log.record(1, f"category {index % 200}", text)
            log.record(1, "one", text)
    counts = log._thinning._counts
    assert len(counts) <= 51
    assert all(len(kinds) <= 101 for kinds in counts.values())
    of_one = [r.getMessage() for r in caplog.records if vars(r)["category"] == "one"]
    assert len(of_one) == 100 + FREE + 9  # 16, 32 ... 4096
    assert of_one[-1].endswith("(other messages of category 'one' so far: 4096)")


def test_instances_of_an_fmu_share_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand instances that all warn are no flood; another FMU and category have their own."""
    logs = [MessageLog("m") for _ in range(1_000)]
    other = MessageLog("n")
    with caplog.at_level(logging.WARNING, "linetwin.fmu"):
        for log in logs:
            log.record(1, "solver", "the step is small")
        assert len(caplog.records) == FREE + 6  # 16 ... 512
        logs[0].record(1, "inputs", "the step is small")
        other.record(1, "solver", "the step is small")
        assert len(caplog.records) == FREE + 8


def test_what_was_held_back_is_told_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """With the last instance, by category, as loud as the loudest; nothing where all was shown."""
    first, second = MessageLog("m"), MessageLog("m")
    with caplog.at_level(logging.WARNING, "linetwin.fmu.m"):
        for log in (first, second):
            for _ in range(20):
                log.record(1, "solver", "the step is small")
        for _ in range(FREE + 2):
            second.record(3, "inputs", "out of range")
        second.record(1, "once", "hello")
        caplog.clear()
        del first
        gc.collect()
        assert caplog.records == []
        del second, log
        gc.collect()
    told = [(r.levelname, r.getMessage()) for r in caplog.records]
    shown = FREE + 2  # 16, 32
    assert told == [
        ("WARNING", f"{40 - shown} messages of category 'solver' were not shown"),
        ("ERROR", "2 messages of category 'inputs' were not shown"),
    ]


def test_an_fmu_warns_by_name(web: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Out of range is a warning record of the model's logger that names the variable."""
    with caplog.at_level(logging.WARNING, "linetwin.fmu"):
        FmuTransform(web, WEB).apply(START, [Phase({"air_temperature": 480.0, "mode": 1.0}, 1.0)])
    assert [r.name for r in caplog.records] == ["linetwin.fmu.web"]
    assert "air_temperature" in caplog.records[0].getMessage()


def test_messages_without_an_owner(caplog: pytest.LogCaptureFixture) -> None:
    """A message that comes after its instance is gone, or without a key, is not lost."""
    with caplog.at_level(logging.WARNING, "linetwin.fmu"):
        messages.deliver(None, 1, None, b"late \xff")
    assert caplog.records[0].name == "linetwin.fmu.unknown"
    assert caplog.records[0].getMessage().startswith("late")
    assert messages._LOGS.keys().isdisjoint({0})


@pytest.mark.parametrize("rounds", [50])
def test_instances_leave_no_keys_behind(web: Path, rounds: int) -> None:
    """Instances that were freed, or simply dropped, are forgotten."""
    before = len(messages._LOGS)
    for _ in range(rounds):
        transform = FmuTransform(web, WEB)
        transform.apply(START, [Phase({"air_temperature": 400.0, "mode": 1.0}, 1.0)])
        del transform
    assert len(messages._LOGS) == before
