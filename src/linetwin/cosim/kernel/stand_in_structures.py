"""The structures of stand_in.h as ctypes."""

from __future__ import annotations

import ctypes
from typing import ClassVar, Final

SCALES: Final = {"identity": 0, "log": 1, "inverse": 2, "logit": 3}
"""Numbers of `Scale` in stand_in.h."""
ITEMS: Final = 16
"""Items of a chunk: `ITEMS` in stand_in.c."""
UNKNOWN: Final = -1
"""What it returns where an item is not known."""


class KernelVariable(ctypes.Structure):
    """A variable: its ends, its inner ends, and how it is scaled and standardised."""

    _fields_: ClassVar = [
        *[
            (name, ctypes.c_double)
            for name in ("low", "high", "inner_low", "inner_high", "least", "centre", "factor")
        ],
        ("scale", ctypes.c_int64),
    ]


class KernelMultiple(ctypes.Structure):
    """What is to be `factor` times a variable, or is."""

    _fields_: ClassVar = [("factor", ctypes.c_double), ("variable", ctypes.c_uint64)]


class KernelOutput(ctypes.Structure):
    """A learnt output: its scale, its least value, and by region where it is narrow enough."""

    _fields_: ClassVar = [
        ("low", ctypes.c_double),
        ("high", ctypes.c_double),
        ("least", ctypes.c_double),
        ("narrow_low", ctypes.c_double * 3),
        ("narrow_high", ctypes.c_double * 3),
        ("scale", ctypes.c_int64),
    ]


class KernelRegime(ctypes.Structure):
    """A regime of a stand-in; shapes are told in stand_in.h."""

    _fields_: ClassVar = [
        *[
            (f"{name}_count", ctypes.c_uint64)
            for name in ("variable", "condition", "tie", "axis", "bend")
        ],
        *[(name, ctypes.c_uint64) for name in ("quadratic", "term_count")],
        *[(f"{name}_count", ctypes.c_uint64) for name in ("learnt", "constant", "copy")],
        *[
            (name, ctypes.c_void_p)
            for name in (
                *("variables", "conditions", "ties", "axes", "cloud", "bends", "coefficients"),
                *("learnt", "constants", "copies", "given", "made", "room"),
            )
        ],
    ]
