"""How a line is shown as a plant: the section `plant` of a scenario.

    plant:
      opens: 7 h                       # line time at which the server opens
      starved_after: 15 min            # waiting for material longer than this raises an alarm
      instruments:                     # what reads the lots that a station hands over
        - {name: scale, address: cathode.coater.loading, repeatability: 0.05 mg/cm2}
      hides:                           # what happens to values on their way to the server
        - {tags: cathode.coater/Measurements/*, kind: late, delay: 20 s, share: 10 %}

What the sensors themselves show wrongly stands in `disturbances`, as for any run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.hiding import STARVED_AFTER, Hiding, Instrument, PlantConfig
from linetwin.scenario.plan import read_instant, read_span
from linetwin.scenario.problems import nearest
from linetwin.scenario.sections import GAUGES, PERCENT, section_values
from linetwin.scenario.values import read_scalar
from linetwin.scenario.zones import read_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import StationConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.twin_schema import Hides
    from linetwin.scenario.twin_schema import Instrument as WrittenInstrument
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

_DAY = 86_400.0
_SHARE = Quantity("share", "1", "part of the values", display="%", minimum=0.0, maximum=1.0)
_AWAY = Quantity("offset", "s", "time by which a clock is ahead", minimum=-_DAY, maximum=_DAY)
_NEEDS = {
    "late": ("delay",),
    "missing": (),
    "out_of_order": ("delay",),
    "duplicate": ("delay",),
    "clock": ("offset", "per_day"),
}
"""Amounts that each kind has; of those of a clock one is enough."""


def read_plant(
    scenario: Checked[ScenarioFile], stations: Mapping[str, StationConfig], problems: Problems
) -> PlantConfig:
    """Return the section `plant`; what is wrong is noted. `stations`: by path."""
    written, place = scenario.model.plant, scenario.document.place
    if written is None:
        return PlantConfig()
    opens = starved = None
    if written.opens is not None:
        opens = read_instant(written.opens, place(("plant", "opens")), problems)
    if written.starved_after is not None:
        starved = read_span(written.starved_after, place(("plant", "starved_after")), problems)
    hides = [
        _hiding(each, place(("plant", "hides", index)), problems)
        for index, each in enumerate(written.hides)
    ]
    instruments = [
        _instrument(each, stations, place(("plant", "instruments", index)), problems)
        for index, each in enumerate(written.instruments)
    ]
    found = tuple(each for each in instruments if each is not None)
    return PlantConfig(opens or 0, starved or STARVED_AFTER, tuple(hides), found)


def _instrument(
    written: WrittenInstrument,
    stations: Mapping[str, StationConfig],
    place: Place,
    problems: Problems,
) -> Instrument | None:
    station, _, what = written.address.rpartition(".")
    here = place.below("address")
    if station not in stations:
        problems.add(here, f"no station '{station}'", nearest(station, stations, "station"))
        return None
    quantity, zone = read_zone(what, stations[station], here, problems)
    known = vocabulary()
    if quantity not in known:
        problems.add(here, f"no quantity '{quantity}'", nearest(quantity, [q.name for q in known]))
        return None
    entries = {"bias": written.bias, "repeatability": written.repeatability}
    places = {name: place.below(name) for name in entries}
    values = section_values(GAUGES, quantity, entries, places, problems)
    units = {value.unit for name, value in values.items() if entries.get(name) is not None}
    if len(units) > 1:
        problems.add(place, "bias and repeatability have different units", "both in %, or neither")
    terms = {name: values[name].number for name in entries if name in values}
    return Instrument(
        written.name or quantity,
        station,
        quantity,
        **terms,
        percent=PERCENT in units,
        zone=zone,
        place=place,
    )


def _hiding(written: Hides, place: Place, problems: Problems) -> Hiding:
    amounts: dict[str, float] = {"share": 1.0}
    words = {"delay": None, "offset": _AWAY, "per_day": _AWAY, "share": _SHARE}
    needed = _NEEDS[written.kind]
    for name, quantity in words.items():
        entry: Written | None = getattr(written, name)
        if entry is None:
            continue
        if name not in {*needed, "share"} or (name == "share" and written.kind == "clock"):
            hint = f"allowed: {', '.join(needed) or 'share'}"
            problems.add(place.below(name), f"{written.kind} has no {name}", hint)
        elif quantity is None:
            amounts[name] = read_span(entry, place.below(name), problems) or 0
        else:
            number = read_scalar(entry.value, quantity, place.below(name), problems)
            amounts[name] = number if isinstance(number, float) else 0.0
    if needed and not amounts.keys() & set(needed):
        problems.add(place, f"{written.kind} needs {' or '.join(needed)}", "such as 20 s")
    start = read_instant(written.begin, place.below("from"), problems)
    end = None if written.end is None else read_span(written.end, place.below("until"), problems)
    if start is not None and end is not None and end <= start:
        problems.add(place.below("until"), "ends before it begins", "until must be later than from")
    return Hiding(
        tags=written.tags,
        kind=written.kind,
        share=amounts["share"],
        delay_ticks=round(amounts.get("delay", 0)),
        offset_ticks=round(amounts.get("offset", 0.0) * 1000),
        rate=amounts.get("per_day", 0.0) / _DAY,
        start_tick=start or 0,
        end_tick=end,
        place=place,
    )
