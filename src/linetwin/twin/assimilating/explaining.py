"""What explains a deviation, where nothing is believed on the word of one maker alone.

A parameter that one instrument alone sees is told from that instrument's bias by nothing but what
its maker says of it. So a cause has to stand when that word is set aside: a parameter's when the
prior of the bias of any one instrument is, an instrument's when that of any one parameter is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.estimation.causes import causes, stands
from linetwin.scenario.twin import EstimateConfig, ReaderConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.ensemble import Ensemble
    from linetwin.scenario.twin import TwinConfig

KNOWN = 0.5
"""A parameter is measured where its deviation is at most this part of the prior's [A]."""

State = EstimateConfig | ReaderConfig


def explained(config: TwinConfig, ensemble: Ensemble) -> list[tuple[State, ...]]:
    """Return what has left its band, the clearest first; of several together one has."""
    states, bands = config.states, [each.band for each in config.states]
    found = causes(ensemble.mean, ensemble.covariance, bands, config.confidence)
    firsts = [each.states[0] for each in found]
    told: list[tuple[State, ...]] = []
    for cause in found:
        own = [*cause.states]
        if len(own) == 1:
            others = [each for each in firsts if each != own[0]]
            own += _rivals(own[0], others, config, ensemble)
        told.append(tuple(states[each] for each in own))
    return told


def _rivals(state: int, others: Sequence[int], config: TwinConfig, ensemble: Ensemble) -> list[int]:
    """Return the states that may be the cause instead, if what is said of them does not count.

    `others`: states that explain something else.
    """
    states, bands = config.states, [each.band for each in config.states]
    is_parameter = isinstance(states[state], EstimateConfig)
    found = []
    for other, rival in enumerate(states):
        if isinstance(rival, EstimateConfig) is is_parameter:
            continue
        if not ensemble.rests_on(states[state].name, rival.name):
            continue  # else the chance of the sample, times a wide prior, makes it a rival
        mean, covariance = ensemble.set_aside(rival.name, rival.prior)
        beside = [*dict.fromkeys([*others, other])]
        spread = float(np.sqrt(covariance[state, state]))
        unknown = is_parameter and spread > KNOWN * states[state].prior
        if unknown or not stands(state, beside, mean, covariance, bands, config.confidence):
            found.append(other)
    return found
