"""The structures of a group as ctypes: group.h in Python's words."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import ClassVar

from linetwin.cosim.kernel.structures import KernelBlocks


class ValueType(IntEnum):
    """How a value lies in memory."""

    FLOAT64 = 0
    FLOAT32 = 1
    BOOL8 = 2
    BOOL32 = 3
    INT8 = 4
    INT16 = 5
    INT32 = 6
    INT64 = 7
    UINT8 = 8
    UINT16 = 9
    UINT32 = 10
    UINT64 = 11
    TEXT = 12


class GroupCall(IntEnum):
    """What failed in a group."""

    ALL_WELL = 0
    TAKING = 1
    STEPPING = 2
    READING = 3
    ENDING = 4
    EARLY = 5
    UNFIT = 6
    UNSOLVED = 7
    UNFINITE = 8


class KernelCopy(ctypes.Structure):
    """target = factor * source + offset, or the same number where it is not `affine`.

    `previous`: where the value of the giver at the point before lies; None where it is held.
    """

    _fields_: ClassVar = [
        ("source", ctypes.c_void_p),
        ("target", ctypes.c_void_p),
        ("factor", ctypes.c_double),
        ("offset", ctypes.c_double),
        ("source_type", ctypes.c_int32),
        ("target_type", ctypes.c_int32),
        ("affine", ctypes.c_int32),
        ("giver", ctypes.c_uint64),
        ("previous", ctypes.c_void_p),
    ]


class KernelRecorded(ctypes.Structure):
    """Where a recorded value lies."""

    _fields_: ClassVar = [("source", ctypes.c_void_p), ("type", ctypes.c_int32)]


class KernelMember(ctypes.Structure):
    """One FMU of a group."""

    _fields_: ClassVar = [
        ("handle", ctypes.c_void_p),
        ("step", ctypes.c_void_p),
        ("version", ctypes.c_int32),
        ("plain", ctypes.c_int32),
        ("every", ctypes.c_int64),
        ("length", ctypes.c_double),
        ("copies", ctypes.c_void_p),
        ("copy_count", ctypes.c_uint64),
        ("taken", KernelBlocks),
        ("outputs", KernelBlocks),
        ("at", ctypes.c_double),
        ("index", ctypes.c_int64),
        ("before", ctypes.c_double),
        ("followed", ctypes.c_void_p),
        ("followed_count", ctypes.c_uint64),
        ("previous", ctypes.c_void_p),
        ("level", ctypes.c_uint64),
        ("used", ctypes.c_void_p),
        ("used_count", ctypes.c_uint64),
    ]


class KernelUnknown(ctypes.Structure):
    """An input that a loop is solved for: a member's copy into it."""

    _fields_: ClassVar = [("member", ctypes.c_uint64), ("copy", ctypes.c_uint64)]


class KernelVisit(ctypes.Structure):
    """Members to set and read again; `work` has room for n * (n + 4) numbers of n unknowns."""

    _fields_: ClassVar = [
        ("members", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("unknowns", ctypes.c_void_p),
        ("unknown_count", ctypes.c_uint64),
        ("work", ctypes.c_void_p),
    ]


class GroupFailure(ctypes.Structure):
    """The first failure: what, whose, where, when."""

    _fields_: ClassVar = [
        ("call", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("member", ctypes.c_uint64),
        ("place", ctypes.c_uint64),
        ("time", ctypes.c_double),
        ("length", ctypes.c_double),
        ("value", ctypes.c_double),
    ]


class KernelGroup(ctypes.Structure):
    """A group, how its members follow each other, and where it writes what it records."""

    _fields_: ClassVar = [
        ("members", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("tolerance", ctypes.c_double),
        ("most", ctypes.c_int64),
        ("visits", ctypes.c_void_p),
        ("visit_count", ctypes.c_uint64),
        ("settling", ctypes.c_void_p),
        ("settling_count", ctypes.c_uint64),
        ("numerator", ctypes.c_int64),
        ("denominator", ctypes.c_int64),
        ("tick", ctypes.c_int64),
        ("index", ctypes.c_int64),
        ("version", ctypes.c_int32),
        ("jacobi", ctypes.c_int32),
        ("recording", ctypes.c_int32),
        ("linear", ctypes.c_int32),
        ("recorded", ctypes.c_void_p),
        ("recorded_count", ctypes.c_uint64),
        ("times", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("room", ctypes.c_uint64),
        ("rows", ctypes.c_uint64),
        ("failure", GroupFailure),
        ("stepping", ctypes.c_void_p),
        ("crew", ctypes.c_void_p),
    ]
