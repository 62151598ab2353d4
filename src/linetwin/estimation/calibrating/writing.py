"""What a calibration writes: a parameter file that scenarios can name, and all of it as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.telling import verdict
from linetwin.scenario import units
from linetwin.scenario.emit import dump

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.identifying import Gain, Known
    from linetwin.estimation.calibrating.intervals import Interval
    from linetwin.estimation.calibrating.scoring import Score
    from linetwin.estimation.calibrating.solving import Calibration
    from linetwin.estimation.calibrating.task import Axis

_HEADING: Final = "# parameters fitted by `linetwin calibrate`\n"
_MOST_GAINS: Final = 12
_CORRELATED: Final = 0.9


def parameter_text(made: Calibration) -> str:
    """Return the parameter file: values with interval, tag D, and the data's name and hash.

    A value that the data cannot tell by itself is an assumption (tag A), and says so.
    ScenarioError of a fit that explains nothing: it has no parameters to give.
    """
    task = made.task
    if not made.explains:
        hint = "check units and columns of inputs and outputs, and what `set` and `only` leave"
        raise ScenarioError([Problem(verdict(made), hint=hint, file=task.data.file)])
    head: dict[str, Any] = {
        "schema": 1,
        "name": task.file.name,
        "title": task.file.title or f"Parameters of {task.subject.model}",
        "model": task.subject.model,
        "token": task.subject.token,
    }
    if task.subject.process is not None:
        head["process"] = task.subject.process
    head["data"] = {"file": task.data.file.name, "sha256": task.data.digest, "rows": task.rows}
    head["confidence"] = task.file.confidence
    head["set"] = {
        axis.name: _entry(made, axis, value, interval)
        for axis, value, interval in zip(task.axes, made.values, made.intervals, strict=True)
    }
    return _HEADING + dump(head)


def content(made: Calibration) -> dict[str, Any]:
    """Return everything as plain data."""
    task = made.task
    found = made.identifiability
    names = [axis.name for axis in task.axes]
    return {
        "name": task.file.name,
        "explains": made.explains,
        "verdict": "" if made.explains else verdict(made),
        "no_better_than_the_mean": list(made.unexplained),
        "beyond_scatter": {each.name: each.times for each in made.beyond},
        "model": task.subject.model,
        "token": task.subject.token,
        "process": task.subject.process,
        "data": {
            "file": task.data.file.name,
            "sha256": task.data.digest,
            "rows": task.rows,
            "groups": len(set(task.groups)),
            "omitted_lines": list(task.omitted),
            "rows_outside_of_the_models_range": len(made.outside),
            "lines_outside_of_the_models_range": list(made.outside),
        },
        "parameters": [
            _parameter(made, axis, value, interval)
            for axis, value, interval in zip(task.axes, made.values, made.intervals, strict=True)
        ],
        "intervals": {"kind": task.file.intervals, "confidence": task.file.confidence},
        "fit": _fit(made),
        "scores": [_score(score) for score in made.scores],
        "identifiability": {
            "not_told_apart": [
                {"parameters": list(group.names), "known": [_known(each) for each in group.known]}
                for group in found.groups
            ],
            "correlated": _correlated(names, found.correlations),
            "correlations": {
                name: dict(zip(names, row, strict=True))
                for name, row in zip(names, found.correlations.tolist(), strict=True)
            },
            "standard_deviations_of_directions": list(found.deviations),
        },
        "would_help": [_gain(gain) for gain in made.gains[:_MOST_GAINS]],
        "measurements": _measurements(made),
    }


def shown(value: float, unit: str, digits: int = 6) -> str:
    """Return a number with its unit, where it has one."""
    return f"{value:.{digits}g}" if unit in {"", "1"} else f"{value:.{digits}g} {unit}"


def _entry(made: Calibration, axis: Axis, value: float, interval: Interval) -> dict[str, Any]:
    task = made.task
    origin = (
        f"{task.rows} rows of {'the simulated run ' if task.data.simulated else ''}"
        f"{task.data.file.name} (SHA-256 {task.data.digest[:16]}), "
        f"model {task.subject.model} {task.subject.token[:9].strip('{}')}"
    )
    if made.is_open(axis.name):
        with_others = [
            name for g in made.identifiability.groups if axis.name in g.names for name in g.names
        ]
        others = ", ".join(name for name in with_others if name != axis.name)
        why = (
            f"known only with {others}, of equal fits the nearest to the earlier value"
            if others
            else "the data tell less of it than its bounds"
        )
        return {"value": _written(value, axis), "tag": "A", "source": f"{why}: {origin}"}
    if interval.state == "no scatter":
        source = f"fit to {origin}, no interval: nothing tells the scatter"
        return {"value": _written(value, axis), "tag": made.tag(axis.name), "source": source}
    entry: dict[str, Any] = {"value": _written(value, axis)}
    if interval.state not in {"open below", "flat"}:
        entry["low"] = _written(interval.low, axis)
    if interval.state not in {"open above", "flat"}:
        entry["high"] = _written(interval.high, axis)
    source = f"fit to {origin}, {_reach(made, axis, interval)}"
    return {**entry, "tag": made.tag(axis.name), "source": source}


def _reach(made: Calibration, axis: Axis, interval: Interval) -> str:
    """Return an interval in words; an open end is no number that the data tell."""
    share = f"{made.task.file.confidence * 100:g} %"
    low, high = shown(interval.low, axis.unit), shown(interval.high, axis.unit)
    match interval.state:
        case "open below":
            return f"open below, {share} up to {high}"
        case "open above":
            return f"open above, {share} from {low}"
        case "flat":
            return "flat: the data exclude neither bound"
        case _:
            return f"{share} interval {shown(interval.low, '1')} to {high}"


def _written(value: float, axis: Axis) -> float | str:
    """Return a value as a scenario reads it: with its unit, where scenarios know that."""
    if axis.unit == "1":
        return float(f"{value:.10g}")
    text = f"{value:.10g} {axis.unit}"
    try:
        units.si(text)
    except ScenarioError:
        return float(f"{value:.10g}")
    return text


def _parameter(made: Calibration, axis: Axis, value: float, interval: Interval) -> dict[str, Any]:
    subject = made.task.subject
    tag, source = subject.tag(axis.name)
    return {
        "name": axis.name,
        "unit": axis.unit,
        "value": value,
        "low": interval.low,
        "high": interval.high,
        "state": interval.state,
        "tag": made.tag(axis.name),
        "bounds": [axis.low, axis.high],
        "scale": "log" if axis.log else "linear",
        "prior": list(axis.prior) if axis.prior else None,
        "before": {
            "value": subject.start(subject.binary.description.variables[axis.name]),
            "tag": tag,
            "source": source,
        },
        "profile": [[float(axis.value(np.array(at))), rise] for at, rise in interval.profile],
    }


def _fit(made: Calibration) -> dict[str, Any]:
    fit, file = made.fit, made.task.file
    ends = [end for end in fit.ends if math.isfinite(end)]
    return {
        "loss": file.loss,
        "settled": fit.ended,
        "starts": len(fit.ends),
        "starts_at_the_best": fit.agreeing,
        "starts_refused": len(fit.ends) - len(ends),
        "degrees_of_freedom": fit.freedom,
        "scatter_of_the_others": [made.task.outputs[i].name for i in fit.pooled],
        "half_sum_of_squares": fit.cost,
        "derivatives": made.ways,
        "why_differences": made.why,
        "rows_evaluated": made.evaluations,
        "evaluations_refused": made.refused,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "output": score.name,
        "unit": score.unit,
        "compared": "logarithms" if score.log else "values",
        "measurements": score.count,
        "rms_fitted": score.fitted,
        "largest": score.worst,
        "r2": score.determined,
        "rms_group_left_out": score.by_group,
        "rms_row_left_out": score.by_row,
        "rms_about_mean_of_others": score.by_mean,
        "rms_of_replicates": score.replicates,
        "scatter_given": score.given,
    }


def _known(known: Known) -> dict[str, Any]:
    return {
        "combination": known.text,
        "terms": dict(known.terms),
        "value": known.value,
        "unit": known.unit,
        "standard_deviation": known.deviation,
        "relative": known.product,
    }


def _correlated(names: list[str], correlations: np.ndarray) -> list[dict[str, Any]]:
    """Return the pairs of parameters that are nearly told together only."""
    return [
        {"parameters": [names[i], names[j]], "correlation": float(correlations[i, j])}
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(correlations[i, j]) >= _CORRELATED
    ]


def _gain(gain: Gain) -> dict[str, Any]:
    return {
        "name": gain.name,
        "how": "measure it in each row" if gain.kind == "measure" else "vary it",
        "bits": gain.bits,
        "bits_about_what_is_open": gain.open_bits,
        "scatter": gain.scatter,
        "unit": gain.unit,
        "values": list(gain.values),
    }


def _measurements(made: Calibration) -> list[dict[str, Any]]:
    task = made.task
    kept = task.lines
    return [
        {
            "output": task.outputs[output].name,
            "line": kept[row],
            "group": task.groups[row],
            "measured": float(measured),
            "fitted": float(predicted),
        }
        for output, row, measured, predicted in zip(
            made.output_of.tolist(), made.row_of.tolist(), made.targets, made.predicted, strict=True
        )
    ]
