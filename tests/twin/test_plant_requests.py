"""A request changes the line where it is accepted, and is refused with its reason otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from plant_support import panelled, scenario_of

from linetwin.cli.plant import answered_before
from linetwin.errors import ResultsError
from linetwin.results.audit import AuditLog
from linetwin.twin.plant.requests import LONGEST_TEXT, Clerk, Request, cleaned

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPEED = 1.7 / 60
GOOD = Request(
    "cathode.coater", "web_speed", SPEED, "press room", "r-1", NOW + timedelta(minutes=1), "ann"
)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The pilot line."""
    return scenario_of()


@pytest.fixture
def office(scenario: Scenario) -> tuple[Clerk, World]:
    """A clerk, and a line that has just begun."""
    world, _, _, model = panelled(scenario)
    world.begin()
    return Clerk(model, lambda: NOW), world


def test_an_accepted_request_changes_the_line_and_its_panel(office: tuple[Clerk, World]) -> None:
    """The live value is what was asked for, and the events say by whom."""
    clerk, world = office
    before = world.parameters["cathode.coater.web_speed"]
    answer, changes = clerk.answer(GOOD, world)
    assert answer.accepted
    assert answer.before == before
    assert world.parameters["cathode.coater.web_speed"] == SPEED
    told = {change.node.rpartition("/")[2]: change.value for change in changes}
    assert told.pop("Answers") == "r-1\t"
    assert told == {"web_speed": SPEED, "Accepted": True, "Reason": "", "AnsweredId": "r-1"}
    rows = world.sink._onward.of("events")  # type: ignore[attr-defined]
    assert any("request r-1 of press room (ann)" in row["cause"] for row in rows)


def test_one_number_of_a_row_is_changed_alone(office: tuple[Clerk, World]) -> None:
    """Of the dryer's zones only the one that was named changes."""
    clerk, world = office
    before = list(world.parameters["cathode.coater.zone_temperatures"])  # type: ignore[arg-type]
    answer, _ = clerk.answer(replace(GOOD, setpoint="zone_temperatures_2", value=385.0), world)
    assert answer.accepted
    after = world.parameters["cathode.coater.zone_temperatures"]
    assert after == [before[0], 385.0, *before[2:]]


WRONG = {
    "nobody asks": {"requester": ""},
    "Expiry is missing": {"expiry": None},
    "expired at 2026-11-21T11:59:59": {"expiry": NOW - timedelta(seconds=1)},
    "no set value 'speed' here": {"setpoint": "speed"},
    "belongs to the validated recipe": {"setpoint": "loading_tolerance", "value": 0.04},
    "is no number": {"value": float("nan")},
    "is outside 0.0266667 to 0.035 m/s, the recipe's proven acceptable range": {"value": 0.036},
    "is outside 0.00495 to 0.00825 kg/m3": {"setpoint": "exhaust_concentration", "value": 0.02},
    "electrolyte_dose belongs to the validated recipe": {
        "station": "cell.filler",
        "setpoint": "electrolyte_dose",
        "value": 0.0115,
    },
}


@pytest.mark.parametrize("reason", WRONG)
def test_a_wrong_request_is_refused_with_its_reason(
    office: tuple[Clerk, World], reason: str
) -> None:
    """The set value stays, and the reason says what is wrong."""
    clerk, world = office
    before = dict(world.parameters)
    answer, changes = clerk.answer(replace(GOOD, **WRONG[reason]), world)  # type: ignore[arg-type]
    assert not answer.accepted
    assert reason in answer.reason
    assert world.parameters == before
    told = {change.node: change.value for change in changes}
    assert told[f"{answer.request.station}/Commands/Accepted"] is False


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_written_down_as_text(
    office: tuple[Clerk, World], value: float
) -> None:
    """A refused request for it stands in the manifest, which is JSON and has no such numbers."""
    clerk, world = office
    answer, _ = clerk.answer(replace(GOOD, value=value), world)
    written = json.loads(json.dumps(answer.plain(), allow_nan=False))
    assert written["accepted"] is False
    assert written["value"] == str(value)


def test_a_request_is_good_for_once(office: tuple[Clerk, World]) -> None:
    """The same name a second time is refused, whatever became of the first."""
    clerk, world = office
    assert clerk.answer(GOOD, world)[0].accepted
    again, _ = clerk.answer(replace(GOOD, value=0.03), world)
    assert "answered before" in again.reason
    assert world.parameters["cathode.coater.web_speed"] == SPEED


def test_a_broken_machine_takes_no_request(office: tuple[Clerk, World]) -> None:
    """A machine that is Aborted or under maintenance refuses."""
    clerk, world = office
    state = world.units["cathode.coater"].state
    state.mode, state.cause = "Aborted", "breakdown"
    assert "is Aborted: breakdown" in clerk.answer(GOOD, world)[0].reason
    state.mode, state.cause = "Stopped", "maintenance: rollers"
    assert "Maintenance" in clerk.answer(replace(GOOD, name="r-2"), world)[0].reason


def test_texts_of_a_request_are_one_line_of_bounded_length() -> None:
    """Line feeds and control characters are blanks; what is too long is cut."""
    assert cleaned("ann\nroot: all is well\x1b[2J") == "ann root: all is well [2J"
    assert cleaned("x" * 100_000) == "x" * LONGEST_TEXT


def test_a_name_that_another_process_has_answered_is_refused(
    office: tuple[Clerk, World], tmp_path: Path
) -> None:
    """The plant was started anew: its log has the names; a harmed log does not go on."""
    clerk, world = office
    log = AuditLog(tmp_path / "audit.jsonl")
    assert answered_before(log.file) == []
    log.append("press room", "request r-1: expired at noon: late", about="cathode.coater.web_speed")
    log.append("ann", "trust accepted", about="r-2")
    assert answered_before(log.file) == ["r-1"]
    clerk.remember(answered_before(log.file))
    assert "answered before" in clerk.answer(GOOD, world)[0].reason
    log.file.write_bytes(log.file.read_bytes().replace(b"r-1", b"r-7"))
    with pytest.raises(ResultsError, match="audit verify"):
        answered_before(log.file)
