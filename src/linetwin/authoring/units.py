"""UCUM unit strings of models; the parser itself is `linetwin.quantities.ucum`."""

from __future__ import annotations

from linetwin.errors import ModelError
from linetwin.quantities import ucum
from linetwin.quantities.ucum import BASES, Unit

__all__ = ["BASES", "Unit", "parse_unit"]


def parse_unit(text: str, *, where: str = "unit") -> Unit:
    """Parse a UCUM string such as "kg/(m2.s)" or "A.h".

    `where` is what the message of an error starts with. Raises ModelError where the text is not
    understood.
    """
    try:
        return ucum.parse_unit(text)
    except ValueError as error:
        raise ModelError(f"{where}: {error}") from error
