"""The kernel's structures as ctypes: kernel.h in Python's words."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import ClassVar


class Call(IntEnum):
    """What failed in an item."""

    NOTHING = 0
    RESET = 1
    CONSTANTS = 2
    INPUTS = 3
    SETUP = 4
    ENTER = 5
    LEAVE = 6
    STEP = 7
    OUTPUTS = 8
    ENDED = 9
    UNEVEN = 10


class KernelBlock(ctypes.Structure):
    """Variables of one FMI type, set or read together: `count` of them, with `size` values.

    `stride` is 0 where all rows share the values.
    """

    _fields_: ClassVar = [
        ("access", ctypes.c_void_p),
        ("references", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("size", ctypes.c_size_t),
        ("values", ctypes.c_void_p),
        ("stride", ctypes.c_size_t),
    ]


class KernelBlocks(ctypes.Structure):
    """The blocks of a table."""

    _fields_: ClassVar = [("blocks", ctypes.c_void_p), ("count", ctypes.c_size_t)]


class KernelPhase(ctypes.Structure):
    """What is set before a phase and read after it, and its lengths (s) by row."""

    _fields_: ClassVar = [
        ("inputs", KernelBlocks),
        ("outputs", KernelBlocks),
        ("lengths", ctypes.c_void_p),
        ("taken", ctypes.c_void_p),
    ]


class Functions2(ctypes.Structure):
    """FMI 2.0's functions, in the kernel's order."""

    _fields_: ClassVar = [
        (name, ctypes.c_void_p)
        for name in ("reset", "setup", "enter", "leave", "step", "real_status", "boolean_status")
    ]


class Functions3(ctypes.Structure):
    """FMI 3.0's functions, in the kernel's order."""

    _fields_: ClassVar = [(name, ctypes.c_void_p) for name in ("reset", "enter", "leave", "step")]


class Failure(ctypes.Structure):
    """The first failure: what, the FMU's status, where, and the length (s) of the step."""

    _fields_: ClassVar = [
        ("call", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("row", ctypes.c_uint64),
        ("phase", ctypes.c_uint64),
        ("block", ctypes.c_uint64),
        ("length", ctypes.c_double),
    ]


class KernelRunner(ctypes.Structure):
    """An instance with its rules, and how far it is."""

    _fields_: ClassVar = [
        ("handle", ctypes.c_void_p),
        ("version", ctypes.c_int32),
        ("tolerance_given", ctypes.c_int32),
        ("tolerance", ctypes.c_double),
        ("longest", ctypes.c_double),
        ("fixed", ctypes.c_int32),
        ("running", ctypes.c_int32),
        ("constants", KernelBlocks),
        ("fmi2", Functions2),
        ("fmi3", Functions3),
        ("resets", ctypes.c_uint64),
        ("time", ctypes.c_double),
        ("failure", Failure),
    ]
