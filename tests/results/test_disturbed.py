"""What the report says of disturbances: each with its amounts in the units that people read."""

from __future__ import annotations

from types import SimpleNamespace

from linetwin.results import disturbed
from linetwin.scenario import load
from linetwin.scenario.reread import load as reread

COATER = "cathode.coater"
WRITTEN = {
    f"address: {COATER}.web_speed, value: 1.5 m/min, from: 1 d, until: 2 d": (
        "cathode coater web speed", "value", "1.5 m/min", "what the machine does", "24 h", "2 d"),
    f"address: {COATER}.measured_loading, kind: drift, per_hour: 0.01 mg/cm2": (
        "cathode coater measured loading", "drift", "0.01 mg/cm² an hour", "what is measured",
        "0 s", "end of the run"),
    f"address: {COATER}.drying.air_temperature, kind: offset, offset: -10 K, at: 3 h, for: 3 h": (
        "cathode coater drying air temperature", "offset", "-10 K", "what the machine does",
        "3 h", "6 h"),
    f"address: {COATER}.measured_wear, kind: noise, deviation: 0.1, correlation_time: 10 min": (
        "cathode coater measured wear", "noise", "deviation 10 %, correlated over 10 min",
        "what is recorded", "0 s", "end of the run"),
    "address: cell.grading.measured_dcir, kind: dropout, share: 20 %": (
        "cell grading measured dcir", "dropout", "20 %", "what is measured", "0 s",
        "end of the run"),
    f"address: {COATER}.web_speed, kind: delay, delay: 15 min": (
        "cathode coater web speed", "delay", "15 min", "what the machine does", "0 s",
        "end of the run"),
    f"address: {COATER}.web_speed, kind: stuck": (
        "cathode coater web speed", "stuck", "at last", "what the machine does", "0 s",
        "end of the run"),
    f"address: {COATER}, kind: stop, cause: breakdown, at: 3 h": (
        "cathode coater", "stop", "breakdown", "the machine", "3 h", "mended"),
    f"address: {COATER}, kind: slow, speed: 70 %": (
        "cathode coater", "slow", "70 % of its speed", "the machine", "0 s", "end of the run"),
    f"address: {COATER}, kind: hazard, factor: 5": (
        "cathode coater", "hazard", "5 times as many failures", "the machine", "0 s",
        "end of the run"),
}  # fmt: skip


def test_each_kind_is_told() -> None:
    """From the resolved scenario, as it lies in the run folder."""
    options = [f"disturbances.d{number}={{{text}}}" for number, text in enumerate(WRITTEN)]
    content = reread(load("baseline", options).text)
    rows = disturbed.rows(SimpleNamespace(plan=SimpleNamespace(content=content)))  # type: ignore[arg-type]
    assert all(len(row) == len(disturbed.HEADS) for row in rows)
    assert {tuple(row[1:]) for row in rows} == set(WRITTEN.values())
    assert {row[0] for row in rows} == {f"d{number}" for number in range(len(WRITTEN))}
