"""The twin's OPC UA server: predictions, estimates, health and alerts, for reading only.

It runs in a thread with a loop of its own and shares an outbox with the twin, which never waits.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from linetwin.twin.plant.clock import PlantClock
from linetwin.twin.plant.outbox import Outbox
from linetwin.twin.plant.server import PlantServer
from linetwin.twin.publishing.model import twin_model
from linetwin.twin.publishing.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.plant.server import Counts, Opening
    from linetwin.twin.publishing.shown import Shown


class Publisher:
    """Serves what it is told; `sources`: names of what the twin is fed from.

    Nobody may write or command there, whatever the guard of `opening` says.
    """

    def __init__(self, scenario: Scenario, sources: Sequence[str], opening: Opening) -> None:
        self.guard = opening.guard
        self.guard.read_only = True
        self.model = twin_model(scenario, sources)
        self._outbox = Outbox(self.model)
        self._server = PlantServer(
            self.model, dataclasses.replace(opening, nodesets=None), self._outbox
        )
        assert scenario.twin is not None  # noqa: S101  the caller has looked
        self._teller = Teller(self.model, scenario.twin)
        self._begun = False

    @property
    def counts(self) -> Counts:
        """What the server has done: values and alarms written, clients that are connected."""
        return self._server.counts

    def start(self) -> None:
        """Open the endpoint; OpcUaError where that fails, such as for a port in use."""
        self._server.start()

    def publish(self, shown: Shown, origin: datetime) -> None:
        """Hand over what is shown; `origin`: UTC of the line's tick 0.

        OpcUaError where the server has ended.
        """
        self._server.check()
        if not self._begun:
            self._server.publish(PlantClock(origin, 0))
            self._begun = True
        self._outbox.post(self._teller.changes(shown), self._teller.alarms(shown))

    def stop(self) -> None:
        """Tell the last values and close."""
        self._server.stop()
