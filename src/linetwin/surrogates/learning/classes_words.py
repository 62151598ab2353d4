"""What a training of a probability led to, in sentences and tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.surrogates.learning.classes import CLASS_CANDIDATES
from linetwin.surrogates.learning.comparing import over_groups

if TYPE_CHECKING:
    from linetwin.predictors.card import Calibrated
    from linetwin.surrogates.learning.comparing import Scored
    from linetwin.surrogates.learning.reading import Training
    from linetwin.surrogates.learning.training import Trained

HEADS: Final = ("candidate", "log loss", "std. error", "gain", "Brier", "above best", "remark")
_WORDS: Final = {each.name: each.words for each in CLASS_CANDIDATES}


def rows(training: Training, trained: Trained) -> list[list[str]]:  # noqa: ARG001 - as of amounts
    """Return the table of candidates, the simplest first; the winner has a star."""
    found = []
    for each in trained.scored:
        mark = " *" if each is trained.winner else ""
        remark = f"breaks a law: {each.refused}" if each.refused else trained.settings[each.name]
        found.append(
            [
                f"{_WORDS[each.name]}{mark}",
                f"{each.error:.4f}",
                f"{each.spread:.4f}",
                f"{100 * each.r2:.1f} %",
                f"{each.brier:.4f}",
                _above(each, trained),
                remark,
            ]
        )
    for name, why in trained.crossing.skipped.items():
        found.append([_WORDS.get(name, name), "", "", "", "", "", f"not tried: {why}"])
    return found


def sentences(training: Training, trained: Trained) -> list[str]:
    """Return what won and why, and how its probabilities held on held-out groups."""
    learning, best, winner = trained.learning, trained.best, trained.winner
    ones = int(learning.target.sum())
    side = "less" if best.r2 >= 0 else "more"
    found = [
        (
            f"{learning.target_name} is 1 in {ones:,} of {learning.rows:,} rows: its probability"
            " is learnt."
        ),
        (
            f"{_begun(best.name)} has the least log loss on held-out groups ({training.group}):"
            f" {best.error:.4f} (standard error {best.spread:.4f}), {abs(100 * best.r2):.1f} %"
            f" {side} than that of the rate."
        ),
    ]
    if winner is not best:
        found.append(
            f"{_begun(winner.name)}, with {winner.error:.4f}, is simpler and within one standard"
            " error of that: it is kept."
        )
    if winner.name == "mean":
        found.append(
            "No candidate is better than the rate by more than one standard error: nothing can be"
            " predicted from these features."
        )
    if training.dataset.simulated:
        found.append("The data are simulated: scores say nothing about a real line.")
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
    return (
        f"Held out, {each.where}: {said} % predicted, {was} % were"
        f" ({each.ones:,} of {each.rows:,}; 95 % interval over groups {low} to {high} %)."
    )


def _begun(name: str) -> str:
    """Return a candidate's words as a sentence begins."""
    return _WORDS[name][0].upper() + _WORDS[name][1:]


def _above(each: Scored, trained: Trained) -> str:
    """Return by how much a log loss is above that of the best, in per cent of that."""
    if each is trained.best:
        return "-"
    learning = trained.learning
    found = over_groups(each.squares - trained.best.squares, learning.groups, learning.weights)
    parts = (100 * part / trained.best.error for part in (found.mean, found.low, found.high))
    mean, low, high = parts
    return f"{mean:+.0f} % ({low:+.0f} to {high:+.0f} %)"
