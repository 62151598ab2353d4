"""The 8D report of a lot: facts filled in from the run, everything else a named blank.

D1 team, D2 problem, D3 containment, D4 root causes, D5 corrective actions chosen, D6 carried out
and shown to work, D7 prevention, D8 closing, as the automotive industry numbers them [M].
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.results import display
from linetwin.results.display import counted
from linetwin.results.kpis import compute
from linetwin.results.manifest import write_atomically
from linetwin.surrogates.hidden.naming import named
from linetwin.surrogates.review.log import recorded
from linetwin.surrogates.review.standing import standing

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.reader import Run
    from linetwin.surrogates.review.holds import Traced
    from linetwin.surrogates.review.standing import Standing

BLANK: Final = "[to be filled in: {}]"
SUFFIXES: Final = (".md", ".html", ".json")
_MOST_CAUSES: Final = 8


@dataclass(frozen=True)
class Step:
    """One of the eight disciplines: `facts` from the run, `blanks` for people."""

    number: str
    title: str
    facts: tuple[str, ...]
    blanks: tuple[str, ...]


def checked_name(file: Path) -> None:
    """Raise ScenarioError for a name that is no report's, or a folder that is not there."""
    if file.suffix not in SUFFIXES:
        hint = f"*{' or *'.join(SUFFIXES)}"
        raise ScenarioError([Problem(f"{file.name} is no name of a report", "--8d", hint)])
    if file.is_dir() or not file.parent.is_dir():
        what = f"{file} is a folder" if file.is_dir() else f"there is no folder {file.parent}"
        raise ScenarioError([Problem(what, "--8d", "the name of a file")])


def steps(run: Run, found: Traced) -> tuple[Step, ...]:
    """Return the eight steps of a lot's report."""
    now = standing(recorded(run.path))
    return (
        Step("D1", "Team", (), ("leader", "members", "sponsor")),
        Step("D2", "Problem", _problem(run, found, now), ("what the customer sees", "since when")),
        Step("D3", "Containment", _containment(found, now), ("checked by", "customer informed on")),
        Step(
            "D4",
            "Root causes",
            _causes(run, now),
            ("cause that was shown, and how", "why it escaped"),
        ),
        Step("D5", "Corrective actions chosen", (), ("action", "how it will be shown to work")),
        Step("D6", "Corrective actions carried out", (), ("done on", "effect that was measured")),
        Step("D7", "Prevention", (), ("FMEA and control plan changed", "other lines and products")),
        Step("D8", "Closing", (), ("closed on, by", "thanks to the team")),
    )


def write_report(file: Path, run: Run, found: Traced) -> None:
    """Write the 8D report as Markdown, HTML or JSON, by the name of the file."""
    every = steps(run, found)
    title = f"8D report: {found.lot}"
    made = datetime.now(UTC).isoformat(timespec="seconds")
    if file.suffix == ".json":
        text = json.dumps(_content(title, made, run, every), indent=1) + "\n"
    elif file.suffix == ".md":
        text = _markdown(title, made, every)
    else:
        text = _html(title, made, every)
    write_atomically(file, text)


def _problem(run: Run, found: Traced, now: Standing) -> tuple[str, ...]:
    cells = run.table("cells", ["cell", "status", "reason"])
    cells = cells[~cells["cell"].isin(now.unseen)]
    ended = cells[cells["status"].isin(("A", "B", "scrap"))]
    own = ended["cell"].isin({*found.cells})
    said = [f"lot {found.lot}: {counted(len(found.cells), 'cell')} made of it"]
    said += [f"put on hold {held.time} by {held.by}: {held.reason}"
             for held in now.holds if held.lot == found.lot]  # fmt: skip
    for status, words in (("scrap", "scrapped"), ("B", "of grade B")):
        shares = []
        for rows, name in ((own, "of this lot"), (~own, "of the others")):
            count, bad = int(rows.sum()), int((ended["status"][rows] == status).sum())
            shares.append(
                f"{bad:,} of {count:,} {name}" + (f" ({bad / count:.1%})" if count else "")
            )
        said.append(f"{words}: {', '.join(shares)}")
    reasons = ended["reason"][own & ended["reason"].ne("")].value_counts()
    if len(reasons):
        listed = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.items())
        said.append(f"findings of its cells: {listed}")
    return tuple(said)


def _containment(found: Traced, now: Standing) -> tuple[str, ...]:
    holds = [each for each in now.holds if each.lot == found.lot]
    said = [f"traced forward: {count:,} {what}" for what, count in found.counted().items()]
    recalled = now.to_recall(found.shipped)
    if recalled:
        many = counted(len(recalled), "cell")
        said.append(f"shipped, to be recalled: {many}: {', '.join(recalled)}")
    if kept := len(found.shipped) - len(recalled):
        said.append(f"shipped, need not come back: {counted(kept, 'cell')}")
    if not found.shipped:
        said.append("none of its cells has been shipped")
    if not holds:
        return (*said, "the lot is not on hold")
    said += [
        f"{each.what}: {counted(len(each.cells), 'cell')}, {each.time} by {each.by}: {each.reason}"
        for held in holds
        for each in held.settled
    ]
    if holds[-1].ended:
        gone = counted(len(holds[-1].ended), "cell")
        said.append(f"scrapped otherwise, or taken as samples: {gone}")
    return (*said, f"still on hold: {counted(len(holds[-1].open_cells), 'cell')}")


def _causes(run: Run, now: Standing) -> tuple[str, ...]:
    """Return what goes with the findings in this run: candidates, which nobody has shown."""
    if gone := len(now.unseen):
        many = counted(gone, "cell")
        text = f"scrapped on a prediction: {many}; what goes with findings is not told"
        return (text, *(f"stands out by its readings: {each.said}" for each in named(run)))
    kpis = run.kpis or compute(run)
    entry = kpis["quality"].get("causes")
    rows = entry["value"] if entry is not None and entry["value"] else []
    said = [
        f"candidate for {each['finding']}: {display.name(str(each['ancestor']))} {each['which']}, "
        f"{display.share(each['with'])} with it, {display.share(each['without'])} without"
        for each in rows[:_MOST_CAUSES]
        if each["ancestor"]
    ]
    said += [f"stands out by its readings: {each.said}" for each in named(run)]
    return tuple(said or ["no ancestor or station of this run stands out"])


def _content(title: str, made: str, run: Run, every: tuple[Step, ...]) -> dict[str, Any]:
    return {
        "title": title,
        "made": made,
        "run": str(run.manifest.get("scenario") or ""),
        "steps": [
            {
                "number": each.number,
                "title": each.title,
                "facts": list(each.facts),
                "to_be_filled_in": dict.fromkeys(each.blanks),
            }
            for each in every
        ],
    }


def _markdown(title: str, made: str, every: tuple[Step, ...]) -> str:
    lines = [f"# {title}", "", f"Made {made}. Facts are from the run; the rest is for people.", ""]
    for each in every:
        lines += [f"## {each.number} {each.title}", ""]
        lines += [f"- {fact}" for fact in each.facts]
        lines += [f"- {blank}: {BLANK.format(blank)}" for blank in each.blanks]
        lines.append("")
    return "\n".join(lines)


def _html(title: str, made: str, every: tuple[Step, ...]) -> str:
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:860px;margin:40px auto;padding:0 20px;"
        "color-scheme:light dark}mark{background:none;border-bottom:1px dashed;color:#c04040}"
    )
    told = f"Made {escape(made)}. Facts are from the run; the rest is for people."
    parts = [
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
        f"<title>{escape(title)}</title><style>{style}</style></head><body>",
        f"<h1>{escape(title)}</h1><p>{told}</p>",
    ]
    for each in every:
        items = [f"<li>{escape(fact)}</li>" for fact in each.facts]
        items += [
            f"<li>{escape(blank)}: <mark>{escape(BLANK.format(blank))}</mark></li>"
            for blank in each.blanks
        ]
        parts.append(f"<h2>{each.number} {escape(each.title)}</h2><ul>{''.join(items)}</ul>")
    return "\n".join([*parts, "</body></html>", ""])
