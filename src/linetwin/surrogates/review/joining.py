"""Control limits from several runs, and how each of these runs does against those of the others.

Two runs tell that runs differ, from one difference. From three on each is held against limits of
the others, and so is a run that nobody has seen: it is odd where it has more signals than each of
the k runs had, against the very limits in which neither had a part. Of k + 1 sound runs one at most
has more than each other, so a sound run is odd with a chance of 1 in k + 1 at most, whatever the
distributions are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.charting import charted
from linetwin.surrogates.review.statistics.counts import CountLimits, phase_one_shares
from linetwin.surrogates.review.statistics.limits import FALSE_ALARM, Limits
from linetwin.surrogates.review.statistics.limits_of_runs import phase_one_of_runs
from linetwin.surrogates.review.streams import DefectStream, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.surrogates.review.charting import Charts, Streams

LEAST_RUNS: Final = 3
"""Runs of which each can be held against several others, so that it is seen how runs differ."""
_FINDING: Final = "finding "
_SCRAP: Final = "scrap, by tray"


@dataclass(frozen=True)
class Tried:
    """Runs held against limits of the others, in their order; empty for fewer than three.

    `signals`: of each; `beyond`: share of its points outside of their own limits; `others`: limits
    by stream that the others gave.
    """

    signals: tuple[int, ...] = ()
    beyond: tuple[float, ...] = ()
    others: tuple[Mapping[str, Limits | CountLimits], ...] = ()

    def signals_of(self, streams: Streams) -> tuple[int, ...]:
        """Return how many signals another run has against limits of the others of each run."""
        return tuple(len(charted(streams, each, lines=False).alarms) for each in self.others)


NOT_TRIED: Final = Tried()


@dataclass(frozen=True)
class Joined:
    """Limits by stream from several runs, why streams got none, and how the runs did."""

    limits: Mapping[str, Limits | CountLimits]
    refused: Mapping[str, str]
    tried: Tried


def joined(runs: Sequence[Streams]) -> Joined:
    """Return the limits that two runs or more give together."""
    limits, refused = _limits(runs)
    if len(runs) < LEAST_RUNS:
        return Joined(limits, refused, NOT_TRIED)
    others = tuple(_limits([*runs[:number], *runs[number + 1 :]])[0] for number in range(len(runs)))
    held = [charted(own, each, lines=False) for own, each in zip(runs, others, strict=True)]
    signals = tuple(len(each.alarms) for each in held)
    return Joined(limits, refused, Tried(signals, tuple(beyond(each) for each in held), others))


def beyond(charts: Charts) -> float:
    """Return the share of points on all charts that lie outside of their own limits."""
    chances = [chart.chances for each in charts.charted for chart in each.charts]
    if not chances:
        return 0.0
    return float((np.concatenate(chances) < FALSE_ALARM).mean())


def _limits(
    runs: Sequence[Streams],
) -> tuple[dict[str, Limits | CountLimits], dict[str, str]]:
    """Return limits by stream, and of the others why there are none."""
    named = [{each.name: each for each in own} for own in runs]
    limits: dict[str, Limits | CountLimits] = {}
    refused: dict[str, str] = {}
    for name in dict.fromkeys(name for own in named for name in own):
        streams = [own.get(name) or _not_found(name, own) for own in named]
        there = [each for each in streams if each is not None]
        if len(there) < len(runs):
            refused[name] = f"in {len(there)} of {len(runs)} runs only"
            continue
        try:
            limits[name] = _of_stream(name, there)
        except ScenarioError as error:
            refused[name] = error.problems[0].message.removeprefix(f"{name}: ")
    return limits, refused


def _not_found(name: str, own: Mapping[str, Stream | DefectStream]) -> DefectStream | None:
    """Return the stream of a finding that a run did not have once: none of its cells."""
    scrap = own.get(_SCRAP)
    if not name.startswith(_FINDING) or not isinstance(scrap, DefectStream):
        return None
    return DefectStream(name, np.zeros_like(scrap.counts), scrap.sizes, scrap.labels)


def _of_stream(name: str, streams: Sequence[Stream | DefectStream]) -> Limits | CountLimits:
    readings = [each.groups for each in streams if isinstance(each, Stream)]
    if readings:
        return phase_one_of_runs(name, readings)
    shares = [each for each in streams if isinstance(each, DefectStream)]
    labels = [f"{number}: {label}" for number, each in enumerate(shares, 1)
              for label in each.labels]  # fmt: skip
    counts, sizes = [each.counts for each in shares], [each.sizes for each in shares]
    return phase_one_shares(name, counts, sizes, labels)
