"""Where each variable lies in an FMU: its value reference, which is its place in the C array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.authoring.variables import Kind, Variable

if TYPE_CHECKING:
    from linetwin.authoring.model import Model

# the order of the blocks in the C array `value`; time is at 0, `valid` follows the last block
BLOCKS = (
    Kind.INPUT,
    Kind.PARAMETER,
    Kind.STATE,
    Kind.ALGEBRAIC,
    Kind.DISCRETE,
    Kind.OUTPUT,
)


@dataclass(frozen=True)
class Layout:
    """The variables of a model in the order of their value references, which start at 1."""

    variables: tuple[Variable, ...]

    @property
    def references(self) -> dict[str, int]:
        """Value reference by name, `time` and `valid` included."""
        found = {"time": 0} | {v.name: i for i, v in enumerate(self.variables, start=1)}
        return found | {"valid": len(self.variables) + 1}

    def block(self, kind: Kind) -> tuple[int, int]:
        """Return (first value reference, number of variables) of a kind."""
        first = 1
        for block in BLOCKS:
            number = sum(v.kind is block for v in self.variables)
            if block is kind:
                return first, number
            first += number
        raise ValueError(kind)


def layout_of(model: Model) -> Layout:
    """Return the layout of a checked model."""
    return Layout(tuple(model.of_kind(*BLOCKS)))
