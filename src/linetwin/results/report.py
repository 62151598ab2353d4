"""The report of a run: one page that needs no network, and of which the tables need no script."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.results import display, kpis, report_levers, report_sections
from linetwin.results.answers import answers
from linetwin.results.manifest import write_atomically
from linetwin.results.page import page
from linetwin.results.reader import Run
from linetwin.results.undecided import undecided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.kpis import Facts, Kpis

NAME = "report.html"


def write_report(folder: Path | str, facts: Facts | None = None) -> Path:
    """Write report.html into a run folder and return its path; ResultsError for no run there.

    `facts`: the tables of that run, where they have been read.
    """
    facts = facts or kpis.Facts(Run(folder))
    run = facts.run
    found = run.kpis or kpis.write(run, facts)
    path = Path(folder) / NAME
    write_atomically(path, _html(run, facts, found))
    return path


def _html(run: Run, facts: Facts, found: Kpis) -> str:
    title = str(facts.plan.content.get("title") or run.manifest["scenario"] or "A run")
    description = str(facts.plan.content.get("description") or "")
    header = _header(run, facts, found, title, description)
    return page(title, header, _answers(found), report_sections.sections(facts, found))


def _header(run: Run, facts: Facts, found: Kpis, title: str, description: str) -> str:
    manifest = run.manifest
    warnings = []
    if manifest["status"] not in {"complete", "given up"}:
        message = f": {manifest['message']}" if manifest.get("message") else ""
        warnings.append(
            f"This run is {manifest['status']}{message}. What follows is what it wrote."
        )
    if manifest["status"] == "running":
        warnings.append(_killed(manifest.get("progress") or {}))
    ordered = facts.plan.ordered
    graded = found["order"]["cells_graded"]["value"]
    if manifest.get("ended_by") == "limit" and ordered is not None and graded < ordered:
        warnings.append(
            f"Given up at the limit of simulated time: {graded:,} of {ordered:,} cells graded."
        )
    outside = manifest.get("outside_validity") or {}
    if outside:
        where = ", ".join(f"{display.name(path)} ({count:,})" for path, count in outside.items())
        warnings.append(f"Model inputs lay outside of their range of validity at: {where}.")
    warnings += [f"Not decided by the models: {text}." for text in undecided(facts.plan.stations)]
    said = "".join(f"<p class='warning'>{escape(text)}</p>" for text in warnings)
    started = str(manifest.get("started") or "")[:16].replace("T", " ")
    about = f"Scenario {manifest['scenario']}, seed {manifest['seed']}, run on {started} UTC"
    text = f"<p>{escape(description)}</p>" if description else ""
    return f"<header><h1>{escape(title)}</h1><p>{escape(about)}</p>{text}</header>{said}"


def _killed(progress: Mapping[str, Any]) -> str:
    """Say which counts of a run that was killed are known."""
    text = "The figures come from what had been written"
    if "tick" not in progress:
        return (
            f"{text}: of cells in process and of what had not been written the counts are not "
            "known."
        )
    when = display.duration(progress["tick"] / 1000)
    return f"{text}; cells started and in process are those counted after {when}."


def _answers(found: Kpis) -> str:
    said = [
        f"<p class='answer'><span class='question'>{escape(each.question)}</span>"
        f"{each.sentence}<small>{each.small}</small></p>"
        for each in answers(found)
    ]
    # What to try follows from what limits and what it costs, and comes before the figures.
    said.insert(2, report_levers.levers(found))
    return f"<div class='answers' id='answer'>{''.join(said)}</div>"
