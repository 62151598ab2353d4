"""What parameter bindings set: by the levels of nesting, in the units of the FMUs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from linetwin.cosim.limits import not_held
from linetwin.cosim.ssp.carrying import Carried
from linetwin.cosim.ssp.flattening import Port, Way, numbered
from linetwin.cosim.ssp.structure import Component, System
from linetwin.cosim.texts import TEXTUAL
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from linetwin.cosim.description import Variable
    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.flattening import Flat
    from linetwin.cosim.ssp.structure import Setting

Given = float | str | list[float] | list[str]
"""What a variable is set to; the elements of an array row by row."""
_TRUTH: Final = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}
_REAL: Final = frozenset({"Real", "Float64", "Float32"})


class Placed(NamedTuple):
    """A setting; of two for one variable the one of the higher `rank` counts."""

    rank: int
    setting: Setting


@dataclass
class Settings:
    """Settings by the connector or variable that they are for.

    A system's settings count before those of what is in it; later ones before earlier ones.
    """

    flat: Flat
    findings: Findings
    placed: dict[Port, Placed] = field(default_factory=dict)
    used: set[Port] = field(default_factory=set)
    _rank: int = 0

    def collect(self, system: System, path: tuple[str, ...] = ()) -> None:
        """Place the settings of a system, and first those of what is in it."""
        for element in system.elements.values():
            if isinstance(element, System):
                self.collect(element, (*path, element.name))
            elif isinstance(element, Component):
                for setting in element.settings:
                    port = Port((*path, element.name), setting.name)
                    self._place(setting, [port] if self.flat.variable(port) else [])
        for setting in system.settings:
            self._place(setting, self._named(system, path, setting.name))

    def _place(self, setting: Setting, ports: list[Port]) -> None:
        self._rank += 1
        for port in ports:
            self.placed[port] = Placed(self._rank, setting)
        if not ports:
            known = [port.name for port in self.placed]
            text = f"'{setting.name}' of parameter set '{setting.origin}' is no name here, not set"
            hint = nearest(setting.name, known) if known else ""
            shown = f"{text} ({hint})" if hint.startswith("did") else text
            self.findings.note("parameter", shown, setting.place)

    def _named(self, system: System, path: tuple[str, ...], name: str) -> list[Port]:
        """Return what a hierarchical name means within a system; it may be more than one thing."""
        found = [Port(path, name)] if name in system.connectors else []
        for element in system.elements.values():
            inside, rest = (*path, element.name), name[len(element.name) + 1 :]
            if not name.startswith(f"{element.name}.") or not rest:
                continue
            if isinstance(element, System):
                found += self._named(element, inside, rest)
            elif self.flat.variable(Port(inside, rest)) is not None:
                found.append(Port(inside, rest))
        return found

    def of(self, port: Port, way: Way) -> tuple[Placed, Port] | None:
        """Return what is set for an FMU's variable, and where on the way to it.

        What the FMU at the way's beginning is set to is for that FMU alone.
        """
        sources = (hop.source for hop in way.hops)
        ports = [port, *(end for end in sources if end.path not in self.flat.components)]
        found = [(self.placed[p], p) for p in ports if p in self.placed]
        self.used |= {p for _, p in found}
        return max(found, key=lambda pair: pair[0].rank, default=None)

    def tell_unused(self) -> None:
        """Note values for connectors of systems from which nothing goes to an FMU."""
        for port, (_, setting) in self.placed.items():
            if port not in self.used:
                text = (
                    f"'{setting.name}' of parameter set '{setting.origin}' goes to no FMU, not set"
                )
                self.findings.note("parameter", text, setting.place)

    def value(self, port: Port, way: Way, at: Port, setting: Setting) -> Given | None:
        """Return a setting in the variable's own unit: a number or a text, of arrays a list.

        None, and a problem, where it does not fit. `at`: where on the way it is set.
        """
        variable = self.flat.known(port)
        if not self._fits(port, variable, setting):
            return None
        texts = list(setting.values)
        if variable.type in TEXTUAL:
            return texts if variable.dimensions else texts[0]
        if variable.dimensions and len(texts) == 1:
            texts = texts[0].split()
        found = [self._number(port, way, at, replace(setting, values=(t,))) for t in texts]
        kept = [number for number in found if number is not None]
        if len(kept) != len(found):
            return None
        return kept if variable.dimensions else kept[0]

    def _number(self, port: Port, way: Way, at: Port, setting: Setting) -> float | None:
        """Return one number of a setting; None, and a problem, where it is none."""
        variable = self.flat.known(port)
        places = [place for place, hop in enumerate(way.hops) if hop.source == at]
        rest = way.hops[places[0] :] if places and at != port else ()
        change = setting.transformation
        try:
            value = self._parsed(at, variable, setting)
            begin, unit = Carried(setting.unit), self.flat.unit(at)
            begin = begin.taken(unit) if setting.suppress else begin.into(unit)
            if change is not None and not change.items:
                begin = begin.changed(change)
            carried = self.flat.carried(Way(at, rest), begin)
        except ValueError as error:
            hint = f"a value that fits {variable.type} variable '{port}'"
            if variable.unit:
                hint += f" in {variable.unit}"
            self.findings.wrong(setting.place, f"{self._shown(setting)}: {error}", hint)
            return None
        if carried.lost and setting.unit is not None:
            text = f"{self._shown(setting)} is taken as it is: '{port}' has no unit"
            self.findings.note("unit", text, setting.place)
        return self._checked(port, variable, setting, carried.number(value))

    @staticmethod
    def _shown(setting: Setting) -> str:
        unit = f" {setting.unit_name}" if setting.unit_name else ""
        return f"'{' '.join(setting.values)}{unit}'"

    def _fits(self, port: Port, variable: Variable, setting: Setting) -> bool:
        """Tell whether a variable can be set to what is given; a problem where it cannot."""
        own, given = variable.type, setting.type
        textual = own in TEXTUAL or given in TEXTUAL
        if own == "Clock" or given == "Clock" or (textual and own != given):
            hint = "numbers for numbers, text for text, bytes for bytes"
            message = f"a value of type {given} does not fit {own} variable '{port}'"
            self.findings.wrong(setting.place, message, hint)
            return False
        if not variable.settable and variable.causality != "structuralParameter":
            what = f"a {variable.variability} {variable.causality}"
            hint = "what can be set before the start"
            self.findings.wrong(setting.place, f"'{port}' is {what}", hint)
            return False
        return True

    def _parsed(self, at: Port, variable: Variable, setting: Setting) -> float:
        """Return the number that a text means; ValueError where it means none."""
        text = setting.values[0].strip() if len(setting.values) == 1 else ""
        if setting.type == "Boolean":
            if text not in _TRUTH:
                raise ValueError(f"allowed: {', '.join(_TRUTH)}")
            return _TRUTH[text]
        if setting.type != "Enumeration":
            return float(text) if setting.type in _REAL else int(text)
        items = self.flat.items(at) or variable.enumeration
        change = setting.transformation
        if change is not None and change.items:
            text = change.items.get(text, text)
            numbered(change, {}, items)
        if text not in items:
            raise ValueError(nearest(text, items, "item"))
        return float(items[text])

    def _checked(
        self, port: Port, variable: Variable, setting: Setting, value: float
    ) -> float | None:
        """Return a value that the variable's type and range allow."""
        hint = not_held(self.flat.descriptions[port.path].version, variable, value)
        if hint:
            message = f"{self._shown(setting)} does not fit {variable.type} variable '{port}'"
            self.findings.wrong(setting.place, message, hint)
            return None
        if not variable.holds(value):
            hint = f"allowed: {variable.span}"
            self.findings.wrong(setting.place, f"{value:g} is out of the range of '{port}'", hint)
            return None
        return value
