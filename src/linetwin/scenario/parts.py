"""Crews, raw materials and buffers of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario import units
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import BufferConfig, CrewConfig, MaterialConfig
from linetwin.scenario.values import read_scalar, read_value

if TYPE_CHECKING:
    from collections.abc import Collection

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import Value
    from linetwin.scenario.schema import Buffer, LineFile, Material
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

# A lot of raw material is weighed, measured by length or area, or counted.
_LOT_SIZES = (
    Quantity("lot", "kg", "mass of a lot", display="kg", minimum=1e-6, maximum=1e9),
    Quantity("lot", "m", "length of a lot", display="m", minimum=1e-3, maximum=1e9),
    Quantity("lot", "m2", "area of a lot", display="m2", minimum=1e-3, maximum=1e9),
    Quantity("lot", "1", "pieces in a lot", minimum=1.0, maximum=1e9),
)


def read_crews(
    line: Checked[LineFile], calendars: Collection[str], problems: Problems
) -> dict[str, CrewConfig]:
    """Return the crews by name."""
    crews = {}
    for name, written in line.model.crews.items():
        place = line.document.place(("crews", name, "calendar"))
        if written.calendar not in calendars and not line.is_cut("calendars", written.calendar):
            hint = nearest(written.calendar, calendars)
            problems.add(place, f"unknown calendar '{written.calendar}'", hint)
        crews[name] = CrewConfig(name, written.size, written.calendar)
    return crews


def read_materials(line: Checked[LineFile], problems: Problems) -> dict[str, MaterialConfig]:
    """Return the raw materials by path."""
    found = {}
    for path, written in line.model.materials.items():
        lot = _lot_size(written.lot, line.document.place(("materials", path, "lot")), problems)
        deviations = _deviations(path, written, line, problems)
        if lot is not None:
            found[path] = MaterialConfig(path, lot.unit, lot, deviations)
    return found


def read_buffers(line: Checked[LineFile], problems: Problems) -> dict[str, BufferConfig]:
    """Return the buffers by path; what they hold is checked with the wiring."""
    found = {}
    for path, written in line.model.buffers.items():
        place = line.document.place(("buffers", path, "capacity"))
        capacity = _capacity(written, place, problems)
        if capacity is not None:
            found[path] = BufferConfig(path, written.kind, written.holds, capacity)
    return found


def _lot_size(written: Written, place: Place, problems: Problems) -> Value | None:
    raw = written.value
    matching = [quantity for quantity in _LOT_SIZES if _fits(raw, quantity)]
    if matching:
        return read_value(written, matching[0], place, problems)
    problems.add(
        place, f"{raw!r} is no size of a lot", "such as 100 kg, 500 m2, 2000 m or 500 (pieces)"
    )
    return None


def _fits(raw: object, quantity: Quantity) -> bool:
    if not isinstance(raw, str):
        return quantity.unit == "1" and isinstance(raw, int) and not isinstance(raw, bool)
    try:
        units.parse(raw, quantity)
    except ScenarioError:
        return False
    return True


def _deviations(
    path: str, material: Material, line: Checked[LineFile], problems: Problems
) -> dict[str, Value]:
    """Return lot property -> relative standard deviation between lots."""
    known = vocabulary()
    found = {}
    for name, written in material.deviations.items():
        place = line.document.place(("materials", path, "deviations", name))
        if name not in known:
            hint = nearest(name, (quantity.name for quantity in known))
            problems.add(place, f"unknown property '{name}'", hint)
        value = read_value(written, known["lot_deviation"], place, problems)
        if value is not None:
            found[name] = value
    return found


def _capacity(buffer: Buffer, place: Place, problems: Problems) -> float | None:
    """Return kg for a tank, a number of lots otherwise."""
    name = "tank_capacity" if buffer.kind == "tank" else "capacity_lots"
    capacity = read_scalar(buffer.capacity.value, vocabulary()[name], place, problems)
    return float(capacity) if isinstance(capacity, (int, float)) else None
