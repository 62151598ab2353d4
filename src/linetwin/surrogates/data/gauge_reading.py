"""Gauges of a dataset file: amounts as stated, or a study to compute them from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.amounts import RATIO, Scale, affine_of, amount, difference
from linetwin.estimation.calibrating.schema import ColumnWritten
from linetwin.estimation.calibrating.tables import read_table
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.problems import Problems, nearest
from linetwin.surrogates.gauges import Gauge, GaugeStudy, crossed_study

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.estimation.calibrating.tables import DataTable
    from linetwin.scenario.document import Document
    from linetwin.scenario.problems import Place
    from linetwin.surrogates.data.dataset import ColumnSpec
    from linetwin.surrogates.data.schema import GaugeColumn, GaugeStudyWritten, GaugeWritten

_STATED = ("bias", "linearity", "repeatability", "reproducibility")


def read_gauges(
    written: Mapping[str, GaugeWritten],
    specs: Mapping[str, ColumnSpec],
    document: Document,
    problems: Problems,
) -> dict[str, Gauge]:
    """Return the gauges by the column that they read; what is wrong is noted."""
    found = {}
    for name, gauge in written.items():
        place = document.place(("gauge", name))
        spec = specs.get(name)
        if spec is None or not spec.is_number:
            numbers = [each for each, known in specs.items() if known.is_number]
            problems.add(place, f"there is no column of numbers '{name}'", nearest(name, numbers))
            continue
        read = _gauge(gauge, spec, place, document, problems)
        if read is not None:
            found[name] = read
    return found


def _gauge(
    written: GaugeWritten, spec: ColumnSpec, place: Place, document: Document, problems: Problems
) -> Gauge | None:
    given = [name for name in _STATED if getattr(written, name) is not None]
    if written.study is not None:
        if given:
            problems.add(place, f"has {', '.join(given)} beside a study", "one of both")
        study = _study(written.study, spec, place.below("study"), document, problems)
        return None if study is None else _of_study(study)
    scale = Scale(parse_unit(spec.unit), spec.unit)
    numbers: dict[str, float] = {}
    for name in given:
        raw, at = getattr(written, name), place.below(name)
        if name != "linearity" and spec.shown_unit and not isinstance(raw, str):
            problems.add(at, f"{raw!r} has no unit", f"such as {raw!r} {spec.shown_unit}")
            continue
        if name == "linearity":
            number = amount(raw, RATIO, at, problems)
        else:
            number = difference(raw, scale, at, problems)
        if number is not None:
            numbers[name] = number
            if number < 0 and name.startswith("rep"):
                problems.add(at, f"{number:g} is no standard deviation", "0 or more")
    if "repeatability" not in given:
        hint = "repeatability: 0.2 %, or study: {file: ..., part: ..., reading: ...}"
        problems.add(place, "does not say how well it repeats", hint)
    bias, linearity, repeatability, reproducibility = (numbers.get(name) for name in _STATED)
    return Gauge(bias, linearity, repeatability, reproducibility)


def _of_study(study: GaugeStudy) -> Gauge:
    return Gauge(
        bias=study.bias.value if study.bias else None,
        linearity=study.linearity.value if study.linearity else None,
        repeatability=study.repeatability.value,
        reproducibility=study.reproducibility.value if study.reproducibility else None,
        study=study,
    )


def _study(
    written: GaugeStudyWritten,
    spec: ColumnSpec,
    place: Place,
    document: Document,
    problems: Problems,
) -> GaugeStudy | None:
    file = document.file.parent / written.file
    if not file.exists():
        message, hint = f"{written.file} does not exist", "a path relative to the dataset file"
        problems.add(place.below("file"), message, hint)
        return None
    columns = [written.part, written.operator, written.reading.column]
    columns += [written.reference.column] if written.reference else []
    wanted = [name for name in columns if name is not None]
    try:
        table = read_table(file, written.table, place.below("table"), wanted)
    except ScenarioError as error:
        problems.keep(error.problems)
        return None
    found = [table.has(name, place, problems) for name in wanted]
    if not all(found):
        return None
    readings = _readings(written.reading, table, spec, place.below("reading"), problems)
    reference = None
    if written.reference is not None:
        at = place.below("reference")
        reference = _readings(written.reference, table, spec, at, problems)
    operators = table.texts(written.operator) if written.operator else [""] * len(table.lines)
    try:
        return crossed_study(readings, table.texts(written.part), operators, reference)
    except ScenarioError as error:
        problems.adopt(error, place)
        return None


def _readings(
    written: GaugeColumn, table: DataTable, spec: ColumnSpec, place: Place, problems: Problems
) -> np.ndarray:
    """Return a column of a gauge study in the canonical unit of what is read."""
    scale = Scale(parse_unit(spec.unit), spec.unit)
    own = ColumnWritten(column=written.column, unit=written.unit)
    affine = affine_of(own, scale, table.units.get(written.column) or None, place, problems)
    values = table.numbers(written.column, problems)
    return values if affine is None else np.asarray(affine.factor * values + affine.offset)
