"""The estimator: members of a plant's slow parameters, moved by what its lots were read to be.

It is a machine of entries in the order of their time: a lot handed over, with the calls that it
saw, or a reading of one. Its state is plain data, so that it can be taken up again before an
entry that came late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.estimation.ensemble import Ensemble
from linetwin.estimation.jumps import loosened, sensitivities
from linetwin.line.streams import Streams
from linetwin.twin.assimilating.entries import Given, Judged, Reading, Widened, notes_of
from linetwin.twin.assimilating.judging import Judge
from linetwin.twin.assimilating.outcome import (
    CARRIED,
    DRY_FROM,
    NOMINAL,
    REFERENCE,
    Runner,
    vapours,
)
from linetwin.twin.assimilating.watch import Watchman

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.contracts import Transform
    from linetwin.scenario.twin import PredictConfig, ReaderConfig, TwinConfig
    from linetwin.twin.assimilating.notes import Note

DAY_TICKS = 86_400_000
KEPT_LOTS = 24
"""Lots of a station whose members are kept for readings that come later."""


@dataclass
class Passage:
    """What is kept of the last lot of a station, for the prediction of the next."""

    lot: str
    tick: int
    notes: list[Note]
    means: dict[str, float]
    chain: float
    """Loading of the lot that came in, as the line reckoned it; NaN where none did."""
    interval: int = 0
    """Ticks since the lot before."""


@dataclass
class LotState:
    """Reference and nominal value of a lot's quantities at one station."""

    values: dict[str, list[float]] = field(default_factory=dict)


class Estimator:
    """Serves entries; `transform` gives the models of the twin's line by station and process."""

    def __init__(
        self, config: TwinConfig, seed: int, transform: Callable[[str, str], Transform]
    ) -> None:
        self.config = config
        self._transform = transform
        self._streams = Streams(seed)
        self._wander = np.array([each.wanders for each in config.states])
        priors = {each.name: each.prior for each in config.states}
        self.ensemble = Ensemble.begin(priors, config.members, self._chance)
        self.watchman = Watchman(config)
        self.judge = Judge(self.watchman)
        self.tick = -1
        self.last: dict[str, Passage] = {}
        self.lots: dict[str, LotState] = {}

    @property
    def _chance(self) -> np.random.Generator:
        return self._streams.get("twin", "members", "normal")

    # ------------------------------------------------------------------------------ entries
    def _advance(self, tick: int) -> None:
        """Let parameters and biases wander until `tick`; an earlier one changes nothing."""
        if self.tick < 0:
            self.tick = tick
        days = (tick - self.tick) / DAY_TICKS
        if days > 0:
            self.ensemble.forecast(self._wander * math.sqrt(days), self._chance)
            self.tick = tick

    def give(self, given: Given) -> None:
        """Take members through the calls that a lot saw."""
        self._advance(given.tick)
        config, members = self.config, self.config.members
        own = [each for each in config.estimates if each.station == given.station]
        away = {
            each.name: self.ensemble.of(each.name) + self.ensemble.draw(each.scatter, self._chance)
            if each.scatter
            else self.ensemble.of(each.name)
            for each in own
        }
        chain = self.chain(given.lot)
        wanted = self._wanted(given.station)
        runner = Runner(self._transforms(given.station), own, away, members, wanted)
        state = LotState()
        ratios = runner.outcome(given.notes, chain)
        for key, ratio in (ratios | vapours(given.means, ratios)).items():
            mean = given.means.get(key)
            if mean is None or key not in wanted:
                continue
            self.ensemble.carried[_name(given.station, given.lot, key)] = ratio[:members] * mean
            state.values[key] = [mean * float(ratio[REFERENCE]), mean * float(ratio[NOMINAL])]
        before = self.last.get(given.station)
        incoming = self.lots.get(given.lot)
        self.last[given.station] = Passage(
            given.lot,
            given.tick,
            given.notes,
            given.means,
            incoming.values[CARRIED][0] if incoming and CARRIED in incoming.values else math.nan,
            given.tick - before.tick if before else 0,
        )
        self._keep(given.station, given.lot, state)

    def read(self, reading: Reading) -> Judged:
        """Learn from what of a reading can be right; tell what became of it.

        Of a lot that is not known any more nothing is learnt.
        """
        instrument = self.instrument(reading.instrument)
        true = self.members_of(instrument.station, reading.lot, instrument.key)
        if self.is_of_nothing(reading):
            return Judged(None)
        if true is None:
            return self.judge.of_unknown(instrument, reading, self.ensemble)
        self._advance(reading.tick)
        predicted, variance = self.read_by(instrument, true)
        judged = self.judge.of_known(instrument, reading, (predicted, variance), self.ensemble)
        if judged.kept is None:
            return judged
        before, value = self.ensemble.values, judged.kept.value
        innovation = self.ensemble.update(predicted[:, None], [value], np.array([variance]))
        shift = self.watchman.look(instrument.name, innovation, reading.tick, self.ensemble)
        if shift is None:
            return judged
        states, laws = self.config.states, [each for each in self.config.estimates if each.law]
        size = shift.size * math.sqrt(float(innovation.covariance[0, 0]))
        loose = loosened(
            sensitivities(before, predicted),
            size,
            [0.0 if each in laws else each.prior for each in states],  # a law cannot jump
            self.ensemble.names.index(instrument.name),
        )
        named = {states[state].name: deviation for state, deviation in loose.items()}
        return replace(judged, jump=Widened(shift.since, instrument.name, named))

    def widen(self, widened: Widened) -> None:
        """Let states loose that may have jumped."""
        self._advance(widened.tick)
        self.watchman.let_loose(widened.instrument, [*widened.loose], widened.tick, self.ensemble)
        deviations = [widened.loose.get(each.name, 0.0) for each in self.config.states]
        self.ensemble.forecast(np.array(deviations), self._chance)

    # ------------------------------------------------------------------------------ looking
    def is_of_nothing(self, reading: Reading) -> bool:
        """Whether a reading says nothing: all that is known of its scatter is a part of zero."""
        instrument = self.instrument(reading.instrument)
        if not instrument.relative:
            return False
        true = self.members_of(instrument.station, reading.lot, instrument.key)
        return not reading.value or (true is not None and not true.mean())

    def instrument(self, name: str) -> ReaderConfig:
        """Return an instrument by name."""
        return next(each for each in self.config.instruments if each.name == name)

    def read_by(self, instrument: ReaderConfig, true: np.ndarray) -> tuple[np.ndarray, float]:
        """Return what an instrument would read of members, and the variance of its scatter."""
        bias = self.ensemble.of(instrument.name)
        if instrument.relative:
            scale = float(true.mean())
            return true * (1 + bias), (instrument.repeatability * scale) ** 2
        return true + bias, instrument.repeatability**2

    def members_of(self, station: str, lot: str, key: str) -> np.ndarray | None:
        """Return a quantity of a lot, shape (members,); None where it is not known."""
        return self.ensemble.carried.get(_name(station, lot, key))

    def chain(self, lot: str) -> np.ndarray:
        """Return the loading of a lot over the one that the line reckoned: members + 2."""
        state = self.lots.get(lot)
        whole = np.ones(self.config.members + 2)
        if state is None or CARRIED not in state.values:
            return whole
        reference, nominal = state.values[CARRIED]
        found = (self.members_of(station, lot, CARRIED) for station in self.last)
        members = next((each for each in found if each is not None), None)
        if members is not None:
            whole[:-2] = members / reference
        whole[NOMINAL] = nominal / reference
        return whole

    def _wanted(self, station: str) -> frozenset[str]:
        """Return what is kept of the lots of a station: what is read, and what goes on."""
        read = {each.key for each in self.config.instruments if each.station == station}
        return frozenset(read | {CARRIED})

    def spread(self, state: str, tick: int) -> float:
        """Return the standard deviation of a parameter or bias at a tick: it wanders until then."""
        place = self.ensemble.names.index(state)
        days = max(0, tick - self.tick) / DAY_TICKS if self.tick >= 0 else 0.0
        known = float(self.ensemble.of(state).std(ddof=1))
        return math.hypot(known, float(self._wander[place]) * math.sqrt(days))

    def foresee(
        self, station: str, lot: str, tick: int, chance: np.random.Generator
    ) -> dict[str, tuple[np.ndarray, float]]:
        """Return quantity -> members and open loop of a lot that a station is to hand over.

        As the last lot of the station, but for parameters, which go on wandering, and loading.
        """
        last = self.last.get(station)
        if last is None:
            return {}
        members = self.config.members
        days = (max(0, last.interval) + max(0, tick - self.tick)) / DAY_TICKS
        own = [each for each in self.config.estimates if each.station == station]
        away = {
            each.name: self.ensemble.of(each.name)
            + self.ensemble.draw(math.hypot(each.scatter, each.wanders * math.sqrt(days)), chance)
            if each.scatter or each.wanders
            else self.ensemble.of(each.name)
            for each in own
        }
        chain = self.chain(lot)
        state = self.lots.get(lot)
        if state is not None and CARRIED in state.values and not math.isnan(last.chain):
            chain = chain * state.values[CARRIED][0] / last.chain
            chain[REFERENCE] = 1.0
        wanted = frozenset(p.quantity for p in self.config.predicts if not p.process)
        runner = Runner(self._transforms(station), own, away, members, wanted)
        means = last.means | {DRY_FROM: 1.0}
        return {
            key: (ratio[:members] * means[key], float(ratio[NOMINAL]) * means[key])
            for key, ratio in runner.outcome(last.notes, chain).items()
            if key in means
        }

    def _transforms(self, station: str) -> Callable[[str], Transform]:
        return lambda kind: self._transform(station, kind)

    def _keep(self, station: str, lot: str, state: LotState) -> None:
        """Keep a lot's values, and forget those that are long gone from this station."""
        self.lots.setdefault(lot, LotState()).values.update(state.values)
        carried = self.ensemble.carried
        lots = list(dict.fromkeys(n.split("|")[1] for n in carried if n.startswith(f"{station}|")))
        for gone in lots[:-KEPT_LOTS]:
            for name in [n for n in carried if n.startswith(f"{station}|{gone}|")]:
                del carried[name]
            if not any(f"|{gone}|" in name for name in carried):
                self.lots.pop(gone, None)

    # -------------------------------------------------------------------------------- saving
    def save(self) -> dict[str, Any]:
        """Return the estimator as plain data."""
        return {
            "tick": self.tick,
            "ensemble": self.ensemble.save(),
            "streams": self._streams.save(),
            "watchman": self.watchman.save(),
            "readings": self.judge.readings.save(),
            "lots": {lot: state.values for lot, state in self.lots.items()},
            "last": {
                station: vars(each) | {"notes": [note.save() for note in each.notes]}
                for station, each in self.last.items()
            },
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.tick = data["tick"]
        self.ensemble = Ensemble.load(data["ensemble"])
        self._streams.load(data["streams"])
        self.watchman.load(data["watchman"])
        self.judge.readings.load(data["readings"])
        self.lots = {
            lot: LotState({key: list(pair) for key, pair in values.items()})
            for lot, values in data["lots"].items()
        }
        self.last = {
            station: Passage(**{**each, "notes": notes_of(each["notes"])})
            for station, each in data["last"].items()
        }


def place_of(predict: PredictConfig, key: str) -> int | None:
    """Return after which phase a key tells of what is to be predicted; None where it does not."""
    if not predict.process:
        return 0 if key == predict.quantity else None
    name, _, phase = key.partition("@")
    return int(phase) if phase and name == f"{predict.process}.{predict.quantity}" else None


def _name(station: str, lot: str, key: str) -> str:
    return f"{station}|{lot}|{key}"
