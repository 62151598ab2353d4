"""What a twin is told of a plant: the section `twin` of a scenario.

    twin:
      members: 64
      estimates:                  # inputs of models that deviate slowly, and how much they may
        - {name: pump_gain, address: cathode.coater.coating.pump_flow, kind: factor,
           prior: 1 %, wanders: 0.3 %, scatter: 0.2 %, band: 0.5 %, tag: A, source: metering pump}
      instruments:                # what reads lots, and how far each may be off
        - {name: scale, reads: cathode.coater.loading, signal: cathode.coater.loading_scale,
           repeatability: 0.05 mg/cm2, bias: 0.02 mg/cm2, tag: A, source: calibrated monthly}
      predicts: [cathode.coater.loading, cathode.calender.porosity]
      advice: ...                 # `linetwin.scenario.advising`
      alerts: ...                 # these two: `linetwin.scenario.alerting`
      grades: ...

Amounts are standard deviations; tag and source hold for all of an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.advising import read_advice
from linetwin.scenario.alerting import read_alerts, read_grades
from linetwin.scenario.amounts import difference
from linetwin.scenario.problems import nearest
from linetwin.scenario.sections import GAUGES, PERCENT, read_section_value
from linetwin.scenario.twin import EstimateConfig, PredictConfig, ReaderConfig, TwinConfig
from linetwin.scenario.values import read_value
from linetwin.scenario.zones import read_zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import StationConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.twin_schema import Estimate, Reader
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

LEAST_MEMBERS_PER_STATE = 2
"""An ensemble holds second-order exact draws of p states with 2p + 2 members."""
_TERMS = {"bias": "prior", "wanders": "wanders", "band": "band", "repeatability": "repeatability"}
"""Key of an instrument -> field."""


def read_twin(
    scenario: Checked[ScenarioFile],
    stations: Mapping[str, StationConfig],
    inputs: Mapping[str, Collection[str]],
    problems: Problems,
) -> TwinConfig | None:
    """Return the section `twin`, None where there is none; what is wrong is noted.

    `inputs`: kind of process -> inputs of its model, as far as the caller knows.
    """
    written, place = scenario.model.twin, scenario.document.place
    if written is None:
        return None
    reader = _TwinReader(stations, inputs, problems)
    estimates = [
        reader.estimate(each, place(("twin", "estimates", index)))
        for index, each in enumerate(written.estimates)
    ]
    instruments = [
        reader.instrument(each, place(("twin", "instruments", index)))
        for index, each in enumerate(written.instruments)
    ]
    predicts = [
        reader.predicted(each, place(("twin", "predicts", index)))
        for index, each in enumerate(written.predicts)
    ]
    kept = tuple(each for each in predicts if each is not None)
    alerts = read_alerts(written.alerts, kept, place, problems)
    states = len(estimates) + len(instruments)
    if written.members < LEAST_MEMBERS_PER_STATE * states + 2:
        message = f"{written.members} members are too few for {states} estimates and instruments"
        hint = f"at least {LEAST_MEMBERS_PER_STATE * states + 2}"
        problems.add(place(("twin", "members")), message, hint)
    return TwinConfig(
        members=written.members,
        window=written.window,
        false_alarms_per_day=written.false_alarms_per_day,
        updates_per_day=written.updates_per_day,
        confidence=written.confidence,
        estimates=tuple(each for each in estimates if each is not None),
        instruments=tuple(each for each in instruments if each is not None),
        predicts=kept,
        alerts=alerts,
        advice=read_advice(written.advice.items(), place(("twin", "advice")), problems),
        grades=read_grades(written.grades, place, problems),
    )


@dataclass
class _TwinReader:
    """Reads entries one by one; `names` and `signals` are those taken so far."""

    stations: Mapping[str, StationConfig]
    inputs: Mapping[str, Collection[str]]
    problems: Problems

    def __post_init__(self) -> None:
        self._taken: dict[str, set[str]] = {"name": set(), "signal": set(), "address": set()}

    def estimate(self, written: Estimate, place: Place) -> EstimateConfig | None:
        """Return one estimate; None where it could not be read."""
        self._once("name", written.name, place)
        self._once("address", written.address, place)
        path, _, what = written.address.rpartition(".")
        station, _, process = path.rpartition(".")
        here = self.stations.get(station)
        quantity, zone = read_zone(what, here, place.below("address"), self.problems)
        if not self._is_input(station, process, quantity, place.below("address")):
            return None
        unit = (
            Quantity("factor", "1", "part", display="%", minimum=0.0, maximum=1.0)
            if written.kind != "offset"
            else difference(vocabulary()[quantity])
        )

        def amount(key: str, value: Written | None) -> float:
            if value is None:
                return 0.0
            found = read_value(value, unit, place.below(key), self.problems)
            return 0.0 if found is None else found.number

        prior = amount("prior", written.prior)
        if prior <= 0:
            self.problems.add(place.below("prior"), "is not above zero", "such as 2 %")
        return EstimateConfig(
            name=written.name,
            station=station,
            process=process,
            quantity=quantity,
            kind="offset" if written.kind == "offset" else "factor",
            prior=prior,
            wanders=amount("wanders", written.wanders),
            scatter=amount("scatter", written.scatter),
            band=amount("band", written.band),
            zone=zone,
            law=written.kind == "law",
            tag=written.tag,
            source=written.source,
            place=place,
        )

    def instrument(self, written: Reader, place: Place) -> ReaderConfig | None:
        """Return one instrument; None where it could not be read."""
        self._once("name", written.name, place)
        self._once("signal", written.signal, place)
        station, _, what = written.reads.rpartition(".")
        if not self._is_station(station, place.below("reads")):
            return None
        here = self.stations[station]
        quantity, zone = read_zone(what, here, place.below("reads"), self.problems)
        if not self._is_quantity(quantity, place.below("reads")):
            return None
        found: dict[str, float] = {}
        units = set()
        for key, field in _TERMS.items():
            entry: Written | None = getattr(written, key)
            if entry is None:
                found[field] = 0.0
                continue
            at = place.below(key)
            value = read_section_value(GAUGES, quantity, key, entry, at, self.problems)
            if value is None:
                return None
            units.add(value.unit)
            found[field] = value.number / (100 if value.unit == PERCENT else 1)
        if len(units) > 1:
            self.problems.add(place, "its amounts have different units", "all in %, or none")
        for key in ("repeatability", "bias"):
            if not found[_TERMS[key]] > 0:
                self.problems.add(place.below(key), "is not above zero", "how far may it be off?")
        return ReaderConfig(
            name=written.name,
            station=station,
            quantity=quantity,
            signal=written.signal,
            tag=written.tag,
            source=written.source,
            relative=PERCENT in units,
            zone=zone,
            place=place,
            **found,
        )

    def predicted(self, address: str, place: Place) -> PredictConfig | None:
        """Return one quantity to predict; None where there is no such."""
        path, _, quantity = address.rpartition(".")
        if not self._is_quantity(quantity, place):
            return None
        if path in self.stations:
            return PredictConfig(path, quantity)
        station, _, process = path.rpartition(".")
        if not self._is_station(station or path, place):
            return None
        if not self._is_process(station, process, place):
            return None
        return PredictConfig(station, quantity, process)

    def _once(self, key: str, name: str, place: Place) -> None:
        if name in self._taken[key]:
            self.problems.add(place.below(key), f"'{name}' stands here twice", "once")
        self._taken[key].add(name)

    def _is_input(self, station: str, process: str, quantity: str, place: Place) -> bool:
        if not self._is_station(station, place) or not self._is_process(station, process, place):
            return False
        known = self.inputs.get(process, [each.name for each in vocabulary()])
        return self._among(quantity, known, place, f"{station}.{process} has no input")

    def _is_station(self, station: str, place: Place) -> bool:
        return self._among(station, self.stations, place, "there is no station")

    def _is_process(self, station: str, process: str, place: Place) -> bool:
        known = self.stations[station].processes
        return self._among(process, known, place, f"{station} has no process")

    def _is_quantity(self, name: str, place: Place) -> bool:
        return self._among(name, [each.name for each in vocabulary()], place, "no quantity")

    def _among(self, name: str, known: Collection[str], place: Place, message: str) -> bool:
        if name in known:
            return True
        self.problems.add(place, f"{message} '{name}'", nearest(name, known))
        return False
