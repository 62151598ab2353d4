"""What settings of machines would have helped the cells of a review: the best of each predictor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from linetwin.errors import LinetwinError
from linetwin.surrogates.review.reasons import NEEDED, good_of
from linetwin.surrogates.settings.helping import Asked, HadBeen, had_been, settings_of, short
from linetwin.surrogates.settings.physics import Chain

if TYPE_CHECKING:
    from linetwin.results.reader import Run
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.risks import Told
    from linetwin.surrogates.settings.stations import Stations

_MOST: Final = 3


class Helping(NamedTuple):
    """Settings that would have helped a cell, as sentences; and why others are not told."""

    settings: tuple[str, ...]
    not_told: tuple[str, ...]


def helping_settings(
    told: Told, cell: tuple[str, int], run: Run, data: Dataset, stations: Stations
) -> Helping:
    """Return what would have helped a cell (name and row), those that reach the goal first."""
    name, row = cell
    chance = partial(told.chance_of_good, cell=row)
    if not chance(told.features[[row]])[0] < NEEDED:
        return Helping((), ())
    asked = Asked(told.predictor, chance, NEEDED, told.unseen_of(row))
    chain, found, why = Chain(stations, run, data, name), list[HadBeen](), list[str]()
    for each in settings_of(told.predictor.card, stations.settings()):
        try:
            own = had_been(asked, chain, each)
        except LinetwinError as error:  # told on the page: a lot, a value or a model lacks
            why.append(f"{each.address}: {error}")
            continue
        if own.helps:
            found.append(own)
    found.sort(key=lambda each: (not each.reached, -each.chance))
    good = good_of(told)
    return Helping(
        tuple(short(each, told.predictor.card, good) for each in found[:_MOST]), tuple(why)
    )
