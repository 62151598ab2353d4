"""Which parameters are fitted, and between which bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.estimation.calibrating.amounts import amount, difference
from linetwin.estimation.calibrating.task import Axis

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.columns import Columns
    from linetwin.estimation.calibrating.schema import FitWritten
    from linetwin.estimation.calibrating.subject import Channel

_REALS: Final = {"Real", "Float64", "Float32"}


def read_axes(columns: Columns) -> tuple[Axis, ...]:
    """Return the fitted parameters; wrong ones are noted and left out."""
    made = [_Bounds(columns, name, own).axis() for name, own in columns.file.fit.items()]
    return tuple(axis for axis in made if axis is not None)


@dataclass(frozen=True)
class _Bounds:
    """Reads one parameter."""

    columns: Columns
    name: str
    written: FitWritten

    def axis(self) -> Axis | None:
        """Return the parameter; None, and a problem, where it cannot be fitted."""
        place = self.columns.place("fit", self.name)
        found = self.columns.channel(self.name, place, ("parameter",))
        if found is None:
            return None
        variable = found.variable
        if variable.type not in _REALS:
            self._note(f"is a {variable.type}", "a parameter that is a real number")
            return None
        ends = self._ends(found)
        if ends is None:
            return None
        low, high = ends
        log = self.written.scale == "log"
        if log and low <= 0:
            self._note("log needs bounds above 0", "scale: linear", "scale")
            return None
        start, prior = self._start(found, low, high), self._prior(found)
        return Axis(variable.name, variable.unit or "1", low, high, start, log, prior)

    def _note(self, message: str, hint: str, *keys: str) -> None:
        self.columns.problems.add(self.columns.place("fit", self.name, *keys), message, hint)

    def _amount(self, raw: object, found: Channel, key: str) -> float | None:
        place = self.columns.place("fit", self.name, key)
        return amount(raw, found, place, self.columns.problems)

    def _ends(self, found: Channel) -> tuple[float, float] | None:
        """Return the bounds: the model's own where none are written."""
        variable = found.variable
        low = self._end("low", self.written.low, variable.minimum, found)
        high = self._end("high", self.written.high, variable.maximum, found)
        if low is None or high is None:
            return None
        if not low < high:
            self._note(f"bounds contradict: {low:g} to {high:g}", "low is less than high")
            return None
        for key, bound in (("low", low), ("high", high)):
            if not variable.holds(bound):
                message = f"{variable.shown(bound)} is outside of the model's range"
                self._note(message, f"allowed: {variable.span}", key)
        return low, high

    def _end(self, key: str, raw: object, own: float, found: Channel) -> float | None:
        if raw is not None:
            return self._amount(raw, found, key)
        if not math.isfinite(own):
            self._note("missing key", "the model declares no range for it", key)
            return None
        return own

    def _start(self, found: Channel, low: float, high: float) -> float:
        """Return where the fit begins: as written, else the present value within the bounds."""
        variable = found.variable
        if self.written.start is not None:
            start = self._amount(self.written.start, found, "start")
            if start is not None and not low <= start <= high:
                hint = f"allowed: {low:g} to {variable.shown(high)}"
                self._note(f"{start:g} is not between the bounds", hint, "start")
            return low if start is None else start
        now = self.columns.subject.start(variable)
        return (low + high) / 2 if now is None else min(high, max(low, now))

    def _prior(self, found: Channel) -> tuple[float, float] | None:
        if self.written.prior is None:
            return None
        place = self.columns.place("fit", self.name, "prior")
        problems = self.columns.problems
        mean = amount(self.written.prior.mean, found, place.below("mean"), problems)
        deviation = place.below("deviation")
        spread = difference(self.written.prior.deviation, found, deviation, problems)
        if mean is None or spread is None:
            return None
        if spread <= 0 or (self.written.scale == "log" and mean <= 0):
            self._note(f"{mean:g} +- {spread:g} is no distribution", "above 0", "prior")
            return None
        return mean, spread
