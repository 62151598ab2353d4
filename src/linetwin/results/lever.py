"""A thing to try, and the settings that try it: ADDRESS=VALUE as `--set` takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.costs import price_list
from linetwin.results.display import name as name_of
from linetwin.results.run_times import planned, settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.results.kpis import Facts

STEP = 0.1
NEARLY_ALWAYS = 0.95
"""From this share of the window on, what a limiting group brings is a bound; below, a guess."""
SEPARATOR = "; "
"""Between the settings of one lever."""
_WHOLE = 10
_DIGITS, _CLOSE = 4, 1e-3
_DAYS_A_YEAR = 365
PLACES = "parallel_places"
# What sets the pace of a kind of station: quantities, and whether more of them is faster.
_PACE: dict[str, tuple[tuple[str, ...], bool]] = {
    "mixer": (("dispersing_time",), False),
    "coater": (("web_speed",), True),
    "rewinder": (("web_speed",), True),
    "calender": (("web_speed",), True),
    "slitter": (("web_speed",), True),
    "notcher": (("web_speed",), True),
    "vacuum_dryer": (("process_time",), False),
    "stacker": (("sheet_cycle_time",), False),
    "soak": (("soak_time",), False),
    "pre_charge": (("pre_charge_rate",), True),
    "formation": (("parallel_places",), True),
    "ocv_test": (("rest_time",), False),
    "ageing": (("ageing_time",), False),
}
_STAY = {"formation": (("charge_rate", "discharge_rate"), True)}
"""What shortens the stay where more places make room for more, but none faster."""
_MIND = {
    "mixer": "agglomerates may stay coarser",
    "coater": "adhesion falls and start-up waste grows with speed",
    "vacuum_dryer": "more moisture may stay in the rolls",
    "soak": "cells may be wetted less",
    "formation": "a faster charge costs capacity and may plate lithium",
    "ocv_test": "the voltage has relaxed less when it is read",
    "ageing": "soft shorts show less in a shorter time",
}
_LESS, _MORE = 0.5, 2.0
# What to set where cells or web are scrapped for a reason: kind of station, quantities, factor.
_SCRAP: dict[str, tuple[str, tuple[str, ...], float]] = {
    "start-up of the coater": ("coater", ("startup_length", "settling_time"), _LESS),
    "splice": ("coater", ("splice_length",), _LESS),
    "batch change": ("coater", ("batch_change_length",), _LESS),
    "web break": ("coater", ("web_break.time_between_failures",), _MORE),
    "streak of agglomerates": ("mixer", ("dispersing_time",), 1 + STEP),
    "loading below its window": ("coater", ("gap_drift",), _LESS),
    "loading above its window": ("coater", ("gap_drift",), _LESS),
    "porosity below its window": ("calender", ("line_load",), 0.95),
    "porosity above its window": ("calender", ("line_load",), 1.05),
    "residual solvent": ("coater", ("web_speed",), 0.95),
    "moisture": ("vacuum_dryer", ("process_time",), 1 + STEP),
    "self-discharge": ("stacker", ("particle_rate",), _LESS),
    "hard short found by HiPot test": ("stacker", ("particle_rate",), _LESS),
    "cathode edge without anode": ("stacker", ("offset_deviation",), _LESS),
    "cold weld": ("tab_welder", ("cold_weld.rate",), _LESS),
    "weld spatter": ("tab_welder", ("weld_spatter.rate",), _LESS),
    "too little electrolyte": ("filler", ("electrolyte_dose",), 1.02),
    "too little electrolyte left": ("filler", ("electrolyte_dose",), 1.02),
    "not wetted": ("soak", ("soak_time",), 1 + STEP),
    "destructive test": ("", ("sample_interval",), _MORE),
}


# What a loss of time is set by: settings of the station, else of each entry of a section of it.
_LOSS = {
    "setting up": ("", ("changeover_time", "unload_time", "die_cleaning_time")),
    "failed": ("failures", ("time_to_repair",)),
    "micro-stop": ("micro_stops", ("time_to_clear",)),
}


@dataclass(frozen=True)
class Lever:
    """One thing to try; effects a day, None where they cannot be told.

    `setting`: ADDRESS=VALUE, several parted by SEPARATOR, "" where no one quantity does it.
    `at_most`: the effects are bounds, for other stations may hold the gain up.
    """

    what: str
    why: str
    formula: str
    cells_per_day: float | None = None
    energy_per_day: float | None = None
    money_per_day: float | None = None
    sooner: float | None = None
    setting: str = ""
    at_most: bool = False


def pace(facts: Facts, group: str, *, stay: bool = False) -> tuple[str, str, float]:
    """Return words, settings, and what becomes of the time a piece of work takes, as a factor.

    A tenth more of a speed, a tenth less of a time; `stay`: of what sets the time of one lot.
    Words and settings are empty where no known quantity does it.
    """
    kind = facts.plan.kind(group)
    quantities, faster = _PACE.get(kind, (("cycle_time",), False))
    if stay and kind in _STAY:
        quantities, faster = _STAY[kind]
    factor = 1 + STEP if faster else 1 - STEP
    station = facts.plan.members.get(group, [group])[0]
    parameters = facts.plan.stations.get(station, {}).get("parameters") or {}
    found = [_scaled(f"{group}.{name}", parameters.get(name), name, factor) for name in quantities]
    if not all(found):
        return "", "", 1 - STEP
    words = f" ({', '.join(name_of(name) for name in quantities)})"
    return (
        words,
        SEPARATOR.join(found),
        _shortened(facts, station, quantities[0], factor, faster=faster),
    )


@dataclass(frozen=True)
class Purchase:
    """Places to buy for a tenth more: how many, where, and their depreciation a day if priced."""

    group: str
    places: int
    depreciation: float | None
    currency: str

    @property
    def told(self) -> str:
        """What it costs a day, or that no price is known."""
        if self.depreciation is None:
            return f"{self.places:,} places, of which the prices tell no depreciation"
        return (
            f"{self.places:,} places cost {display.plain(self.depreciation)} {self.currency} a day "
            "of depreciation"
        )


def limiting(shares: Mapping[str, Mapping[str, float]], groups: Iterable[str]) -> float:
    """Return for which share of the window one of these groups limited, alone or with another."""
    return min(1.0, sum(sum((shares.get(group) or {}).values()) for group in groups))


def purchase(facts: Facts, group: str) -> Purchase | None:
    """Return what is bought where more places make a group faster; None where none are."""
    kind = facts.plan.kind(group)
    if _PACE.get(kind, ((), True))[0] != (PLACES,):
        return None
    stations = facts.plan.members.get(group, [group])
    has = facts.plan.number(stations[0], PLACES)
    if not has:
        return None
    more = len(stations) * (round(has * (1 + STEP)) - round(has))
    listed = price_list(facts)
    lasting = listed.number("capital", "depreciation_time", "value") if listed else None
    name = next((n for n in (stations[0], group, kind) if listed and listed.per_place(n)), None)
    price = listed.number("equipment", name) if listed and name else None
    cost = more * price / (lasting * _DAYS_A_YEAR) if price is not None and lasting else None
    return Purchase(group, more, cost, listed.currency if listed else "")


def faster(facts: Facts, group: str) -> str:
    """Say what a tenth more pace is at a group in an order: more speed, or less of a time."""
    station = facts.plan.members.get(group, [group])[0]
    _, more = _STAY.get(facts.plan.kind(group), _PACE.get(facts.plan.kind(group), ((), True)))
    many = (facts.plan.number(station, PLACES) or 1) > 1
    if many and more:
        return f"a tenth more current in {name_of(group)}"
    if many:
        return f"a tenth less time in {name_of(group)}"
    return f"make {name_of(group)} a tenth faster"


def quicker(facts: Facts, groups: list[str]) -> str:
    """Say what a tenth more pace takes at groups, each by itself: what to set, or to buy."""
    said = []
    for group in groups:
        bought = purchase(facts, group)
        if bought:
            said.append(f"buy {bought.places:,} more places (10 %) for {name_of(group)}")
        else:
            said.append(f"make {name_of(group)} 10 % faster{pace(facts, group)[0]}")
    return " and ".join(said)


def mind(facts: Facts, group: str, *, stay: bool = True) -> str:
    """Say what a faster process may cost, for a simulation to show; "" where nothing is known.

    `stay`: the time of one lot is shortened; else, where places make room, there are more of them.
    """
    kind = facts.plan.kind(group)
    warning = _MIND.get(kind) if stay or kind not in _STAY else None
    return f"; mind that {warning}" if warning else ""


def _shortened(facts: Facts, station: str, quantity: str, factor: float, *, faster: bool) -> float:
    """Return the planned time of a piece of work with a setting scaled, over that without."""
    kind, of = facts.plan.kind(station), settings(facts.plan, station)
    if quantity not in of:
        return 1 / factor if faster else factor
    events = facts.events
    taken = events["amount"][events["station"].eq(station) & events["event"].eq("take")]
    amount = float(taken.median()) if len(taken) else 1.0
    changed = {**of, quantity: of[quantity] * factor}
    return planned(kind, changed, amount) / planned(kind, of, amount)


def against_scrap(facts: Facts, place: str, reason: str) -> str:
    """Return the settings to try against a reason of scrap found at a place; "" for none known."""
    for each in reason.split("; "):
        if each not in _SCRAP:
            continue
        kind, addresses, factor = _SCRAP[each]
        part = place.split(".", maxsplit=1)[0]
        groups = [
            group
            for group in facts.plan.members
            if (facts.plan.kind(group) == kind and group.split(".")[0] == part) or group == place
        ]
        for group in groups:
            station = facts.plan.members[group][0]
            found = [
                _scaled(f"{group}.{address}", _entry(facts, station, address), address, factor)
                for address in addresses
            ]
            if any(found):
                return SEPARATOR.join(filter(None, found))
    return ""


def against_loss(facts: Facts, group: str, loss: str) -> str:
    """Return the settings that halve a loss of time of a group; "" for none known."""
    section, quantities = _LOSS[loss]
    station = facts.plan.members.get(group, [group])[0]
    entries = facts.plan.stations.get(station, {}).get(section) or {}
    named = [str(name).replace(" ", "_") for name in entries]
    parts = [f"{name}." for name in named] if section else [""]
    found = [
        _scaled(f"{group}.{part}{name}", _entry(facts, station, f"{part}{name}"), name, _LESS)
        for part in parts
        for name in quantities
    ]
    return SEPARATOR.join(filter(None, found))


def _entry(facts: Facts, station: str, address: str) -> Any:  # noqa: ANN401 - YAML
    """Return what the scenario holds at an address within a station; None for nothing."""
    about = facts.plan.stations.get(station, {})
    first, _, rest = address.partition(".")
    if not rest:
        return (about.get("parameters") or {}).get(first)
    for section in ("defects", "failures", "micro_stops"):
        for name, entry in (about.get(section) or {}).items():
            if str(name).replace(" ", "_") == first and isinstance(entry, dict):
                return entry.get(rest)
    return None


def _scaled(address: str, parameter: Any, quantity: str, factor: float) -> str:  # noqa: ANN401
    """Return ADDRESS=VALUE with the value scaled; "" for no number, or for one that is nothing."""
    if not isinstance(parameter, dict) or not isinstance(parameter.get("value"), (int, float)):
        return ""
    value = float(parameter["value"]) * factor
    if not value:
        return ""
    unit = str(parameter.get("unit", "1"))
    if unit == "1" and value > _WHOLE:
        return f"{address}={round(value)}"
    quantity = quantity.rsplit(".", maxsplit=1)[-1]
    return f"{address}={_written(value, unit, quantity)}"


def _written(value: float, unit: str, quantity: str) -> str:
    """Return a number as a person would write it: few digits, with a unit that suits it."""
    if unit == "s":
        lengths = {"d": 86_400.0, "h": 3600.0, "min": 60.0}
        named, length = next(((n, s) for n, s in lengths.items() if value >= 2 * s), ("s", 1.0))
        return f"{_short(value / length)} {named}"
    entry = display.entry_of(quantity)
    if entry is None or entry.unit != unit:
        return f"{_short(value)} {'' if unit == '1' else unit}".strip()
    found = display.scale(quantity)
    return f"{_short(found.factor * value + found.offset)} {found.unit}".strip()


def _short(number: float) -> str:
    """Return a number with two digits, or as many more, up to four, as it takes to be itself."""
    for digits in range(2, _DIGITS):
        rounded = float(f"{number:.{digits}g}")
        if abs(rounded - number) <= _CLOSE * abs(number):
            return f"{rounded:g}"
    return f"{float(f'{number:.{_DIGITS}g}'):g}"
