"""The section of the quarantine: what cells that were drawn tell of the predictors that stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.surrogates.review.page_cells import fault

if TYPE_CHECKING:
    from linetwin.surrogates.review.assembling import Review
    from linetwin.surrogates.review.quarantining import Audited

_DRAWS: tuple[str, ...] = (
    "UTC", "by", "why", "#stopped", "#drawn", "#probability", "#seed", "#expected faults", "#entry",
)  # fmt: skip
_FOUND: tuple[str, ...] = (
    "fault", "of which cells", "#cells", "#with an outcome", "#expected", "#found", "#95 %",
    "#unweighted", "",
)  # fmt: skip


def quarantine_section(found: Review) -> Section:
    """Return draws with their probability, and the share of faults expected beside that found."""
    if not found.told:
        return Section("quarantine", "Quarantine", "")
    if not found.drawn:
        stopped = sum(cell.is_stopped for cell in found.cells)
        none = (
            f"<p>Nothing was drawn. <code>linetwin surrogate quarantine RUN --predictors FOLDER "
            "--by NAME --reason WHY</code> draws which of the cells that are stopped "
            f"({stopped:,} now) finish all the same. Without it nobody learns how often a "
            "prediction that scraps is wrong.</p>"
        )
        return Section("quarantine", "Quarantine", none)
    faults = {each.target: fault(each) for each in found.told}
    draws = [
        [
            each.time[:16].replace("T", " "), each.by, each.reason,
            f"{len(each.cells) + len(each.scrapped):,}", f"{len(each.cells):,}",
            display.share(next(iter(each.cells.values()), 0.0)), f"{each.seed}",
            display.share(each.expected), f"{each.seq}",
        ]
        for each in reversed(found.drawn)
    ]  # fmt: skip
    rows = [_row(each, faults[each.target]) for each in found.audits]
    intro = (
        "Cells that a prediction scraps have no outcome. Those drawn finish, and each weighs "
        "1 / the probability with which it was drawn; so do they in `surrogate train`. Found: "
        "share of faults by these weights, interval over trays; unweighted: what the cells seen "
        "would say, which is too good for all cells. Too few to tell: the interval holds half or "
        "double of what is expected too."
    )
    content = f"{table(list(_FOUND), rows)}<h3>Draws</h3>{table(list(_DRAWS), draws)}"
    return Section("quarantine", "Quarantine", content, intro=intro)


def _row(each: Audited, fault_of: str) -> list[str]:
    which = "stopped, drawn among" if each.of == "stopped" else "all"
    if each.found is None:
        none = ["0", display.share(each.expected), "", "", "", "no outcome yet"]
        return [fault_of, which, f"{each.cells:,}", *none]
    share = each.found.share
    said = "as expected" if each.tells else "too few to tell"
    if not each.fits:
        more = "more" if each.expected < share.low else "fewer"
        said = f"{more} faults than the predictor says: its risks are not to be relied on"
    return [
        fault_of, which, f"{each.cells:,}", f"{each.found.cells:,}", display.share(each.expected),
        display.share(share.value), f"{display.share(share.low)} to {display.share(share.high)}",
        display.share(each.found.naive), said,
    ]  # fmt: skip
