"""Elements back into what a line file or a recipe says, each by its name and by its meaning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from basyx.aas import model

from linetwin.scenario.problems import Place
from linetwin.shells.building import ROW, evidence_of, meaning_of, unit_of
from linetwin.shells.describing.leaves import ENTRY, below
from linetwin.shells.naming import id_short, name_of
from linetwin.shells.terms import meaning, named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from linetwin.scenario.problems import Problems

_PERCENT = "%"
_TAGS = ("V", "D", "M", "A")


@dataclass(frozen=True)
class Reader:
    """Reads elements of one file; what is wrong is a problem, what is not read a note, by its way.

    Nothing is taken by its name alone or by its meaning alone: where they contradict each other,
    one of them was changed by mistake.
    """

    file: Path | None
    problems: Problems
    notes: list[str] = field(default_factory=list)

    def wrong(self, way: str, message: str, hint: str = "") -> None:
        """Note what is wrong with an element."""
        self.problems.add(Place(way, self.file), message, hint)

    def name(self, element: model.Referable, way: str) -> str:
        """Return the name that an element's idShort stands for; "" , and a problem, for none."""
        try:
            return name_of(element.id_short or "")
        except ValueError as error:
            self.wrong(f"{way}/{element.id_short}", str(error), "docs/shells.md has the rule")
            return ""

    def expect(self, element: model.HasSemantics, way: str, wanted: str) -> bool:
        """Say whether an element means what its name says; a problem where it does not."""
        found = meaning_of(element)
        if found != wanted:
            said = f"the semanticId {found}" if found else "no semanticId"
            self.wrong(way, f"has {said}", f"by its name it is {wanted}")
        return found == wanted

    def chosen(
        self,
        elements: Iterable[model.SubmodelElement],
        wanted: Mapping[str, str],
        way: str,
        *,
        others: bool = False,
    ) -> dict[str, model.SubmodelElement]:
        """Return elements by idShort, of which each wanted one (idShort -> semanticId) is there.

        `others`: further elements of other names and meanings are noted, else they are a problem.
        """
        found: dict[str, model.SubmodelElement] = {}
        seen: set[str] = set()
        by_meaning = {iri: short for short, iri in wanted.items()}
        for element in elements:
            short, means = str(element.id_short), meaning_of(element)
            here = f"{way}/{short}"
            if short in seen:
                self.wrong(here, "stands twice", "one of them")
            elif short in wanted:
                seen.add(short)
                if self.expect(element, here, wanted[short]):
                    found[short] = element
            elif means in by_meaning:
                seen.add(by_meaning[means])
                hint = f"by its semanticId its idShort is {by_meaning[means]}"
                self.wrong(here, "is no name of linetwin's", hint)
            elif others:
                self.notes.append(f"{here}: is none of linetwin's, and not read")
            else:
                self.wrong(here, "is not known here", "known: " + ", ".join(wanted))
        for short in wanted.keys() - seen:
            self.wrong(f"{way}/{short}", "is absent", "it is always stated, if empty")
        return found

    def table(self, parent: model.SubmodelElement, way: str, idea: str) -> dict[str, Any]:
        """Return elements with idShorts as a mapping of plain data; `idea`: what the table is."""
        found = {}
        for element in children(parent):
            name = self.name(element, way)
            if name:
                found[name] = self.plain(element, f"{way}/{element.id_short}", below(idea, name))
        return found

    def required(self, table: Mapping[str, Any], keys: Iterable[str], way: str) -> None:
        """Note which keys of a table are absent, and which have no value."""
        for key in keys:
            here = f"{way}/{id_short(key)}"
            if key not in table:
                self.wrong(here, "is absent", "it is always stated, if empty")
            elif table[key] is None:
                self.wrong(here, "has no value", "it is always stated")

    def plain(self, element: model.SubmodelElement, way: str, idea: str) -> Any:  # noqa: ANN401
        """Return an element as plain data: mapping, list, text, number, truth or None."""
        self.expect(element, way, meaning(idea))
        if isinstance(element, model.SubmodelElementCollection):
            if not any(each.type == ROW for each in element.qualifier):
                return self.table(element, way, idea)
            inner = below(idea, ENTRY)
            return [self.plain(each, f"{way}/{each.id_short}", inner) for each in element.value]
        if isinstance(element, model.SubmodelElementList):
            inner = below(idea, ENTRY)
            return [self.plain(each, f"{way}/{n}", inner) for n, each in enumerate(element.value)]
        if isinstance(element, model.Property):
            return self._finite(_scalar(element.value), way)
        self.wrong(way, f"a {type(element).__name__} is not read here", "a property or collection")
        return None

    def _finite(self, value: Any, way: str) -> Any:  # noqa: ANN401 - any scalar
        if isinstance(value, float) and not math.isfinite(value):
            self.wrong(way, f"{value} is no number to work with", "a finite number")
            return 0.0
        return value

    def leaf(self, element: model.SubmodelElement, way: str) -> dict[str, Any] | None:
        """Return a value with its tag and source as a file has it; None, and a problem, for none.

        The unit is the one stated at the element, else that of what it means.
        """
        unit = unit_of(element) or _unit_of_meaning(element)
        raw: Any = None
        if isinstance(element, model.SubmodelElementList):
            values = [_scalar(getattr(each, "value", None)) for each in element.value]
            raw = [written(self._finite(value, way), unit) for value in values]
        elif isinstance(element, model.Property):
            raw = written(self._finite(_scalar(element.value), way), unit)
        if raw is None or (isinstance(raw, list) and None in raw):
            self.wrong(way, "has no value", "a property with a value, or a list of them")
            return None
        evidence = evidence_of(element)
        if evidence is None:
            self.wrong(way, "has no qualifier Evidence", f"allowed: {', '.join(_TAGS)}")
            return None
        if evidence.tag not in _TAGS:
            self.wrong(way, f"has the evidence '{evidence.tag}'", f"allowed: {', '.join(_TAGS)}")
            return None
        source = {"source": evidence.source} if evidence.source else {}
        return {"value": raw, "tag": evidence.tag, **source}

    def values(
        self,
        parent: model.SubmodelElement,
        prefix: str,
        means: Callable[[str], Collection[str]],
        way: str,
    ) -> dict[str, Any]:
        """Return the values of a section, whose addresses all begin with `prefix`, by last part.

        `means`: name -> the semanticIds that a value of this name may have.
        """
        found = {}
        for element in children(parent):
            here = f"{way}/{element.id_short}"
            address = self.name(element, way)
            owner, _, name = address.rpartition(".")
            if address and owner != prefix:
                hint = f"an idShort that begins with {id_short(prefix)}__"
                self.wrong(here, f"'{address}' is no value of {prefix}", hint)
            elif address and self.means(element, here, means(name)):
                value = self.leaf(element, here)
                if value is not None:
                    found[name] = value
        return found

    def means(self, element: model.SubmodelElement, way: str, allowed: Collection[str]) -> bool:
        """Say whether an element has one of the meanings that its name may have, or note it."""
        found = meaning_of(element)
        if found in allowed:
            return True
        known = named(found)
        said = f"the semanticId {found}" if found else "no semanticId"
        if known is not None:
            said += f", which is '{known.name}'"
        if allowed:
            self.wrong(way, f"has {said}", "by its name it is " + " or ".join(sorted(allowed)))
            return False
        ending = f"__{id_short(known.name)}" if known is not None else "what linetwin knows"
        self.wrong(way, f"has no name of a value here, but {said}", f"its idShort ends in {ending}")
        return False


def _scalar(value: object) -> bool | int | float | str | None:
    """Return basyx's value as Python's own."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            plain: int | float | str = kind(value)
            return plain
    return float(value) if isinstance(value, Decimal) else str(value)


def written(value: Any, unit: str) -> Any:  # noqa: ANN401 - as YAML has it
    """Return a value as a file has it: a number with its unit is text that loses no digit."""
    if value is None or isinstance(value, bool) or not unit:
        return value
    if isinstance(value, str):
        return f"{value} {unit}"
    return value if unit == "1" else f"{value!r} {unit}"


def free(value: dict[str, Any], unit: str) -> dict[str, Any]:
    """Return a parameter that only a model knows, whose number alone would count in its unit.

    A number of unit 1 is written in percent: by digits, so that it comes back as it was.
    """
    raw = value["value"]
    if unit != "1" or isinstance(raw, (str, bool)):
        return value
    return value | {"value": f"{Decimal(repr(raw)).scaleb(2)} {_PERCENT}"}


def _unit_of_meaning(element: model.HasSemantics) -> str:
    known = named(meaning_of(element))
    return known.unit if known is not None and known.type in {"float", "int"} else ""


def children(element: model.SubmodelElement) -> list[model.SubmodelElement]:
    """Return the elements within a collection, a list or an entity."""
    if isinstance(element, (model.SubmodelElementCollection, model.SubmodelElementList)):
        return list(element.value)
    return list(element.statement) if isinstance(element, model.Entity) else []
