"""Stations with their parameters, models and failures, after all layers have been laid on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.fidelity import Answering, read_answering
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import (
    DefectConfig,
    FailureConfig,
    Fixed,
    GaugeConfig,
    InspectionConfig,
    MaintenanceConfig,
    MicroStopConfig,
    ProcessConfig,
    StationConfig,
    Value,
)
from linetwin.scenario.schema import Process
from linetwin.scenario.station_parts import SectionReader
from linetwin.scenario.values import read_free, read_scalar, read_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.fidelity_set import AnsweringSet
    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.schema import Building, LineFile, Station
    from linetwin.scenario.settings import Settings
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

STEP_TIMEOUT = Quantity(
    "step_timeout", "s", "wall time of a call", display="s", minimum=0.01, maximum=86_400.0
)
"""How long a call of a model may take, in a scenario and on the command line."""


@dataclass(frozen=True)
class StationReader:
    """Reads stations of one line; `settings` is what recipe, scenario and `--set` lay on top.

    `answering`: process -> who answers for it at every station, by the scenario; `answering_set`:
    what `--set` lays on that.
    `all_known` is False where some of what was set could not be read; then nothing is missed.
    """

    line: Checked[LineFile]
    settings: Settings
    problems: Problems
    all_known: bool = True
    answering: Mapping[str, Answering] = field(default_factory=dict)
    answering_set: AnsweringSet | None = None

    def station(self, path: str, group: str, kind: Kind) -> StationConfig:
        """Return one station; `group` is the path as written, which may stand for many machines.

        `materials` of the kind default to `<first part>.<role>`.
        """
        written = self.line.model.stations[group]
        key: KeyPath = ("stations", group)
        sections = SectionReader(self.line, self.settings, self.problems)
        parts = sections.parts(path, group, written, kind)
        return StationConfig(
            path=path,
            group=group if written.machines > 1 else "",
            kind=kind.name,
            title=written.title or kind.title,
            room=written.room,
            calendar=written.calendar,
            crew=written.crew,
            takes=dict(written.takes),
            gives=dict(written.gives),
            materials={role: material_of(path, written, role) for role in kind.materials},
            parameters=self._parameters(path, written.parameters, kind, key),
            processes=self._models(path, written.processes, kind, key),
            machine=self._machine(path, written.machine, kind, key),
            failures=tuple(FailureConfig(n, **v) for n, v in parts["failures"].items()),
            micro_stops=tuple(MicroStopConfig(n, **v) for n, v in parts["micro_stops"].items()),
            maintenance=tuple(MaintenanceConfig(n, **v) for n, v in parts["maintenance"].items()),
            gauges={n: GaugeConfig(n, **v) for n, v in parts["gauges"].items()},
            inspections={n: InspectionConfig(n, **v) for n, v in parts["inspections"].items()},
            defects={n: DefectConfig(n, **v) for n, v in parts["defects"].items()},
        )

    def building(self, written: Building, kind: Kind) -> StationConfig:
        """Return the building, a station that is wired to nothing."""
        key: KeyPath = ("building",)
        return StationConfig(
            path="building",
            kind=kind.name,
            title=written.title or kind.title,
            room="hall",
            calendar="always",
            crew="",
            takes={},
            gives={},
            materials={},
            parameters=self._parameters("building", written.parameters, kind, key),
            processes=self._models("building", written.processes, kind, key),
            machine=None,
            failures=(),
        )

    def _place(self, *path: str | int) -> Place:
        return self.line.document.place(path)

    def _parameters(
        self, path: str, written: Mapping[str, Written], kind: Kind, key: KeyPath
    ) -> dict[str, Value]:
        """Lay default, line and settings on one another; a quantity without any is missing."""
        for name in written.keys() - kind.parameters.keys():
            message = f"a {kind.name} has no quantity '{name}'"
            place = self._place(*key, "parameters", name)
            self.problems.add(place, message, nearest(name, kind.parameters, "quantity to set"))
        found = {}
        for name, parameter in kind.parameters.items():
            value = parameter.default
            if name in written:
                place = self._place(*key, "parameters", name)
                value = read_value(
                    written[name], parameter.quantity, place, self.problems,
                    is_list=parameter.is_list,
                )  # fmt: skip
            setting = (path, "parameters", "", name)
            value = self.settings.values.get(setting, value)
            known = self.all_known and not self.line.is_cut(*key, "parameters")
            if value is not None:
                found[name] = value
            elif name not in written and setting not in self.settings.tried and known:
                message = f"'{name}' has no default and is set nowhere"
                written_path = key[1] if len(key) > 1 else path
                hint = (
                    f"{parameter.quantity.meaning}; set it here or as {written_path}.{name} "
                    "in a recipe"
                )
                self.problems.add(self._place(*key, "parameters", name), message, hint)
        return found

    def _models(
        self, path: str, written: Mapping[str, Process], kind: Kind, key: KeyPath
    ) -> dict[str, ProcessConfig]:
        """Return a model per process of the kind; one left out is the library's of that name."""
        for name in written.keys() - set(kind.processes):
            message = f"a {kind.name} has no process '{name}'"
            place = self._place(*key, "processes", name)
            self.problems.add(place, message, nearest(name, kind.processes, "process"))
        return {
            name: self._model(path, name, written.get(name, Process()), (*key, "processes", name))
            for name in kind.processes
        }

    def _machine(
        self, path: str, written: Process | None, kind: Kind, key: KeyPath
    ) -> ProcessConfig | None:
        if kind.machine:
            return self._model(path, "machine", written or Process(), (*key, "machine"))
        if written is not None:
            place = self._place(*key, "machine")
            self.problems.add(place, f"a {kind.name} has no machine model", "leave machine out")
        return None

    def _model(self, path: str, name: str, written: Process, key: KeyPath) -> ProcessConfig:
        place = self._place(*key)
        parameters = {}
        for parameter, entry in written.parameters.items():
            value = read_free(entry, self._place(*key, "parameters", parameter), self.problems)
            if value is not None:
                parameters[parameter] = value
        for (station, section, group, parameter), value in self.settings.values.items():
            if (station, section, group) == (path, "processes", name):
                parameters[parameter] = value
        own = self.answering.get(name) or read_answering(written, self.line, key, self.problems)
        if self.answering_set is not None:
            own = self.answering_set.upon(own, name)
        return ProcessConfig(
            kind=name,
            model=self._fmu(written.model or name, self._place(*key, "model")),
            fidelity=own.fidelity,
            parameters=parameters,
            map=self._map(written, key),
            fixed=self._fixed(written, key),
            key=f"{place.origin}: {place.key}",
            isolate=written.isolate,
            step_timeout_s=self._step_timeout(written, key),
            events={event: entry.ends or "" for event, entry in written.events.items()},
            stand_in=own.stand_in,
            widest=own.widest,
            fidelity_key=own.fidelity_key,
        )

    def _step_timeout(self, written: Process, key: KeyPath) -> float | None:
        if written.step_timeout is None:
            return None
        place, raw = self._place(*key, "step_timeout"), written.step_timeout.value
        found = read_scalar(raw, STEP_TIMEOUT, place, self.problems)
        return found if isinstance(found, float) else None

    def _fmu(self, model: str, place: Place) -> str:
        """Return a bare name of the library, or the absolute path of a file that exists."""
        if "/" not in model and "\\" not in model and not Path(model).suffix:
            return model
        file = (self.line.document.file.parent / Path(model)).resolve()
        if not file.exists():
            siblings = [p.name for p in file.parent.glob("*.fmu")] if file.parent.is_dir() else []
            hint = nearest(file.name, siblings, f"FMU in {file.parent}")
            self.problems.add(place, f"FMU '{model}' does not exist", hint)
        return str(file)

    def _map(self, written: Process, key: KeyPath) -> dict[str, str | dict[str, Any]]:
        known = vocabulary()
        found: dict[str, str | dict[str, Any]] = {}
        for name, entry in written.map.items():
            if name not in known:
                hint = nearest(name, (quantity.name for quantity in known))
                place = self._place(*key, "map", name)
                self.problems.add(place, f"unknown quantity '{name}'", hint)
            table = entry.model_dump(exclude_none=True)
            found[name] = table if len(table) > 1 else entry.variable or ""
        return found

    def _fixed(self, written: Process, key: KeyPath) -> dict[str, Fixed]:
        found: dict[str, Fixed] = {}
        for name, raw in written.fixed.items():
            parts = [_fixed_part(part) for part in (raw if isinstance(raw, list) else [raw])]
            values = [part for part in parts if part is not None]
            if len(values) < len(parts):
                place = self._place(*key, "fixed", name)
                hint = "a bare number in the unit of the FMU's variable, text, or a list of them"
                self.problems.add(place, f"{raw!r} is no value", hint)
            else:
                found[name] = values if isinstance(raw, list) else values[0]
        return found


def _fixed_part(raw: object) -> float | int | str | None:
    """Return what a variable can be fixed to; a whole number that a float does not hold stays."""
    if isinstance(raw, int | float):
        return float(raw) if float(raw) == raw else raw
    return str(raw) if isinstance(raw, str) else None


def material_of(path: str, station: Station, role: str) -> str:
    """Return the path of the material that a station takes in a role."""
    return station.materials.get(role, f"{path.split('.', 1)[0]}.{role}")
