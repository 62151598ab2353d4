"""Instruments of the plant's own: they read each lot that a station hands over.

A laboratory, a scale, a gauge behind a machine: the plant shows what they read, but the line
decides nothing by it. Scatter is drawn from streams of the plant's own, so the line's do not shift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.line.lots import Lot
    from linetwin.scenario.hiding import Instrument

PLANT = "plant"
"""Use of the streams."""
SIDES = ("", "_a", "_b")
"""How the columns of a quantity end: of cells, of the two sides of a web."""


class Instruments:
    """All instruments of a plant; each gives one reading of a lot: of its mean over all items."""

    def __init__(self, instruments: Sequence[Instrument], seed: int) -> None:
        self._by_station: dict[str, list[Instrument]] = {}
        for each in instruments:
            self._by_station.setdefault(each.station, []).append(each)
        self._streams = Streams(seed)

    def look_at(self, station: str) -> bool:
        """Whether lots of a station are read."""
        return station in self._by_station

    def read(self, station: str, lot: Lot) -> Iterator[tuple[str, float]]:
        """Yield name and reading of each instrument that finds its quantity in a lot."""
        for each in self._by_station.get(station, ()):
            true = mean_of(lot, each.key)
            if true is None:
                continue
            scale = abs(true) / 100 if each.percent else 1.0
            draw = self._streams.get(station, f"instrument {each.name}", PLANT).standard_normal()
            yield each.name, true + scale * (each.bias + each.repeatability * float(draw))


def mean_of(lot: Lot, quantity: str) -> float | None:
    """Return the mean of a quantity over the items of a lot, both sides of a web; None without."""
    columns = [lot.columns[name] for end in SIDES if (name := quantity + end) in lot.columns]
    values = np.concatenate(columns) if columns else np.empty(0)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else None
