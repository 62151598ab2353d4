"""The pilot line with other numbers of machines, buffers, failures and defects, drawn at random.

It begins empty, with an order, or filled with stock, for some hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

from linetwin.line.chamber import Chamber
from linetwin.line.kinds import KINDS
from linetwin.scenario import Scenario, load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
PARALLEL = sorted(name for name, kind in KINDS.items() if not issubclass(kind, Chamber))
"""Kinds that work in operations: they may be stopped, maintained, and stand side by side."""
CHAMBERS = sorted(set(KINDS) - set(PARALLEL))


@dataclass(frozen=True)
class Draft:
    """What differs from the pilot line.

    `machines`: kind -> number; `chambers`: kinds of chambers that fail as a whole; `room`: lots in
    every buffer; `between_failures`, `between_stops`: h and min, 0 for as written; `settings`: what
    is set by address; `stock`: how full each place is when a filled line begins, None for empty.
    """

    machines: dict[str, int]
    chambers: frozenset[str]
    room: int
    between_failures: float
    between_stops: float
    service_interval: float
    crew: int
    holds: tuple[dict[str, Any], ...]
    settings: tuple[str, ...]
    cells: int
    seed: int
    stock: dict[str, str | int] | None = None


QUICK = ("cell.ageing.ageing_time=5 h", "cell.soak.soak_time=2 h")
"""Stores are short, so that orders end."""
FEW = (*QUICK, "cell.stacker.tray_size=8")
"""A line full of small trays holds some hundred cells."""
SETTINGS = st.lists(
    st.sampled_from(
        [
            "cathode.coater.loading_target=17 mg/cm2",
            "cathode.coater.pump_ripple=6 %",
            "anode.coater.pump_ripple=6 %",
            "cathode.coater.block_length=7 m",
            "cathode.coater.segment_length=2 m",
            "cathode.slitter.lane_count=1",
            "anode.slitter.knife_life=100 m",
            "cell.stacker.particle_rate=300 1/m2",
            "cell.stacker.offset_deviation=0.6 mm",
            "cell.stacker.tray_size=7",
            "cell.filler.dose_deviation=8 %",
            "cell.ageing.ageing_time=30 h",
            "cell.grading.capacity_limit_a=102 %",
        ]
    ),
    max_size=5,
    unique_by=lambda text: text.partition("=")[0],
)
HOLDS = st.fixed_dictionaries(
    {
        "lot": st.sampled_from(
            ["cathode.active_material-0001", "anode.binder-0001", "cell.separator-0001"]
        ),
        "from": st.sampled_from(["0 h", "9 h", "26 h"]),
        "until": st.sampled_from(["27 h", "40 h"]),
        "then": st.sampled_from(["release", "scrap"]),
    }
)
SHARES = st.sampled_from(["0 %", "15 %", "50 %", "100 %"])
STOCK: st.SearchStrategy[dict[str, str | int]] = st.fixed_dictionaries(
    {},
    optional={
        "buffers": SHARES,
        "tanks": SHARES,
        "chambers": SHARES,
        "cell.ageing": st.one_of(SHARES, st.integers(0, 9)),
        "cell.formation": st.integers(0, 3),
        "anode.vacuum_dryer": st.integers(0, 5),
        "cathode.tank": SHARES,
        "cell.stacked": st.integers(0, 1),
        "rate": st.sampled_from(["30 1/h", "200 1/h"]),
    },
)
LAYOUT: dict[str, st.SearchStrategy[Any]] = {
    "machines": st.dictionaries(st.sampled_from(PARALLEL), st.integers(2, 3), max_size=5),
    "chambers": st.frozensets(st.sampled_from(CHAMBERS), max_size=2),
    "room": st.integers(1, 4),
    "between_failures": st.sampled_from([0.0, 0.5, 4.0]),
    "between_stops": st.sampled_from([0.0, 20.0, 120.0]),
    "service_interval": st.sampled_from([0.0, 1.0, 6.0]),
    "crew": st.integers(1, 3),
    "holds": st.lists(HOLDS, max_size=2).map(tuple),
    "settings": SETTINGS.map(tuple),
    "cells": st.integers(5, 30),
    "seed": st.integers(0, 2**32),
}
DRAFTS = st.builds(Draft, **LAYOUT)
FILLED = st.builds(Draft, **LAYOUT, stock=STOCK)


def scenario_of(draft: Draft, folder: Path) -> Scenario:
    """Write the files of a draft into a folder and load them."""
    yaml = YAML(typ="safe", pure=True)
    line = yaml.load((SCENARIOS / "lines" / "pilot.yaml").read_text("utf-8"))
    order = yaml.load((SCENARIOS / "baseline.yaml").read_text("utf-8"))
    for buffer in line["buffers"].values():
        if buffer.get("kind") != "tank":
            buffer["capacity"] = draft.room
    for station in line["stations"].values():
        _change(station, draft)
    for crew in line["crews"].values():
        crew["size"] = draft.crew
    order["recipe"] = str(SCENARIOS / order["recipe"])
    order["line"] = "line.yaml"
    order["order"] = {"cells": draft.cells}
    order["seed"] = draft.seed
    order["holds"] = [dict(hold) for hold in draft.holds]
    order["limit"] = "6 d"
    order["recording"] = {"interval": "6 h"}
    for key in ("prices", "window", "plan", "duration", "start", "stock"):
        order.pop(key, None)
    if draft.stock is not None:
        del order["order"], order["limit"]
        order |= {"start": "filled", "duration": "8 h", "stock": dict(draft.stock)}
    for name, content in (("line.yaml", line), ("random.yaml", order)):
        with (folder / name).open("w", encoding="utf-8") as stream:
            yaml.dump(content, stream)
    quick = QUICK if draft.stock is None else FEW
    return load(folder / "random.yaml", (*quick, *draft.settings))


def _change(station: dict[str, Any], draft: Draft) -> None:
    """Change one station as the draft says."""
    if station["kind"] in draft.machines:
        station["machines"] = draft.machines[station["kind"]]
    if station["kind"] in draft.chambers:
        times = {"time_between_failures": "6 h", "time_to_repair": "40 min"}
        station["failures"] = {"heater": times}
        station["crew"] = "maintenance"
    if station["kind"] not in PARALLEL:
        return
    for failure in station.get("failures", {}).values():
        if draft.between_failures:
            failure["time_between_failures"] = f"{draft.between_failures} h"
    if draft.between_stops:
        times = {"time_between_stops": f"{draft.between_stops} min", "time_to_clear": "1 min"}
        station["micro_stops"] = {"small": times}
    if draft.service_interval:
        interval = f"{draft.service_interval} h"
        station["maintenance"] = {"care": {"interval": interval, "duration": "20 min"}}
