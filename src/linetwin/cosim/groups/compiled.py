"""Stepping a group in the compiled kernel: one call for all communication points up to a tick.

The kernel is cosim/kernel/group.c; it does what `PythonEngine` does, to the same bits.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from linetwin.cosim.fmi2 import Fmi2Instance
from linetwin.cosim.groups.crew import Crew
from linetwin.cosim.groups.engine import check_step, failure
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.loops import unsolved
from linetwin.cosim.groups.running import unfit, unfit_text
from linetwin.cosim.instance import DISCARD, Step
from linetwin.cosim.kernel.group_structures import (
    GroupCall,
    KernelCopy,
    KernelGroup,
    KernelMember,
    KernelRecorded,
    KernelUnknown,
    KernelVisit,
    ValueType,
)
from linetwin.cosim.rows import processors
from linetwin.cosim.units import SAME
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.groups.recorder import Recorder
    from linetwin.cosim.groups.running import Copy, Plan, PlannedVisit, RunningMember
    from linetwin.cosim.groups.slots import Slot
    from linetwin.cosim.kernel.library import Kernel

_OFF_GRID: Final = -1
_TYPES: Final = {
    np.float64: ValueType.FLOAT64,
    np.float32: ValueType.FLOAT32,
    np.bool_: ValueType.BOOL8,
    np.int8: ValueType.INT8,
    np.int16: ValueType.INT16,
    np.int32: ValueType.INT32,
    np.int64: ValueType.INT64,
    np.uint8: ValueType.UINT8,
    np.uint16: ValueType.UINT16,
    np.uint32: ValueType.UINT32,
    np.uint64: ValueType.UINT64,
}


class CompiledEngine:
    """Fulfils `Engine` with a call into the kernel; other threads of Python go on meanwhile."""

    def __init__(self, plan: Plan, recorder: Recorder | None, begin: int, kernel: Kernel) -> None:
        """Lay out the kernel's structures; the members have instances, and stand at `begin`."""
        self._plan = plan
        self._recorder = recorder
        self._kept: list[Any] = []
        self._at = begin / TICKS_PER_SECOND
        index = plan.grid.index(begin)
        self._index = _OFF_GRID if index is None else index
        members = [self._member(member) for member in plan.members]
        self._members = (KernelMember * len(members))(*members)
        step = plan.grid.step
        self._inside = KernelGroup(
            members=ctypes.addressof(self._members),
            count=len(members),
            tolerance=plan.loops.tolerance,
            most=plan.loops.most,
            visits=self._array(KernelVisit, [self._visit(visit) for visit in plan.visits]),
            visit_count=len(plan.visits),
            settling=self._array(KernelVisit, [self._visit(visit) for visit in plan.settling]),
            settling_count=len(plan.settling),
            numerator=step.numerator,
            denominator=step.denominator,
            tick=begin,
            index=self._index,
            version=_common_version(plan),
            linear=plan.linear,
            jacobi=plan.order == "jacobi",
            recording=recorder is not None,
        )
        if recorder is not None:
            slots = recorder.slots.values()
            recorded = [KernelRecorded(source=_address(s), type=_type(s)) for s in slots]
            self._inside.recorded = self._array(KernelRecorded, recorded)
            self._inside.recorded_count = len(recorded)
        self._end = ctypes.c_int64()
        self._arguments = (ctypes.byref(self._inside), self._end)
        self._advance = _function(kernel, "linetwin_group_advance")
        self._settle = _function(kernel, "linetwin_group_settle")
        self._move = _function(kernel, "linetwin_group_move")
        self._time, self._point = ctypes.c_double(), ctypes.c_int64()
        levels = _levels(plan)
        for member, level in zip(self._members, levels, strict=True):
            member.level = level
        shared = len(set(levels)) < len(members) and processors() > 1
        self.crew = Crew(self._inside, kernel) if shared else None

    def advance(self, end: int) -> None:
        """Step all members to tick `end`."""
        self._end.value = end
        if self._recorder is not None:
            self._show(self._recorder)
        done = self._advance(*self._arguments) if self.crew is None else self._shared(self.crew)
        if self._recorder is not None:
            self._recorder.rows = self._inside.rows
        if not done:
            self._fail()

    def _shared(self, crew: Crew) -> bool:
        """Step with other threads where they pay; False after a failure."""
        points = len(self._plan.grid.between(self._inside.tick, self._end.value)) + 1
        done = crew.advance(self._end, points)
        if crew.light:
            self.crew = None
        return done

    @property
    def arrived(self) -> Sequence[str]:
        """None: where members may end steps early, the kernel is not used."""
        return ()

    def move(self, time: float, index: int | None) -> None:
        """Take one communication step of all members to `time` (s), point `index` of the grid."""
        self._time.value = time
        self._point.value = _OFF_GRID if index is None else index
        if not self._move(self._arguments[0], self._time, self._point):
            self._fail()

    def stand(self, at: float, index: int | None, befores: list[float]) -> None:
        """Take it that all members stand at `at` (s) again."""
        for member, before in zip(self._members, befores, strict=True):
            member.at, member.before = at, before
            member.index = _OFF_GRID if index is None else index

    @property
    def rows(self) -> int:
        """Points recorded, also while the kernel is at it."""
        return int(self._inside.rows)

    def under_way(self) -> str:
        """Return the member whose step was begun last."""
        begun = self._inside.stepping
        addresses = [ctypes.addressof(member) for member in self._members]
        return self._plan.members[addresses.index(begun)].member.name if begun else ""

    def close(self) -> None:
        """Do nothing: it holds nothing inside the members."""

    def settle(self) -> None:
        """Let inputs from outside pass through at once."""
        if not self._settle(self._arguments[0]):
            self._fail()

    def befores(self) -> list[float]:
        """Return the times (s) of the points before, along which members extrapolate."""
        return [member.before for member in self._members]

    def _show(self, recorder: Recorder) -> None:
        """Tell the kernel where to write: the arrays move when they grow."""
        inside = self._inside
        inside.rows = recorder.rows
        inside.room = len(recorder.times)
        inside.times = recorder.times.ctypes.data
        inside.values = recorder.values.ctypes.data

    def _array(self, kind: Any, items: Any) -> int:  # noqa: ANN401 - ctypes
        """Return the address of an array that lives as long as this engine."""
        array = (kind * len(items))(*items)
        self._kept.append(array)
        return ctypes.addressof(array)

    def _visit(self, visit: PlannedVisit) -> KernelVisit:
        members = self._plan.members
        copies = [
            (index, place)
            for index, member in enumerate(members)
            for place, copy in enumerate(member.copies)
            if copy in visit.copies
        ]
        unknowns = [KernelUnknown(member=member, copy=copy) for member, copy in copies]
        size = len(unknowns)
        return KernelVisit(
            members=self._array(ctypes.c_uint64, [members.index(one) for one in visit.members]),
            count=len(visit.members),
            unknowns=self._array(KernelUnknown, unknowns),
            unknown_count=size,
            work=self._array(ctypes.c_double, [0.0] * (size * (size + 4))),
        )

    def _member(self, member: RunningMember) -> KernelMember:
        version = member.binary.description.version
        step: Any = member.binary.function(f"fmi{version}DoStep")
        copies = [
            KernelCopy(
                source=_address(copy.source),
                target=_address(copy.target),
                factor=copy.affine.factor,
                offset=copy.affine.offset,
                source_type=_type(copy.source),
                target_type=_type(copy.target),
                affine=copy.affine is not SAME,
                giver=self._plan.members.index(copy.giver),
                previous=_previous(copy),
            )
            for copy in member.copies
        ]
        used = [KernelRecorded(source=_address(s), type=_type(s)) for s in member.used.values()]
        copies += [
            KernelCopy(
                source=copy.source.cell.place(copy.source.column),
                target=copy.target.cell.place(copy.target.column),
                source_type=ValueType.TEXT,
                target_type=ValueType.TEXT,
            )
            for copy in member.text_copies
        ]
        same = (ValueType.FLOAT64, ValueType.FLOAT64, 0, None)
        return KernelMember(
            handle=member.running.address,
            step=ctypes.cast(step, ctypes.c_void_p).value,
            version=version,
            plain=all((c.source_type, c.target_type, c.affine, c.previous) == same for c in copies),
            every=member.member.every,
            length=member.length_s,
            copies=self._array(KernelCopy, copies),
            copy_count=len(copies),
            taken=member.taken.table.setting,
            outputs=member.outputs.table.getting,
            at=self._at,
            index=self._index,
            before=member.before,
            followed=self._array(ctypes.c_void_p, [_address(s) for s in member.followed]),
            followed_count=len(member.followed),
            previous=member.previous.ctypes.data,
            used=self._array(KernelRecorded, used),
            used_count=len(used),
        )

    def _fail(self) -> NoReturn:
        """Raise the FmuError that Python would have raised for the kernel's failure."""
        member = self._plan.members[self._inside.failure.member]
        try:
            self._tell(member)
        except FmuError as error:
            raise failure(self._plan.name, member, error) from error

    def _tell(self, member: RunningMember) -> NoReturn:
        found, instance = self._inside.failure, member.running
        call = GroupCall(found.call)
        instance.time = found.time
        if call is GroupCall.UNFIT and found.place >= len(member.copies):
            text = member.text_copies[found.place - len(member.copies)]
            unfit_text(instance, round(found.value), text.variable)
        if call is GroupCall.UNFIT:
            unfit(instance, found.value, member.copies[found.place].variable)
        if call is GroupCall.UNFINITE:
            instance.fail_value(list(member.used)[found.place], found.value)
        if call is GroupCall.UNSOLVED:
            visits = [*self._plan.visits, *self._plan.settling]
            unsolved(next(v for v in visits if v.copies and v.members[0] is member), found.value)
        if call is GroupCall.STEPPING:
            if found.status == DISCARD and isinstance(instance, Fmi2Instance):
                check_step(instance, instance.discarded(found.time, found.length), found.length)
            instance.fail_step(found.status, found.length)
        if call in {GroupCall.ENDING, GroupCall.EARLY}:
            early = call is GroupCall.EARLY
            check_step(instance, Step(found.time, early, not early), found.length)
        table, verb = (member.taken, "Set")
        if call is GroupCall.READING:
            table, verb = (member.outputs, "Get")
        label = table.table.cells[found.place].block.label
        instance.fail_call(f"{verb}{label}", found.status)


def _common_version(plan: Plan) -> int:
    """Return the version of FMI of members that all step at every point and hold their inputs.

    0 where the members differ, extrapolate, or find their own points.
    """
    kinds = {(m.binary.description.version, m.member.every) for m in plan.members}
    version, every = kinds.pop()
    alike = every == 1 and not kinds and not plan.linear and plan.course.plain
    return version if alike else 0


def _levels(plan: Plan) -> list[int]:
    """Return for each member the number of the first one after its level.

    A level is what may step side by side: in the order Gauss-Seidel, members in a row that take
    nothing from each other.
    """
    count = len(plan.members)
    if plan.order == "jacobi":
        return [count] * count
    starts = [0]
    for place, member in enumerate(plan.members):
        level = set(plan.members[starts[-1] : place])
        if level & member.givers() or any(member in one.givers() for one in level):
            starts.append(place)
    ends = [*starts[1:], count]
    return [end for begin, end in zip(starts, ends, strict=True) for _ in range(begin, end)]


def _function(kernel: Kernel, name: str) -> Any:  # noqa: ANN401 - a C function
    function = kernel.library[name]
    function.restype = ctypes.c_int32
    return function


def _address(slot: Slot) -> int:
    return slot.cell.place(slot.column)


def _previous(copy: Copy) -> int | None:
    """Return where the source's earlier value lies; None where it is held."""
    if copy.followed is None:
        return None
    values = copy.giver.previous
    return int(values.ctypes.data) + copy.followed * values.itemsize


def _type(slot: Slot) -> ValueType:
    block = slot.cell.block
    return ValueType.BOOL32 if block.boolean and block.type is np.int32 else _TYPES[block.type]
