"""Control charts of all streams of a run: limits of phase I, or approved ones, and the alarms.

Limits that the run itself gives are phase I: they are proposals, and what lies outside of them is
told, not alarmed. Approved limits are frozen: phase II. Of all charts together a stated share of
the alarms at most is false on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.statistics.alarms import Alarm, alarms
from linetwin.surrogates.review.statistics.counts import (
    CountLimits,
    count_chart,
    phase_one_counts,
)
from linetwin.surrogates.review.statistics.limits import (
    Limits,
    ewma_chart,
    location_chart,
    phase_one,
    spread_chart,
)
from linetwin.surrogates.review.streams import DefectStream, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.surrogates.review.statistics.charts import Chart


Streams = Sequence[Stream | DefectStream]


@dataclass(frozen=True)
class Charted:
    """The charts of one stream; without limits `refused` says why there are none."""

    stream: Stream | DefectStream
    limits: Limits | CountLimits | None
    charts: tuple[Chart, ...]
    refused: str = ""


@dataclass(frozen=True)
class Charts:
    """All streams of a run; `frozen`: against approved limits; `alarms`: over all of them.

    An alarm's `stream` is the name of its stream.
    """

    charted: tuple[Charted, ...]
    frozen: bool
    alarms: tuple[Alarm, ...]


def charted(
    streams: Streams,
    approved: Mapping[str, Limits | CountLimits] | None = None,
    *,
    lines: bool = True,
) -> Charts:
    """Return the charts of streams, by approved limits (stream -> limits), else by their own.

    `lines`: as in `location_chart`, of approved limits.
    """
    found = [_charted(stream, approved, lines=lines) for stream in streams]
    named = {(each.stream.name, chart.kind): chart for each in found for chart in each.charts}
    keys = {f"{stream}\n{kind}": chart for (stream, kind), chart in named.items()}
    told = tuple(replace(alarm, stream=alarm.stream.split("\n", 1)[0]) for alarm in alarms(keys))
    return Charts(tuple(found), approved is not None, told)


def _charted(
    stream: Stream | DefectStream,
    approved: Mapping[str, Limits | CountLimits] | None,
    *,
    lines: bool,
) -> Charted:
    limits: Limits | CountLimits | None
    if approved is not None:
        limits = approved.get(stream.name)
        if limits is None:
            return Charted(stream, None, (), "no approved limits for this stream")
        return Charted(stream, limits, _drawn(stream, limits, lines=lines))
    try:
        limits = _proposed(stream)
    except ScenarioError as error:
        why = error.problems[0].message.removeprefix(f"{stream.name}: ")
        return Charted(stream, None, (), why)
    return Charted(stream, limits, _drawn(stream, limits, lines=True))


def _proposed(stream: Stream | DefectStream) -> Limits | CountLimits:
    if isinstance(stream, Stream):
        return phase_one(stream.name, stream.groups)
    return phase_one_counts(stream.name, "p", stream.counts, stream.sizes, stream.labels)


def _drawn(
    stream: Stream | DefectStream, limits: Limits | CountLimits, *, lines: bool
) -> tuple[Chart, ...]:
    if isinstance(stream, Stream) and isinstance(limits, Limits):
        if not stream.groups.labels:
            return ()
        found = (
            location_chart(limits, stream.groups, lines=lines),
            ewma_chart(limits, stream.groups, lines=lines),
            spread_chart(limits, stream.groups, lines=lines),
        )
        return tuple(each for each in found if each is not None)
    if not isinstance(stream, Stream) and isinstance(limits, CountLimits):
        return (count_chart(limits, stream.counts, stream.sizes, stream.labels),)
    return ()
