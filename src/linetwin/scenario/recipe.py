"""Recipes: what they set, and what of it a line may be trimmed in.

A value of a recipe is validated as it is, unless it has a proven acceptable range:

    cathode.calender.line_load: {value: 600 N/mm, adjustable: [540 N/mm, 690 N/mm]}
    anode.coater.zone_temperatures:
      {value: [80 Cel, 100 Cel], adjustable: [[70 Cel, 90 Cel], [90 Cel, 110 Cel]]}

Of a row each number has a range of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from linetwin.scenario import units
from linetwin.scenario.problems import Problems
from linetwin.scenario.resolved import RecipeValue
from linetwin.scenario.settings import apply_settings, settings_of
from linetwin.scenario.values import read_scalar
from linetwin.scenario.written import FileHead, Written, as_table

if TYPE_CHECKING:
    from linetwin.quantities import Quantity
    from linetwin.scenario.addressing import Plant
    from linetwin.scenario.problems import Place
    from linetwin.scenario.validation import Checked

_ENDS = 2
_FORM = "[low, high]; of a row [[low, high], [low, high]], a pair for each number"


class RecipeWritten(Written):
    """A value of a recipe; `adjustable`: its proven acceptable range, validated without one."""

    adjustable: list[object] | None = None


class RecipeFile(FileHead):
    """`scenarios/recipes/*.yaml`."""

    settings: dict[str, Annotated[RecipeWritten, as_table("value")]] = Field(
        default={}, alias="set"
    )


def read_recipe(
    checked: Checked[RecipeFile], plant: Plant, problems: Problems
) -> dict[str, RecipeValue]:
    """Return the stations' parameters that a recipe sets; wrong ranges are noted.

    What is wrong with the values themselves is for who applies them to note.
    """
    found: dict[str, RecipeValue] = {}
    for setting in settings_of(checked):
        values = apply_settings([setting], plant, Problems()).values
        own = {f"{key[0]}.{key[3]}": each for key, each in values.items() if key[1] == "parameters"}
        written = checked.model.settings[setting.address].adjustable
        ranges: tuple[tuple[float, float], ...] = ()
        if written is not None and values:
            place = checked.document.place(("set", setting.address, "adjustable"))
            reader = _Ranges(plant.target(setting.address).quantity, place, problems)
            if own:
                ranges = reader.read(written, next(iter(own.values())).value)
            else:
                problems.add(place, "is for parameters of stations", "leave it out")
        found |= {address: RecipeValue(value.origin, ranges) for address, value in own.items()}
    return found


@dataclass(frozen=True)
class _Ranges:
    """Reads the range of a value, or those of a row."""

    quantity: Quantity | None
    place: Place
    problems: Problems

    def read(self, written: list[object], value: object) -> tuple[tuple[float, float], ...]:
        """Return a range for each number; none where one is wrong, which is noted."""
        is_row = isinstance(value, tuple)
        numbers = list(value) if isinstance(value, tuple) else [value]
        pairs = written if is_row else [written]
        if self.quantity is None or len(pairs) != len(numbers):
            self.problems.add(self.place, "is no range of this value", _FORM)
            return ()
        found = [self._one(pair, number) for pair, number in zip(pairs, numbers, strict=True)]
        ranges = tuple(each for each in found if each is not None)
        return ranges if len(ranges) == len(found) else ()

    def _one(self, pair: object, number: object) -> tuple[float, float] | None:
        assert self.quantity is not None  # noqa: S101  it was looked at
        if not isinstance(pair, list) or len(pair) != _ENDS or not isinstance(number, (int, float)):
            self.problems.add(self.place, "is no range of this value", _FORM)
            return None
        ends = [read_scalar(end, self.quantity, self.place, self.problems) for end in pair]
        low, high = ends
        if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
            return None
        if not low <= number <= high or low >= high:
            shown = units.display(float(number), self.quantity)
            self.problems.add(self.place, f"does not hold the value of the recipe, {shown}", _FORM)
            return None
        return float(low), float(high)
