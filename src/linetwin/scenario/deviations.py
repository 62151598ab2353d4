"""What disturbs a line beside values that are set: deviations of one number, faults of a machine.

Plain data in canonical units, as `scenario/disturbing.py` reads it and the line acts on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.problems import Place

DeviationKind = Literal["offset", "drift", "noise", "stuck", "dropout", "delay"]
FaultKind = Literal["stop", "slow", "tool_break", "hazard"]
DisturbanceKind = Literal["value", DeviationKind, FaultKind]
DEVIATIONS: tuple[str, ...] = get_args(DeviationKind)
FAULTS: tuple[str, ...] = get_args(FaultKind)
Subject = Literal["value", "reading", "signal", "input"]
"""What a deviation acts on: a live value, what a gauge reads, a recorded signal, a model's input.

A live value or an input is what the machine really does; the other two only what is known of it.
"""
KNOWN_ONLY: tuple[Subject, ...] = ("reading", "signal")
TIMES = ("correlation_time", "delay")
"""Amounts that are ticks."""
MEASURED = "measured_"
"""How the name of a reading or signal begins in an address, and that of its column."""


@dataclass(frozen=True)
class Deviation:
    """How one number of one station deviates between two ticks.

    `address`: station and what follows it; `what`: the quantity, and for an input `process` the
    process whose model takes it. `amounts`: name -> number: `offset` in `unit`, `rate` in `unit`
    per s, `deviation` in `unit`, `correlation_time` and `delay` in ticks, `share`; `value` that
    it is stuck at is a number or a row of them, None for the last one. What comes out stays within
    `minimum` and `maximum`. `end_tick` None: for good.
    """

    name: str
    address: str
    station: str
    subject: Subject
    what: str
    kind: DeviationKind
    start_tick: int
    end_tick: int | None
    amounts: Mapping[str, float] = field(default_factory=dict)
    value: float | tuple[float, ...] | None = None
    process: str = ""
    unit: str = ""
    minimum: float = float("-inf")
    maximum: float = float("inf")
    place: Place | None = None

    def acts_at(self, tick: int) -> bool:
        """Whether it acts at a tick: from its start, no longer at its end."""
        return self.start_tick <= tick and (self.end_tick is None or tick < self.end_tick)


@dataclass(frozen=True)
class Fault:
    """A fault of one machine.

    `stop`: it stands still until `end_tick`, or until its crew has repaired `cause` where that is
    None; `slow`: it works at `factor` of its speed; `tool_break`: its tool breaks at `start_tick`;
    `hazard`: its failures and micro-stops come `factor` times as often.
    """

    name: str
    station: str
    kind: FaultKind
    start_tick: int
    end_tick: int | None
    cause: str = ""
    factor: float = 1.0

    def acts_at(self, tick: int) -> bool:
        """Whether it acts at a tick: from its start, no longer at its end."""
        return self.start_tick <= tick and (self.end_tick is None or tick < self.end_tick)

    @property
    def is_instant(self) -> bool:
        """Whether it strikes once, and is over when what it did has been mended."""
        return self.kind == "tool_break" or (self.kind == "stop" and self.end_tick is None)


def deviation_text(deviation: Deviation) -> dict[str, Any]:
    """Return a deviation as the resolved scenario and the manifest tell it."""
    value = deviation.value
    stuck = {} if value is None else {"value": list(value) if isinstance(value, tuple) else value}
    return {
        "name": deviation.name,
        "address": deviation.address,
        "kind": deviation.kind,
        "acts_on": deviation.subject,
        **{
            name: seconds(round(amount)) if name in TIMES else amount
            for name, amount in deviation.amounts.items()
        },
        **stuck,
        "unit": deviation.unit,
        **_times(deviation),
    }


def fault_text(fault: Fault) -> dict[str, Any]:
    """Return a fault as the resolved scenario and the manifest tell it."""
    own: dict[str, Any] = {"cause": fault.cause} if fault.cause else {}
    if fault.kind in {"slow", "hazard"}:
        own["factor"] = fault.factor
    return {
        "name": fault.name,
        "address": fault.station,
        "kind": fault.kind,
        "acts_on": "machine",
        **own,
        **_times(fault),
    }


def seconds(ticks: int | None) -> dict[str, Any] | None:
    """Return ticks of 1 ms as the resolved scenario tells a time."""
    return None if ticks is None else {"value": ticks / 1000, "unit": "s"}


def _times(disturbance: Deviation | Fault) -> dict[str, Any]:
    return {"from": seconds(disturbance.start_tick), "until": seconds(disturbance.end_tick)}
