"""What `linetwin live run` shows: states, age of data, predictions with intervals, estimates."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from linetwin.cli.printing import print_json, print_table
from linetwin.quantities import vocabulary
from linetwin.scenario import units

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from linetwin.twin.assimilating import Estimated, Outcome, Prediction
    from linetwin.twin.board.board import Board
    from linetwin.twin.board.tally import Score
    from linetwin.twin.feed.parcels import Latest
    from linetwin.twin.session import Session

_SHOW_EVERY_S = 0.5
_TELL_EVERY_S = 60.0
"""Where the output is no terminal, a line is written this often."""
_NOTES_KEPT = 5
_MADE_KEPT = 10_000
"""Predictions that are kept until they come out: some are never measured."""
_STATIONS = ["station", "plant", "twin", "lots behind"]
_PREDICTED = ["predicted", "lot", "median", "95 % interval", "nominal", "measured"]
_SCORED = ["score", "outcomes", "inside", "95 %", "error", "nominal's", "ratio"]
_ESTIMATED = ["estimate", "median", "95 % interval", "prior"]


class View:
    """What is known of a session, ready to be shown."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.predictions: dict[tuple[str, str, int], Prediction] = {}
        self.outcomes: dict[tuple[str, str, int], tuple[Prediction, Outcome]] = {}
        self._made: dict[str, Prediction] = {}
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep a remark for people."""
        self.notes = [*self.notes, text][-_NOTES_KEPT:]
        if not sys.stdout.isatty():
            sys.stderr.write(f"linetwin: {text}\n")

    def take(self, predictions: Sequence[Prediction], outcomes: Sequence[Outcome]) -> None:
        """Take what has been predicted and has come out since the last time."""
        for each in predictions:
            self.predictions[each.station, each.quantity, each.place] = each
            self._made[each.id] = each
            while len(self._made) > _MADE_KEPT:
                del self._made[next(iter(self._made))]
        for outcome in outcomes:
            if made := self._made.get(outcome.prediction):
                self.outcomes[made.station, made.quantity, made.place] = made, outcome

    def line_time(self, tick: int) -> str:
        """Return a tick as day and time of the line."""
        minutes, seconds = divmod(tick // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        return f"day {hours // 24} {hours % 24:02d}:{minutes:02d}:{seconds:02d}"

    def plain(self, session: Session | None, state: str) -> dict[str, Any]:
        """Return everything as plain data, in canonical units."""
        found: dict[str, Any] = {"state": state, "notes": self.notes}
        if session is None:
            return found
        leader, world = session.follower.leader, session.follower.world
        return found | {
            "line_time": self.line_time(session.now),
            "tick": session.now,
            "events": session.heard,
            "late_events": session.follower.late,
            "stations": {
                unit.name: {
                    "plant": leader.of(unit.name).state,
                    "twin": unit.state.mode,
                    "behind": leader.of(unit.name).apart,
                }
                for unit in world.equipment()
            },
            "predictions": [vars(each) for each in self.predictions.values()],
            "outcomes": [vars(made) | vars(come) for made, come in self.outcomes.values()],
            "estimates": [vars(each) for each in session.parts.assimilator.estimates()],
            "findings": [vars(each) for each in session.findings()],
            "scores": [vars(each) for each in self._board.scores()],
        }

    # ---------------------------------------------------------------------------- as tables
    def print(self, found: dict[str, Any], *, as_json: bool) -> None:
        """Print how things stand."""
        if as_json:
            print_json(found)
            return
        stations = [
            [name, each["plant"] or "not told", each["twin"], str(each["behind"] or "")]
            for name, each in found.get("stations", {}).items()
        ]
        title = f"{found['state']}, {found.get('line_time', '')}".rstrip(", ")
        print_table(title, _STATIONS, stations, 3)
        print_table("", _PREDICTED, self._predicted(), 2)
        print_table("", _SCORED, self._scored(), 1)

    def tables(self, session: Session, headline: str) -> Group:
        """Return the screen of a terminal."""
        leader = session.follower.leader
        stations = [
            [
                unit.name,
                leader.of(unit.name).state or "not told",
                unit.state.mode,
                str(leader.of(unit.name).apart or ""),
            ]
            for unit in session.follower.world.equipment()
        ]
        findings = [Text(f"{each.kind}: {each.text}. {each.advice}") for each in session.findings()]
        return Group(
            Text(headline),
            _table(_STATIONS, stations),
            _table(_PREDICTED, self._predicted()),
            _table(_ESTIMATED, [_estimate(e) for e in session.parts.assimilator.estimates()]),
            _table(_SCORED, self._scored()),
            *findings,
            *(Text(note) for note in self.notes),
        )

    def _scored(self) -> list[list[str]]:
        return [_score(each) for each in self._board.scores() if each.span == "all"]

    def _predicted(self) -> list[list[str]]:
        rows = []
        for key, each in self.predictions.items():
            quantity = vocabulary()[each.quantity]
            phase = f" after zone {each.place}" if each.place else ""
            low, high = (units.display(value, quantity) for value in (each.low, each.high))
            measured = ""
            if key in self.outcomes:
                _, outcome = self.outcomes[key]
                measured = units.display(outcome.value, quantity)
            rows.append(
                [
                    f"{each.station}.{each.quantity}{phase}",
                    each.lot,
                    units.display(each.median, quantity),
                    f"{low.partition(' ')[0]} to {high}",
                    "" if math.isnan(each.open_loop) else units.display(each.open_loop, quantity),
                    measured,
                ]
            )
        return rows


class Screen:
    """Shows a view twice a second on a terminal, else a line a minute."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console()
        self._live: Live | None = None
        if self._console.is_terminal and not quiet:
            self._live = Live(console=self._console, auto_refresh=False)
        self._due = 0.0

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: View, session: Session | None, latest: Latest, state: str) -> None:
        """Show how things stand, where it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + (_SHOW_EVERY_S if self._live is not None else _TELL_EVERY_S)
        headline = _headline(view, session, latest, state)
        if self._live is None:
            sys.stderr.write(f"linetwin: {headline}\n")
        elif session is None:
            self._live.update(Text(headline), refresh=True)
        else:
            self._live.update(view.tables(session, headline), refresh=True)


def _headline(view: View, session: Session | None, latest: Latest, state: str) -> str:
    rows = latest.counts.rows if latest.counts is not None else 0
    links = ", ".join(f"{name} {health.state}" for name, health in latest.health.items())
    parts = [state, f"{rows:,} values", links or "no link yet"]
    if session is not None:
        stale = int(latest.stale(time.time_ns()).sum())
        parts[1:1] = [view.line_time(session.now)]
        parts += [f"{stale} of {len(latest.value)} signals stale", f"{session.heard:,} events"]
    return "  ".join(parts)


def _estimate(each: Estimated) -> list[str]:
    """Return a row: factors and relative biases in percent of what is nominal."""
    if each.unit == "1":
        shown = [f"{(value - (each.kind == 'factor')) * 100:+.2f}" for value in (each.median,)]
        low, high = ((value - (each.kind == "factor")) * 100 for value in (each.low, each.high))
        return [each.name, f"{shown[0]} %", f"{low:+.2f} to {high:+.2f} %", f"{each.prior:.2%}"]
    quantity = vocabulary()[each.address.rpartition(".")[2]]
    return [
        each.name,
        units.display(each.median, quantity),
        f"{units.display(each.low, quantity)} to {units.display(each.high, quantity)}",
        units.display(each.prior, quantity),
    ]


def _score(each: Score) -> list[str]:
    quantity = vocabulary()[each.quantity]
    return [
        f"{each.station}.{each.quantity} by {each.instrument}",
        str(each.count),
        f"{each.share:.0%}",
        f"{each.low:.0%} to {each.high:.0%}",
        units.display(each.error, quantity, 3),
        units.display(each.open_error, quantity, 3),
        f"{each.ratio:.2f}",
    ]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
