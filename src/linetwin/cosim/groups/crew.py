"""Threads that step the members of a group together, where they pay.

The kernel shares out the members of each communication point (kernel/crew.c) and finds by trying
on the first points whether that is quicker; the results are those of one thread, bit by bit. Here
is who helps, and with which calls: waking a helper takes some 50 us.
"""

from __future__ import annotations

import ctypes
import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.kernel.crew_structures import Choice, KernelCrew
from linetwin.cosim.rows import processors

if TYPE_CHECKING:
    from linetwin.cosim.kernel.group_structures import KernelGroup
    from linetwin.cosim.kernel.library import Kernel

_HEAVY_CALL_S: Final = 2e-4
"""Time of a call above which helpers are worth being woken."""
_MANY_POINTS: Final = 100
"""Points of a first call with which helpers are tried though nothing is known of their time."""
_TRIED_CALLS: Final = 5
_LASTING: Final = 4096
"""Points after which it is tried anew: others may want the processors now, or no longer."""
_LIGHT_POINT_S: Final = 1e-5
"""Time of a point below which threads cannot pay: meeting at its ends takes some of it."""


@cache
def _pool(_process: int) -> ThreadPoolExecutor:
    """Return the helpers of this process: a forked one has none of its parent's."""
    return ThreadPoolExecutor(max(1, processors() - 1), thread_name_prefix="linetwin-group")


class Crew:
    """The threads of one group: the caller's, and helpers.

    `light`: its steps take so little that threads will never pay.
    """

    def __init__(self, group: KernelGroup, compiled: Kernel) -> None:
        """Join a group's structure; it must have two members or more."""
        self._group = group
        self._inside = KernelCrew(helpers=min(processors(), group.count) - 1)
        self._lead: Any = compiled.library["linetwin_group_lead"]
        self._lead.restype = ctypes.c_int32
        self._help: Any = compiled.library["linetwin_group_help"]
        self._help.restype = None
        self._alone: Any = compiled.library["linetwin_group_advance"]
        self._point_s = float("inf")
        self._calls = 0
        self._left = _LASTING
        self.light = False

    @property
    def choice(self) -> Choice:
        """Whether threads pay, as far as it has been tried."""
        return Choice(self._inside.choice)

    def insist(self, choice: Choice) -> None:
        """Choose from here on, for calls of any length."""
        self._inside.choice, self._inside.tried = choice, 0
        self._calls, self._point_s = 1, float("inf")

    def advance(self, end: ctypes.c_int64, points: int) -> bool:
        """Step the group to tick `end`, through so many points; False after a failure."""
        self._left -= points
        if self._left < 0:
            self._inside.choice, self._left = Choice.UNDECIDED, _LASTING
        if self._inside.helpers and self._worth_it(points):
            return self._together(end)
        group = ctypes.byref(self._group)
        if self._calls >= _TRIED_CALLS:
            return bool(self._alone(group, end))
        begin = time.perf_counter()
        done = bool(self._alone(group, end))
        self._point_s = min(self._point_s, (time.perf_counter() - begin) / points)
        self._calls += 1
        self.light = self._calls == _TRIED_CALLS and self._point_s < _LIGHT_POINT_S
        return done

    def _worth_it(self, points: int) -> bool:
        """Tell whether helpers are to be woken for a call."""
        if self._inside.choice == Choice.ALONE:
            return False
        if not self._calls:
            return points >= _MANY_POINTS
        return points * self._point_s > _HEAVY_CALL_S

    def _together(self, end: ctypes.c_int64) -> bool:
        inside = self._inside
        inside.point = inside.over = 0
        crew, pool = ctypes.byref(inside), _pool(os.getpid())
        self._group.crew = ctypes.addressof(inside)
        helping = []
        try:
            helping += [pool.submit(self._help, crew) for _ in range(inside.helpers)]
            return bool(self._lead(ctypes.byref(self._group), end))
        finally:
            inside.over = 1  # also where the user asked to end before it began
            self._group.crew = None
            wait(helping)
