from __future__ import annotations

import numpy as np
import pandas as pd

from linetwin.results import timeline
from linetwin.results.rows import Rows

MAKER, STORE = "cell.stacker", "cell.ageing"


def _moves(*rows: tuple[int, str]) -> Rows:
    return Rows.of(pd.DataFrame(rows, columns=["tick", "lot"]))


def _lots(**places: tuple[str, int]) -> Rows:
    rows = [(lot, MAKER, place, ended) for lot, (place, ended) in places.items()]
    return Rows.of(pd.DataFrame(rows, columns=["lot", "station", "place", "ended"]))


def test_what_lay_in_a_store_from_the_start_counts_among_its_places() -> None:
    """Stock has no take: it is inside from the start until it is given, scrapped, or the end."""
    moves = _moves((30, "new")), _moves((40, "left"))
    lots = _lots(new=(STORE, -1), left=("cell.aged", -1), stayed=(STORE, -1), scrapped=(STORE, 60))
    found = timeline.stays(*moves, lots, STORE, 100)
    spans = {lot: (row["in"], row["out"]) for lot, row in found.iterrows()}
    assert spans == {"new": (30, 100), "left": (0, 40), "stayed": (0, 100), "scrapped": (0, 60)}
    taken = timeline.occupancy(found, 100)
    lot_ticks = ((taken["end"] - taken["start"]) * taken["places"]).sum()
    assert lot_ticks == sum(out - begin for begin, out in spans.values())


def test_rows_of_a_text_keep_their_order() -> None:
    """As pandas groups them: groups by first row, rows as they stood, a mask leaves rows out."""
    frame = pd.DataFrame({"station": [*"babca"], "tick": [0, 1, 2, 3, 4]})
    rows = Rows.of(frame)
    parts = {name: part["tick"].tolist() for name, part in rows.by("station").items()}
    grouped = frame.groupby("station", sort=False)["tick"]
    assert list(parts.items()) == [(name, part.tolist()) for name, part in grouped]
    assert rows[rows["tick"] > 2].assign(more=np.ones(2))["station"].tolist() == ["c", "a"]
    assert rows[:0].by("station") == {}
