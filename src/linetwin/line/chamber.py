"""A station that holds many lots at once, each for its own time: ovens, stores, formation."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from linetwin.line.equipment import Equipment

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class Chamber(Equipment):
    """The engine; kinds implement `admit`, which says how long a lot stays, and `discharge`.

    `state.job["places"]`: [lot name, due tick, entry tick, watts] per place taken.
    """

    role = ""

    @abstractmethod
    def admit(self, lot: Lot) -> tuple[int, float]:
        """Take a lot in; return the ticks it stays and the mean power it draws [W]."""

    @abstractmethod
    def discharge(self, lot: Lot, stayed_s: float) -> int | None:
        """The lot is due after `stayed_s` seconds: compute what became of it, and it leaves.

        Ticks, not none of them, where it has to stay on for so long.
        """

    @property
    def places(self) -> list[list[str | int | float]]:
        """Lots inside."""
        found: list[list[str | int | float]] = self.state.job.setdefault("places", [])
        return found

    def withdraw(self, name: str) -> None:
        """Take a lot out before it is due: nothing is computed, its place is free."""
        self.places[:] = [place for place in self.places if place[0] != name]
        self.world.calendar.kick(self.name)

    def load(self) -> float:
        """Share of places taken."""
        return len(self.places) / self.value("parallel_places")

    def process_power(self) -> float:
        """Sum of what the lots inside draw [W]."""
        return sum(float(place[3]) for place in self.places)

    def advance(self) -> None:
        """Let out what is due and has room, take in what waits and fits."""
        blocked = self._let_out()
        starved = self._take_in()
        if self.places:
            self.set_mode("Execute", "blocked" if blocked else "")
        elif not self.world.is_open(self.config.calendar):
            self.set_mode("Stopped", "off shift")
        elif starved:
            self.set_mode("Suspended", "starved")

    def _let_out(self) -> bool:
        """Discharge every lot that is due; True when one of them finds no room."""
        output = self.world.buffers[self.config.gives[self.role]]
        for place in list(self.places):
            name, due, entered = str(place[0]), int(place[1]), int(place[2])
            if due > self.world.now or self.world.is_held(name):
                continue
            if not output.has_room(self.name):
                return True
            longer = self.discharge(self.world.lots[name], (self.world.now - entered) / 1000)
            if longer:
                place[1] = self.world.now + longer
                self.wake_at(self.world.now + longer)
                continue
            self.places.remove(place)
            self.give(self.role, name)
            self.drive_machine()
        return False

    def _take_in(self) -> bool:
        """Admit lots while there are places; True when one could be taken but none waits."""
        while len(self.places) < int(self.value("parallel_places")):
            if not self.world.is_open(self.config.calendar):
                return False
            lot = self.take(self.role)
            if lot is None:
                return True
            ticks, watts = self.admit(lot)
            self.places.append([lot.name, self.world.now + ticks, self.world.now, watts])
            self.wake_at(self.world.now + ticks)
            self.set_mode("Execute")
            self.drive_machine()
        return False
