"""Groups of variables that are set or read together, and tables of their values.

A `Port` is bound once to a binary: value references and functions, a block for each FMI type. A
`Table` holds values for many rows in contiguous arrays of the FMU's own types, so that setting a
row is one C call per type, and conversion is done for whole columns.
"""

from __future__ import annotations

import copy
import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.cosim.kernel.structures import KernelBlock, KernelBlocks
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.binary import Binary, CFunction
    from linetwin.cosim.description import Variable
    from linetwin.cosim.texts import TextCell

# FMI type -> (name in the function's name, value type in C)
_TYPES: Final[dict[int, dict[str, tuple[str, type[Any]]]]] = {
    2: {
        "Real": ("Real", np.float64),
        "Integer": ("Integer", np.int32),
        "Enumeration": ("Integer", np.int32),
        "Boolean": ("Boolean", np.int32),
    },
    3: {
        "Float64": ("Float64", np.float64),
        "Float32": ("Float32", np.float32),
        "Boolean": ("Boolean", np.bool_),
        "Enumeration": ("Int64", np.int64),
        "Int8": ("Int8", np.int8),
        "Int16": ("Int16", np.int16),
        "Int32": ("Int32", np.int32),
        "Int64": ("Int64", np.int64),
        "UInt8": ("UInt8", np.uint8),
        "UInt16": ("UInt16", np.uint16),
        "UInt32": ("UInt32", np.uint32),
        "UInt64": ("UInt64", np.uint64),
    },
}


def value_type(version: int, kind: str) -> tuple[str, type[Any]]:
    """Return how FMI calls a numeric type in its functions, and what it is in C."""
    return _TYPES[version][kind]


@dataclass(frozen=True)
class Block:
    """The variables of a port that one C function takes; `positions` are their columns.

    An array has one reference, and a position for each of its elements.
    """

    label: str
    type: type[Any]
    boolean: bool
    positions: tuple[int, ...]
    references: Any
    set: CFunction
    get: CFunction


class Port:
    """Variables of an FMU in a fixed order, bound to the functions that set and read them."""

    def __init__(self, binary: Binary, variables: Sequence[Variable]) -> None:
        """Bind; raises FmuError for a variable that is no number, or an array as a whole.

        The elements of an array are variables of their own; all of them stand in their order.
        """
        self.version = binary.description.version
        self.variables = tuple(variables)
        groups: dict[str, list[int]] = {}
        for position, variable in enumerate(self.variables):
            if variable.shape or variable.type not in _TYPES[self.version]:
                raise FmuError(
                    f"variable '{variable.name}' ({variable.type}) is no scalar number",
                    binary.description.name,
                )
            groups.setdefault(_TYPES[self.version][variable.type][0], []).append(position)
        self.blocks = tuple(self._block(binary, positions) for positions in groups.values())

    def _block(self, binary: Binary, positions: Sequence[int]) -> Block:
        chosen = [self.variables[position] for position in positions]
        label, value_type = _TYPES[self.version][chosen[0].type]
        references = [v.reference for v in chosen if not v.place]
        return Block(
            label=label,
            type=value_type,
            boolean=label == "Boolean",
            positions=tuple(positions),
            references=(ctypes.c_uint32 * len(references))(*references),
            set=binary.function(f"fmi{self.version}Set{label}"),
            get=binary.function(f"fmi{self.version}Get{label}"),
        )


class Cell:
    """One block of a table: its array, and the arguments of the C call for a row."""

    def __init__(self, block: Block, rows: int, version: int) -> None:
        self.block = block
        self.pointer = ctypes.c_void_p()
        self.lie_in(np.zeros((rows, len(block.positions)), dtype=block.type))
        count = ctypes.c_size_t(len(block.references))
        self.arguments: tuple[Any, ...] = (block.references, count, self.pointer)
        if version == 3:  # noqa: PLR2004 - FMI 3 also wants the number of values
            self.arguments = (*self.arguments, ctypes.c_size_t(len(block.positions)))
        self.floating = issubclass(block.type, np.floating)
        self.whole = not block.boolean and not self.floating
        # what holds its numbers when they are shown
        self.shown = block.type if self.whole else np.int8 if block.boolean else np.float64
        limits = np.iinfo(block.type) if self.whole else None
        self.lowest = limits.min if limits else 0
        self.highest = limits.max if limits else 0

    def lie_in(self, values: np.ndarray) -> None:
        """Keep the values in this array from now on: contiguous, of the block's type."""
        self.values = values
        # not `values.ctypes.data`: that leaves a reference cycle behind for every table
        self.address = int(values.__array_interface__["data"][0])
        self.stride = int(values.strides[0])
        self.pointer.value = self.address
        # the first row as a ctypes array: its items cost a third of NumPy's
        kind = np.ctypeslib.as_ctypes_type(self.block.type) * len(self.block.positions)
        self.first: Any = kind.from_address(self.address) if len(values) else None

    def view(self) -> Cell:
        """Return a cell on the same values whose row can be chosen independently."""
        other = copy.copy(self)
        other.pointer = ctypes.c_void_p(self.address)
        other.arguments = tuple(
            other.pointer if argument is self.pointer else argument for argument in self.arguments
        )
        return other

    def setting(self, rows: int) -> KernelBlock:
        """Return the block for the kernel, to be set."""
        return self._compiled(self.block.set, rows)

    def getting(self, rows: int) -> KernelBlock:
        """Return the block for the kernel, to be read."""
        return self._compiled(self.block.get, rows)

    def place(self, column: int) -> int:
        """Return where the first row's value of a column lies, for the kernel."""
        return self.address + column * self.values.itemsize

    def content(self) -> bytes:
        """Return all values as bytes, to be saved."""
        return self.values.tobytes()

    def load(self, content: bytes) -> None:
        """Take what `content` returned."""
        self.values.ravel().view("u1")[:] = memoryview(content)

    def _compiled(self, access: CFunction, rows: int) -> KernelBlock:
        return KernelBlock(
            access=ctypes.cast(access, ctypes.c_void_p).value,  # type: ignore[arg-type]
            references=ctypes.addressof(self.block.references),
            count=len(self.block.references),
            size=len(self.block.positions),
            values=self.address,
            stride=self.stride if rows > 1 else 0,
        )

    def number(self, value: float) -> float:
        """Return a value as the block's type holds it; ValueError where it cannot."""
        if self.whole:
            if not self.lowest <= value <= self.highest:
                raise ValueError(value)
            return round(value)
        return value != 0.0 if self.block.boolean else value

    def column(self, values: np.ndarray) -> np.ndarray:
        """Return values as the block's type holds them; ValueError where it cannot."""
        if self.whole:
            rounded = np.rint(values)
            if not np.all((rounded >= self.lowest) & (rounded <= self.highest)):
                raise ValueError(values)
            return np.asarray(rounded.astype(self.block.type))
        return np.asarray(values != 0.0) if self.block.boolean else values


class Table:
    """Values of a port's variables for a number of rows, in the FMU's own types and units.

    Integers are rounded, and non-zero is true for Booleans. Writing a value that an integer
    variable cannot hold raises FmuError. `cells` are `numbers` and, in a group, texts.
    """

    def __init__(self, port: Port, rows: int = 1) -> None:
        self.port = port
        self.rows = rows
        self.numbers = tuple(Cell(block, rows, port.version) for block in port.blocks)
        self.cells: tuple[Cell | TextCell, ...] = self.numbers
        places = {
            position: (cell, column)
            for cell in self.numbers
            for column, position in enumerate(cell.block.positions)
        }
        self._places = tuple(places[position] for position in range(len(places)))
        self._kept: list[Any] = []  # what the kernel has addresses of
        self._moved = False

    def view(self) -> Table:
        """Return a table on the same values, to set or read its rows in another thread."""
        other = copy.copy(self)
        other.cells = other.numbers = tuple(cell.view() for cell in self.numbers)
        return other

    @cached_property
    def setting(self) -> KernelBlocks:
        """The table for the kernel, to be set; valid for as long as the table lives."""
        return self._blocks([cell.setting(self.rows) for cell in self.cells])

    @cached_property
    def getting(self) -> KernelBlocks:
        """The table for the kernel, to be read; valid for as long as the table lives."""
        return self._blocks([cell.getting(self.rows) for cell in self.cells])

    def lie_in(self, values: np.ndarray) -> bool:
        """Keep a table of one row in an array of shape (variables,) from now on, if it can be.

        It can once, and where all are of the array's type; what stood in the table is lost.
        """
        kinds = [cell.block.type for cell in self.numbers]
        if self._moved or self.rows != 1 or len(self.cells) != 1 or kinds != [values.dtype]:
            return False
        self._moved = True
        self.numbers[0].lie_in(values.reshape(1, -1))
        self.__dict__.pop("setting", None)
        self.__dict__.pop("getting", None)
        return True

    def _blocks(self, blocks: list[KernelBlock]) -> KernelBlocks:
        array = (KernelBlock * len(blocks))(*blocks)
        self._kept.append(array)
        return KernelBlocks(blocks=ctypes.addressof(array), count=len(blocks))

    def write(self, position: int, values: float | np.ndarray) -> None:
        """Set a variable in all rows: to one number, or to an array of shape (rows,)."""
        cell, column = self._places[position]
        try:
            if not isinstance(values, np.ndarray):
                cell.values[:, column] = cell.number(float(values))
            elif self.rows == 1:
                cell.first[column] = cell.number(float(values.item()))
            else:
                cell.values[:, column] = cell.column(values)
        except ValueError as error:
            raise self._unfit(position, error) from error

    def write_row(self, values: Sequence[float]) -> None:
        """Set all variables of the first row, in the port's order."""
        for cell in self.numbers:
            positions = cell.block.positions
            if cell.floating:
                cell.first[:] = [values[position] for position in positions]
                continue
            for column, position in enumerate(positions):
                try:
                    cell.first[column] = cell.number(values[position])
                except ValueError as error:
                    raise self._unfit(position, error) from error

    def _unfit(self, position: int, error: ValueError) -> FmuError:
        name = self.port.variables[position].name
        return FmuError(f"value {error} does not fit integer variable '{name}'")

    def read(self, position: int) -> np.ndarray:
        """Return a copy of a column as float64, shape (rows,)."""
        cell, column = self._places[position]
        return cell.values[:, column].astype(np.float64)

    def read_exactly(self, position: int) -> np.ndarray:
        """Return a copy of a column, shape (rows,): whole numbers as such, true as 1."""
        cell, column = self._places[position]
        return cell.values[:, column].astype(cell.shown)

    def row(self, row: int) -> list[float]:
        """Return a row's values as Python floats, in the port's order."""
        return [float(cell.values[row, column]) for cell, column in self._places]

    def read_row(self) -> list[float]:
        """Return the first row's values as Python floats, in the port's order."""
        if len(self.numbers) == 1 and self.numbers[0].floating:
            numbers: list[float] = self.numbers[0].first[:]
            return numbers
        return [float(cell.first[column]) for cell, column in self._places]
