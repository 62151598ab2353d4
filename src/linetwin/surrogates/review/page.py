"""The page of a review: for people who decide about cells; one file that needs no network."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final

from linetwin.predictors.domain import OUTSIDE
from linetwin.results.display import counted
from linetwin.results.page import page
from linetwin.surrogates.review.page_ageing import ageing_section
from linetwin.surrogates.review.page_capability import capability_section
from linetwin.surrogates.review.page_cells import cells_section, explained_section, fault
from linetwin.surrogates.review.page_charts import charts_section
from linetwin.surrogates.review.page_decided import (
    decisions_section,
    holds_section,
    in_short,
    policy_section,
    provenance_section,
    saves,
)
from linetwin.surrogates.review.page_defects import named_section, pareto_section
from linetwin.surrogates.review.page_limits import is_odd, of_another
from linetwin.surrogates.review.page_quarantine import quarantine_section
from linetwin.surrogates.review.page_reliability import reliability_section
from linetwin.surrogates.review.risks import words_of
from linetwin.surrogates.review.statistics.reliability import Reliability

if TYPE_CHECKING:
    from linetwin.surrogates.review.assembling import Review

_NO_FAULT: Final = "found_destructive_test"
"""A finding that is none: cells that were taken."""


def review_page(found: Review) -> str:
    """Return the page of a review."""
    sections = [
        cells_section(found),
        explained_section(found),
        reliability_section(found),
        pareto_section(found),
        named_section(found),
        charts_section(found),
        capability_section(found),
        ageing_section(found),
        quarantine_section(found),
        holds_section(found),
        decisions_section(found),
        policy_section(found),
        provenance_section(found),
    ]
    name = str(found.run.manifest.get("scenario") or found.run.path.name)
    title = f"Quality review of {name}"
    return page(
        title, _header(found, title), _answers(found), sections,
        style=_resource("review.css"), script=_resource("review.js"),
    )  # fmt: skip


def lacks(found: Review) -> list[str]:
    """Return what the review lacks, and what its reader must know before trusting it."""
    said = [each.text for each in found.covered]
    said += [f"{each.text}." for each in found.left_out]
    status = found.run.manifest["status"]
    if status not in {"complete", "given up"}:
        said.append(f"The run is {status}: what follows is what it wrote.")
    if found.facts.plan.filled:
        said.append(
            "The line began filled: cells of its stock are drawn from few, so what is counted on "
            "them looks surer than it is, and of their lots nothing is known."
        )
    if found.begun is not None and found.begun.text:
        said.append(found.begun.text)
    if of_another(found):
        said.append(of_another(found))
    if not found.told:
        said.append(
            "No predictors were given (--predictors): no risk, no explanation, no reliability. "
            "Charts, capability, defects and containment are there."
        )
    said += [*_of_predictors(found), *_without_class(found), *_of_another_policy(found)]
    if found.policy.assumed:
        said.append(
            f"Of the {len(found.policy.characteristics)} characteristics of the policy "
            f"'{found.policy.name}', {found.policy.assumed} rest on engineering assumptions: "
            "ceilings and costs are to be replaced by the plant's own (--policy)."
        )
    if found.data.simulated:
        said.append("The run is simulated: nothing here is evidence about a real line.")
    return said


def _without_class(found: Review) -> list[str]:
    """Return in a sentence which findings of the run the policy has no class for; none for none."""
    known = {*found.policy.characteristics, _NO_FAULT}
    names = [
        name.removeprefix("found_").replace("_", " ")
        for name in found.data.targets
        if name.startswith("found_") and name not in known
    ]
    return [f"The policy has no class for what was found: {', '.join(names)}."] if names else []


def _of_another_policy(found: Review) -> list[str]:
    """Return in a sentence how many decisions were made under another policy; none for none."""
    own = (cell.decision for cell in found.cells if cell.decision is not None)
    other = [each for each in own if each.policy and each.policy != found.policy.digest]
    if not other:
        return []
    which = ", ".join(dict.fromkeys(each.policy[:12] for each in other))
    many = counted(len(other), "decision")
    text = f"{many} made under another policy than this one (SHA-256 {which}): what is of safety, "
    return [f"{text}and takes two people, is told as it was there."]


def _of_predictors(found: Review) -> list[str]:
    """Return what must be known of the predictors."""
    said = []
    here = [words_of(each.target) for each in found.told if each.trained_here]
    if here:
        said.append(
            f"Predictors of {', '.join(here)} were trained on these very cells: their risks look "
            "surer than they are of cells nobody has seen, and their reliability is no evidence."
        )
    for each in found.told:
        said += [f"{words_of(each.target)}: {note}." for note in each.notes]
        own = found.reliable.get(each.target)
        if isinstance(own, Reliability) and own.error.value > own.error_by_chance:
            said.append(
                f"The risks of {fault(each)} are not what they say on this run's cells: they are "
                f"off by {own.error.value:.0%} on average ({own.error.low:.0%} to "
                f"{own.error.high:.0%}). What is stopped by them costs more than it need."
            )
    saving = found.stops[0].saving if found.stops and found.stops[0].stopped else None
    if saving is not None and saving.low <= 0:
        said.append(f"The stop that is in force is not shown to save anything: {saves(found)}.")
    unknown = [words_of(each.target) for each in found.told if each.weighs is None]
    if unknown:
        said.append(f"The policy has no class for {', '.join(unknown)}: told, not judged.")
    no_fault = [words_of(e.target) for e in found.told if e.limited is None and not e.is_yes_or_no]
    if no_fault:
        said.append(f"Nothing says which {', '.join(no_fault)} is a fault: no risk is told of it.")
    return said


def _header(found: Review, title: str) -> str:
    manifest = found.run.manifest
    about = (
        f"Scenario {manifest['scenario']}, seed {manifest['seed']}; {len(found.data.frame):,} "
        f"cells graded, scrapped or in the line; SHA-256 of their table {found.data.digest[:16]}"
    )
    items = "".join(f"<li>{escape(text)}</li>" for text in lacks(found))
    listed = f"<div class='warning'><ul class='lacks'>{items}</ul></div>" if items else ""
    return f"<header><h1>{escape(title)}</h1><p>{escape(about)}</p></header>{listed}"


def _answers(found: Review) -> str:
    said = [_at_risk(found), _out_of_control(found), _decided(found)]
    answers = "".join(
        f"<p class='answer'><span class='question'>{question}</span>{answer}"
        f"<small>{small}</small></p>"
        for question, answer, small in said
        if answer
    )
    return f"<div class='answers' id='answer'>{answers}</div>"


def _at_risk(found: Review) -> tuple[str, str, str]:
    if not found.told:
        return "", "", ""
    stopped = sum(cell.is_stopped for cell in found.cells)
    settled = sum(cell.stopped and cell.settled for cell in found.cells)
    refused = sum(
        all(each.predicted.domain[cell.row] == OUTSIDE for each in found.told)
        for cell in found.cells
    )
    still = sum(cell.is_stopped and cell.outcome == "in the line" for cell in found.cells)
    small = [f"{still:,} of them still in the line"] if still else []
    audit = sum(cell.audited for cell in found.cells)
    if audit:
        small.append(
            f"{audit:,} of them, drawn by lot, finish in quarantine all the same, so that it is "
            "seen how often the predictors are wrong"
            if found.drawn
            else f"of them {audit:,} would finish in quarantine (surrogate quarantine)"
        )
    if settled:
        many = counted(settled, "cell")
        small.append(f"{many} more, on hold or decided about, would be stopped too")
    if refused:
        small.append(
            f"refused by every predictor: {counted(refused, 'cell')}; nothing like them "
            "was seen, or a feature is not known: to be inspected"
        )
    small += in_short(found)
    answer = f"<b>{stopped:,} of {len(found.cells):,} cells</b> are to be stopped"
    return "Which cells?", answer, "; ".join(small)


def _out_of_control(found: Review) -> tuple[str, str, str]:
    alarms = found.charts.alarms
    streams = len({each.stream for each in alarms})
    judged = sum(bool(each.charts) for each in found.charts.charted)
    word = "alarms" if found.charts.frozen else "signals"
    answer = f"<b>{len(alarms):,} {word}</b> on {streams:,} of {judged:,} streams"
    state = "limits approved" if found.charts.frozen else "phase I: limits not approved"
    approved = found.approved
    if approved is not None and not approved.is_logged(found.log):
        state = "limits approved for another run"
        if approved.runs > 1:
            state = f"limits of {approved.runs} other runs"
            if found.versus:
                state += "; more" if is_odd(found) else "; not more"
                state += " than each of these against the others"
    return "Out of control?", answer, state


def _decided(found: Review) -> tuple[str, str, str]:
    decided = [cell for cell in found.cells if cell.decision is not None]
    open_holds = [each for each in found.held if each.is_open]
    overridden = sum(bool(cell.decision and cell.decision.grade) for cell in decided)
    answer = (
        f"<b>{counted(len(decided), 'cell')} decided</b>, {overridden:,} against the prediction; "
        f"<b>{counted(len(open_holds), 'lot')}</b> on hold"
    )
    lots = ", ".join(escape(each.lot) for each in open_holds)
    return "Decided?", answer, lots


def _resource(name: str) -> str:
    return resources.files("linetwin.surrogates.review").joinpath(name).read_text("utf-8")
