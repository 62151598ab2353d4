"""What a training of a probability led to, in sentences and tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.surrogates.learning.words import (
    above_best,
    begun,
    candidate_ends,
    choice,
    keeping,
    not_tried,
)

if TYPE_CHECKING:
    from linetwin.predictors.card import Calibrated
    from linetwin.surrogates.learning.reading import Training
    from linetwin.surrogates.learning.training import Trained

HEADS: Final = ("candidate", "log loss", "std. error", "gain", "Brier", "above best", "remark")


def rows(training: Training, trained: Trained) -> list[list[str]]:  # noqa: ARG001 - as of amounts
    """Return the table of candidates, the simplest first; the winner has a star."""
    found = []
    for each in trained.scored:
        name, remark = candidate_ends(each, trained)
        found.append(
            [
                name,
                f"{each.error:.4f}",
                f"{each.spread:.4f}",
                f"{100 * each.r2:.1f} %",
                f"{each.brier:.4f}",
                above_best(each, trained),
                remark,
            ]
        )
    return [*found, *not_tried(trained, len(HEADS))]


def sentences(training: Training, trained: Trained) -> list[str]:
    """Return what won and why, and how its probabilities held on held-out groups."""
    learning, best = trained.learning, trained.best
    ones = int(learning.target.sum())
    rate = 100 * learning.mean(learning.target)
    weighted = "" if learning.weights is None else f" ({rate:.3g} % of their weight)"
    side, alone = "less" if best.r2 >= 0 else "more", best.error / (1 - best.r2)
    found = [
        (
            f"{learning.target_name} is 1 in {ones:,} of {learning.rows:,} rows{weighted}: its"
            " probability is learnt."
        ),
        (
            f"{begun(best.name, learning)} has the least log loss on held-out groups"
            f" ({training.group}){keeping(trained)}: {best.error:.4f} (standard error"
            f" {best.spread:.4f}), {abs(100 * best.r2):.1f} % {side} than the {alone:.4f} of the"
            " rate of all rows, which knows the held-out ones."
        ),
    ]
    if learning.inspection is not None:
        miss, false = learning.inspection.miss, learning.inspection.false_alarm
        found.append(
            f"Labels err: {100 * miss:g} % of 1 read 0, {100 * false:g} % of 0 read 1. The"
            " probability of the truth is learnt; losses are those of the labels."
        )
    found += choice(training, trained, f"{trained.winner.error:.4f}")
    slope = trained.fitted.setting.get("slope")
    if slope is not None:
        found.append(f"Its log odds are calibrated: stretched {slope:.2f} times, and moved.")
    procedure = trained.procedure
    found.append(
        "Choosing and fitting without the held-out group, as one procedure: log loss"
        f" {procedure.error:.4f}, Brier {procedure.brier:.4f}."
    )
    found += [calibrated_text(each) for each in trained.calibrated]
    found.append(
        f"Intervals of {100 * learning.coverage:.0f} % are of the probability in a group that"
        " nobody has seen, from how held-out groups differ from their predictions."
    )
    return found


def calibrated_text(each: Calibrated) -> str:
    """Return a prediction of held-out rows beside what became of them."""
    said, was, low, high = (
        f"{100 * share:.3g}" for share in (each.predicted, each.observed, each.low, each.high)
    )
    interval = f"95 % interval over groups {low} to {high} %"
    if each.weighed:
        return (
            f"Held out, {each.where}: {said} % predicted, {was} % were, both weighted ({interval};"
            f" {each.ones:,} of {each.rows:,} rows as they were counted)."
        )
    return (
        f"Held out, {each.where}: {said} % predicted, {was} % were"
        f" ({each.ones:,} of {each.rows:,}; {interval})."
    )
