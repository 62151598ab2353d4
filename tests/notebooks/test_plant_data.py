"""The notebook from plant data to a reviewed surrogate: its figures are those it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from notebook_runs import executed

if TYPE_CHECKING:
    from pathlib import Path

ASKED = """{
    "rows": len(past),
    "doubts": doubts,
    "winner": card["winner"],
    "simulated": card["data"]["source"],
    "foretold": {name: (int(k.sum()), len(k), n) for name, (_, k, n) in results.items()},
    "weakest": weakest,
    "explained": explained,
    "window": window,
    "page": page.stat().st_size,
    "said": str(reviewed.frame.loc[weakest, "review"]),
    "grade": str(reviewed.frame.loc[weakest, "grade"]),
    "log": (FOLDER / "new" / "review.log").read_text(encoding="utf-8").count(chr(10)),
    "refused": refused,
}"""


def test_plant_data_to_reviewed_surrogate(tmp_path: Path) -> None:
    """New cells are foretold as promised or refused; a person's word stays a person's word."""
    found = executed("plant_data_to_reviewed_surrogate.ipynb", tmp_path, ASKED)
    assert found["rows"] == 180
    assert any("factor of 100" in text for text in found["doubts"])
    assert found["winner"] == "linear"
    assert "simulated" in found["simulated"]
    kept, cells, inside = found["foretold"]["by rolls"]
    assert cells > 900
    assert kept > cells / 2
    assert inside >= 0.9 * kept
    assert found["foretold"]["by trays"][0] < kept / 2
    told = found["explained"]
    parts = sum(feature["adds"] for feature in told["features"])
    assert parts == pytest.approx(told["prediction"] - told["mean"], abs=1e-9)
    assert told["prediction"] < 5.0  # Ah: the cell that is foretold least
    assert found["window"]["reached"]
    assert found["window"]["window_chance"]["least"] >= 0.9
    low, high = (found["window"]["features"][0][end] for end in ("low", "high"))
    assert 5.0 < low < high < 5.15  # Ah: design capacity, a little above what is left of it
    assert 5e5 < found["page"] < 8e6
    assert (found["said"], found["grade"]) == ("A", "B")
    assert found["log"] >= 1
    assert "person's judgement" in found["refused"]
