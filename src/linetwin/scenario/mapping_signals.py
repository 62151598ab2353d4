"""The signals of a mapping file: where each is read, what it stands for, what is plausible."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario import units
from linetwin.scenario.amounts import difference
from linetwin.scenario.mapped import NUMBERS, SignalConfig
from linetwin.scenario.mapping_nodes import browse_name_of, node_of
from linetwin.scenario.problems import nearest
from linetwin.scenario.unit_words import allowed_form
from linetwin.scenario.values import read_value

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly

    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.mapped import CodeTable, NodeAddress, SourceConfig
    from linetwin.scenario.mapping_addresses import Addressed
    from linetwin.scenario.mapping_schema import MappingFile, Signal
    from linetwin.scenario.problems import Problems
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

_LONGEST_S = 30 * 86_400.0
_SAMPLING = Quantity("time", "s", "wall time", minimum=0.0, maximum=_LONGEST_S)
"""0: as fast as the server can."""
_AGE = Quantity("time", "s", "wall time", minimum=0.001, maximum=_LONGEST_S)
COUNTERS = ("produced", "scrapped", "in_process", "started", "graded", "good", "taken", "given")
"""What counts items, beside quantities of the vocabulary; `taken` and `given` count lots."""
GRADED = ("grade_a", "grade_b")
"""What is counted of the line as a whole beside these."""
PASSING = ("lot_in", "lot_out")
"""Lots of a station, whatever their role: the one taken last, the one handed over last."""
_ITEMS = Quantity("items", "1", "number of items", display="1", minimum=0.0, maximum=1e12)
_PLACES = {
    "file": ({"column"}, {"column"}),
    "server": ({"node", "path"}, {"node", "path"}),
    "broker": ({"topic"}, {"topic", "field"}),
}
"""Kind of source -> keys of which a signal needs one, and those that it may have."""
WILDCARDS = "+#\0"
"""Of a broker's topics: with + or # a topic stands for many; none may have NUL."""
FIELD_HINT = "names joined by single dots, such as values.speed"
_SPEED = "m/s"
_WORDS = {"state": "state", "mode": "mode"}


def _least(quantity: Quantity) -> float:
    """Return the least that is plausible: of a speed 0, for a machine may stand."""
    return min(0.0, quantity.minimum) if quantity.unit == _SPEED else quantity.minimum


@dataclass(frozen=True)
class SignalReader:
    """Reads signals one by one; what is wrong is noted."""

    checked: Checked[MappingFile]
    sources: ReadOnly[str, SourceConfig]
    tables: ReadOnly[str, CodeTable]
    line: Addressed | None
    problems: Problems
    doubts: dict[tuple[str, str, str], list[KeyPath]] = field(default_factory=dict)

    def signal(self, name: str, written: Signal) -> SignalConfig | None:
        """Return one signal; None where it could not be read."""
        at: KeyPath = ("signals", name)
        source = self._source(at, written)
        if source is None:
            return None
        found = SignalConfig(
            name=name,
            source=source.name,
            address=written.address,
            kind=written.kind,
            node=self._node(at, written, source),
            path=self._path(at, written, source),
            column=written.column or "",
            topic=written.topic or "",
            field=written.field or "",
            sampling_s=self._seconds(written.sampling, (*at, "sampling"), _SAMPLING) or 0.0,
            queue=written.queue,
            stale_after_s=self._seconds(written.stale_after, (*at, "stale_after"), _AGE)
            or math.inf,
        )
        self._check_place(at, written, source)
        self._check_address(at, written)
        if written.kind in NUMBERS:
            return self._number(at, written, found)
        return self._coded(at, written, found)

    def _note(self, path: KeyPath, message: str, hint: str = "") -> None:
        self.problems.add(self.checked.document.place(path), message, hint)

    def _source(self, at: KeyPath, written: Signal) -> SourceConfig | None:
        if written.source is None and len(self.sources) == 1:
            return next(iter(self.sources.values()))
        if written.source in self.sources:
            return self.sources[str(written.source)]
        if not self.checked.is_cut("sources"):
            message = "missing key" if written.source is None else f"no source '{written.source}'"
            self._note((*at, "source"), message, nearest(written.source or "", self.sources))
        return None

    def _check_place(self, at: KeyPath, written: Signal, source: SourceConfig) -> None:
        given = {
            key for key in ("node", "path", "column", "topic", "field") if getattr(written, key)
        }
        kind = "file" if source.table else "broker" if source.broker else "server"
        needed, allowed = _PLACES[kind]
        if not given & needed or given - allowed:
            hint = f"write {' or '.join(f'{key}:' for key in sorted(needed))}"
            more = allowed - needed
            hint += f", and {', '.join(sorted(more))} where needed" if more else ""
            self._note(at, f"'{source.name}' is a {kind}", hint)
        if kind != "server":
            for key in sorted({"sampling", "queue"} & written.model_fields_set):
                self._note((*at, key), f"'{source.name}' is a {kind}", "only a server samples")
        if any(each in (written.topic or "") for each in WILDCARDS):
            message = f"{written.topic!r} is a pattern, or no topic"
            self._note((*at, "topic"), message, "one topic a signal, without +, # and NUL")
        if written.field and not all(written.field.split(".")):
            message = f"'{written.field}' has an empty part"
            self._note((*at, "field"), message, FIELD_HINT)

    def _node(self, at: KeyPath, written: Signal, source: SourceConfig) -> NodeAddress | None:
        if written.node is None:
            return None
        try:
            return node_of(written.node, source.namespaces)
        except ScenarioError as error:
            self.problems.adopt(error, self.checked.document.place((*at, "node")))
            return None

    def _path(
        self, at: KeyPath, written: Signal, source: SourceConfig
    ) -> tuple[tuple[str, str], ...]:
        found = []
        for index, part in enumerate(written.path):
            try:
                found.append(browse_name_of(part, source.namespaces))
            except ScenarioError as error:
                self.problems.adopt(error, self.checked.document.place((*at, "path", index)))
        return tuple(found)

    def _seconds(self, written: Written | None, path: KeyPath, span: Quantity) -> float | None:
        if written is None:
            return None
        value = read_value(written, span, self.checked.document.place(path), self.problems)
        return None if value is None else value.number

    # ------------------------------------------------------------------------------ numbers
    def _number(self, at: KeyPath, written: Signal, found: SignalConfig) -> SignalConfig | None:
        quantity = self._quantity(at, written)
        if written.states is not None:
            self._note((*at, "states"), f"a {written.kind} has no codes", "for kind: state or mode")
        if quantity is None:
            return None
        unit = written.unit or quantity.unit
        if written.unit is None and quantity.unit != "1":
            self._note(at, f"no unit: {quantity.name}", f"{allowed_form(quantity)}: write its unit")
        try:
            scale, offset = units.linear(unit, quantity)
        except ScenarioError as error:
            self.problems.adopt(error, self.checked.document.place((*at, "unit")))
            return None
        if not math.isfinite(written.scale) or written.scale == 0.0:
            hint = "a number that is not 0: unit's value = scale * raw + offset"
            self._note((*at, "scale"), f"{written.scale} is no scale", hint)
        if not math.isfinite(written.offset):
            hint = "a number: unit's value = scale * raw + offset"
            self._note((*at, "offset"), f"{written.offset} is no offset", hint)
        minimum = self._bound(at, "minimum", written.minimum, quantity, _least(quantity))
        maximum = self._bound(at, "maximum", written.maximum, quantity, quantity.maximum)
        if minimum > maximum:
            key = "maximum" if written.minimum is None else "minimum"
            message = f"minimum {minimum:g} is more than maximum {maximum:g} {quantity.unit}"
            self._note((*at, key), message, "minimum below maximum, or neither")
        return replace(
            found,
            quantity=quantity,
            unit=unit,
            scale=scale * written.scale,
            offset=scale * written.offset + offset,
            minimum=minimum,
            maximum=maximum,
            greatest_rate=self._greatest_rate(at, written, quantity),
            deviation=self._deviation(at, written, quantity, maximum - minimum),
        )

    def _greatest_rate(self, at: KeyPath, written: Signal, quantity: Quantity) -> float:
        rate = Quantity("greatest_rate", f"{quantity.unit}/s", "rate")
        found = self._bound(at, "greatest_rate", written.greatest_rate, rate, math.inf)
        if found <= 0.0:
            self._note((*at, "greatest_rate"), "is not above zero", f"such as {allowed_form(rate)}")
        return found

    def _deviation(self, at: KeyPath, written: Signal, quantity: Quantity, span: float) -> float:
        """Return what compression may be off by, in canonical units; a problem where none says."""
        name = written.source or next(iter(self.sources))
        compression = self.sources[name].compression
        if compression is None or compression.method == "last_value":
            if written.deviation is not None:
                message = f"'{name}' leaves out nothing that differs"
                hint = "for compression: swinging_door or deadband"
                self._doubt(name, (*at, "deviation"), message, hint)
            return 0.0
        if written.deviation is not None:
            off = difference(quantity)
            found = self._bound(at, "deviation", written.deviation, off, 0.0)
            if found < 0.0:
                self._note((*at, "deviation"), "is below zero", "0 or more")
            return found
        if compression.share is None:
            message = f"what may '{name}' have left out of it?"
            self._doubt(name, at, message, "write deviation, in its unit")
        elif written.minimum is None or written.maximum is None:
            message = f"the deviation of '{name}' is a share of a range that is not written"
            self._doubt(name, at, message, "write minimum and maximum, or deviation")
        else:
            return compression.share * span
        return 0.0

    def _doubt(self, source: str, path: KeyPath, message: str, hint: str) -> None:
        """Keep what is wrong with a signal for its source's compression."""
        self.doubts.setdefault((source, message, hint), []).append(path)

    def tell_doubts(self) -> None:
        """Note what is wrong for a source's compression once, at the first signal, with a count.

        Nothing where the compression itself is wrong, which is told.
        """
        for (source, message, hint), paths in self.doubts.items():
            key = f"sources.{source}.compression"
            if any(
                each.key == key or each.key.startswith(f"{key}.") for each in self.problems.found
            ):
                continue
            more = f"; the same of {len(paths) - 1} more signals" if len(paths) > 1 else ""
            self._note(paths[0], message + more, hint)

    def _bound(
        self,
        at: KeyPath,
        key: str,
        written: Written | None,
        quantity: Quantity,
        otherwise: float,
    ) -> float:
        if written is None:
            return otherwise
        free = replace(quantity, minimum=-math.inf, maximum=math.inf, type="float")
        place = self.checked.document.place((*at, key))
        value = read_value(written, free, place, self.problems)
        return otherwise if value is None else value.number

    def _quantity(self, at: KeyPath, written: Signal) -> Quantity | None:
        name = written.quantity or written.address.rpartition(".")[2]
        if name in vocabulary() and vocabulary()[name].type != "str":
            return vocabulary()[name]
        if written.kind == "counter" and name in (*COUNTERS, *GRADED):
            return _ITEMS
        words = [quantity.name for quantity in vocabulary()]
        words += (*COUNTERS, *GRADED) if written.kind == "counter" else ()
        key = "quantity" if written.quantity else "address"
        self._note((*at, key), f"'{name}' is no quantity", nearest(name, words))
        return None

    # -------------------------------------------------------------------------------- codes
    def _coded(self, at: KeyPath, written: Signal, found: SignalConfig) -> SignalConfig | None:
        for key in ("unit", "minimum", "maximum", "greatest_rate", "deviation"):
            if getattr(written, key) is not None:
                self._note((*at, key), f"a {written.kind} is no quantity", "leave it out")
        if written.kind == "lot":
            return found
        word = _WORDS[written.kind]
        if written.address.rpartition(".")[2] != word:
            hint = f"station.{word}, such as cathode.coater.{word}"
            self._note((*at, "address"), f"'{written.address}' is no {word}", hint)
        if written.states not in self.tables:
            message = "missing key" if written.states is None else f"no table '{written.states}'"
            hint = nearest(written.states or "", self.tables) or f"write {word}s: {{NAME: ...}}"
            self._note((*at, "states"), message, hint)
            return None
        return replace(found, codes=self.tables[str(written.states)])

    # ------------------------------------------------------------------------------ scenario
    def _check_address(self, at: KeyPath, written: Signal) -> None:
        """Note an address that the line does not have."""
        path = written.address.rpartition(".")[0]
        if not path:
            self._note((*at, "address"), f"'{written.address}' is no address", "station.quantity")
        fault = None if self.line is None or not path else self.line.fault(written)
        if fault is not None:
            key, message, hint = fault
            self._note((*at, key), message, hint)
