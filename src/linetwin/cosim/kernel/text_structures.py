"""The structures of text and bytes as ctypes: texts.h in Python's words."""

from __future__ import annotations

import ctypes
from typing import ClassVar, Final


class KernelText(ctypes.Structure):
    """A content of `size` bytes, where `room` fit; `most` is the largest size, 0 for any."""


GROW: Final = ctypes.CFUNCTYPE(None, ctypes.POINTER(KernelText), ctypes.c_uint64)
"""Makes room for a number of bytes."""

KernelText._fields_ = [
    ("content", ctypes.c_void_p),
    ("size", ctypes.c_uint64),
    ("room", ctypes.c_uint64),
    ("most", ctypes.c_uint64),
    ("grow", GROW),
]


class KernelTexts(ctypes.Structure):
    """The values of a variable, the FMU's functions, and what is handed over in a call."""

    _fields_: ClassVar = [
        ("get", ctypes.c_void_p),
        ("set", ctypes.c_void_p),
        ("binary", ctypes.c_int32),
        ("texts", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("places", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
    ]
