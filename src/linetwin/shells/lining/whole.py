"""From shells to a line file and a recipe: what `describing` wrote, read by what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.problems import Problems
from linetwin.scenario.sections import SECTIONS
from linetwin.shells.building import meaning_of, unit_of
from linetwin.shells.lining.elements import Reader, children, free, of_meaning, written
from linetwin.shells.lining.models import Models
from linetwin.shells.terms import SUBMODELS, meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from linetwin.shells.environment import Environment

    Elements = Sequence[model.SubmodelElement]

_NODE: Final = "https://admin-shell.io/idta/HierarchicalStructures/Node/1/0"
_ENTRY: Final = "https://admin-shell.io/idta/HierarchicalStructures/EntryNode/1/0"
_PROCESSES: Final = "https://admin-shell.io/idta/ProcessParameters/"
_BUILDING: Final = "building"
_VERSION: Final = 1


@dataclass(frozen=True)
class Lined:
    """What shells say, as a line file and a recipe have it; no recipe where nothing is of one."""

    line: dict[str, Any]
    recipe: dict[str, Any] | None


def line_document(environment: Environment, file: Path | None = None) -> Lined:
    """Return the line of an environment and its recipe, as plain data of their files.

    `file`: where it was read from, beside which FMUs of the package are laid. Raises
    ScenarioError with all that is missing or not read.
    """
    problems = Problems()
    found = _Line(environment, Reader(file, problems)).read()
    problems.check()
    return found


class _Line:
    def __init__(self, environment: Environment, reader: Reader) -> None:
        self._environment = environment
        self._reader = reader
        self._models = Models(environment, reader)
        shells = list(environment.shells())
        self._by_asset = {each.asset_information.global_asset_id: each for each in shells}

    def read(self) -> Lined:
        shell, sections = self._line_shell()
        way = f"{shell.id_short}/TechnicalData"
        line: dict[str, Any] = {"schema": _VERSION}
        for idea in ("line", "calendars", "crews"):
            for element in of_meaning(sections, idea):
                table = self._reader.table(children(element), f"{way}/{element.id_short}")
                line |= table if idea == "line" else {idea: table}
        line["materials"] = self._materials(sections, way)
        line["buffers"] = self._buffers(sections, way)
        stations = dict(self._stations(shell))
        building = stations.pop(_BUILDING, None)
        line["stations"] = stations
        if building is not None:
            line[_BUILDING] = building
        return Lined(line, self._recipe(shell, str(line.get("name", ""))))

    def _line_shell(
        self,
    ) -> tuple[model.AssetAdministrationShell, list[model.SubmodelElement]]:
        found = [
            (shell, sections)
            for shell in self._environment.shells()
            if any(of_meaning(sections := self._sections(shell), "line"))
        ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(str(shell.id_short) for shell, _ in found)
        message = f"holds several lines: {names}" if found else "holds no line"
        hint = "shells of one line, as linetwin aas export writes them"
        raise ScenarioError([Problem(message, hint=hint, file=self._reader.file)])

    def _submodel(self, shell: model.AssetAdministrationShell, name: str) -> model.Submodel | None:
        for reference in shell.submodel:
            found = self._environment.objects.get(reference.key[0].value)
            if isinstance(found, model.Submodel) and meaning_of(found) == SUBMODELS[name]:
                return found
        return None

    def _sections(self, shell: model.AssetAdministrationShell) -> list[model.SubmodelElement]:
        """Return what the areas of a shell's TechnicalData hold."""
        data = self._submodel(shell, "TechnicalData")
        if data is None:
            return []
        areas = [
            each for each in data.submodel_element if isinstance(each, model.SubmodelElementList)
        ]
        return [section for area in areas for part in area.value for section in children(part)]

    def _materials(self, sections: Elements, way: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for holder in _inside(sections, "materials"):
            path = self._reader.name(holder, way)
            here = f"{way}/{holder.id_short}"
            for name, value in self._reader.leaves(children(holder), here).items():
                if name == f"{path}.lot":
                    value["value"] = str(value["value"])
                    found[path] = {"lot": value}
            deviations = self._values(children(holder), "deviations", here)
            if deviations and path in found:
                found[path]["deviations"] = deviations
        return found

    def _buffers(self, sections: Elements, way: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for holder in _inside(sections, "buffers"):
            path = self._reader.name(holder, way)
            table = self._reader.table(children(holder), f"{way}/{holder.id_short}")
            amount = table.get("capacity")
            if table.get("kind") == "tank":
                units = [unit_of(each) for each in children(holder) if each.id_short == "capacity"]
                table["capacity"] = written(amount, (units or ["kg"])[0])
            elif isinstance(amount, float) and amount.is_integer():
                table["capacity"] = int(amount)
            found[path] = table
        return found

    def _values(self, elements: Elements, idea: str, way: str) -> dict[str, Any]:
        """Return the values of a section by the last part of their addresses."""
        found: dict[str, Any] = {}
        for holder in of_meaning(elements, idea):
            values = self._reader.leaves(children(holder), f"{way}/{holder.id_short}")
            found |= {address.rpartition(".")[2]: value for address, value in values.items()}
        return found

    def _stations(self, shell: model.AssetAdministrationShell) -> Iterator[tuple[str, Any]]:
        """Yield path and content of each station, in the order of the line's structure."""
        structure = self._submodel(shell, "HierarchicalStructures")
        entries = [] if structure is None else list(structure.submodel_element)
        entry = next((each for each in entries if meaning_of(each) == _ENTRY), None)
        nodes = [] if entry is None else children(entry)
        if not nodes:
            self._reader.wrong(f"{shell.id_short}", "has no HierarchicalStructures with nodes")
        for node in nodes:
            if not isinstance(node, model.Entity) or meaning_of(node) != _NODE:
                continue
            if node.global_asset_id is None:  # a buffer
                continue
            way = f"{shell.id_short}/HierarchicalStructures/{node.id_short}"
            machine = self._by_asset.get(node.global_asset_id)
            if machine is None:
                hint = f"a shell of the asset {node.global_asset_id}"
                self._reader.wrong(way, "has no shell here", hint)
            elif path := self._reader.name(node, way):
                yield path, self._station(machine, str(machine.id_short))

    def _station(self, machine: model.AssetAdministrationShell, way: str) -> dict[str, Any]:
        sections = self._sections(machine)
        here = f"{way}/TechnicalData"
        found: dict[str, Any] = {}
        for element in of_meaning(sections, "configuration"):
            found |= self._reader.table(children(element), f"{here}/{element.id_short}")
        if not found:
            self._reader.wrong(here, "has no section Configuration", "what kind of machine it is")
        found["parameters"] = self._values(sections, "parameters", here)
        for holder in _inside(sections, "processes"):
            name = self._reader.name(holder, here)
            process = self._process(holder, f"{here}/Processes/{holder.id_short}")
            if name == "machine":
                found["machine"] = process
            else:
                found.setdefault("processes", {})[name] = process
        for section in SECTIONS:
            for holder in _inside(sections, section):
                part = self._reader.name(holder, here)
                values = self._reader.leaves(children(holder), f"{here}/{holder.id_short}")
                by_name = {a.rpartition(".")[2]: value for a, value in values.items()}
                found.setdefault(section, {})[part] = by_name
        return found

    def _process(self, holder: model.SubmodelElement, way: str) -> dict[str, Any]:
        known = {meaning(f"process.{key}"): key for key in _TABLES}
        found: dict[str, Any] = {}
        for element in children(holder):
            key = known.get(meaning_of(element))
            if key is not None:
                found[key] = self._reader.plain(element, f"{way}/{key}")
        models = [
            each.value.key[0].value
            for each in of_meaning(children(holder), "process.models")
            if isinstance(each, model.ReferenceElement) and each.value is not None
        ]
        if isinstance(found.get("model"), str):
            submodel = models[0] if models else ""
            found["model"] = self._models.place(found["model"], submodel, f"{way}/model")
        if "step_timeout" in found:
            found["step_timeout"] = written(found["step_timeout"], "s")
        parameters = {}
        for part in of_meaning(children(holder), "process.parameters"):
            for each in children(part):
                for address, value in self._reader.leaves([each], f"{way}/parameters").items():
                    parameters[address.rpartition(".")[2]] = free(value, unit_of(each))
        return found | ({"parameters": parameters} if parameters else {})

    def _recipe(self, shell: model.AssetAdministrationShell, line: str) -> dict[str, Any] | None:
        submodel = self._submodel(shell, "ProcessParameters")
        if submodel is None:
            return None
        way = f"{shell.id_short}/ProcessParameters"
        elements = list(submodel.submodel_element)
        head: dict[str, Any] = {}
        for element in of_meaning(elements, "recipe"):
            head |= self._reader.table(children(element), way)
        settings: dict[str, Any] = {}
        for holder in _recipe_parts(elements):
            values = self._reader.leaves(children(holder), way)
            for ranges in of_meaning(children(holder), "adjustable_ranges"):
                self._adjustable(ranges, values, way)
            settings |= values
        if not head and not settings:
            return None
        return {"schema": _VERSION, "name": line, **head, "set": settings}

    def _adjustable(self, holder: model.SubmodelElement, values: dict[str, Any], way: str) -> None:
        """Add the proven ranges of values to them."""
        for element in children(holder):
            address = self._reader.name(element, way)
            pairs = [
                [written(each.min, unit_of(each)), written(each.max, unit_of(each))]
                for each in children(element)
                if isinstance(each, model.Range)
            ]
            if address in values and pairs:
                is_row = isinstance(values[address]["value"], list)
                values[address]["adjustable"] = pairs if is_row else pairs[0]


_TABLES: Final = ("model", "fidelity", "isolate", "step_timeout", "map", "fixed", "events")


def _inside(elements: Elements, idea: str) -> Iterator[model.SubmodelElement]:
    """Yield what the sections of an idea hold."""
    return (part for section in of_meaning(elements, idea) for part in children(section))


def _recipe_parts(elements: Elements) -> Iterator[model.SubmodelElement]:
    """Yield the collections of process parameters, process by process."""
    for processes in elements:
        if meaning_of(processes) == f"{_PROCESSES}Processes/1/0":
            for process in children(processes):
                for part in children(process):
                    if meaning_of(part) == f"{_PROCESSES}ProcessParameters/1/0":
                        yield part
