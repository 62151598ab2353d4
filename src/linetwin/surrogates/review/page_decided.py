"""The sections of what people decided: holds, decisions, the policy, and where all comes from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.surrogates.review.decisions import DECISIONS, decision_of
from linetwin.surrogates.review.risks import words_of

if TYPE_CHECKING:
    from linetwin.surrogates.review.assembling import Review


def holds_section(found: Review) -> Section:
    """Return the lots that are or were on hold, and what became of them."""
    rows = [
        [
            each.lot, each.reason, each.by, _time(each.time), f"{len(each.cells):,}",
            ", ".join(f"{count:,} {where}" for where, count in each.where.items()),
            "; ".join(
                f"{own.what}: {len(own.cells):,} cells ({own.by}, {_time(own.time)}: {own.reason})"
                for own in each.settled
            ),
            f"{len(each.ended):,}", f"{len(each.open_cells):,}" if each.is_open else "closed",
        ]
        for each in found.held
    ]  # fmt: skip
    heads = ["lot", "why", "by", "since", "#cells of it", "where they were", "disposition",
             "#scrapped or samples before", "#open"]  # fmt: skip
    none = (
        "<p>No lot is on hold. <code>linetwin surrogate contain RUN --lot LOT --reason WHY --by "
        "NAME</code> puts one on hold with all that was made of it.</p>"
    )
    return Section("holds", "Containment", table(heads, rows) if rows else none)


def decisions_section(found: Review) -> Section:
    """Return every decision about a cell, the newest first."""
    told = [decision_of(entry) for entry in found.log if entry.what in DECISIONS]
    rows = [
        [
            each.cell, each.grade or "accepted", each.reason,
            f"{each.reviewer} and {each.second}" if each.second else each.reviewer,
            ", ".join(words_of(name) for name in each.safety), _time(each.time),
            ", ".join(dict.fromkeys(own.model[:12] for own in each.foretold)), each.data[:12],
            f"{each.seq}",
        ]
        for each in reversed(told)
    ]  # fmt: skip
    heads = ["cell", "decision", "reason", "reviewer, and second", "of safety", "UTC",
             "models", "data", "#entry"]  # fmt: skip
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
                words_of(each.name), each.severity,
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


def _thresholds(found: Review) -> str:
    """Return what thresholds would do, counted on cells that the predictor does not know."""
    rows = []
    for each in found.weighed:
        cost, safety, said = each.cost, each.safety, each.refused
        saving = ""
        if cost is not None:
            money = found.policy.characteristics[each.target].currency
            own = cost.saving
            saving = f"{own.value:,.0f} {money} ({own.low:,.0f} to {own.high:,.0f})"
            stop = "none" if math.isinf(cost.threshold) else display.share(cost.threshold)
            said = (
                f"cheapest here: stop from {stop}; {cost.escapes:.1f} escapes and "
                f"{cost.false_alarms:.1f} false alarms per 1,000 cells, on trays that had no part "
                "in the choice"
            )
        if safety is not None:
            said = safety.reason
        if each.needed is not None:
            what = f"the ceiling takes {each.needed:,} cells without an escape to be shown"
            said = f"{said}; {what}" if safety is None else said
        rows.append([words_of(each.target), each.severity, f"{each.cells:,}", saving, said])
    heads = ["characteristic", "class", "#cells with an outcome", "#saving per 1,000 cells", ""]
    return f"<h3>What thresholds would do</h3>{table(heads, rows)}" if rows else ""


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
