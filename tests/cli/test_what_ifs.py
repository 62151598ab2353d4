"""A shipped what-if against the pilot week, through the command line and on the real models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_support import BASELINE

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk

REPLICATIONS = 2
LOWER = ("quality.anode_porosity.mean", "quality.cathode_porosity.mean")
HIGHER = ("quality.wetting_time.mean", "quality.dcir.mean")


def _short(name: str, folder: Path) -> Path:
    """Write a shipped week of the pilot line as a day and a half."""
    shipped = BASELINE.parent
    text = (shipped / f"{name}.yaml").read_text("utf-8")
    text = text.replace("duration: 7 d", "duration: 36 h")
    text = text.replace("{from: 0 d, until: 7 d}", "{from: 12 h, until: 36 h}")
    for part in ("lines", "recipes", "prices"):
        text = text.replace(f"{part}/", f"{(shipped / part).as_posix()}/")
    file = folder / f"{name}.yaml"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.slow
def test_harder_calendering_costs_wetting_time_and_resistance(clerk: Clerk, tmp_path: Path) -> None:
    """With two pairs of seeds the intervals of all four differences leave zero out."""
    folders = [tmp_path / name for name in ("week", "harder")]
    for name, folder in zip(("pilot_week", "harder_calendering"), folders, strict=True):
        file = _short(name, tmp_path)
        answer = clerk("run", file, "--replications", str(REPLICATIONS), "-o", folder)
        assert answer.code == 0, answer.err
    answer = clerk("compare", *folders, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    for name in (*LOWER, *HIGHER):
        row = told["differences"][name]
        assert row["pairs"] == REPLICATIONS
        assert (row["high"] < 0) if name in LOWER else (row["low"] > 0), (name, row)
    assert not [line for line in told["remarks"] if line.startswith("doubt")]
