"""A dated table of prices and emission factors, which users replace by their own.

Each entry carries unit, tag, source and date; units are those in which a buyer thinks (EUR/kWh,
EUR/kg), converted to the one of its section. The currency is any code of three letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from linetwin.scenario.resolved import Value
from linetwin.scenario.written import formed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.document import Document
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.validation import Checked

_AMOUNT = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(\S.*)?\Z")
_PIECES = {"kg": 1.0, "t": 1e-3, "g": 1e3, "m2": 1.0, "m": 1.0, "km": 1e-3, "piece": 1.0}
# Section, and which value of an entry -> unit written -> factor to the first, which is kept; what
# is priced for one place keeps that.
_UNITS: dict[tuple[str, str], dict[str, float]] = {
    ("energy", "price"): {"CUR/kWh": 1.0, "CUR/MWh": 1e-3},
    ("energy", "emission"): {"kg/kWh": 1.0, "g/kWh": 1e-3, "t/MWh": 1.0},
    ("labour", "price"): {"CUR/h": 1.0},
    ("equipment", "price"): {
        "CUR": 1.0,
        "kCUR": 1e3,
        "MCUR": 1e6,
        "CUR/place": 1.0,
        "kCUR/place": 1e3,
    },
    ("floor", "price"): {"CUR/(m2.a)": 1.0, "CUR/m2/a": 1.0},
    ("capital", "depreciation_time"): {"a": 1.0},
    ("capital", "maintenance"): {"1/a": 1.0, "%/a": 0.01},
}
_PRICED_ENERGY = ("electricity", "gas")
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Evidence(_Strict):
    tag: Literal["V", "D", "M", "A"] = "A"
    source: str
    date: str | None = None


class Priced(_Evidence):
    """A price, such as `45 EUR/h`."""

    price: str


class Bought(Priced):
    """A price and what its making emitted, such as `7 kg/kg`."""

    emission: str | None = None


class Material(Bought):
    """A raw material: also what it is, for the passport of a cell.

    `mass` of a unit in which it is counted, such as `0.04 kg/m2`; `substance` by name, `cas` where
    it is one substance; `critical`: strategic raw materials in it, by Regulation (EU) 2024/1252.
    """

    mass: str | None = None
    substance: str | None = None
    cas: Annotated[str, formed(r"\d{2,7}-\d\d-\d", "CAS number", "as 7440-44-0")] | None = None
    critical: str | None = None


class Stated(_Evidence):
    """Any other value with its unit."""

    value: str


class Energy(_Strict):
    """What the site buys; heat is made of gas at the boiler's efficiency."""

    electricity: Bought
    gas: Bought


class Labour(_Strict):
    """What an hour of a person costs."""

    operator: Priced
    technician: Priced


class Capital(_Strict):
    """How investment becomes a cost of time."""

    depreciation_time: Stated
    maintenance: Stated | None = None


class Floor(_Strict):
    """What a square metre costs in a year."""

    hall: Priced | None = None
    dry_room: Priced | None = None


class PriceFile(_Strict):
    """`scenarios/prices/*.yaml`; `equipment`: line -> kind, station or group -> one machine."""

    version: Literal[1] = Field(alias="schema")
    name: str
    title: str = ""
    description: str = ""
    date: Annotated[str, formed(r"\d{4}-\d{2}-\d{2}", "date", "such as 2026-01-31")]
    currency: Annotated[str, formed(r"[A-Z]{3}", "currency", "three capital letters: EUR")]
    energy: Energy
    labour: Labour | None = None
    materials: dict[Key, Material] = {}
    equipment: dict[Key, dict[Key, Priced]] = {}
    capital: Capital | None = None
    floor: Floor | None = None


@dataclass(frozen=True)
class PriceTable:
    """Prices and emission factors of a scenario.

    `sections`: energy, labour, materials, equipment, capital, floor -> entry -> what -> Value; the
    unit of a Value is that of its section (EUR/kWh, kg/kWh, EUR/h, EUR/kg, EUR, EUR/(m2.a)).
    """

    name: str
    date: str
    currency: str
    sections: Mapping[str, Mapping[str, Mapping[str, Value]]] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """Return the table as plain data, for the resolved scenario."""
        return {
            "name": self.name,
            "date": self.date,
            "currency": self.currency,
            **{
                section: {
                    name: {what: vars(value) for what, value in entry.items()}
                    for name, entry in entries.items()
                }
                for section, entries in self.sections.items()
            },
        }


def read_prices(
    checked: Checked[PriceFile], line: str, material_units: Mapping[str, str], problems: Problems
) -> PriceTable:
    """Return the price table of a file; what is wrong is noted in `problems`.

    `line` is the name of the line, whose equipment counts; `material_units` says in what the
    line's materials are counted (kg, m, m2, or 1 for pieces).
    """
    model = checked.model
    reader = _Reader(checked.document, model.currency, model.date, problems)
    sections: dict[str, dict[str, dict[str, Value]]] = {"energy": {}}
    for name in _PRICED_ENERGY:
        bought: Bought = getattr(model.energy, name)
        sections["energy"][name] = reader.entry(("energy", name), bought, "energy")
    if model.labour is not None:
        sections["labour"] = {
            name: reader.entry(("labour", name), getattr(model.labour, name), "labour")
            for name in Labour.model_fields
        }
    sections["materials"] = {
        name: reader.material(name, bought, material_units.get(name))
        for name, bought in model.materials.items()
        if name in material_units
    }
    sections["equipment"] = {
        name: reader.entry(("equipment", line, name), priced, "equipment")
        for name, priced in model.equipment.get(line, {}).items()
    }
    for section, part in (("capital", model.capital), ("floor", model.floor)):
        if part is not None:
            sections[section] = reader.part(section, part)
    return PriceTable(model.name, model.date, model.currency, sections)


@dataclass(frozen=True)
class _Reader:
    document: Document
    currency: str
    date: str
    problems: Problems

    def entry(self, path: tuple[str, ...], written: Priced, section: str) -> dict[str, Value]:
        """Return price and emission of an entry."""
        found: dict[str, Value] = {}
        for what in ("price", "emission"):
            text = getattr(written, what, None)
            if text is not None:
                value = self._value(text, (*path, what), written, _UNITS[section, what])
                found |= {what: value} if value else {}
        return found

    def material(self, name: str, written: Material, unit: str | None) -> dict[str, Value]:
        """Return price, emission and mass of a material by the unit in which the line counts it.

        Also what it is: `substance`, `cas` and `critical`, which are texts.
        """
        unit = "piece" if unit == "1" else unit or "kg"
        same = [u for u in _PIECES if u == unit or (unit == "kg" and u in {"t", "g"})]
        same += ["km"] if unit == "m" else []
        found: dict[str, Value] = {}
        for what, numerator in (("price", "CUR"), ("emission", "kg"), ("mass", "kg")):
            text = getattr(written, what)
            if text is not None:
                units = {f"{numerator}/{u}": _PIECES[u] for u in same}
                value = self._value(text, ("materials", name, what), written, units)
                found |= {what: value} if value else {}
        for what in ("substance", "cas", "critical"):
            text = getattr(written, what)
            if text is not None:
                origin = self.document.place(("materials", name, what)).origin
                found[what] = Value(text, "", written.tag, self._source(written), origin)
        return found

    def _source(self, written: _Evidence) -> str:
        return f"{written.source} ({written.date or self.date})"

    def part(self, section: str, part: BaseModel) -> dict[str, dict[str, Value]]:
        """Return the entries of a section whose keys are fixed."""
        found: dict[str, dict[str, Value]] = {}
        for name in type(part).model_fields:
            written = getattr(part, name)
            if isinstance(written, Priced):
                found[name] = self.entry((section, name), written, section)
            elif isinstance(written, Stated):
                units = _UNITS[section, name]
                value = self._value(written.value, (section, name, "value"), written, units)
                found[name] = {"value": value} if value else {}
        return found

    def _value(
        self, text: str, path: tuple[str, ...], written: _Evidence, units: Mapping[str, float]
    ) -> Value | None:
        place: Place = self.document.place(path)
        known = {unit.replace("CUR", self.currency): factor for unit, factor in units.items()}
        match = _AMOUNT.match(text.strip())
        if match is None or (match[2] or "") not in known:
            hint = f"a number and one of: {', '.join(known)}"
            self.problems.add(place, f"'{text}' is not read", hint)
            return None
        number = float(match[1]) * known[match[2]]
        if number < 0:
            self.problems.add(place, f"'{text}' is negative", "0 or more")
            return None
        source = self._source(written)
        unit = next(iter(known)) + ("/place" if match[2].endswith("/place") else "")
        return Value(number, unit, written.tag, source, place.origin)
