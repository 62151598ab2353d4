"""Naming what is wrong in a run: station, lot and quantity, from what a quality team reads.

Streams of readings that go beyond what is normal are named, the strongest first. What lies
downstream of another, in lots made from its lots, follows from it and is told after it. What only
the capacity of finished cells shows is told after what a station's own readings show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.quantities import vocabulary
from linetwin.results.genealogy import Genealogy
from linetwin.scenario import units
from linetwin.surrogates.hidden.normal import farthest, of_itself
from linetwin.surrogates.hidden.readings import streams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.results.reader import Run
    from linetwin.surrogates.hidden.normal import Normal
    from linetwin.surrogates.hidden.readings import Stream

_ORDER: Final = (
    *("active_material", "mixer", "coater", "calender", "slitter", "notcher", "vacuum_dryer"),
    *("stacker", "tab_welder", "inspection", "pouch_former", "filler", "soak", "pre_charge"),
    *("degasser", "formation"),
)
"""Kinds of stations along the line."""
_MOST: Final = 0.5
_TOO_LITTLE: Final = "cells with too little electrolyte"
_DOSE: Final = "dosed_electrolyte"
_DENSITY: Final = "density of the coating"


@dataclass(frozen=True)
class Named:
    """A station and lot that is named, with the quantity that shows it and what is said of it.

    `lots`: those in a row that are off, `lot` the farthest of them; `strength`: by how many times
    the reading is beyond what is still normal, more than 1; `late`: known after formation only;
    `follows`: the station, named before,
    of which it may be the consequence, "" for none.
    """

    station: str
    lot: str
    quantity: str
    strength: float
    said: str
    lots: tuple[str, ...] = ()
    follows: str = ""
    late: bool = False


def named(run: Run, normal: Normal | None = None) -> list[Named]:
    """Return what is wrong in a run, the likeliest first; empty where all is as usual.

    `normal`: what sound runs of the line showed; without it the run's lots are held against each
    other. No true value is used, and nothing of what a simulation hid. Errors as `Run`.
    """
    read = streams(run)
    usual = normal if normal is not None else of_itself(read)
    clear = _beyond(read, usual)
    direct = _by_station(
        [each for each in _through_pores(run, clear, read, usual) if not each.late]
    )
    return _ordered(run, direct, [each for each in clear if each.late])


def _beyond(read: Sequence[Stream], normal: Normal) -> list[Named]:
    """Return the streams that are beyond what is normal, the strongest first."""
    found = []
    for stream in read:
        usual = normal.usual.get(stream.key)
        if usual is None:
            continue
        far = farthest(stream, usual)
        strength = abs(far.off) / usual.limit / normal.least
        if strength > 1:
            own = slice(far.first, far.last + 1)
            off = (stream.values[own] - usual.centre) * np.sign(far.off)
            lots = stream.lots[own]
            mean = float(stream.values[own].mean())
            said = _said(stream, lots, mean, usual.centre)
            lot = lots[int(np.argmax(off))]
            found.append(
                Named(stream.station, lot, stream.quantity, strength, said, lots, late=stream.late)
            )
    return sorted(found, key=lambda each: -each.strength)


def _through_pores(
    run: Run, clear: list[Named], read: Sequence[Stream], normal: Normal
) -> list[Named]:
    """Return findings with cells that got too little, though the dose was as usual, traced back.

    Their pores hold more than was reckoned with: of the rolls in these cells the least dense is
    named, with its calender.
    """
    short = next((one for one in clear if one.quantity == _TOO_LITTLE), None)
    if short is None or any(one.quantity == _DOSE for one in clear):
        return clear
    above = set.union(*_ancestors(Genealogy(run), short))
    rolls = []
    for stream in read:
        if stream.quantity == _DENSITY and stream.key in normal.usual:
            usual = normal.usual[stream.key]
            off = (stream.values - usual.centre) / usual.spreads[1]
            rolls += [
                (float(each), stream, lot)
                for each, lot in zip(off, stream.lots, strict=True)
                if lot in above
            ]
    if not rolls:
        return clear
    _, stream, lot = min(rolls, key=lambda each: each[0])
    said = (
        f"{short.said}, though the dose is as usual: larger pores; of the rolls in these cells"
        f" {lot} is the least dense"
    )
    traced = replace(
        short, station=stream.station, lot=lot, quantity=_DENSITY, lots=(lot,), said=said
    )
    return [traced if each is short else each for each in clear]


def _said(stream: Stream, lots: Sequence[str], mean: float, centre: float) -> str:
    """Say what was read of some lots, and what is usual."""
    which = lots[0] if len(lots) == 1 else f"{lots[0]} to {lots[-1]}"
    name = stream.quantity.replace("_", " ")
    words = vocabulary()
    entry = words[stream.entry] if stream.entry in words else None  # noqa: SIM401 - no mapping
    if entry is not None:
        was, usual = (units.display(value, entry, 4) for value in (mean, centre))
    elif stream.is_share:
        was, usual = (f"{100 * value:.2g} %" for value in (mean, centre))
    elif stream.quantity.startswith("gauge"):
        was, usual = (f"{100 * value:+.2f} %" for value in (mean, centre))
    elif centre:
        off = f"{100 * (mean / centre - 1):+.2f} %"
        return f"{stream.station}: {name} {off} off what is usual in {which}"
    else:
        was, usual = f"{mean:.3g}", "0"
    return f"{stream.station}: {name} {was} in {which}, usually {usual}"


def _by_station(found: list[Named]) -> list[Named]:
    """Return the strongest of each station's findings that share a lot or overlap."""
    kept: list[Named] = []
    for each in found:
        same = (one for one in kept if one.station == each.station and {*one.lots} & {*each.lots})
        if next(same, None) is None:
            kept.append(each)
    return kept


def _ordered(run: Run, direct: list[Named], late: list[Named]) -> list[Named]:
    """Return what stands for itself, then what may follow from it."""
    if not direct:
        return late
    genealogy = Genealogy(run)
    above = {each: _ancestors(genealogy, each) for each in (*direct, *late)}
    first: list[Named] = []
    after: list[Named] = []
    for each in direct:
        upstream = (
            one
            for one in direct
            if _place(one) < _place(each) and _share(above[each], one) >= _MOST
        )
        cause = next(upstream, None)
        (first if cause is None else after).append(
            each if cause is None else replace(each, follows=cause.station)
        )
    for each in late:
        cause = next((one for one in first if _share(above[one], each) > 0), None)
        (first if cause is None else after).append(
            each if cause is None else replace(each, follows=cause.station)
        )
    return first + after


def _ancestors(genealogy: Genealogy, each: Named) -> list[set[str]]:
    """Return by lot of a finding what it, or what it carries, was made from; itself among it."""
    found = []
    for lot in each.lots:
        items = genealogy.contents(lot) if lot.startswith("tray-") else [lot]
        found.append({lot, *(one.lot for item in items for one in genealogy.backward(item))})
    return found


def _share(above: list[set[str]], cause: Named) -> float:
    """Return the share of lots that were made from one of a cause's lots."""
    return sum(bool(own & {*cause.lots}) for own in above) / len(above)


def _place(each: Named) -> int:
    kind = each.station.rsplit(".", 1)[-1].rstrip("0123456789_")
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
