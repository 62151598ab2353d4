"""What several files of a system structure have in common: units, enumerations, transformations."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.cosim.ssp.structure import Transformation
from linetwin.cosim.ssp.xml import (
    ANNOTATION,
    KNOWN,
    SSB,
    SSC,
    SSD,
    SSM,
    SSV,
    TRANSFORMATIONS,
    UNREAD,
)
from linetwin.cosim.units import parse_name
from linetwin.quantities.ucum import BASES, Unit
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.structure import Dimension
    from linetwin.cosim.ssp.xml import Node
    from linetwin.scenario.problems import Place

_VERSION: Final = re.compile(r"[12]\.\d+(-.*)?")
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}
_NAMESPACES: Final = frozenset({SSC, SSD, SSV, SSM, SSB})


@dataclass(frozen=True)
class Words:
    """Units and enumerations that one file defines."""

    units: Mapping[str, Unit]
    enumerations: Mapping[str, Mapping[str, int]]
    findings: Findings

    @classmethod
    def of(cls, root: Node, findings: Findings, name: str, namespace: str) -> Words:
        """Return the words of a file; what the file has that SSP does not is told.

        Problems are noted where the root is not the element `name` of that namespace.
        """
        if (root.name, root.namespace) != (name, namespace):
            message = f"it begins with {{{root.namespace}}}{root.name}"
            findings.wrong(root.place, message, f"{{{namespace}}}{name}")
            findings.check()
        if not _VERSION.fullmatch(root.get("version")):
            found = root.get("version") or "none"
            findings.wrong(root.place, f"version {found} is not read", "1.0 or 2.0")
        _check(root, findings)
        units = {unit.get("name"): _unit(unit, findings) for unit in root.within("Units", "Unit")}
        enumerations = {
            each.get("name"): {
                item.get("name"): int(number(item, "value", findings)) for item in each.all("Item")
            }
            for each in root.within("Enumerations", "Enumeration")
        }
        return cls(units, enumerations, findings)

    def unit(self, name: str, place: Place) -> Unit | None:
        """Return a unit; one that the file does not define is understood by its name."""
        if name in self.units:
            return self.units[name]
        try:
            unit = parse_name(name)
        except ValueError:
            hint = nearest(name, self.units, "unit") + "; or a UCUM unit such as kg/(m2.s)"
            self.findings.wrong(place, f"unit '{name}' is not defined in this file", hint)
            return None
        self.findings.note("unit", f"unit '{name}' is not defined, read as UCUM", place)
        return unit

    def enumeration(self, name: str, place: Place) -> Mapping[str, int]:
        """Return an enumeration's items."""
        if name not in self.enumerations:
            hint = nearest(name, self.enumerations, "enumeration")
            self.findings.wrong(place, f"enumeration '{name}' is not defined in this file", hint)
        return self.enumerations.get(name, {})


def _check(node: Node, findings: Findings) -> None:
    """Tell what is in a file that is not read, and what SSP does not know."""
    for child in node:
        if child.namespace not in _NAMESPACES:
            continue  # content of another standard, within what is told as such
        reason = UNREAD.get(child.name)
        if child.name == "Annotation":
            if child.get("type") != ANNOTATION:
                findings.note("annotation", f"annotation '{child.get('type')}'", child.place)
        elif reason == "annotation":
            _check(child, findings)
        elif reason is not None:
            findings.note(reason, f"{child.name} is not kept", child.place)
        elif child.name not in KNOWN:
            hint = nearest(child.name, KNOWN)
            findings.wrong(child.place, f"SSP has no element '{child.name}'", hint)
        else:
            _check(child, findings)


def _unit(node: Node, findings: Findings) -> Unit:
    """Return a unit from its base units; value_SI = factor * value + offset."""
    base = node.one("BaseUnit")
    if base is None:
        findings.wrong(node.place, "a unit without a BaseUnit", '<ssc:BaseUnit kg="1"/>')
        return Unit(1.0, (0,) * len(BASES))
    exponents = tuple(int(number(base, name, findings)) if base.has(name) else 0 for name in BASES)
    factor = number(base, "factor", findings) if base.has("factor") else 1.0
    offset = number(base, "offset", findings) if base.has("offset") else 0.0
    if factor == 0.0:
        findings.wrong(node.place, "a unit of factor 0", "any other number")
        factor = 1.0
    return Unit(factor, exponents, offset)


def number(node: Node, name: str, findings: Findings) -> float:
    """Return an attribute that is a finite number; 1 and a problem where it is none."""
    try:
        value = float(node.get(name))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"{name}='{node.get(name)}' is no number"
        findings.wrong(node.place, message, "a finite number, such as 1.5")
        return 1.0
    return value


def boolean(node: Node, name: str, findings: Findings) -> bool:
    """Return an attribute that is true or false; False where it is not there."""
    text = node.get(name, "false").strip()
    if text not in _TRUTH:
        findings.wrong(node.place, f"{name}='{text}'", ", ".join(_TRUTH))
    return _TRUTH.get(text, False)


def dimension(node: Node, findings: Findings) -> Dimension:
    """Return what a Dimension says; None, and a problem, where it is of no size, or of two.

    Without an attribute the size is not said here, which the standard allows.
    """
    said = [name for name in ("size", "sizeConnector") if node.has(name)]
    size = node.get("size")
    fits = size.isdecimal() and int(size) > 0 if "size" in said else node.get("sizeConnector")
    if len(said) > 1 or (said and not fits):
        text = " and ".join(f"{name} '{node.get(name)}'" for name in said)
        findings.wrong(node.place, text, "a whole number, or the name of a connector")
        return None
    return int(size) if size else node.get("sizeConnector") or None


def transformation(node: Node, findings: Findings) -> Transformation | None:
    """Return the transformation within a connection or a mapping entry."""
    found = next((child for child in node if child.name in TRANSFORMATIONS), None)
    if found is None:
        return None
    if found.name == "LinearTransformation":
        factor = number(found, "factor", findings) if found.has("factor") else 1.0
        offset = number(found, "offset", findings) if found.has("offset") else 0.0
        return Transformation(factor, offset)
    entries = found.all("MapEntry")
    sources = [entry.get("source") for entry in entries]
    if len(set(sources)) != len(sources):
        findings.wrong(found.place, "a source stands in it twice", "one MapEntry for each source")
    if found.name == "EnumerationMappingTransformation":
        return Transformation(items={e.get("source"): e.get("target") for e in entries})
    read = boolean if found.name == "BooleanMappingTransformation" else _whole
    return Transformation(
        table={int(read(e, "source", findings)): int(read(e, "target", findings)) for e in entries}
    )


def _whole(node: Node, name: str, findings: Findings) -> int:
    """Return an attribute that is a whole number, to its last digit; 1 and a problem for none."""
    try:
        return int(node.get(name))
    except ValueError:
        message = f"{name}='{node.get(name)}' is no whole number"
        findings.wrong(node.place, message, "a whole number, such as 2")
        return 1
