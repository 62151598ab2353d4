"""What depends on what at one instant: algebraic loops, and the order in which values pass on.

Arrays count as a whole here, as in an FMU's ModelStructure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.cosim.groups.definition import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.cosim.groups.definition import Connection, Member


@dataclass(frozen=True)
class Visit:
    """Members whose inputs are set and whose outputs are read again, at one instant.

    `inputs`: those of an algebraic loop, for which values that fit are looked for; none where one
    member is visited alone.
    """

    members: tuple[str, ...]
    inputs: tuple[Terminal, ...] = ()


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
        self._sources: dict[Terminal, list[Terminal]] = {}
        for connection in connections:
            sources = self._sources.setdefault(self._array(connection.target), [])
            sources.append(self._array(connection.source))
        self._given = frozenset(map(self._array, given))
        self.loops: list[list[Terminal]] = []
        self._looped: set[Terminal] = set()
        self._inputs: dict[Terminal, list[Terminal]] = {}
        self._ranks: dict[Terminal, int] = {}
        self._rank(source for sources in self._sources.values() for source in sources)

    def _array(self, terminal: Terminal) -> Terminal:
        """Return a terminal, or the array of which it is an element."""
        return Terminal(terminal.member, self._members[terminal.member].array(terminal.variable))

    def _through(self, output: Terminal) -> list[Terminal]:
        """Return the inputs with a source that an output lets through, in a stable order."""
        if output not in self._inputs:
            names = sorted(self._members[output.member].feedthrough(output.variable))
            found = [Terminal(output.member, name) for name in names]
            self._inputs[output] = [t for t in found if t in self._sources or t in self._given]
        return self._inputs[output]

    def _before(self, output: Terminal) -> list[Terminal]:
        """Return the outputs that have to be known first."""
        through = self._through(output)
        return list(dict.fromkeys(s for t in through for s in self._sources.get(t, ())))

    def _rank(self, outputs: Iterable[Terminal]) -> None:
        """Rank outputs: 0 where one depends on no input with a source, else 1 + what it needs.

        Outputs of a loop share a rank and are noted in `loops`.
        """
        waiting = [output for output in dict.fromkeys(outputs) if output not in self._ranks]
        while waiting:
            ready = [o for o in waiting if all(b in self._ranks for b in self._before(o))]
            ready = ready or self._next_loop(waiting)
            outside = [self._ranks.get(before, -1) for o in ready for before in self._before(o)]
            for output in ready:
                before = [self._ranks[b] for b in self._before(output) if b in self._ranks]
                own = outside if output in self._looped else before
                self._ranks[output] = 1 + max(own, default=0) if self._through(output) else 0
            waiting = [output for output in waiting if output not in self._ranks]

    def _next_loop(self, waiting: Sequence[Terminal]) -> list[Terminal]:
        """Note and return a loop that needs nothing but itself and what is ranked."""
        reach = [self._unranked_before(output) for output in waiting]
        found = min(reach, key=len)
        self.loops.append(found)
        self._looped |= set(found)
        return found

    def _unranked_before(self, output: Terminal) -> list[Terminal]:
        """Return an output, and all without a rank that it needs, however indirectly."""
        found = [output]
        for one in found:
            found += [b for b in dict.fromkeys(self._before(one)) if self._is_new(b, found)]
        return found

    def _is_new(self, output: Terminal, found: Sequence[Terminal]) -> bool:
        return output not in self._ranks and output not in found

    def path(self, loop: Sequence[Terminal]) -> list[Terminal]:
        """Return a way round a loop in the signals' direction, from an output back to it."""
        path = [loop[0]]
        while path.count(path[-1]) < 2:  # noqa: PLR2004 - until one comes back
            found, source = next(
                (t, s)
                for t in self._through(path[-1])
                for s in self._sources.get(t, ())
                if s in loop
            )
            path += [found, source]
        return path[path.index(path[-1]) :][::-1]

    def inputs(self, loop: Sequence[Terminal]) -> list[Terminal]:
        """Return the inputs through which a loop goes."""
        through = [t for output in loop for t in self._through(output)]
        taken = dict.fromkeys(through)
        return [t for t in taken if any(source in loop for source in self._sources.get(t, ()))]

    def visits(self, outputs: Mapping[str, Iterable[str]]) -> list[Visit]:
        """Return the order in which to set inputs of members and read their outputs again.

        `outputs`: member -> the outputs that are read. After these visits every output fits the
        inputs of its own instant. A member with several chains through it comes more than once.
        """
        named = [Terminal(m, name) for m, names in outputs.items() for name in names]
        read = list(dict.fromkeys(map(self._array, named)))
        self._rank(read)
        position = {member: index for index, member in enumerate(outputs)}
        ranked: dict[tuple[int, int], Visit] = {}
        for loop in self.loops:
            members = sorted({output.member for output in loop}, key=position.__getitem__)
            key = (self._ranks[loop[0]], position[members[0]])
            ranked[key] = Visit(tuple(members), tuple(self.inputs(loop)))
        for output in read:
            key = (self._ranks[output], position[output.member])
            if key[0] and output not in self._looped:
                ranked[(*key[:1], key[1] + len(position))] = Visit((output.member,))
        return [ranked[key] for key in sorted(ranked)]


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
