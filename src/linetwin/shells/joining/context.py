"""What all parts of joining one machine share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.cosim.units import conversion, parse_name
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.problems import Place
from linetwin.shells.joining.questions import Question, on_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.problems import Problems
    from linetwin.shells.joining.meanings import Meanings
    from linetwin.shells.joining.questions import Questions


@dataclass(frozen=True)
class Context:
    """A machine that joins: its file, the station it becomes, and where to ask and complain.

    `instruments`: quantity -> names of those by which the twin reads it at the station.
    """

    file: Path
    station: str
    kind: Kind
    meanings: Meanings
    questions: Questions
    problems: Problems
    notes: list[str]
    instruments: Mapping[str, tuple[str, ...]]

    def wrong(self, way: str, message: str, hint: str = "") -> None:
        """Note what is wrong with an element."""
        self.problems.add(Place(on_a_line(way), self.file), on_a_line(message), on_a_line(hint))

    def note(self, way: str, message: str) -> None:
        """Say what was done that nobody need decide."""
        self.notes.append(on_a_line(f"{self.station}: {way}: {message}"))

    def ask(self, topic: str, name: str, question: Question) -> Any:  # noqa: ANN401 - as YAML has it
        """Return what was decided; None where it is open."""
        return self.questions.ask(self.station, topic, name, question)

    def told(self, topic: str, name: str) -> Any:  # noqa: ANN401 - as YAML has it
        """Return what was decided without a question; None where nothing was."""
        return self.questions.answer(self.station, topic, name)

    def unit(self, way: str, stated: Iterable[str], quantity: str) -> str | None:
        """Return the unit of an element that means a quantity, as UCUM; None where it is open.

        What was decided counts; else what is stated, once and in a unit that measures the
        quantity. A unit that nobody knows is asked for, one that measures something else is wrong.
        """
        decided = self.told("units", way)
        if decided is not None:
            return self._fitting(way, str(decided), str(decided), quantity)
        written = list(dict.fromkeys(text for text in stated if text.strip()))
        known = {text: self.meanings.understood(text) for text in written}
        canonical = vocabulary()[quantity].unit
        if not written and canonical == "1":
            return "1"
        found = list(dict.fromkeys(known.values()))
        if len(found) == 1 and found[0] is not None:
            return self._fitting(way, found[0], written[0], quantity)
        if not written:
            text = f"{way}: states no unit"
        elif None in found:
            strange = ", ".join(repr(text) for text, unit in known.items() if unit is None)
            text = f"{way}: unknown unit {strange}"
        else:
            text = f"{way}: states several units: {', '.join(written)}"
        example = vocabulary()[quantity].display
        allowed = (f"a unit of {quantity} as UCUM, such as {example}",)
        question = Question(text, allowed, is_free=True)
        self.ask("units", way, question)
        return None

    def measured_in(self, names: Iterable[str], stated: Iterable[str]) -> list[str]:
        """Return the quantities that a stated unit measures; all where it says nothing."""
        units = [self.meanings.understood(text) for text in stated if text.strip()]
        known = [parse_name(unit) for unit in units if unit is not None]
        if not known:
            return list(names)
        return [
            name
            for name in names
            if parse_unit(vocabulary()[name].unit).exponents == known[0].exponents
        ]

    def _fitting(self, way: str, unit: str, written: str, quantity: str) -> str | None:
        canonical = vocabulary()[quantity].unit
        try:
            conversion(parse_name(unit), parse_unit(canonical))
        except ValueError as error:
            hint = f"a unit that converts to {canonical}; `units:` of the decisions may say another"
            self.wrong(way, f"'{written}' does not fit {quantity} in {canonical}: {error}", hint)
            return None
        return unit
