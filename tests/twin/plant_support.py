"""A plant on doubles: played as fast as it goes up to an instant, then held there."""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neighbours import module_of
from small_server import free_port

from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.outbox import Outbox
from linetwin.twin.plant.panel import Panel
from linetwin.twin.plant.playing import Parts, play
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.server import Opening, PlantServer
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.policies import NONE, SECURE
from linetwin.twin.security.serving import Guard
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.plant.carrying import HiddenRow
    from linetwin.twin.plant.model import InformationModel
    from linetwin.twin.plant.requests import Answer

HOUR = 3_600_000
MINUTE = 60_000
PATIENCE_S = 60.0
of_line = functools.partial(module_of, "line")
"""Import a module of the line's tests: its doubles, and the pilot line on them."""


def scenario_of(*overrides: str, **changes: Any) -> Scenario:  # noqa: ANN401
    """Return the pilot line with a record every ten minutes; `changes`: fields of it."""
    fields = {"recording_ticks": 10 * MINUTE} | changes
    found: Scenario = of_line("line_support").pilot(60, *overrides, **fields)
    return found


@dataclass
class Held:
    """A pace that lets a line run freely up to `until`, and holds it until that is moved on."""

    until: int
    factor: float = 1.0
    reached: threading.Event = field(default_factory=threading.Event)

    def begin(self, tick: int) -> None:
        """Nothing is scheduled."""

    def wait_for(self, tick: int, may_go_on: Callable[[], bool]) -> bool:
        """Wait where the line has come to its end of the way."""
        if tick <= self.until:
            return False
        self.reached.set()
        while tick > self.until and may_go_on():
            time.sleep(0.005)
        return True


class Rows:
    """A sink that keeps rows as dictionaries, by table: the truth."""

    def __init__(self) -> None:
        self.memory = of_line("line_support").Memory()

    def add(self, table: str, columns: Any) -> None:  # noqa: ANN401  a table's columns
        """Append rows."""
        self.memory.add(table, columns)

    def of(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        found: list[dict[str, Any]] = self.memory.rows[table]
        return found


def panelled(scenario: Scenario) -> tuple[World, Panel, Rows, InformationModel]:
    """Return a line on doubles, not begun, whose sink is a panel before the truth."""
    rows, model = Rows(), information_model(scenario)
    panel = Panel(model, scenario, rows, scenario.plant.starved_after)
    world = of_line("line_support").make_world(scenario, panel)
    world.on_reading = panel.read
    return world, panel, rows, model


def guard_of(folder: Path, *, anonymous: bool = False, insecure: bool = False) -> Guard:
    """Return a guard with a certificate made for it."""
    place = SecurityFolder(folder)
    identity = create_identity(place, Wish("plant"))
    policies = (*SECURE, NONE) if insecure else SECURE
    return Guard(identity, Trust(place), Users(place.users), policies, anonymous=anonymous)


@dataclass
class Running:
    """A plant that is played in a thread, held at an instant; `end` closes everything."""

    scenario: Scenario
    guard: Guard
    until: int
    opens: int = 0
    nodesets: Path | None = None
    port: int = field(default_factory=free_port)
    answers: list[Answer] = field(default_factory=list)
    hidden: list[HiddenRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world, self.panel, self.rows, self.model = panelled(self.scenario)
        self.pace = Held(self.until)
        self.outbox = Outbox(self.model)
        opening = Opening(self.endpoint, self.guard, 0.02, self.nodesets)
        self.server = PlantServer(self.model, opening, self.outbox)
        nodes = [tag.node for tag in self.model.tags()]
        carrier = Carrier(nodes, self.scenario.plant.hides, self.scenario.seed)
        self._parts = Parts(
            self.world, self.panel, carrier, self.outbox, self.server, Clerk(self.model)
        )
        self._parts.hidden = self.hidden.extend
        self._parts.answered = self.answers.append
        self._ending = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._play, name="line")

    @property
    def endpoint(self) -> str:
        """Where the server listens."""
        return f"opc.tcp://127.0.0.1:{self.port}/plant"

    def begin(self) -> Running:
        """Open the server and let the line run to the instant at which it is held."""
        self.server.start()
        self._thread.start()
        until(lambda: self.pace.reached.is_set() or bool(self._failed))
        if self._failed:
            raise self._failed[0]
        return self

    def end(self) -> None:
        """End line and server."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_S)
        self.server.stop()
        if self._failed:
            raise self._failed[0]

    def _play(self) -> None:
        try:
            play(self._parts, self.pace, self.opens, lambda: not self._ending.is_set(), _nothing)
        except Exception as error:  # noqa: BLE001  told by the test's own thread
            self._failed.append(error)


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, with generous patience; AssertionError where it does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def with_plant(scenario: Scenario, **changes: Any) -> Scenario:  # noqa: ANN401
    """Return a scenario whose section `plant` has other fields."""
    return replace(scenario, plant=replace(scenario.plant, **changes))


def _nothing() -> None:
    """Show nothing."""
