"""From shells to a line file and a recipe: what `describing` wrote, by its names and meanings.

Every value is stated in what `describing` writes. One that is absent, or whose name and meaning
contradict each other, is a problem; what is somebody else's is left alone, with a note.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.problems import Place, Problems
from linetwin.shells.building import meaning_of, unit_of
from linetwin.shells.contents import CONTAINS, missing
from linetwin.shells.lining.areas import OF_LINE, Areas
from linetwin.shells.lining.elements import Reader, children, written
from linetwin.shells.lining.models import Models
from linetwin.shells.lining.recipes import recipe_of
from linetwin.shells.lining.stations import BUILDING, Stations
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from linetwin.shells.environment import Environment
    from linetwin.shells.lining.recipes import Recipe

_NODE: Final = "https://admin-shell.io/idta/HierarchicalStructures/Node/1/0"
_ENTRY: Final = "https://admin-shell.io/idta/HierarchicalStructures/EntryNode/1/0"
_VERSION: Final = 1


@dataclass(frozen=True)
class Lined:
    """What shells say, as a line file and a recipe have it; no recipe where nothing is of one.

    `notes`: what is in the shells and was not read, each with the way to it.
    """

    line: dict[str, Any]
    recipe: dict[str, Any] | None
    notes: list[str] = field(default_factory=list)


def line_document(environment: Environment, file: Path | None = None) -> Lined:
    """Return the line of an environment and its recipe, as plain data of their files.

    `file`: where it was read from, beside which FMUs of the package are laid. Raises
    ScenarioError with all that is missing or not read.
    """
    problems = Problems()
    found = _Line(environment, Reader(file, problems)).read()
    problems.check()
    for way in missing(environment):
        hint = f"whoever means to leave it out takes its name from the qualifier {CONTAINS} too"
        problems.add(Place(way, file), "was taken out", hint)
    problems.check()
    return found


class _Line:
    def __init__(self, environment: Environment, reader: Reader) -> None:
        self._environment = environment
        self._reader = reader
        self._areas = Areas(environment, reader)
        self._models = Models(environment, reader)

    def read(self) -> Lined:
        shell = self._line_shell()
        sections = self._areas.sections(shell, OF_LINE)
        way = f"{shell.id_short}/TechnicalData"
        line: dict[str, Any] = {"schema": _VERSION}
        for short in ("Line", "Calendars", "Crews"):
            if short in sections:
                table = self._reader.table(sections[short], f"{way}/{short}", OF_LINE[short])
                line |= table if short == "Line" else {OF_LINE[short]: table}
        if "Line" in sections:
            self._reader.required(line, ("name", "title", "description"), f"{way}/Line")
        for crew, table in line.get("crews", {}).items():
            self._reader.required(table, ("size", "calendar"), f"{way}/Crews/{crew}")
        if "Materials" in sections:
            line["materials"] = self._materials(sections["Materials"], f"{way}/Materials")
        if "Buffers" in sections:
            line["buffers"] = self._buffers(sections["Buffers"], f"{way}/Buffers")
        recipe = self._recipe(shell)
        buffers = line.get("buffers", {})
        stations = dict(self._stations(shell, buffers, () if recipe is None else recipe.settings))
        building = stations.pop(BUILDING, None)
        line["stations"] = stations
        if building is not None:
            line[BUILDING] = building
        said = None
        if recipe is not None and (recipe.head or recipe.settings):
            head = {"schema": _VERSION, "name": str(line.get("name", ""))}
            said = {**head, **recipe.head, "set": recipe.settings}
        self._models.tell()
        return Lined(line, said, self._reader.notes)

    def _line_shell(self) -> model.AssetAdministrationShell:
        found = [
            shell for shell in self._environment.shells() if self._areas.with_section(shell, "line")
        ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(str(shell.id_short) for shell in found)
        message = f"holds several lines: {names}" if found else "holds no line"
        hint = "shells of one line, as linetwin aas export writes them"
        raise ScenarioError([Problem(message, hint=hint, file=self._reader.file)])

    def _materials(self, section: model.SubmodelElement, way: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        size = meaning("lot_size")
        for holder in children(section):
            path, here = self._reader.name(holder, way), f"{way}/{holder.id_short}"
            self._reader.expect(holder, here, meaning("material"))
            lot = f"{holder.id_short}__lot"
            wanted = {lot: size, "deviations": meaning("deviations")}
            parts = self._reader.chosen(children(holder), wanted, here)
            value = self._reader.leaf(parts[lot], f"{here}/{lot}") if lot in parts else None
            if value is None or "deviations" not in parts:
                continue
            value["value"] = str(value["value"])
            found[path] = {"lot": value}
            deviations = self._reader.values(
                parts["deviations"],
                path,
                lambda _: {meaning("lot_deviation")},
                f"{here}/deviations",
            )
            if deviations:
                found[path]["deviations"] = deviations
        return found

    def _buffers(self, section: model.SubmodelElement, way: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for holder in children(section):
            path, here = self._reader.name(holder, way), f"{way}/{holder.id_short}"
            self._reader.expect(holder, here, meaning("buffer"))
            kinds = [each.value for each in _properties(holder) if each.id_short == "kind"]
            is_tank = kinds == ["tank"]
            wanted = {
                "holds": meaning("buffer.holds"),
                "kind": meaning("buffer.kind"),
                "capacity": meaning("tank_capacity" if is_tank else "capacity_lots"),
            }
            parts = self._reader.chosen(children(holder), wanted, here)
            table = {each.id_short: each.value for each in _properties(holder)}
            if len(parts) < len(wanted) or set(table) != set(wanted):
                continue
            amount = table["capacity"]
            if is_tank:
                amount = written(amount, unit_of(parts["capacity"]) or "kg")
            elif isinstance(amount, float) and amount.is_integer():
                amount = int(amount)
            found[path] = {**table, "capacity": amount}
        return found

    def _stations(
        self,
        shell: model.AssetAdministrationShell,
        buffers: Collection[str],
        recipe: Collection[str],
    ) -> Iterator[tuple[str, Any]]:
        """Yield path and content of each station, in the order of the line's structure."""
        reader = self._reader
        stations = Stations(self._areas, self._models, recipe)
        used = {shell.id}
        for node in self._nodes(shell):
            way = f"{shell.id_short}/HierarchicalStructures/{node.id_short}"
            path = reader.name(node, f"{shell.id_short}/HierarchicalStructures")
            if not path or not reader.expect(node, way, _NODE):
                continue
            if node.global_asset_id is None:
                if path.removesuffix(".buffer") not in buffers:
                    reader.wrong(way, "has no asset and is no buffer", "the asset of a machine")
                continue
            machine = self._areas.shell_of(node.global_asset_id, way)
            if machine is not None:
                used.add(machine.id)
                yield path, stations.station(machine, path)
        for other in self._environment.shells():
            if other.id not in used and self._areas.with_section(other, "configuration"):
                note = f"{other.id_short}: no node of HierarchicalStructures names its asset"
                reader.notes.append(f"{note}, and it is not read")

    def _nodes(self, shell: model.AssetAdministrationShell) -> list[model.Entity]:
        """Return the nodes of the line, machines and buffers."""
        structure = self._areas.one_of(shell, "HierarchicalStructures")
        elements = [] if structure is None else list(structure.submodel_element)
        entries = [each for each in elements if meaning_of(each) == _ENTRY]
        nodes = children(entries[0]) if entries else []
        found = [each for each in nodes if isinstance(each, model.Entity)]
        if not found:
            self._reader.wrong(f"{shell.id_short}", "has no HierarchicalStructures with nodes")
        return found

    def _recipe(self, shell: model.AssetAdministrationShell) -> Recipe | None:
        submodel = self._areas.one_of(shell, "ProcessParameters")
        way = f"{shell.id_short}/ProcessParameters"
        if submodel is None:
            self._reader.wrong(way, "is absent", "it is always stated, if empty")
            return None
        return recipe_of(submodel, self._reader, way)


def _properties(holder: model.SubmodelElement) -> list[model.Property]:
    return [each for each in children(holder) if isinstance(each, model.Property)]
