"""One machine's shell, read as a station of a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.shells.building import meaning_of
from linetwin.shells.joining.context import Context
from linetwin.shells.joining.files import found_models
from linetwin.shells.joining.interfaces import Interface, interfaces
from linetwin.shells.joining.meanings import Meanings, first_text
from linetwin.shells.joining.ports import by_id, fitted_models
from linetwin.shells.joining.questions import Question
from linetwin.shells.joining.signals import BARE, LINE
from linetwin.shells.joining.technical import parameters
from linetwin.shells.naming import id_short
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.problems import Problems
    from linetwin.shells.environment import Environment
    from linetwin.shells.joining.questions import Questions

_SIGNALS: Final = meaning("signals")
_MAKER: Final = "0173-1#02-AAO677"
_PRODUCT: Final = "0173-1#02-AAW338"
MODELS: Final = "models"
"""Folder beside the line file in which FMUs of machines that joined are laid."""


@dataclass(frozen=True)
class Machine:
    """A machine that joins: the file of its shell, what is in it, and the station it becomes.

    `count`: how many alike machines the station is; `instruments`: quantity -> names of those by
    which the twin of the line reads it there.
    """

    file: Path
    environment: Environment
    station: str
    kind: Kind
    count: int = 1
    instruments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Joining:
    """Where questions, problems and notes go, and where FMUs are laid to be looked at."""

    questions: Questions
    problems: Problems
    folder: Path
    notes: list[str] = field(default_factory=list)


@dataclass
class Joined:
    """What a machine brings to its station.

    `title`: maker and product, "" where they are not said; `processes`: as a line file has them,
    by process or `machine`; `files`: path beside the line file -> FMU.
    """

    station: str
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    interfaces: list[Interface] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the shell was of use."""
        return not (self.parameters or self.processes or any(i.signals for i in self.interfaces))


def join(machine: Machine, joining: Joining) -> Joined:
    """Return what a machine brings; what is wrong and what is open is left in `joining`."""
    context = Context(
        machine.file,
        machine.station,
        machine.kind,
        Meanings(machine.environment),
        joining.questions,
        joining.problems,
        joining.notes,
        machine.instruments,
    )
    before = len(joining.notes)
    if count := len(machine.environment.notes):
        context.note(machine.file.name, f"noted in reading: {count}; linetwin aas check tells")
    submodels = _submodels(context)
    if not submodels:
        return Joined(machine.station)
    if machine.station in BARE:
        return Joined(machine.station, interfaces=interfaces(context, submodels))
    maker, title = _names(context, submodels)
    fitted = fitted_models(context, list(found_models(context, submodels, joining.folder)))
    station, fixed = parameters(context, submodels, by_id(fitted), maker)
    found = Joined(machine.station, title, station)
    for each in fitted:
        path = f"{MODELS}/{machine.station}.{each.process}.fmu"
        found.files[path] = each.found.content
        process = {"model": path, "map": each.map, "fixed": fixed.get(each.process)}
        found.processes[each.process] = {key: value for key, value in process.items() if value}
    if machine.count == 1:
        found.interfaces = interfaces(context, submodels)
    else:
        context.note("interfaces", f"of one of {machine.count} machines, and not joined")
    left = [kind for kind in machine.kind.models if kind not in found.processes]
    if left and not found.is_empty:
        context.note("models", f"the line's own stay: {', '.join(left)}")
    if found.is_empty and not joining.problems and not joining.questions.open:
        hint = "SimulationModels with an FMU, TechnicalData, or AssetInterfacesDescription"
        said = "; ".join(note.partition(": ")[2] for note in joining.notes[before:])
        message = f"has nothing for a {machine.kind.name}"
        context.wrong("", f"{message}: {said}" if said else message, hint)
    return found


def _submodels(context: Context) -> list[model.Submodel]:
    """Return the submodels of the machine's shell; of several shells one is asked for."""
    environment = context.meanings.environment
    shells = list(environment.shells())
    if not shells:
        found = list(environment.submodels())
        if not found:
            context.wrong("", "holds no shell and no submodel", "the shell of a machine")
        return found
    names = {str(each.id_short or each.id): each for each in shells}
    own = [each for each in shells if _tells_of(context, each)]
    chosen = own[0] if own else shells[0]
    decided = context.told("shell", "name")
    if decided is None and len(shells) > len(own) == 1:
        context.note(str(chosen.id_short), "this shell is the one of the station")
    elif len(shells) > 1 or decided is not None:
        text = f"{context.file.name} holds {len(shells)} shells: which is the machine's?"
        answer = context.ask("shell", "name", Question(text, tuple(names)))
        if answer is None:
            return []
        chosen = names[str(answer)]
    found = []
    for reference in sorted(chosen.submodel, key=lambda each: each.key[0].value):
        submodel = environment.objects.get(reference.key[0].value)
        if isinstance(submodel, model.Submodel):
            found.append(submodel)
        else:
            context.note(str(chosen.id_short), f"{reference.key[0].value} is not in the file")
    if not found:
        context.wrong(str(chosen.id_short), "has no submodel in this file", "a package with them")
    return found


def _tells_of(context: Context, shell: model.AssetAdministrationShell) -> bool:
    """Say whether a shell is the line's, or all its signals of the station that is joined."""
    objects = context.meanings.environment.objects
    submodels = [
        submodel
        for reference in shell.submodel
        if isinstance(submodel := objects.get(reference.key[0].value), model.Submodel)
    ]
    if context.station == LINE:
        means = {meaning_of(each) for found in submodels for _, each in elements(found, "")}
        return meaning(LINE) in means
    found = [
        str(element.id_short)
        for submodel in submodels
        if meaning_of(submodel) == _SIGNALS
        for element in submodel.submodel_element
    ]
    return bool(found) and all(
        each.startswith(id_short(f"{context.station}.x")[:-1]) for each in found
    )


def _names(context: Context, submodels: Sequence[model.Submodel]) -> tuple[str, str]:
    """Return the maker, and product and maker together; "" for what is not said."""
    said = []
    for prefix in (_MAKER, _PRODUCT):
        found = [
            (way, element)
            for submodel in submodels
            for way, element in elements(submodel, str(submodel.id_short))
            if any(id_.startswith(prefix) for id_ in context.meanings.ids(element))
        ]
        said.append(first_text(found))
    maker, product = said
    return maker, f"{product} ({maker})" if maker and product else product
