"""The assimilator: lots and readings of a plant in, estimates, predictions and findings out.

What comes late is put into its place: the estimator is taken up before it, and all that followed
is served again. Predictions that were published stay as they were.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.estimation.scores import NORMAL_95, positive_interval
from linetwin.line.streams import Streams
from linetwin.quantities import vocabulary
from linetwin.twin.assimilating.acceptance import Acceptance
from linetwin.twin.assimilating.belonging import Belonging, Gone, Heard, Waiting, reading_of
from linetwin.twin.assimilating.correcting import Correcting
from linetwin.twin.assimilating.entries import Given, Reading, notes_of
from linetwin.twin.assimilating.estimator import Estimator, place_of
from linetwin.twin.assimilating.journal import Journal
from linetwin.twin.assimilating.notes import NotedModels, means_of
from linetwin.twin.assimilating.outcome import CARRIED, COATS, GROWS
from linetwin.twin.assimilating.rows import (
    Estimated,
    Finding,
    Innovations,
    Outcome,
    Prediction,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.contracts import Transform
    from linetwin.line.lots import Lot
    from linetwin.line.world import Models
    from linetwin.scenario.resolved import Scenario
    from linetwin.scenario.twin import EstimateConfig, PredictConfig, ReaderConfig
    from linetwin.twin.assimilating.notes import Note
    from linetwin.twin.events import PlantEvent

PENDING = 1024
"""Lots whose predictions are kept until they have come out."""


class Assimilator:
    """Wraps the models of the twin's line; `models` is what the line must be made with."""

    def __init__(self, scenario: Scenario, models: Models, seed: int) -> None:
        """Begin with priors. The section `twin` of the scenario says what is estimated."""
        assert scenario.twin is not None  # noqa: S101  the caller has looked
        self.config = scenario.twin
        self._stations = scenario.stations
        self._bare = models
        self.models: Models = NotedModels(models, self._present, self._note)
        self.estimator = Estimator(self.config, seed, self._transform)
        self._streams = Streams(seed)
        self._open: dict[str, list[Note]] = defaultdict(list)
        self._now, self._begun = 0, False
        self._unheard = -1
        self._seen: dict[str, int] = {}
        self._belonging = Belonging()
        self._predictions: list[Prediction] = []
        self._outcomes: list[Outcome] = []
        self._withdrawn: list[Finding] = []
        self._due: dict[tuple[str, str], list[Prediction]] = {}
        self._number = 0
        self.counts: Counter[str] = Counter()
        """Readings used, set aside (told why), not usable, told before, of nothing, late (served
        again), too late, of lots half made at joining; jumps found."""
        self._journal = Journal(self.estimator, self.counts)
        self._acceptance = Acceptance(self.counts)
        self._correcting = Correcting(self._journal, self._belonging, self._acceptance)

    # ------------------------------------------------------------------------- what comes in
    def joined(self, half_made: Iterable[str]) -> None:
        """Leave out the next lot of each of these stations: it was at work there at joining."""
        self._belonging.joined(half_made)

    def took(self, station: str, lot: str, tick: int) -> None:
        """Predict a lot that a station of the twin's line has begun."""
        self._now = max(self._now, tick)
        self._seen[station] = tick
        self._predict(station, lot, tick)

    def gave(self, station: str, lot: Lot, tick: int, plant_lot: str) -> None:
        """Take up a lot that a station of the twin's line has handed over."""
        self._now = max(self._now, tick)
        notes = self._open.pop(station, [])
        gone = self._belonging.gave(station, tick, lot.name, plant_lot)
        if self._is_whole(station, lot.name, tick, notes) and not gone.half_made:
            self._journal.put(
                Given(tick, station, lot.name, plant_lot, notes, means_of(lot, notes))
            )
        for instrument in self._instruments(station):
            if own := self._belonging.met(instrument.name, gone):
                read = (reading_of(instrument.name, gone, each) for each in own)
                self._learn(reduce(Reading.with_another, read), gone)
        following = self._following(station)
        if notes and following:
            self._predict(following, lot.name, tick)

    def measured(self, event: PlantEvent) -> None:
        """Take one measurement; note what is said no longer where it corrects another."""
        before = self.findings() if event.corrects else []
        self._read(event)
        now = {(each.kind, each.names) for each in self.findings()} if before else set()
        self._withdrawn += [each for each in before if (each.kind, each.names) not in now]

    def _read(self, event: PlantEvent) -> None:
        """Take one measurement; one that belongs to no instrument is left alone.

        It belongs to the lot that the event names, and waits for it where that is not known; else
        to the one that its station handed over then, or was at work on.
        """
        instrument = next((i for i in self.config.instruments if i.signal == event.address), None)
        if instrument is None or (math.isnan(event.value) and not event.doubt):
            return
        # what names its lot may have a time that is ahead
        when = min(event.tick, self._now) if event.text else event.tick
        heard = Heard(event.tick, event.value, max(event.arrived, when), event.text)
        again = event.text and self._belonging.told_before(
            instrument.name, heard, self._journal.first
        )
        if again and not event.corrects:
            self.counts["told before"] += 1
            return
        if not event.usable:
            self._acceptance.refuse(instrument, event)
            return
        if event.corrects and self._correcting.meet(instrument, heard):
            return
        gone = self._belonging.of(instrument.station, instrument.name, heard)
        if gone is None:
            return
        if event.corrects and gone.tick < self._journal.first:
            self._correcting.tell_too_late(instrument, heard)
        self._learn(reading_of(instrument.name, gone, heard), gone)

    def unheard(self, until: int) -> None:
        """Nothing was heard of the plant until a tick: lots in process then are not learnt from."""
        self._unheard = max(self._unheard, until)

    def advance(self, tick: int) -> None:
        """Let time pass: without readings, what is known grows old.

        The first call begins: what the line's models were asked before, to fill it, is forgotten.
        """
        if not self._begun:
            self._open.clear()
            self._begun = True
        self._now = max(self._now, tick)

    # ------------------------------------------------------------------------ what comes out
    def predictions(self) -> list[Prediction]:
        """Return what has been predicted since this was asked last."""
        found, self._predictions = self._predictions, []
        return found

    def outcomes(self) -> list[Outcome]:
        """Return the readings of predicted lots since this was asked last: what can be right."""
        self._settle()
        found, self._outcomes = self._outcomes, []
        return found

    def findings(self) -> list[Finding]:
        """Return what is wrong as far as it is known now, the clearest first."""
        return list(self.estimator.watchman.findings)

    def withdrawn(self) -> list[Finding]:
        """Return the findings that corrections have taken back since this was asked last."""
        found, self._withdrawn = self._withdrawn, []
        return found

    def innovations(self) -> list[Innovations]:
        """Return the statistics of each instrument's innovations as they are now."""
        return self.estimator.watchman.innovations()

    def remarks(self) -> list[str]:
        """Return why readings were set aside since this was asked last, what no finding tells."""
        self._settle()
        return self._acceptance.remarks()

    @property
    def set_aside(self) -> str:
        """What was said of the readings that were set aside last, "" where none were."""
        return self._acceptance.last

    def waiting(self) -> list[Waiting]:
        """Return for which lots readings wait that name them."""
        stations = {each.name: each.station for each in self.config.instruments}
        return self._belonging.waiting(stations)

    def estimates(self) -> list[Estimated]:
        """Return all parameters and biases as they are known now."""
        found = []
        for each in self.config.estimates:
            unit = "1" if each.kind == "factor" else vocabulary()[each.quantity].unit
            found.append(self._estimated(each, each.kind, each.address, unit))
        for reader in self.config.instruments:
            unit = "1" if reader.relative else vocabulary()[reader.quantity].unit
            found.append(self._estimated(reader, "bias", reader.signal, unit))
        return found

    def _estimated(
        self, config: EstimateConfig | ReaderConfig, kind: str, address: str, unit: str
    ) -> Estimated:
        middle = 1.0 if kind == "factor" else 0.0
        median = float(np.median(self.estimator.ensemble.of(config.name)))
        mean = float(self.estimator.ensemble.of(config.name).mean())
        reach = NORMAL_95 * self.estimator.spread(config.name, self._now)
        return Estimated(
            config.name,
            kind,
            address,
            unit,
            middle + median,
            middle + mean - reach,
            middle + mean + reach,
            config.prior,
            config.band,
            self.estimator.watchman.refused.get(config.name, ""),
        )

    def _learn(self, reading: Reading, gone: Gone) -> None:
        """Learn from a reading of a lot, and note what became of it."""
        if gone.half_made:
            self.counts["half made"] += reading.count
            return
        if reading.tick < self._journal.first:
            self.counts["too late"] += 1
            return
        if self.estimator.is_of_nothing(reading):
            self.counts["of nothing"] += 1
            return
        self._acceptance.judged(reading, self._journal.learn(reading))

    # ---------------------------------------------------------------------------- predictions
    def _predict(self, station: str, lot: str, tick: int) -> None:
        wanted = [each for each in self.config.predicts if each.station == station]
        if not wanted or (station, lot) in self._due:
            return
        foreseen = self.estimator.foresee(station, lot, tick, self._chance)
        for predict in wanted:
            for key, (members, nominal) in foreseen.items():
                place = place_of(predict, key)
                if place is None:
                    continue
                median, low, high = positive_interval(members)
                self._number += 1
                row = Prediction(
                    id=f"p{self._number:07d}",
                    made_tick=tick,
                    station=station,
                    lot=lot,
                    quantity=predict.quantity,
                    unit=vocabulary()[predict.quantity].unit,
                    median=median,
                    low=low,
                    high=high,
                    open_loop=nominal,
                    place=place,
                    kind=predict.process or predict.quantity,
                    biases=self._biases(predict, place, median),
                )
                self._predictions.append(row)
                self._due.setdefault((station, lot), []).append(row)
        while len(self._due) > PENDING:
            del self._due[next(iter(self._due))]

    def _biases(self, predict: PredictConfig, place: int, median: float) -> dict[str, float]:
        """Return by how much each instrument is expected to read more than what is predicted."""
        at = predict.station, predict.quantity, place
        return {
            each.name: float(self.estimator.ensemble.of(each.name).mean())
            * (median if each.relative else 1.0)
            for each in self.config.instruments
            if (each.station, each.quantity, each.zone) == at
        }

    def _settle(self) -> None:
        """Tell of lots what came together, and was learnt from, as outcomes."""
        for reading in self._acceptance.settle([each.text for each in self.findings()]):
            self._tell(reading)

    def _tell(self, reading: Reading) -> None:
        """Tell outcomes of what was predicted of a lot."""
        instrument = self.estimator.instrument(reading.instrument)
        bias = self.estimator.ensemble.of(instrument.name).std(ddof=1)
        scale = abs(reading.value) if instrument.relative else 1.0
        deviation = scale * math.hypot(instrument.repeatability, float(bias))
        for row in self._due.get((instrument.station, reading.lot), []):
            if (row.quantity, row.place) == (instrument.quantity, instrument.zone):
                self._outcomes.append(
                    Outcome(
                        row.id,
                        reading.tick,
                        reading.arrived,
                        instrument.name,
                        reading.value,
                        deviation,
                        reading.plant_lot,
                        reading.corrected,
                    )
                )

    @property
    def _chance(self) -> np.random.Generator:
        """Chance of predictions: not the members', so that what is served again draws the same."""
        return self._streams.get("twin", "predictions", "normal")

    def _is_whole(self, station: str, lot: str, tick: int, notes: list[Note]) -> bool:
        """Whether all is known that the twin must know of a lot to learn from it.

        Not of one that was half made when the twin began, or while it heard nothing, nor of a roll
        that was coated before.
        """
        begun = self._seen.get(station, -1)
        self._seen[station] = tick
        whole = bool(notes) and begun > self._unheard
        kinds = {each.kind for each in notes}
        coats = any(each.process == COATS for each in self.config.estimates)
        if not coats or COATS in kinds or not kinds & GROWS.keys():
            return whole
        state = self.estimator.lots.get(lot)
        return whole and state is not None and CARRIED in state.values

    # -------------------------------------------------------------------------------- models
    def _present(self, station: str, process: str) -> list[tuple[EstimateConfig, float]]:
        """Return the estimates of a process, and their means now."""
        return [
            (each, float(self.estimator.ensemble.of(each.name).mean()))
            for each in self.config.estimates
            if (each.station, each.process) == (station, process)
        ]

    def _note(self, station: str, note: Note) -> None:
        if station in self.config.stations:
            self._open[station].append(note)

    def _transform(self, station: str, process: str) -> Transform:
        return self._bare.transform(self._stations[station], process)

    def _instruments(self, station: str) -> list[ReaderConfig]:
        return [each for each in self.config.instruments if each.station == station]

    def _following(self, station: str) -> str:
        """Return the station that takes what a station gives, or ""."""
        gives = set(self._stations[station].gives.values())
        found = [p for p, c in self._stations.items() if gives & set(c.takes.values())]
        return found[0] if found else ""

    # -------------------------------------------------------------------------------- saving
    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        self._settle()
        return {
            "estimator": self.estimator.save(),
            "open": {s: [note.save() for note in notes] for s, notes in self._open.items()},
            "journal": self._journal.save(),
            "streams": self._streams.save(),
            "now": self._now,
            "seen": dict(self._seen),
            "unheard": self._unheard,
            "belonging": self._belonging.save(),
            "acceptance": self._acceptance.save(),
            "predictions": [vars(each) for each in self._predictions],
            "outcomes": [vars(each) for each in self._outcomes],
            "due": [[*key, [vars(row) for row in rows]] for key, rows in self._due.items()],
            "number": self._number,
            "counts": dict(self.counts),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.estimator.load(data["estimator"])
        self._begun, self._seen = True, dict(data["seen"])
        self._unheard = data["unheard"]
        self._open = defaultdict(list, {s: notes_of(notes) for s, notes in data["open"].items()})
        self._journal.load(data["journal"])
        self._streams.load(data["streams"])
        self._now = data["now"]
        self._belonging.load(data["belonging"])
        self._acceptance.load(data["acceptance"])
        self._predictions = [Prediction(**each) for each in data["predictions"]]
        self._outcomes = [Outcome(**each) for each in data["outcomes"]]
        self._due = {
            (station, lot): [Prediction(**row) for row in rows]
            for station, lot, rows in data["due"]
        }
        self._number = data["number"]
        self.counts.clear()
        self.counts.update(data["counts"])
