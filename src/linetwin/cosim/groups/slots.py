"""Where the values of a group's variables lie: numbers, and text or bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from linetwin.cosim.elements import whole
from linetwin.cosim.port import Cell, Port, Table
from linetwin.cosim.texts import TextCell
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.description import Variable

Given = float | str | bytes
"""What a group can be given: a number, a text, bytes."""
LONG: Final = (np.int64, np.uint64)
"""Whole numbers that a float does not hold."""


class Slot(NamedTuple):
    """A place of a table that holds one number."""

    cell: Cell
    column: int

    def read(self) -> float:
        """Return the value."""
        return float(self.cell.first[self.column])

    def read_exactly(self) -> float:
        """Return the value: a whole number as an int, which holds those of 64 bits too."""
        value: float = self.cell.first[self.column]
        return value

    def write(self, value: float) -> None:
        """Set the value, a whole number to its last digit; ValueError for a misfit of its type."""
        self.cell.first[self.column] = self.cell.number(value)

    def long(self, other: Slot) -> bool:
        """Tell whether both are whole numbers of one type that a float does not hold."""
        return self.cell.block.type in LONG and self.cell.block.type is other.cell.block.type

    def take(self, other: Slot) -> None:
        """Become what another slot of the same type is, bit by bit."""
        self.cell.first[self.column] = other.cell.first[other.column]


class TextSlot(NamedTuple):
    """A place that holds one text, or bytes."""

    cell: TextCell
    column: int

    def read(self) -> str | bytes:
        """Return the value: text of a String, bytes of a Binary."""
        content = self.cell.get(self.column)
        return content if self.cell.binary else content.decode("utf-8", "replace")

    def write(self, value: str | bytes) -> None:
        """Set the value; ValueError where it is longer than the variable takes."""
        self.cell.put(self.column, value if isinstance(value, bytes) else value.encode())

    def take(self, other: TextSlot) -> None:
        """Become what another slot is; ValueError where that is longer than this one takes."""
        self.cell.put(self.column, other.cell.get(other.column))


class SlotTable(NamedTuple):
    """A table of some variables, and the place of each by name."""

    table: Table
    variables: tuple[Variable, ...]
    slots: dict[str, Slot]
    texts: dict[str, TextSlot]

    def to_start(self, values: Mapping[str, float]) -> None:
        """Put the variables' start values in: `values`, else their own; FmuError for a misfit."""
        for variable in self.variables:
            number = values.get(variable.name, variable.start)
            if variable.numeric and isinstance(number, float | int):
                try:
                    self.slots[variable.name].write(number)
                except ValueError as error:
                    text = f"its start value {number:g} does not fit {variable.type} variable"
                    raise FmuError(f"{text} '{variable.name}'") from error
            elif variable.name in self.texts and isinstance(number, str):
                binary = variable.type == "Binary"
                content = bytes.fromhex(number) if binary else number
                self.texts[variable.name].write(content)


def slot_table(
    binary: Binary, variables: Mapping[str, Variable], names: Iterable[str]
) -> SlotTable:
    """Return a table of an FMU's variables, and the place of each.

    A name may be that of an element: then the whole array is in the table, for FMI sets and reads
    it together.
    """
    found = whole(variables, names)
    numbers = [variable for variable in found if variable.numeric]
    table = Table(Port(binary, numbers))
    slots = {
        numbers[position].name: Slot(cell, column)
        for cell in table.numbers
        for column, position in enumerate(cell.block.positions)
    }
    texts: dict[str, list[Variable]] = {}
    for variable in found:
        if not variable.numeric:
            texts.setdefault(variable.array or variable.name, []).append(variable)
    cells = [(TextCell(binary, parts), parts) for parts in texts.values()]
    table.cells = (*table.numbers, *(cell for cell, _ in cells))
    placed = {
        part.name: TextSlot(cell, place)
        for cell, parts in cells
        for place, part in enumerate(parts)
    }
    return SlotTable(table, tuple(found), slots, placed)
