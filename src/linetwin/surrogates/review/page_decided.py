"""The sections of what people decided: holds, decisions, the policy, and where all comes from."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from linetwin.results import display
from linetwin.results.display import counted
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.surrogates.review.decisions import DECISIONS, decision_of
from linetwin.surrogates.review.risks import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.gauges import Estimate
    from linetwin.surrogates.review.assembling import Review
    from linetwin.surrogates.review.stopping import Stop
    from linetwin.surrogates.review.weighing import Weighed

_RECALLED: Final = 50
"""Names of cells to be recalled that a row has room for; --json and --8d have all."""


def holds_section(found: Review) -> Section:
    """Return the lots that are or were on hold, and what became of them."""
    rows = [
        [
            each.lot, each.reason, each.by, _time(each.time), f"{len(each.cells):,}",
            ", ".join(f"{count:,} {where}" for where, count in each.where.items()),
            "; ".join(
                f"{own.what}: {counted(len(own.cells), 'cell')} "
                f"({own.by}, {_time(own.time)}: {own.reason})"
                for own in each.settled
            ),
            f"{len(each.ended):,}", _cells(each.to_recall),
            f"{len(each.open_cells):,}" if each.is_open else "closed",
        ]
        for each in found.held
    ]  # fmt: skip
    heads = ["lot", "why", "by", "since", "#cells of it", "where they were", "disposition",
             "#scrapped otherwise, or samples", "shipped, to be recalled", "#open"]  # fmt: skip
    none = (
        "<p>No lot is on hold. <code>linetwin surrogate contain RUN --lot LOT --reason WHY --by "
        "NAME</code> puts one on hold with all that was made of it.</p>"
    )
    return Section("holds", "Containment", table(heads, rows) if rows else none)


def _cells(names: Sequence[str]) -> str:
    """Return how many cells, and their names where a page has room for them."""
    if not names:
        return ""
    listed = ", ".join(names[:_RECALLED])
    return f"{counted(len(names), 'cell')}: {listed}{', ...' if len(names) > _RECALLED else ''}"


def decisions_section(found: Review) -> Section:
    """Return every decision about a cell, the newest first."""
    told = [decision_of(entry) for entry in found.log if entry.what in DECISIONS]
    rows = [
        [
            each.cell, each.grade or "accepted", each.reason,
            f"{each.reviewer} and {each.second}" if each.second else each.reviewer,
            ", ".join(words_of(name) for name in each.safety), _time(each.time),
            ", ".join(dict.fromkeys(own.model[:12] for own in each.foretold)), each.data[:12],
            each.policy[:12], f"{each.seq}",
        ]
        for each in reversed(told)
    ]  # fmt: skip
    heads = ["cell", "decision", "reason", "reviewer, and second", "of safety", "UTC",
             "models", "data", "policy", "#entry"]  # fmt: skip
    none = (
        "<p>Nothing is decided. <code>linetwin surrogate decide RUN CELL --predictors FOLDER "
        "--accept</code> or <code>--override GRADE</code>, with <code>--reason</code> and "
        "<code>--reviewer</code>, writes to the run's log.</p>"
    )
    intro = (
        "From review.log, in which each entry carries the hash of the one before; its hashes were "
        "checked. A decision is a judgement: no predictor learns from it as if it were an outcome."
    )
    return Section("decided", "Decisions", table(heads, rows) if rows else none, intro=intro)


def policy_section(found: Review) -> Section:
    """Return the severity classes with their numbers and where these come from."""
    rows = []
    for each in found.policy.characteristics.values():
        costs = [
            "" if cost is None else f"{cost:g} {each.currency}"
            for cost in (each.cost_of_escape, each.cost_of_false_alarm)
        ]
        rows.append(
            [
                _characteristic(each.name), each.severity,
                "" if each.ceiling_ppm is None else f"{each.ceiling_ppm:g} ppm", *costs,
                "" if each.threshold is None else display.share(each.threshold),
                each.tag, each.source,
            ]
        )  # fmt: skip
    heads = ["characteristic", "class", "#ceiling", "#an escape", "#a false alarm", "#stop from",
             "tag", "source"]  # fmt: skip
    intro = (
        "Safety has a ceiling of escapes and no trade against cost: its tests stay, whatever a "
        "predictor says. Elsewhere a cell is stopped from the risk on at which that is cheaper: "
        "false alarm / (escape + false alarm)."
    )
    return Section(
        "policy", "Severity classes", f"{table(heads, rows)}{_thresholds(found)}", intro=intro
    )


def _characteristic(name: str) -> str:
    """Return a characteristic in words; `capacity` is a number, `found_capacity` a finding."""
    return f"{words_of(name)}, as found" if name.startswith("found_") else words_of(name)


def _thresholds(found: Review) -> str:
    """Return what the stop in force does, and beside it what the cheapest threshold would do."""
    weighed = {each.target: each for each in found.weighed}
    rows = []
    for stop in found.stops:
        own = weighed.get(stop.target)
        rows.append([*_in_force(found, stop), *_cheapest(found, own)])
    stopping = {each.target for each in found.stops}
    rows += [
        [_characteristic(each.target), each.severity, "", "", "", *_cheapest(found, each)]
        for each in found.weighed
        if each.target not in stopping
    ]
    heads = ["characteristic", "class", "#stopped now", "#of these wrongly", "#saves now",
             "#cheapest here, not in force", "#it would save"]  # fmt: skip
    notes = "".join(f"<li>{escape(f'{row[0]}: {row[-1]}')}</li>" for row in rows if row[-1])
    listed = f"<ul class='lacks'>{notes}</ul>" if notes else ""
    said = (
        "<p class='soft'>Now: by the thresholds of the table above, a cell once however many "
        "predictors stop it. Wrongly: without any fault for which it is stopped, of the stopped "
        "cells of which that is known. Cheapest here: the threshold of least cost on this run's "
        "cells, of one predictor alone; nothing is stopped by it. It is in force once the policy's "
        "costs lead to it. Savings for 1,000 cells with a risk and all outcomes, against letting "
        "all through, with 95 % intervals over trays.</p>"
    )
    title = "What the stop does, and what thresholds would do"
    told = table(heads, [row[:-1] for row in rows])
    return f"<h3>{title}</h3>{said}{told}{listed}" if rows else ""


def _in_force(found: Review, stop: Stop) -> list[str]:
    """Return the words of what is stopped now: name, class, cells, those wrongly, saving."""
    own = found.policy.characteristics.get(stop.target)
    name = _characteristic(stop.target) if stop.target else "all together"
    wrongly = "not told" if stop.sound is None else f"{stop.sound:,} of {stop.known:,}"
    severity = "" if own is None else own.severity
    saving = "" if stop.saving is None else f"{_money(found, stop.saving)}, of {stop.base:,} cells"
    return [name, severity, f"{stop.stopped:,}", wrongly, saving]


def in_short(found: Review) -> list[str]:
    """Return in a sentence what the stop in force does wrongly and saves; none where not told."""
    stop = found.stops[0] if found.stops else None
    if stop is None or stop.known is None or not stop.known:
        return []
    said = (
        f"of {stop.known:,} stopped cells it is known: {stop.sound:,} have none of the faults for "
        "which they are stopped"
    )
    if stop.known < stop.stopped:
        said += (
            f" (of {stop.stopped - stop.known:,} others it is not: a fault is known sooner than "
            "that there is none)"
        )
    if stop.saving is not None:
        said += f"; the stop saves {saves(found)}"
    return [said]


def saves(found: Review) -> str:
    """Return what the stop in force saves, its interval and base; empty where it is not told."""
    stop = found.stops[0] if found.stops else None
    if stop is None or stop.saving is None:
        return ""
    return (
        f"{_money(found, stop.saving)} per 1,000 cells, counted on the {stop.base:,} that have a "
        "risk and all outcomes (refused cells, and those of which an outcome is not known, are "
        "left out)"
    )


def _money(found: Review, own: Estimate) -> str:
    money = next((e.currency for e in found.policy.characteristics.values() if e.currency), "")
    return f"{own.value:,.0f} {money} ({own.low:,.0f} to {own.high:,.0f})"


def _cheapest(found: Review, each: Weighed | None) -> list[str]:
    """Return the words of a threshold that is not in force: where, its saving, what it does."""
    if each is None:
        return ["", "", next((stop.refused for stop in found.stops[:1]), "")]
    stop = saving = ""
    cost, safety, said = each.cost, each.safety, each.refused
    if cost is not None:
        saving = _money(found, cost.saving)
        stop = "none" if math.isinf(cost.threshold) else f"from {display.share(cost.threshold)}"
        said = (
            f"{each.cells:,} cells with an outcome; the cheapest: {cost.escapes:.1f} escapes and "
            f"{cost.false_alarms:.1f} false alarms per 1,000, on trays that had no part in the "
            "choice"
        )
    if safety is not None:
        said = safety.reason
    elif each.needed is not None:
        said = f"{said}; the ceiling takes {each.needed:,} cells without an escape to be shown"
    return [stop, saving, said]


def provenance_section(found: Review) -> Section:
    """Return predictors, data and policy with their hashes."""
    rows = [
        ["run", str(found.run.path.name), found.data.digest],
        ["policy", f"{found.policy.name} ({found.policy.file.name})", found.policy.digest],
    ]
    for each in found.told:
        card = each.predictor.card
        about = f"{card.name} ({each.file}), made {card.made}; {card.data.name}"
        rows.append([f"predictor of {display.name(each.target)}", about, each.model])
    if found.approved is not None:
        rows.append(["control limits", found.approved.file, found.approved.digest])
    return Section("provenance", "Provenance", table(["", "", "SHA-256"], rows))


def _time(text: str) -> str:
    return text[:16].replace("T", " ")
