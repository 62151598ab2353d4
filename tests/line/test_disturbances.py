"""What a scenario changes on the way reaches the process model of that hour, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from doubles import Doubles, DoubleTransform
from line_support import HOUR, Memory, make_world, pilot

from linetwin.scenario.resolved import DisturbanceConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns, Phase
    from linetwin.line.world import World

BEGIN, END = 12 * HOUR, 14 * HOUR


class Watched(DoubleTransform):
    """Notes under which conditions it was asked, and when."""

    def __init__(self, seen: list[tuple[int, float, float]]) -> None:
        super().__init__("drying")
        self.world: World | None = None
        self._seen = seen

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Note the heat transfer and the hottest air."""
        assert self.world is not None
        airs = [float(np.max(phase.inputs["air_temperature"])) for phase in phases]
        transfer = float(np.max(phases[0].inputs["heat_transfer_coefficient"]))
        self._seen.append((self.world.now, transfer, max(airs)))
        return super().apply(start, phases)


def test_a_dryer_without_fans_dries_by_what_is_left() -> None:
    """Fans lost and zones colder for two hours: blocks coated then see it, others do not."""
    models, seen = Doubles(), list[tuple[int, float, float]]()
    watched = Watched(seen)
    models._transforms["drying"] = watched
    changes = (
        DisturbanceConfig("cathode.coater.heat_transfer_coefficient", 12.0, BEGIN, END),
        DisturbanceConfig("cathode.coater.zone_temperatures", (340.0, 340.0, 340.0), BEGIN, END),
    )
    world = make_world(pilot(600, disturbances=changes), Memory(), models=models)
    watched.world = world
    world.begin()
    while world.now < 24 * HOUR and world.step():
        pass
    disturbed = [row for row in seen if row[1] == 12.0]
    assert disturbed
    assert all(BEGIN <= tick < END and air == 340.0 for tick, _, air in disturbed)
    others = [row for row in seen if row[1] != 12.0]
    assert {row[1] for row in others} == {40.0}
    assert any(tick >= END for tick, _, _ in others)
