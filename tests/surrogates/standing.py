"""A Transform of known laws, a line that calls it, and stand-ins learnt from that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from linetwin.contracts import Phase
from linetwin.errors import FmuError
from linetwin.predictors.stand_in import RegimeAtWork, StandIn
from linetwin.surrogates.standing_in.making import Asked, make
from linetwin.surrogates.standing_in.recording import Call
from linetwin.surrogates.standing_in.table import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns
    from linetwin.surrogates.standing_in.regime import Made

STATION = "cell.press"
SETTINGS = "0" * 64
POINTS = 240


@dataclass
class Press:
    """Presses, then rests: porosity falls with load and never below 0, thickness keeps the mass.

    `jumps_at`: a line load from which `within_fit` is 0; `fails_at`: one from which it fails.
    """

    jumps_at: float = np.inf
    fails_at: float = np.inf
    calls: list[int] = field(default_factory=list)

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through both phases; see `contracts.Transform`."""
        pressed, rested = (phase.inputs for phase in phases)
        before, load, rest = np.broadcast_arrays(
            start["porosity"], pressed["line_load"], phases[1].duration_s
        )
        if (load > self.fails_at).any():
            raise FmuError("the roll gives way", "press")
        self.calls.append(before.size)
        assert np.all(pressed["coating_width"] == rested["coating_width"])
        porosity = porosity_of(before, load)
        settled = porosity + 0.01 * (1 - np.exp(-rest / 600.0))
        flags = {"valid": np.ones(before.size)}
        flags["within_fit"] = (load < self.jumps_at).astype(float)
        return [
            {
                "porosity": value.copy(),
                "coating_thickness": 50e-6 / (1 - value),
                "phase_time": np.broadcast_to(phase.duration_s, before.shape).astype(float),
                **{name: flag.copy() for name, flag in flags.items()},
            }
            for value, phase in ((porosity, phases[0]), (settled, phases[1]))
        ]


def porosity_of(before: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Return porosity after a load [N/m]: 0.2 + (before - 0.2) exp(-load / 400 N/mm)."""
    return np.asarray(0.2 + (before - 0.2) * np.exp(-load / 400e3))


def asked_of(
    items: int, generator: np.random.Generator, load: float | None = None
) -> tuple[dict[str, float | np.ndarray], list[Phase]]:
    """Return a call as the line makes it: one load for the lot, porosities that scatter."""
    line_load = generator.uniform(300e3, 400e3) if load is None else load
    width = 0.25
    start: dict[str, float | np.ndarray] = {"porosity": generator.normal(0.45, 0.01, items)}
    press = Phase({"line_load": line_load, "coating_width": width}, 5.0)
    rest = Phase({"line_load": 0.0, "coating_width": width}, generator.uniform(500.0, 700.0))
    return start, [press, rest]


def recorded(press: Press, lots: int = 20, items: int = 12, seed: int = 5) -> list[Call]:
    """Return what a line asked of a press."""
    generator = np.random.default_rng(seed)
    calls = []
    for number in range(lots):
        start, phases = asked_of(items, generator)
        results = press.apply(start, phases)
        kept = {name: np.asarray(value, dtype=float) for name, value in start.items()}
        calls.append(Call(STATION, f"lot {number}", kept, tuple(phases), tuple(results)))
    return calls


def made_of(press: Press, calls: list[Call], **ranges: tuple[float, float]) -> list[Made] | str:
    """Return the regimes that are learnt from a press, or why there are none."""
    asked = Asked(STATION, SETTINGS, press, ranges, POINTS, 0.9)
    with threadpool_limits(1):
        return make(asked, table_of(calls))


def stand_in_for(press: Press, **ranges: tuple[float, float]) -> StandIn:
    """Return a stand-in at work."""
    made = made_of(press, recorded(press), **ranges)
    assert isinstance(made, list), made
    return at_work(made)


def at_work(made: Sequence[Made], widest: Mapping[str, float] | None = None) -> StandIn:
    """Return a stand-in of regimes; `widest`: quantity -> interval, in its unit."""
    return StandIn([RegimeAtWork(each.regime, each.weights, widest) for each in made])
