"""One figure of one name in the report's headline and in the printed summary."""

from __future__ import annotations

from typing import Any

import pytest

from linetwin.cli.summary import _cost, _energy
from linetwin.results.basis import headline


def _found(basis: str, steady: float | None) -> dict[str, Any]:
    def entry(value: Any, unit: str = "1") -> dict[str, Any]:  # noqa: ANN401 - any figure
        return {"value": value, "unit": unit, "meaning": ""}

    return {
        "limits": {"basis": entry(basis)},
        "energy": {
            "energy_used": entry(3.6e8),
            "building_share": entry(0.5),
            "energy_per_good_energy": entry(130.0),
            "energy_per_good_energy_steady": entry(steady),
        },
        "cost": {
            "cost_per_good_energy": entry(569.0, "EUR/kWh"),
            "cost_per_good_energy_steady": entry(steady, "EUR/kWh"),
            "scrap_value_per_day": entry(None),
        },
    }


@pytest.mark.parametrize(
    ("basis", "steady", "shown", "words"),
    [
        ("steady", 142.0, 142.0, "in the window"),
        ("steady", None, 130.0, "over the whole run"),
        ("order", 142.0, 130.0, "over the whole run"),
    ],
)
def test_the_window_stands_where_there_is_one(
    basis: str, steady: float | None, shown: float, words: str
) -> None:
    """Of a steady line its window, else the run; the summary says which."""
    found = _found(basis, steady)
    told = headline(found, "energy", "energy_per_good_energy")
    assert (told.value, told.basis) == (shown, words)
    assert f"{shown:.0f} kWh per good kWh {words}" in _energy(found)
    assert f"per good kWh {words}" in _cost(found)
