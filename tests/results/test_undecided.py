"""What the models cannot decide is told, of a run and of what two scenarios differ in."""

from __future__ import annotations

from typing import Any

import pytest

from linetwin.results.undecided import undecided, undecided_between


def station(kind: str, group: str = "", **parameters: float) -> dict[str, Any]:
    """Return a station of a resolved scenario."""
    settings = {name: {"value": value} for name, value in parameters.items()}
    return {"kind": kind, "group": group or None, "parameters": settings}


@pytest.mark.parametrize("rate", [0.09, 0.1, 0.12])
def test_nothing_is_said_where_the_constants_were_found(rate: float) -> None:
    """C/10 within a fifth, 25 degC, 2.8 V."""
    line = {"f": station("formation", charge_rate=rate, chamber_temperature=298.15)}
    assert undecided(line) == []


def test_a_faster_first_charge_rests_on_an_assumption() -> None:
    """Told once for a group of towers, with the setting; other kinds have no such rule."""
    line = {
        "f_1": station("formation", "f", charge_rate=1 / 3),
        "f_2": station("formation", "f", charge_rate=1 / 3),
        "oven": station("vacuum_dryer", chamber_temperature=383.15),
    }
    (said,) = undecided(line)
    assert said.startswith("f.charge_rate 0.3333")
    assert said.count("f.charge_rate") == 1
    assert "fast_charge_loss" in said


def test_a_comparison_names_what_differs_and_is_not_modelled() -> None:
    """Speed of a coater against another: the spread; the same speed: nothing."""
    slow, fast = ({"c": station("coater", web_speed=speed)} for speed in (0.03, 0.04))
    assert undecided_between([slow, slow]) == []
    (said,) = undecided_between([slow, fast])
    assert said.startswith("c.web_speed: ")
    assert "spread" in said
