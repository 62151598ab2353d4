"""From a path or a name to a checked Scenario."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import linetwin
from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.addressing import Parts, Plant
from linetwin.scenario.calendars import read_calendars
from linetwin.scenario.deliveries import with_deliveries
from linetwin.scenario.disturbing import DisturbanceReader
from linetwin.scenario.document import label_of
from linetwin.scenario.entries import PREFIX
from linetwin.scenario.fidelity import read_for_all
from linetwin.scenario.fidelity_set import PREFIX as ANSWERING
from linetwin.scenario.fidelity_set import read_set
from linetwin.scenario.forms import read_form, tell_unread_recipe
from linetwin.scenario.holding import HoldReader
from linetwin.scenario.kinds import shipped_kinds
from linetwin.scenario.parameters import ParameterFile, check_models, settings_of_parameters
from linetwin.scenario.parts import read_buffers, read_crews, read_materials
from linetwin.scenario.plan import read_plan
from linetwin.scenario.plant import read_plant
from linetwin.scenario.prices import PriceFile, read_prices
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.scenario.recipe import RecipeFile, read_recipe
from linetwin.scenario.resolved import Scenario, Titled
from linetwin.scenario.schema import LineFile, ScenarioFile
from linetwin.scenario.sections import SECTIONS
from linetwin.scenario.settings import apply_settings, settings_of, settings_of_overrides
from linetwin.scenario.stations import StationReader
from linetwin.scenario.stock import read_stock
from linetwin.scenario.text import resolved_text
from linetwin.scenario.twinning import read_twin
from linetwin.scenario.validation import validate
from linetwin.scenario.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from linetwin.scenario.forms import Part
    from linetwin.scenario.kinds import Kind, Kinds
    from linetwin.scenario.prices import PriceTable
    from linetwin.scenario.resolved import CalendarConfig
    from linetwin.scenario.settings import Settings
    from linetwin.scenario.validation import Checked, FileModel
    from linetwin.scenario.written import FileHead

_SUFFIXES = {".yaml", ".yml"}
_BUILDING = "building"
_PARTS: dict[type, Part] = {LineFile: "line", RecipeFile: "recipe"}
"""What of a file of shells is read as which file."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for beside the files: `--set`, `--seed` and `--hold`.

    `inputs`: kind of process -> inputs of its model that can be disturbed.
    """

    overrides: Sequence[str] = ()
    seed: int | None = None
    holds: Sequence[str] = ()
    inputs: Mapping[str, Collection[str]] = field(default_factory=dict)


def load_scenario(path_or_name: str | Path, asked: Asked, kinds: Kinds | None) -> Scenario:
    """Return the scenario; see `linetwin.scenario.load`."""
    return open_scenario(path_or_name).scenario(asked, kinds)


@dataclass(frozen=True)
class Opened:
    """The files of a scenario, read once, of which many scenarios can be made.

    `labels`: the files relative to the scenario's folder; `found`: what is wrong with them.
    """

    scenario_file: Checked[ScenarioFile]
    line: Checked[LineFile]
    recipe: Checked[RecipeFile] | None
    prices: Checked[PriceFile] | None
    fitted: Mapping[str, Checked[ParameterFile]]
    labels: tuple[str, ...]
    found: tuple[Problem, ...]

    def scenario(self, asked: Asked, kinds: Kinds | None = None) -> Scenario:
        """Return the scenario with what was asked for; ScenarioError with all that is wrong."""
        problems = Problems()
        problems.keep(self.found)
        parts = (self.scenario_file, self.line, self.recipe, self.prices, self.fitted)
        resolved = _Composition(*parts, kinds or shipped_kinds(), problems).scenario(
            asked, self.labels
        )
        problems.check()
        return resolved

    def plant(self) -> Plant:
        """Return what addresses can point at."""
        parts = (self.scenario_file, self.line, self.recipe, self.prices, self.fitted)
        return _Composition(*parts, shipped_kinds(), Problems()).plant()


def open_scenario(path_or_name: str | Path) -> Opened:
    """Read the files of a scenario; ScenarioError where there is none, or no line."""
    file = find_scenario(path_or_name)
    problems = Problems()
    reader = _Files(file.parent, problems)
    scenario = reader.checked(file, ScenarioFile)
    if scenario is None:
        problems.check()
        raise ScenarioError([Problem("nothing to read", file=file)])
    line = reader.checked(file.parent / scenario.model.line, LineFile)
    recipe = None
    if scenario.model.recipe is not None:
        recipe = reader.checked(file.parent / scenario.model.recipe, RecipeFile)
    if line is None:
        read_plan(scenario, problems)
        problems.check()
        raise ScenarioError([Problem("no line to read", file=file)])
    if not problems:
        named = scenario.model.recipe
        recipe_file = None if named is None else file.parent / named
        tell_unread_recipe(file.parent / scenario.model.line, recipe_file)
    prices = None
    if scenario.model.prices is not None:
        prices = reader.checked(file.parent / scenario.model.prices, PriceFile)
    fitted = {
        process: checked
        for process, name in scenario.model.parameters.items()
        if (checked := reader.checked(file.parent / name, ParameterFile)) is not None
    }
    labels = tuple(reader.labels)
    return Opened(scenario, line, recipe, prices, fitted, labels, problems.found)


def _titled(head: FileHead) -> Titled:
    return Titled(head.name, head.title, head.description)


def find_scenario(path_or_name: str | Path) -> Path:
    """Return the file of a path, or of a shipped scenario's bare name such as `baseline`."""
    path = Path(path_or_name)
    if path.suffix in _SUFFIXES or len(path.parts) > 1 or path.is_file():
        return path
    folders = [folder for folder in shipped_folders() if folder.is_dir()]
    for folder in folders:
        file = folder / f"{path_or_name}.yaml"
        if file.is_file():
            return file
    names = [file.stem for folder in folders for file in folder.glob("*.yaml")]
    hint = nearest(str(path_or_name), names, "shipped scenario here; give a path to a .yaml file")
    raise ScenarioError([Problem(f"no scenario is called '{path_or_name}'", hint=hint)])


def shipped_folders() -> list[Path]:
    """Where scenarios lie: in the wheel, and in a checkout that is installed as editable."""
    package = Path(linetwin.__file__).resolve().parent
    return [package / "_scenarios", package.parents[1] / "scenarios"]


@dataclass
class _Files:
    """Reads and validates the files of one scenario; `labels` lists those that were read."""

    base: Path
    problems: Problems

    def __post_init__(self) -> None:
        self.labels: list[str] = []

    def checked(self, file: Path, model: type[FileModel]) -> Checked[FileModel] | None:
        """Return a validated file; None, and problems, where nothing of it can be used."""
        label = label_of(file, self.base)
        try:
            document = read_form(file, label, _PARTS.get(model))
        except ScenarioError as error:
            self.problems.keep(error.problems)
            return None
        self.problems.keep(document.problems)
        self.labels.append(label)
        return validate(document, model, self.problems)


@dataclass(frozen=True)
class _Composition:
    """Lays the layers on one another and checks how the parts fit."""

    file: Checked[ScenarioFile]
    line: Checked[LineFile]
    recipe: Checked[RecipeFile] | None
    prices: Checked[PriceFile] | None
    fitted: Mapping[str, Checked[ParameterFile]]
    kinds: Kinds
    problems: Problems

    def scenario(self, asked: Asked, labels: tuple[str, ...]) -> Scenario:
        """Return the scenario; whatever is wrong is noted, and the caller raises it."""
        line, problems = self.line, self.problems
        kinds = self._kinds_of_stations()
        plant = replace(self._plant(kinds), inputs=asked.inputs)
        calendars = read_calendars(line.model.calendars, line.document, problems)
        self._check_wiring(kinds, calendars)
        settings = settings_of(self.recipe) if self.recipe else []
        settings += settings_of_parameters(self.file, self.fitted, plant, problems)
        settings += settings_of(self.file)
        disturbing = [text for text in asked.overrides if text.strip().startswith(PREFIX)]
        deciding = [text for text in asked.overrides if text.strip().startswith(ANSWERING)]
        others = (PREFIX, ANSWERING)
        overrides = [text for text in asked.overrides if not text.strip().startswith(others)]
        settings += settings_of_overrides(overrides, problems)
        applied = apply_settings(settings, plant, problems)
        reader = self._reader(kinds, applied, deciding)
        plan = read_plan(self.file, problems)
        model = self.file.model
        building = line.model.building
        stations = {
            machine: reader.station(machine, path, kind)
            for path, kind in kinds.items()
            for machine in plant.members(path)
        }
        check_models(self.file, self.fitted, stations, problems)
        end = plan.duration_ticks or plan.limit_ticks
        disturbed = DisturbanceReader(plant, stations, end, problems).read(self.file, disturbing)
        resolved = Scenario(
            name=model.name,
            title=model.title,
            description=model.description,
            start=model.start,
            seed=self._seed(asked.seed),
            order_cells=plan.order_cells,
            duration_ticks=plan.duration_ticks,
            limit_ticks=plan.limit_ticks,
            recording_ticks=plan.recording_ticks,
            window_ticks=plan.window_ticks,
            good_energy_per_day=plan.good_energy_per_day,
            stations=stations,
            buffers=read_buffers(line, problems),
            materials=with_deliveries(self.file, read_materials(line, problems), problems),
            calendars=calendars,
            crews=read_crews(line, calendars, problems),
            building=reader.building(building, self.kinds[_BUILDING]) if building else None,
            disturbances=disturbed.values,
            deviations=disturbed.deviations,
            faults=disturbed.faults,
            plant=read_plant(self.file, stations, problems),
            twin=read_twin(self.file, stations, asked.inputs, problems),
            recipe=read_recipe(self.recipe, plant, problems) if self.recipe else {},
            line=_titled(line.model),
            recipe_file=_titled(self.recipe.model) if self.recipe else None,
            text="",
            files=labels,
        )
        stock = read_stock(self.file, resolved.stations, resolved.buffers, problems)
        holding = HoldReader(resolved.stations, resolved.materials, problems)
        holds = holding.of_scenario(self.file) + holding.of_command(asked.holds)
        resolved = replace(resolved, stock=stock, holds=holds, prices=self._prices(resolved))
        problems.check()
        return replace(resolved, text=resolved_text(resolved))

    def plant(self) -> Plant:
        """Return what addresses can point at."""
        return self._plant(self._kinds_of_stations())

    def _prices(self, scenario: Scenario) -> PriceTable | None:
        if self.prices is None:
            return None
        units = {path: material.unit for path, material in scenario.materials.items()}
        return read_prices(self.prices, self.line.model.name, units, self.problems)

    def _reader(
        self, kinds: Mapping[str, Kind], applied: Settings, deciding: Sequence[str]
    ) -> StationReader:
        """Return what reads stations; `deciding`: what `--set` says of who answers."""
        processes = {name for kind in kinds.values() for name in kind.processes}
        answering = read_for_all(self.file, processes, self.problems)
        by_set = read_set(deciding, self.file.document.file.parent, processes, self.problems)
        known = self._all_settings_known()
        return StationReader(self.line, applied, self.problems, known, answering, by_set)

    def _kinds_of_stations(self) -> dict[str, Kind]:
        """Return station path -> kind, for the stations whose kind exists."""
        found = {}
        for path, station in self.line.model.stations.items():
            if station.kind in self.kinds and station.kind != _BUILDING:
                found[path] = self.kinds[station.kind]
            else:
                place = self.line.document.place(("stations", path, "kind"))
                hint = nearest(station.kind, self.kinds.keys() - {_BUILDING})
                self.problems.add(place, f"unknown kind of station '{station.kind}'", hint)
        return found

    def _plant(self, kinds: dict[str, Kind]) -> Plant:
        """Return what addresses can point at; stations that could not be read are left unknown."""
        stations = self.line.model.stations
        broken = {path for path in stations if path not in kinds}
        broken |= {str(cut[1]) for cut in self.line.cut if cut[0] == "stations" and len(cut) > 1}
        known = dict(kinds)
        if self.line.model.building is not None:
            known[_BUILDING] = self.kinds[_BUILDING]
        elif self.line.is_cut(_BUILDING):
            broken.add(_BUILDING)
        machines = {path: self._machines(path) for path in kinds if stations[path].machines > 1}
        parts: dict[str, Parts] = {
            path: {section: tuple(getattr(stations[path], section)) for section in SECTIONS}
            for path in kinds
        }
        for path, names in machines.items():
            known |= dict.fromkeys(names, kinds[path])
            parts |= dict.fromkeys(names, parts[path])
        everything = ("stations",) in self.line.cut
        return Plant(known, parts, machines, frozenset(broken - known.keys()), everything)

    def _machines(self, path: str) -> tuple[str, ...]:
        """Return the paths of a group's machines, numbers padded to equal width."""
        stations = self.line.model.stations
        count = stations[path].machines
        names = tuple(f"{path}_{number:0{len(str(count))}}" for number in range(1, count + 1))
        for name in names:
            if name in stations:
                place = self.line.document.place(("stations", name))
                message = f"is the name of a machine of {path} already"
                self.problems.add(place, message, "choose another name")
        return names

    def _all_settings_known(self) -> bool:
        """Say whether recipe and scenario could be read in full, so that nothing set is lost."""
        if self.recipe is None:
            return self.file.model.recipe is None
        return not self.recipe.is_cut("set") and not self.file.is_cut("set")

    def _check_wiring(self, kinds: dict[str, Kind], calendars: dict[str, CalendarConfig]) -> None:
        lots = {
            lot
            for kind in self.kinds.values()
            for lot in (*kind.takes.values(), *kind.gives.values())
        }
        Wiring(self.line, kinds, lots, calendars, self.problems).check()

    def _seed(self, seed: int | None) -> int:
        if seed is None:
            return self.file.model.seed
        if not 0 <= seed < 2**63:
            self.problems.add(Place("--seed"), f"{seed} is no seed", "allowed: 0 to 2^63 - 1")
        return seed
