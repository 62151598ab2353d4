"""Reading what is disturbed on the way: values that are set, deviations, faults of machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from linetwin.errors import ScenarioError
from linetwin.scenario.amounts import AmountReader, amounts_problem, contradictions
from linetwin.scenario.deviations import DEVIATIONS, FAULTS, Deviation, Fault
from linetwin.scenario.entries import entries_of
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import DisturbanceConfig, address_part
from linetwin.scenario.sections import SECTIONS, read_section_value
from linetwin.scenario.subjects import aim_of, fault_problem
from linetwin.scenario.values import read_scalar
from linetwin.scenario.written import Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.scenario.addressing import Plant, Target
    from linetwin.scenario.deviations import DeviationKind, FaultKind, Subject
    from linetwin.scenario.entries import Entry
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import Scalar, StationConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.subjects import Aim
    from linetwin.scenario.validation import Checked


@dataclass(frozen=True)
class Disturbed:
    """What disturbs a line, each in the order in which it was written, machine by machine."""

    values: tuple[DisturbanceConfig, ...]
    deviations: tuple[Deviation, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class DisturbanceReader:
    """Reads disturbances; `stations` tell how the terms of gauges are written.

    `whole`: ticks that the run takes at most.
    """

    plant: Plant
    stations: Mapping[str, StationConfig]
    whole: int
    problems: Problems

    def read(self, scenario: Checked[ScenarioFile], overrides: Sequence[str]) -> Disturbed:
        """Return the disturbances of a scenario, changed by the `--set` that mean them."""
        values: list[DisturbanceConfig] = []
        deviations: list[Deviation] = []
        faults: list[Fault] = []
        for entry in entries_of(scenario, overrides, self.problems):
            wrong = list(contradictions(entry))
            for key, message, hint in wrong:
                self.problems.add(entry.place(key), message, hint)
            amounts = AmountReader(entry, self.problems)
            times = amounts.times(self.whole)
            told = bool(wrong or entry.cut)
            if "kind" in entry.cut:
                continue
            if entry.written.kind == "value":
                values += self._values(entry, times or (0, None), told=told)
                continue
            aim = self._aim(entry)
            if aim is None or told:
                continue
            if entry.written.kind in FAULTS:
                faults += self._faults(amounts, aim, times)
            else:
                deviations += self._deviations(amounts, aim, times)
        return Disturbed(tuple(values), tuple(deviations), tuple(faults))

    def _aim(self, entry: Entry) -> Aim | None:
        """Return what an address points at; None, and a problem, where its kind does not fit."""
        place, kind = entry.place("address"), entry.written.kind
        try:
            aim = aim_of(self.plant, entry.written.address)
        except ScenarioError as error:
            if not self.plant.is_broken(entry.written.address):
                self.problems.adopt(error, place)
            return None
        if aim.subject == "machine" and kind not in FAULTS:
            hint = f"name what deviates, as in {aim.station}.web_speed; faults: {', '.join(FAULTS)}"
            self.problems.add(place, f"a machine has no {kind}", hint)
            return None
        if aim.subject != "machine" and kind in FAULTS:
            hint = f"address: {aim.station}; of a number: value, {', '.join(DEVIATIONS)}"
            self.problems.add(place, f"{kind} is a fault of a machine", hint)
            return None
        return aim

    def _faults(
        self, amounts: AmountReader, aim: Aim, times: tuple[int, int | None] | None
    ) -> list[Fault]:
        """Return one fault per machine that the address means."""
        entry = amounts.entry
        written, kind = entry.written, cast("FaultKind", entry.written.kind)
        lasts = written.lasting is not None or written.end is not None
        wrong = fault_problem(self.plant, aim, kind, lasts=lasts, cause=written.cause or "")
        if wrong is not None:
            key = "cause" if "to be repaired" in wrong.message else "address"
            self.problems.add(entry.place(key), wrong.message, wrong.hint)
        factor: float | None = 1.0
        if kind in {"slow", "hazard"}:
            factor = amounts.speed() if kind == "slow" else amounts.factor()
        if wrong is not None or factor is None or times is None:
            return []
        return [
            Fault(entry.name, machine, kind, *times, cause=written.cause or "", factor=factor)
            for machine in self.plant.members(aim.station)
        ]

    def _deviations(
        self, amounts: AmountReader, aim: Aim, times: tuple[int, int | None] | None
    ) -> list[Deviation]:
        """Return one deviation per machine that the address means."""
        entry = amounts.entry
        wrong = amounts_problem(entry, aim)
        if wrong is not None:
            self.problems.add(entry.place(wrong[0]), *wrong[1:])
            return []
        numbers, stuck = amounts.amounts(aim), None
        if entry.written.value is not None:
            place, quantity = entry.place("value"), aim.needed
            raw = entry.written.value
            found = read_scalar(raw, quantity, place, self.problems, is_list=aim.is_list)
            if found is None or isinstance(found, str):
                return []
            stuck = found if isinstance(found, tuple) else float(found)
        if numbers is None or times is None:
            return []
        return [
            Deviation(
                name=entry.name,
                address=f"{machine}.{aim.rest}",
                station=machine,
                subject=cast("Subject", aim.subject),
                what=aim.what,
                kind=cast("DeviationKind", entry.written.kind),
                start_tick=times[0],
                end_tick=times[1],
                amounts=numbers,
                value=stuck,
                process=aim.process,
                unit=aim.needed.unit,
                minimum=aim.needed.minimum,
                maximum=aim.needed.maximum,
                place=entry.place("address"),
            )
            for machine in self.plant.members(aim.station)
        ]

    def _values(
        self, entry: Entry, times: tuple[int, int | None], *, told: bool
    ) -> list[DisturbanceConfig]:
        """Return one change per machine that the address means."""
        address = entry.written.address
        target = self._changeable(address, entry.place("address"))
        if told or target is None or target.quantity is None:
            return []
        value = self._value(target, entry.written.value, entry.place("value"))
        if value is None:
            return []
        return [
            DisturbanceConfig(
                address.replace(target.station, machine, 1), value, *times, name=entry.name
            )
            for machine in self.plant.members(target.station)
        ]

    def _value(self, target: Target, raw: object, place: Place) -> Scalar | None:
        """Return the value in the unit in which the line holds it."""
        assert target.quantity is not None  # noqa: S101  an FMU's parameter cannot change
        if target.section not in SECTIONS:
            return read_scalar(raw, target.quantity, place, self.problems, is_list=target.is_list)
        alone = Written(value=raw)
        value = read_section_value(
            target.section, target.group, target.name, alone, place, self.problems
        )
        station = self.stations.get(self.plant.members(target.station)[0])
        if value is None or station is None:
            return None
        held = station.live_values().get(f"{address_part(target.group)}.{target.name}")
        if held is not None and held.unit != value.unit:
            message = f"written in {value.unit}, but the line has it in {held.unit}"
            self.problems.add(place, message, "write it as the line file does")
            return None
        return value.value

    def _changeable(self, address: str, place: Place) -> Target | None:
        """Return the target of an address whose value may change while the line runs."""
        try:
            target = self.plant.target(address)
        except ScenarioError as error:
            if not self.plant.is_broken(address):
                self.problems.adopt(error, place)
            return None
        is_text = target.quantity is not None and target.quantity.type in {"str", "bool"}
        if target.section != "processes" and not is_text:
            return target
        parameters = self.plant.kinds[target.station].parameters
        hint = nearest(target.name, parameters)
        message = f"{address} cannot change while the line runs; a number of a station can"
        self.problems.add(place, message, hint)
        return None
