"""Models that say in which station they failed, and are watched while they are at it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from linetwin.cli.hanging import TogetherWatch
from linetwin.cosim import RecordedContinuous, Together
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from linetwin.cli.hanging import Alarm, ModelWatch
    from linetwin.contracts import Columns, Phase
    from linetwin.cosim import ContinuousModel, RecordedSeeking, TransformModel
    from linetwin.cosim.groups import GroupContinuous
    from linetwin.cosim.isolated.models import IsolatedContinuous

    Seeker = GroupContinuous | IsolatedContinuous | RecordedSeeking


class StationTransform:
    """A station's Transform; see `contracts.Transform`."""

    def __init__(self, station: str, model: TransformModel, watch: ModelWatch) -> None:
        self._station = station
        self.model = model
        self._watch = watch

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through `phases`; an FmuError names the station."""
        self._watch.begin("apply")
        try:
            return self.model.apply(start, phases)
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
        finally:
            self._watch.end()


class StationContinuous:
    """A station's Continuous model; see `contracts.Continuous`."""

    def __init__(
        self, station: str, model: ContinuousModel | RecordedContinuous, watch: ModelWatch
    ) -> None:
        self.station = station
        self.model = model
        self.watch = watch
        self.can_save = model.can_save

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick`; an FmuError names the station."""
        self.watch.begin("start")
        try:
            self.model.start(tick, inputs)
        except FmuError as error:
            raise FmuError(str(error), self.station) from error
        finally:
            self.watch.end()

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the inputs until `tick`, then set `inputs`; an FmuError names the station."""
        self.watch.begin("advance")
        try:
            self.model.advance(tick, inputs)
        except FmuError as error:
            raise FmuError(str(error), self.station) from error
        finally:
            self.watch.end()

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to; an FmuError names the station."""
        self.watch.begin("read")
        try:
            return self.model.read(names)
        except FmuError as error:
            raise FmuError(str(error), self.station) from error
        finally:
            self.watch.end()

    def save(self) -> bytes:
        """Return the complete state; an FmuError names the station."""
        self.watch.begin("save")
        try:
            return self.model.save()
        except FmuError as error:
            raise FmuError(str(error), self.station) from error
        finally:
            self.watch.end()

    def restore(self, state: bytes) -> None:
        """Continue from a saved state; an FmuError names the station.

        A model that cannot save its state simulates all of its past here, and is not watched.
        """
        at_once = not isinstance(self.model, RecordedContinuous)
        try:
            with self.watch.watching("restore") if at_once else contextlib.nullcontext():
                self.model.restore(state)
        except FmuError as error:
            raise FmuError(str(error), self.station) from error


class StationSeeking(StationContinuous):
    """A station's Continuous model with events for the line; see `line.lookout.Seeking`."""

    def __init__(self, station: str, model: Seeker, watch: ModelWatch) -> None:
        super().__init__(station, model, watch)
        self._seeker = model

    def seek(self, tick: int) -> int:
        """Hold the inputs until `tick`, or an event; an FmuError names the station."""
        self.watch.begin("seek")
        try:
            return self._seeker.seek(tick)
        except FmuError as error:
            raise FmuError(str(error), self.station) from error
        finally:
            self.watch.end()

    def back(self) -> None:
        """Undo the last `seek`; an FmuError names the station."""
        self.watch.begin("back")
        try:
            self._seeker.back()
        except FmuError as error:
            raise FmuError(str(error), self.station) from error
        finally:
            self.watch.end()

    def occurred(self) -> list[str]:
        """Return the events since it was asked last; an FmuError names the station."""
        try:
            return self._seeker.occurred()
        except FmuError as error:
            raise FmuError(str(error), self.station) from error


class StationsTogether:
    """The Continuous models of many stations; see `line.world.Together`."""

    def __init__(
        self, models: Sequence[StationContinuous], names: Sequence[str], alarm: Alarm
    ) -> None:
        self._models = models
        self._together = Together([each.model for each in models], names)
        watches = [each.watch for each in models]
        self._watch = TogetherWatch(watches, lambda: self._together.under_way, alarm)

    def advance(self, tick: int, inputs: Sequence[Mapping[str, float]]) -> list[list[float]]:
        """Advance all and return the outputs of each; an FmuError names the station."""
        self._watch.begin("advance")
        try:
            return self._together.advance(tick, inputs)
        except FmuError as error:
            station = self._models[self._together.under_way].station
            raise FmuError(str(error), station) from error
        finally:
            self._watch.end()
