"""How a twin and its plant stand to one another: one word and one age, whoever is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.cli.twin_keeping import span
from linetwin.twin.following.plant_time import NS_PER_TICK

if TYPE_CHECKING:
    from linetwin.twin.following.plant_time import PlantTime
    from linetwin.twin.publishing.shown import TwinState
    from linetwin.twin.session import Session

CATCHING_UP_S = 10.0
"""Wall time's worth of the plant that a twin may be behind, beside what it holds values back for,
before it is said [A]: twice the time after which a plant counts as silent."""


@dataclass(frozen=True)
class State:
    """How twin and plant stand to one another; `quiet_s`: for so long nothing has come.

    `reason`: why, where a person should know. `age_s`: the plant's time now less the time of the
    newest that the twin has worked in [s]; what waits to be taken does not count. `is_old`: it is
    older than is told, or not to be trusted.
    """

    word: TwinState
    quiet_s: float = 0.0
    reason: str = ""
    is_old: bool = False
    age_s: float = 0.0

    @property
    def told(self) -> str:
        """The word, with the reason where there is one."""
        return f"{self.word}: {self.reason}" if self.reason else self.word


def state_of(
    session: Session | None, time: PlantTime, origin: int, now: int, stale_after_s: float
) -> State:
    """Return how they stand; `origin`: the line's tick 0 [ns UTC], `now`: our steady time [ns].

    `stale_after_s`: age of data that is told [s of wall time].
    """
    if session is None or not time.is_known:
        return State("joining")  # or joining again: nothing has come yet
    pace = max(1.0, time.pace)
    plant_now = (time.plant_now(now) - origin) / NS_PER_TICK
    behind_s = (plant_now - session.followed) / 1000
    age_s = max(0.0, plant_now - min(session.followed, session.last_heard)) / 1000
    if time.is_silent(now):
        return State("open loop", time.quiet_s(now), is_old=True, age_s=age_s)
    old = age_s > stale_after_s * pace
    if behind_s > (time.hold_s + CATCHING_UP_S) * pace:
        return State("catching up", 0.0, f"{span(behind_s)} of line behind", old, age_s)
    if time.behind_s:
        why = f"the plant's time has gone back by {span(time.behind_s)}: has it begun anew?"
        return State("stale", 0.0, why, is_old=True, age_s=age_s)
    if old:
        why = "the newest that the plant has told is old"
        return State("stale", 0.0, why, is_old=True, age_s=age_s)
    behind = sum(session.follower.leader.apart().values())
    return State("out of step" if behind else "in step", age_s=age_s)
