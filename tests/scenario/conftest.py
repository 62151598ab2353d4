"""A small line in a temporary folder, which each test spoils in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.kinds import parse_kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.scenario.kinds import Kinds
    from linetwin.scenario.resolved import Scenario

SCENARIO = """\
schema: 1
name: small
title: A small order
line: lines/line.yaml
recipe: recipes/recipe.yaml
order: {cells: 10}
seed: 7
recording: {interval: 2 min}
set:
  cathode.coater.web_speed: 2.1 m/min
  cathode.coater.drying.tortuosity: 3
disturbances:
  - {address: building.outdoor_temperature, value: 33 degC, from: 1 d, until: 3 d}
"""
LINE = """\
schema: 1
name: line
calendars:
  days: {mon-fri: ["06:00-22:00"], sat: ["06:00-14:00"]}
crews:
  maintenance: {size: 2, calendar: days}
materials:
  cathode.binder: {lot: 20 kg, deviations: {particle_size_factor: 2 %}}
  cathode.foil: {lot: {value: 2000 m, tag: D, source: a supplier}}
buffers:
  cathode.tank: {holds: slurry_batch, kind: tank, capacity: 40 kg}
  cathode.coated_rolls: {holds: mother_roll, capacity: 3}
stations:
  cathode.mixer:
    kind: mixer
    crew: maintenance
    gives: {slurry: cathode.tank}
    failures:
      breakdown: {time_between_failures: 24 h, time_to_repair: 30 min}
  cathode.coater:
    kind: coater
    title: The coater
    calendar: days
    crew: maintenance
    takes: {slurry: cathode.tank}
    gives: {rolls: cathode.coated_rolls}
    processes:
      coating:
        model: coating
        parameters: {slot_width: 250 mm, shape: 2}
        map: {web_speed: v_web, pump_flow: {variable: flow, scale: 0.001}}
        fixed: {mode: 1}
      drying: {model: drying}
    machine: {model: machine, parameters: {fan_power: {value: 2 kW, tag: D, source: nameplate}}}
    parameters:
      roll_length: 100 m
      loading_target: 17 mg/cm2
  cathode.slitter:
    kind: slitter
    takes: {rolls: cathode.coated_rolls}
building:
  parameters: {outdoor_temperature_swing: 8 K}
"""
RECIPE = """\
schema: 1
name: recipe
set:
  cathode.coater.loading_target: {value: 18 mg/cm2, tag: V, source: a paper}
  cathode.coater.web_speed: 1.5 m/min
"""


Trap = tuple[str, str, str, int, str, tuple[str, ...]]
"""Replace a text of a file by another: the problem at this line and key path must say all this."""


class Workbench:
    """The three files in a folder; `edit` replaces text in one of them."""

    def __init__(self, folder: Path, kinds: Kinds) -> None:
        self.folder = folder
        self.kinds = kinds
        self.files = {
            "scenario": folder / "small.yaml",
            "line": folder / "lines" / "line.yaml",
            "recipe": folder / "recipes" / "recipe.yaml",
        }
        for name, text in (("scenario", SCENARIO), ("line", LINE), ("recipe", RECIPE)):
            self.files[name].parent.mkdir(exist_ok=True)
            self.files[name].write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace `old`, which must be there, once."""
        text = self.files[name].read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.files[name].write_text(text.replace(old, new, 1), encoding="utf-8")

    def load(self, overrides: Sequence[str] = (), seed: int | None = None) -> Scenario:
        """Load the scenario with the kinds of these tests."""
        return load(self.files["scenario"], overrides, seed, kinds=self.kinds)

    def assert_told(self, trap: Trap) -> None:
        """Spoil a file; the problem must name file, line and key path, and what is allowed."""
        name, old, new, line, key, says = trap
        self.edit(name, old, new)
        with pytest.raises(ScenarioError) as caught:
            self.load()
        file = self.files[name]
        fitting = [
            problem
            for problem in caught.value.problems
            if (problem.file, problem.line, problem.key) == (file, line, key)
        ]
        message = "\n".join(str(problem) for problem in fitting)
        assert fitting, f"not at {line} {key}:\n{caught.value}"
        assert f"{file}:{line}: " in message
        for part in says:
            assert part in message
        assert all(problem.hint for problem in fitting)


@pytest.fixture(scope="session")
def small_kinds() -> Kinds:
    """The kinds of `kinds.toml` beside this file."""
    file = Path(__file__).with_name("kinds.toml")
    return parse_kinds(file.read_text("utf-8"), file)


@pytest.fixture
def bench(tmp_path: Path, small_kinds: Kinds) -> Workbench:
    """A scenario that is right."""
    return Workbench(tmp_path, small_kinds)
