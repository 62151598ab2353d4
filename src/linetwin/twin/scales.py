"""What the twin tells as people read it: one function for the screen and for the twin's server.

Quantities stand in the vocabulary's display units; factors and relative biases in percent of what
is nominal; solvent below what a laboratory sees is none: the film is dry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity, vocabulary
from linetwin.quantities.unece import code_of
from linetwin.scenario import units
from linetwin.scenario.amounts import difference
from linetwin.scenario.twin import ReaderConfig
from linetwin.scenario.unit_words import shown_unit

if TYPE_CHECKING:
    from linetwin.scenario.twin import EstimateConfig

DRY = 1e-6
"""Solvent on a web that no laboratory sees: 1 mg/m2, some 1 ppm of a coating [A; kg/m2]."""
SOLVENT, DRIED = "solvent_loading", "dry"
_SHARE = Quantity("share", "1", "part", display="%")


@dataclass(frozen=True)
class Scale:
    """How numbers of one quantity are read; `middle`: what is taken off before, `unit`: UCUM."""

    quantity: Quantity
    middle: float = 0.0

    @property
    def unit(self) -> str:
        """The unit that people read, as UCUM writes it."""
        return self.quantity.display or self.quantity.unit

    @property
    def unece(self) -> str:
        """Its code of UN/ECE Recommendation 20, "" where none exists."""
        return code_of(self.unit)

    @property
    def unit_text(self) -> str:
        """The unit as people write it; "" for a plain number."""
        return shown_unit(self.unit)

    def number(self, value: float) -> float:
        """Return a canonical value in this unit; NaN for one that is not known."""
        if not math.isfinite(value):
            return math.nan
        if self.quantity.name == SOLVENT and value < DRY:
            return 0.0
        return units.in_display(value - self.middle, self.quantity)

    def text(self, value: float, digits: int = 4) -> str:
        """Return it without its unit; "" where it is not known, "dry" where it is."""
        found = self.number(value)
        if math.isnan(found):
            return ""
        if self.quantity.name == SOLVENT and not found:
            return DRIED
        return f"{found:.{digits}g}"


def scale_of(quantity: str) -> Scale:
    """Return how a quantity of lots is read."""
    return Scale(vocabulary()[quantity])


def scale_of_share() -> Scale:
    """Return how a part of a whole is read."""
    return Scale(_SHARE)


def scale_of_difference(quantity: str) -> Scale:
    """Return how a difference between two values of a quantity is read: never as dry."""
    return Scale(_unnamed(quantity))


def scale_of_estimate(config: EstimateConfig | ReaderConfig) -> Scale:
    """Return how a parameter or a bias is read: percent of what is nominal where relative."""
    if isinstance(config, ReaderConfig):
        return scale_of_share() if config.relative else scale_of_difference(config.quantity)
    return Scale(_SHARE, 1.0) if config.kind == "factor" else scale_of_difference(config.quantity)


def scale_of_spread(config: EstimateConfig | ReaderConfig) -> Scale:
    """Return how a standard deviation of a parameter or a bias is read."""
    return Scale(scale_of_estimate(config).quantity)


def _unnamed(quantity: str) -> Quantity:
    found = difference(vocabulary()[quantity])
    return Quantity("difference", found.unit, found.meaning, display=found.display)
