"""Key figures of a future that was forked from a twin: of what came after the fork.

The books begin with the fork, so what lay in the line then is stock, and is told apart. The twin
knows no order: figures of one are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results.kpis import kpi
from linetwin.results.timeline import middle_rate

if TYPE_CHECKING:
    from linetwin.results.kpis import Facts, Section
    from linetwin.results.reader import Run

_OF_ORDERS = (
    *("cells_ordered", "cells_short", "last_cell_graded", "time_of_last_cell"),
    *("critical_path", "started_anew"),
)
_NO_ORDER = "left out: a twin knows no order of its plant"
DAY_MS = 86_400_000


def is_ahead(run: Run) -> bool:
    """Whether a run is a future that was forked from a twin."""
    return "forked_from" in run.manifest


def begin(run: Run) -> int:
    """Return the tick at which the books of a run begin: that of the fork, 0 of all others."""
    return int(run.manifest["branched_at_tick"]) if is_ahead(run) else 0


def order_ahead(facts: Facts, order: Section) -> Section:
    """Return the figures of an order, of a future those that it can know."""
    if not is_ahead(facts.run):
        return order
    started = facts.cells["started"]
    later = started[started >= facts.begin]
    first = facts.graded["ended"].min()
    found = order | {name: kpi(None, order[name]["unit"], _NO_ORDER) for name in _OF_ORDERS}
    return found | {
        "cells_started": kpi(len(later), "1", "cells whose stacking began after the fork"),
        "cells_in_stock": kpi(len(started) - len(later), "1", "cells in the line at the fork"),
        "first_cell_graded": kpi(
            (first - facts.begin) / 1000, "s", "when the first cell was graded, after the fork"
        ),
        "stacking_rate": kpi(
            middle_rate(later),
            "1/h",
            "cells an hour while the middle half of those started after the fork was stacked",
        ),
    }


def told(run: Run) -> str:
    """Say what the figures of a future are of; "" for any other run."""
    if not is_ahead(run):
        return ""
    stock = run.kpis["order"]["cells_in_stock"]["value"]
    return (
        f"figures are of the time from day {begin(run) / DAY_MS:.3f} of the line on, the moment of "
        f"the fork; {stock:,} cells that lay in the line then are stock; yields are of what "
        "stations handed over, and of webs begun, since; no order is known, and figures of one "
        "are left out"
    )
