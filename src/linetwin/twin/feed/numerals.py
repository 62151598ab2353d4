"""What text of a source is a number: one rule for files, brokers and servers.

ASCII digits, a point at most, an exponent at most: `-0.5`, `12`, `1.2e-3`. All else is none, for
`1_000`, `1,5` and digits of other scripts mean one thing to one program and another to the next;
so are NaN, infinities, and what no float64 holds (`1e400`).
"""

from __future__ import annotations

import math
import re

_NUMERAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def is_numeral(text: str) -> bool:
    """Say whether text, but for blanks around it, is written as a number."""
    return _NUMERAL.fullmatch(text.strip()) is not None


def number_in(text: str) -> float:
    """Return the number that text is; NaN where it is none."""
    found = float(text) if is_numeral(text) else math.nan
    return found if math.isfinite(found) else math.nan
