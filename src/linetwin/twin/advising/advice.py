"""Advice: the smallest change of a set value that makes good what has drifted.

It is worked out of what is estimated, and shown only where the board's scores of the station have
met the plant's limits over the shadow period. Nothing is written by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.estimation.scores import interval, positive_interval
from linetwin.results.display import counted
from linetwin.twin.advising.levers import lever_of
from linetwin.twin.writing.foretold import is_sure, told
from linetwin.twin.writing.status import EVERYWHERE, doubts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from linetwin.scenario.twin import AdviceConfig, EstimateConfig
    from linetwin.twin.advising.effects import Foresight, Members
    from linetwin.twin.advising.levers import Lever
    from linetwin.twin.assimilating.rows import Finding
    from linetwin.twin.board.tally import Score
    from linetwin.twin.plant.model import Setpoint

_DAY_S = 86_400.0
_DIGITS = 4
"""Digits of a set value that is advised."""
_FURTHER = 4.0
"""Up to where it is tried what would be needed, times the way to the end that may be set [A]."""
_WET = 1e-3
"""Part of the loading of solvent above which a web counts as wet [A]."""
_DRYING = "drying.solvent_loading@"
MAKES_GOOD: Final = {
    ("coating", "pump_flow"): ("loading_target", "loading"),
    ("drying", "heat_transfer_coefficient"): ("zone_temperatures", _DRYING),
    ("calendering", "line_load"): ("line_load", "porosity"),
}
"""What is estimated -> the set value that makes it good, and the quantity by which that is seen."""


@dataclass(frozen=True)
class Shadow:
    """Whether advice for a station is shown, and how far its scores are."""

    is_over: bool
    text: str


@dataclass(frozen=True)
class Advice:
    """A change that is proposed; `change`: median and 95 % interval of what it does to `key`."""

    name: str
    why: str
    lever: Lever
    unit: str
    key: str
    target: float
    change: tuple[float, float, float]


def shadow(config: AdviceConfig, scores: Iterable[Score], station: str, now: int) -> Shadow:
    """Return whether the scores of a station meet what is asked; `now`: tick of the line."""
    own = [each for each in scores if each.station == station and each.span == "all"]
    if not own:
        return Shadow(is_over=False, text="not yet: no prediction of its lots has been scored")
    days = (now - max(each.since for each in own)) / 1000 / _DAY_S
    count, share = min(each.count for each in own), min(each.share for each in own)
    ratios = [each.ratio for each in own if math.isfinite(each.ratio)]
    ratio = min(ratios) if ratios else math.nan
    wanted = config.shadow_s / _DAY_S
    text = (
        f"predicted for {days:.1f} days (at least {wanted:g}), "
        f"{counted(count, 'prediction')} scored (at least {config.predictions}), "
        f"{share:.0%} inside their intervals (at least {config.coverage:.0%}), "
        f"error of open loop {ratio:.2g} times the twin's (at least {config.ratio:g})"
    )
    is_over = (
        days >= wanted
        and count >= config.predictions
        and share >= config.coverage
        and ratio >= config.ratio
    )
    return Shadow(is_over=is_over, text=text if is_over else f"not yet: {text}")


@dataclass(frozen=True)
class Weighed:
    """Advice, and what has drifted and is not advised upon -> what has, and why not."""

    advice: list[Advice]
    barred: dict[str, str]


@dataclass(frozen=True)
class Adviser:
    """Works out advice; `set_now`: station and tag -> set value of the plant."""

    foresight: Foresight
    kinds: Callable[[str], str]
    panel: dict[str, Setpoint]
    set_now: Callable[[str, str], float]

    def weighed(self, findings: Sequence[Finding]) -> Weighed:
        """Return a change for each drift that one makes good, and for the others why none does.

        Nothing of those where the twin is in doubt of the station: `withheld` says why.
        """
        held = self.withheld(findings)
        estimates = {e.name: e for e in self.foresight.config.estimates if e.name not in held}
        drifts = [each for each in findings if each.kind == "drift" and each.names[0] in estimates]
        found = Weighed([], {})
        for drift in drifts:
            name = drift.names[0]
            result = self._against(estimates[name], drift.text)
            if isinstance(result, Advice):
                found.advice.append(result)
            else:
                found.barred[name] = f"{drift.text}; {result}"
        return found

    def withheld(self, findings: Sequence[Finding]) -> dict[str, str]:
        """Return what may have drifted and could be made good -> why nothing is advised for it.

        As long as its station is in doubt: it may be another cause, or an instrument that errs.
        """
        config = self.foresight.config
        suspects = {name for e in findings if e.kind in {"drift", "ambiguous"} for name in e.names}
        found: dict[str, str] = {}
        for each in config.estimates:
            if each.name in suspects and (each.process, each.quantity) in MAKES_GOOD:
                places = {EVERYWHERE, each.station}
                whys = [
                    f"{e.kind}: {e.text}; {e.advice}".rstrip("; ")
                    for e in findings
                    if places & doubts([e], config).keys()
                ]
                found |= {each.name: "; ".join(whys)} if whys else {}
        return found

    def _against(self, estimate: EstimateConfig, why: str) -> Advice | str:
        """Return the change that makes good a drift, or why there is none."""
        as_set = self.foresight.as_set(estimate.station)
        found = self._lever(estimate, as_set)
        if found is None:
            return "no set value that may be changed is known to make it good"
        setpoint, lever, key = found
        members, target = as_set[key]
        if positive_interval(members).holds(target):
            return f"{key} may be as it should be ({told(key, target, 4)}), as it is set now"
        moves = (self.foresight.smallest(lever, key, target, end) for end in setpoint.takes)
        pulled = next((each for each in moves if each is not None), None)
        if pulled is None:
            return self._beyond(setpoint, lever, key, target)
        pulled = replace(pulled, after=float(f"{pulled.after:.{_DIGITS}g}"))
        change = interval(self.foresight.as_pulled(pulled)[key][0] - members)
        if not is_sure(change):
            return f"{lever.address} may do nothing to {key}, or the contrary"
        return Advice(estimate.name, why, pulled, setpoint.tag.unit, key, target, (*change,))

    def _beyond(self, setpoint: Setpoint, lever: Lever, key: str, target: float) -> str:
        """Return what would be needed, and which limit forbids it."""

        def left(end: float) -> float:
            members = self.foresight.as_pulled(replace(lever, after=end))[key][0]
            return abs(float(np.median(members)) - target)

        end = min(setpoint.takes, key=left)
        far = lever.before + _FURTHER * (end - lever.before)
        needed = self.foresight.smallest(lever, key, target, far)
        name = lever.address
        value = f"more than {told(name, far, 3)}"
        if needed is not None:
            value = f"about {told(name, needed.after, 3)}"
        limit = (
            "the recipe's proven acceptable range" if setpoint.proven else "what the panel takes"
        )
        return (
            f"nothing is advised: to bring {key} to {told(key, target, 4)} {name} would have to "
            f"be {value}; {limit} ends at {told(name, end)}"
        )

    def _lever(
        self, estimate: EstimateConfig, as_set: Members
    ) -> tuple[Setpoint, Lever, str] | None:
        """Return the set value that makes it good, and by what that is seen; None without one."""
        known = MAKES_GOOD.get((estimate.process, estimate.quantity))
        if known is None:
            return None
        tag, key = known
        if key == _DRYING:
            place = _last_wet(as_set)
            tag, key = f"{tag}_{place}", f"{key}{place}"
        address = f"{estimate.station}.{tag}"
        setpoint = self.panel.get(address)
        if key not in as_set or setpoint is None or not setpoint.by_request:
            return None  # what is validated as it is, nobody can take up
        now = self.set_now(estimate.station, tag)
        lever = lever_of(address, self.kinds, now, now)
        return None if lever is None else (setpoint, lever, key)


def _last_wet(as_set: Members) -> int:
    """Return the last zone of a dryer that nominally leaves the web wet, the first where none."""
    loading = as_set["loading"][1] if "loading" in as_set else 0.0
    left = {
        int(key.removeprefix(_DRYING)): nominal
        for key, (_, nominal) in as_set.items()
        if key.startswith(_DRYING)
    }
    return max((place for place, rest in left.items() if rest > _WET * loading), default=1)
