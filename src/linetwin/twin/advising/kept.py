"""What a saved session holds for who goes on from it: it is read, never written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.errors import SimulationError
from linetwin.estimation.ensemble import Ensemble
from linetwin.line import run as engine
from linetwin.twin.session import unpacked
from linetwin.twin.writing.contact import UNTOLD, Contact, contact_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from linetwin.scenario.twin import EstimateConfig, TwinConfig

    Present = Callable[[str, str], list[tuple[EstimateConfig, float]]]


@dataclass(frozen=True)
class Kept:
    """The line as it was saved, members of what is estimated, and where its scenario lies.

    `line`: a snapshot of the led line. `contact`: how it stood to its plant. `settings`: what
    `--set` the twin was begun with.
    """

    line: bytes
    members: Ensemble
    scenario: str = ""
    settings: tuple[str, ...] = ()
    learnt: Mapping[str, Any] = field(default_factory=dict)
    contact: Contact = UNTOLD


def kept(blob: bytes) -> Kept:
    """Return what a saved session holds; SimulationError where it is none, or damaged."""
    data = unpacked(blob)
    cursor = data["cursor"]
    try:
        members = Ensemble.load(data["learnt"]["estimator"]["ensemble"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"what the twin has learnt is not of this version: {error!r}"
        raise SimulationError(message) from error
    line = bytes(data["line"])
    return Kept(
        line,
        members,
        str(cursor.get("scenario", "")),
        tuple(map(str, cursor.get("settings", ()))),
        data["learnt"],
        contact_of(data, int(engine.unseal(line)["now"])),
    )


def held(kept: Kept, config: TwinConfig, member: int | None) -> Present:
    """Return what estimates are held at, as noted models ask: of a member, or the means (None)."""
    values = {
        each.name: float(
            kept.members.of(each.name).mean()
            if member is None
            else kept.members.of(each.name)[member]
        )
        for each in config.estimates
    }

    def present(station: str, process: str) -> list[tuple[EstimateConfig, float]]:
        return [
            (each, values[each.name])
            for each in config.estimates
            if (each.station, each.process) == (station, process)
        ]

    return present


def members_for(kept: Kept, replications: int, seed: int) -> list[int | None]:
    """Return the member of each replication: the means for one alone, else drawn, each once.

    Where more are wanted than there are members, all are drawn before one is drawn again.
    """
    if replications == 1:
        return [None]
    chance = np.random.default_rng([seed, replications])
    drawn: list[int | None] = []
    while len(drawn) < replications:
        drawn += [int(each) for each in chance.permutation(kept.members.members)]
    return drawn[:replications]
