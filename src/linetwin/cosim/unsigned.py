"""Ranges of unsigned whole numbers of FMI 3.0, which FMPy leaves out."""

from __future__ import annotations

from typing import Final

_TYPES: Final = ("UInt8", "UInt16", "UInt32", "UInt64")


def read_ranges(description: bytes) -> dict[str, dict[str, float]]:
    """Return `min` and `max` of a modelDescription.xml's unsigned variables, where they have them.

    By variable; a declared type's are not among them. Raises ValueError where one of them
    is no whole number.
    """
    from lxml import etree

    if b"<UInt" not in description:
        return {}
    variables = etree.fromstring(description).iterfind("ModelVariables/*")
    return {
        element.get("name", ""): {
            bound: int(element.get(bound)) for bound in ("min", "max") if element.get(bound)
        }
        for element in variables
        if element.tag in _TYPES
    }
