"""What depends on what at one instant: algebraic loops, and the order in which values pass on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.cosim.groups.definition import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.cosim.groups.definition import Connection, Member


class Dependence:
    """Outputs and inputs at one instant: an input is its source, an output what it lets through."""

    def __init__(
        self,
        members: Sequence[Member],
        connections: Iterable[Connection],
        given: Iterable[Terminal] = (),
    ) -> None:
        """Take members and connections; `given` inputs have a source outside the group."""
        self._members = {member.name: member for member in members}
        self._sources = {connection.target: connection.source for connection in connections}
        self._given = frozenset(given)
        self._inputs: dict[Terminal, list[Terminal]] = {}
        self._ranks: dict[Terminal, int] = {}
        self._rank(self._sources.values())

    def _through(self, output: Terminal) -> list[Terminal]:
        """Return the inputs with a source that an output lets through, in a stable order."""
        if output not in self._inputs:
            names = sorted(self._members[output.member].feedthrough(output.variable))
            found = [Terminal(output.member, name) for name in names]
            self._inputs[output] = [t for t in found if t in self._sources or t in self._given]
        return self._inputs[output]

    def _before(self, output: Terminal) -> list[Terminal]:
        """Return the outputs that have to be known first."""
        return [self._sources[t] for t in self._through(output) if t in self._sources]

    def _rank(self, outputs: Iterable[Terminal]) -> None:
        """Rank outputs: 0 where one depends on no input with a source, else 1 + what it needs."""
        waiting = [output for output in dict.fromkeys(outputs) if output not in self._ranks]
        while waiting:
            ready = [o for o in waiting if all(b in self._ranks for b in self._before(o))]
            if not ready:
                return
            for output in ready:
                before = [self._ranks[b] for b in self._before(output)]
                self._ranks[output] = 1 + max(before, default=0) if self._through(output) else 0
            waiting = [output for output in waiting if output not in self._ranks]

    def loop(self) -> list[Terminal]:
        """Return an algebraic loop in the signals' direction, from an output back to it, or []."""
        stuck = [o for o in dict.fromkeys(self._sources.values()) if o not in self._ranks]
        if not stuck:
            return []
        path = [stuck[0]]
        while path.count(path[-1]) < 2:  # noqa: PLR2004 - until one comes back
            through = [t for t in self._through(path[-1]) if t in self._sources]
            found = next(t for t in through if self._sources[t] not in self._ranks)
            path += [found, self._sources[found]]
        return path[path.index(path[-1]) :][::-1]

    def visits(self, outputs: Mapping[str, Iterable[str]]) -> list[str]:
        """Return members in the order in which to set their inputs and read them again.

        `outputs`: member -> the outputs that are read. After these visits every output fits the
        inputs of its own instant. A member with several chains through it comes more than once.
        """
        read = [(m, Terminal(m, name)) for m, names in outputs.items() for name in names]
        self._rank(output for _, output in read)
        position = {member: index for index, member in enumerate(outputs)}
        ranked = {(self._ranks[output], position[m], m) for m, output in read}
        return [member for rank, _, member in sorted(ranked) if rank]


def starting_order(members: Sequence[Member], connections: Iterable[Connection]) -> list[str]:
    """Return members so that each comes after those that feed it, as far as that is possible.

    Where members feed each other, the first of them in the group's order comes first.
    """
    feeds: dict[str, set[str]] = {member.name: set() for member in members}
    for connection in connections:
        if connection.source.member != connection.target.member:
            feeds[connection.target.member].add(connection.source.member)
    order: list[str] = []
    while len(order) < len(members):
        waiting = [name for name in feeds if name not in order]
        ready = [name for name in waiting if feeds[name] <= set(order)]
        order.append((ready or waiting)[0])
    return order
