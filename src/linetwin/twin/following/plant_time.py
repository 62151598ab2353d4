"""Up to which tick a plant has told everything: the twin follows it to there, and not beyond.

While values come this is a moment before the newest of them, so that what arrives a little out of
order finds its place. When nothing comes any more time goes on as it passed before: open loop.
"""

from __future__ import annotations

NS_PER_TICK = 1_000_000
SILENT_AFTER_S = 5.0
"""Wall time without a value after which the plant is taken to be silent [A: ten publications]."""
BACK_S = 1800.0
"""Time of the plant by which what it tells must be older than what it told before, for so many
arrivals one after the other, to say that its time has gone back [A]: values that come late do."""
_BACK_TIMES = 3
_FOLLOWED = 60
"""Arrivals over which the pace of a played plant is reckoned."""


class PlantTime:
    """Follows the plant's clock; `hold_s`: wall time that values may come out of order by.

    `now`: ns of our own monotonic time. A plant whose clock is not played passes time as we do.
    """

    def __init__(self, *, played: bool, hold_s: float) -> None:
        self.played = played
        self.hold_s = hold_s
        self._points: list[tuple[int, int]] = []
        self._newest = 0
        self._heard = 0
        self._came = 0
        self.asked: int | None = None
        """When it was asked last whether anything had come; None: at any time [ns]."""
        self._back_ns = 0
        self._back_times = 0

    @property
    def behind_s(self) -> float:
        """How far the plant's time has gone back [s]; 0 where it goes on."""
        return self._back_ns / 1e9 if self._back_times >= _BACK_TIMES else 0.0

    @property
    def pace(self) -> float:
        """Time of the plant over ours."""
        if not self.played:
            return 1.0
        if len(self._points) < 2:  # noqa: PLR2004  two points make a line
            return 0.0
        (then, told), (now, newest) = self._points[0], self._points[-1]
        return max(0.0, (newest - told) / max(1, now - then))

    def heard(self, now: int, newest: int | None = None, came: int | None = None) -> None:
        """Note that something was taken, and the newest time that it told [ns UTC].

        `came`: when it had come in; earlier than `now` where it has waited to be taken.
        """
        self._heard, self._came = now, now if came is None else min(now, came)
        if newest is not None:
            self._back_ns = self._newest - newest
            self._back_times = self._back_times + 1 if self._back_ns > BACK_S * 1e9 else 0
            self._newest = max(self._newest, newest)
            self._points.append((self._came, self._newest))
            del self._points[:-_FOLLOWED]

    @property
    def has_heard(self) -> bool:
        """Whether anything has come."""
        return self._heard > 0

    @property
    def is_known(self) -> bool:
        """Whether the plant has told any time."""
        return bool(self._points)

    def quiet_s(self, now: int) -> float:
        """Return how long ago the newest that was taken had come in [s]."""
        return (now - self._came) / 1e9

    def plant_now(self, now: int) -> int:
        """Return what time it is in the plant [ns UTC], whatever of it has been taken."""
        if not self._points:
            return self._newest
        came, newest = self._points[-1]
        return newest + round(max(0, now - came) * self.pace)

    def is_silent(self, now: int) -> bool:
        """Whether nothing was taken for long; what still waits says nothing of the plant."""
        asked = now if self.asked is None else min(now, self.asked)
        return not self._points or asked - self._heard > SILENT_AFTER_S * 1e9

    def until(self, now: int) -> int:
        """Return the time of the plant up to which all has been told, as far as is known [ns]."""
        if not self._points:
            return self._newest
        pace, hold_ns = self.pace, self.hold_s * 1e9
        complete = self._newest - round(hold_ns * pace)
        if not self.is_silent(now):
            return complete
        return complete + round((now - self._points[-1][0]) * pace)
