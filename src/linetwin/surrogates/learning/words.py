"""What a training led to, in sentences and tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.surrogates.learning.classes import candidates_of
from linetwin.surrogates.learning.comparing import over_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.predictors.card import Covered, Data
    from linetwin.surrogates.data.dataset import ColumnSpec
    from linetwin.surrogates.learning.comparing import Scored
    from linetwin.surrogates.learning.reading import Training
    from linetwin.surrogates.learning.task import Learning
    from linetwin.surrogates.learning.training import Trained

HEADS: Final = ("candidate", "error", "std. error", "R2", "mean square above best", "remark")


def error_text(error: float, spec: ColumnSpec, *, relative: bool) -> str:
    """Return an error as people read it: in the shown unit, or in per cent of the target."""
    return f"{100 * error:.3g} %" if relative else spec.shown_difference(error)


def rows(training: Training, trained: Trained) -> list[list[str]]:
    """Return the table of candidates, the simplest first; the winner has a star."""
    found = []
    for each in trained.scored:
        name, remark = candidate_ends(each, trained)
        found.append(
            [
                name,
                _error(each.error, training),
                _error(each.spread, training),
                f"{each.r2:.3f}",
                above_best(each, trained),
                remark,
            ]
        )
    return [*found, *not_tried(trained, len(HEADS))]


def sentences(training: Training, trained: Trained) -> list[str]:
    """Return what won and why, against noise and physics, and what intervals promise."""
    best, winner = trained.best, trained.winner
    error = f"{_error(best.error, training)} (standard error {_error(best.spread, training)})"
    name = begun(best.name, trained.learning)
    lawful = keeping(trained)
    found = [f"{name} has the least error on held-out groups ({training.group}){lawful}: {error}."]
    found += choice(training, trained, _error(winner.error, training))
    found += _against(training, trained)
    if trained.learning.variances is not None:
        found.append(
            "In fits rows count by 1 / (their own variance + that of models); scores and intervals"
            " take each row as it is, with its uncertainty in it."
        )
    procedure = trained.procedure
    found.append(
        "Choosing and fitting without the held-out group, as one procedure:"
        f" {_error(procedure.error, training)}, R2 {procedure.r2:.2f}."
    )
    return found + _promise(trained)


def coverage_text(covered: Covered) -> str:
    """Return how often intervals held, with the binomial interval."""
    counted = covered.inside / covered.rows if covered.share is None else covered.share
    share, low, high = (100 * each for each in (counted, covered.low, covered.high))
    if covered.effective is not None:
        return (
            f"{covered.where}: {share:.0f} % of the weight of held-out rows inside"
            f" ({covered.inside} of {covered.rows} rows; 95 % interval {low:.0f} to {high:.0f} %,"
            f" as of {covered.effective:,.0f} rows of equal weight)"
        )
    return (
        f"{covered.where}: {covered.inside} of {covered.rows} held-out rows inside"
        f" ({share:.0f} %, 95 % interval {low:.0f} to {high:.0f} %)"
    )


def weighing(data: Data) -> list[str]:
    """Return by which column rows are weighed, and how much that leaves of them; else nothing."""
    if data.effective is None:
        return []
    text = (
        f"Rows are weighed by '{data.weight}': {data.rows:,} rows tell as much as"
        f" {data.effective:,.0f} of equal weight; scores and shares are weighted."
    )
    return [text]


def named(name: str, learning: Learning) -> str:
    """Return a candidate's words; its name where it is none of those that learn such a target."""
    words = {each.name: each.words for each in candidates_of(learning)}
    return words.get(name, name)


def begun(name: str, learning: Learning) -> str:
    """Return a candidate's words as a sentence begins."""
    words = named(name, learning)
    return words[0].upper() + words[1:]


def candidate_ends(each: Scored, trained: Trained) -> tuple[str, str]:
    """Return the first and the last cell of a candidate's row; the winner has a star."""
    mark = " *" if each is trained.winner else ""
    remark = f"breaks a law: {each.refused}" if each.refused else trained.settings[each.name]
    return f"{named(each.name, trained.learning)}{mark}", remark


def not_tried(trained: Trained, wide: int) -> Iterator[list[str]]:
    """Yield a row of so many cells for each candidate that was not tried, and why."""
    for name, why in trained.crossing.skipped.items():
        yield [named(name, trained.learning), *[""] * (wide - 2), f"not tried: {why}"]


def choice(training: Training, trained: Trained, error: str) -> list[str]:
    """Return why the winner is kept, `error` in words; and whether models made the data."""
    found, winner = [], trained.winner
    if winner is not trained.best:
        found.append(
            f"{begun(winner.name, trained.learning)}, with {error}, is simpler"
            " and within one standard error of that: it is kept."
        )
    against = against_laws(training, trained)
    if winner.name == "mean":
        what = "rate" if trained.learning.chance else "mean"
        which = " that keeps the laws" if against else ""
        so = "" if against else ": nothing can be predicted from these features"
        found.append(
            f"No candidate{which} is better than the {what} by more than one standard error{so}."
        )
    found += against
    if training.dataset.simulated:
        found.append("The data are simulated: scores say nothing about a real line.")
    return found


def against_laws(training: Training, trained: Trained) -> list[str]:
    """Return how much better a candidate would be that breaks a stated law; else nothing.

    Of several the one with the least error, where it is better than the best that keeps the laws
    by more than one standard error.
    """
    better = _better(trained)
    if not better:
        return []
    learning, least = trained.learning, min(better, key=lambda each: each.error)
    error, best = (
        f"a log loss of {each.error:.4f}" if learning.chance else _error(each.error, training)
        for each in (least, trained.best)
    )
    more = f" (so do {len(better) - 1} more)" * (len(better) > 1)
    text = (
        f"{begun(least.name, learning)} would have {error}, not {best}, but breaks the stated law:"
        f" {learning.target_name} {least.refused}{more}. The law, its sign or the data are wrong:"
        " look at them."
    )
    return [text]


def keeping(trained: Trained) -> str:
    """Return that the best is one of those that keep the laws, where others would be better."""
    return ", of those that keep the laws" * bool(_better(trained))


def _better(trained: Trained) -> list[Scored]:
    """Return the candidates that break a law and are better, by over one standard error."""
    learning, found = trained.learning, []
    for each in trained.scored:
        if each.refused:
            less = trained.best.squares - each.squares
            difference = over_groups(less, learning.groups, learning.weights)
            if difference.mean > difference.error:
                found.append(each)
    return found


def above_best(each: Scored, trained: Trained) -> str:
    """Return by how much a mean square or a log loss is above the best, in per cent of that."""
    if each is trained.best:
        return "-"
    learning = trained.learning
    least = learning.mean(trained.best.squares)
    found = over_groups(each.squares - trained.best.squares, learning.groups, learning.weights)
    mean, low, high = (100 * part / least for part in (found.mean, found.low, found.high))
    return f"{mean:+.0f} % ({low:+.0f} to {high:+.0f} %)"


def _error(error: float, training: Training) -> str:
    return error_text(error, training.target, relative=training.learning.relative)


def _against(training: Training, trained: Trained) -> Sequence[str]:
    """Return the winner against the physics alone and against the noise of replicates."""
    found, winner = [], trained.winner
    physics = [each for each in trained.scored if each.name == "physics"]
    if physics and winner.name != "physics":
        found.append(f"The physics alone: {_error(physics[0].error, training)}.")
    noise = training.learning.noise
    if noise is None:
        found.append("No rows have equal features: the noise of replicates is unknown.")
    elif noise:
        found.append(
            f"Replicates scatter by {_error(noise, training)}:"
            f" the error is {winner.error / noise:.1f} times that."
        )
    return found


def _promise(trained: Trained) -> list[str]:
    """Return what intervals promise, and how they held."""
    share = f"{100 * trained.learning.coverage:.0f} %"
    found = [f"Intervals of {share}: {coverage_text(each)}." for each in trained.covered[:1]]
    if any(region.how == "normal" for region in trained.regions):
        groups = len(trained.learning.labels)
        found.append(
            f"{groups} groups are too few for intervals of {share} without an assumption:"
            " errors are taken as normal."
        )
    return found
