"""`linetwin live watch|record|replay`: a feed is followed and shown, live or from a recording."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from linetwin.cli.interruption import Interruption
from linetwin.cli.printing import print_json, print_table, safe, say
from linetwin.cli.visiting import password_of
from linetwin.errors import LinkError, Problem, ScenarioError
from linetwin.line.readable import doubts_of, load_line_mapping
from linetwin.quantities import Quantity
from linetwin.quantities.packml import STATES
from linetwin.scenario import load, units
from linetwin.scenario.mapped import MODES, PastConfig
from linetwin.scenario.mapping import INSTANT_HINT, instant, load_mapping
from linetwin.twin.columns import Flag
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.feed.replay import Replay
from linetwin.twin.security.dates import date_warnings
from linetwin.twin.security.folders import SecurityFolder

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.columns import Notice
    from linetwin.twin.feed.parcels import Feed

_SHOW_EVERY_S = 0.5
_WAIT_S = 0.1
_MOST_ROWS = 60
"""Rows of the table on a terminal; all of them where output is no terminal."""
_SPAN = Quantity("time", "s", "wall time", minimum=0.001, maximum=3.2e7)
_HEADINGS = ["signal", "value", "unit", "age", "status", "doubts", "changes"]
_LINKS = ["source", "link", "endpoint", "connections", "failures", "lost", "clock behind"]


@dataclass(frozen=True)
class Request:
    """What is followed; `duration`: wall time, as written."""

    mapping: Path
    security: Path
    scenario: str | None = None
    duration: str | None = None
    record: Path | None = None
    history: str = ""


def seconds_of(duration: str | None, option: str = "--for") -> float | None:
    """Return the wall time that an option asks for [s]; None where none was given."""
    if duration is None:
        return None
    try:
        seconds = units.parse(duration, _SPAN)
    except ScenarioError as error:
        raise ScenarioError(
            [Problem(each.message, option, each.hint) for each in error.problems]
        ) from error
    if not _SPAN.minimum <= seconds <= _SPAN.maximum:
        hint = (
            f"from {units.display(_SPAN.minimum, _SPAN)} to {units.display(_SPAN.maximum, _SPAN)}"
        )
        raise ScenarioError([Problem(f"{duration} is not possible", option, hint)])
    return seconds


def past_of(written: str) -> PastConfig | None:
    """Return the time that `--history FROM` or `FROM..TO` names; None where it names none."""
    if not written:
        return None
    first, dots, last = written.partition("..")
    begin, end = instant(first), instant(last) if dots else None
    if begin is None or (dots and end is None) or (end is not None and end <= begin):
        hint = f"FROM or FROM..TO, TO after FROM; each {INSTANT_HINT}"
        raise ScenarioError([Problem(f"'{written}' is no time of a history", "--history", hint)])
    return PastConfig(begin, end)


def watch(request: Request, *, as_json: bool) -> None:
    """Follow a live feed until the user or the time ends it; LinkError where none was ever live."""
    seconds = seconds_of(request.duration)
    line = load(request.scenario) if request.scenario is not None else None
    mapping = (
        load_mapping(request.mapping) if line is None else load_line_mapping(request.mapping, line)
    )
    for doubt in doubts_of(mapping, line) if line is not None else ():
        say(f"warning: {doubt}", err=True)
    users = {name: source.security.user for name, source in mapping.sources.items()}
    for warning in date_warnings(SecurityFolder(request.security)):
        say(f"warning: {warning}", err=True)
    passwords = {name: password_of(user) for name, user in users.items() if user}
    past = past_of(request.history)
    order = FeedOrder(request.mapping, request.security, passwords, request.record, past)
    with Interruption().watched() as interruption:
        feed = LiveFeed(order)
        try:
            latest = _follow(feed, interruption, seconds, quiet=as_json)
        finally:
            feed.close()
    for parcel in feed.rest:
        latest.take(replace(parcel, health=()))  # its links have ended, as they were asked to
    _end(latest, as_json=as_json)
    if feed.last_word:
        raise LinkError(feed.last_word)
    if not any(health.was_live for health in latest.health.values()):
        links = [": ".join(filter(None, link[:2])) for link in _links(latest)]
        raise LinkError(f"no source was ever live: {'; '.join(links) or 'none has been asked yet'}")


def replay(
    recording: Path, speed: float, mapping: Path | None, *, as_json: bool, incomplete: bool = False
) -> None:
    """Play a recording to its end."""
    if speed < 0.0:
        raise ScenarioError([Problem(f"{speed:g}", "--speed", "0 or more")])
    begun = time.monotonic()
    with Interruption().watched() as interruption:
        feed = Replay(recording, speed, mapping, incomplete=incomplete)
        latest = _follow(feed, interruption, None, quiet=as_json)
        feed.close()
    _end(latest, as_json=as_json)
    if not as_json:
        rows = latest.counts.rows if latest.counts is not None else 0
        spent = max(time.monotonic() - begun, 1e-9)
        say(f"{rows:,} values in {spent:.1f} s, {rows / spent:,.0f} a second", err=True)


def is_over(latest: Latest) -> bool:
    """Whether all that was asked for is read: histories with an end, and nothing else."""
    states = {each.state for each in latest.health.values()}
    return states == {"ended"} and latest.counts is not None and not latest.counts.waiting


def _follow(
    feed: Feed, interruption: Interruption, seconds: float | None, *, quiet: bool
) -> Latest:
    """Take parcels, for so long after the first; show them where there is a terminal."""
    latest = Latest(feed.mapping)
    console = Console()
    shown: Live | None = None
    if console.is_terminal and not quiet:
        shown = Live(console=console, auto_refresh=False)
        shown.start()
    due, end = 0.0, math.inf
    try:
        while not interruption.asked and not feed.ended and time.monotonic() < end:
            parcel = feed.take(_WAIT_S)
            if parcel is not None:
                if latest.counts is None and seconds is not None:
                    end = time.monotonic() + seconds
                latest.take(parcel)
                _tell(parcel.notices, shown)  # on stderr: JSON goes to stdout
                if is_over(latest):
                    break
            if shown is not None and time.monotonic() >= due:
                due = time.monotonic() + _SHOW_EVERY_S
                shown.update(_screen(latest), refresh=True)
    finally:
        if shown is not None:
            shown.stop()
    return latest


def _tell(notices: tuple[Notice, ...], shown: Live | None) -> None:
    for notice in notices:
        text = safe(f"{notice.source}: {notice.kind}: {notice.text}")
        if shown is not None:
            shown.console.print(Text(text))
        else:
            sys.stderr.write(text + "\n")


def _end(latest: Latest, *, as_json: bool) -> None:
    """Print what was there at the end."""
    now = _now(latest)
    if as_json:
        counts = asdict(latest.counts) if latest.counts is not None else {}
        counts.pop("flags", None)
        print_json(
            {
                "signals": latest.plain(now),
                "sources": [health.plain() for health in latest.health.values()],
                "counts": counts,
                "flags": _flag_counts(latest),
                "behind_s": latest.behind_s,
            }
        )
        return
    print_table(_title(latest), _HEADINGS, _rows(latest, now), 1)
    print_table("", _LINKS, _links(latest), 3)


def _now(latest: Latest) -> int:
    """Return the time to which ages count: of a replay that of its last row."""
    times = [each.last_message for each in latest.health.values() if each.endpoint == "replay"]
    return max(times) if times else time.time_ns()


def _screen(latest: Latest) -> Table:
    now = _now(latest)
    table = Table(title=_title(latest), title_justify="left", box=None)
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading == "signal" else "right")
    for row in _rows(latest, now, _MOST_ROWS):
        table.add_row(*map(Text, map(safe, row)))
    if len(latest.value) > _MOST_ROWS:
        table.add_row(Text(f"and {len(latest.value) - _MOST_ROWS} more"))
    for link in _links(latest):
        table.add_row(Text(safe(" ".join(link[:3]))))
    return table


def _title(latest: Latest) -> str:
    counts = latest.counts
    if counts is None:
        return "nothing has come yet"
    parts = [f"{counts.rows:,} values"]
    if counts.recorded:
        parts.append(f"{counts.recorded:,} recorded")
    parts += [f"{name} {count:,}" for name, count in _flag_counts(latest).items()]
    if counts.waiting or counts.dropped:
        parts.append(f"{counts.waiting:,} waiting, {counts.dropped:,} dropped")
    return ", ".join(parts)


def _flag_counts(latest: Latest) -> dict[str, int]:
    """Return how often each doubt was raised; the ones that were."""
    if latest.counts is None:
        return {}
    counts = zip(Flag, latest.counts.flags, strict=True)
    return {_words(flag): count for flag, count in counts if count and flag != Flag.FIRST}


def _words(flag: Flag) -> str:
    return str(flag.name).lower().replace("_", " ")


def _rows(latest: Latest, now: int, most: int | None = None) -> list[list[str]]:
    rows = []
    signals = latest.mapping.signals[:most]
    refused = {name for health in latest.health.values() for name in health.refused}
    for signal, found in zip(signals, latest.plain(now, most), strict=True):
        quantity = signal.quantity
        shown, unit = _shown(found, signal.kind), ""
        if quantity is not None and found["value"] == found["value"]:
            shown, _, unit = units.display(found["value"], quantity).partition(" ")
        age = "" if found["age_s"] is None else f"{found['age_s']:.1f} s"
        doubts = ["stale"] if found["stale"] else []
        doubts += [_words(each) for each in Flag if found["flags"] & each and each != Flag.FIRST]
        status = f"{found['status']:08X}" if found["status"] else "good"
        status = "refused" if signal.name in refused else status
        rows.append(
            [signal.name, shown, unit, age, status, ", ".join(doubts), str(found["changes"])]
        )
    return rows


def _shown(found: dict[str, Any], kind: str) -> str:
    """Return a state or mode by its name, a lot as it is."""
    value = found["value"]
    if kind not in {"state", "mode"} or not math.isfinite(value):  # NaN: nothing has come
        return str(found["text"])
    names = {number: name for name, number in (STATES if kind == "state" else MODES).items()}
    return names.get(int(value), "UNDEFINED")


def _links(latest: Latest) -> list[list[str]]:
    return [
        [
            health.source,
            health.state + (f": {health.error}" if health.error else ""),
            health.endpoint,
            str(health.connections),
            str(health.failures),
            str(health.missed_messages - health.recovered_messages),
            f"{latest.behind_s[health.source]:.2f} s" if health.source in latest.behind_s else "",
        ]
        for health in latest.health.values()
    ]
