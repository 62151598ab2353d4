"""Models that say in which station they failed, and are watched while they are at it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from linetwin.cosim import RecordedContinuous
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from linetwin.cli.hanging import ModelWatch
    from linetwin.contracts import Columns, Phase
    from linetwin.cosim import ContinuousModel, TransformModel


class StationTransform:
    """A station's Transform; see `contracts.Transform`."""

    def __init__(self, station: str, model: TransformModel, watch: ModelWatch) -> None:
        self._station = station
        self._model = model
        self._watch = watch

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through `phases`; an FmuError names the station."""
        self._watch.begin("apply")
        try:
            return self._model.apply(start, phases)
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
        finally:
            self._watch.end()


class StationContinuous:
    """A station's Continuous model; see `contracts.Continuous`."""

    def __init__(
        self, station: str, model: ContinuousModel | RecordedContinuous, watch: ModelWatch
    ) -> None:
        self._station = station
        self._model = model
        self._watch = watch
        self.can_save = model.can_save

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick`; an FmuError names the station."""
        self._watch.begin("start")
        try:
            self._model.start(tick, inputs)
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
        finally:
            self._watch.end()

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the inputs until `tick`, then set `inputs`; an FmuError names the station."""
        self._watch.begin("advance")
        try:
            self._model.advance(tick, inputs)
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
        finally:
            self._watch.end()

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to; an FmuError names the station."""
        self._watch.begin("read")
        try:
            return self._model.read(names)
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
        finally:
            self._watch.end()

    def save(self) -> bytes:
        """Return the complete state; an FmuError names the station."""
        self._watch.begin("save")
        try:
            return self._model.save()
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
        finally:
            self._watch.end()

    def restore(self, state: bytes) -> None:
        """Continue from a saved state; an FmuError names the station.

        A model that cannot save its state simulates all of its past here, and is not watched.
        """
        at_once = not isinstance(self._model, RecordedContinuous)
        try:
            with self._watch.watching("restore") if at_once else contextlib.nullcontext():
                self._model.restore(state)
        except FmuError as error:
            raise FmuError(str(error), self._station) from error
