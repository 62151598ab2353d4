"""The table of why cells are of grade B or scrap."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.report_tables import table

if TYPE_CHECKING:
    from linetwin.results.kpis import Kpis

_LISTED = 12
_WHAT = {
    "cathode_specific_capacity_factor": "charge of the cathode's powder",
    "cathode_loading": "loading of the cathode",
}


def causes(found: Kpis) -> str:
    """Return findings with what explains most of each, and what moved the capacity of all cells."""
    entry = found["quality"].get("causes")
    if entry is None or not entry["value"]:
        return ""
    rows = [
        [
            f"{each['finding']} ({display.name(each['station'])})",
            "grade B" if each["status"] == "B" else "scrap",
            f"{each['cells']:,}",
            display.share(each["share"]),
            *_ancestor(each),
        ]
        for each in entry["value"][:_LISTED]
    ]
    heads = ["finding", "becomes", "#cells", "#of all", "explained most by", "#with it"]
    heads += ["#without it", "#explains"]
    return (
        f"<h3>Why grade B, why scrap</h3>{table(heads, rows)}{_common(found)}"
        f"<p class='soft'>{_sentence(entry['meaning'])}</p>"
    )


def _ancestor(each: dict[str, Any]) -> list[str]:
    if not each["ancestor"]:
        few = "too few cells to tell" if "looked_at" not in each else "none stands out"
        return [few, "", "", ""]
    name = display.name(str(each["ancestor"]))
    return [
        f"{name}: {each['which']} (of {each['levels']:,})",
        display.share(each["with"]),
        display.share(each["without"]),
        display.share(each["explained"]),
    ]


def _common(found: Kpis) -> str:
    """Say what all cells have in common and so no comparison of ancestors can show."""
    entry = found["quality"]["capacity_of_all"]
    told = [
        f"{_WHAT[each['what']]} {100 * each['change']:+.1f} % from nominal: without that, "
        f"{display.share(each['at_nominal'])} below the limit of grade A, not "
        f"{display.share(each['now'])}"
        for each in entry["value"]
    ]
    if not told:
        return ""
    said = escape(_sentence("; ".join(told)))
    return f"<p>Capacity of all cells. {said}</p><p class='soft'>{_sentence(entry['meaning'])}</p>"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
