"""A line that starts filled: stock in every buffer, tank and chamber, drawn from a template run.

A stock lot has no parents in the run: it is linked to the lot `stock`, and its materials are booked
under the entry `stock`. Cells are drawn anew from the pool of all template cells of the place, by
weight, so no two trays are alike and defects are as frequent as configured (`line/rarities.py`);
errors of readings are drawn for themselves (`line/lots.py`). Ticks before the run are negative.

Where the scenario says nothing, places hold what they hold once the line has long been running, at
the hours of the week in which the run begins (`line/arrivals.py`): a chamber what has come during
its stay; a buffer before a slower part of the line is full, one behind it holds a lot, for that in
the machine; between paces that are alike, and in tanks, half. A buffer of trays behind a chamber is
empty, unless trays are slower from there on: or the first hours would give more than the line can.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.line.arrivals import Arrivals
from linetwin.line.chamber import Chamber
from linetwin.line.kinds.cells import PENDING
from linetwin.line.kinds.grading import GRADED
from linetwin.line.kinds.web import CONTENT, link_many
from linetwin.line.lots import CLOCKS, Dormant, Lot
from linetwin.line.materials import contents_of
from linetwin.line.template import Templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.line.template import Template
    from linetwin.line.world import World

ROOT = "stock"
"""The lot that stands for everything that was in the line when the run began; also its role."""
DEFAULT_SHARE = 0.5
"""Part of a tank, or of a buffer between paces that are alike, that is full [A]."""

_SHOWN = 4
"""Places that an error names, the first that nothing reached."""
ANEW = {"exposed_since": 0.0, "humidity_exposure": 0.0}
"""Properties that count from the beginning of a run: the template's clock is not the run's."""


@dataclass
class Filled:
    """What a line was filled with."""

    cells_per_hour: float
    limited_by: str
    lots: dict[str, int] = field(default_factory=dict)
    cells: int = 0

    def report(self) -> dict[str, Any]:
        """Return plain data for a manifest."""
        return dict(vars(self))


def fill(world: World) -> Filled:
    """Put stock into a line that has not begun; runs a template of it first.

    ScenarioError where no cells come through that, so that nothing tells what stock looks like.
    """
    templates = Templates(world)
    templates.run()
    _check(templates)
    return _Filler(world, templates).fill()


def _check(templates: Templates) -> None:
    """Raise a ScenarioError where a template run has no cells, or no pace."""
    if templates.tray_size and math.isfinite(templates.rate().cells_per_s):
        return
    unreached = templates.unreached()
    shown = ", ".join(unreached[:_SHOWN]) + (", ..." if len(unreached) > _SHOWN else "")
    message = (
        "a line with these models and settings cannot start filled: in a run of "
        f"{templates.days:.3g} days, from which its stock would be drawn, no tray of cells came to "
        f"any place{f'; nothing reached {shown}' if shown else ''}"
    )
    hint = "start: empty records where material is scrapped, and why"
    raise ScenarioError([Problem(message, "start", hint)])


class _Filler:
    """Fills place after place."""

    def __init__(self, world: World, templates: Templates) -> None:
        self._world = world
        self._templates = templates
        self._config = world.scenario.stock
        rate = templates.rate()
        self._rate = self._config.rate or rate.cells_per_s
        limited = "as written" if self._config.rate else rate.limited_by
        self._filled = Filled(self._rate * 3600, limited)
        self._arrivals = Arrivals(world.scenario, templates.paces(), self._stay_s)
        self._odds: dict[str, np.ndarray] = {}
        self._examples: dict[str, list[Template]] = {}
        self._chambers = {
            unit.name: unit for unit in world.equipment() if isinstance(unit, Chamber)
        }

    def fill(self) -> Filled:
        """Fill tanks, buffers and chambers."""
        world = self._world
        world.lots.add(Lot(ROOT, ROOT, ROOT, world.now, 1.0, "1", ROOT))
        for path in world.tanks:
            self._fill_tank(path)
        for path, buffer in world.buffers.items():
            wanted = self._config.lots.get(path, self._lots_in(path))
            for number in range(min(buffer.capacity, wanted)):
                template = self._template(path, number)
                if template is not None:
                    buffer.lots.append(self._copy(template, path, path, stayed=0).name)
        families: dict[str, list[Chamber]] = {}
        for unit in self._chambers.values():
            families.setdefault(unit.config.family, []).append(unit)
        for machines in families.values():
            self._fill_chambers(machines)
        world.end_lot(ROOT, "used", ROOT)
        return self._filled

    def _stay_s(self, family: str) -> float:
        """Return the time that a lot stays in a family of chambers [s], 0 for other stations."""
        first = self._world.scenario.stations_of(family)[0].path
        return self._templates.stay_s(first) if first in self._chambers else 0.0

    def _lots_in(self, path: str) -> int:
        """Return how many lots a buffer is to hold, if no number is written."""
        buffer = self._world.scenario.buffers[path]
        if buffer.holds == GRADED:
            return 0  # its cells are finished: they have rows and grades already
        if path in self._config.shares:
            return round(self._config.shares[path] * buffer.capacity)
        pressure = self._arrivals.pressure(path)
        if pressure > 0:
            return int(buffer.capacity)
        chambers = [unit.config for unit in self._chambers.values()]
        if buffer.holds == "tray" and any(path in each.gives.values() for each in chambers):
            return 0
        return 1 if pressure < 0 else round(DEFAULT_SHARE * buffer.capacity)

    def _fill_tank(self, path: str) -> None:
        tank = self._world.tanks[path]
        level = self._config.shares.get(path, DEFAULT_SHARE) * tank.capacity
        while tank.level < level * (1 - 1e-9):
            template = self._template(path, len(tank.batches))
            if template is None:
                return
            lot = self._copy(template, path, path, stayed=0, most=level - tank.level)
            tank.fill(lot.name, lot.amount)

    def _fill_chambers(self, machines: list[Chamber]) -> None:
        """Fill like chambers so that their lots fall due one machine after the other."""
        source = machines[0].name  # the template run had the first machine only
        at = self._world.now
        for which, chamber in enumerate(machines):
            for number, age in enumerate(self._ages(chamber, machines, which)):
                template = self._template(source, number)
                if template is None:
                    break
                due, entered, watts = template.entry
                left = max(1, due - entered - age)
                lot = self._copy(template, chamber.name, source, stayed=age)
                if template.lot.items:  # what a tray draws, its cells draw
                    watts = watts * lot.items / template.lot.items
                chamber.places.append([lot.name, at + left, at - age, watts])
                chamber.wake_at(at + left)

    def _ages(self, chamber: Chamber, machines: list[Chamber], which: int) -> list[int]:
        """Return for how long each lot has been in a chamber, longest first [ticks].

        As many as written: as old as written, the older ones evenly up to their stay. Else as they
        have come to the machines in turn.
        """
        source, count = machines[0].name, 0
        places = int(chamber.value("parallel_places"))
        stay = self._templates.stay_s(source)
        if chamber.name in self._config.lots:
            count = min(places, self._config.lots[chamber.name])
        elif chamber.name in self._config.shares:
            count = round(self._config.shares[chamber.name] * places)
        elif cells := self._templates.cells_per_lot(source):
            came = self._arrivals.ages(chamber.config, chamber.role, cells / self._rate)
            ages = list(islice(came, which, places * len(machines), len(machines)))
            return [round(age * 1000) for age in reversed(ages)]
        known = self._config.ages.get(chamber.name, ())[:count]
        rest = count - len(known)
        from_s = min(known[-1] / 1000, stay) if known else 0.0
        parts = [(number + (which + 0.5) / len(machines)) / rest for number in range(rest)]
        return [round(((1 - part) * (stay - from_s) + from_s) * 1000) for part in parts] + [
            *reversed(known)
        ]

    def _template(self, source: str, number: int) -> Template | None:
        """Return the examples of a place in turn."""
        if source not in self._examples:
            self._examples[source] = self._templates.taps[source].examples()
        found = self._examples[source]
        return found[number % len(found)] if found else None

    def _copy(
        self, template: Template, place: str, source: str, *, stayed: int, most: float = np.inf
    ) -> Lot:
        """Open a stock lot like a template that has lain at `place` for `stayed` ticks.

        `most`: kg of a slurry batch at most.
        """
        world, old = self._world, template.lot
        before, _, after = re.fullmatch(r"(.*?)-(\d+)(.*)", old.name).groups()  # type: ignore[union-attr]
        created = world.now - stayed - (template.tick - old.created)
        name = world.lots.name(before) + after
        share = min(1.0, most / old.amount) if old.content else 1.0
        lot = world.lots.add(
            Lot(name, old.kind, old.maker, created, old.amount * share, old.unit, place)
        )
        lot.properties = {name: ANEW.get(name, value) for name, value in old.properties.items()}
        lot.content = {material: kg * share for material, kg in old.content.items()}
        if old.kind == "tray":
            self._place_cells(lot, source, stayed)
        else:
            lot.columns = {quantity: values.copy() for quantity, values in old.columns.items()}
            self._book({**lot.content, **contents_of(lot)}, place)
        link_many(world, [name], ROOT, ROOT)
        self._filled.lots[place] = self._filled.lots.get(place, 0) + 1
        return lot

    def _place_cells(self, tray: Lot, source: str, stayed: int) -> None:
        """Let a tray hold cells drawn from the pool of the place, as many as get so far."""
        world, chance = self._world, self._templates.driver
        pool, size = self._pool(source), self._templates.tray_size
        arriving = self._templates.cells_per_lot(source) / size
        places = chance.uniform("stock", f"places of {source}", size)
        count = max(1, int((places < arriving).sum()))
        draws = chance.uniform("stock", source, count)
        rows = np.searchsorted(self._odds[source], draws, side="right").astype("<i4")
        first = world.lots.number("cell", count)
        tray.put_to_sleep(Dormant(source, rows.tobytes(), first, -stayed), pool)
        contents = {
            name.removeprefix(CONTENT): float(values[rows].sum())
            for name, values in pool.items()
            if name.startswith(CONTENT)
        }
        self._book(contents, tray.place)
        names = [f"cell-{number:06d}" for number in range(first, first + count)]
        details = {"relation": "carried_in", "amount": 1.0, "amount_unit": "1"}
        link_many(world, names, tray.name, "tray", **details)
        self._filled.cells += count
        world.counts["started"] += count
        if "capacity" in pool or PENDING + "capacity" in pool:
            world.counts["in formation or past it"] += count

    def _pool(self, source: str) -> dict[str, np.ndarray]:
        """Return the cells of all templates of a place; `CLOCKS` count from the template."""
        pools = self._world.lots.pools
        if source not in self._odds:
            trays = [each for each in self._templates.taps[source].templates if each.lot.items]
            columns: list[Mapping[str, np.ndarray]] = [
                {
                    name: values - each.tick if name in CLOCKS else values
                    for name, values in each.lot.columns.items()
                }
                for each in trays
            ]
            pools[source] = {
                name: np.concatenate([each[name] for each in columns])
                for name in columns[0]
                if all(name in each for each in columns)
            }
            weights = np.cumsum(self._templates.driver.weight(pools[source]["number"]))
            self._odds[source] = weights[:-1] / weights[-1]
        return pools[source]

    def _book(self, contents: Mapping[str, float], place: str) -> None:
        self._world.ledger.book(dict(contents), place, "stock", self._world.material_units)
