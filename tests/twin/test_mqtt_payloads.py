"""What a message of a broker says: paths into JSON, times, states, and what cannot be read."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.scenario.mapped import BrokerConfig, SignalConfig
from linetwin.twin.columns import NO_TIME, SECOND
from linetwin.twin.feed.mqtt.payloads import NO_VALUE, UNREADABLE, Message, Reading, moment_of

BROKER = BrokerConfig(status="quality")


def signal(field: str = "", kind: str = "measurement") -> SignalConfig:
    """A signal of a topic."""
    return SignalConfig("s", "b", "coater.web_speed", kind, topic="t", field=field)


def read(payload: object, field: str = "", kind: str = "measurement") -> Reading | None:
    """What a message says; text is sent as it is, all else as JSON."""
    sent = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
    message = Message(sent.encode() if isinstance(sent, str) else sent, BROKER)
    return message.reading(signal(field, kind))


NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters=" -_"))


@settings(max_examples=50, deadline=None)
@given(
    path=st.lists(st.one_of(NAMES.filter(bool), st.integers(0, 3)), min_size=1, max_size=5),
    value=st.floats(-1e9, 1e9),
)
def test_a_path_leads_to_the_value(path: list[str | int], value: float) -> None:
    """Whatever objects and lists stand around it; the same path cut short leads to no value."""
    content: object = value
    for step in reversed(path):
        content = {step: content} if isinstance(step, str) else [*[None] * step, content]
    words = ".".join(map(str, path))
    found = read(content, words)
    assert found is not None
    assert found.number == value
    assert found.status == 0
    assert read(content, words + ".x") is None
    if len(path) > 1:
        short = read(content, ".".join(map(str, path[:-1])))
        assert short is not None
        assert short.status in {UNREADABLE, NO_VALUE}


@pytest.mark.parametrize(
    ("payload", "kind", "number", "text", "status"),
    [
        ("12.5", "measurement", 12.5, None, 0),
        (" 1e3\n", "measurement", 1000.0, None, 0),
        ('{"value": "12.5"}', "measurement", 12.5, None, 0),
        ('{"value": true}', "state", 1.0, None, 0),
        ("Execute", "state", None, "Execute", 0),
        ("007", "lot", None, "007", 0),
        ('{"value": 7}', "lot", None, "7", 0),
        ('{"value": null}', "measurement", None, None, NO_VALUE),
        ("", "measurement", None, None, NO_VALUE),
        ('{"value": {"x": 1}}', "measurement", None, '{"value": {"x": 1}}', UNREADABLE),
        ('{"value": 1', "measurement", None, '{"value": 1', UNREADABLE),
        (b"\xff\xfe", "measurement", None, "\ufffd\ufffd", UNREADABLE),
        ('{"value": 1, "quality": "Bad"}', "measurement", 1.0, None, 0x80000000),
        ('{"value": 1, "quality": "uncertain"}', "measurement", 1.0, None, 0x40000000),
        ('{"value": 1, "quality": 192}', "measurement", 1.0, None, 192),
        ('{"value": 1, "quality": "what?"}', "measurement", 1.0, None, 0x80000000),
        ("[" * 100_000, "measurement", None, "[" * 200, UNREADABLE),
        (f'{{"value": 1{"0" * 400}}}', "measurement", None, '{"value": 1' + "0" * 189, UNREADABLE),
    ],
)
def test_what_a_message_says(
    payload: str | bytes, kind: str, number: float | None, text: str | None, status: int
) -> None:
    """Numbers, text, lots with their zeros; what cannot be read is bad, its beginning kept."""
    found = read(payload, kind=kind)
    assert found is not None
    assert math.isnan(found.number) if number is None else found.number == number
    assert (found.text, found.status) == (text, status)


NOON = round(datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC).timestamp() * 4) * SECOND // 4


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (NOON / SECOND, (NOON, True)),
        (NOON // 10**6, (NOON, True)),
        (NOON // 10**3, (NOON, True)),
        (str(NOON // 10**6), (NOON, True)),
        ("2026-11-21T12:00:00.250Z", (NOON, True)),
        ("2026-11-21T13:00:00.25+01:00", (NOON, True)),
        ("2026-11-21 12:00:00.25", (NOON, False)),
        ("soon", (NO_TIME, False)),
        (None, (NO_TIME, True)),
        (True, (NO_TIME, True)),
        (math.nan, (NO_TIME, True)),
        (1e300, (NO_TIME, True)),
        (99_999_999_999, (NO_TIME, True)),
        (9_200_000_000_000_000_000, (NO_TIME, True)),
        ("0001-01-01T00:00:00Z", (NO_TIME, False)),
        ("2262-12-31", (NO_TIME, False)),
    ],
)
def test_a_stamp_is_read_in_whatever_unit_it_counts(
    stamp: object, expected: tuple[int, bool]
) -> None:
    """Seconds, ms, us since 1970 by their size; ISO 8601 with a zone or without."""
    assert moment_of(stamp) == expected


def test_a_message_without_the_path_says_nothing() -> None:
    """JSON that leaves a field out is no bad value; a path into plain text is."""
    assert read({"other": 1.0}) is None
    plain = read("12.5", "data.speed")
    assert plain is not None
    assert plain.status == UNREADABLE
