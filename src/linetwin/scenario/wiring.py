"""Whether the parts of a line fit together: buffers, roles, kinds of lots, crews, cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.scenario.problems import nearest
from linetwin.scenario.stations import material_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.schema import LineFile, Station
    from linetwin.scenario.validation import Checked

# The quantity by which a kind of station says that it counts how often an item comes round.
REWORK_COUNTER = "rework_limit"


@dataclass(frozen=True)
class Wiring:
    """Checks one line; `kinds`: station path -> kind, for the stations whose kind is known."""

    line: Checked[LineFile]
    kinds: Mapping[str, Kind]
    lot_kinds: Collection[str]
    calendars: Collection[str]
    problems: Problems

    def check(self) -> None:
        """Note every problem of the wiring."""
        self._paths()
        for path, kind in self.kinds.items():
            station = self.line.model.stations[path]
            self._names(path, station)
            self._roles(path, "takes", station.takes, kind)
            self._roles(path, "gives", station.gives, kind)
            self._materials(path, station, kind)
        for path, buffer in self.line.model.buffers.items():
            if buffer.holds not in self.lot_kinds:
                hint = nearest(buffer.holds, self.lot_kinds)
                place = self._place("buffers", path, "holds")
                self.problems.add(place, f"unknown kind of lot '{buffer.holds}'", hint)
        if self._is_complete():
            self._ends()
            self._cycles()

    def _is_complete(self) -> bool:
        """Say whether every station's wires are known; otherwise a missing end says nothing."""
        if len(self.kinds) < len(self.line.model.stations):
            return False
        gone = [cut[1:] for cut in self.line.cut if cut[0] == "stations"]
        return not any(len(cut) <= 1 or cut[1] in {"takes", "gives"} for cut in gone)

    def _place(self, *path: str) -> Place:
        return self.line.document.place(path)

    def _paths(self) -> None:
        """No station may begin with another's path: addresses could not tell them apart."""
        stations = self.line.model.stations
        for path in stations:
            place = self._place("stations", path)
            if path == "building":
                self.problems.add(place, "'building' is no station's name", "choose another name")
            parents = [other for other in stations if path.startswith(f"{other}.")]
            for parent in parents:
                message = f"begins with the path of another station, '{parent}'"
                self.problems.add(place, message, f"rename it, such as {path.replace('.', '_')}")

    def _names(self, path: str, station: Station) -> None:
        calendar, crew, crews = station.calendar, station.crew, self.line.model.crews
        if calendar not in self.calendars and not self.line.is_cut("calendars", calendar):
            place = self._place("stations", path, "calendar")
            hint = nearest(calendar, self.calendars)
            self.problems.add(place, f"unknown calendar '{calendar}'", hint)
        if crew and crew not in crews and not self.line.is_cut("crews", crew):
            place = self._place("stations", path, "crew")
            self.problems.add(place, f"unknown crew '{crew}'", nearest(crew, crews, "crew"))
        if station.failures and not crew and not self.line.is_cut("stations", path, "crew"):
            place = self._place("stations", path, "crew")
            hint = f"crew: one of {', '.join(crews)}" if crews else "add a crew under crews:"
            self.problems.add(place, "it can fail, but nobody repairs it", hint)

    def _roles(self, path: str, side: str, wired: Mapping[str, str], kind: Kind) -> None:
        roles = kind.takes if side == "takes" else kind.gives
        for role in sorted(roles.keys() - wired.keys() - kind.optional):
            if not self.line.is_cut("stations", path, side):
                message = f"a {kind.name} {side} {roles[role]}: no buffer is named for '{role}'"
                hint = f"write {side}: {{{role}: path.of.a.buffer}}"
                self.problems.add(self._place("stations", path, side, role), message, hint)
        for role, buffer in wired.items():
            place = self._place("stations", path, side, role)
            if role not in roles:
                hint = nearest(role, roles, "role")
                self.problems.add(place, f"a {kind.name} {side} no '{role}'", hint)
            else:
                self._buffer(buffer, roles[role], place)

    def _buffer(self, path: str, lot: str, place: Place) -> None:
        buffers = self.line.model.buffers
        if path not in buffers:
            if not self.line.is_cut("buffers", path):
                hint = nearest(path, buffers, "buffer")
                self.problems.add(place, f"unknown buffer '{path}'", hint)
        elif buffers[path].holds != lot and not self.line.is_cut("buffers", path):
            message = f"buffer '{path}' holds {buffers[path].holds}, needed is {lot}"
            fitting = [name for name, buffer in buffers.items() if buffer.holds == lot]
            hint = f"buffers of {lot}: {', '.join(fitting)}" if fitting else f"holds: {lot}"
            self.problems.add(place, message, hint)

    def _materials(self, path: str, station: Station, kind: Kind) -> None:
        known = self.line.model.materials
        for role in station.materials.keys() - set(kind.materials):
            place = self._place("stations", path, "materials", role)
            hint = nearest(role, kind.materials, "raw material")
            self.problems.add(place, f"a {kind.name} takes no material '{role}'", hint)
        for role in kind.materials:
            name = material_of(path, station, role)
            if name not in known and not self.line.is_cut("materials", name):
                place = self._place("stations", path, "materials", role)
                hint = nearest(name, known, "material")
                self.problems.add(place, f"unknown material '{name}' for '{role}'", hint)

    def _ends(self) -> None:
        """Every buffer is filled and emptied, and filled by stations of one kind only."""
        for path in self.line.model.buffers:
            place = self._place("buffers", path)
            fills, empties = self._users(path, "gives"), self._users(path, "takes")
            if not fills:
                self.problems.add(place, "nobody fills it", "name it under a station's gives")
            if not empties:
                self.problems.add(place, "nobody empties it", "name it under a station's takes")
            first = [name for name in fills if not self._counts(name)]
            if len({self.kinds[name].name for name in first}) > 1:
                hint = "only stations of one kind may share the buffer that they fill"
                self.problems.add(place, f"filled by {' and '.join(first)}", hint)

    def _users(self, buffer: str, side: str) -> list[str]:
        stations = self.line.model.stations
        return [path for path in stations if buffer in getattr(stations[path], side).values()]

    def _counts(self, station: str) -> bool:
        return REWORK_COUNTER in self.kinds[station].parameters

    def _cycles(self) -> None:
        """Material may go round only through a station that counts the rounds."""
        stations = self.line.model.stations
        following = {
            path: sorted(
                {
                    taker
                    for buffer in station.gives.values()
                    for taker in self._users(buffer, "takes")
                    if not self._counts(taker)
                }
            )
            for path, station in stations.items()
            if not self._counts(path)
        }
        for cycle in find_cycles(following):
            way = " -> ".join([*cycle, cycle[0]])
            hint = f"a loop needs a station whose kind has {REWORK_COUNTER}"
            place = self._place("stations", cycle[0], "gives")
            self.problems.add(place, f"material goes round without a rework counter: {way}", hint)


def find_cycles(following: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Return cycles of a directed graph, none sharing a node that has been seen before."""
    done: set[str] = set()
    cycles: list[list[str]] = []
    for root in following:
        trail: list[str] = []
        waiting = [(root, 0)]
        while waiting:
            node, depth = waiting.pop()
            del trail[depth:]
            if node in trail:
                cycles.append(trail[trail.index(node) :])
                continue
            if node in done:
                continue
            done.add(node)
            trail.append(node)
            waiting += [(successor, len(trail)) for successor in following.get(node, ())]
    return cycles
