"""Names, units and numbers of a study, as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.results import display
from linetwin.results.display import counted
from linetwin.study.analysing.aims import aim_of, bounds_of
from linetwin.study.analysing.box import FLOOR
from linetwin.study.analysing.effects import MOST
from linetwin.study.analysing.window import ENOUGH
from linetwin.study.tasks import PROCESSOR_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.analysing.effects import Effects
    from linetwin.study.analysing.inferring import Estimate
    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.window import Refused
    from linetwin.study.factors import Factor
    from linetwin.study.schema import Constraint

_HOUR = 3600.0
_EXACT, _DECIMALS = 1e-6, 8
_AS_WRITTEN = 6
"""Digits of a bound, which somebody has written."""


class Shown(NamedTuple):
    """How a figure is shown: factor on its canonical value, and the unit that gives."""

    factor: float
    unit: str


def shown(observed: Observed, figure: str) -> Shown:
    """Return how a figure is shown: as the vocabulary shows the quantity that it is one of."""
    if figure == PROCESSOR_TIME:
        return Shown(1.0, "s")
    unit = observed.unit(figure) or "1"
    found = scale_of(unit)
    if (found.factor, found.unit) != (1.0, "" if unit == "1" else unit):
        return found
    for part in figure.split("."):
        entry = display.entry_of(part)
        if entry is not None and entry.unit == unit and not display.scale(part).offset:
            return Shown(display.scale(part).factor, display.scale(part).unit)
    return found


def scale_of(unit: str) -> Shown:
    """Return how figures of a canonical unit are shown: energies in kWh, times in h."""
    if unit == "s":
        return Shown(1 / _HOUR, "h")
    factor, parts = 1.0, unit.split("/")
    for place, part in enumerate(parts):
        if part == "J":
            factor *= display.JOULE_PER_KWH ** (-1 if place == 0 else 1)
    text = "/".join("kWh" if part == "J" else part for part in parts)
    return Shown(factor, "" if text == "1" else text)


def figure_name(figure: str) -> str:
    """Return a figure in words: what it is, without the section it stands in."""
    return _once(display.name(figure.split(".", 1)[1] if figure.count(".") == 1 else figure))


def _once(text: str) -> str:
    """Return words without those that only repeat the one before."""
    words = text.split(" ")
    return " ".join(w for n, w in enumerate(words) if n == 0 or w != words[n - 1])


def same_everywhere(observed: Observed) -> list[str]:
    """Say which objectives have the same value in every run, so that nothing can be chosen."""
    told = []
    for figure in dict.fromkeys(aim_of(each)[0] for each in observed.objectives):
        values = observed.values(figure)
        known = values[np.isfinite(values)]
        if len(known) > 1 and known.min() == known.max():
            told.append(f"{figure_name(figure)} is the same in every run")
    return told


def titled(observed: Observed, figure: str) -> str:
    """Return a figure with its unit, for an axis."""
    unit = shown(observed, figure).unit
    return f"{figure_name(figure)} in {unit}" if unit else figure_name(figure)


def number(value: float, scale: Shown, *, signed: bool = False) -> str:
    """Return a figure's value with its unit."""
    if not math.isfinite(value):
        return "not known"
    text = display.plain(value * scale.factor)
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{text} {scale.unit}".rstrip()


def estimate(found: Estimate, scale: Shown, *, signed: bool = False) -> str:
    """Return a value with its interval: `3.1 (2.9 to 3.3) kWh`; digits by the interval's width.

    An interval narrower than a millionth of the value is not told.
    """
    value, low, high = (each * scale.factor for each in found[:3])
    width = abs(high - low)
    if not math.isfinite(width) or width <= _EXACT * abs(value):
        return number(found.value, scale, signed=signed)
    places = max(0, 1 - math.floor(math.log10(width)))
    texts = [_rounded(each, places) for each in (value, low, high)]
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{texts[0]} ({texts[1]} to {texts[2]}) {scale.unit}".rstrip()


def least_share(chance: float) -> str:
    """Return a chance that runs were promised, rounded down to whole percent, 99 % at most."""
    return display.share(math.floor(100 * min(chance, 0.99) + _EXACT) / 100)


def told_by(found: Estimate, of: int) -> str:
    """Return ` in 3 of 20 runs` where the other runs have no value; else nothing."""
    return f" in {found.n} of {of} runs" if found.n < of else ""


def _rounded(value: float, places: int) -> str:
    """Return a number with so many decimals; with significant digits where they are too many."""
    if places > _DECIMALS:
        return display.plain(value)
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if not float(text.replace(",", "")) else text


def bound(constraint: Constraint, scale: Shown) -> str:
    """Return a constraint in words: `energy used at most 3 kWh`."""
    low, high = bounds_of(constraint)
    ends = [("at least", low), ("at most", high)]
    parts = [
        f"{word} {display.plain(end * scale.factor, _AS_WRITTEN)} {scale.unit}".rstrip()
        for word, end in ends
        if math.isfinite(end)
    ]
    return f"{figure_name(constraint.figure)} {' and '.join(parts)}"


def no_window(observed: Observed, refused: Refused) -> str:
    """Say why no window is recommended."""
    reasons = {
        "foretold": _unforetold, "nowhere": _nowhere, "narrow": _narrow, "few": _few, "same": _same,
        "untold": _untold,
    }  # fmt: skip
    return f"No window is recommended: {reasons[refused.why](observed, refused)}"


def _unforetold(_observed: Observed, refused: Refused) -> str:
    return (
        f"of points left out, the surface of {figure_name(refused.figure)} foretells "
        f"{display.share(max(0.0, refused.share))} of what differs, and {display.share(ENOUGH)} "
        "are wanted. More points, or factors between narrower bounds, would tell."
    )


def _few(observed: Observed, refused: Refused) -> str:
    over = counted(len(observed.factors), "factor")
    return (
        f"a surface of {figure_name(refused.figure)} over {over} needs {refused.points} points or "
        "more that differ."
    )


def _same(_observed: Observed, refused: Refused) -> str:
    return f"{figure_name(refused.figure)} is the same at all points."


def lying(observed: Observed) -> str:
    """Return where failed runs lie closest together: `line_load 700 N/mm to 900 N/mm`, or ''."""
    where = observed.failures.where
    return "" if where is None else f"{where[0].address} {from_to(*where)}"


def _untold(observed: Observed, refused: Refused) -> str:
    names = " and ".join(address_name(observed.factors[n].address) for n in sorted(refused.matters))
    lie = f" Whether a run does follows {names}." if names else ""
    return (
        "too many runs failed or gave no value of what is aimed at: nowhere does one tell it with "
        f"more than {display.share(refused.share)}, and {display.share(refused.needed)} are "
        f"wanted.{lie}"
    )


def _nowhere(_observed: Observed, refused: Refused) -> str:
    if refused.seeds == 1:
        return (
            "nowhere in what was varied are all constraints foretold to be kept as asked. "
            "That is told by one seed; ask for replications: 3 or more."
        )
    said = (
        "nowhere in what was varied is a run foretold to keep all constraints with "
        f"{display.share(refused.needed)}; the most is {display.share(refused.share)}"
    )
    if refused.many < refused.needed:
        return f"{said}, and {display.share(refused.many)} were all of chance known."
    return (
        f"{said} as far as {counted(refused.seeds, 'seed')} can tell. With many seeds it would be "
        f"{display.share(refused.many)}: more replications help."
    )


def _narrow(observed: Observed, refused: Refused) -> str:
    best = refused.best
    chosen = [] if best is None else [(observed.factors[n], best[n]) for n in refused.matters]
    place = ", ".join(f"{address_name(f.address)} {at_share(f, s)}" for f, s in chosen)
    worth, more = "", "Looser bounds, or more replications, give room."
    if refused.figure:
        name = figure_name(refused.figure)
        worth = f", with {name} nearly at its best"
        if math.isfinite(refused.share):
            more = f"There is one if {name} may lose {display.share(refused.share)} of its span."
    return (
        f"no box as wide as {display.share(FLOOR)} of the span of each factor that matters keeps "
        f"the aims everywhere{worth}. The best single place is {place}: on the edge, where a "
        f"setting a little off misses. {more}"
    )


def more_runs(found: Effects | None, replications: int) -> str:
    """Say what would tell effects from chance; `found`: those that do not stand clear of it."""
    if replications == 1:
        return "With one replication nothing tells chance: ask for replications: 2 or more."
    if found is None or not found.effects:
        return "More replications would help."
    enough = found.replications()
    if enough is None:
        return (
            f"More points would help: not even {MOST} replications of these would show an effect "
            "as large as the largest that was seen."
        )
    if enough <= replications:
        return (
            "More points would help: what the fit leaves hides the largest effect, not the seeds."
        )
    return (
        f"More replications would help: about {enough} of each point, if the largest effect is as "
        f"large as it seems with {replications}."
    )


def without_common_seeds(saved: float) -> str:
    """Return how many runs a difference needs where points have seeds of their own.

    `saved`: variance of such a difference over that with common seeds, above 0; infinite where
    seeds move all points alike.
    """
    if math.isinf(saved):
        return "common seeds take all chance out"
    return "no more" if saved <= 1 else f"{display.plain(saved)} times as many"


def resting_on(seeds: int) -> str:
    """Say on how many seeds a foretold chance rests."""
    if seeds == 1:
        return "told by one seed: what another one does is not known, and not in it"
    return f"rests on {seeds} seeds, and allows for how little so many tell"


def address_name(address: str) -> str:
    """Return an address in words."""
    return display.name(address)


def short_names(addresses: Sequence[str]) -> list[str]:
    """Return addresses by their last word where that tells them apart, else in full."""
    last = [address.rsplit(".", 1)[-1] for address in addresses]
    named = zip(last, addresses, strict=True)
    return [display.name(word if last.count(word) == 1 else whole) for word, whole in named]


def factor_scale(factor: Factor) -> display.Scale:
    """Return how a factor's values are shown; in its own unit where the vocabulary has no other."""
    quantity = factor.address.rsplit(".", 1)[-1]
    entry = display.entry_of(quantity)
    if entry is not None and entry.unit == factor.unit:
        return display.scale(quantity)
    return display.Scale(1.0, 0.0, "" if factor.unit == "1" else factor.unit)


def factor_value(factor: Factor, value: object) -> str:
    """Return a factor's value with its unit; words as they are."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "as it is" if value is None else str(value)
    if not math.isfinite(value):
        return "as it is"
    scale = factor_scale(factor)
    return f"{display.plain(scale.factor * value + scale.offset, 4)} {scale.unit}".rstrip()


def at_share(factor: Factor, share: float) -> str:
    """Return the value at a share of a factor's span, with its unit."""
    return factor_value(factor, factor.at(min(1.0, max(0.0, float(share)))))


def ends(factor: Factor, low: float, high: float, *between: float) -> list[str]:
    """Return values at shares of a factor's span, with digits that tell the two ends apart."""
    values = [factor.at(min(1.0, max(0.0, float(share)))) for share in (low, high, *between)]
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    scale = factor_scale(factor)
    width = abs(numbers[1] - numbers[0]) * scale.factor if len(numbers) == len(values) else 0.0
    if not width:
        return [factor_value(factor, value) for value in values]
    places = max(0, 1 - math.floor(math.log10(width)))
    told = (f"{scale.factor * value + scale.offset:,.{places}f}" for value in numbers)
    return [f"{_short(text)} {scale.unit}".rstrip() for text in told]


def _short(text: str) -> str:
    """Return a number without zeros at its end that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def from_to(factor: Factor, low: float, high: float) -> str:
    """Return a range of a factor: `18.9 mg/cm2 to 19.05 mg/cm2`; of one level, that."""
    return " to ".join(dict.fromkeys(ends(factor, low, high)))
