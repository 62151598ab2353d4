"""From a setting to the features of a cell, by the models of the run's own stations.

Each step moves what the cell has by what its model's answer moves: a difference, or a ratio of
amounts, so that the cell keeps its own scatter and the wear of its machine. The first of the
values is always what the setting was.

    line load       -> porosity and thickness of the coating -> stack -> fill of the pores
    loading target  -> loading (mass balance: the pump follows) -> the same, from the calender on
    dose            -> dosed electrolyte (the pump) -> fill of the pores
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.contracts import Phase
from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.settings.stations import KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.results.reader import Run
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.settings.stations import Setting, Stations

_STACKED: Final = (
    "cathode_loading", "anode_loading", "cathode_porosity", "anode_porosity",
    "cathode_coating_thickness", "anode_coating_thickness", "stacking_offset",
)  # fmt: skip
_BY_RATIO: Final = ("design_capacity", "np_ratio", "pore_volume", "stack_thickness",
                    "cathode_active_fraction", "anode_active_fraction", "fill_ratio",
                    "dosed_electrolyte")  # fmt: skip
"""Amounts: scatter of powders, faces and doses stays a share of them."""
BEHIND: Final = ("wetting_time", "wetting_saturation", "electrolyte_loss")
"""Features that other fill would change too, and that are held as they were."""


@dataclass(frozen=True)
class Step:
    """What one model moved: features, and the model, or the law, by which."""

    by: str
    moved: tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """Features of a cell at values of a setting, each of shape (values,), and by which steps.

    `valid`: where all models call their inputs within their range.
    """

    features: Mapping[str, np.ndarray]
    steps: tuple[Step, ...]
    valid: np.ndarray


class Chain:
    """Moves the features of one cell through the models of its run."""

    def __init__(self, stations: Stations, run: Run, data: Dataset, cell: str) -> None:
        """Take a cell by name; ScenarioError where the run has not traced it."""
        if cell not in data.frame.index:
            raise ScenarioError([Problem(f"the run has no cell '{cell}'", "--row")])
        self._stations, self._run, self._data, self._cell = stations, run, data, cell
        self._now: dict[str, np.ndarray] = {}
        self._steps: list[Step] = []
        self._valid = np.ones(0, dtype=np.bool_)

    def moved(self, setting: Setting, values: np.ndarray) -> Moved:
        """Return the cell at values (n,) of a setting, of which the first is what it was.

        ScenarioError for a feature, lot or parameter that the run does not tell; errors of models.
        """
        self._check_worked(setting)
        row = self._data.frame.loc[self._cell]
        self._now = {
            name: np.full(values.size, float(row[name])) for name in self._data.features
        }  # fmt: skip
        self._steps, self._valid = [], np.ones(values.size, dtype=np.bool_)
        if setting.kind == "filler":
            dose = {"dosed_electrolyte": values}
            self._move("the dose that is set", dose, ("dosed_electrolyte",))
            self._fill()
        else:
            self._press(setting, values)
            self._stack()
            self._fill()
        return Moved(dict(self._now), tuple(self._steps), self._valid)

    def _press(self, setting: Setting, values: np.ndarray) -> None:
        """Coat and calender: loading, then porosity and thickness of the coating."""
        electrode, stations = setting.electrode, self._stations
        station = setting.station
        loads = values
        if setting.kind == "coater":
            name = f"{electrode}_loading"
            own = self._have(name) * (values / values[0])
            self._now[name] = own
            self._steps.append(Step("mass balance: the coater's pump follows its target", (name,)))
            station = stations.of_kind("calender", electrode)
            loads = np.full(values.size, stations.number(station, "line_load"))
        before = self._roll(electrode, "initial_porosity")
        loading = self._have(f"{electrode}_loading")
        density = stations.number(station, "solids_density")
        inputs: dict[str, float | np.ndarray] = {
            "porosity_before": before,
            "coating_thickness_before": loading / (density * (1 - before)),
            "line_load": loads,
            **{name: stations.number(station, name)
               for name in ("web_speed", "roll_temperature", "coating_width")},
        }  # fmt: skip
        phases = [Phase(inputs, stations.number(station, "relaxation_time"))]
        names = ("porosity", "coating_thickness")
        answer = self._ask(station, "calendering", phases)
        self._move(_by(station, "calendering"), {f"{electrode}_{name}": answer[name]
                                                 for name in names}, ())  # fmt: skip

    def _stack(self) -> None:
        station = self._stations.of_kind("stacker")
        phase = Phase({name: self._have(name) for name in _STACKED})
        answer = self._ask(station, "stacking", [phase])
        self._move(_by(station, "stacking"), answer, _BY_RATIO)

    def _fill(self) -> None:
        """Dose and vent: how full the pores are, and what stays in the cell."""
        number, station = self._stations.number, self._stations.of_kind("filler")
        common: dict[str, float | np.ndarray] = {
            name: self._have(name) for name in ("pore_volume", "anode_porosity", "cathode_porosity")
        }
        common["electrolyte_temperature"] = number(station, "electrolyte_temperature")
        common["pressure_setpoint"] = number(station, "chamber_pressure")
        seconds = number(station, "dosing_time")
        rate = self._have("dosed_electrolyte") / seconds
        phases = [
            Phase({**common, "electrolyte_dose_rate": 0.0}, number(station, "evacuating_time")),
            Phase({**common, "electrolyte_dose_rate": rate}, seconds),
        ]
        answer = self._ask(station, "filling", phases)
        names = ("fill_ratio", "electrolyte_mass")
        moved = {name: answer[name] for name in names}
        self._move(_by(station, "filling"), moved, _BY_RATIO)

    def _ask(self, station: str, process: str, phases: list[Phase]) -> Mapping[str, np.ndarray]:
        """Return what a station's model answers at the end."""
        found = self._stations.model(station, process).apply({}, phases)[-1]
        self._valid = self._valid & (np.asarray(found["valid"]) >= 1)
        return found

    def _move(self, by: str, answer: Mapping[str, np.ndarray], ratios: Iterable[str]) -> None:
        """Move the cell's own features by what an answer moves against its first value."""
        moved = []
        for name, values in answer.items():
            if name in self._now and not np.allclose(values, values[0], rtol=1e-9, atol=0.0):
                own = self._now[name][0]
                by_ratio = name in ratios and values[0] != 0
                self._now[name] = (
                    own * (values / values[0]) if by_ratio else own + (values - values[0])
                )
                moved.append(name)
        if moved:
            self._steps.append(Step(by, tuple(moved)))

    def _have(self, name: str) -> np.ndarray:
        if name not in self._now or not np.isfinite(self._now[name]).all():
            message = f"{name} of {self._cell} is not known"
            raise ScenarioError([Problem(message, KEY, "a cell that got that far")])
        return self._now[name]

    def _roll(self, electrode: str, name: str) -> float:
        """Return a property of the mother roll with the largest share in the cell."""
        roll = self._lot(electrode)
        lots = self._run.objects("lots", ["lot", name])
        found = lots[lots["lot"] == roll][name]
        if not len(found) or not np.isfinite(float(found.iloc[-1])):
            raise ScenarioError([Problem(f"{name} of {roll or 'its roll'} is not known", KEY)])
        return float(found.iloc[-1])

    def _lot(self, electrode: str) -> str:
        column = f"{electrode}_roll"
        known = column in self._data.columns
        return str(self._data.frame.at[self._cell, column]) if known else ""

    def _check_worked(self, setting: Setting) -> None:
        """ScenarioError where the cell's roll was worked on at another machine of that kind."""
        if not setting.electrode:
            return
        done = self._run.objects("operations", ["lot", "station"])
        here = {*done[done["lot"] == self._lot(setting.electrode)]["station"]}
        alike = {e.station for e in self._stations.settings() if e.name == setting.name}
        if here & alike and setting.station not in here:
            other = ", ".join(sorted(here & alike))
            message = f"{self._cell} was not made at {setting.station}, but at {other}"
            raise ScenarioError([Problem(message, KEY, f"{other}.{setting.name}")])


def _by(station: str, process: str) -> str:
    return f"{process} model of {station}"
