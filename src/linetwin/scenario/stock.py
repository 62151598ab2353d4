"""What lies in the line when the run begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.quantities import Quantity
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import StockConfig
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import BufferConfig, StationConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked

BUFFERS, TANKS, CHAMBERS, RATE = "buffers", "tanks", "chambers", "rate"
MOST = 1e5 / 3600
"""Cells a second of steady state: 200 GWh a year of 60 A.h cells, beyond any line [A]."""
_SHARE = Quantity("stock", "1", "part of the places", display="%", minimum=0.0, maximum=1.0)
_RATE = Quantity("rate", "1/s", "cells a second", display="1/h", minimum=1e-9, maximum=MOST)


def read_stock(
    scenario: Checked[ScenarioFile],
    stations: Mapping[str, StationConfig],
    buffers: Mapping[str, BufferConfig],
    problems: Problems,
) -> StockConfig:
    """Return how full every place is when the run begins."""
    written = scenario.model.stock
    if written and scenario.model.start != "filled":
        place = scenario.document.place(("stock",))
        problems.add(place, "an empty line has no stock", "write start: filled")
    groups = _places(stations, buffers)
    shares: dict[str, float] = {}
    lots: dict[str, int] = {}
    for name in sorted(written, key=lambda each: each not in (BUFFERS, TANKS, CHAMBERS)):
        if name == RATE:
            continue
        place, raw = scenario.document.place(("stock", name)), written[name].value
        if name not in groups:
            problems.add(place, f"'{name}' holds nothing", nearest(name, [*groups, RATE]))
        elif isinstance(raw, int) and not isinstance(raw, bool):
            tanks = groups.get(TANKS, [])
            if _is_number_of_lots(raw, place, problems, is_tank=groups[name][0] in tanks):
                most = min(_capacity(path, stations, buffers) for path in groups[name])
                if raw > most:
                    problems.add(place, f"{raw} lots are more than fit", f"allowed: 0 to {most:g}")
                lots |= dict.fromkeys(groups[name], raw)
        elif isinstance(share := read_scalar(raw, _SHARE, place, problems), float):
            shares |= dict.fromkeys(groups[name], share)
            lots = {path: count for path, count in lots.items() if path not in groups[name]}
    rate = _rate(scenario, problems)
    return StockConfig(shares, lots, rate)


def stock_text(stock: StockConfig) -> dict[str, object]:
    """Return the stock as it stands in the resolved scenario."""
    return {"shares": dict(stock.shares), "lots": dict(stock.lots), "rate_per_s": stock.rate}


def _places(
    stations: Mapping[str, StationConfig], buffers: Mapping[str, BufferConfig]
) -> dict[str, list[str]]:
    """Return name -> the places it stands for: each alone, a group of machines, all of a sort."""
    found: dict[str, list[str]] = {}
    for path, buffer in buffers.items():
        found.setdefault(TANKS if buffer.kind == "tank" else BUFFERS, []).append(path)
        found[path] = [path]
    for path, station in stations.items():
        if "parallel_places" in station.parameters:
            for name in dict.fromkeys((CHAMBERS, path, station.family)):
                found.setdefault(name, []).append(path)
    return found


def _capacity(
    path: str, stations: Mapping[str, StationConfig], buffers: Mapping[str, BufferConfig]
) -> float:
    """Return how many lots a buffer or chamber has places for."""
    if path in buffers:
        return buffers[path].capacity
    return stations[path].parameters["parallel_places"].number


def _is_number_of_lots(count: int, place: Place, problems: Problems, *, is_tank: bool) -> bool:
    if is_tank:
        problems.add(place, "a tank is filled to a part of its mass", "such as 50 %")
    elif count < 0:
        problems.add(place, f"{count} is no number of lots", "such as 2, or 50 %")
    return count >= 0 and not is_tank


def _rate(scenario: Checked[ScenarioFile], problems: Problems) -> float | None:
    """Return the rate of steady state that was written [cells a second]."""
    written = scenario.model.stock.get(RATE)
    if written is None:
        return None
    place = scenario.document.place(("stock", RATE))
    rate = read_scalar(written.value, _RATE, place, problems)
    return rate if isinstance(rate, float) else None
