"""What may stand in a quality policy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from linetwin.scenario.absent import Given
from linetwin.scenario.written import Strict, formed

Severity = Literal["safety", "function", "cosmetic"]
_NUMBER = r"\d+(\.\d+)?"
Share = Annotated[str, formed(rf"{_NUMBER} %", "share", "0 % or more, such as 2 %")]
Money = Annotated[
    str, formed(rf"{_NUMBER} [A-Z]{{3}}", "sum of money", "0 or more with a currency: 8.5 EUR")
]


class CharacteristicWritten(Strict):
    """What a fault of one column of the run's cells weighs.

    `bad`: the value of a column of 0 and 1 that is the fault; `limits`: of a column of numbers,
    `at least 4.9 A.h`, those of grade A in the scenario where left out; `ceiling_ppm`: faults that
    may escape, of a safety characteristic.
    """

    severity: Severity
    bad: Literal[0, 1] = 1
    limits: Annotated[str | None, Given] = None
    ceiling_ppm: Annotated[float | int | None, Given, Field(gt=0, le=1e6)] = None
    cost_of_escape: Annotated[Money | None, Given] = None
    cost_of_false_alarm: Annotated[Money | None, Given] = None
    tag: Literal["V", "D", "M", "A"]
    source: Annotated[str, Field(min_length=1)]


class PolicyFile(Strict):
    """A quality policy: severity, ceilings, costs and the share that is audited.

    `audit_half_width`: as many more finish in quarantine as tell the share of faults among the
    stopped cells to this; `second_person`: whether a safety class is overridden by two only.
    """

    version: Literal[1] = Field(alias="schema")
    policy: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    audit_share: Share
    audit_half_width: Annotated[Share | None, Given] = None
    second_person: bool = True
    characteristics: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], CharacteristicWritten],
        Field(min_length=1),
    ]
