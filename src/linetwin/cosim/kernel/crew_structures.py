"""The structure of threads that step a group together as ctypes: crew.h in Python's words."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import ClassVar

from linetwin.cosim.kernel.group_structures import GroupFailure


class Choice(IntEnum):
    """Whether threads pay."""

    UNDECIDED = 0
    ALONE = 1
    TOGETHER = 2


class KernelCrew(ctypes.Structure):
    """Who steps together, and what was found of it."""

    _fields_: ClassVar = [
        ("group", ctypes.c_void_p),
        ("helpers", ctypes.c_uint64),
        ("point", ctypes.c_uint64),
        ("next", ctypes.c_uint64),
        ("arrived", ctypes.c_uint64),
        ("over", ctypes.c_uint64),
        ("noting", ctypes.c_uint64),
        ("span", ctypes.c_void_p),
        ("all", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("choice", ctypes.c_uint64),
        ("tried", ctypes.c_uint64),
        ("alone", ctypes.c_uint64),
        ("together", ctypes.c_uint64),
        ("failed", ctypes.c_uint64),
        ("failure", GroupFailure),
    ]
