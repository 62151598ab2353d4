"""A proposed change of a set value, with what was foretold of it; a plain file that people read.

The approval in it is signed, so that what a person approved cannot be changed in the file. What was
foretold is not signed: nothing is written because of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from linetwin.errors import ResultsError
from linetwin.twin.security.folders import PUBLIC_FILE
from linetwin.twin.security.folders import replace as replace_file

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Expected:
    """A quantity of a station's lots as it is, and as it will be; medians and 95 % intervals.

    `signal`: address of the plant's measurement that shows it, "" where none does; `deviation`:
    standard deviation of one reading of it, its unknown bias included.
    """

    station: str
    quantity: str
    unit: str
    now: tuple[float, float, float]
    then: tuple[float, float, float]
    signal: str = ""
    deviation: float = 0.0


@dataclass(frozen=True)
class Proposal:
    """A change of one set value; `approval`: the signed text, "" until a person has approved."""

    name: str
    address: str
    unit: str
    before: float
    after: float
    why: str
    expected: tuple[Expected, ...] = ()
    approval: str = ""

    def with_approval(self, text: str) -> Proposal:
        """Return the proposal as it was approved."""
        return replace(self, approval=text)

    def save(self, file: Path) -> None:
        """Write the file, in place of what was there."""
        text = json.dumps(asdict(self), indent=1)
        replace_file(file, f"{text}\n".encode(), PUBLIC_FILE)


def read_proposal(file: Path) -> Proposal:
    """Return the proposal of a file; ResultsError where it is none."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        expected = tuple(_expected(each) for each in data.pop("expected"))
        return Proposal(**data, expected=expected)
    except OSError as error:
        raise ResultsError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultsError(f"{file} is no proposal of a change: {error}") from error


def _expected(data: dict[str, Any]) -> Expected:
    now, then = tuple(map(float, data["now"])), tuple(map(float, data["then"]))
    return Expected(**{**data, "now": now, "then": then})
