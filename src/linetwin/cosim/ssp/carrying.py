"""How a value changes on its way through connectors: units, then factor and offset, or a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from linetwin.cosim.units import SAME, Affine, conversion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.ssp.structure import Transformation
    from linetwin.quantities.ucum import Unit

MIXED: Final = "a table of values and a conversion of units or factors on one way"


@dataclass(frozen=True)
class Carried:
    """A value on its way: affine, then `table`; it stands in `unit` (None: of no known unit).

    `lost`: a unit met none, so nothing could be converted.
    """

    unit: Unit | None
    affine: Affine = SAME
    table: Mapping[float, float] = field(default_factory=dict)
    lost: bool = False

    def into(self, unit: Unit | None) -> Carried:
        """Return the value in another unit; ValueError where that measures something else.

        A value without a unit takes the new one as it is, and so the other way round.
        """
        if unit is None or self.unit is None:
            lost = self.lost or (unit is None) != (self.unit is None)
            return replace(self, unit=unit or self.unit, lost=lost)
        step = conversion(self.unit, unit)
        if step.identity:
            return replace(self, unit=unit)
        if self.table:
            raise ValueError(MIXED)
        own = self.affine
        joined = (
            Affine(own.factor * step.factor, own.offset * step.factor + step.offset)
            if not own.identity
            else step
        )
        return replace(self, unit=unit, affine=joined)

    def taken(self, unit: Unit | None) -> Carried:
        """Return the same number, taken to be in another unit."""
        return replace(self, unit=unit or self.unit)

    def changed(self, change: Transformation | None) -> Carried:
        """Return the value after a transformation of numbers; ValueError where it cannot be."""
        if change is None:
            return self
        if change.table:
            if not self.affine.identity:
                raise ValueError(MIXED)
            kept = {v: change.table.get(t, t) for v, t in self.table.items()}
            new = {v: t for v, t in change.table.items() if v not in self.table}
            return replace(self, table={**kept, **new})
        if (change.factor, change.offset) == (1.0, 0.0):
            return self
        if self.table:
            raise ValueError(MIXED)
        return replace(self, affine=self.affine.then(change.factor, change.offset))

    def number(self, value: float) -> float:
        """Return what a number becomes."""
        if self.table:
            return self.table.get(value, value)
        if self.affine.identity:
            return value
        return self.affine.factor * value + self.affine.offset
