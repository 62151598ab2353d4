"""What a property of an interface tells, as a mapping file calls it: by ids, or asked.

A quantity has its own id; what else a mapping file takes has one of the ideas `signal.NAME` of
`terms.toml`. Where a mapping configuration binds the property to an element of a submodel of
linetwin's meaning `signals`, the element's idShort is an address by the rule of `naming.py`: it
names what no id can, an instrument and the role of a lot.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.quantities import vocabulary
from linetwin.scenario.mapping_signals import COUNTERS, GRADED, PASSING
from linetwin.shells.describing.interfaces import CODES, SUSPENDS
from linetwin.shells.joining.meanings import last, text_of
from linetwin.shells.joining.questions import IGNORE, Question
from linetwin.shells.naming import name_of
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.scenario.mapped import SignalKind
    from linetwin.shells.joining.context import Context

LINE: Final = "line"
"""The station that stands for the line as a whole: its counts and its buffers."""
BARE: Final = (LINE, "building")
"""What has an interface, and no models or parameters that a machine could bring."""
PACKML: Final = "packml"
_IDEA: Final = "signal."
_SETPOINT: Final = ".setpoint"
_KINDS: Final[dict[str, SignalKind]] = {"setpoint": "setpoint", "counter": "counter"}
_LEVELS: Final = frozenset({"slurry_mass", "buffer_level"})
_FOLDERS: Final = frozenset(
    {"Measurements", "Setpoints", "Counters", "Energy", "Lots", "Status", "Order", "Buffers"}
)


@dataclass(frozen=True)
class Affordance:
    """A property of an interface: where it stands, its parts by name, what it is bound to."""

    way: str
    element: model.SubmodelElement
    parts: dict[str, model.SubmodelElement]
    bound: Sequence[model.SubmodelElement] = ()

    @property
    def name(self) -> str:
        """Return what people call it."""
        return text_of(self.parts.get("key")) or str(self.element.id_short)

    @property
    def unit(self) -> str:
        """Return the unit that it states, "" for none."""
        return text_of(self.parts.get("unit"))


@dataclass(frozen=True)
class Meant:
    """What a property tells: kind and address, as a mapping file has them.

    `quantity`: of a number, "" of a mere count; `codes`: of a state or mode, code -> name of
    PackML's, or `packml`, None where they are not known; `suspends`: code -> reason.
    """

    kind: SignalKind
    address: str
    quantity: str = ""
    codes: Mapping[str, str] | str | None = None
    suspends: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """Return how a decision names it."""
        name = self.address.rpartition(".")[2]
        return f"{name}{_SETPOINT}" if self.kind == "setpoint" else name

    @property
    def key(self) -> str:
        """Return what tells it from all others of a mapping file."""
        return f"{self.address}{_SETPOINT}" if self.kind == "setpoint" else self.address


@dataclass(frozen=True)
class Signals:
    """Finds out what properties of one machine tell; what is open is asked."""

    context: Context

    def meant(self, each: Affordance) -> Meant | None:
        """Return what a property tells; None where it is open, ignored, or of no mapping."""
        found = self._by_ids(each)
        decided = self.context.told("signals", each.way)
        if decided is None and len(found) == 1:
            return self._one_instrument(each, found[0])
        if decided is None and self.is_left(each):
            return None
        said = f"means {' and '.join(m.answer for m in found)}" if found else _UNKNOWN
        instruments = (self.context.instruments.get(m.quantity, ()) for m in found)
        allowed = [m.answer for m in found] + [name for names in instruments for name in names]
        allowed = list(dict.fromkeys(allowed)) or self._fitting(each)
        answer = self._asked(each, said, allowed)
        if answer is None:
            return None
        return next((m for m in found if m.answer == answer), None) or self._answered(answer)

    def _asked(self, each: Affordance, said: str, allowed: Sequence[str]) -> str | None:
        close = difflib.get_close_matches(each.name.casefold(), allowed, n=1)
        text = f"{each.way} ({each.name}, {each.unit or 'no unit'}): {said}"
        question = Question(text, (IGNORE, *allowed), close[0] if close else "")
        answer = self.context.ask("signals", each.way, question)
        return None if answer in {None, IGNORE} else str(answer)

    def _by_ids(self, each: Affordance) -> list[Meant]:
        context = self.context
        terms = context.meanings.terms(_ids(context, each))
        ideas = [name.removeprefix(_IDEA) for name in terms if name.startswith(_IDEA)]
        kinds = (_KINDS[idea] for idea in ideas if idea in _KINDS)
        kind: SignalKind = next(kinds, "measurement")
        place = self._place(each)
        found = [self._number(kind, name, place) for name in terms if name in vocabulary()]
        found += [self._idea(idea, place, each) for idea in ideas if idea not in _KINDS]
        return found

    def _number(self, kind: SignalKind, quantity: str, place: str) -> Meant:
        station = self.context.station
        name = place if kind == "measurement" and place else quantity
        if station == LINE and quantity in _LEVELS and place:
            address = place if place.endswith(f".{quantity}") else f"{place}.{quantity}"
        else:
            address = f"{station}.{name}"
        return Meant(kind, address, quantity)

    def _idea(self, idea: str, place: str, each: Affordance) -> Meant:
        station, plain = self.context.station, idea.removeprefix(f"{PACKML}_")
        if plain in {"state", "mode"}:
            kind: SignalKind = "state" if plain == "state" else "mode"
            codes, suspends = (PACKML, {}) if plain != idea else _codes(self.context, each)
            return Meant(kind, f"{station}.{plain}", codes=codes, suspends=suspends)
        if idea in PASSING:
            return Meant("lot", f"{station}.{idea}")
        if idea == "lot":
            return Meant("lot", f"{station}.{place or PASSING[0]}")
        return Meant("counter", f"{station}.{idea}")

    def _place(self, each: Affordance) -> str:
        """Return the name that the rule of addresses gives it; of the line with its buffer."""
        for other in each.bound:
            if not _is_signal(self.context, other):
                continue
            try:
                address = name_of(str(other.id_short))
            except ValueError:
                continue
            if self.context.station != LINE:
                return address.rpartition(".")[2]
            parts = address.removeprefix(f"{LINE}.").split(".")
            return ".".join(parts[1:] if parts[0] in _FOLDERS else parts)
        return ""

    def _one_instrument(self, each: Affordance, meant: Meant) -> Meant | None:
        """Return what is meant; asked which of the twin's instruments reads it, where any does.

        And None, with a word, for one number of a row, which no mapping takes.
        """
        known = self.context.kind.parameters.get(meant.quantity)
        if meant.kind == "setpoint" and known is not None and known.is_list:
            self.context.note(each.way, f"one of a row, {meant.quantity}: no mapping takes it")
            return None
        own = meant.address.rpartition(".")[2]
        names = self.context.instruments.get(meant.quantity, ())
        if meant.kind != "measurement" or own != meant.quantity or not names or own in names:
            return meant
        said = f"means {own}; the twin's instruments for it are {', '.join(names)}"
        answer = self._asked(each, said, (own, *names))
        return None if answer is None else self._answered(answer)

    def is_left(self, each: Affordance) -> bool:
        """Say whether its maker says that it is nothing which a mapping takes."""
        return "signal" in self.context.meanings.terms(_ids(self.context, each))

    def _fitting(self, each: Affordance) -> list[str]:
        """Return what a property of its type and unit may be decided to tell."""
        codes = ["state", "mode"]
        if text_of(each.parts.get("type")) == "string":
            roles = dict.fromkeys((*PASSING, *self.context.kind.takes, *self.context.kind.gives))
            return [*codes, *roles]
        names = [quantity.name for quantity in vocabulary() if quantity.type in {"float", "int"}]
        fitting = self.context.measured_in(names, [each.unit])
        words = [name for q in fitting for name in (q, *self.context.instruments.get(q, ()))]
        return words if each.unit not in {"", "1"} else [*codes, *COUNTERS, *GRADED, *words]

    def _answered(self, answer: str) -> Meant:
        """Return what a decision names."""
        station, name = self.context.station, answer.removesuffix(_SETPOINT)
        if name in {"state", "mode"}:
            return Meant("state" if name == "state" else "mode", f"{station}.{name}")
        if name in (*COUNTERS, *GRADED):
            return Meant("counter", f"{station}.{name}")
        if name in vocabulary():
            return Meant("setpoint" if name != answer else "measurement", f"{station}.{name}", name)
        instruments = self.context.instruments
        for quantity, names in instruments.items():
            if name in names:
                return Meant("measurement", f"{station}.{name}", quantity)
        return Meant("lot", f"{station}.{name}")


_UNKNOWN: Final = "its meaning is unknown"


def _ids(context: Context, each: Affordance) -> list[str]:
    """Return the ids of what a property means: its own, of its semantics, of its binding."""
    ids = context.meanings.ids(each.element)
    semantics = each.parts.get("valueSemantics")
    if isinstance(semantics, model.ReferenceElement) and semantics.value is not None:
        ids.append(last(semantics.value))
    for other in each.bound:
        ids += context.meanings.ids(other)
    return ids


def _is_signal(context: Context, element: model.SubmodelElement) -> bool:
    holder = element.parent
    return isinstance(holder, model.Submodel) and meaning("signals") in context.meanings.ids(holder)


def _codes(
    context: Context, each: Affordance
) -> tuple[Mapping[str, str] | None, Mapping[str, str]]:
    """Return what the codes of a state or mode mean, and suspend, as its qualifiers say."""
    found: dict[str, dict[str, str]] = {}
    for holder in (each.element, *each.bound):
        for qualifier in holder.qualifier:
            if qualifier.type in {CODES, SUSPENDS}:
                found[qualifier.type] = _table(context, each.way, qualifier)
    return found.get(CODES) or None, found.get(SUSPENDS) or {}


def _table(context: Context, way: str, qualifier: model.Qualifier) -> dict[str, str]:
    try:
        table: Any = json.loads(str(qualifier.value))
    except ValueError:
        table = None
    if isinstance(table, dict) and all(isinstance(each, str) for each in table.values()):
        return table
    hint = '{"0": "Stopped", "41": "Held"}'
    context.wrong(way, f"the qualifier {qualifier.type} is no table of codes as JSON", hint)
    return {}
