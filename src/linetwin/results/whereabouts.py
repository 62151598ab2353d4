"""Where a lot or cell is: in one word, by its status, its place and the box that carries it.

| word | meaning |
|---|---|
| shipped | it left the line, or its box did |
| store | graded, in a box that is not full or not boxed yet |
| buffer | in process, waiting between two stations |
| station | in process, in a machine or chamber |
| scrap | scrapped |
| sample | taken for a destructive test |
| used | a lot that went into something else, or a tray whose cells were taken off |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from linetwin.results.assumptions import Plan

WORDS = ("shipped", "store", "buffer", "station", "scrap", "sample", "used")
GRADES = ("A", "B")


class Whereabouts:
    """Tells where things are, from the tables' status and place columns."""

    def __init__(self, plan: Plan) -> None:
        self._buffers = set(plan.buffers)

    def tell(self, things: pd.DataFrame, carriers: pd.DataFrame) -> list[str]:
        """Return a word for each thing; both frames have columns kind, status and place.

        `carriers` has, row by row, what carried the thing last, empty text where nothing did.
        """
        return [
            self._word(status, place, carrier if kind == "cell" and box == "box" else "")
            for kind, status, place, carrier, box in zip(
                things["kind"],
                things["status"],
                things["place"],
                carriers["status"],
                carriers["kind"],
                strict=True,
            )
        ]

    def _word(self, status: str, place: str, box: str) -> str:
        if status == "scrap":  # a hold may take the grade of a cell in its box away
            return status
        if box == "shipped":
            return "shipped"
        if status in GRADES or box:
            return "store"
        if status == "in_process":
            return "buffer" if place in self._buffers else "station"
        return status
