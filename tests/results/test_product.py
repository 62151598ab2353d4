"""What is made before it is graded, and what a comparison says of it in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.results import kpis, read
from linetwin.results.compare import compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_loading_and_porosity_of_a_web_by_hand(tiny: Path) -> None:
    """Both sides of all segments of an electrode; variation is the spread over the mean."""
    quality = kpis.compute(read(tiny))["quality"]
    loading = np.array([0.16, *(0.2 * (1 + 0.01 * n) for n in range(1, 10)), *([0.2] * 10)])
    told = quality["cathode_loading"]
    assert told["unit"] == "kg/m2"
    assert told["value"]["mean"] == pytest.approx(loading.mean())
    assert told["value"]["standard_deviation"] == pytest.approx(loading.std(ddof=1))
    assert told["value"]["variation"] == pytest.approx(loading.std(ddof=1) / loading.mean())
    assert quality["cathode_porosity"]["value"]["mean"] == pytest.approx(0.3 + 0.0045 / 2)
    assert "cathode_adhesion_index" not in quality  # not recorded in this run
    assert quality["outside_range"]["value"] == {}


def test_doubt_and_limit_are_told_in_words(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """A scenario that asks a model outside of its range is named with the place and the count."""
    plain = tiny_writer(tmp_path / "plain", name="plain")
    doubted = tiny_writer(tmp_path / "doubted", name="doubted")
    manifest = json.loads((doubted / "manifest.json").read_text("utf-8"))
    manifest["outside_validity"] = {"cell.formation": 1200}
    (doubted / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    found = compare([read(plain), read(doubted)])
    told = [line for line in found.remarks if line.startswith("doubt")]
    assert len(told) == 1
    assert "doubted" in told[0]
    assert "cell.formation (1,200)" in told[0]
    name = "quality.outside_range.cell.formation"
    assert found.table.loc[name, "doubted seed 1"] == 1200
    limits = [line for line in found.remarks if line.startswith("limit of ")]
    assert [line.split(":")[0] for line in limits] == ["limit of plain", "limit of doubted"]


def test_a_cause_that_only_one_run_knows_is_zero_in_the_other(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Scrap of a new kind shows up as a difference; a run under way is told as such."""
    plain = tiny_writer(tmp_path / "plain", name="plain")
    leaking = tiny_writer(tmp_path / "leaking", name="leaking")
    for folder in (plain, leaking):
        kpis.write(read(folder))
    told = json.loads((leaking / "kpis.json").read_text("utf-8"))
    told["quality"]["cell_scrap"]["value"]["grading"]["leak"] = 3
    (leaking / "kpis.json").write_text(json.dumps(told), "utf-8")
    manifest = json.loads((leaking / "manifest.json").read_text("utf-8"))
    (leaking / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}), "utf-8")
    found = compare([read(plain), read(leaking)])
    row = found.differences.loc["quality.cell_scrap.grading.leak"]
    assert (row["first"], row["second"]) == (0.0, 3.0)
    assert [line for line in found.remarks if line.startswith("not complete: leaking seed 1")]
