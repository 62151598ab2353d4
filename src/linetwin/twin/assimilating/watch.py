"""The watchman: what innovations and estimates say is wrong, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.estimation.causes import causes
from linetwin.estimation.scores import interval
from linetwin.estimation.watching import Cusum, Window
from linetwin.twin.assimilating.rows import Finding

if TYPE_CHECKING:
    from linetwin.estimation.ensemble import Ensemble, Innovation
    from linetwin.scenario.twin import TwinConfig

WATCHES = 2
"""Kinds of watches that share the false alarms: sums of each instrument, and the window."""
WITHIN = 2.0
"""A parameter is within its prior up to so many of its standard deviations."""


class Watchman:
    """Keeps the watches of one twin, and what they have found."""

    def __init__(self, config: TwinConfig) -> None:
        self._config = config
        self._states = config.states
        arl = max(20.0, WATCHES * config.updates_per_day / config.false_alarms_per_day)
        self._sums = {each.name: Cusum(arl) for each in config.instruments}
        self._window = Window(config.window, arl)
        self._found: dict[tuple[str, tuple[str, ...]], int] = {}
        self._shifted: dict[str, int] = {}
        self._mismatch = -1
        self.findings: list[Finding] = []

    @property
    def level(self) -> float:
        """Share of windows of innovations that would be smaller than the last one, if all held."""
        return self._window.level

    def look(self, instrument: str, innovation: Innovation, tick: int, ensemble: Ensemble) -> None:
        """Take one innovation of an instrument, and look for causes."""
        cusum = self._sums[instrument]
        if cusum.add(float(innovation.normalised[0]), tick):
            self._shifted[instrument] = tick
        too_large = self._window.add(innovation.nis, len(innovation.values))
        found = self._causes(ensemble)
        explained = {name for each in found for name in each[1]}
        if explained:
            self._shifted.clear()
        if self._window.count == 0:
            alone = not found and self._all_within(ensemble)
            self._mismatch = (
                (self._mismatch if self._mismatch >= 0 else tick) if (too_large and alone) else -1
            )
            if not too_large:
                self._shifted.pop(instrument, None)
        if self._mismatch >= 0:
            found.append(("mismatch", ()))
        found += [("change", (name,)) for name in self._shifted]
        self._found = {each: self._found.get(each, tick) for each in found}
        self.findings = [self._finding(*each, ensemble) for each in found]

    def _causes(self, ensemble: Ensemble) -> list[tuple[str, tuple[str, ...]]]:
        bands = [each.band for each in self._states]
        found: list[tuple[str, tuple[str, ...]]] = []
        for cause in causes(ensemble.mean, ensemble.covariance, bands, self._config.confidence):
            names = tuple(sorted(self._states[state].name for state in cause.states))
            first = self._states[cause.states[0]]
            if len(names) > 1:
                kind = "ambiguous"
            else:
                kind = "bias" if first in self._config.instruments else "drift"
            found.append((kind, names))
        return found

    def _all_within(self, ensemble: Ensemble) -> bool:
        priors = np.array([each.prior for each in self._states])
        return bool(np.all(np.abs(ensemble.mean) <= WITHIN * priors))

    def _finding(self, kind: str, names: tuple[str, ...], ensemble: Ensemble) -> Finding:
        since = self._found[kind, names]
        text, advice = self._worded(kind, names, ensemble)
        return Finding(kind, names, since, text, advice)  # type: ignore[arg-type]

    def _worded(self, kind: str, names: tuple[str, ...], ensemble: Ensemble) -> tuple[str, str]:
        states = {each.name: each for each in self._states}
        if kind == "mismatch":
            text = "innovations are too large while all parameters and biases are within priors"
            return text, "the model does not hold here, or an instrument scatters more than told"
        if kind == "change":
            text = f"readings of {names[0]} have shifted; nothing explains it yet"
            return text, "wait for more lots, or calibrate it"
        told = []
        for name in names:
            low, high = interval(ensemble.of(name), self._config.confidence)[1:]
            told.append(f"{name} {low:+.3g} to {high:+.3g}")
        if kind != "ambiguous":
            return f"{told[0]} (95 %), nominal within {states[names[0]].band:g}", ""
        read = sorted(
            {
                f"{each.station}.{each.quantity}"
                for n in names
                if (each := states[n]) in self._config.instruments
            }
        )
        what = read[0] if read else f"what {names[0]} acts on"
        return " or ".join(told), f"a second, independent measurement of {what} would tell"

    def save(self) -> dict[str, Any]:
        """Return the watches as plain data."""
        return {
            "sums": {name: each.save() for name, each in self._sums.items()},
            "window": self._window.save(),
            "found": [[kind, list(names), since] for (kind, names), since in self._found.items()],
            "shifted": dict(self._shifted),
            "mismatch": self._mismatch,
            "findings": [vars(each) | {"names": list(each.names)} for each in self.findings],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        for name, each in self._sums.items():
            each.load(data["sums"][name])
        self._window.load(data["window"])
        self._found = {(kind, tuple(names)): since for kind, names, since in data["found"]}
        self._shifted = dict(data["shifted"])
        self._mismatch = data["mismatch"]
        self.findings = [Finding(**{**f, "names": tuple(f["names"])}) for f in data["findings"]]
