"""Plain data that JSON can hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:  # noqa: ANN401  recursion over JSON
    """Return the same with null in place of numbers that are not finite, which JSON has none of.

    Numbers and truth values of numpy become Python's: as text "False" would be true.
    """
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
