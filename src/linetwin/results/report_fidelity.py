"""The report's table of who answered for a process: a stand-in or the FMU, and why."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from linetwin.results import display, fidelity
from linetwin.results.report_tables import table

if TYPE_CHECKING:
    from linetwin.results.reader import Run

_NOTE = (
    "A stand-in answers for an FMU from what that was seen to answer. Calls: of one lot each, but "
    "the coater asks in blocks of its roll. Outside: an item lay where the FMU was not asked in "
    "training. Too wide: an interval was wider than the scenario, or else the card, allows."
)


def fidelity_table(run: Run) -> str:
    """Return who answered by station and process; "" where no stand-in was used."""
    if not fidelity.had_stand_ins(run):
        return ""
    found = {(each.station, each.process): each for each in fidelity.answered(run)}
    rows = []
    for address, entry in run.manifest.get(fidelity.NOW, {}).items():
        station, _, process = address.rpartition(".")
        rows.append([display.name(address), entry["fidelity"], entry["file"]])
        each = found.get((station, process))
        if each is None:
            alone = entry["fidelity"] == "surrogate"
            rows[-1] += ["", "all" if alone else "0", "0", "", "", ""]
            continue
        rows[-1] += [
            f"{each.lots:,}",
            f"{each.by_stand_in:,}",
            f"{each.calls - each.by_stand_in:,}",
            f"{each.outside:,}" if each.outside else "",
            f"{each.too_wide:,}" if each.too_wide else "",
            each.reason,
        ]
    heads = ["process", "fidelity", "stand-in", "#lots", "#calls by the surrogate"]
    heads += ["#by the FMU", "#as outside", "#as too wide", "most for"]
    before = "".join(f"<p>{escape(text)}.</p>" for text in fidelity.told_before(run))
    return f"{table(heads, rows)}{before}<p class='soft'>{escape(_NOTE)}</p>"
