"""When nothing is to be learnt of a station: cleaning, calibration, trials, work by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.scenario.mapped import UNDEFINED
from linetwin.twin.columns import Flag, code_of

if TYPE_CHECKING:
    from linetwin.scenario.mapped import CodeTable, Mapping
    from linetwin.twin.columns import Raw

_NOT_TAKEN = np.uint32(Flag.BAD | Flag.OUT_OF_ORDER | Flag.DUPLICATE)


class Suspension:
    """Follows states and modes, and flags all numbers of a station that is suspended."""

    def __init__(self, mapping: Mapping) -> None:
        paths = sorted({signal.station for signal in mapping.signals})
        self._station = np.array([paths.index(each.station) for each in mapping.signals], int)
        self._tables = {n: s.codes for n, s in enumerate(mapping.signals) if s.codes is not None}
        self._coded = np.array([n in self._tables for n in range(len(mapping.signals))], bool)
        self._why: dict[int, dict[int, str]] = {}
        self._suspended = np.zeros(len(paths), bool)
        self._episode = np.zeros(len(paths), np.int64)

    def apply(self, came: Raw, value: np.ndarray, flags: np.ndarray) -> np.ndarray:
        """Flag the rows of suspended stations, each by the states told before it.

        Returns by row how often its station has been suspended or freed; 0 for states and modes,
        which are told in any case.
        """
        coded = self._coded[came.signal]
        episodes = np.zeros(len(came), np.int64)
        begin = 0
        for row in np.flatnonzero(coded & ((flags & _NOT_TAKEN) == 0)).tolist():
            self._flag(came, flags, episodes, slice(begin, row))
            begin = row
            signal = int(came.signal[row])
            self._take(signal, self._reason(self._tables[signal], row, came, value))
        self._flag(came, flags, episodes, slice(begin, len(came)))
        episodes[coded] = 0
        return episodes

    @staticmethod
    def _reason(table: CodeTable, row: int, came: Raw, value: np.ndarray) -> str:
        if value[row] == UNDEFINED:
            return "undefined"
        return table.suspends.get(code_of(row, came), "")

    def _take(self, signal: int, reason: str) -> None:
        station = int(self._station[signal])
        reasons = self._why.setdefault(station, {})
        reasons[signal] = reason
        suspended = any(reasons.values())
        self._episode[station] += suspended != self._suspended[station]
        self._suspended[station] = suspended

    def _flag(self, came: Raw, flags: np.ndarray, episodes: np.ndarray, rows: slice) -> None:
        stations = self._station[came.signal[rows]]
        hit = self._suspended[stations] & ~self._coded[came.signal[rows]]
        flags[rows][hit] |= np.uint32(Flag.SUSPENDED)
        episodes[rows] = self._episode[stations]
