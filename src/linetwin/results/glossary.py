"""Words of the trade that not every reader knows, each explained where a page first uses it."""

from __future__ import annotations

import re
from html import escape

TERMS = {
    "OEE": "overall equipment effectiveness: availability x effectiveness x quality ratio, the "
    "good output over what the planned time would give at full pace",
    "NEE": "net equipment effectiveness: as OEE, with set-up counted as use",
    "MTBF": "mean time at work between failures",
    "MTTR": "mean time to repair, with the wait for a technician",
    "Cp": "tolerance over six standard deviations",
    "Cpk": "the same from the mean to the nearer limit, with the spread within subgroups; 1.33 and "
    "more is what customers ask for as a rule",
    "Ppk": "as Cpk, with the whole spread",
    "%GRR": "gauge repeatability and reproducibility: scatter of the gauge over that of what it "
    "reads; up to 10 % is good, over 30 % is not",
    "ndc": "number of distinct categories: how many classes of parts the gauge can tell apart; "
    "under 5 it is no gauge for this",
    "rolled throughput yield": "RTY, the product of the yields of all stations and webs",
    "work in process": "WIP, cells started and neither graded nor scrapped",
    "critical path": "what follows one on another up to the last grade",
}
_SILENT = {"script", "style", "svg", "th", "code", "title", "h2", "h3", "summary", "nav"}
_PIECES = re.compile(r"(<[^>]*>)")
_TAG = re.compile(r"<(/?)([a-z0-9]+)")


def explain(html: str) -> str:
    """Return HTML in which the first use of each term in running text is followed by its meaning.

    Headings, heads of tables, code and drawings are left as they are.
    """
    open_terms = {
        term: re.compile(rf"(?<![\w%]){re.escape(term)}(?!\w)", re.IGNORECASE if " " in term else 0)
        for term in TERMS
    }
    silent: list[str] = []
    found = []
    for piece in _PIECES.split(html):
        if piece.startswith("<"):
            _follow(piece, silent)
        elif not silent:
            piece = _explained(piece, open_terms)  # noqa: PLW2901 - the piece, explained
        found.append(piece)
    return "".join(found)


def _follow(tag: str, silent: list[str]) -> None:
    """Keep track of the silent elements that are open."""
    match = _TAG.match(tag)
    if match is None or match[2] not in _SILENT or tag.endswith("/>"):
        return
    if not match[1]:
        silent.append(match[2])
    elif silent and silent[-1] == match[2]:
        silent.pop()


def _explained(text: str, open_terms: dict[str, re.Pattern[str]]) -> str:
    """Explain what a piece of text uses first; a term is explained once."""
    uses = []
    lowered = text.lower()
    # most pieces hold none of them
    for term in [each for each in open_terms if each.lower() in lowered]:
        match = open_terms[term].search(text)
        if match is not None:
            uses.append((match.end(), term))
            del open_terms[term]
    for end, term in sorted(uses, reverse=True):
        text = f"{text[:end]} ({escape(TERMS[term])}){text[end:]}"
    return text
