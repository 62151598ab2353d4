"""Holds and rework as key figures and in the summary: counted from the events, cells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.results import read
from linetwin.results.held import POSSIBLE, names_of
from linetwin.results.kpis import Facts
from linetwin.results.kpis_holds import holds, reworked, told
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = """\
resolved: 1
holds:
- {lot: powder-1, from_ms: 0, until_ms: 9, then: scrap, reason: bad powder, include_possible: true}
- {lot: foil-9, from_ms: 0, until_ms: null, then: release, reason: dented, include_possible: true}
"""
EVENTS = [
    # event, lot, cause, amount
    ("hold", "roll-1", "bad powder", 120.0),
    ("hold", "tray-1", "bad powder", 30.0),
    ("hold", "tray-1", f"bad powder{POSSIBLE}", 2.0),
    ("hold", "box-1", "bad powder", 5.0),
    ("disposition", "tray-1", "scrap: bad powder", 30.0),
    ("disposition", "tray-1", f"scrap: bad powder{POSSIBLE}", 2.0),
    ("release", "box-1", "bad powder", 5.0),
    ("recall", "box-2", "escaped: recall: bad powder", 11.0),
    ("note", "foil-9", "hold found nothing: foil-9", 0.0),
    ("scrap", "tray-1", "bad powder", 30.0),
]


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """A run with two holds, one of which found nothing."""
    run = RunWriter(tmp_path / "run", {"scenario": "held", "seed": 1}, SCENARIO)
    event, lot, cause, amount = (list(column) for column in zip(*EVENTS, strict=True))
    ticks = list(range(len(EVENTS)))
    station = ["holds"] * len(EVENTS)
    run.add("events", {"tick": ticks, "station": station, "event": event, "lot": lot,
                       "cause": cause, "amount": amount})  # fmt: skip
    lots = {"roll-1": "mother_roll", "tray-1": "graded_tray", "box-1": "box", "box-2": "box"}
    run.add("lots", {"lot": list(lots), "kind": list(lots.values()), "created": [0] * 4,
                     "status": ["used"] * 4})  # fmt: skip
    run.add("cells", {"cell": ["c-1", "c-2", "c-3"], "started": [1, 2, 3],
                      "status": ["A"] * 3, "rework_count": [0.0, 2.0, 1.0]})  # fmt: skip
    run.finish("complete")
    return Facts(read(tmp_path / "run"))


def test_cells_and_lots_are_counted_by_reason(facts: Facts) -> None:
    """Cells that only perhaps contain the lot are among those held, and counted apart."""
    found = holds(facts)["holds"]["value"]
    assert found["bad powder"] == {
        "reason": "bad powder", "lot": "powder-1", "nothing": False, "lots held": 1,
        "cells held": 37,
        "cells perhaps": 2, "cells released": 5, "cells scrapped": 32, "cells escaped": 11,
        "cells still held": 0, "web scrapped": 0.0, "slit web scrapped": 0.0,
        "slurry scrapped": 0.0, "raw material scrapped": 0.0, "raw material unit": "kg",
    }  # fmt: skip
    assert found["dented"]["nothing"]


def test_every_hold_has_a_line(facts: Facts) -> None:
    """A hold that found nothing says so; rework is counted in cells and rounds."""
    section = holds(facts)
    assert told(section) == [
        (
            "bad powder (powder-1): 37 cells and 1 other lot held, 2 of the cells perhaps; "
            "5 cells released, 32 scrapped; 11 shipped before: recall"
        ),
        "dented (foil-9): found nothing",
    ]
    assert reworked(section) == "2 cells soaked or measured again, 3 times in all"


def test_holds_of_one_reason_keep_names_of_their_own() -> None:
    """The first keeps its reason, others have their lot; a hold more changes no name before it."""
    holds_asked = [("dent", "a"), ("dent", "b"), ("dent", "b"), ("dent (b)", "c"), ("dust", "a")]
    names = names_of(holds_asked)
    assert names == ["dent", "dent (b)", "dent (b, 2)", "dent (b) (c)", "dust"]
    for count in range(len(holds_asked)):
        assert names_of(holds_asked[:count]) == names[:count]
