"""What disturbed a run, as the report tells it: how, on what it acted, from when until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.results import display

if TYPE_CHECKING:
    from linetwin.results.kpis import Facts

HEADS = ["name", "address", "kind", "how much", "acts on", "from", "until"]
_ACTS_ON = {
    "value": "what the machine does",
    "input": "what the machine does",
    "machine": "the machine",
    "reading": "what is measured",
    "signal": "what is recorded",
}


def rows(facts: Facts) -> list[list[str]]:
    """Return a row per disturbance of the scenario, in the order written; empty without any."""
    return [_row(each) for each in facts.plan.content.get("disturbances") or []]


def _row(each: dict[str, Any]) -> list[str]:
    kind = str(each.get("kind", "value"))
    return [
        str(each.get("name", "")),
        display.name(str(each["address"])),
        kind.replace("_", " "),
        _amount(kind, each),
        _ACTS_ON[str(each.get("acts_on", "value"))],
        display.duration(_seconds(each, "from")),
        _until(kind, _seconds(each, "until")),
    ]


def _until(kind: str, seconds: float | None) -> str:
    if seconds is None:
        return "mended" if kind in {"stop", "tool_break"} else "end of the run"
    return display.duration(seconds)


def _seconds(each: dict[str, Any], key: str) -> float | None:
    """Return a time in s; None for the end of the run, or of a repair."""
    return None if each.get(key) is None else float(each[key]["value"])


def _amount(kind: str, each: dict[str, Any]) -> str:
    """Return the amounts of a disturbance as text."""
    quantity = str(each["address"]).rsplit(".", 1)[-1]
    unit = str(each.get("unit", ""))
    if kind in {"value", "stuck"}:
        return display.parameter(each["value"], unit, quantity) if "value" in each else "at last"
    told = {
        "offset": lambda: _difference(each["offset"], quantity),
        "drift": lambda: f"{_difference(each['rate'] * 3600, quantity)} an hour",
        "noise": lambda: _noise(each, quantity),
        "dropout": lambda: display.share(each.get("share", 1.0)),
        "delay": lambda: display.duration(_seconds(each, "delay")),
        "slow": lambda: f"{display.share(each['factor'])} of its speed",
        "hazard": lambda: f"{display.plain(each['factor'])} times as many failures",
    }
    return told[kind]() if kind in told else str(each.get("cause", ""))


def _noise(each: dict[str, Any], quantity: str) -> str:
    spread = f"deviation {_difference(each['deviation'], quantity)}"
    if "correlation_time" not in each:
        return spread
    return f"{spread}, correlated over {display.duration(_seconds(each, 'correlation_time'))}"


def _difference(number: float, quantity: str) -> str:
    """Return a difference in the display unit; the zero of a scale does not count."""
    scale = display.scale(quantity)
    unit = "K" if scale.offset else scale.unit
    return f"{display.plain(scale.factor * number, 4)} {unit}".strip()
