"""What a calibration says, in words and rows: the same on the screen and on the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from linetwin.estimation.calibrating.combined import amount
from linetwin.estimation.calibrating.intervals import FEW_GROUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.calibrating.explaining import Beyond
    from linetwin.estimation.calibrating.identifying import Gain, OpenGroup
    from linetwin.estimation.calibrating.scoring import Score
    from linetwin.estimation.calibrating.solving import Calibration

_SCORE_HEADS: Final = (
    "output", "compared", "rows", "RMS", "largest", "R2", "group out", "row out", "alike",
)  # fmt: skip
_GROUP_OUT: Final = _SCORE_HEADS.index("group out")
SCORE_NOTE: Final = (
    "Out: RMS of what was left out of the fit. Alike: scatter of rows with equal inputs."
)
CORRELATED: Final = 0.9
"""Correlation from which two parameters are nearly told together."""
UNBOUNDED: Final = frozenset({"not told apart", "no scatter", "not explained"})
"""States that have no interval."""
_HELPFUL: Final = 4
_LINES: Final = 5
_LEAST_BITS: Final = 0.01


def subject_of(made: Calibration) -> str:
    """Return what was fitted to what."""
    task = made.task
    where = f" of {task.subject.process}" if task.subject.process else ""
    groups = len(set(task.groups))
    grouped = f" in {groups} groups" if groups < task.rows else ""
    return f"{task.subject.model}{where}, {task.rows} rows{grouped} of {task.data.file.name}"


def verdict(made: Calibration) -> str:
    """Return what is wrong with a fit that explains nothing."""
    met = "; ".join(_met(made, name) for name in made.unexplained)
    return f"the fit explains nothing: {met}; its values are no parameters of the model"


def _named(made: Calibration, lines: Sequence[int]) -> str:
    """Return which rows of the table are meant, the first few: `line 3, 7`."""
    what = "line" if made.task.data.is_text else "row"
    more = ", ..." if len(lines) > _LINES else ""
    return f"{what} {', '.join(map(str, lines[:_LINES]))}{more}"


def _of_groups(made: Calibration, cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return cells of the scores' table without "group out" where each row is its own group."""
    task = made.task
    if len(set(task.groups)) < task.rows:
        return cells
    return (*cells[:_GROUP_OUT], *cells[_GROUP_OUT + 1 :])


def _met(made: Calibration, name: str) -> str:
    reached = next(score.determined for score in made.scores if score.name == name)
    return f"{name} is met no better than by the mean of the rows (R2 = {reached:.2g})"


def _no_better_left_out(score: Score) -> str:
    """Return what is to be doubted of an output that is fitted, and not foretold."""
    return (
        f"{score.name} of a row left out of the fit is met no better than by the mean of the other "
        f"rows: RMS {score.by_row:.3g} against {score.by_mean:.3g} (R2 of the fit "
        f"{score.determined:.2g}); the fit may have followed scatter"
    )


def _too_far(lack: Beyond) -> str:
    """Return what is wrong with an output that is not met within its scatter."""
    if lack.stated:
        return (
            f"{lack.name}: residuals are {lack.times:.3g} times the stated scatter: the model does "
            "not meet these rows, or they scatter more; intervals rest on the stated scatter and "
            "are that much too narrow"
        )
    return (
        f"{lack.name}: residuals are {lack.times:.3g} times the scatter of rows with equal inputs: "
        "the model lacks something that differs between the rows"
    )


def warnings_of(made: Calibration) -> list[str]:
    """Return what a reader must know before believing the values."""
    task = made.task
    found = [] if made.explains else [verdict(made)]
    if made.explains:
        found += [f"{_met(made, name)}: it tells nothing" for name in made.unexplained]
        met = {*made.judged} - {*made.unexplained}
        found += [
            _no_better_left_out(score)
            for score in made.scores
            if score.foretells_nothing and score.name in met
        ]
    found += [_too_far(each) for each in made.beyond]
    if task.omitted:
        one = len(task.omitted) == 1
        rows = "1 row is" if one else f"{len(task.omitted):,} rows are"
        unweighted = f" or {'its' if one else 'their'} weight is 0" if task.file.weights else ""
        named = _named(made, task.omitted)
        found.append(f"{rows} left out, as a value is missing{unweighted}: {named}")
    if made.outside:
        rows = "1 row lies" if len(made.outside) == 1 else f"{len(made.outside):,} rows lie"
        named = _named(made, made.outside)
        found.append(f"{rows} outside of the range that the model declares: {named}")
    if made.refused:
        found.append(f"the model refused {made.refused} of the evaluations on the way")
    if not made.fit.ended:
        found.append("the fit has not settled: its values are those at which it was given up")
    found += _scatter_warnings(made)
    if any(score.replicates == 0 for score in made.scores):
        found.append(
            "rows with equal inputs agree to the last digit: are they copies? Each counts as "
            "measured by itself, so intervals would be too narrow"
        )
    starts = len(made.fit.ends)
    if made.fit.agreeing < starts:
        found.append(f"{made.fit.agreeing} of {starts} starts reached the best fit")
    if made.why:
        found.append(f"derivatives are differences: {made.why}")
    return found


def parameter_heads(made: Calibration) -> tuple[str, ...]:
    """Return the heads of the parameters' table."""
    share = f"{made.task.file.confidence * 100:g} %"
    return ("parameter", "unit", "is", "fitted", f"{share} from", "to", "before")


def parameter_rows(made: Calibration) -> list[tuple[str, ...]]:
    """Return a row for each parameter: value, interval, and what it was."""
    rows: list[tuple[str, ...]] = []
    subject = made.task.subject
    for axis, value, interval in zip(made.task.axes, made.values, made.intervals, strict=True):
        before = subject.start(subject.binary.description.variables[axis.name])
        tag, _ = subject.tag(axis.name)
        shown = "-" if before is None else f"{before:.5g} {tag}".strip()
        state = "fitted" if interval.state == "interval" else interval.state
        ends = (f"{interval.low:.4g}", f"{interval.high:.4g}")
        if interval.state in UNBOUNDED:
            ends = ("-", "-")
        rows.append((axis.name, axis.unit, state, f"{value:.5g}", *ends, shown))
    return rows


def half_open(made: Calibration) -> str:
    """Return which parameters the data tell to one side only; "" where there are none."""
    found = [
        f"{axis.name} is {interval.state}"
        for axis, interval in zip(made.task.axes, made.intervals, strict=True)
        if interval.state.startswith("open ") and not made.is_open(axis.name)
    ]
    return f"; {', '.join(found)}" if found else ""


def interval_note(made: Calibration) -> str:
    """Return how the intervals were found."""
    task = made.task
    freedom = made.fit.freedom
    if freedom == 0:
        return "Intervals: none, as nothing tells the scatter."
    if task.file.intervals == "bootstrap":
        groups = len(set(task.groups))
        if groups < FEW_GROUPS:
            fits = f"fits without one of {groups} groups each"
            return f"Intervals: scatter of {fits}, Student's t of {groups - 1} degrees of freedom."
        return f"Intervals: {task.file.resamples} draws of {groups} whole groups with replacement."
    known = "scatter as given" if freedom is None else f"{freedom} degrees of freedom"
    return f"Intervals: profile likelihood, {known}."


def score_heads(made: Calibration) -> tuple[str, ...]:
    """Return the heads of the scores' table."""
    return _of_groups(made, _SCORE_HEADS)


def score_rows(made: Calibration) -> list[tuple[str, ...]]:
    """Return a row for each output: how well it is met, and by what was left out."""
    return [_of_groups(made, _score_row(score)) for score in made.scores]


def open_sentences(made: Calibration) -> list[str]:
    """Return what the data cannot tell; nothing of a fit that explains nothing."""
    if not made.explains:
        return []
    found = made.identifiability
    sentences = [sentence for group in found.groups for sentence in _of_group(group)]
    names = [axis.name for axis in made.task.axes]
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            if made.is_open(first) or made.is_open(names[j]):
                continue
            if abs(found.correlations[i, j]) >= CORRELATED:
                pair = f"{first} and {names[j]} are nearly told together"
                sentences.append(f"{pair}: correlation {found.correlations[i, j]:.3f}.")
    return sentences


def helpful_head(made: Calibration) -> str:
    """Return what the helpful measurements would tell of; "" where nothing is to be said."""
    if not made.gains or not made.explains:  # measuring more mends no model that does not fit
        return ""
    if not _helpful_gains(made):
        return "No output of the model, and no input varied, would tell what is open."
    about = "what is open" if made.identifiability.groups else "all parameters"
    return f"What would tell most of {about}:"


def helpful_sentences(made: Calibration) -> list[str]:
    """Return the measurements that would tell most."""
    has_open = bool(made.identifiability.groups)
    return [
        f"{_helpful(gain)}: {gain.open_bits if has_open else gain.bits:.1f} bits"
        for gain in _helpful_gains(made)[:_HELPFUL]
    ]


def _helpful_gains(made: Calibration) -> list[Gain]:
    if not made.explains:
        return []
    if not made.identifiability.groups:
        return list(made.gains)
    return [gain for gain in made.gains if gain.open_bits >= _LEAST_BITS]


def _scatter_warnings(made: Calibration) -> list[str]:
    """Return of which outputs the scatter is not told by their own residuals."""
    outputs = made.task.outputs
    if made.fit.freedom == 0:
        return [
            "no interval: too few values to tell their scatter; state `scatter:` of the outputs"
        ]
    found = [
        f"too few values of {outputs[i].name} to tell their scatter: that of the other outputs is "
        "taken, relative to its size; state `scatter:`"
        for i in made.fit.pooled
    ]
    return found + [
        f"{name} is met without any scatter, as no measurement is: its intervals mean nothing "
        "unless `scatter:` is stated"
        for name in made.exact
    ]


def _score_row(score: Score) -> tuple[str, ...]:
    numbers = (
        score.fitted,
        score.worst,
        score.determined,
        score.by_group,
        score.by_row,
        score.replicates,
    )
    compared = "ln" if score.log else score.unit
    shown = ("-" if math.isnan(number) else f"{number:.4g}" for number in numbers)
    return (score.name, compared, str(score.count), *shown)


def _of_group(group: OpenGroup) -> list[str]:
    if len(group.names) == 1:
        return [f"Of {group.names[0]} the data tell less than its bounds."]
    sentences = [f"The data cannot tell apart: {', '.join(group.names)}."]
    for known in group.known:
        spread = f"{known.deviation * 100:.2g} %"
        if not known.product:
            spread = amount(known.deviation, known.unit, 3)
        value = amount(known.value, known.unit)
        sentences.append(f"Known is {known.text} = {value} +- {spread} (one standard deviation).")
    sentences.append("Of the values that fit as well, those nearest to the earlier ones are given.")
    return sentences


def _helpful(gain: Gain) -> str:
    unit = gain.unit or "1"
    if gain.kind == "measure":
        return f"measure {gain.name} in each row to {amount(gain.scatter, unit, 2)}"
    values = " and ".join(amount(value, unit) for value in gain.values)
    return f"repeat the rows with {gain.name} = {values}"
