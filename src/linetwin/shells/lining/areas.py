"""Which submodels and sections of a shell are a line's: by what they mean, and not two of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.scenario.sections import SECTIONS
from linetwin.shells.building import meaning_of
from linetwin.shells.lining.elements import children
from linetwin.shells.naming import id_short
from linetwin.shells.terms import SUBMODELS, meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linetwin.shells.environment import Environment
    from linetwin.shells.lining.elements import Reader

    Shell = model.AssetAdministrationShell
    Found = Mapping[str, model.SubmodelElement]

DATA: Final = "TechnicalData"
OF_LINE: Final = {
    "Line": "line",
    "Calendars": "calendars",
    "Crews": "crews",
    "Materials": "materials",
    "Buffers": "buffers",
}
OF_BUILDING: Final = {
    "Configuration": "configuration",
    "Parameters": "parameters",
    "Processes": "processes",
}
OF_MACHINE: Final = OF_BUILDING | {id_short(section): section for section in SECTIONS}
"""idShort of a section -> what it is."""


@dataclass(frozen=True)
class Areas:
    """Finds the submodels of shells and their sections."""

    environment: Environment
    reader: Reader

    def all_of(self, shell: Shell, name: str) -> list[model.Submodel]:
        """Return the submodels of a shell that follow a template, by id."""
        ids = sorted(reference.key[0].value for reference in shell.submodel)
        found = [self.environment.objects.get(each) for each in ids]
        return [
            each
            for each in found
            if isinstance(each, model.Submodel) and meaning_of(each) == SUBMODELS[name]
        ]

    def one_of(self, shell: Shell, name: str) -> model.Submodel | None:
        """Return the submodel of a shell that follows a template; two are a problem."""
        found = self.all_of(shell, name)
        if len(found) > 1:
            self._two(shell, name, found)
        return found[0] if found else None

    def with_section(self, shell: Shell, idea: str) -> list[model.Submodel]:
        """Return the TechnicalData of a shell that have a section."""
        wanted = meaning(idea)
        return [
            each
            for each in self.all_of(shell, DATA)
            if any(meaning_of(section) == wanted for section in _sections(each))
        ]

    def sections(self, shell: Shell, ideas: Mapping[str, str]) -> Found:
        """Return the sections of a shell's TechnicalData by idShort, each of which is there.

        Another maker's TechnicalData beside it is noted.
        """
        way, (first, *_) = f"{shell.id_short}/{DATA}", ideas
        every = self.all_of(shell, DATA)
        own = self.with_section(shell, ideas[first]) or [
            each for each in every if any(part.id_short in ideas for part in _sections(each))
        ]
        if not own:
            self.reader.wrong(way, f"has no section {first}", "as linetwin aas export writes it")
            return {}
        if len(own) > 1:
            self._two(shell, DATA, own)
        for each in every:
            if each not in own:
                note = f"{way}: {each.id} has no section of linetwin's, and is not read"
                self.reader.notes.append(note)
        wanted = {short: meaning(idea) for short, idea in ideas.items()}
        return self.reader.chosen(_sections(own[0]), wanted, way, others=True)

    def shell_of(self, asset: str, way: str) -> Shell | None:
        """Return the shell of a machine's asset; none, and two with our section, are problems."""
        found = [
            each
            for each in self.environment.shells()
            if each.asset_information.global_asset_id == asset
        ]
        ours = [each for each in found if self.with_section(each, "configuration")] or found
        if not ours:
            self.reader.wrong(way, "has no shell here", f"a shell of the asset {asset}")
        elif len(ours) > 1:
            ids = " and ".join(sorted(each.id for each in ours))
            self.reader.wrong(way, f"has several shells: {ids}", "one of them")
        return ours[0] if ours else None

    def _two(self, shell: Shell, name: str, found: list[model.Submodel]) -> None:
        ids = " and ".join(each.id for each in found)
        self.reader.wrong(str(shell.id_short), f"has several {name}: {ids}", "one of them")


def _sections(data: model.Submodel) -> Iterator[model.SubmodelElement]:
    """Yield what the areas of a TechnicalData hold."""
    for area in data.submodel_element:
        if isinstance(area, model.SubmodelElementList):
            for part in area.value:
                yield from children(part)
