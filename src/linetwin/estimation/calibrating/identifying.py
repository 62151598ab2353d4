"""What the data can tell apart, and which measurement would tell more.

Coordinates run from 0 to 1 between the bounds of a parameter, so a direction of which the data
leave a standard deviation of more than 1/sqrt(12) is one about which the bounds say more than the
data: within them it is open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import FmuError
from linetwin.estimation.calibrating.combined import amount, unit_of_product
from linetwin.estimation.calibrating.evaluating import Evaluator
from linetwin.estimation.calibrating.task import Stretch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.estimation.calibrating.fitting import Fit
    from linetwin.estimation.calibrating.misfit import Misfit
    from linetwin.estimation.calibrating.task import Axis, Task

BOUNDS: Final = 12.0
"""Information of the bounds alone: that of a uniform distribution."""
_TAKES_PART: Final = 0.05
"""Share of a parameter in what the data leave open above which it belongs to it."""
_TOGETHER: Final = 0.02
_EXPONENT: Final = 0.02
_USUAL_SCATTER: Final = 0.02
"""Of the size of an output, where nobody says how well it could be measured [A]."""
_LEAST_BITS: Final = 0.01
_STEP: Final = 1e-3
_VARIED: Final = 0.2
"""By how much an input is varied to either side, where nobody says [A]."""


@dataclass(frozen=True)
class Known:
    """A combination of parameters that the data tell: a product of powers, or a weighted sum.

    `value` in `unit`; `deviation` of a product relative, of a sum in `unit`; `units`: those of the
    weights of a sum.
    """

    terms: tuple[tuple[str, float], ...]
    product: bool
    value: float
    deviation: float
    unit: str
    units: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The combination as people write it."""
        if not self.product:
            weighted = zip(self.terms, self.units, strict=True)
            return " + ".join(f"{amount(w, unit, 3)} {name}" for (name, w), unit in weighted)
        above = [_power(n, e) for n, e in self.terms if e > 0]
        below = [_power(n, -e) for n, e in self.terms if e < 0]
        return " * ".join(above or ["1"]) + "".join(f" / {each}" for each in below)


@dataclass(frozen=True)
class OpenGroup:
    """Parameters that the data cannot tell apart (one: of which they tell nothing)."""

    names: tuple[str, ...]
    known: tuple[Known, ...] = ()


@dataclass(frozen=True)
class Gain:
    """What a further measurement would tell.

    `bits`: expected information about all parameters; `open_bits`: about what is open now;
    `scatter`: of the measurement, in `unit`; `values`: of an input that would be varied.
    """

    name: str
    kind: str
    bits: float
    open_bits: float
    scatter: float = math.nan
    unit: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Identifiability:
    """Correlations of shape (parameters, parameters), and what is open.

    `open_directions`: unit vectors of coordinates, shape (open, parameters); `deviations` of every
    direction by the data alone, from the best known.
    """

    correlations: np.ndarray
    open_directions: np.ndarray
    deviations: tuple[float, ...]
    groups: tuple[OpenGroup, ...]


def identify(axes: Sequence[Axis], fit: Fit) -> Identifiability:
    """Return what the slopes at a fit tell of its parameters; priors do not count."""
    information = fit.slopes.T @ fit.slopes
    size, vectors = np.linalg.eigh(information)
    size = np.maximum(size, 0.0)
    weak = vectors[:, size < BOUNDS].T
    covariance = np.linalg.inv(information + BOUNDS * np.eye(len(axes)))
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore"):
        left = 1 / np.sqrt(size[::-1])
    return Identifiability(
        covariance / np.outer(spread, spread), weak, tuple(map(float, left)),
        tuple(_groups(axes, fit, information, weak)),
    )  # fmt: skip


def _groups(
    axes: Sequence[Axis], fit: Fit, information: np.ndarray, weak: np.ndarray
) -> list[OpenGroup]:
    """Return which parameters are open together, and what is known of each such group."""
    shared = weak.T @ weak
    taking = [i for i in range(len(axes)) if shared[i, i] > _TAKES_PART]
    groups: list[list[int]] = []
    for index in taking:
        near = [g for g in groups if any(abs(shared[index, j]) > _TOGETHER for j in g)]
        merged = [index, *(j for g in near for j in g)]
        groups = [g for g in groups if g not in near] + [sorted(merged)]
    return [
        OpenGroup(tuple(axes[i].name for i in g), tuple(_known(axes, fit, information, g)))
        for g in sorted(groups)
    ]


def _known(
    axes: Sequence[Axis], fit: Fit, information: np.ndarray, group: list[int]
) -> list[Known]:
    """Return the combinations within a group that the data tell, whatever the others are."""
    if len(group) == 1:
        return []
    others = [i for i in range(len(axes)) if i not in group]
    inner = information[np.ix_(group, group)]
    if others:
        across = information[np.ix_(group, others)]
        outer = information[np.ix_(others, others)] + 1e-12 * np.eye(len(others))
        inner = inner - across @ np.linalg.solve(outer, across.T)
    size, vectors = np.linalg.eigh(inner)
    return [
        _combination([axes[i] for i in group], fit.coordinates[group], vectors[:, k], size[k])
        for k in range(len(group) - 1, -1, -1)
        if size[k] >= BOUNDS
    ]


def _combination(
    axes: Sequence[Axis], coordinates: np.ndarray, direction: np.ndarray, information: float
) -> Known:
    product = all(axis.log for axis in axes)
    values = np.array([float(a.value(c)) for a, c in zip(axes, coordinates, strict=True)])
    widths = np.array(
        [a.width * (1 if product or not a.log else v) for a, v in zip(axes, values, strict=True)]
    )
    weights = direction / widths
    lead = int(np.argmax(np.abs(weights)))
    deviation = float(1 / math.sqrt(information) / abs(weights[lead]))
    weights = weights / weights[lead]
    kept = np.abs(weights * widths) > _EXPONENT * np.abs(weights * widths).max()
    if product and weights[np.argmax(kept)] < 0:
        weights = -weights
    own = [
        (axis, float(weight), float(value))
        for axis, weight, value, k in zip(axes, weights, values, kept, strict=True)
        if k
    ]
    return _product(own, deviation) if product else _sum(own, axes[lead].unit, deviation)


def _product(own: Sequence[tuple[Axis, float, float]], deviation: float) -> Known:
    """Return a product of powers of axes, of which exponent and value are given."""
    unit, factor = unit_of_product([(axis.unit, exponent) for axis, exponent, _ in own])
    value = factor * math.exp(sum(exponent * math.log(value) for _, exponent, value in own))
    terms = tuple((axis.name, exponent) for axis, exponent, _ in own)
    return Known(terms, product=True, value=value, deviation=deviation, unit=unit)


def _sum(own: Sequence[tuple[Axis, float, float]], unit: str, deviation: float) -> Known:
    """Return a sum, in `unit`, of axes of which weight and value are given."""
    ratios = [
        ("1", 1.0) if axis.unit == unit else unit_of_product([(unit, 1), (axis.unit, -1)])
        for axis, _, _ in own
    ]
    terms = tuple(
        (axis.name, weight * factor)
        for (axis, weight, _), (_, factor) in zip(own, ratios, strict=True)
    )
    value = sum(weight * value for _, weight, value in own)
    units = tuple(text for text, _ in ratios)
    return Known(terms, product=False, value=value, deviation=deviation, unit=unit, units=units)


def _power(name: str, exponent: float) -> str:
    return name if abs(exponent - 1) < _EXPONENT else f"{name}^{exponent:.3g}"


def gains(misfit: Misfit, fit: Fit, found: Identifiability) -> list[Gain]:
    """Return what further measurements would tell, those first that tell most of what is open.

    Outputs that are not measured yet are taken in each row of the data; inputs are varied one by
    one, with the outputs measured as they are.
    """
    judged = _outputs(misfit, fit, found) + _inputs(misfit, fit, found)
    told = [gain for gain in judged if gain.bits >= _LEAST_BITS]
    open_first = len(found.open_directions) > 0
    return sorted(told, key=lambda gain: -(gain.open_bits if open_first else gain.bits))


def _outputs(misfit: Misfit, fit: Fit, found: Identifiability) -> list[Gain]:
    task = misfit.task
    variables = task.subject.binary.description.variables
    names = [
        v.name
        for v in variables.values()
        if v.causality == "output" and v.continuous and not v.shape and v.name not in misfit.outputs
    ]
    names = list(dict.fromkeys([*names, *task.candidates]))
    if not names:
        return []
    numbers, slopes = _slopes(misfit, fit, task.phases[0].settings, names)
    made = []
    for index, name in enumerate(names):
        size = float(np.sqrt(np.mean(numbers[:, index] ** 2)))
        scatter = task.candidates.get(name, _USUAL_SCATTER * size)
        if not math.isfinite(scatter) or scatter <= 0:
            continue
        bits = _bits(fit, found, slopes[:, index] / scatter)
        made.append(Gain(name, "measure", *bits, scatter, variables[name].unit or "1"))
    return made


def _inputs(misfit: Misfit, fit: Fit, found: Identifiability) -> list[Gain]:
    task = misfit.task
    variables = task.subject.binary.description.variables
    first = task.phases[0].settings
    made = []
    for name in dict.fromkeys([*task.varied, *task.variations]):
        variable = variables[name]
        now = np.broadcast_to(first[name], task.rows)
        middle = float(np.median(now))
        usual = (middle * (1 - _VARIED), middle * (1 + _VARIED))
        values = task.variations.get(name, tuple(v for v in usual if variable.holds(v)))
        rows: list[np.ndarray] = []
        for value in values:
            settings = {**first, name: value}
            predicted, slopes = _slopes(misfit, fit, settings, misfit.outputs)
            for index, output in enumerate(task.outputs):
                own = misfit.output_of == index
                scatter = float(np.median(fit.scatter[own])) if own.any() else math.inf
                size = predicted[:, index : index + 1] if output.log else 1.0
                rows.append(slopes[:, index] / (scatter * size))
        if rows:
            bits = _bits(fit, found, np.concatenate(rows))
            made.append(Gain(name, "vary", *bits, unit=variable.unit or "1", values=values))
    return made


def _slopes(
    misfit: Misfit, fit: Fit, settings: Mapping[str, float | np.ndarray], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs (rows, outputs) and their slopes (rows, outputs, parameters)."""
    task: Task = misfit.task
    fitted = [axis.name for axis in task.axes]
    phases = (Stretch(settings, task.phases[0].durations), *task.phases[1:])
    evaluator = Evaluator(task.subject, phases, fitted, names)
    count = len(fitted)
    steps = np.eye(count) * _STEP
    up = np.minimum(fit.coordinates + steps, 1.0)
    down = np.maximum(fit.coordinates - steps, 0.0)
    try:
        points = np.concatenate([fit.coordinates[None, :], up, down])
        found = evaluator.at(misfit.values(points))
    except FmuError:
        shape = (task.rows, len(names))
        return np.zeros(shape), np.zeros((*shape, count))
    finally:
        evaluator.close()
    length = (up - down).sum(axis=1)
    slopes = (found[1 : count + 1] - found[count + 1 :]) / length[:, None, None]
    return found[0], np.moveaxis(np.nan_to_num(slopes), 0, -1)


def _bits(fit: Fit, found: Identifiability, rows: np.ndarray) -> tuple[float, float]:
    """Return the expected information (bits) of standardised slopes (rows, parameters).

    The second is that about the directions which are open now.
    """
    count = rows.shape[-1]
    now = fit.slopes.T @ fit.slopes + BOUNDS * np.eye(count)
    then = now + rows.T @ rows
    half = 0.5 / math.log(2)
    whole = half * (np.linalg.slogdet(then)[1] - np.linalg.slogdet(now)[1])
    weak = found.open_directions
    if not len(weak):
        return float(whole), 0.0
    before, after = (weak @ np.linalg.inv(each) @ weak.T for each in (now, then))
    open_part = half * (np.linalg.slogdet(before)[1] - np.linalg.slogdet(after)[1])
    return float(whole), float(open_part)
