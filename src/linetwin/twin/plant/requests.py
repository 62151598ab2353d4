"""Requests: a change of a set value is asked for at the panel, and accepted or refused.

A refusal names one reason, the first that is met in the order of `_reason`. A request that is
accepted holds from the next event of the line on.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.twin.plant.changes import Change
from linetwin.twin.plant.model import MODES, node_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linetwin.line.world import World
    from linetwin.twin.plant.model import InformationModel, Setpoint

REMEMBERED = 10_000
"""Names of requests that are remembered: none may come twice."""
TOLD = 20
"""Answers of a station that are shown: who has lost one may look for it later [A]."""
FIRST_YEAR = 1970
"""An expiry before it was never written: OPC UA counts from 1601."""
LONGEST_TEXT = 256
"""Characters of a request's texts that are taken [A]."""
_MAINTENANCE = next(number for number, name in MODES.items() if name == "Maintenance")


def cleaned(text: str) -> str:
    """Return what is taken of a text that a client has written: one line, of bounded length."""
    return "".join(each if each.isprintable() else " " for each in text[:LONGEST_TEXT])


@dataclass(frozen=True)
class Request:
    """What stood in the request tags of a station when a request was handed in.

    `user`: who had logged in, "" for nobody; `expiry` in UTC, None where none was given.
    """

    station: str
    setpoint: str
    value: float
    requester: str
    name: str
    expiry: datetime | None
    user: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a request; `reason` says why it was refused, "" where it was accepted.

    `before`: the set value until then, None where there is no such set value.
    """

    request: Request
    reason: str
    before: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the set value was changed."""
        return not self.reason

    def plain(self) -> dict[str, str | float | bool]:
        """Return it as plain data; a value that is no finite number as text, for JSON has none."""
        request = self.request
        return {
            "request": request.name,
            "requester": request.requester,
            "user": request.user,
            "setpoint": f"{request.station}.{request.setpoint}",
            "value": request.value if math.isfinite(request.value) else str(request.value),
            "accepted": self.accepted,
            "reason": self.reason,
        }


class Clerk:
    """Answers requests, and changes the line where one is accepted."""

    def __init__(self, model: InformationModel, now: Callable[[], datetime] | None = None) -> None:
        self._setpoints = {(each.tag.owner, each.tag.name): each for each in model.setpoints()}
        self._now = now or (lambda: datetime.now(UTC))
        self._met: deque[str] = deque(maxlen=REMEMBERED)
        self._told: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=TOLD))

    def remember(self, names: Iterable[str]) -> None:
        """Take names as answered before, as by the process that served this plant until now."""
        self._met.extend(names)

    def answer(self, request: Request, world: World) -> tuple[Answer, list[Change]]:
        """Return the answer, and what has changed by it."""
        answer = Answer(request, self._reason(request, world), self._before(request, world))
        self._met.append(request.name)
        station = request.station
        self._told[station].append(f"{request.name}\t{answer.reason}")
        told: dict[str, str | bool] = {
            "Reason": answer.reason,
            "Accepted": answer.accepted,
            "AnsweredId": request.name,
            "Answers": "\n".join(self._told[station]),
        }
        changes = [
            Change(node_of(station, "Commands", name), world.now, value, again=True)
            for name, value in told.items()
        ]
        if answer.accepted:
            setpoint = self._setpoints[station, request.setpoint]
            self._set(request, setpoint, world)
            changes.insert(0, Change(setpoint.tag.node, world.now, request.value))
        return answer, changes

    def _before(self, request: Request, world: World) -> float | None:
        setpoint = self._setpoints.get((request.station, request.setpoint))
        if setpoint is None:
            return None
        value = world.parameters[setpoint.address]
        return value[setpoint.index or 0] if isinstance(value, list) else value

    def _reason(self, request: Request, world: World) -> str:
        """Return why a request is refused, or ""."""
        setpoint = self._setpoints.get((request.station, request.setpoint))
        if not request.requester:
            return "nobody asks: Requester is empty"
        if request.name in self._met:
            return f"{request.name} was answered before: a request is good for once"
        if request.expiry is None or request.expiry.year < FIRST_YEAR:
            return "Expiry is missing"
        if request.expiry <= self._now():
            return f"expired at {request.expiry.isoformat(timespec='seconds')}"
        if setpoint is None:
            names = [name for path, name in self._setpoints if path == request.station]
            return f"no set value '{request.setpoint}' here: there are {', '.join(names)}"
        return self._forbids(request, setpoint, world)

    @staticmethod
    def _forbids(request: Request, setpoint: Setpoint, world: World) -> str:
        """Return what speaks against a request that is well-formed, or ""."""
        tag, unit = setpoint.tag, world.units[request.station]
        if not setpoint.by_request:
            return f"{tag.name} belongs to the validated recipe"
        if not math.isfinite(request.value):
            return f"{request.value} is no number"
        low, high = setpoint.takes
        if not low <= request.value <= high:
            which = ", the recipe's proven acceptable range" if setpoint.proven else ""
            return f"{request.value:g} {tag.unit} is outside {low:g} to {high:g} {tag.unit}{which}"
        if unit.state.mode == "Aborted":
            return f"the machine is Aborted: {unit.state.cause}"
        if unit.state.cause.startswith(MODES[_MAINTENANCE].lower()):
            return f"the machine is in {MODES[_MAINTENANCE]}: {unit.state.cause}"
        return ""

    @staticmethod
    def _set(request: Request, setpoint: Setpoint, world: World) -> None:
        by = f"request {request.name} of {request.requester}"
        by += f" ({request.user})" if request.user else ""
        cause = f"{by}: {setpoint.address}"
        world.log_event(request.station, "note", cause=cause, amount=request.value)
        if setpoint.index is None:
            world.override(setpoint.address, request.value)
            return
        row = world.parameters[setpoint.address]
        assert isinstance(row, list)  # noqa: S101  the model has made a tag of each number of a row
        changed = [*row]
        changed[setpoint.index] = request.value
        world.override(setpoint.address, changed)
