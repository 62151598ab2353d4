"""What the twin sees that a person should do something about, each with what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from scipy.special import ndtr

from linetwin.estimation.scores import NORMAL_95
from linetwin.quantities import vocabulary
from linetwin.results.display import counted
from linetwin.scenario import units
from linetwin.twin.board.held import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.scenario.twin import AlertConfig, TwinConfig, WindowConfig
    from linetwin.twin.assimilating.rows import Finding, Prediction

Priority = Literal["high", "medium", "low"]
SignKind = Literal[
    "drift",
    "bias",
    "ambiguous",
    "change",
    "mismatch",
    "window",
    "stale",
    "out_of_step",
    "unsaved",
    "unwritten",
]
KINDS: dict[SignKind, tuple[Priority, str]] = {
    "drift": ("medium", "a parameter of the plant has left its band"),
    "bias": ("medium", "an instrument reads too much or too little"),
    "ambiguous": ("medium", "one of several has left its band"),
    "change": ("low", "readings have shifted, nothing explains it yet"),
    "mismatch": ("medium", "the model does not hold"),
    "window": ("high", "a lot will lie outside its window"),
    "stale": ("high", "a source is silent"),
    "out_of_step": ("medium", "the twin is behind the plant"),
    "unsaved": ("high", "the twin could not be saved"),
    "unwritten": ("high", "board, alerts or audit log could not be written"),
}
"""Kind -> priority, and what it means."""
_ACTIONS: dict[str, str] = {
    "drift": "check the machine at its next stop; until then trust the twin's estimate",
    "bias": "calibrate the instrument; until then the twin corrects for it",
}
SEEN: frozenset[SignKind] = frozenset({"stale", "out_of_step", "unsaved", "unwritten"})
"""Seen as they are, not concluded: such an alert has cleared as soon as its sign is gone."""
OUT_OF_STEP_S = 3600.0
"""Line time for which a station may be behind before it is told [A]. One lot is usual for up to
half an hour: told after 2 min that made 8 alerts a day of a plant that ran well [D]."""


@dataclass(frozen=True)
class Sign:
    """Something that holds now; `key`: what it is the same by, `since`: tick.

    `delay_s`: for so much line time it must hold before it is told; `since` is then the tick at
    which it is seen. `names`: estimates and instruments that it is about.
    """

    key: str
    kind: SignKind
    text: str
    action: str
    since: int
    delay_s: float = 0.0
    names: tuple[str, ...] = ()

    @property
    def priority(self) -> Priority:
        """How soon somebody should look."""
        return KINDS[self.kind][0]


@dataclass(frozen=True)
class Situation:
    """How twin and plant stand at a tick.

    `predictions`: the newest of each quantity; `silent`: source -> age of its newest message [s];
    `limits`: source -> age that is told, where it is not the scenario's [s], infinite for never;
    `open_loop`: whether the twin is; `behind`: station -> lots, those left out that were in its
    machine as the twin joined and are begun anew; `unsaved`: why the twin could not be saved,
    `unwritten`: why board or alerts could not be written, "" if they could.
    """

    tick: int
    findings: Sequence[Finding] = ()
    predictions: Sequence[Prediction] = ()
    silent: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    open_loop: bool = False
    behind: Mapping[str, int] = field(default_factory=dict)
    unsaved: str = ""
    unwritten: str = ""


def signs(situation: Situation, config: TwinConfig) -> list[Sign]:
    """Return everything that holds, in no order."""
    return [
        *(_found(each) for each in situation.findings),
        *_windows(situation, config.alerts),
        *_technical(situation, config.alerts),
    ]


def _found(finding: Finding) -> Sign:
    names = " or ".join(finding.names) or "the line"
    action = finding.advice or _ACTIONS[finding.kind]
    text = f"{finding.kind} of {names}: {finding.text}"
    key = key_of(finding)
    return Sign(key, finding.kind, text, action, finding.since, names=finding.names)


def key_of(finding: Finding) -> str:
    """Return what the sign of a finding is the same by."""
    about = finding.names[:1] if finding.kind == "ambiguous" else finding.names
    return f"{finding.kind} {'+'.join(about)}"


def _windows(situation: Situation, config: AlertConfig) -> Iterator[Sign]:
    """Yield predictions that will more likely than allowed lie outside their windows."""
    for each in situation.predictions:
        for window in config.windows:
            if not _is_of(window, each, situation.predictions):
                continue
            outside = chance_outside(each, window)
            if outside < window.sure:
                continue
            unit = vocabulary()[each.quantity]
            shown = units.display(each.median, unit)
            yield Sign(
                f"window {window.address}",
                "window",
                f"{each.lot} at {each.station}: {unit.name} {shown}, "
                f"outside {_bounds(window)} with probability {outside:.0%}",
                window.action,
                each.made_tick,
            )


def _is_of(window: WindowConfig, each: Prediction, others: Sequence[Prediction]) -> bool:
    """Whether a window is for a prediction; within a process it is for what its last phase says."""
    if (each.station, each.quantity) != (window.station, window.quantity):
        return False
    if window.process:
        last = max(
            o.place for o in others if (o.station, o.kind) == (window.station, window.process)
        ) if each.kind == window.process else -1  # fmt: skip
        return each.place == last
    return each.place == 0


def chance_outside(prediction: Prediction, window: WindowConfig) -> float:
    """Return the probability that a lot lies outside a window; the interval taken as normal."""
    middle = (prediction.low + prediction.high) / 2
    spread = max((prediction.high - prediction.low) / (2 * NORMAL_95), 1e-300)
    below = float(ndtr((window.low - middle) / spread))
    above = float(ndtr((middle - window.high) / spread))
    return below + above


def _bounds(window: WindowConfig) -> str:
    unit = vocabulary()[window.quantity]
    if math.isinf(window.low):
        return f"at most {units.display(window.high, unit)}"
    low = units.display(window.low, unit)
    if math.isinf(window.high):
        return f"at least {low}"
    return f"{low} to {units.display(window.high, unit)}"


def _technical(situation: Situation, config: AlertConfig) -> Iterator[Sign]:
    for source, age in situation.silent.items():
        limit = situation.limits.get(source, config.stale_after_s)
        if age > limit:
            yield Sign(
                f"stale {source}",
                "stale",
                f"nothing has come from {source} for longer than {limit:g} s",
                "look at the source and at the link to it"
                + ("; predictions are open loop meanwhile" if situation.open_loop else ""),
                situation.tick,
            )
    for name, lots in situation.behind.items():
        if lots:
            yield Sign(
                f"out of step {name}",
                "out_of_step",
                f"{name} is {counted(lots, 'lot')} behind the plant",
                "compare set values and material with the plant's: the twin is slower there",
                situation.tick,
                OUT_OF_STEP_S,
            )
    if situation.unsaved:
        yield Sign(
            "unsaved",
            "unsaved",
            f"the twin was not saved: {situation.unsaved}",
            "make room on the disk of the twin's folder; a restart loses what came since",
            situation.tick,
        )
    if situation.unwritten:
        yield Sign(
            "unwritten",
            "unwritten",
            f"board or alerts are not written: {situation.unwritten}; "
            f"up to {MOST_ROWS:,} rows are held in memory",
            "make room on the disk of the twin's folder; a restart loses what is held",
            situation.tick,
        )
