"""Mistakes of a mapping file that would do harm in silence: each is refused with its place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_mapping import BROKER, MAPPING, read

from linetwin.errors import ScenarioError
from linetwin.scenario import load

if TYPE_CHECKING:
    from linetwin.scenario.resolved import Scenario

CLOCK = "    clock: {owner: automation"
SPEED = "address: cathode.coater.web_speed, unit: m/s"
LOTS = "signals:\n"
USED = "lots:\n  foil: {made: [lot], used: {lot: lot}}\nsignals:\n"


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    """The line that addresses are checked against."""
    return load("baseline")


@pytest.mark.parametrize(
    ("text", "old", "new", "key"),
    [
        (MAPPING, "maximum: 30", "minimum: 31 m/min\n    maximum: 30", "signals.speed.minimum"),
        (
            MAPPING,
            "  air:",
            f"  again: {{source: plc, node: i=1, {SPEED}}}\n  air:",
            "signals.again.address",
        ),
        (MAPPING, LOTS, USED, "lots.foil.used.lot"),
        (MAPPING, "schema: 1", "schema: true", "schema"),
        (MAPPING, "{0: Stopped", "{true: Stopped", "states.vendor.codes.true"),
        (MAPPING, "{0: Stopped", "{1.5: Stopped", "states.vendor.codes.1.5"),
        (MAPPING, "//plc-b:", "//plc-b :", "sources.plc.endpoints.1"),
        (MAPPING, "//plc-b:", "//plc-a:", "sources.plc.endpoints.1"),
        (BROKER, "topic: a/b", 'topic: "a\\0b"', "signals.speed.topic"),
        (BROKER, ", offline: [OFF]", "", "sources.gateway.alive.offline"),
        (BROKER, CLOCK, "    tag: t\n" + CLOCK, "sources.gateway.tag"),
        *(
            (MAPPING, CLOCK, f"    {key}: x\n{CLOCK}", f"sources.plc.{key}")
            for key in ("tag", "value", "time", "lot", "status")
        ),
        (MAPPING, "    tag: sample", "    security: {user: x}", "sources.laboratory.security"),
        (MAPPING, "    tag: sample", "    history: true", "sources.laboratory.history"),
        (MAPPING, "    tag: sample", "    publishing: 1 s", "sources.laboratory.publishing"),
        (MAPPING, "    tag: sample", "    keep_alive: 3", "sources.laboratory.keep_alive"),
        (MAPPING, "    tag: sample", "    time_format: '%H'", "sources.laboratory.time_format"),
    ],
)
def test_a_mistake_is_refused(
    tmp_path: Path, baseline: Scenario, text: str, old: str, new: str, key: str
) -> None:
    """One problem, with file, line and key, and what is allowed."""
    assert old in text
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text.replace(old, new, 1), baseline)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert problem.line is not None
    assert problem.hint


def test_a_state_that_packml_does_not_have_is_told_with_those_that_it_has(tmp_path: Path) -> None:
    """Running is none: Execute is meant, which no spelling tells."""
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, MAPPING.replace("20: Execute", "20: Runing"))
    (problem,) = caught.value.problems
    assert all(name in problem.hint for name in ("Execute", "Held", "Suspended"))


def test_a_mapping_without_signals_is_refused(tmp_path: Path) -> None:
    """It would read nothing, and say so of nothing."""
    text = MAPPING[: MAPPING.index("signals:")] + "signals: {}\n"
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    assert [each.key for each in caught.value.problems] == ["signals"]
