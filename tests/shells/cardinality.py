"""Whether a submodel is what its published template asks for: cardinalities and types.

The templates (IDTA, CC BY 4.0) are in the shared folder, not in the product. What they say of an
element stands in its qualifiers: `SMT/Cardinality` (older ones: `Cardinality`, `Multiplicity`),
`SMT/EitherOr`, `AllowedIdShort`, `data type`. An element is an instance of the element of a
template that has its semanticId (the last key, stripped), class and, among several, most of its
supplemental ids. Where a template shows no elements within one, or names them arbitrary, anything
of the classes shown may stand there.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from basyx.aas import model

from linetwin.shells.reading import read
from linetwin.shells.reading.walking import CHILDREN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Element: TypeAlias = Any
"""A submodel or an element of one: which attributes it has depends on its class."""
TEMPLATES: Final = Path(__file__).parents[3] / "shared" / "aas_templates"
_CARDINALITIES: Final = ("SMT/Cardinality", "Cardinality", "Multiplicity")
_COUNTS: Final = {
    "one": (1, 1),
    "zerotoone": (0, 1),
    "zerotomany": (0, None),
    "onetomany": (1, None),
}
_ARBITRARY: Final = "https://admin-shell.io/SMT/General/Arbitrary"
"""Begins the semanticIds of what a template leaves open (`…/ArbitraryProp`)."""


@dataclass(frozen=True)
class _Spot:
    """An element of a template: `above` are those that it stands in, from the root."""

    element: Element
    above: tuple[Element, ...]

    def children(self) -> list[_Spot]:
        """Return what the template shows within; a node within a node is like the outer one."""
        chain = (*self.above, self.element)
        holder = self.element
        if not any(_children(holder)):
            same = [
                each
                for each in self.above
                if type(each) is type(holder) and _meaning(each) == _meaning(holder)
            ]
            holder = same[-1] if same else holder
        return [_Spot(child, chain) for child in _children(holder)]


@functools.cache
def templates() -> dict[str, model.Submodel]:
    """Return the published templates by their IDTA number (`02035-3`); empty where absent."""
    return {
        file.stem.split("_")[0]: submodel
        for file in sorted(TEMPLATES.glob("*.json"))
        for submodel in read(file).submodels()
    }


def faults(submodel: model.Submodel, number: str | None = None) -> list[str]:
    """Return what a submodel has wrong beside its template; each fault begins with its place.

    `number`: the IDTA number of the template; without it the first that has the submodel's
    semanticId, which a battery's carbon footprint shares with the general one. Raises LookupError
    where there is none.
    """
    own = _meaning(submodel)
    if number is None:
        alike = [key for key, each in templates().items() if _meaning(each) == own]
        if not alike:
            raise LookupError(f"no template has the semanticId {own!r}")
        number = alike[0]
    template = templates()[number]
    name = str(submodel.id_short or submodel.id)
    found = [] if own == _meaning(template) else [f"{name}: another semanticId"]
    return found + list(_within(submodel, _Spot(template, ()), name))


def _within(holder: Element, spot: _Spot, place: str) -> Iterator[str]:
    """Yield the faults of what stands in an element."""
    options = spot.children()
    if not options:
        return
    ordered = isinstance(holder, model.SubmodelElementList)
    counts: Counter[int] = Counter()
    for index, child in enumerate(_children(holder)):
        where = f"{place}[{index}]" if ordered else f"{place}/{child.id_short}"
        chosen, found = _chosen(child, options, where)
        if chosen is not None:
            counts[chosen] += 1
        yield from found
    for index, option in enumerate(options):
        low, high = _count(option.element, ordered=ordered)
        if counts[index] < low:
            yield f"{place}: {_name(option.element)} is missing"
        if high is not None and counts[index] > high:
            yield f"{place}: {_name(option.element)} stands there {counts[index]} times"
    yield from _either_or(options, counts, place)


def _chosen(child: Element, options: list[_Spot], place: str) -> tuple[int | None, list[str]]:
    """Return which option an element is an instance of, and its faults as such."""
    own = _meaning(child)
    alike = [n for n, option in enumerate(options) if own and _meaning(option.element) == own]
    if not alike and not own:  # within a list, which says what its children mean
        alike = [n for n, option in enumerate(options) if type(option.element) is type(child)]
    fitting = [n for n in alike if type(options[n].element) is type(child)]
    if fitting:
        ranked = sorted(fitting, key=lambda n: _likeness(child, options[n].element), reverse=True)
        best = _likeness(child, options[ranked[0]].element)
        close = [n for n in ranked if _likeness(child, options[n].element) == best]
        tried = [(n, list(_one(child, options[n], place))) for n in close]
        return min(tried, key=lambda each: len(each[1]))
    open_to = {type(each.element) for each in options if _is_arbitrary(each.element)}
    if alike and not any(_is_arbitrary(options[n].element) for n in alike):
        wanted = " or ".join(sorted({type(options[n].element).__name__ for n in alike}))
        return None, [f"{place}: is a {type(child).__name__}, the template has a {wanted}"]
    if open_to and type(child) not in open_to:
        allowed = ", ".join(sorted(each.__name__ for each in open_to))
        return None, [f"{place}: is a {type(child).__name__}, arbitrary are {allowed}"]
    names = {each.element.id_short for each in options if not _is_arbitrary(each.element)}
    if child.id_short in names:
        return None, [f"{place}: has the template's idShort and another semanticId ({own})"]
    return None, []


def _one(child: Element, spot: _Spot, place: str) -> Iterator[str]:
    """Yield the faults of an element as an instance of one of a template."""
    template = spot.element
    if not _is_arbitrary(template):
        yield from _types(child, template, place)
    pattern = _qualifier(template, "AllowedIdShort")
    if pattern is not None and not re.fullmatch(_expression(pattern), str(child.id_short)):
        yield f"{place}: idShort is to match {pattern}"
    yield from _within(child, spot, place)


def _types(child: Element, template: Element, place: str) -> Iterator[str]:
    """Yield where the types of values are others than a template's."""
    for attribute in ("value_type", "value_type_list_element"):
        wanted = getattr(template, attribute, None)
        found = getattr(child, attribute, None)
        if wanted is None or found is wanted:
            continue
        others = _qualifier(template, "data type") or ""
        if _type_name(found) not in re.findall(r"xsd:(\w+)", others):
            yield f"{place}: has {_type_name(found)}, the template {_type_name(wanted)}"
    if isinstance(template, model.SubmodelElementList):
        listed, asked = child.type_value_list_element, template.type_value_list_element
        if asked is not model.SubmodelElement and listed is not asked:
            yield f"{place}: lists {listed.__name__}, the template {asked.__name__}"


def _type_name(kind: Element) -> str:
    return model.datatypes.XSD_TYPE_NAMES[kind].removeprefix("xs:") if kind else "none"


def _either_or(options: list[_Spot], counts: Counter[int], place: str) -> Iterator[str]:
    """Yield the groups of which not exactly one is there."""
    groups: dict[str, list[int]] = {}
    for index, option in enumerate(options):
        name = _qualifier(option.element, "SMT/EitherOr")
        if name is not None:
            groups.setdefault(name, []).append(index)
    for members in groups.values():
        there = sum(counts[index] > 0 for index in members)
        if there != 1:
            names = ", ".join(_name(options[index].element) for index in members)
            yield f"{place}: {there} of {names}, one is to be there"


def _count(element: Element, *, ordered: bool) -> tuple[int, int | None]:
    """Return how often an element may stand there, at least and at most (None: any number).

    Templates show one child of a list for all, and say `One` of it; so at most counts for none.
    """
    for name in _CARDINALITIES:
        told = _qualifier(element, name)
        if told is not None:
            low, high = _COUNTS[told.strip().lower()]
            return low, None if ordered else high
    return 0, None


def _likeness(child: Element, template: Element) -> tuple[int, int]:
    """Return how many supplemental ids two elements share, and whether they have one idShort."""
    shared = _supplements(child) & _supplements(template)
    return len(shared), int(child.id_short == template.id_short)


def _children(holder: Element) -> list[Any]:
    names = CHILDREN.get(type(holder).__name__, {}).values()
    return [child for name in names for child in getattr(holder, name)]


def _meaning(element: Element) -> str:
    return "" if element.semantic_id is None else element.semantic_id.key[-1].value.strip()


def _supplements(element: Element) -> set[str]:
    return {each.key[-1].value.strip() for each in element.supplemental_semantic_id}


def _is_arbitrary(element: Element) -> bool:
    return _meaning(element).startswith(_ARBITRARY)


def _qualifier(element: Element, name: str) -> str | None:
    qualifiers: Iterable[model.Qualifier] = element.qualifier
    return next((str(each.value) for each in qualifiers if each.type == name), None)


def _expression(pattern: str) -> str:
    r"""Return what a template means: it writes `Time[\d{2,3}]` for an optional number."""
    return re.sub(r"\[(\\d\{[0-9,]+\})\]", r"(\1)?", pattern)


def _name(element: Element) -> str:
    if element.id_short is None or isinstance(element.parent, model.SubmodelElementList):
        return f"a {type(element).__name__}"  # basyx gives a list's children random names
    return str(element.id_short)
