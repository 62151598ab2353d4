"""A twin's line goes on by itself: nobody leads it any more, what its plant told is drawn.

Estimated parameters hold. Failures, micro-stops and maintenance, which a led line has none of, are
drawn from now on: times to failure are exponential, so that nothing is lost by not knowing when the
last was; of maintenance each machine is somewhere in its interval. A machine that the plant told to
be Aborted is repaired first, of the failure that takes most of its time. Buffers hold what the line
file says; one that holds more is emptied first.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from linetwin.line import run as engine
from linetwin.line.fork import branch
from linetwin.line.kinds.web import link_many
from linetwin.line.lots import Lot
from linetwin.line.stock import ROOT
from linetwin.line.world import live_parameters

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from linetwin.line.equipment import Equipment
    from linetwin.line.world import Parameter, Sink, World
    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.twin.advising.kept import Kept

_ABORTED = "Aborted"
_INSIDE = "in_process"


def leave(
    world: World, kept: Kept, origin: Scenario, asked: Collection[str] = ()
) -> dict[str, Parameter]:
    """Put a newly made world into the state of a led line, and let it go on alone.

    All random streams begin with the seed of the world's scenario. `asked`: addresses that the
    user sets, which hold although the plant has set others. Returns what the plant has set
    otherwise than the twin's scenario. ScenarioError for what cannot be changed on the way.
    """
    mark = branch(world, kept.line, origin, reseed=True)
    states = {name: told["state"] for name, told in mark["leader"]["told"].items()}
    wanted = live_parameters(world.scenario)
    for address in asked:
        if address in wanted and world.parameters[address] != wanted[address]:
            world.override(address, wanted[address])
    for unit in world.equipment():
        _plan_stops(unit)
        if states.get(unit.name) == _ABORTED:
            _break_down(unit)
        world.calendar.kick(unit.name)
    return {
        address: value
        for address, value in world.parameters.items()
        if address in wanted and wanted[address] != value
    }


def _plan_stops(unit: Equipment) -> None:
    """Draw stops from now on; what was worked since the last look is not to count towards them."""
    unit.plan_stops(part_used=True)
    state = unit.state
    used = unit.world.now - state.began if state.began >= 0 else 0
    for cause in state.to_failure:
        state.to_failure[cause] += math.ceil(used * state.hazard)
    for cause in state.to_service:
        state.to_service[cause] += used


def _break_down(unit: Equipment) -> None:
    """Let a machine at work be under repair; one that has nothing in hand goes on."""
    state, cause = unit.state, _likely(unit.config)
    is_at_work = state.phase == "work" or bool(state.job.get("places"))
    if cause and is_at_work and unit.config.crew in unit.world.crews:
        state.failure, state.phase = cause, "ask"
        state.stopped = unit.world.now if state.stopped < 0 else state.stopped


def _likely(config: StationConfig) -> str:
    """Return the failure that takes most of a machine's time, "" where it has none."""
    lost = {
        each.cause: each.time_to_repair.number / each.time_between_failures.number
        for each in config.failures
    }
    return max(lost, key=lambda cause: lost[cause], default="")


# ------------------------------------------------------------------------------------- its books
class Books:
    """A sink that keeps the books of a line from now on, as of one that started filled.

    What is in the line now is stock; what was bought, used and lost before does not count.
    """

    def __init__(self, onward: Sink) -> None:
        self._onward = onward
        self._before: dict[tuple[str, str, str, str], tuple[float, str]] = {}

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows; of the ledger what has been booked since."""
        if table != "ledger":
            self._onward.add(table, columns)
            return
        booked = _booked(columns)
        for key, (amount, unit) in self._before.items():
            inside = key[-1] == _INSIDE
            target = (*key[:-1], ROOT) if inside else key
            there = booked.get(target, (0.0, unit))[0]
            booked[target] = there + (amount if inside else -amount), unit
        self._onward.add("ledger", _rows(booked))

    def open(self, world: World) -> None:
        """Take stock of a line that writes to these books: every lot and cell comes from it."""
        seen = _look(world)
        self._before = _booked(seen["ledger"])
        for unit in world.equipment():
            state = unit.state
            world.log_event(unit.name, "state", state=state.mode, cause=state.cause)
        if ROOT not in world.lots:
            world.lots.add(Lot(ROOT, ROOT, ROOT, world.now, 1.0, "1", ROOT))
        link_many(
            world, [lot.name for lot in world.lots.open_lots() if lot.name != ROOT], ROOT, ROOT
        )
        details = {"relation": "carried_in", "amount": 1.0, "amount_unit": "1"}
        if cells := seen["cells"].get("cell"):
            link_many(world, cells, seen["cells"]["tray"], "tray", **details)
        world.end_lot(ROOT, "used", ROOT)


class _Seen:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        for name, values in columns.items():
            self.tables[table][name] += list(values)


def _look(world: World) -> dict[str, dict[str, list[Any]]]:
    """Return what would be written if the line ended now; it is left as it was."""
    seen, sink, ledger = _Seen(), world.sink, world.ledger.save()
    world.sink = seen
    try:
        engine.close(world)
    finally:
        world.sink = sink
        world.ledger.load(ledger)
    return seen.tables


def _booked(
    columns: Mapping[str, Sequence[Any]],
) -> dict[tuple[str, str, str, str], tuple[float, str]]:
    names = ("account", "item", "station", "entry", "amount", "unit")
    rows = zip(*(columns[name] for name in names), strict=True)
    return {(str(a), str(i), str(s), str(e)): (amount, unit) for a, i, s, e, amount, unit in rows}


def _rows(booked: Mapping[tuple[str, str, str, str], tuple[float, str]]) -> dict[str, list[Any]]:
    names = ("account", "item", "station", "entry")
    found: dict[str, list[Any]] = {
        name: [key[place] for key in booked] for place, name in enumerate(names)
    }
    found["amount"] = [amount for amount, _ in booked.values()]
    found["unit"] = [unit for _, unit in booked.values()]
    return found
