"""A question about a setting as the command line asks it: cell, setting with limits, goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.results.reader import Run
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.surrogates.answers import goal_text
from linetwin.surrogates.data.runs import dataset_of_run
from linetwin.surrogates.goals import Chance, goal_of, span_of
from linetwin.surrogates.predicting import standing_of
from linetwin.surrogates.review.fitting import YES_OR_NO
from linetwin.surrogates.review.risks import bad_of, chance_of_good, words_of
from linetwin.surrogates.settings.helping import Asked, HadBeen, had_been
from linetwin.surrogates.settings.physics import Chain
from linetwin.surrogates.settings.stations import KEY, Stations

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from linetwin.predictors.evaluating import Predictor
    from linetwin.surrogates.settings.helping import Chances


def had_been_asked(
    predictor: Predictor, folder: Path, cell: str, setting: str, goal: str | None, needed: float
) -> tuple[HadBeen, str]:
    """Return what a setting would have had to be, and the goal as words.

    `setting`: an address, or `address=LOW to HIGH`; `goal`: `capacity=at least 5 Ah`, None for no
    fault of a target of 0 and 1. ScenarioError as `had_been`, and for what is no cell of the run.
    """
    run, data = Run(folder), dataset_of_run(folder, unfinished=True)
    if cell not in data.frame.index:
        hint = nearest(cell, [str(name) for name in data.frame.index], "cell")
        raise ScenarioError([Problem(f"there is no row '{cell}'", "--row", hint)])
    unseen = standing_of(predictor.card, data).unseen[[data.frame.index.get_loc(cell)]]
    chances, good = _goal(predictor, goal, unseen)
    with Stations(run) as stations:
        address, equals, rest = (part.strip() for part in setting.partition("="))
        own = stations.setting(address)
        limits = None
        if equals:
            problems = Problems()
            limits = span_of(rest, own.unit, Place(KEY), problems, "300 N/mm to 700 N/mm")
            problems.check()
        sure = "probability" if goal is None or not predictor.card.target.chance else "confidence"
        own_asked = Asked(predictor, chances, needed, unseen, sure)
        chain = Chain(stations, run, data, cell)
        return had_been(own_asked, chain, own, limits), good


def _goal(predictor: Predictor, goal: str | None, unseen: np.ndarray) -> tuple[Chances, str]:
    """Return the chance of the goal at rows, and how it is called."""
    target = predictor.card.target
    if goal is not None:
        own = goal_of(goal, target)
        return Chance(predictor, own, unseen), goal_text(predictor.card, own)
    if not target.name.startswith(YES_OR_NO):
        hint = f"--target '{target.name}=at least ...'"
        raise ScenarioError([Problem("which goal?", "--target", hint)])
    bad, words = bad_of(target.name, None), words_of(target.name)

    def chances(rows: np.ndarray) -> np.ndarray:
        return chance_of_good(predictor.predict(rows, unseen), bad)

    return chances, f"no {words}" if bad else words
