from __future__ import annotations

import pandas as pd

from linetwin.results import timeline

MAKER, STORE = "cell.stacker", "cell.ageing"


def _events(*rows: tuple[int, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["tick", "event", "lot"])
    return frame.assign(station=STORE)


def _lots(**places: tuple[str, int]) -> pd.DataFrame:
    rows = [(lot, MAKER, place, ended) for lot, (place, ended) in places.items()]
    return pd.DataFrame(rows, columns=["lot", "station", "place", "ended"])


def test_what_lay_in_a_store_from_the_start_counts_among_its_places() -> None:
    """Stock has no take: it is inside from the start until it is given, scrapped, or the end."""
    events = _events((30, "take", "new"), (40, "give", "left"))
    lots = _lots(new=(STORE, -1), left=("cell.aged", -1), stayed=(STORE, -1), scrapped=(STORE, 60))
    found = timeline.stays(events, lots, STORE, 100)
    spans = {lot: (row["in"], row["out"]) for lot, row in found.iterrows()}
    assert spans == {"new": (30, 100), "left": (0, 40), "stayed": (0, 100), "scrapped": (0, 60)}
    taken = timeline.occupancy(found, 100)
    lot_ticks = ((taken["end"] - taken["start"]) * taken["places"]).sum()
    assert lot_ticks == sum(out - begin for begin, out in spans.values())
