"""Where the money of a run is: what there was and came in, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.report_tables import table

if TYPE_CHECKING:
    from linetwin.results.kpis import Kpis


def balance(found: Kpis) -> str:
    """Return both sides of the money side by side with their sums; '' for a run without prices."""
    entry = found["cost"].get("value_balance")
    if entry is None:
        return ""
    sides: list[list[tuple[str, float]]] = [
        [(name, amount) for name, amount in entry["value"][side].items() if amount]
        for side in ("in", "out")
    ]
    length = max(map(len, sides))
    rows = [
        [
            cell
            for side in sides
            for cell in (_shown(side[place]) if place < len(side) else ["", ""])
        ]
        for place in range(length)
    ]
    rows.append(
        [cell for side in sides for cell in _shown(("sum", sum(amount for _, amount in side)))]
    )
    currency = entry["unit"]
    heads = ["there was and came in", f"#{currency}", "became", f"#{currency}"]
    meaning = entry["meaning"]
    return table(heads, rows) + f"<p class='soft'>{meaning[:1].upper()}{meaning[1:]}.</p>"


def _shown(row: tuple[str, float]) -> list[str]:
    return [row[0], display.plain(row[1])]
