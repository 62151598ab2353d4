"""The section of cells by risk: a table of all, and a block for each that is explained."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.domain import OUTSIDE, WORDS
from linetwin.results import display
from linetwin.results.page import Section
from linetwin.results.report_tables import genealogy, table
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.review.risks import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.surrogates.review.assembling import Cell, Review
    from linetwin.surrogates.review.reasons import Part, Reason
    from linetwin.surrogates.review.risks import Told

MOST_ROWS: Final = 2000
"""Cells in the table, those with the highest risk: a page has to open."""
_BEHIND: Final = 8
_WORTH: Final = 0.01
"""Part of the largest part below which another is not listed: it tells nothing."""
_HEADS: Final = (
    ("cell", "text"), ("risk", "number"), ("of what", "text"), ("prediction", ""),
    ("domain", "text"), ("what mattered most", "text"), ("so far", "text"), ("decided", "text"),
)  # fmt: skip
_CHOICES: Final = {
    "": "all cells",
    "stopped": "to be stopped",
    "refused": "refused by a predictor",
    "audit": "stopped, finishes in quarantine",
    "open": "still in the line",
    "decided": "decided",
    "contained": "on hold, or decided about with a lot",
    "undecided": "not decided",
}


def cells_section(found: Review) -> Section:
    """Return the cells by risk."""
    if not found.told:
        return Section("cells", "Cells by risk")
    shown = found.cells[:MOST_ROWS]
    more = len(found.cells) - len(shown)
    left = (
        f" The {more:,} cells with the least risk are not listed; --json has all." if more else ""
    )
    coverage = ", ".join(
        dict.fromkeys(f"{each.predictor.card.coverage:.0%}" for each in found.told)
    )
    intro = (
        "Risk: the highest of the risks of a fault that the predictors see, below it its interval "
        f"(of a number with limits it is computed from that of the number); intervals of {coverage}"
        ". Red: stopped, for that costs less than to let it pass (or, of safety, "
        f"the ceiling would not hold). Near: unlike most that was seen, wider intervals.{left}"
    )
    rows = "".join(_row(found, cell) for cell in shown)
    heads = "".join(
        f"<th{f' data-sort={chr(39)}{kind}{chr(39)}' if kind else ''}>{head}</th>"
        for head, kind in _HEADS
    )
    tools = _tools("risks", "search: cell, lot, station, finding", _CHOICES)
    body = (
        f"{tools}<div class='scroll long'>"
        f"<table id='risks'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return Section("cells", "Cells by risk", body, intro=intro)


def explained_section(found: Review) -> Section:
    """Return a block for each cell that is explained: parts, what would have helped, genealogy."""
    chosen = [cell for cell in found.cells if cell.name in found.reasons]
    blocks = "".join(_block(found, cell, at == 0) for at, cell in enumerate(chosen))
    intro = (
        "What each feature adds to the prediction (Shapley values, in its unit, against training "
        "points), with the station that settled it and the cell's own lot there. They tell what "
        "the model does, not what the plant would do: features that go together share out what "
        "either may have done. What would have helped moves one feature alone, within what was "
        "seen."
    )
    return Section(
        "why", "Why: the cells with the highest risk", f"{_behind(found)}{blocks}", intro=intro
    )


def _behind(found: Review) -> str:
    """Return by station and lot for how many of the explained cells they are the worst part."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for reasons in found.reasons.values():
        worst = worst_part(reasons)
        if worst is not None:
            counts[worst.origin.station, worst.origin.lot, worst.feature] += 1
    rows = [
        [display.name(station), lot, display.name(feature), f"{count:,} of {len(found.reasons):,}"]
        for (station, lot, feature), count in counts.most_common(_BEHIND)
    ]
    heads = ["station", "lot", "feature", "#cells of which it is the worst part"]
    return table(heads, rows) if rows else ""


def worst_part(reasons: tuple[Reason, ...]) -> Part | None:
    """Return what adds most to the highest of a cell's risks; None where nothing does."""
    return next((part for each in reasons for part in each.parts if part.worsens), None)


def _tools(name: str, hint: str, choices: dict[str, str]) -> str:
    options = "".join(
        f"<option value='{value}'>{escape(text)}</option>" for value, text in choices.items()
    )
    return (
        f"<div class='tools scripted' data-table='{name}'><input type='text' "
        f"placeholder='{escape(hint)}' aria-label='{escape(hint)}'>"
        f"<select aria-label='which rows'>{options}</select><output></output></div>"
    )


def _row(found: Review, cell: Cell) -> str:
    refused = any(each.predicted.domain[cell.row] == OUTSIDE for each in found.told)
    kinds = [
        *(["stopped"] if cell.stopped else []),
        *(["refused"] if refused else []),
        *(["audit"] if cell.audited else []),
        *(["open"] if cell.outcome == "in the line" else []),
        *(["contained"] if cell.contained else []),
        "decided" if cell.decision is not None else "undecided",
    ]
    reasons = found.reasons.get(cell.name, ())
    name = escape(cell.name)
    link = f"<a href='#c-{name}'>{name}</a>" if cell.name in found.reasons else name
    cells = [
        f"<td class='tight'>{link}</td>",
        _risk(found, cell),
        f"<td>{_of_what(found, cell)}</td>",
        f"<td>{_predictions(found.told, cell.row)}</td>",
        f"<td>{_domain(found, cell)}</td>",
        f"<td>{_mattered(reasons)}</td>",
        f"<td>{escape(cell.outcome)}</td>",
        f"<td>{_decided(cell)}</td>",
    ]
    mark = " class='stopped'" if cell.stopped else ""
    return f"<tr{mark} data-kinds='{' '.join(kinds)}'>{''.join(cells)}</tr>"


def _risk(found: Review, cell: Cell) -> str:
    if np.isnan(cell.risk):
        return "<td class='tight' data-value=''>not known</td>"
    width = round(100 * cell.risk)
    finishes = "finishes" if found.drawn else "would finish"
    audit = f"<small>audit: {finishes}</small>" if cell.audited else ""
    interval = risk_interval(found, cell)
    ends = f"<small>{interval}</small>" if interval else ""
    return (
        f"<td class='tight' data-value='{cell.risk:.6g}'>{display.share(cell.risk)}"
        f"<span class='bar'><i style='width:{width}%'></i></span>{ends}{audit}</td>"
    )


def risk_interval(found: Review, cell: Cell) -> str:
    """Return the ends of the interval of a cell's risk, "" where it has none of its own.

    The risk of a number with limits is computed from the interval of that number.
    """
    if cell.driver < 0:
        return ""
    told = found.told[cell.driver]
    low, high = (float(ends[cell.row]) for ends in (told.low, told.high))
    return "" if np.isnan(low + high) else f"{display.share(low)} to {display.share(high)}"


def risk_text(found: Review, cell: Cell) -> str:
    """Return a cell's risk with its interval in brackets."""
    if cell.driver < 0:
        return "not known"
    interval = risk_interval(found, cell)
    return f"{display.share(cell.risk)}{f' ({interval})' * bool(interval)}"


def _domain(found: Review, cell: Cell) -> str:
    """Return the domain's word, of a cell that is refused also why."""
    if cell.driver >= 0 or not found.told:
        return cell.domain
    told = found.told[0]
    card, values = told.predictor.card, told.features[cell.row]
    number = int(card.domain().beyond(values[None])[0])
    if number < 0:
        return f"{cell.domain}<small>nothing like it was seen</small>"
    feature = card.features[number]
    spec, name = spec_of(feature), escape(display.name(feature.name))
    if not np.isfinite(values[number]):
        return f"{cell.domain}<small>{name} is not known</small>"
    own, low, high = (spec.shown(float(n)) for n in (values[number], feature.low, feature.high))
    return f"{cell.domain}<small>{name} is {own}, seen {low} to {high}</small>"


def _of_what(found: Review, cell: Cell) -> str:
    if cell.driver < 0:
        return ""
    told = found.told[cell.driver]
    severity = told.weighs.severity if told.weighs is not None else "no class"
    return f"{escape(fault(told))}<small>{severity}</small>"


def fault(told: Told) -> str:
    """Return what the fault of a target is called."""
    words = words_of(told.target)
    if told.limited is not None:
        spec, goal = spec_of(told.predictor.card.target), told.limited.goal
        ends = [f"below {spec.shown(goal.low)}"] if np.isfinite(goal.low) else []
        ends += [f"above {spec.shown(goal.high)}"] if np.isfinite(goal.high) else []
        return f"{words} {' or '.join(ends)}"
    if told.is_yes_or_no and not told.bad:
        return f"not {words}"
    return words


def _predictions(told: tuple[Told, ...], row: int) -> str:
    return "".join(f"<small>{escape(text)}</small>" for text in predicted(told, row))


def predicted(told: tuple[Told, ...], row: int) -> Iterator[str]:
    """Yield what each predictor says of a cell, with its interval."""
    for each in told:
        name = words_of(each.target)
        if each.predicted.domain[row] == OUTSIDE:
            yield f"{name}: refused"
            continue
        numbers = (each.predicted.value[row], each.predicted.low[row], each.predicted.high[row])
        if each.is_yes_or_no:
            value, low, high = (display.share(min(1.0, max(0.0, float(n)))) for n in numbers)
        else:
            spec = spec_of(each.predictor.card.target)
            value, low, high = (spec.shown(float(n)) for n in numbers)
        yield f"{name} {value} ({low} to {high})"


def _mattered(reasons: tuple[Reason, ...]) -> str:
    worst = worst_part(reasons)
    if worst is None:
        return ""
    words = escape(display.name(worst.feature))
    return f"{words} {escape(worst.value)}<small>{escape(worst.origin.text)}</small>"


def _decided(cell: Cell) -> str:
    said = f"<b>{escape(cell.contained)}</b>" if cell.contained else ""
    if cell.decision is not None:
        what = cell.decision.grade or "accepted"
        said = f"{escape(what)}<small>{escape(cell.decision.reviewer)}</small>{said}"
    return said


def _block(found: Review, cell: Cell, opened: bool) -> str:  # noqa: FBT001 - the first is open
    reasons = "".join(_reason(each) for each in found.reasons[cell.name])
    domains = ", ".join(
        f"{words_of(each.target)}: {WORDS[int(each.predicted.domain[cell.row])]}"
        for each in found.told
    )
    decision = cell.decision
    said = ""
    if decision is not None:
        what = f"overridden to {decision.grade}" if decision.grade else "accepted"
        said = (
            f"<p>Decided: {escape(what)} by {escape(decision.reviewer)}, "
            f"{escape(decision.time[:16].replace('T', ' '))} UTC: {escape(decision.reason)}</p>"
        )
    if cell.contained:
        said += f"<p>Containment: {escape(cell.contained)}.</p>"
    risk = f"risk {risk_text(found, cell)}"
    name = escape(cell.name)
    telling = "".join(f"<li>{escape(text)}</li>" for text in predicted(found.told, cell.row))
    return (
        f"<details class='cell'{' open' if opened else ''} id='c-{name}'><summary><b>{name}</b>, "
        f"{risk}, so far {escape(cell.outcome)}</summary>{said}<ul>{telling}</ul>"
        f"<p class='soft'>Domain: {escape(domains)}.</p>{reasons}"
        f"<h3>What it was made from</h3>{genealogy(found.run, cell.name)}</details>"
    )


def _reason(reason: Reason) -> str:
    rows = [
        [
            display.name(part.feature),
            part.value,
            f"{'+' if part.adds > 0 else ''}{part.shown}",
            "worse" if part.worsens else "better",
            display.name(part.origin.station),
            part.origin.lot,
        ]
        for part in reason.parts
        if abs(part.adds) >= _WORTH * abs(reason.parts[0].adds)
    ]
    heads = ["feature", "#is", "#adds", "makes it", "settled at", "lot"]
    helps = "".join(f"<li>{escape(text)}</li>" for text in reason.helps)
    title = f"<h3>{escape(words_of(reason.target))}</h3>"
    parts = table(heads, rows) if rows else ""
    listed = f"<ul>{helps}</ul>" if helps else ""
    return f"{title}{parts}{listed}{_settings(reason)}"


def _settings(reason: Reason) -> str:
    """Return which settings of machines would have helped, and of which it could not be told."""
    helped = "".join(f"<li>{escape(text)}</li>" for text in reason.settings)
    lacking = "".join(f"<li>not told, {escape(text)}</li>" for text in reason.settings_not_told)
    if not helped + lacking:
        return ""
    head = "<p>Settings of machines, by the models of their stations (all else held):</p>"
    return f"{head}<ul class='settings'>{helped}{lacking}</ul>"
