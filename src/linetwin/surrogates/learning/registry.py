"""A folder of predictors in force: a new version takes over only if it is shown to be better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import t

from linetwin.predictors.store import SUFFIX, read, write
from linetwin.surrogates.learning.comparing import LEVEL

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.predictors.card import Card
    from linetwin.predictors.store import Stored

EARLIER: Final = "earlier"
LEAST_GROUPS: Final = 4
"""Held-out groups in common below which two versions are not compared."""


@dataclass(frozen=True)
class Entry:
    """What became of a new version: whether it is in force now, why, and the file in force."""

    taken: bool
    said: str
    file: Path


def enter(stored: Stored, folder: Path) -> Entry:
    """Take a new version into force, or keep the one that is; the earlier one is kept beside.

    ScenarioError where the version in force is damaged.
    """
    name = stored.card.name
    file = folder / f"{name}{SUFFIX}"
    if not file.exists():
        write(stored, file)
        return Entry(taken=True, said=f"{name} is new in {folder}", file=file)
    old = read(file)
    better, said = is_better(stored.card, old.card)
    if better:
        write(old, folder / EARLIER / f"{name}-{old.card.model_digest[:12]}{SUFFIX}")
        write(stored, file)
    return Entry(taken=better, said=said, file=file)


def is_better(new: Card, old: Card) -> tuple[bool, str]:
    """Tell whether a version is better on the groups that both held out, and why or why not.

    The mean squared errors, or log losses, are paired by group; better is what is so with 95 %
    confidence.
    """
    if (new.target.name, new.target.unit, new.score) != (
        old.target.name,
        old.target.unit,
        old.score,
    ):
        return False, "the version in force predicts something else: it is kept"
    mine = {(each.group, each.digest, each.rows): each.squares for each in new.held_out}
    theirs = {(each.group, each.digest, each.rows): each.squares for each in old.held_out}
    common = sorted({*mine} & {*theirs})
    if len(common) < LEAST_GROUPS:
        kept = f"{len(common)} held-out groups in common, at least {LEAST_GROUPS} are needed"
        return False, f"{kept}: the version in force is kept"
    found = np.array([(mine[key] - theirs[key]) / key[2] for key in common])
    error = float(found.std(ddof=1)) / len(found) ** 0.5
    reach = float(t.ppf(0.5 + LEVEL / 2, len(found) - 1)) * error
    low, high = (float(found.mean()) + side * reach for side in (-1, 1))
    before = float(np.mean([theirs[key] / key[2] for key in common]))
    what = "log loss" if new.target.chance else "mean square"
    span = f"{what} of {before:.3g} changes by {low:+.2g} to {high:+.2g} (95 %)"
    told = f"on {len(common)} held-out groups in common the {span}"
    if high < 0:
        return True, f"{told}: the new version is better and takes over"
    return False, f"{told}: not shown to be better, the version in force is kept"
