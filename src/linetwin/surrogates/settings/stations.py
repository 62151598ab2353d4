"""The stations of a run and their models: what they were set to, and what they answer.

A model is opened as the run's resolved scenario names it, with the parameters it had there.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from linetwin.contracts import CONTRACTS
from linetwin.cosim.process import open_transform
from linetwin.errors import Problem, ScenarioError
from linetwin.results.assumptions import plan
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import ProcessConfig, Value

if TYPE_CHECKING:
    from linetwin.cosim.process import TransformModel
    from linetwin.results.reader import Run

KEY: Final = "--setting"


@dataclass(frozen=True)
class Span:
    """How far a setting is tried: from `least` to `most` of what it was."""

    least: float
    most: float

    def around(self, value: float) -> tuple[float, float]:
        """Return the lowest and the highest value tried."""
        return value * self.least, value * self.most


SETTINGS: Final = {
    ("calender", "line_load"): Span(0.5, 1.5),  # [A] a press of twice the usual load
    ("coater", "loading_target"): Span(0.9, 1.1),  # [A] the pump follows; beyond it other cells
    ("filler", "electrolyte_dose"): Span(0.8, 1.2),  # [A]
}
"""Kinds of stations and their settings, with how far each is tried unless limits are given.

Drying is not here: what a cell has of water when it is sealed is what it took up after the dryer.
Half the drying time moves it by 0.5 % of it in a run, and by 70 % if drying alone is asked.
"""


@dataclass(frozen=True)
class Setting:
    """A setting of a station: what it was, in its canonical unit, and how far it is tried."""

    station: str
    kind: str
    name: str
    value: float
    unit: str
    span: tuple[float, float]

    @property
    def address(self) -> str:
        """The setting as a scenario names it."""
        return f"{self.station}.{self.name}"

    @property
    def electrode(self) -> str:
        """Which electrode the station makes, "" for a station of cells."""
        first = self.station.split(".", 1)[0]
        return first if first in {"cathode", "anode"} else ""


class Stations:
    """Stations of one run; models are opened once and closed together."""

    def __init__(self, run: Run) -> None:
        """Take a run; nothing is opened yet."""
        self._run, self._plan = run, plan(run)
        self._open: dict[tuple[str, str], TransformModel] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def setting(self, address: str) -> Setting:
        """Return a setting by its address; ScenarioError with those that can be asked."""
        known = {each.address: each for each in self.settings()}
        if address not in known:
            message = f"'{address}' is no setting whose effect on a cell is known"
            hint = nearest(address, known, "setting")
            raise ScenarioError([Problem(message, KEY, hint)])
        return known[address]

    def settings(self) -> list[Setting]:
        """Return the settings of the line whose effect on cells can be computed."""
        found = []
        for station in self._plan.stations:
            kind = self._plan.kind(station)
            for (of, name), span in SETTINGS.items():
                value = self._plan.number(station, name)
                if of == kind and value is not None:
                    unit = self._plan.stations[station]["parameters"][name]["unit"]
                    found.append(Setting(station, kind, name, value, unit, span.around(value)))
        return found

    def of_kind(self, kind: str, electrode: str = "") -> str:
        """Return the first station of a kind; ScenarioError where the line has none."""
        for station in self._plan.stations:
            if self._plan.kind(station) == kind and station.startswith(f"{electrode}"):
                return station
        raise ScenarioError([Problem(f"the run's line has no {kind}", KEY)])

    def number(self, station: str, name: str) -> float:
        """Return a parameter of a station; ScenarioError where the run does not tell it."""
        value = self._plan.number(station, name)
        if value is None:
            message = f"the run does not tell {station}.{name}"
            raise ScenarioError([Problem(message, KEY, "a run with its resolved scenario")])
        return value

    def model(self, station: str, process: str) -> TransformModel:
        """Return the model that answers for a process; errors as `open_transform`."""
        key = station, process
        if key not in self._open:
            told = self._plan.stations[station].get("processes") or {}
            own = next((each for each in told.values() if each.get("kind") == process), None)
            if own is None:
                raise ScenarioError([Problem(f"{station} has no model of {process}", KEY)])
            made = open_transform(_config(own), CONTRACTS[process], self._run.path)
            self._open[key] = made
            self._stack.callback(made.close)
        return self._open[key]


def _config(told: dict[str, Any]) -> ProcessConfig:
    """Return a process as the resolved scenario tells it, answered by its FMU."""
    parameters = {
        name: Value(each["value"], each["unit"], each["tag"], each["source"], each["origin"])
        for name, each in (told.get("parameters") or {}).items()
    }
    return ProcessConfig(
        told["kind"], told["model"], "fmu", parameters, told.get("map") or {},
        told.get("fixed") or {}, told.get("key") or "",
    )  # fmt: skip
