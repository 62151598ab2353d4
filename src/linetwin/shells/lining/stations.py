"""A machine's shell back into what a line file says of a station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from basyx.aas import model

from linetwin.quantities import vocabulary
from linetwin.scenario.kinds import shipped_kinds
from linetwin.scenario.resolved import address_part
from linetwin.scenario.sections import SECTIONS
from linetwin.shells.building import meaning_of, unit_of
from linetwin.shells.describing.leaves import part_meaning
from linetwin.shells.describing.machines import is_building
from linetwin.shells.lining.areas import OF_BUILDING, OF_MACHINE
from linetwin.shells.lining.elements import children, free, written
from linetwin.shells.naming import id_short
from linetwin.shells.terms import OWN, has_term, meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from linetwin.scenario.sections import SectionName
    from linetwin.shells.lining.areas import Areas
    from linetwin.shells.lining.models import Models

BUILDING: Final = "building"
_TABLES: Final = (
    "model", "fidelity", "stand_in", "widest", "isolate", "step_timeout", "map", "fixed", "events",
)  # fmt: skip
_WIRED: Final = (
    "kind", "title", "room", "calendar", "crew", "takes", "gives", "materials", "machines",
)  # fmt: skip
_NAMED: Final = frozenset({"kind", "title", "room", "calendar"})
"""What is no empty text; a station may have no crew."""


@dataclass(frozen=True)
class Stations:
    """Reads stations; `recipe`: addresses that ProcessParameters of the line states."""

    areas: Areas
    models: Models
    recipe: Collection[str]

    def station(self, shell: model.AssetAdministrationShell, path: str) -> dict[str, Any]:
        """Return what a line file says of a station, from the shell of its machines."""
        reader = self.areas.reader
        way = f"{shell.id_short}/TechnicalData"
        alone = is_building(path, BUILDING)
        sections = self.areas.sections(shell, OF_BUILDING if alone else OF_MACHINE)
        found: dict[str, Any] = {}
        if "Configuration" in sections:
            here = f"{way}/Configuration"
            table = reader.table(sections["Configuration"], here, "configuration")
            reader.required(table, ("kind", "title") if alone else _WIRED, here)
            for key in table.keys() & _NAMED:
                if table[key] == "":
                    reader.wrong(f"{here}/{key}", "is empty", f"the {key} of {path}")
            found |= {key: value for key, value in table.items() if value not in ("", None)}
        if "Parameters" in sections:
            found["parameters"] = reader.values(
                sections["Parameters"], path, quantity_meanings, f"{way}/Parameters"
            )
        if "Processes" in sections:
            found |= self._processes(sections["Processes"], path, f"{way}/Processes")
        for section in () if alone else SECTIONS:
            if (holder := sections.get(id_short(section))) is not None:
                found[section] = self._parts(section, holder, path, f"{way}/{id_short(section)}")
        self._complete(found, path, way, sections)
        return found

    def _complete(
        self,
        found: Mapping[str, Any],
        path: str,
        way: str,
        sections: Mapping[str, model.SubmodelElement],
    ) -> None:
        """Note what a station of this kind has, and neither machine nor recipe states.

        What is wrong with a section, or with a value that is there, has been told.
        """
        kind = shipped_kinds().get(str(found.get("kind")))
        if kind is None:  # told by whoever reads the line
            return
        written = children(sections["Parameters"]) if "Parameters" in sections else []
        told = {str(each.id_short) for each in written} | {meaning_of(each) for each in written}
        for name in kind.parameters if "Parameters" in sections else ():
            address = f"{path}.{name}"
            if told.isdisjoint({id_short(address), meaning(name)}) and address not in self.recipe:
                hint = "every value is stated, here or in ProcessParameters of the line"
                self.areas.reader.wrong(f"{way}/Parameters/{id_short(address)}", "is absent", hint)
        there = {*found.get("processes", {}), *(("machine",) if "machine" in found else ())}
        for name in kind.models if "Processes" in sections else ():
            if name not in there:
                here = f"{way}/Processes/{id_short(name)}"
                self.areas.reader.wrong(here, "is absent", "every model is stated")

    def _processes(self, section: model.SubmodelElement, path: str, way: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for holder in children(section):
            here = f"{way}/{holder.id_short}"
            name = self.areas.reader.name(holder, way)
            self.areas.reader.expect(holder, here, meaning("process"))
            process = self._process(holder, f"{path}.{name}", here)
            if name == "machine":
                found["machine"] = process
            else:
                found.setdefault("processes", {})[name] = process
        return found

    def _process(self, holder: model.SubmodelElement, prefix: str, way: str) -> dict[str, Any]:
        reader = self.areas.reader
        wanted = {key: meaning(f"process.{key}") for key in _TABLES}
        wanted |= {"SimulationModels": meaning("process.models")}
        wanted |= {"parameters": meaning("process.parameters")}
        parts = reader.chosen(children(holder), wanted, way)
        table: dict[str, Any] = {
            key: reader.plain(parts[key], f"{way}/{key}", f"process.{key}")
            for key in _TABLES
            if key in parts
        }
        reader.required(table, table.keys() - {"step_timeout"}, way)  # calls may take any time
        found = {key: value for key, value in table.items() if value is not None}
        if not found.get("stand_in"):  # the FMU answers, and no file is named
            found.pop("stand_in", None)
        if "model" in found:
            target = parts.get("SimulationModels")
            known = isinstance(target, model.ReferenceElement) and target.value is not None
            submodel = target.value.key[0].value if known else ""  # type: ignore[union-attr]
            found["model"] = self.models.place(
                str(found["model"]), submodel, f"{way}/model", prefix
            )
        if "step_timeout" in found:
            found["step_timeout"] = written(found["step_timeout"], "s")
        if "parameters" in parts:
            values = reader.values(
                parts["parameters"], prefix, _of_model(parts["parameters"]), f"{way}/parameters"
            )
            units = {str(e.id_short): unit_of(e) for e in children(parts["parameters"])}
            found["parameters"] = {
                name: free(value, units[id_short(f"{prefix}.{name}")])
                for name, value in values.items()
            }
        return found

    def _parts(
        self, section: SectionName, holder: model.SubmodelElement, path: str, way: str
    ) -> dict[str, Any]:
        """Return the causes, gauges, inspections or defects of a section."""
        reader = self.areas.reader
        found: dict[str, Any] = {}
        for each in children(holder):
            here = f"{way}/{each.id_short}"
            part = reader.name(each, way)
            reader.expect(each, here, meaning(f"{section}.part"))
            if section == "gauges" and part not in vocabulary():
                reader.wrong(here, f"'{part}' is no quantity", "what the gauge measures")
                continue

            def means(name: str, part: str = part) -> Collection[str]:
                known = name in SECTIONS[section].values
                return {part_meaning(section, part, name)} if known else ()

            prefix = f"{path}.{address_part(part)}"
            found[part] = reader.values(each, prefix, means, here)
            there = {each.id_short for each in children(each)}
            for name in SECTIONS[section].values:
                if (short := id_short(f"{prefix}.{name}")) not in there:
                    reader.wrong(f"{here}/{short}", "is absent", "every value is stated")
        return found


def quantity_meanings(name: str) -> Collection[str]:
    """Return what a parameter of a station means by its name."""
    return {meaning(name)} if has_term(name) else ()


def model_meanings(name: str, elements: Collection[model.SubmodelElement]) -> Collection[str]:
    """Return which of elements' meanings are variables of a model with a name."""
    ending = f"/{quote(name, safe='')}"
    found = {meaning_of(each) for each in elements}
    return {iri for iri in found if iri.startswith(f"{OWN}models/") and iri.endswith(ending)}


def _of_model(holder: model.SubmodelElement) -> Callable[[str], Collection[str]]:
    return lambda name: model_meanings(name, children(holder))
