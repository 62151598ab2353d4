"""How often what was hidden is named first: a table of stations, with binomial intervals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.surrogates.shares import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.hidden.naming import Named

NOBODY: Final = "nothing"


@dataclass(frozen=True)
class Truth:
    """What was hidden: its name, the station, and the lots that this made or worked on then."""

    cause: str
    station: str
    lots: tuple[str, ...]

    def is_met(self, named: Named, *, lot: bool = True) -> bool:
        """Tell whether a name is that of the station, and of one of its lots."""
        return named.station == self.station and (not lot or named.lot in self.lots)


@dataclass(frozen=True)
class Judged:
    """A run: what was hidden in it, nothing in a control, and what was named, in that order."""

    run: str
    seed: int
    truth: tuple[Truth, ...]
    named: tuple[Named, ...]

    @property
    def first(self) -> str:
        """Station named first."""
        return self.named[0].station if self.named else NOBODY


@dataclass(frozen=True)
class Share:
    """A share of runs with its 95 % binomial interval (Clopper and Pearson)."""

    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; of none anything."""
        if not self.of:
            return 0.0, 1.0
        _, low, high = clopper_pearson(self.hits, self.of)
        return low, high

    @property
    def text(self) -> str:
        """The share as people read it."""
        if not self.of:
            return "none"
        low, high = self.interval
        return f"{self.hits} of {self.of} ({100 * low:.0f} to {100 * high:.0f} %)"

    def content(self) -> dict[str, Any]:
        """Return plain data."""
        return {"hits": self.hits, "of": self.of, "low": self.interval[0], "high": self.interval[1]}


def confusion(judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Return by cause, of runs with one and controls, how often each station was named first."""
    found: dict[str, Counter[str]] = {}
    for each in judged:
        if len(each.truth) < 2:  # noqa: PLR2004 - pairs are told apart
            cause = each.truth[0].cause if each.truth else NOBODY
            found.setdefault(cause, Counter())[each.first] += 1
    return {cause: dict(named) for cause, named in found.items()}


def shares(judged: Sequence[Judged]) -> dict[str, Share]:
    """Return how often station and lot were named first; of pairs, both among the first two."""
    single = [each for each in judged if len(each.truth) == 1]
    pairs = [each for each in judged if len(each.truth) > 1]
    sound = [each for each in judged if not each.truth]
    found = {
        "station named first": _met(single, lot=False),
        "station and lot named first": _met(single, lot=True),
        "nothing named, though something was hidden": _counted(
            single, [not e.named for e in single]
        ),
        "something named in a control": _counted(sound, [bool(e.named) for e in sound]),
        "of a pair, one of both named first": _counted(
            pairs, [any(t.is_met(n) for t in e.truth for n in e.named[:1]) for e in pairs]
        ),
        "of a pair, both among the first two": _counted(
            pairs,
            [all(any(t.is_met(n) for n in e.named[:2]) for t in e.truth) for e in pairs],
        ),
    }
    for cause in dict.fromkeys(each.truth[0].cause for each in single):
        own = [each for each in single if each.truth[0].cause == cause]
        found[f"{cause}: station"] = _met(own, lot=False)
        found[f"{cause}: station and lot"] = _met(own, lot=True)
    return found


def _met(judged: Sequence[Judged], *, lot: bool) -> Share:
    return _counted(
        judged, [any(e.truth[0].is_met(n, lot=lot) for n in e.named[:1]) for e in judged]
    )


def _counted(judged: Sequence[Judged], hits: Sequence[bool]) -> Share:
    return Share(sum(hits), len(judged))
