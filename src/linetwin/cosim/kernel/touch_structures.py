"""The structures of touch.h as ctypes."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import ClassVar

from linetwin.cosim.kernel.structures import KernelBlocks


class TouchCall(IntEnum):
    """Where an instance stopped."""

    TOUCHED = 0
    STEP = 1
    EARLY = 2
    INPUTS = 3
    OUTPUTS = 4


class KernelTouch(ctypes.Structure):
    """An instance to step by `length` (s, 0: not at all), to set and to read."""

    _fields_: ClassVar = [
        ("handle", ctypes.c_void_p),
        ("step", ctypes.c_void_p),
        ("version", ctypes.c_int32),
        ("call", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("terminated", ctypes.c_int32),
        ("time", ctypes.c_double),
        ("length", ctypes.c_double),
        ("reached", ctypes.c_double),
        ("inputs", KernelBlocks),
        ("outputs", KernelBlocks),
        ("block", ctypes.c_uint64),
    ]
