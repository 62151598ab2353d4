"""The watchman: what innovations and estimates say is wrong, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.estimation.agreement import farthest
from linetwin.estimation.innovations import Record
from linetwin.estimation.scores import NORMAL_95, interval
from linetwin.estimation.watching import Cusum, Window
from linetwin.quantities import vocabulary
from linetwin.scenario.twin import ReaderConfig
from linetwin.scenario.units import display
from linetwin.twin.assimilating.explaining import explained
from linetwin.twin.assimilating.readings import Readings
from linetwin.twin.assimilating.rows import Finding, FindingKind, Innovations
from linetwin.twin.assimilating.unexplained import unexplained
from linetwin.twin.scales import scale_of_spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.ensemble import Ensemble, Innovation
    from linetwin.estimation.watching import Shift
    from linetwin.scenario.twin import EstimateConfig, TwinConfig
    from linetwin.twin.assimilating.entries import Reading
    from linetwin.twin.assimilating.readings import Contradiction

Key = tuple[FindingKind, tuple[str, ...]]
NAMED: tuple[FindingKind, ...] = ("drift", "bias", "mismatch")
"""What names one cause; a mismatch does where it is of a law."""
ADVICE: dict[FindingKind, str] = {
    "drift": "look after the machine",
    "bias": "calibrate it",
    "mismatch": "the law of this process is off by more than its doubt: look for another model",
}
WATCHES = 3
"""Kinds of watches that share the false alarms: sums of each instrument, window, and lots."""
WITHIN = 2.0
"""A parameter is within its prior up to so many of its standard deviations."""
LARGE = 2.0
"""Of readings that are too far off together those are named that are so many deviations off [A]."""
SETTLED = 2.0
"""What was let loose has settled when its deviation is so many times what it was [A]."""


class Watchman:
    """Keeps the watches of one twin, and what they have found."""

    def __init__(self, config: TwinConfig) -> None:
        self._config = config
        self._states = config.states
        share = config.false_alarms_per_day / config.updates_per_day / WATCHES
        self.farthest = farthest(min(0.05, share))
        """How many deviations two readings of one lot may differ by."""
        arl = max(20.0, WATCHES * config.updates_per_day / config.false_alarms_per_day)
        self._sums = {each.name: Cusum(arl) for each in config.instruments}
        self._window = Window(config.window, arl)
        self._records = {each.name: Record(config.window) for each in config.instruments}
        self._updates = 0
        self._last: list[tuple[str, float]] = []
        """Instrument and normalised innovation of the last window of updates."""
        self._too_large: dict[str, float] = {}
        """Instrument -> how far it was off at most in the last window that was too large."""
        self._found: dict[Key, list[int]] = {}
        """Finding -> tick since which it is told, number of the update that told it last."""
        self._contradictions: dict[Key, str] = {}
        """Finding of readings that cannot all be right -> what they are."""
        self.refused: dict[str, str] = {}
        """Instrument whose last reading was of another unit or thing -> by how much it is off."""
        self._loose: dict[str, float] = {}
        """State that was let loose and has not settled -> deviation at which it has."""
        self.findings: list[Finding] = []
        self.readings = Readings()
        """Of the last lots, by all instruments."""

    @property
    def level(self) -> float:
        """Share of windows of innovations that would be smaller than the last one, if all held."""
        return self._window.level

    def look(
        self, instrument: str, innovation: Innovation, tick: int, ensemble: Ensemble
    ) -> Shift | None:
        """Take one innovation of an instrument, and look for causes; return a shift of it."""
        self._updates += 1
        self.refused.pop(instrument, None)
        self._records[instrument].add(float(innovation.normalised[0]), tick)
        shift = self._sums[instrument].add(float(innovation.normalised[0]), tick)
        self._last.append((instrument, abs(float(innovation.normalised[0]))))
        del self._last[: -self._config.window]
        too_large = self._window.add(innovation.nis, len(innovation.values))
        self._loose = {
            name: limit for name, limit in self._loose.items() if ensemble.spread(name) > limit
        }
        told = self._causes(ensemble)
        if shift is not None and not told:
            told.append(("change", (instrument,)))
        if too_large and not told and self._all_within(ensemble):
            told.append(("mismatch", ()))
            self._too_large = _largest(self._last)
        self._keep(told, tick)
        self._forget()
        self.findings = [self._finding(key, ensemble) for key in self._found]
        return shift

    def let_loose(
        self, instrument: str, states: Sequence[str], tick: int, ensemble: Ensemble
    ) -> None:
        """Tell a change of an instrument's readings that one of these states has made.

        To be called before they are let loose. What was known of them counts no more.
        """
        self._sums[instrument].begin()
        bands = {each.name: each.band for each in self._states}
        for name in states:
            settled = max(bands[name], SETTLED * ensemble.spread(name))
            self._loose[name] = max(settled, self._loose.get(name, 0.0))
        others = sorted(set(states) - {instrument})
        self._found = {key: told for key, told in self._found.items() if not {*key[1]} & {*states}}
        self._found["change", (instrument, *others)] = [tick, self._updates]
        self.findings = [self._finding(key, ensemble) for key in self._found]

    def contradicted(self, found: Contradiction, lot: str, tick: int, ensemble: Ensemble) -> str:
        """Tell readings of one quantity of a lot that cannot all be right; `lot`: its name.

        Return what is told, as `rows_contradict` and `implausible` do.
        """
        names = (found.odd,) if found.odd else tuple(sorted(e.instrument for e in found.readings))
        quantity = vocabulary()[found.quantity]
        told = (f"{e.instrument} {display(e.value, quantity)}" for e in found.readings)
        odd = f"; {found.odd} is the odd one out" if found.odd else ""
        count = len(found.readings)
        text = (
            f"these {count} readings of {quantity.name} of {lot} cannot all be right: "
            f"{', '.join(told)}{odd}"
        )
        return self._doubt(names, text, tick, ensemble)

    def rows_contradict(
        self,
        instrument: ReaderConfig,
        reading: Reading,
        kept: Sequence[float],
        ensemble: Ensemble,
    ) -> str:
        """Tell rows of one instrument of one lot that cannot all be right; `kept`: that may be."""
        quantity = vocabulary()[instrument.quantity]
        rows = ", ".join(display(each, quantity) for each in reading.rows)
        odd = ", ".join(display(each, quantity) for each in reading.rows if each not in kept)
        text = (
            f"these {len(reading.rows)} readings of {quantity.name} of {reading.plant_lot} by "
            f"{instrument.name} cannot all be right: {rows}; not learnt from: {odd}"
        )
        return self._doubt((instrument.name,), text, reading.tick, ensemble)

    def implausible(
        self, instrument: ReaderConfig, reading: Reading, deviations: float, ensemble: Ensemble
    ) -> str:
        """Tell a reading that is too far from what is expected to be one of its lot."""
        quantity = vocabulary()[instrument.quantity]
        text = (
            f"{instrument.name} read {display(reading.value, quantity)} of {quantity.name} of "
            f"{reading.plant_lot or reading.lot}, {deviations:.0f} deviations from what is "
            "expected: implausible, not learnt from"
        )
        return self._doubt((instrument.name,), text, reading.tick, ensemble)

    def misread(
        self, instrument: ReaderConfig, reading: Reading, off: str, ensemble: Ensemble
    ) -> str:
        """Tell a reading of another unit or thing than its lot's; `off`: by how much."""
        quantity = vocabulary()[instrument.quantity]
        self.refused[instrument.name] = off
        text = (
            f"{instrument.name} read {display(reading.value, quantity)} of {quantity.name} of "
            f"{reading.plant_lot or reading.lot}, {off}: implausible, not learnt from"
        )
        return self._doubt((instrument.name,), text, reading.tick, ensemble)

    def _doubt(self, names: tuple[str, ...], text: str, tick: int, ensemble: Ensemble) -> str:
        """Tell readings that cannot be right; return the words."""
        key: Key = ("mismatch", names)
        self._contradictions[key] = text
        self._found[key] = [self._found.get(key, [tick])[0], self._updates]
        self.findings = [self._finding(each, ensemble) for each in self._found]
        return text

    def innovations(self) -> list[Innovations]:
        """Return the statistics of each instrument's normalised innovations."""
        return [
            Innovations(
                **vars(record.statistics()),
                instrument=each.name,
                signal=each.signal,
                tick=record.tick,
                total=record.total,
                refused=self.refused.get(each.name, ""),
            )
            for each in self._config.instruments
            for record in (self._records[each.name],)
        ]

    def _keep(self, told: list[Key], tick: int) -> None:
        """Keep what is told, and for a window of updates what was told before.

        What has been told apart from others stays so, while it is among what explains; and
        what is explained needs no other word.
        """
        for key in told:
            kind, names = key
            known = [k for k in self._found if k[0] in NAMED and k[1] and k[1][0] in names]
            if kind != "ambiguous":
                self._found[key] = [self._found.get(key, [tick])[0], self._updates]
            elif not known:
                self._go_on(names, tick)
            for each in known:
                self._found[each][1] = self._updates
        named = {names[0] for kind, names in self._found if kind in NAMED and names}
        caused = {name for kind, names in self._found if kind != "change" for name in names}
        self._found = {
            (kind, names): [since, last]
            for (kind, names), (since, last) in self._found.items()
            if (
                self._updates - last < self._config.window
                or self._is_open(kind, names)
                or self._is_refused(kind, names)
            )
            and not (kind == "ambiguous" and named & set(names))
            and not (kind == "change" and caused & set(names))
            and not (kind == "mismatch" and not names and caused)
        }

    def _go_on(self, names: tuple[str, ...], tick: int) -> None:
        """Tell that one of several has left its band; go on with what was told of them before.

        It is the same finding where each likeliest one is among the other's: it keeps its first.
        """
        first, since = names[0], tick
        for kind, known in list(self._found):
            if kind == "ambiguous" and known[0] in names and names[0] in known:
                told = self._found.pop((kind, known))[0]
                first, since = (known[0], told) if told < since else (first, since)
        key: Key = ("ambiguous", (first, *sorted({*names} - {first})))
        self._found[key] = [since, self._updates]

    def _forget(self) -> None:
        """Forget what readings of lots were, of findings that are told no more."""
        self._contradictions = {k: t for k, t in self._contradictions.items() if k in self._found}

    def _is_refused(self, kind: FindingKind, names: tuple[str, ...]) -> bool:
        """Whether it is of an instrument whose readings are refused still."""
        return kind == "mismatch" and len(names) == 1 and names[0] in self.refused

    def _is_open(self, kind: FindingKind, names: tuple[str, ...]) -> bool:
        """Whether it is a change of which nobody knows yet what has made it."""
        return kind == "change" and bool(self._loose.keys() & set(names))

    def _causes(self, ensemble: Ensemble) -> list[Key]:
        found: list[Key] = []
        for states in explained(self._config, ensemble):
            first, names = states[0], {each.name for each in states}
            if first.name in self._loose:
                names |= self._loose.keys()  # whose part in it nobody knows yet
            if len(names) > 1:
                found.append(("ambiguous", (first.name, *sorted(names - {first.name}))))
            else:
                found.append((_kind_of(first), (first.name,)))
        return found

    def _all_within(self, ensemble: Ensemble) -> bool:
        priors = np.array([each.prior for each in self._states])
        return bool(np.all(np.abs(ensemble.mean) <= WITHIN * priors))

    def _finding(self, key: Key, ensemble: Ensemble) -> Finding:
        kind, names = key
        text, advice = self._worded(kind, names, ensemble)
        return Finding(kind, names, self._found[key][0], text, advice)

    def _worded(
        self, kind: FindingKind, names: tuple[str, ...], ensemble: Ensemble
    ) -> tuple[str, str]:
        states = {each.name: each for each in self._states}
        if (kind, names) in self._contradictions:
            advice = "measure it again" if len(names) > 1 else f"look after {names[0]}"
            if self._is_refused(kind, names):
                advice += ": its unit and node in the mapping, or a slip in a row"
            return self._contradictions[kind, names], advice
        if kind == "mismatch" and not names:
            return unexplained(self._config, self._too_large, self.readings)
        if kind == "change":
            is_open = self._is_open(kind, names)
            may = f"it may be {' or '.join(names)}" if is_open else "nothing explains it yet"
            text = f"readings of {names[0]} have shifted; {may}"
            what = f"a second, independent measurement of {_read_by(states[names[0]])} would tell"
            return text, what if is_open and len(names) > 1 else "wait for more lots"
        told = [self._told(states[name], kind, ensemble) for name in names]
        if kind != "ambiguous":
            band = states[names[0]].band
            text = f"{told[0]}; nominal is {_shown(states[names[0]], -band, band)}"
            return text, ADVICE[kind]
        read = sorted({_read_by(states[n]) for n in names if states[n] in self._config.instruments})
        what = " or of ".join(read) or f"what {names[0]} acts on"
        return " or ".join(told), f"another, independent measurement of {what} would tell"

    def _told(
        self, state: EstimateConfig | ReaderConfig, kind: FindingKind, ensemble: Ensemble
    ) -> str:
        """Return by how much a state is off; one of several, whatever its maker has said of it."""
        if kind != "ambiguous" or state not in self._config.instruments:
            low, high = interval(ensemble.of(state.name), self._config.confidence)[1:]
            return f"{state.name} off by {_shown(state, low, high)}"
        mean, covariance = ensemble.set_aside(state.name, state.prior)
        place = ensemble.names.index(state.name)
        reach = NORMAL_95 * float(np.sqrt(covariance[place, place]))
        low, high = float(mean[place]) - reach, float(mean[place]) + reach
        return f"{state.name} off by {_shown(state, low, high)} if its maker's word does not count"

    def save(self) -> dict[str, Any]:
        """Return the watches as plain data."""
        return {
            "sums": {name: each.save() for name, each in self._sums.items()},
            "window": self._window.save(),
            "records": {name: each.save() for name, each in self._records.items()},
            "updates": self._updates,
            "last": [list(each) for each in self._last],
            "too_large": dict(self._too_large),
            "refused": dict(self.refused),
            "loose": dict(self._loose),
            "contradictions": [[list(n), text] for (_, n), text in self._contradictions.items()],
            "found": [[kind, list(names), *told] for (kind, names), told in self._found.items()],
            "findings": [vars(each) | {"names": list(each.names)} for each in self.findings],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        for name, each in self._sums.items():
            each.load(data["sums"][name])
        self._window.load(data["window"])
        for name, record in self._records.items():
            record.load(data["records"][name])
        self._updates = data["updates"]
        self._last = [(name, away) for name, away in data["last"]]
        self._too_large = dict(data["too_large"])
        self.refused, self._loose = dict(data["refused"]), dict(data["loose"])
        self._contradictions = {("mismatch", (*n,)): text for n, text in data["contradictions"]}
        self._found = {(kind, tuple(names)): list(told) for kind, names, *told in data["found"]}
        self.findings = [Finding(**{**f, "names": tuple(f["names"])}) for f in data["findings"]]


def _largest(last: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return instruments and by how much they were off at most, those that were most off first.

    Where none is `LARGE` off, the farthest one.
    """
    most: dict[str, float] = {}
    for name, away in last:
        most[name] = max(away, most.get(name, 0.0))
    ranked = sorted(most.items(), key=lambda each: -each[1])
    return dict([each for each in ranked if each[1] >= LARGE] or ranked[:1])


def _kind_of(state: EstimateConfig | ReaderConfig) -> FindingKind:
    """Return what it is called when a state has left its band."""
    if isinstance(state, ReaderConfig):
        return "bias"
    return "mismatch" if state.law else "drift"


def _read_by(state: EstimateConfig | ReaderConfig) -> str:
    """Return what an instrument reads."""
    return f"{state.station}.{state.quantity}"


def _shown(state: EstimateConfig | ReaderConfig, low: float, high: float) -> str:
    """Return two bounds of a deviation with their unit, as people read them."""
    scale = scale_of_spread(state)
    bounds = " to ".join(f"{scale.number(bound):+.3g}" for bound in (low, high))
    return f"{bounds} {scale.unit_text}".rstrip()
