"""Settings of machines against the truth: the same order, run again with another setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.results.reader import Run
from linetwin.surrogates.data.runs import dataset_of_run
from linetwin.surrogates.settings.physics import Chain
from linetwin.surrogates.settings.stations import Stations

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order


@pytest.mark.parametrize(
    ("asked", "value", "near"),
    [
        ("cathode.calender.line_load=500 N/mm", 5e5, {
            "cathode_porosity": 0.01, "cathode_coating_thickness": 0.02, "pore_volume": 0.01,
            "stack_thickness": 0.02, "fill_ratio": 0.01}),
        ("cell.filler.electrolyte_dose=11.8 g", 0.0118, {
            "dosed_electrolyte": 1e-6, "fill_ratio": 1e-3, "electrolyte_mass": 0.03}),
    ],
)  # fmt: skip
def test_a_setting_moves_cells_as_in_a_run(
    clerk: Clerk, finished: tuple[Order, Answer], tmp_path: Path, asked: str, value: float,
    near: dict[str, float],
) -> None:  # fmt: skip
    """What is foretold for cells of one run is what they are in another with that setting."""
    order = finished[0]
    answer = clerk("run", order.file, "-o", tmp_path / "run", "--set", asked)
    assert answer.code == 0, answer.err
    run, data = Run(order.run), dataset_of_run(order.run)
    truth = dataset_of_run(tmp_path / "run").frame
    cells = [cell for cell in data.frame.index if cell in truth.index][::6]
    foretold, found = {name: [] for name in near}, {name: [] for name in near}
    with Stations(run) as stations:
        setting = stations.setting(asked.partition("=")[0])
        for cell in cells:
            moved = Chain(stations, run, data, cell).moved(
                setting, np.array([setting.value, value])
            )
            assert moved.valid.all()
            for name in near:
                was = float(data.frame.at[cell, name])
                assert moved.features[name][0] == pytest.approx(was)
                foretold[name].append(moved.features[name][1] - was)
                found[name].append(float(truth.at[cell, name]) - was)
    assert len(cells) >= 5
    for name, share in near.items():
        away = np.sqrt(np.mean((np.array(foretold[name]) - np.array(found[name])) ** 2))
        assert away < share * abs(np.mean(found[name])), name
