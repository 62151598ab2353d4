"""Laws of a target: which hold by construction, and whether the others hold where it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from linetwin.surrogates.learning.candidates import Candidate, Fitted
    from linetwin.surrogates.learning.task import Learning

_STEPS: Final = 25
_MOST_ROWS: Final = 200
_TOLERANCE: Final = 1e-3
"""Share of the target's range by which a law may be missed: less than can be measured."""


def broken(candidate: Candidate, fitted: Fitted, learning: Learning) -> str:
    """Return which law a candidate breaks, "" for none.

    Each monotonic feature runs over its range at training rows (200 of them, evenly taken), the
    others as they are.
    """
    if candidate.lawful:
        return ""
    wanted = np.unique(np.linspace(0, learning.rows - 1, _MOST_ROWS).astype(int))
    rows = learning.features[wanted]
    # a chance is known as 0 or 1 only: its range is that of its predictions
    known = fitted.linked(learning.features, learning) if learning.chance else learning.linked
    span = float(np.ptp(known))
    for index, sign in enumerate(learning.monotonic):
        if not sign:
            continue
        column = learning.features[:, index]
        steps = np.linspace(column.min(), column.max(), _STEPS)
        grid = np.repeat(rows, _STEPS, axis=0)
        grid[:, index] = np.tile(steps, len(rows))
        found = fitted.linked(grid, learning).reshape(len(rows), _STEPS)
        against = -sign * np.diff(found, axis=1)
        if not np.isfinite(found).all() or against.max() > _TOLERANCE * span:
            verb = "falls" if sign > 0 else "rises"
            share = float((against.max(axis=1) > _TOLERANCE * span).mean())
            return f"{verb} with {learning.names[index]} at {100 * share:.0f} % of the rows"
    return ""


def words(candidate: Candidate, learning: Learning) -> list[str]:
    """Return each law of the task and how a candidate holds it."""
    link, found = learning.link, []
    target = learning.target_name
    if learning.chance:
        found.append(f"{target} is a probability: by construction (log odds)")
    elif link.kind == "logit":
        found.append(f"{target} between {link.low:g} and {link.high:g}: by construction (logit)")
    if link.kind == "log":
        found.append(f"{target} above 0: by construction (logarithm)")
    how = "by construction" if candidate.lawful else "tested on a grid of the training rows"
    for name, sign in zip(learning.names, learning.monotonic, strict=True):
        if sign:
            found.append(f"{target} {'rises' if sign > 0 else 'falls'} with {name}: {how}")
    return found
