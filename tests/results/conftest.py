"""A tiny run, small enough to know every number by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAN = math.nan
SCENARIO = """
resolved: 1
name: tiny
title: A tiny order
order_cells: 6
calendars:
  always: always
  production: [{from: 0, until: 288000, unit: s}]
buffers:
  cathode.coated_rolls: {kind: lots, holds: mother_roll, capacity: 3, unit: '1'}
stations:
  cathode.coater:
    kind: coater
    title: Cathode coater
    calendar: production
    takes: {slurry: cathode.tank}
    gives: {rolls: cathode.coated_rolls}
    parameters:
      loading_target: {value: 0.2, unit: kg/m2, tag: A, source: sized by hand, origin: default}
      loading_tolerance: {value: 0.05, unit: '1', tag: M, source: <recalled>, origin: 'l.yaml:3'}
    processes:
      coating:
        parameters:
          sigma: {value: 0.04, unit: N/m, tag: V, source: a table, origin: default}
  stacker:
    kind: stacker
    title: Stacker
    takes: {cathode: cathode.coated_rolls}
    gives: {cells: stacked}
    parameters: {}
  filler: {kind: filler, title: Filler, takes: {cells: stacked}, gives: {cells: filled}}
  formation:
    kind: formation
    title: Formation
    takes: {cells: filled}
    gives: {cells: formed}
    parameters:
      parallel_places: {value: 2, unit: '1', tag: D, source: counted, origin: --set}
  grading:
    kind: grading
    title: Grading
    takes: {cells: formed}
    gives: {}
    parameters:
      nominal_capacity: {value: 5.0, unit: A.h, tag: A, source: design, origin: default}
      capacity_limit_a: {value: 0.96, unit: '1', tag: A, source: practice, origin: default}
      capacity_limit_b: {value: 0.85, unit: '1', tag: A, source: practice, origin: default}
      resistance_limit_a: {value: 0.03, unit: Ohm, tag: A, source: practice, origin: default}
"""

Rows = list[tuple[Any, ...]]
EVENTS: Rows = [
    # s, station, event, state, lot, cause, amount
    (0, "cathode.coater", "state", "Execute", "", "", NAN),
    (0, "formation", "state", "Suspended", "", "starved", NAN),
    (100, "formation", "take", "", "tray-1", "", 4.0),
    (100, "formation", "state", "Execute", "", "", NAN),
    (150, "stacker", "give", "", "tray-2", "", 4.0),
    (200, "formation", "take", "", "tray-2", "", 4.0),
    (250, "cathode.coater", "give", "", "cathode.roll-1", "", 50.0),
    (300, "cathode.coater", "failure", "", "", "web break", NAN),
    (300, "cathode.coater", "state", "Aborted", "", "web break", NAN),
    (400, "cathode.coater", "repair", "", "", "web break", NAN),
    (400, "cathode.coater", "state", "Execute", "", "", NAN),
    (500, "cathode.coater", "give", "", "cathode.roll-2", "", 50.0),
    (500, "formation", "give", "", "tray-1", "", 4.0),
    (600, "cathode.coater", "state", "Suspended", "", "starved", NAN),
    (700, "cathode.coater", "state", "Execute", "", "", NAN),
    (700, "formation", "give", "", "tray-2", "", 4.0),
    (700, "formation", "state", "Complete", "", "order released", NAN),
    (800, "cathode.coater", "give", "", "cathode.roll-3", "", 50.0),
    (1000, "cathode.coater", "give", "", "cathode.roll-4", "", 50.0),
    (1000, "cathode.coater", "state", "Complete", "", "order released", NAN),
]
CELLS: Rows = [
    # cell, tray, started s, ended s, status, station, reason, capacity, dcir, discharge_energy
    ("cell-1", "tray-1", 10, 1000, "A", "grading", "", 5.0, 0.020, 60e3),
    ("cell-2", "tray-1", 20, 1100, "A", "grading", "", 5.1, 0.021, 60e3),
    ("cell-3", "tray-1", 30, 1200, "A", "grading", "", 5.2, 0.022, 60e3),
    ("cell-4", "tray-1", 40, 1300, "A", "grading", "", 4.9, 0.023, 60e3),
    ("cell-5", "tray-2", 50, 1400, "B", "grading", "capacity", 4.5, 0.024, 60e3),
    ("cell-6", "tray-2", 60, 1500, "scrap", "grading", "capacity", 4.0, 0.025, 50e3),
    ("cell-7", "tray-2", 70, 200, "scrap", "filler", "under-filled", NAN, NAN, NAN),
    ("cell-8", "tray-2", 80, -1, "in_process", "stacked", "", NAN, NAN, NAN),
]
LEDGER: Rows = [
    ("energy", "electricity", "cathode.coater", "machine", 100e3, "J"),
    ("energy", "heat", "cathode.coater", "process", 300e3, "J"),
    ("energy", "electricity", "building", "building", 200e3, "J"),
    ("material", "cathode.active_material", "cathode.active_material", "in", 10.0, "kg"),
    ("material", "cathode.active_material", "grading", "cells", 6.0, "kg"),
    ("material", "cathode.active_material", "cathode.coater", "scrap", 3.0, "kg"),
    ("material", "cathode.active_material", "cathode.tank", "lost", 0.5, "kg"),
    ("material", "cathode.active_material", "cathode.tank", "in_process", 0.5, "kg"),
]


def columns(names: str, rows: Rows) -> dict[str, list[Any]]:
    """Turn rows into columns."""
    return {name: [row[at] for row in rows] for at, name in enumerate(names.split())}


def in_ticks(table: dict[str, list[Any]], *names: str) -> dict[str, list[Any]]:
    """Turn seconds into ticks; -1 stays."""
    return {
        name: [v if v < 0 else v * 1000 for v in values] if name in names else values
        for name, values in table.items()
    }


def _webs(run: RunWriter) -> None:
    for roll, count, bad in (("cathode.roll-1", 10, {0}), ("anode.roll-1", 5, {1, 2})):
        level = 0.2 if roll.startswith("cathode") else 0.1
        run.add(
            "segments",
            {
                "roll": [roll] * count,
                "segment": list(range(count)),
                "start_m": [10.0 * n for n in range(count)],
                "end_m": [10.0 * (n + 1) for n in range(count)],
                "status": ["scrap" if n in bad else "good" for n in range(count)],
                "reason": ["loading below its window" if n in bad else "" for n in range(count)],
                "station": ["slitter"] * count,
                "tick": [500_000] * count,
                "loading_a": [level * (0.8 if n in bad else 1 + 0.01 * n) for n in range(count)],
                "loading_b": [level] * count,
                "porosity_a": [0.3 + 0.001 * n for n in range(count)],
                "porosity_b": [0.3] * count,
            },
        )


def _links(run: RunWriter) -> None:
    rows: Rows = [
        (f"cell-{n}", "cathode.roll-1", "cathode", 1.0, 10.0 * n, 10.0 * n + 5) for n in range(1, 8)
    ]
    rows += [("cathode.roll-1", "cathode.slurry-1", "slurry", 0.7, NAN, NAN)]
    rows += [("cathode.roll-1", "cathode.slurry-2", "slurry", 0.3, NAN, NAN)]
    table = columns("child parent role share start_m end_m", rows)
    run.add("links", {**table, "relation": ["made_from"] * len(rows)})
    run.add("links", {"child": ["cell-1"], "parent": ["tray-1"], "relation": ["carried_in"]})
    lots: Rows = [
        ("cathode.slurry-1", "slurry_batch", "used", 0, "cathode.tank", 1.5),
        ("cathode.slurry-2", "slurry_batch", "in_process", 60, "cathode.tank", 1.7),
        ("cathode.roll-1", "mother_roll", "used", 100, "slitter", NAN),
    ]
    run.add("lots", in_ticks(columns("lot kind status created place viscosity", lots), "created"))


def write_tiny_run(folder: Path, *, seed: int = 1, speed: float = 1.0, name: str = "tiny") -> Path:
    """Write the tiny run; with another `speed` its cells are graded sooner."""
    text = SCENARIO.replace("name: tiny", f"name: {name}\nseed: {seed}")
    run = RunWriter(folder, {"scenario": name, "seed": seed}, text)
    names = "tick station event state lot cause amount"
    run.add("events", in_ticks(columns(names, EVENTS), "tick"))
    names = "cell tray started ended status station reason capacity dcir discharge_energy"
    cells = in_ticks(columns(names, CELLS), "started", "ended")
    cells["ended"] = [tick if tick < 0 else round(tick / speed) for tick in cells["ended"]]
    run.add("cells", cells)
    run.add("ledger", columns("account item station entry amount unit", LEDGER))
    for second, level, energy in ((0, 0, 0.0), (1000, 3, 50e3), (2000, 1, 100e3)):
        run.add(
            "signals",
            {
                "tick": [second * 1000] * 2,
                "station": ["cathode.coated_rolls", "cathode.coater"],
                "buffer_level": [float(level), NAN],
                "electric_energy": [NAN, energy],
            },
        )
    _webs(run)
    _links(run)
    run.update(end_tick=2_000_000)
    run.finish("complete")
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The folder of a finished tiny run."""
    return write_tiny_run(tmp_path / "tiny")


@pytest.fixture
def tiny_writer() -> Callable[..., Path]:
    """`write_tiny_run`: test folders are no packages, so helpers come as fixtures."""
    return write_tiny_run
