"""Alerts: few, each with an action; acknowledged, shelved, and not repeated while they hold.

A sign that holds is one alert however often it is seen. It has cleared when it was not seen for
`clears_after` of line time, or at once where a correction has withdrawn its finding; coming back
after that it is raised anew. When more were raised in a day than the budget has, those of less than
high priority are gathered into one until there is room again. Other times, budget and shelves
among them, are seconds of one clock that the caller has: UTC beside a plant.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from linetwin.errors import Problem, ScenarioError
from linetwin.twin.board.signs import SEEN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from linetwin.scenario.twin import AlertConfig
    from linetwin.twin.board.signs import Sign

DAY_S = 86_400.0
GATHERED = "gathered"
"""Identifier of the one alert that stands for all beyond the budget."""
RANK = {"high": 0, "medium": 1, "low": 2}
Told = dict[str, Any]


@dataclass
class Alert:
    """One alert; `since`: tick from which the sign holds; `raised`, `seen`: seconds.

    `active`: it holds still; `apart`: gathered with others, the budget being used up. `names`:
    estimates and instruments that it is about. `seen_tick`: of the line, when it was last seen.
    `withdrawn`: it has cleared because its finding was taken back.
    """

    id: str
    key: str
    kind: str
    priority: str
    text: str
    action: str
    since: int
    raised: float
    seen: float
    active: bool = True
    apart: bool = False
    acknowledged_by: str = ""
    acknowledged: float = 0.0
    shelved_until: float = 0.0
    shelved_by: str = ""
    reason: str = ""
    names: list[str] = field(default_factory=list)
    seen_tick: int = 0
    withdrawn: bool = False

    @property
    def is_shelved(self) -> bool:
        """Whether it is out of sight for a while."""
        return self.shelved_until > 0

    @property
    def state(self) -> str:
        """How it stands in a word."""
        if self.is_shelved:
            return "shelved"
        if not self.active:
            return "withdrawn" if self.withdrawn else "cleared"
        return "acknowledged" if self.acknowledged_by else "new"


def nobody(_who: str, _what: str, _alert: Alert, _detail: Told) -> None:
    """Tell nobody."""


@dataclass
class Alerts:
    """All alerts of a twin; `tell` gets who, what, which and details of all that happens."""

    config: AlertConfig
    tell: Callable[[str, str, Alert, Told], None] = nobody
    _alerts: dict[str, Alert] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)
    """Key of a sign that has not held for long enough -> tick of the line at which it was seen."""
    _spent: list[float] = field(default_factory=list)
    _number: int = 0

    # ------------------------------------------------------------------------- what is seen
    def look(
        self, signs: Sequence[Sign], now: float, tick: int, withdrawn: Collection[str] = ()
    ) -> None:
        """Take everything that holds now [s], at a tick of the line.

        `withdrawn`: keys of signs that a correction has taken back since the last time.
        """
        self._take_off_the_shelf(now)
        self._spent = [each for each in self._spent if each > now - DAY_S]
        keys = {each.key for each in signs}
        self._waiting = {key: at for key, at in self._waiting.items() if key in keys}
        for sign in sorted(signs, key=lambda each: RANK[each.priority]):
            self._see(sign, now, tick)
        for alert in list(self._alerts.values()):
            gone = alert.key in withdrawn and alert.key not in keys
            unseen_s = (tick - alert.seen_tick) / 1000
            if alert.active and (gone or unseen_s >= self._clears_after_s(alert, keys)):
                alert.withdrawn = gone
                self._clear(alert)
        self._bring_up(now)

    def _clears_after_s(self, alert: Alert, keys: set[str]) -> float:
        seen = alert.kind in SEEN and alert.key not in keys
        return 0.0 if seen else self.config.clears_after_s

    def _see(self, sign: Sign, now: float, tick: int) -> None:
        alert = self._alerts.get(sign.key)
        if alert is not None and (alert.active or alert.is_shelved):
            alert.seen, alert.text, alert.action, alert.active = now, sign.text, sign.action, True
            alert.names, alert.seen_tick, alert.withdrawn = [*sign.names], tick, False
            return
        since = self._waiting.setdefault(sign.key, sign.since)
        if (sign.since - since) / 1000 < sign.delay_s:
            return
        del self._waiting[sign.key]
        self._number += 1
        found = Alert(
            f"a{self._number:04d}",
            sign.key,
            sign.kind,
            sign.priority,
            sign.text,
            sign.action,
            since,
            now,
            now,
            names=[*sign.names],
            seen_tick=tick,
        )
        self._alerts[sign.key] = found
        if sign.priority != "high" and not self._has_room():
            found.apart = True
            self.tell("twin", "alert gathered", found, {})
            return
        self._raise(found, now)

    def _has_room(self) -> bool:
        return len(self._spent) < self.config.budget_per_day

    def _raise(self, alert: Alert, now: float) -> None:
        self._spent.append(now)
        alert.apart = False
        self.tell("twin", "alert raised", alert, {"text": alert.text, "action": alert.action})

    def _clear(self, alert: Alert) -> None:
        """A sign is gone; what nobody has acknowledged stays in sight."""
        alert.active = False
        self.tell("twin", f"alert {'withdrawn' if alert.withdrawn else 'cleared'}", alert, {})
        if (alert.acknowledged_by or alert.apart) and not alert.is_shelved:
            del self._alerts[alert.key]

    def _bring_up(self, now: float) -> None:
        """Raise those that were gathered, the most urgent first, as far as the budget goes."""
        apart = [each for each in self._alerts.values() if each.apart and not each.is_shelved]
        for alert in sorted(apart, key=lambda each: (RANK[each.priority], each.raised)):
            if not self._has_room():
                return
            self._raise(alert, now)

    # ------------------------------------------------------------------- what people do
    def acknowledge(self, name: str, by: str, now: float) -> None:
        """Note that a person has seen an alert; ScenarioError where that cannot be."""
        _named(by)
        alert = self._find(name)
        if alert.acknowledged_by:
            _refuse(f"{name} was acknowledged by {alert.acknowledged_by}", "")
        alert.acknowledged_by, alert.acknowledged = by, now
        self.tell(by, "alert acknowledged", alert, {})
        if not alert.active and not alert.is_shelved:
            del self._alerts[alert.key]

    def shelve(self, name: str, seconds: float, by: str, reason: str, now: float) -> None:
        """Put an alert out of sight for a while; ScenarioError for too long, or without reason."""
        _named(by)
        alert, most = self._find(name), self.config.shelve_at_most_s
        if not reason.strip():
            _refuse(f"why is {name} shelved?", "--reason TEXT")
        if not 0 < seconds <= most:
            _refuse(f"{name} cannot be shelved for {seconds:g} s", f"above 0, at most {most:g} s")
        alert.shelved_until, alert.shelved_by, alert.reason = now + seconds, by, reason
        self.tell(by, "alert shelved", alert, {"seconds": seconds, "reason": reason})

    def _take_off_the_shelf(self, now: float) -> None:
        for alert in list(self._alerts.values()):
            if not alert.is_shelved or alert.shelved_until > now:
                continue
            alert.shelved_until, alert.shelved_by, alert.reason = 0.0, "", ""
            self.tell("twin", "alert back from the shelf", alert, {})
            if not alert.active and (alert.acknowledged_by or alert.apart):
                del self._alerts[alert.key]

    def _find(self, name: str) -> Alert:
        found = next((each for each in self._alerts.values() if each.id == name), None)
        if found is None:
            _refuse(f"there is no alert '{name}'", "linetwin live alerts FOLDER lists them")
        return found

    # ------------------------------------------------------------------------ what is shown
    def shown(self) -> list[Alert]:
        """Return what people are to see, the most urgent first; what is gathered as one."""
        open_ones = [each for each in self._alerts.values() if not each.is_shelved]
        found = sorted(
            (each for each in open_ones if not each.apart),
            key=lambda each: (not each.active, RANK[each.priority], each.raised),
        )
        apart = [each for each in open_ones if each.apart and each.active]
        return [*found, _gathered(apart)] if apart else found

    def shelved(self) -> list[Alert]:
        """Return what is out of sight."""
        return [each for each in self._alerts.values() if each.is_shelved]

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "alerts": [asdict(each) for each in self._alerts.values()],
            "waiting": dict(self._waiting),
            "spent": list(self._spent),
            "number": self._number,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._alerts = {each["key"]: Alert(**each) for each in data["alerts"]}
        self._waiting, self._spent = dict(data["waiting"]), list(data["spent"])
        self._number = int(data["number"])


def _gathered(apart: Sequence[Alert]) -> Alert:
    """Return the one alert that stands for those beyond the budget."""
    first = min(apart, key=lambda each: (RANK[each.priority], each.raised))
    names = "; ".join(each.key for each in apart)
    return Alert(
        GATHERED,
        GATHERED,
        GATHERED,
        first.priority,
        f"{len(apart)} more, the budget of a day being used up: {names}",
        "look at those above first; raise the budget only if all of them mattered",
        min(each.since for each in apart),
        min(each.raised for each in apart),
        max(each.seen for each in apart),
        apart=True,
    )


def _named(by: str) -> None:
    if not by.strip():
        _refuse("who does it?", "--by NAME")


def _refuse(message: str, hint: str) -> NoReturn:
    raise ScenarioError([Problem(message, "alerts", hint)])
