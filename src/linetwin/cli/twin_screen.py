"""The terminal of `linetwin live run`: 80 columns are enough, what matters most stands first."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from linetwin.cli.printing import FILE_WIDTH, safe
from linetwin.cli.twin_drawing import Drawing
from linetwin.cli.twin_keeping import span
from linetwin.cli.twin_view import WORKS
from linetwin.estimation.scores import NORMAL_95
from linetwin.results.display import counted
from linetwin.twin.board.tally import when
from linetwin.twin.scales import (
    DRIED,
    scale_of,
    scale_of_difference,
    scale_of_estimate,
    scale_of_spread,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from rich.console import RenderableType

    from linetwin.cli.twin_state import State
    from linetwin.cli.twin_view import SourceNow, StationNow, View
    from linetwin.scenario.twin import EstimateConfig, ReaderConfig
    from linetwin.twin.assimilating import Assimilator
    from linetwin.twin.assimilating.belonging import Waiting
    from linetwin.twin.assimilating.rows import Estimated, Innovations
    from linetwin.twin.board.tally import Score
    from linetwin.twin.feed.parcels import Latest
    from linetwin.twin.session import Session

_SHOW_EVERY_S = 0.5
_TELL_EVERY_S = 60.0
"""Where the output is no terminal, a line is written this often."""
_NAMED = 5
"""Stale signals, stations and lots that are named; the others are counted."""
_MOST_STATIONS = 8
_STYLES = {
    "in step": "green",
    "joining": "yellow",
    "catching up": "yellow",
    "out of step": "yellow",
    "stale": "red",
    "open loop": "red",
}
_STATIONS = ["station", "plant", "twin", "lots behind"]
_PREDICTED = ["predicted", "median", "95 %", "unit", "nominal", "measured"]
_SCORED = ["score", "n", "inside", "error", "nominal", "unit", "ratio"]
_INNOVATED = ["do readings fit", "n", "offset", "spread", "repeats", "squares", "limit"]
_MEANT = (
    "differences from what was expected, in standard deviations expected of them: offset and "
    "repeats (from one to the next) near 0 and spread near 1 if the twin is right; squares of the "
    "last window above the limit in one case of a hundred"
)
_ESTIMATED = ["estimate", "median", "95 %", "unit", "before any reading"]
_UNTOUCHED = 0.99
"""Share of its width before any reading from which on an interval tells nothing new [A]."""


class Screen:
    """Shows a view twice a second on a terminal, else a line a minute; it holds up nobody."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console()
        self._live: Live | None = None
        if self._console.is_terminal and not quiet:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._drawing = Drawing(self._live)
        self._due = 0.0

    def __enter__(self) -> None:
        self._drawing.begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drawing.end()

    def say(self, text: str) -> None:
        """Write a line to standard error; whoever says it goes on at once."""
        self._drawing.say(text)

    def show(self, view: View, session: Session | None, latest: Latest, state: State) -> None:
        """Show how things stand, where it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + (_SHOW_EVERY_S if self._live is not None else _TELL_EVERY_S)
        if self._live is None:
            words = ", ".join(each.plain for each in _headline(view, session, latest, state))
            self._drawing.say(words)
        else:
            self._drawing.show(screen(view, session, latest, state))


def print_screen(view: View, session: Session | None, latest: Latest, state: State) -> None:
    """Print the screen once, as it is at the end."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=FILE_WIDTH)
    console.print(screen(view, session, latest, state))


def screen(view: View, session: Session | None, latest: Latest, state: State) -> Group:
    """Return everything, the most urgent first."""
    parts: list[RenderableType] = list(_headline(view, session, latest, state))
    if session is not None:
        stations = view.stations(session)
        parts += [*_stations(stations), *_words(view, session)]
        parts.append(_table(_PREDICTED, list(_predicted(view, session)), "nothing predicted yet"))
        scores = [_score(each) for each in view.board.scores() if each.span == "all"]
        parts.append(_table(_SCORED, scores, "no predictions scored yet"))
        assimilator = session.parts.assimilator
        states = {each.name: each for each in assimilator.config.states}
        estimates = [_estimate(each, states[each.name]) for each in assimilator.estimates()]
        parts.append(_table(_ESTIMATED, estimates, "nothing to estimate"))
        read = assimilator.innovations()
        innovations = [_innovation(each) for each in read if each.samples or each.refused]
        parts.append(_table(_INNOVATED, innovations, "no readings learnt from yet"))
        if innovations:
            parts.append(Text(_MEANT, style="dim"))
    parts += [Text(note, style="dim") for note in view.notes]
    return Group(*parts)


def _headline(view: View, session: Session | None, latest: Latest, state: State) -> Iterator[Text]:
    """Yield state, line time and age of data; then a line for each source."""
    now = time.time_ns()
    words = [state.word.upper() + (f": {state.reason}" if state.reason else "")]
    if state.word == "open loop":
        since = time.strftime("%H:%M:%S", time.localtime(time.time() - state.quiet_s))
        grow = "intervals of what is predicted from now on grow"
        words = [f"OPEN LOOP since {since}, {span(state.quiet_s)}: {grow}"]
    if state.word == "out of step" and session is not None:
        words = [f"OUT OF STEP: behind at {_behind(view.stations(session))}"]
    if session is not None:
        if refused := view.refusal(session):
            words[0] += f", {refused}"
        age = "how old is not known yet" if state.word == "joining" else f"{span(state.age_s)} old"
        words += [
            " ".join(filter(None, (view.line_time(session.now), view.plant_time(session.now)))),
            f"data {age} (line time)",
            counted(session.heard, "event"),
        ]
    yield Text("  ".join(words), style=f"bold {_STYLES[state.word]}")
    if view.unconfirmed:
        yield Text(view.unconfirmed, style="yellow")
    for each in view.sources(latest, now):
        row_time = "" if session is None else view.row_time(latest, each.source, session.now)
        now_is = f", a row of now has {row_time}" if row_time else ""
        yield Text(safe(_source(each) + now_is))
    if not latest.health:
        yield Text("no link yet")


def _behind(stations: Sequence[StationNow]) -> str:
    """Return the stations that are furthest behind, and by how much."""
    found = sorted((each for each in stations if each.behind), key=lambda each: -each.behind)
    words = ", ".join(f"{e.name} by {counted(e.behind, 'lot')}" for e in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{words}{more}"


def _source(each: SourceNow) -> str:
    heard = "nothing yet" if math.isinf(each.age_s) else f"heard {each.age_s:.1f} s ago"
    words = [f"{each.source}: {each.link}", heard]
    if each.error:
        words.append(each.error)
    if each.stale:
        named = "all" if len(each.stale) == each.signals else ", ".join(each.stale[:_NAMED])
        more = f" and {len(each.stale) - _NAMED} more" if len(each.stale) > _NAMED else ""
        words.append(f"stale: {named}{'' if named == 'all' else more}")
    if each.never:
        words.append(f"{len(each.never)} of {counted(each.signals, 'signal')} never came")
    if each.left_out:
        words.append(f"{counted(each.left_out, 'value')} could not be read")
    return ", ".join(words)


def _stations(stations: Sequence[StationNow]) -> Iterator[RenderableType]:
    """Yield those that do not work or are behind, worst first; the others are counted."""
    troubled = [each for each in stations if each.in_trouble]
    rows = [
        [each.name, each.plant or "not told", each.twin, str(each.behind or "")]
        for each in troubled[:_MOST_STATIONS]
    ]
    if rows:
        yield _table(_STATIONS, rows, "")
    words = [f"{sum(e.plant == WORKS and not e.behind for e in stations)} of {len(stations)} work"]
    if left := len(troubled) - len(rows):
        words.append(f"{left} more do not")
    if untold := sum(not each.plant for each in stations):
        words.append(f"{untold} tell no state")
    yield Text(f"stations: {', '.join(words)}")


def _words(view: View, session: Session) -> Iterator[Text]:
    """Yield alerts, and findings that no alert tells, each with what to do."""
    alerted = {(each.kind, *each.names) for each in view.alerts}
    for each in view.alerts:
        style = "bold red" if each.active and each.priority == "high" else "yellow"
        told = f"{each.id} {each.priority} {each.state}: {each.text}; {each.action}"
        yield Text(safe(told), style)
    for finding in session.findings():
        if (finding.kind, *finding.names) not in alerted:
            yield Text(safe(f"{finding.kind}: {finding.text}. {finding.advice}".rstrip(". ")))
    yield from (Text(safe(words)) for words in _readings(session.parts.assimilator))


def _readings(assimilator: Assimilator) -> Iterator[str]:
    """Yield what readings wait for, and which were set aside."""
    by_instrument: dict[tuple[str, bool], list[Waiting]] = {}
    for each in assimilator.waiting():
        by_instrument.setdefault((each.instrument, each.can_come), []).append(each)
    for (instrument, can_come), found in by_instrument.items():
        lots = ", ".join(each.lot for each in found[:_NAMED])
        lots += f" and {counted(len(found) - _NAMED, 'other')}" if found[_NAMED:] else ""
        count = sum(each.readings for each in found)
        told = f"{instrument}: {counted(count, 'reading')}"
        if can_come:
            are = "are" if found[1:] else "is"
            yield f"{told} {'waits' if count == 1 else 'wait'} until {lots} {are} handed over"
        else:
            yield f"{told} of lots that are not known: {lots}; look at their names"
    if aside := assimilator.counts["set aside"]:
        last = f"; the last: {assimilator.set_aside}" if assimilator.set_aside else ""
        yield f"{counted(aside, 'reading')} set aside{last}"
    if half := assimilator.counts["half made"]:
        yield f"{counted(half, 'reading')} of lots half made as the twin joined: not learnt from"
    if nothing := assimilator.counts["of nothing"]:
        why = "that is, or should be, zero: a repeatability in % says nothing of it"
        yield f"{counted(nothing, 'reading')} {why}: left out; give it in the unit"


def _predicted(view: View, session: Session) -> Iterator[list[str]]:
    """Yield the newest of each quantity below its station, below it what instruments have read.

    Of a dryer's zones those behind which the film is wet, or the first one.
    """
    measured = view.measured(session)
    before = ("", "")
    rows = view.rows(session)
    order = {station: number for number, station in enumerate({e.station: 0 for e in rows})}
    for each in sorted(rows, key=lambda e: (order[e.station], e.lot)):
        scale = scale_of(each.quantity)
        values = (each.median, each.low, each.high, each.open_loop)
        median, low, high, nominal = (scale.text(value) for value in values)
        if each.place > 1 and median == DRIED:
            continue
        if (each.station, each.lot) != before:
            yield [f"{each.station}, lot {each.lot}", "", "", "", "", ""]
            before = each.station, each.lot
        place = when(each.kind, each.place)
        shown = f"  {each.quantity}" + (f", {place}" if place else "")
        interval = f"{low} to {high}" if low else ""
        yield [shown, median, interval, scale.unit_text, nominal, ""]
        key = each.station, each.quantity, each.place
        for read in measured:
            if (read.station, read.quantity, read.place) == key:
                value = scale.text(read.value)
                yield [f"    {read.lot} by {read.instrument}", "", "", scale.unit_text, "", value]


def _estimate(each: Estimated, config: EstimateConfig | ReaderConfig) -> list[str]:
    """Return a row: factors and relative biases in percent of what is nominal.

    One that no reading has told of has no median: it would be that of chance.
    """
    scale = scale_of_estimate(config)
    prior = f"±{scale_of_spread(config).text(NORMAL_95 * each.prior, 3)}"
    if each.refused:
        return [each.name, f"refused: {each.refused}", "", scale.unit_text, prior]
    nominal = 1.0 if each.kind == "factor" else 0.0
    is_wide = each.high - each.low >= _UNTOUCHED * 2 * NORMAL_95 * each.prior
    if is_wide and each.low <= nominal <= each.high:
        return [each.name, "not measured", "", scale.unit_text, prior]
    median, low, high = (f"{scale.number(v):+.3g}" for v in (each.median, each.low, each.high))
    return [each.name, median, f"{low} to {high}", scale.unit_text, prior]


def _innovation(each: Innovations) -> list[str]:
    """Return a row; what its numbers mean stands below the table. Of one refused none counts."""
    if each.refused:
        return [each.instrument, str(each.samples), f"refused: {each.refused}", "", "", "", ""]
    told = (each.mean, each.deviation, each.autocorrelation)
    return [
        each.instrument,
        str(each.samples),
        *("" if math.isnan(value) else f"{value:.2f}" for value in told),
        f"{each.chi_squared:.1f}",
        f"{each.limit:.1f}",
    ]


def _score(each: Score) -> list[str]:
    scale = scale_of_difference(each.quantity)
    return [
        f"{each.station}.{each.quantity} by {each.instrument}",
        str(each.count),
        f"{each.share:.0%}",
        scale.text(each.error, 3),
        scale.text(each.open_error, 3),
        scale.unit_text,
        "" if math.isnan(each.ratio) else f"{each.ratio:.2f}",
    ]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> RenderableType:
    """Return a table, or what is said where there is nothing to show."""
    if not rows:
        return Text(nothing, style="dim")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, map(safe, row)))
    return table
