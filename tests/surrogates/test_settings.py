"""What settings of machines would have helped, by models that stand for those of stations."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from linetwin.errors import ScenarioError
from linetwin.surrogates.data.dataset import ColumnSpec
from linetwin.surrogates.settings.helping import Asked, had_been, sentences, settings_of
from linetwin.surrogates.settings.physics import Chain
from linetwin.surrogates.settings.stations import SETTINGS, Setting

FEATURES = (
    "cathode_loading", "anode_loading", "cathode_porosity", "anode_porosity",
    "cathode_coating_thickness", "anode_coating_thickness", "stacking_offset", "pore_volume",
    "design_capacity", "dosed_electrolyte", "fill_ratio", "electrolyte_mass", "moisture",
    "wetting_time",
)  # fmt: skip
OWN = dict(zip(FEATURES, (0.19, 0.11, 0.31, 0.32, 6e-5, 7e-5, 4e-4, 9e-6, 5.1, 0.0115, 1.05,
                          0.0112, 1e-4, 5e4), strict=True))  # fmt: skip
NUMBERS = {
    "line_load": 6e5, "solids_density": 4400.0, "web_speed": 0.1, "roll_temperature": 298.0,
    "coating_width": 0.25, "relaxation_time": 4e4, "electrolyte_temperature": 298.0,
    "chamber_pressure": 300.0, "dosing_time": 100.0, "evacuating_time": 100.0,
}  # fmt: skip


class _Model:
    """A law that stands for a model: porosity 0.5 - 4e-7 load; pores as porosity x thickness."""

    def __init__(self, process: str) -> None:
        self.process = process

    def apply(self, _start: dict, phases: list) -> list[dict]:
        """Return what the law says of the last phase."""
        own = phases[-1].inputs
        if self.process == "calendering":
            porosity = 0.5 - 4e-7 * np.asarray(own["line_load"])
            before = own["coating_thickness_before"] * (1 - own["porosity_before"])
            found = {"porosity": porosity, "coating_thickness": before / (1 - porosity)}
        elif self.process == "stacking":
            pores = sum(own[f"{e}_porosity"] * own[f"{e}_coating_thickness"]
                        for e in ("cathode", "anode"))  # fmt: skip
            found = {"pore_volume": pores, "design_capacity": 25 * own["cathode_loading"]}
        else:
            dosed = own["electrolyte_dose_rate"] * phases[-1].duration_s
            found = {"fill_ratio": dosed / own["pore_volume"], "electrolyte_mass": dosed}
        rows = np.asarray(next(iter(found.values()))).size
        return [found | {"valid": np.ones(rows)}]


class _Stations:
    """Stations of no line."""

    def number(self, _station: str, name: str) -> float:
        """Return a parameter."""
        return NUMBERS[name]

    def of_kind(self, kind: str, electrode: str = "") -> str:
        """Return a name."""
        return f"{electrode or 'cell'}.{kind}"

    def model(self, _station: str, process: str) -> _Model:
        """Return the law of a process."""
        return _Model(process)

    def settings(self) -> list[Setting]:
        """Return every setting."""
        return [_setting(kind, name) for kind, name in SETTINGS]


def _setting(kind: str, name: str) -> Setting:
    station = f"cell.{kind}" if kind == "filler" else f"cathode.{kind}"
    value = {"loading_target": 0.19, "electrolyte_dose": 0.0115}.get(name) or NUMBERS[name]
    return Setting(station, kind, name, value, "N/m", SETTINGS[kind, name].around(value))


def _chain() -> Chain:
    frame = pd.DataFrame({**{n: [v] for n, v in OWN.items()}, "cathode_roll": ["roll-1"]},
                         index=["cell-1"])  # fmt: skip
    columns = {name: ColumnSpec(name, "feature", "1") for name in FEATURES}
    data = SimpleNamespace(frame=frame, features=FEATURES, columns={**columns, "cathode_roll": 0})
    tables = {
        "lots": pd.DataFrame({"lot": ["roll-1"], "initial_porosity": [0.5]}),
        "operations": pd.DataFrame({"lot": ["roll-1"], "station": ["cathode.calender"]}),
    }
    run = SimpleNamespace(objects=lambda name, _: tables[name])
    return Chain(_Stations(), run, data, "cell-1")


def _asked(features: tuple[str, ...], chances: object, needed: float = 0.9) -> Asked:
    domain = np.zeros
    predictor = SimpleNamespace(
        card=SimpleNamespace(
            name="made", coverage=0.9,
            target=SimpleNamespace(name="capacity", unit="A.h", chance=False, low=0.0, high=9.0),
            features=[SimpleNamespace(name=n, unit="1", low=0.0, high=1.0) for n in features],
        ),
        predict=lambda rows, _=None: SimpleNamespace(
            value=rows[:, 0], low=rows[:, 0] - 1, high=rows[:, 0] + 1, domain=domain(len(rows))
        ),
    )  # fmt: skip
    return Asked(predictor, chances, needed)


def test_more_load_presses_and_empties_the_pores() -> None:
    """Load moves porosity, thickness, pores and fill as the laws do by hand; the first is own."""
    loads = np.array([6e5, 5e5])
    moved = _chain().moved(_setting("calender", "line_load"), loads)
    now = moved.features
    for name, value in OWN.items():
        assert now[name][0] == value
    assert now["cathode_porosity"][1] == pytest.approx(0.31 + 0.04)
    solid = 0.19 / 4400
    assert now["cathode_coating_thickness"][1] == pytest.approx(6e-5 + solid / 0.7 - solid / 0.74)
    pores = [now["cathode_porosity"][i] * now["cathode_coating_thickness"][i] + 0.32 * 7e-5
             for i in (0, 1)]  # fmt: skip
    assert now["pore_volume"][1] == pytest.approx(9e-6 * pores[1] / pores[0])
    assert now["fill_ratio"][1] == pytest.approx(1.05 * 9e-6 / now["pore_volume"][1])
    assert (now["wetting_time"] == 5e4).all()
    assert [set(step.moved) for step in moved.steps] == [
        {"cathode_porosity", "cathode_coating_thickness"}, {"pore_volume"}, {"fill_ratio"}
    ]  # fmt: skip


def test_other_settings_move_by_their_own_law() -> None:
    """A tenth more target, a tenth more loading; dose moves the fill."""
    chain = _chain()
    coated = chain.moved(_setting("coater", "loading_target"), np.array([0.19, 0.209])).features
    assert coated["cathode_loading"][1] == pytest.approx(0.209)
    assert coated["design_capacity"][1] == pytest.approx(5.1 * 1.1)
    dosed = chain.moved(_setting("filler", "electrolyte_dose"), np.array([0.0115, 0.0120])).features
    assert dosed["fill_ratio"][1] == pytest.approx(1.05 * 120 / 115)
    assert dosed["electrolyte_mass"][1] == pytest.approx(0.0112 + 0.0005)


def test_the_nearest_setting_that_reaches_the_goal() -> None:
    """Of porosity above 33 % the nearest load is 550 N/mm; beyond the reach the best is told."""
    features = ("cathode_porosity",)
    asked = _asked(features, lambda rows: np.where(rows[:, 0] >= 0.33, 0.95, 0.2))
    found = had_been(asked, _chain(), _setting("calender", "line_load"))
    step = 6e5 / 59
    assert found.reached
    assert 5.5e5 - step <= found.at <= 5.5e5
    assert found.moved["cathode_porosity"][0] == 0.31
    told = sentences(found, asked.predictor.card, "good")
    assert told[0].startswith("good with probability 0.95 had cathode.calender.line_load been 5")
    rising = _asked(features, lambda rows: rows[:, 0])
    best = had_been(rising, _chain(), _setting("calender", "line_load"), (5e5, 7e5))
    assert (best.reached, best.at) == (False, 5e5)
    none = had_been(_asked(features, lambda rows: np.full(len(rows), 0.3)), _chain(),
                    _setting("calender", "line_load"))  # fmt: skip
    assert "alone would not have helped" in sentences(none, asked.predictor.card, "good")[0]


def test_what_cannot_be_asked() -> None:
    """A predictor that takes nothing moved, another machine, a feature that is not known."""
    asked = _asked(("moisture",), lambda rows: rows[:, 0])
    with pytest.raises(ScenarioError, match="takes nothing that cathode"):
        had_been(asked, _chain(), _setting("calender", "line_load"))
    assert settings_of(asked.predictor.card, _Stations().settings()) == []
    dosed = _asked(("fill_ratio",), None).predictor.card
    assert [each.kind for each in settings_of(dosed, _Stations().settings())] == ["filler"]
    chain = _chain()
    chain._data.frame["stacking_offset"] = np.nan
    with pytest.raises(ScenarioError, match="stacking_offset of cell-1 is not known"):
        chain.moved(_setting("calender", "line_load"), np.array([6e5, 5e5]))
