"""What holds for the card of every training: counts, intervals and names that fit each other."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.card import MOST_HELD_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.predictors.card import Card

LEAST_COVERAGE, MOST_COVERAGE = 0.5, 0.99
"""Of intervals that a training file may ask for."""
_TARGET: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
"""What the target of a training file may be called."""
_ROUNDING: Final = 1e-9
_NO_ERROR: Final = 1e-9
"""Part of the target's variance below which errors are rounding [A]."""


def contradictions(card: Card) -> Iterator[str]:
    """Yield what no training can have written, each with its key; nothing of an honest card."""
    yield from _made(card)
    yield from _data(card)
    yield from _domain(card)
    yield from _regions(card)
    yield from _covered(card)
    yield from _calibrated(card)
    yield from _scores(card)


def _made(card: Card) -> Iterator[str]:
    try:
        told = datetime.fromisoformat(card.made).tzinfo is not None
    except ValueError:
        told = False
    if not told:
        yield "made: is no time with its zone, such as 2026-11-22T15:04:04+00:00"
    if not _TARGET.fullmatch(card.target.name):
        yield "target.name: is not letters, digits and _, with dots between"
    if not LEAST_COVERAGE <= card.coverage <= MOST_COVERAGE:
        yield f"coverage: is {card.coverage:g}, not from {LEAST_COVERAGE:g} to {MOST_COVERAGE:g}"


def _data(card: Card) -> Iterator[str]:
    """Yield where rows and groups of the data are not those that were held out."""
    data = card.data
    if not 1 <= data.groups <= data.rows:
        yield f"data: {data.groups:,} groups of {data.rows:,} rows"
    if data.effective is not None and data.effective > data.rows * (1 + _ROUNDING):
        yield f"data.effective: as many as {data.effective:g} of {data.rows:,} rows"
    if len(card.held_out) != min(data.groups, MOST_HELD_OUT):
        yield f"held_out: {len(card.held_out):,} groups, data.groups says {data.groups:,}"
    rows, whole = sum(each.rows for each in card.held_out), data.groups <= MOST_HELD_OUT
    if rows > data.rows or (whole and rows != data.rows):
        yield f"held_out: {rows:,} rows, data.rows says {data.rows:,}"


def _domain(card: Card) -> Iterator[str]:
    """Yield where ranges, points and their reach are not those of training rows."""
    names = [feature.name for feature in card.features]
    if len({*names}) < len(names):
        yield "features: one stands there twice"
    for at, feature in enumerate(card.features):
        if feature.log and feature.low <= 0:
            yield f"features.{at}.low: has no logarithm"
    points = np.array(card.seen.points)
    if (points < -_ROUNDING).any() or (points > 1 + _ROUNDING).any():
        yield "seen.points: one lies outside of the features' ranges"
    if len(points) > card.data.rows:
        yield f"seen.points: {len(points):,} of {card.data.rows:,} rows"
    widest = len(names) ** 0.5
    if card.seen.reach > widest * (1 + _ROUNDING):
        yield f"seen.reach: is {card.seen.reach:g}, no two points are farther than {widest:.3g}"


def _regions(card: Card) -> Iterator[str]:
    """Yield where intervals are not those of so many rows and groups, or of such errors."""
    rows = sum(region.rows for region in card.regions)
    if rows != card.data.rows:
        yield f"regions: {rows:,} rows, data.rows says {card.data.rows:,}"
    for at, level in enumerate(card.levels):
        if level.seen and len(level.seen) != level.groups:
            yield f"levels.{at}: {len(level.seen):,} names of {level.groups:,} groups"
    own = {"regions": card.regions}
    own |= {f"levels.{at}.regions": level.regions for at, level in enumerate(card.levels)}
    for key, regions in own.items():
        for at, region in enumerate(regions):
            if not region.groups <= region.rows <= card.data.rows:
                yield f"{key}.{at}: {region.groups:,} groups in {region.rows:,} rows"
    errs = any(each.name == card.winner and each.r2 < 1 - _NO_ERROR for each in card.candidates)
    if errs and all(region.half_width == 0 for region in card.regions):
        yield f"regions: half-widths of 0, though {card.winner} has errors"


def _covered(card: Card) -> Iterator[str]:
    """Yield where the rows that lay in their intervals do not count up; none of a probability."""
    yield from _whole(card, "covered", [each.rows for each in card.covered])
    for at, held in enumerate(card.covered):
        if not held.inside <= held.rows <= card.data.rows:
            yield f"covered.{at}: {held.inside:,} inside of {held.rows:,} rows"
        share = held.inside / max(1, held.rows) if held.share is None else held.share
        if not held.low - _ROUNDING <= share <= held.high + _ROUNDING:
            span = f"{held.low:.3g} to {held.high:.3g}"
            yield f"covered.{at}: a share of {share:.3g}, its interval from {span}"


def _calibrated(card: Card) -> Iterator[str]:
    """Yield where the rows that were 1 do not count up; none of a number."""
    yield from _whole(card, "calibrated", [each.rows for each in card.calibrated])
    for at, said in enumerate(card.calibrated):
        if not said.ones <= said.rows <= card.data.rows:
            yield f"calibrated.{at}: {said.ones:,} were 1 of {said.rows:,} rows"
        if said.low > said.high:
            yield f"calibrated.{at}: an interval from {said.low:.3g} to {said.high:.3g}"


def _whole(card: Card, key: str, rows: list[int]) -> Iterator[str]:
    """Yield where a list is there that is not of such a target, or not of all rows at first."""
    if bool(rows) != (card.target.chance == (key == "calibrated")):
        yield f"{key}: is {'not for such a target' if rows else 'missing'}"
    elif rows and rows[0] != card.data.rows:
        yield f"{key}.0: {rows[0]:,} rows, data.rows says {card.data.rows:,}"


def _scores(card: Card) -> Iterator[str]:
    """Yield where scores are not those of candidates of which one won."""
    if (card.score == "log_loss") != card.target.chance:
        yield f"score: {card.score} of what is {'a' if card.target.chance else 'no'} probability"
    if card.winner not in {each.name for each in card.candidates}:
        yield f"winner: {card.winner} is none of the candidates"
    for at, each in enumerate(card.candidates):
        if min(each.error, each.spread) < -_ROUNDING:
            yield f"candidates.{at}: an error of {each.error:g}, its standard error {each.spread:g}"
    if min(card.procedure_error, card.noise or 0.0) < -_ROUNDING:
        yield "procedure_error, noise: an error below 0"
