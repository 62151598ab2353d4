"""Causes, gauges, inspections and defects of a station, after all layers have been laid on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import address_part
from linetwin.scenario.sections import SECTIONS, SectionName, section_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.problems import Problems
    from linetwin.scenario.resolved import Value
    from linetwin.scenario.schema import LineFile, Station
    from linetwin.scenario.settings import Settings
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

Parts = dict[SectionName, dict[str, dict[str, Any]]]
_EVIDENCE = ("tag", "source")
_OF_KIND: tuple[SectionName, ...] = ("gauges", "inspections", "defects")


@dataclass(frozen=True)
class SectionReader:
    """Reads the named parts of a line's stations."""

    line: Checked[LineFile]
    settings: Settings
    problems: Problems

    def parts(self, path: str, group: str, written: Station, kind: Kind) -> Parts:
        """Return section -> name -> value name -> Value; what could not be read is left out."""
        self._check_names(group, written, kind)
        found: Parts = {}
        for section in SECTIONS:
            found[section] = {}
            for name, part in getattr(written, section).items():
                if self._is_known(group, section, name, kind):
                    values = self._values((path, group), section, name, part)
                    if len(values) == len(SECTIONS[section].values):
                        found[section][name] = dict(values)
        return found

    def _values(
        self, station: tuple[str, str], section: SectionName, name: str, part: BaseModel
    ) -> Mapping[str, Value]:
        """Return the values of one part; what is set by address wins over the line file.

        `station`: its path, and the path as written.
        """
        path, group = station
        place = self.line.document.place
        entries, places = {}, {}
        for key in SECTIONS[section].values:
            entry: Written | None = getattr(part, key)
            places[key] = place(("stations", group, section, name, key))
            if entry is not None:
                evidence = {each: getattr(entry, each) or getattr(part, each) for each in _EVIDENCE}
                entries[key] = entry.model_copy(update=evidence)
        if not self._is_usable(group, section, name, entries):
            return {}
        values = section_values(section, name, entries, places, self.problems)
        for key in SECTIONS[section].values:
            value = self.settings.values.get((path, section, name, key))
            if value is not None:
                values[key] = value
        return values

    def _is_usable(
        self, group: str, section: SectionName, name: str, entries: Mapping[str, object]
    ) -> bool:
        """Say whether something is stated: a gauge or an inspection without any error is none."""
        if entries:
            return True
        place = self.line.document.place(("stations", group, section, name))
        noun, values = SECTIONS[section].noun, ", ".join(SECTIONS[section].values)
        self.problems.add(place, f"nothing is stated of this {noun}", f"allowed: {values}")
        return False

    def _check_names(self, group: str, written: Station, kind: Kind) -> None:
        """A cause has one name at its station; what is measured and looked for, the kind knows."""
        seen: dict[str, str] = {}
        for section in SECTIONS:
            for name in getattr(written, section):
                place = self.line.document.place(("stations", group, section, name))
                part = address_part(name)
                # A defect and its inspection share a name; of all else an address knows but one.
                key = f"{section}.{part}" if section in _OF_KIND else part
                other = seen.setdefault(key, f"{section}.{name}")
                if other != f"{section}.{name}" or part in kind.models:
                    taken = other if other != f"{section}.{name}" else f"the process '{part}'"
                    message = f"an address cannot tell '{name}' from {taken}"
                    self.problems.add(place, message, "choose another name")

    def _is_known(self, group: str, section: SectionName, name: str, kind: Kind) -> bool:
        """Say whether the kind answers to a gauge, inspection or defect of this name."""
        if section not in _OF_KIND or name in getattr(kind, section):
            return True
        place = self.line.document.place(("stations", group, section, name))
        noun = SECTIONS[section].noun
        hint = nearest(name, getattr(kind, section), f"{noun} for a {kind.name}")
        self.problems.add(place, f"a {kind.name} has no {noun} '{name}'", hint)
        return False
