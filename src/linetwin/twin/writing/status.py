"""How a running twin is: a small file that it replaces every second, for whoever acts on it.

A saved twin is minutes old; this is not. Its age is checked: a twin that has ended, hangs or cannot
write tells nothing any more, and nothing is written on its word.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from linetwin.results.display import counted
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.contact import IN_STEP, OUT_OF_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Mapping as ReadOnly
    from datetime import datetime
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import Scenario
    from linetwin.scenario.twin import TwinConfig
    from linetwin.twin.assimilating.rows import Finding

STATUS = "twin.status"
"""Name of the file in the twin's folder."""
GOOD_S = 5.0
"""A word is good for so long, of which there is one a second [A]."""
EVERYWHERE = "twin"
"""Stands for all stations where something holds of the twin as a whole."""
_REMEDY = "let linetwin live run follow the plant until it is in step"
_SHOWN = 12
"""Digits that are shown of a twin's identity."""
_NAMED = 3
"""Stale signals that are named; the others are counted."""
_EXPLAINED = ("drift", "bias")
"""Findings that are named: what is foretold reckons with them."""


@dataclass(frozen=True)
class Status:
    """A running twin's word for itself; instants in s UTC.

    `told`: when it said so; `state`: `in step`, `out of step` (stations of which that holds are in
    `held`), or what is wrong; `heard`: when what it has taken last had come from the plant;
    `held`: station -> why nobody should act on what is told of it; `age_s`: of the data that it has
    worked in, in line time [s], None where that is not known; `twin`: which twin it is; `plants`:
    application URIs of the servers that it follows; `waiting`: instrument -> lots that readings
    name and that have not been handed over, for people.
    """

    told: float
    state: str
    heard: float | None
    held: ReadOnly[str, str] = field(default_factory=dict)
    age_s: float | None = None
    twin: str = ""
    plants: tuple[str, ...] = ()
    waiting: ReadOnly[str, Sequence[str]] = field(default_factory=dict)

    def said(self, now: float) -> str:
        """Return how the twin is at an instant [s UTC]: its word, or why there is none."""
        silent_s = now - self.told
        if abs(silent_s) <= GOOD_S:
            return self.state
        if silent_s < 0.0:
            return f"its clock is {-silent_s:.0f} s ahead of this machine's"
        return f"no word for {silent_s:.0f} s"


class StatusFile:
    """The file in a twin's folder; one process writes it, any may read it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / STATUS

    def tell(self, status: Status) -> None:
        """Replace the file; where that fails it grows old, which says enough."""
        draft = self._file.with_name(f"{STATUS}.new")
        content = asdict(status) | {"good_until": status.told + GOOD_S}
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(content), encoding="utf-8")
            draft.replace(self._file)

    def end(self) -> None:
        """Take the file away: the twin has ended."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def read(self) -> Status | None:
        """Return what the twin says; None where it says nothing that can be read."""
        try:
            data = json.loads(self._file.read_text(encoding="utf-8"))
            heard = data["heard"]
            held = {str(key): str(value) for key, value in data["held"].items()}
            told, age_s = float(data["told"]), data["age_s"]
            return Status(
                told,
                str(data["state"]),
                None if heard is None else float(heard),
                held,
                None if age_s is None else float(age_s),
                str(data["twin"]),
                tuple(map(str, data["plants"])),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def check_status(status: Status | None, limit_s: float, now: datetime) -> Status:
    """Return the word of a twin that runs and follows; RefusedError where it does not.

    `limit_s`: how old its word, and the plant's last, may be; a word from the future is none.
    """
    age_s = math.inf if status is None else now.timestamp() - status.told
    if status is None or not abs(age_s) <= limit_s:
        said = f"no word of it for {age_s:.0f} s" if math.isfinite(age_s) else "it does not run"
        message = f"the twin: {said}; at most {limit_s:g} s are allowed"
        raise refusal(Reason.HEARTBEAT, message, "start it: linetwin live run")
    if status.state not in (IN_STEP, OUT_OF_STEP):  # which stations are behind stands in `held`
        raise refusal(Reason.NOT_FOLLOWING, f"the twin is: {status.state}", _REMEDY)
    quiet_s = math.inf if status.heard is None else now.timestamp() - status.heard
    if quiet_s > limit_s:
        when = f"{quiet_s:.0f} s ago" if math.isfinite(quiet_s) else "never"
        message = f"the twin heard the plant {when}; at most {limit_s:g} s are allowed"
        raise refusal(Reason.NOT_FOLLOWING, message, _REMEDY)
    return status


def check_plant(status: Status, plant: str) -> None:
    """Raise RefusedError unless the twin follows the plant of this application URI."""
    if plant not in status.plants:
        followed = ", ".join(status.plants) or "no OPC UA server that has told its URI"
        message = f"the twin follows {followed}; the policy is for {plant}"
        raise refusal(Reason.OTHER_TWIN, message, "name the twin of that plant, or its policy")


def check_twin(status: Status, twin: str) -> None:
    """Raise RefusedError unless a twin is the one by which a change was approved."""
    if status.twin != twin:
        message = f"it was approved by twin {twin[:_SHOWN]}, this is {status.twin[:_SHOWN]}"
        raise refusal(Reason.OTHER_TWIN, message, "name that twin, or have it approved by this one")


def identity_of(scenario: Scenario, mapping: Mapping) -> str:
    """Return which twin it is: the SHA-256 of its scenario and of the endpoints it follows."""
    ends = sorted({each for source in mapping.sources.values() for each in source.endpoints})
    return hashlib.sha256("\n".join([scenario.text, *ends]).encode()).hexdigest()


def check_station(status: Status, station: str) -> None:
    """Raise RefusedError where something holds at a station, or of the twin as a whole."""
    for place in (EVERYWHERE, station):
        if place in status.held:
            message = f"{place}: {status.held[place]}"
            raise refusal(Reason.HELD, message, "see why, and wait until the twin knows better")


def doubts(findings: Iterable[Finding], config: TwinConfig) -> dict[str, str]:
    """Return station -> what the twin finds there and cannot explain.

    A drift or a bias that is named is reckoned with; what is ambiguous, or only seen, is not.
    """
    stations = {each.name: each.station for each in config.states}
    found: dict[str, str] = {}
    for each in findings:
        if each.kind not in _EXPLAINED:
            places = {stations[name] for name in each.names if name in stations} or {EVERYWHERE}
            found |= dict.fromkeys(places, f"the twin finds: {each.kind}: {each.text}")
    return found


def unheard(
    suspended: Sequence[str], stale: ReadOnly[str, Sequence[str]], behind: ReadOnly[str, int]
) -> dict[str, str]:
    """Return station -> why what the twin knows of it does not count just now.

    `stale`: signals of which nothing has come for too long; `behind`: lots that it has yet to make.
    """
    found = {path: f"stale: {_some(names)}" for path, names in stale.items() if names}
    found |= {
        path: f"the twin is {counted(lots, 'lot')} behind" for path, lots in behind.items() if lots
    }
    return found | dict.fromkeys(suspended, "suspended by the plant's state or mode")


def _some(names: Sequence[str]) -> str:
    others = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{others}"
