"""The notebook of a what-if runs from scenario to report; its figures are those it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from notebook_runs import executed

if TYPE_CHECKING:
    from pathlib import Path

ASKED = """{
    "pairs": comparison.note,
    "rate": formation.parameters["charge_rate"].value,
    "changed": changed.drop(columns="unit").to_dict("index"),
    "remarks": list(comparison.remarks),
    "cells": {name: len(frame) for name, frame in cells.items()},
    "bars": len(figure.data),
    "reports": [str(each) for each in reports],
}"""


def test_what_if(tmp_path: Path) -> None:
    """Formed at C/5, cells leave in half the time with less capacity; three pairs, six reports."""
    found = executed("what_if.ipynb", tmp_path, ASKED)
    assert found["rate"] == pytest.approx(0.1)
    assert found["pairs"].startswith("3 pairs with common seeds")
    time = found["changed"]["quality.formation_time.mean"]
    # charge and discharge at C/10 and C/10 of 5 Ah take 20 h and more, at C/5 the charge half of it
    assert 20 < time["first"] < 35
    assert time["low"] < time["high"] < -4
    capacity = found["changed"]["quality.capacity.mean"]
    assert 4900 < capacity["first"] < 5200
    assert capacity["high"] < 0
    assert found["changed"]["order.cells_a"]["difference"] < 0
    assert abs(found["changed"]["order.last_cell_graded"]["difference"]) < 1
    assert any("fast_charge_loss" in remark for remark in found["remarks"])
    assert all(2900 < count <= 3010 for count in found["cells"].values())
    assert found["bars"] == 2
    assert all((tmp_path / name).is_file() for name in found["reports"])
    assert len(found["reports"]) == 6
