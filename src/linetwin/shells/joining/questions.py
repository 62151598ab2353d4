"""What a person has to decide, and what a person has decided.

A file of decisions is station -> topic -> name -> answer; `null` is a question that is open, and
the name `*` answers all others of a topic with `ignore`.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.document import read
from linetwin.scenario.emit import flow
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from linetwin.scenario.document import Document

FILE: Final = "decisions.yaml"
IGNORE: Final = "ignore"
REST: Final = "*"
TOPICS: Final = (
    *("shell", "models", "files", "ports", "parameters", "values", "units"),
    *("signals", "codes", "namespaces", "security", "user", "owner"),
)
_VERSION: Final = 1
_LONGEST: Final = 40
_WIDTH: Final = 110
_MOST: Final = 2000


def on_a_line(text: str) -> str:
    """Return a text with words of others in it, on one line and without controls."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:_MOST])


def _wrapped(text: str) -> list[str]:
    """Return a text of any length on several lines, without controls."""
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class Question:
    """One thing to decide: what is asked, what may be answered, what is proposed by name.

    `is_free`: any answer will do; `common`: what stations have one answer for, such as a server.
    """

    text: str
    allowed: tuple[str, ...] = ()
    proposal: str = ""
    is_free: bool = False
    common: str = ""

    def is_answered(self, by: object) -> bool:
        """Say whether something is an answer to it."""
        is_plain = isinstance(by, (str, int, float))
        return is_plain and (self.is_free or by in self.allowed)

    @property
    def hint(self) -> str:
        """Return what may be answered, the first of many, as an error shows it."""
        more = len(self.allowed) - _LONGEST
        listed = ", ".join(self.allowed[:_LONGEST])
        return self._with_proposal(
            f"{listed}, ... ({len(self.allowed)} in all, which {FILE} has)" if more > 0 else listed
        )

    @property
    def whole_hint(self) -> str:
        """Return all that may be answered, as the file of decisions has it."""
        return self._with_proposal(", ".join(self.allowed))

    def _with_proposal(self, listed: str) -> str:
        parts = [f"allowed: {listed}" if listed else ""]
        parts.append(f"by name alone: {self.proposal}" if self.proposal else "")
        return "; ".join(part for part in parts if part)


@dataclass
class Questions:
    """Questions of several stations, with the answers of a file where there is one."""

    document: Document | None = None
    problems: list[Problem] = field(default_factory=list)
    _asked: dict[tuple[str, str, str], Question] = field(default_factory=dict)
    _used: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    _first: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    """Topic and what it is of in common -> the question that was first of it."""

    @classmethod
    def of(cls, file: Path | None) -> Questions:
        """Read a file of decisions; ScenarioError where it is none."""
        if file is None:
            return cls()
        document = read(file, file.name)
        if document.problems:
            raise ScenarioError(document.problems)
        if document.data.get("schema") != _VERSION:
            hint = f"schema: {_VERSION}"
            raise ScenarioError([Problem("is of another schema", "schema", hint, file)])
        return cls(document)

    def answer(self, station: str, topic: str, name: str) -> Any:  # noqa: ANN401 - as YAML has it
        """Return what was decided without being asked; None where nothing was."""
        found = self._stated(station, topic, name)
        if found is not None:
            self._used[station, topic, name] = found
        return found

    def ask(self, station: str, topic: str, name: str, question: Question) -> Any:  # noqa: ANN401
        """Return the answer to a question; None, and the question is open, where there is none.

        What stations have in common is asked once: the first one's answer is that of all which
        have none of their own.
        """
        key = (station, topic, name)
        found = self.answer(*key)
        if question.common:
            first = self._first.setdefault((topic, question.common), key)
            if found is None and first != key:
                found = self._used.get(first)
                return found if question.is_answered(found) else None
        if found is None and IGNORE in question.allowed:
            found = self._stated(station, topic, REST)
            if found == IGNORE:
                self._used[station, topic, REST] = found
                return found
            found = None
        if found is None:
            self._asked[key] = question
            return None
        if not question.is_answered(found):
            self._wrong(key, f"'{found}' is no answer", question)
            return None
        return found

    def _wrong(self, key: tuple[str, str, str], message: str, question: Question) -> None:
        self.problems.append(
            self._at(key, message, nearest(str(self._used[key]), question.allowed))
        )

    def _stated(self, station: str, topic: str, name: str) -> Any:  # noqa: ANN401
        of_station = self._table(station)
        of_topic = of_station.get(topic) if isinstance(of_station, dict) else None
        return of_topic.get(name) if isinstance(of_topic, dict) else None

    def _table(self, key: str) -> Any:  # noqa: ANN401
        return {} if self.document is None else self.document.data.get(key)

    @property
    def open(self) -> dict[tuple[str, str, str], Question]:
        """Return the open questions by station, topic and name."""
        return dict(self._asked)

    def unused(self, stations: Sequence[str]) -> Iterator[Problem]:
        """Yield the answers to what nobody asked, of the stations that are joined."""
        document = self.document
        if document is None:
            return
        for station, topics in document.data.items():
            if station == "schema":
                continue
            if station not in stations or not isinstance(topics, dict):
                hint = nearest(station, stations)
                yield self._at((station,), "is no station that is joined", hint)
                continue
            for topic, names in topics.items():
                if topic not in TOPICS or not isinstance(names, dict):
                    hint = nearest(str(topic), TOPICS)
                    yield self._at((station, topic), "is no topic with answers", hint)
                    continue
                for name, answer in names.items():
                    key = (station, topic, name)
                    if answer is not None and name != REST and key not in self._used:
                        hint = "leave it out; names are those that the file of shells has"
                        yield self._at(key, "answers what nobody asked", hint)

    def _at(self, key: tuple[str, ...], message: str, hint: str) -> Problem:
        place = None if self.document is None else self.document.place(key)
        file, line = (None, None) if place is None else (place.file, place.line)
        return Problem(message, ".".join(map(str, key)), hint, file, line)

    def text(self) -> str:
        """Return the file of decisions: those that were used, and what is open."""
        lines = [f"schema: {_VERSION}"]
        if self._asked:
            lines.append(f"# open: {len(self._asked)}; write an answer in place of each null")
        everything: dict[tuple[str, str, str], Any] = {**self._used, **dict.fromkeys(self._asked)}
        before = ("", "")
        for station, topic, name in sorted(everything, key=lambda key: key[:2]):
            if station != before[0]:
                lines.append(f"{flow(station)}:")
            if (station, topic) != before:
                lines.append(f"  {topic}:")
            before = (station, topic)
            question = self._asked.get((station, topic, name))
            if question is not None:
                said = [on_a_line(question.text), *_wrapped(question.whole_hint)]
                lines += [f"    # {part}" for part in said if part]
            lines.append(f"    {flow(name)}: {flow(everything[station, topic, name])}")
        return "\n".join(lines) + "\n"
