"""Attributes of a modelDescription.xml that FMI wants as numbers, or as names of variables.

They are looked at before anything is read, so that what is wrong is told by element and attribute.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INTEGER: Final = "a whole number"
_WHOLE: Final = "a whole number, 0 or more"
_COUNT: Final = "a whole number, 1 or more"
_NUMBER: Final = "a finite number, such as 0.1"
_FORMS: Final = {
    _INTEGER: re.compile(r"\s*[+-]?\d+\s*"),
    _WHOLE: re.compile(r"\s*\+?\d+\s*"),
    _COUNT: re.compile(r"\s*\+?0*[1-9]\d*\s*"),
}
_EXPONENTS: Final = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")
_RULES: Final[Mapping[str, Mapping[str, str]]] = {
    "fmiModelDescription": {"numberOfEventIndicators": _WHOLE},
    "CoSimulation": {"maxOutputDerivativeOrder": _WHOLE},
    "BaseUnit": {**dict.fromkeys(_EXPONENTS, _INTEGER), "factor": _NUMBER, "offset": _NUMBER},
    "Item": {"value": _INTEGER},
    "Dimension": {"start": _COUNT},
    "Binary": {"maxSize": _WHOLE},
    "Clock": {
        **dict.fromkeys(("intervalDecimal", "shiftDecimal"), _NUMBER),
        **dict.fromkeys(("intervalCounter", "shiftCounter"), _INTEGER),
        "resolution": _COUNT,
    },
    **{f"UInt{bits}": dict.fromkeys(("min", "max"), _INTEGER) for bits in (8, 16, 32, 64)},
}
"""Attributes with numbers, by element."""
_INTERVALS: Final = ("constant", "fixed", "tunable", "changing", "countdown", "triggered")
_OLD: Final = "number of a variable, counted from 1"
_NEW: Final = "valueReference of a variable"


def check_attributes(description: bytes) -> list[Problem]:
    """Return what is wrong with attributes of a modelDescription.xml of FMI 2.0 or 3.0.

    Raises lxml's XMLSyntaxError where it is no XML.
    """
    from lxml import etree

    root = etree.fromstring(description)
    problems = [
        _wrong(element, attribute, allowed)
        for element in root.iter(*_RULES)
        for attribute, allowed in _RULES[element.tag].items()
        if attribute in element.attrib and not _is(element.get(attribute), allowed)
    ]
    problems += [
        _wrong(element, "valueReference", _WHOLE)
        for element in root.iterfind("ModelVariables/*[@name]")
        if not _is(element.get("valueReference", ""), _WHOLE)
    ]
    if problems:  # what they refer to cannot be told
        return problems
    for element in root.iterfind("ModelVariables/Clock"):
        problems += _clock(element)
    old = root.get("fmiVersion", "").startswith("2")
    return [*problems, *(_old_references(root) if old else _references(root))]


def _is(text: str, allowed: str) -> bool:
    if allowed != _NUMBER:
        return _FORMS[allowed].fullmatch(text) is not None
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _wrong(element: Any, attribute: str, allowed: str) -> Problem:  # noqa: ANN401 - lxml has no types
    """Return a problem with an attribute, or with its absence."""
    of = element
    while of is not None and of.get("name") is None:
        of = of.getparent()
    whose = f" of '{of.get('name')}'" if of is not None else ""
    value = element.get(attribute)
    what = f"no {attribute}" if value is None else f"{attribute}='{value}'"
    where = f"modelDescription.xml, line {element.sourceline}"
    return Problem(f"{where}: <{element.tag}>{whose} has {what}", hint=f"allowed: {allowed}")


def _clock(element: Any) -> Iterator[Problem]:  # noqa: ANN401 - lxml has no types
    """Look at when a clock ticks."""
    kind = element.get("intervalVariability")
    if kind not in _INTERVALS:
        yield _wrong(element, "intervalVariability", ", ".join(_INTERVALS))
    known = {"intervalDecimal", "intervalCounter"} & set(element.attrib)
    if kind == "constant" and not known:
        yield _wrong(element, "intervalDecimal", f"{_NUMBER}, in s; a constant clock needs one")


def _references(root: Any) -> Iterator[Problem]:  # noqa: ANN401 - lxml has no types
    """Look at what refers to variables of FMI 3.0 by their valueReference."""
    variables = {int(e.get("valueReference")): e for e in root.iterfind("ModelVariables/*[@name]")}
    for element in root.iterfind("ModelVariables/*/Dimension"):
        if element.get("start") is not None:
            continue
        found = _unknown(element, "valueReference", variables, _NEW, needed=True)
        yield from found
        decides = None if found else variables[int(element.get("valueReference"))]
        if decides is not None and not _is(decides.get("start", ""), _WHOLE):
            yield _wrong(decides, "start", f"{_WHOLE}: it decides the size of an array")
    for element in root.iterfind("ModelVariables/*"):
        for attribute in ("clocks", "derivative"):
            yield from _unknown(element, attribute, variables, _NEW)
    for element in root.iterfind("ModelStructure/*[@valueReference]"):
        for attribute in ("valueReference", "dependencies"):
            yield from _unknown(element, attribute, variables, _NEW)


def _old_references(root: Any) -> Iterator[Problem]:  # noqa: ANN401 - lxml has no types
    """Look at what refers to variables of FMI 2.0 by their place."""
    places = range(1, len(root.findall("ModelVariables/*[@name]")) + 1)
    for element in root.iterfind("ModelStructure/*/Unknown"):
        yield from _unknown(element, "index", places, _OLD, needed=True)
        yield from _unknown(element, "dependencies", places, _OLD)
    for element in root.iterfind("ModelVariables/*/Real"):
        yield from _unknown(element, "derivative", places, _OLD)


def _unknown(
    element: Any,  # noqa: ANN401 - lxml has no types
    attribute: str,
    known: Mapping[int, object] | range,
    what: str,
    *,
    needed: bool = False,
) -> list[Problem]:
    """Return a problem where an attribute names a variable that is not there."""
    text = element.get(attribute)
    if (text is None and not needed) or (attribute == "dependencies" and not (text or "").strip()):
        return []
    parts = (text or "").strip().split(" ")
    if all(_is(part, _WHOLE) and int(part) in known for part in parts):
        return []
    blanks = "; one blank between two" if attribute in {"clocks", "dependencies"} else ""
    return [_wrong(element, attribute, what + blanks)]
