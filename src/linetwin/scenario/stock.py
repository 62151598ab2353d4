"""What lies in the line when the run begins, and what is put on hold on the way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity
from linetwin.scenario.lot_names import roll_length, wrong_lot
from linetwin.scenario.plan import read_instant, read_span
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import HoldConfig, StockConfig
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import BufferConfig, MaterialConfig, StationConfig
    from linetwin.scenario.schema import Hold, ScenarioFile
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


def read_holds(
    scenario: Checked[ScenarioFile],
    stations: Mapping[str, StationConfig],
    materials: Mapping[str, MaterialConfig],
    problems: Problems,
) -> tuple[HoldConfig, ...]:
    """Return the holds in the order in which they were written."""
    found = []
    for index, written in enumerate(scenario.model.holds):
        if written is not None:
            _check_lot(written, scenario.document.place(("holds", index)), stations, materials,
                       problems)  # fmt: skip
            found.append(_hold(written, index, scenario, problems))
        elif not scenario.is_cut("holds", index):
            place = scenario.document.place(("holds", index))
            problems.add(place, "an empty item", "lot, from, until, then, reason")
    return tuple(hold for hold in found if hold is not None)


def stock_text(stock: StockConfig) -> dict[str, object]:
    """Return the stock as it stands in the resolved scenario."""
    return {"shares": dict(stock.shares), "lots": dict(stock.lots), "rate_per_s": stock.rate}


def hold_text(hold: HoldConfig) -> dict[str, object]:
    """Return a hold as it stands in the resolved scenario."""
    metres = {} if math.isinf(hold.to_m) else {"from_m": hold.from_m, "to_m": hold.to_m}
    return {
        "lot": hold.lot,
        **metres,
        "from_ms": hold.start_tick,
        "until_ms": hold.end_tick,
        "then": hold.then,
        "reason": hold.reason,
        "include_possible": hold.include_possible,
    }


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


def _hold(
    written: Hold, index: int, scenario: Checked[ScenarioFile], problems: Problems
) -> HoldConfig | None:
    def place(key: str) -> Place:
        return scenario.document.place(("holds", index, key))

    cut = any(scenario.is_cut("holds", index, key) for key in ("lot", "roll", "from_m", "to_m"))
    before = cut or any(_contradictions(written))
    for key, message, hint in () if cut else _contradictions(written):
        problems.add(place(key), message, hint)
    start = read_instant(written.begin, place("from"), problems)
    end = read_span(written.end, place("until"), problems)
    if start is not None and end is not None and end <= start:
        problems.add(place("until"), "ends before it begins", "until must be later than from")
    if before or start is None:
        return None
    return HoldConfig(
        lot=str(written.lot or written.roll),
        from_m=written.from_m or 0.0,
        to_m=math.inf if written.to_m is None else written.to_m,
        start_tick=start,
        end_tick=end,
        then=written.then,
        reason=written.reason,
        include_possible=written.include_possible,
    )


def _check_lot(
    written: Hold,
    place: Place,
    stations: Mapping[str, StationConfig],
    materials: Mapping[str, MaterialConfig],
    problems: Problems,
) -> None:
    """Refuse a lot that the line cannot have, and metres beyond its rolls."""
    key, lot = ("roll", written.roll) if written.lot is None else ("lot", written.lot)
    if lot is None:
        return
    if wrong := wrong_lot(lot, stations, materials):
        problems.add(place.below(key), *wrong)
        return
    length = roll_length(lot, stations) if key == "roll" else None
    for name, metres in (("from_m", written.from_m), ("to_m", written.to_m)):
        if length is not None and metres is not None and metres > length:
            message = f"{metres:g} m is beyond the end of the roll"
            problems.add(place.below(name), message, f"allowed: 0 to {length:g} m")


def _contradictions(written: Hold) -> Iterator[tuple[str, str, str]]:
    """Yield (key, message, hint) for what does not fit together."""
    example = "lot: cathode.active_material-0003, or roll: cathode.roll-0004, from_m: 20, to_m: 60"
    if (written.lot is None) == (written.roll is None):
        yield "lot", "a hold is on a lot or on metres of a roll", example
    if written.roll is not None and (written.from_m is None or written.to_m is None):
        yield "roll", "which metres of the roll?", "from_m: 20, to_m: 60, or lot: for all of it"
    if written.lot is not None and (written.from_m is not None or written.to_m is not None):
        yield "lot", "metres belong to a roll", example
    if written.from_m is not None and written.to_m is not None and written.to_m <= written.from_m:
        yield "to_m", "ends before it begins", "to_m must be more than from_m"
