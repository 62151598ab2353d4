"""Factors: the addresses that a study varies, with their bounds in canonical units."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.scenario import units
from linetwin.scenario.addressing import addresses
from linetwin.scenario.emit import flow
from linetwin.scenario.entries import PREFIX
from linetwin.scenario.fidelity_set import PREFIX as ANSWERING
from linetwin.scenario.fidelity_set import fidelities, is_address, is_fidelity, split
from linetwin.scenario.resolved import Value
from linetwin.scenario.settings import Setting, setting_value
from linetwin.scenario.values import read_free, read_scalar
from linetwin.scenario.written import Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linetwin.quantities import Quantity
    from linetwin.scenario.addressing import Address, Plant
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import Scalar, Scenario
    from linetwin.study.schema import WrittenFactor

_FORM = "{low: 300 N/mm, high: 900 N/mm}, {levels: [...]}, {around: 10 %} or {around: 5 K}"


@dataclass(frozen=True)
class Factor:
    """One address that is varied, between `low` and `high` or over `levels`, in `unit`.

    `base`: the scenario's own value, None where only the FMU knows it; `log`: spread evenly in the
    logarithm; `whole`: only whole numbers are values.
    """

    address: str
    unit: str
    base: Scalar | None
    low: float = math.nan
    high: float = math.nan
    levels: tuple[Scalar, ...] = ()
    log: bool = False
    whole: bool = False
    meaning: str = ""

    def at(self, share: float) -> Scalar:
        """Return the value at a share of the span; levels and whole numbers have equal parts.

        The bounds are met at 0 and 1 to the last bit.
        """
        if self.levels:
            return self.levels[min(int(share * len(self.levels)), len(self.levels) - 1)]
        if self.whole:
            count = round(self.high - self.low) + 1
            return int(self.low) + min(int(share * count), count - 1)
        if share in {0.0, 1.0}:
            return self.high if share else self.low
        value = self.low + share * (self.high - self.low)
        if self.log:
            value = self.low * (self.high / self.low) ** share
        return min(max(value, self.low), self.high)  # rounding may leave the span

    def grid(self, count: int) -> tuple[Scalar, ...]:
        """Return its levels, or so many values from bound to bound, each once."""
        if self.levels:
            return self.levels
        if self.whole:
            step = (self.high - self.low) / (count - 1)
            return tuple(dict.fromkeys(round(self.low + n * step) for n in range(count)))
        return tuple(self.at(n / (count - 1)) for n in range(count))

    def setting(self, value: Scalar) -> str:
        """Return what sets it to a value, as `--set` reads it."""
        return f"{self.address}={_written(value, self.unit)}"


def _written(value: Scalar, unit: str) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_written(part, unit) for part in value)}]"
    if isinstance(value, (bool, str)) or unit in {"", "1"}:
        return flow(value)
    return f"{value!r} {unit}"


@dataclass(frozen=True)
class FactorReader:
    """Reads factors against the scenario they vary; what is wrong is noted."""

    scenario: Scenario
    plant: Plant
    problems: Problems
    known: dict[str, Address] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known.update((each.address, each) for each in addresses(self.scenario))
        self.known.update((each.address, each) for each in fidelities(self.scenario))

    def read(self, written: Mapping[str, WrittenFactor], at: Mapping[str, Place]) -> list[Factor]:
        """Return the factors; a pattern such as `cathode.*` stands for all numbers it matches."""
        found: dict[str, Factor] = {}
        for name, factor in written.items():
            for address, place in self._expanded(name, factor, at[name]):
                read = self.factor(address, factor, place)
                if read is not None:
                    found[address] = read  # one named after a pattern replaces what that gave
        return list(found.values())

    def _expanded(
        self, name: str, written: WrittenFactor, place: Place
    ) -> Iterator[tuple[str, Place]]:
        if "*" not in name:
            if written.without:
                self.problems.add(place.below("without"), "is for patterns", "cathode.*")
            yield name, place
            return
        if written.around is None:
            self.problems.add(place, "a pattern has no bounds of its own", "{around: 10 %}")
            return
        matched = [
            address
            for address, each in self.known.items()
            if fnmatchcase(address, name)
            and not any(fnmatchcase(address, left) for left in written.without)
            and _varies(each)
        ]
        if not matched:
            hint = "such as cathode.*, or cathode.coater.*"
            said = f"no number has an address like '{name}'"
            if written.without and any(fnmatchcase(address, name) for address in self.known):
                said, hint = f"'without' leaves no number of '{name}'", "fewer patterns there"
            self.problems.add(place, said, hint)
        yield from ((address, place) for address in matched)

    def value(self, address: str, raw: object, place: Place) -> Value | None:
        """Return a value of an address in canonical units; None, and a problem, if it is wrong."""
        setting = Setting(address, Written(value=raw), place)
        if address.startswith(PREFIX):
            return read_free(setting.written, place, self.problems)
        if address.startswith(ANSWERING):
            return self._fidelity(address, raw, place)
        try:
            target = self.plant.target(address)
        except ScenarioError as error:
            self.problems.adopt(error, place)
            return None
        return setting_value(setting, target, self.problems)

    def _fidelity(self, address: str, raw: object, place: Place) -> Value | None:
        """Return who is to answer for a process; None, and a problem, if that is wrong."""
        processes = {name for each in self.scenario.stations.values() for name in each.processes}
        if not is_address(address, processes, place, self.problems):
            return None
        if split(address)[1] == "stand_in":
            hint = "it stands in set, or differs between alternatives"
            self.problems.add(place, "a stand-in is no factor", hint)
            return None
        fits = is_fidelity(raw, place, self.problems)
        return Value(str(raw), "", "A", "", place.origin) if fits else None

    def factor(self, address: str, written: WrittenFactor, place: Place) -> Factor | None:
        """Return one factor; None, and problems, where it is wrong."""
        given = [key for key in ("low", "high", "levels", "around") if _has(written, key)]
        if given == ["levels"]:
            return self._of_levels(address, written, place)
        if given == ["around"]:
            return self._around(address, written, place)
        if given != ["low", "high"]:
            self.problems.add(place, "says not what is varied", _FORM)
            return None
        low, high = (self.value(address, getattr(written, key), place.below(key)) for key in given)
        if low is None or high is None:
            return None
        if not (_number(low.value) and _number(high.value)):
            self.problems.add(place, "has no numbers between bounds", "{levels: [...]}")
            return None
        return self._between(address, (low, high), written, place)

    def _between(
        self, address: str, bounds: tuple[Value, Value], written: WrittenFactor, place: Place
    ) -> Factor | None:
        low, high = float(bounds[0].value), float(bounds[1].value)  # type: ignore[arg-type]
        if not low < high:
            hint = f"low: {low:g}, high: {high:g} {bounds[0].unit}".rstrip()
            self.problems.add(place, "low is not below high", hint)
            return None
        if written.scale == "log" and low <= 0:
            self.problems.add(place.below("scale"), "log needs bounds above zero", "scale: linear")
            return None
        base = self._base(address)
        return Factor(
            address=address,
            unit=bounds[0].unit,
            base=None if base is None else base.value,
            low=low,
            high=high,
            log=written.scale == "log",
            whole=self._whole(address),
            meaning="" if base is None else base.meaning,
        )

    def _of_levels(self, address: str, written: WrittenFactor, place: Place) -> Factor | None:
        raw = written.levels or []
        values = [
            self.value(address, level, place.below(f"levels.{number}"))
            for number, level in enumerate(raw)
        ]
        read = [value for value in values if value is not None]
        if len(read) < len(values):
            return None
        levels = tuple(dict.fromkeys(value.value for value in read))
        if len(levels) < 2:  # noqa: PLR2004 - one value does not vary
            hint = "two different values or more; what is fixed stands in set"
            self.problems.add(place.below("levels"), "does not vary", hint)
            return None
        base = self._base(address)
        own, meaning = (None, "") if base is None else (base.value, base.meaning)
        numbers = [float(v) for v in levels if isinstance(v, (int, float))]
        span = (min(numbers), max(numbers)) if len(numbers) == len(levels) else (math.nan,) * 2
        return Factor(address, read[0].unit, own, *span, levels=levels, meaning=meaning)

    def _around(self, address: str, written: WrittenFactor, place: Place) -> Factor | None:
        base = self._base(address)
        wide = self._width(written.around, base, place.below("around"))
        if base is None and address.startswith(PREFIX):
            self.problems.add(place, "has no value to go around", "{low: ..., high: ...}")
        elif base is None:
            self.value(address, 0.0, place)  # tells an address that does not exist
            self.problems.add(place, "has no value to go around", "{low: ..., high: ...}")
        elif wide == 0.0 or not _number(base.value):
            hint = "{low: ..., high: ...} or {levels: [...]}"
            self.problems.add(place, f"{flow(base.value)} has no share to go around", hint)
        if base is None or not wide or not _number(base.value):
            return None
        value = float(base.value)  # type: ignore[arg-type]  # _number says so
        low, high = max(value - wide, base.minimum), min(value + wide, base.maximum)
        whole = self._whole(address)
        if whole:
            low, high = float(math.floor(low)), float(math.ceil(high))
        log = written.scale == "log" and low > 0
        return Factor(
            address, base.unit, base.value, low, high, log=log, whole=whole, meaning=base.meaning
        )

    def _whole(self, address: str) -> bool:
        """Whether the quantity of an address is counted; what only an FMU knows is not."""
        if address.startswith(PREFIX):
            return False
        quantity = self.plant.target(address).quantity
        return quantity is not None and quantity.type == "int"

    def _width(self, raw: object, base: Address | None, place: Place) -> float | None:
        """Return how far to go to either side, in the value's unit: a share of it, or an amount.

        An amount is a difference: 5 K or 5 degC of a temperature. A share of a temperature is one
        of kelvin. 0 where a value has no share.
        """
        if base is not None and base.unit not in {"", "1"} and _is_amount(raw):
            found = read_scalar(raw, _difference(base.unit), place, self.problems)
            if isinstance(found, float) and found <= 0.0:
                self.problems.add(place, f"{raw} is not above zero", _FORM)
                return None
            return found if isinstance(found, float) else None
        share = read_scalar(raw, _share_quantity(), place, self.problems)
        if not isinstance(share, float):
            return None
        return share * abs(base.value) if base is not None and _number(base.value) else 0.0  # type: ignore[arg-type]  # a number

    def _base(self, address: str) -> Address | None:
        """Return the present value; of a group that of its first machine."""
        if address in self.known or address.startswith(PREFIX):
            return self.known.get(address)
        for path, machines in self.plant.machines.items():
            if address.startswith(f"{path}."):
                return self.known.get(machines[0] + address.removeprefix(path))
        return None


def _share_quantity() -> Quantity:
    from linetwin.quantities import Quantity

    return Quantity("around", "1", "share to either side", minimum=1e-6, maximum=0.999)


def _difference(unit: str) -> Quantity:
    from linetwin.quantities import Quantity

    return Quantity("around", unit, "width to either side")


def _is_amount(raw: object) -> bool:
    """Whether a width is written with a unit other than that of a share."""
    if not isinstance(raw, str):
        return False
    try:
        units.parse(raw, _share_quantity())
    except ScenarioError:
        return True
    return False


def _varies(each: Address) -> bool:
    """Whether a share of a value says how far to go: a number other than zero."""
    return _number(each.value) and bool(each.value)


def _number(value: Scalar) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _has(written: WrittenFactor, key: str) -> bool:
    return key in written.model_fields_set
