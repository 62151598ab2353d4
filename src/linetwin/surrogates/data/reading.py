"""From a dataset file and its table to a checked Dataset; whatever is wrong is told at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from linetwin.cosim.units import SAME, Affine, conversion
from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.amounts import RATIO, Scale, affine_of, amount, unit_named
from linetwin.estimation.calibrating.schema import ColumnWritten
from linetwin.estimation.calibrating.tables import digest_of, read_table
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units
from linetwin.scenario.problems import Problems, nearest
from linetwin.scenario.validation import Checked, read_checked
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.data.schema import DatasetFile
from linetwin.surrogates.data.values import check_values, has_factor, weight

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.units import Affine
    from linetwin.estimation.calibrating.tables import DataTable
    from linetwin.quantities import Quantity
    from linetwin.scenario.problems import Place
    from linetwin.surrogates.data.schema import DataColumn, Role

_NEVER_BOTH: dict[str, tuple[Role, ...]] = {
    "judgement": ("target", "outcome", "weight", "inclusion"),
    "target": ("feature", "weight", "inclusion"),
}
"""Roles that one column of the table cannot have beside another."""
_WHY = {
    "judgement": "a person's judgement never trains as truth",
    "target": "what is to be predicted is not known beforehand",
}
OF_FOLDER = "dataset.yaml"
"""The dataset file of a folder that holds its table beside it."""
_TEXT_ROLES = ("group", "judgement")
_MAY_BE_TEXT = ("outcome", "inspection", "ignore")
_ALONE: dict[str, tuple[Role, ...]] = {
    "of": ("uncertainty",), "columns": ("group",), "label_error": ("target",),
}  # fmt: skip


def read_dataset(path: Path, data: Path | None = None) -> Dataset:
    """Return the dataset of a file, or of the folder of a design, a study or a run.

    `data`: the table, in place of that of the file. ScenarioError with file, line, key and what is
    allowed; errors as `read_table`, `read_study` and `Run`.
    """
    if (path / OF_FOLDER).is_file():
        path = path / OF_FOLDER
    if path.is_dir():
        return _of_folder(path, data)
    checked = read_checked(path, DatasetFile)
    table, left_out = _table(checked, data)
    problems = Problems()
    for column in checked.model.only:
        table.has(column, checked.document.place(("only", column)), problems)
    problems.check()
    chosen = table.chosen(checked.model.only)
    if len(chosen.lines) < len(table.lines):
        left_out["rows that `only` leaves out"] = len(table.lines) - len(chosen.lines)
    if not chosen.lines:
        problems.add(checked.document.place(("only",)), "no row is left", "wider patterns")
        problems.check()
    return _Reader(checked, chosen, problems, left_out).dataset()


def _of_folder(path: Path, data: Path | None) -> Dataset:
    from linetwin.study.folder import STUDY
    from linetwin.surrogates.data.runs import dataset_of_run
    from linetwin.surrogates.data.studies import dataset_of_study

    if data is not None:
        hint = "leave it out, or write a dataset file"
        raise ScenarioError([Problem("a folder is a dataset by itself", "--data", hint, path)])
    return dataset_of_study(path) if (path / STUDY).is_file() else dataset_of_run(path)


def _table(checked: Checked[DatasetFile], data: Path | None) -> tuple[DataTable, dict[str, int]]:
    """Return the table: that which is given, else that of the file, beside it.

    With it, why something of a recording is not in it -> how many.
    """
    model, document = checked.model, checked.document
    if model.recording is not None or model.rows is not None:
        return _of_recording(checked, data)
    place = document.place(("file",))
    found = data
    if found is None and model.file is not None:
        found = document.file.parent / model.file
        if not found.exists():
            hint = f"a path relative to {document.file.name}, or --data PATH"
            problem = Problem(f"{model.file} does not exist", "file", hint, place.file, place.line)
            raise ScenarioError([problem])
    if found is None:
        hint = "write file: PATH, or give --data PATH"
        raise ScenarioError([Problem("no table is named", "file", hint, document.file)])
    return read_table(found, model.table, document.place(("table",)), model.wanted()), {}


def _of_recording(
    checked: Checked[DatasetFile], data: Path | None
) -> tuple[DataTable, dict[str, int]]:
    """Return the table of a recording, as `_table` does."""
    from linetwin.surrogates.data.recordings import read_recording

    model, document, problems = checked.model, checked.document, Problems()
    for key in ("file", "table"):
        if getattr(model, key) is not None:
            problems.add(document.place((key,)), "stands beside a recording", "one of the two")
    if model.rows is None:
        hint = "rows: {lot: ADDRESS}, or rows: {every: 10 min}"
        problems.add(document.place(("recording",)), "says not what a row is", hint)
    folder = data
    if folder is None and model.recording is not None:
        folder = document.file.parent / model.recording
    if folder is None:
        hint = "write recording: FOLDER, or give --data FOLDER"
        problems.add(document.place(("rows",)), "are rows of no recording", hint)
    problems.check()
    assert folder is not None  # noqa: S101 - it was looked at
    assert model.rows is not None  # noqa: S101 - likewise
    found = read_recording(folder, model.rows, document.place(("rows",)))
    return found.table, found.left_out


@dataclass
class _Reader:
    """Reads the columns of one dataset file and collects what is wrong."""

    checked: Checked[DatasetFile]
    table: DataTable
    problems: Problems
    left_out: dict[str, int] = field(default_factory=dict)

    def dataset(self) -> Dataset:
        """Return the dataset; ScenarioError with everything that is wrong."""
        from linetwin.surrogates.data.gauge_reading import read_gauges

        model, document = self.checked.model, self.checked.document
        self._check_roles()
        specs: dict[str, ColumnSpec] = {}
        columns: dict[str, np.ndarray] = {}
        kept = np.ones(len(self.table.lines), dtype=np.bool_)
        for name, written in model.columns.items():
            read_column = self._column(name, written)
            if read_column is not None:
                specs[name], columns[name], inside = read_column
                kept &= inside
        self.problems.check()
        if not kept.any():
            self.problems.add(document.place(("columns",)), "no row is left", "wider limits")
        gauges = read_gauges(model.gauge, specs, document, self.problems)
        self.problems.check()
        index = pd.Index(self.table.lines, name="line" if self.table.is_text else "row")
        frame = pd.DataFrame(columns, index=index)[kept]
        return Dataset(
            name=model.dataset,
            title=model.title or model.dataset,
            frame=frame,
            columns=specs,
            source=model.source,
            licence=model.licence,
            digest=self.table.digest,
            file=document.file,
            mapping=digest_of(document.file),
            simulated=self.table.simulated or model.simulated,
            gauges=gauges,
            left_out=self.left_out,
        )

    def place(self, *path: str) -> Place:
        """Return where a key of a column stands."""
        return self.checked.document.place(("columns", *path))

    def _check_roles(self) -> None:
        """Note roles that contradict each other, and keys that a role does not have."""
        written = self.checked.model.columns
        users: dict[str, list[tuple[str, Role]]] = {}
        for name, each in written.items():
            for source in each.sources:
                users.setdefault(source, []).append((name, each.role))
            for key, roles in _ALONE.items():
                if getattr(each, key) and each.role not in roles:
                    self.problems.add(self.place(name, key), f"is for {' or '.join(roles)}")
            if not each.sources or (each.column is not None and each.columns):
                hint = "column: NAME; or columns: [A, B] for a group told by several"
                self.problems.add(self.place(name), "has no column, or too many", hint)
        for own in users.values():
            for first, one in own:
                for second, other in own:
                    if other in _NEVER_BOTH.get(one, ()):
                        message = f"is {one} in '{first}' and {other} here: {_WHY[one]}"
                        self.problems.add(self.place(second, "role"), message, "another column")

    def _column(
        self, name: str, written: DataColumn
    ) -> tuple[ColumnSpec, np.ndarray, np.ndarray] | None:
        """Return a column, its values and which rows lie within its limits; None with problems."""
        present = [self.table.has(s, self.place(name, "column"), self.problems)
                   for s in written.sources]  # fmt: skip
        if not present or not all(present):
            return None
        table = self._taken(name, written)
        if table is None:
            return None
        quantity = self._quantity(name, written)
        number = quantity is not None or written.unit is not None
        if written.role in _TEXT_ROLES or (written.role in _MAY_BE_TEXT and not number):
            parts = [table.texts(s) for s in written.sources]
            texts = [" / ".join(cells) if any(cells) else "" for cells in zip(*parts, strict=True)]
            spec = ColumnSpec(name, written.role, "", source=", ".join(written.sources))
            return spec, np.array(texts, dtype=object), np.ones(len(texts), dtype=np.bool_)
        return self._numbers(name, written, quantity, table)

    def _numbers(
        self, name: str, written: DataColumn, quantity: Quantity | None, table: DataTable
    ) -> tuple[ColumnSpec, np.ndarray, np.ndarray] | None:
        """Return what `_column` does, of a column of numbers in its canonical unit."""
        scale = self._scale(name, written, quantity)
        if scale is None or len(written.sources) != 1:
            return None
        source = written.sources[0]
        own = ColumnWritten(column=source, unit=written.unit, factor=written.factor)
        known = self.table.units.get(source) or None
        affine = affine_of(own, scale, known, self.place(name), self.problems)
        values = table.numbers(source, self.problems)
        if affine is None or not has_factor(written, affine, self.place(name), self.problems):
            return None
        shift = 0.0 if written.role == "uncertainty" else affine.offset
        with np.errstate(over="ignore"):  # told as infinite below
            values = affine.factor * values + shift
        check_values(written, values, self.table, self.place(name), self.problems)
        if written.role == "inclusion":
            return weight(name, source, values)
        inside = self._inside(name, written, scale, affine, values)
        read_in, shown = _shown_in(written.unit or known or scale.shown, scale)
        spec = ColumnSpec(
            name, written.role, scale.shown, quantity, source, written.of or "", read_in, shown,
            self._label_error(name, written, values), written.between is not None,
        )  # fmt: skip
        return spec, values, inside

    def _label_error(
        self, name: str, written: DataColumn, values: np.ndarray
    ) -> tuple[float, float] | None:
        """Return how often labels err, of a column of 0 and 1."""
        stated = written.label_error
        if stated is None:
            return None
        place = self.place(name, "label_error")
        missed = amount(stated.missed, RATIO, place.below("missed"), self.problems)
        false = amount(stated.false_alarm, RATIO, place.below("false_alarm"), self.problems)
        if missed is None or false is None:
            return None
        if not (min(missed, false) >= 0 and missed + false < 1):
            hint = "shares of 0 or more, together below 100 %: more tell nothing"
            self.problems.add(place, f"{missed:.0%} and {false:.0%} are no such shares", hint)
        if not np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
            self.problems.add(place, "is for a column of 0 and 1", "leave it out")
        return missed, false

    def _taken(self, name: str, written: DataColumn) -> DataTable | None:
        """Return the table with what a pattern takes from the column's texts."""
        if written.pattern is None:
            return self.table
        place, source = self.place(name, "pattern"), written.sources[0]
        try:
            pattern = re.compile(written.pattern)
        except re.error as error:
            self.problems.add(place, f"is no regular expression: {error}", "such as -(\\d+)_")
            return None
        if pattern.groups < 1:
            self.problems.add(place, "has no group in brackets", "such as -(\\d+)_")
            return None
        texts = self.table.texts(source)
        found = [pattern.search(text) for text in texts]
        cells = np.array([match[1] or "" if match else "" for match in found], dtype=object)
        if not any(cells):
            self.problems.add(place, f"is found in no text of '{source}'", f"such as '{texts[0]}'")
            return None
        columns = {**self.table.columns, source: cells}
        return replace(self.table, columns=columns, units={})

    def _quantity(self, name: str, written: DataColumn) -> Quantity | None:
        """Return the entry of the vocabulary: the one named, else that of the same name."""
        words = vocabulary()
        if written.quantity is not None:
            if written.quantity in words:
                return words[written.quantity]
            hint = nearest(written.quantity, (each.name for each in words))
            place = self.place(name, "quantity")
            self.problems.add(place, f"unknown quantity '{written.quantity}'", hint)
            return None
        if written.of is not None:
            meant = self.checked.model.columns.get(written.of)
            return self._quantity(written.of, meant) if meant is not None else None
        return words[name] if name in words and words[name].type in {"float", "int"} else None

    def _scale(self, name: str, written: DataColumn, quantity: Quantity | None) -> Scale | None:
        """Return the canonical unit: the vocabulary's, else that of SI."""
        if written.role == "uncertainty":
            of = written.of or ""
            meant = self.checked.model.columns.get(of)
            if meant is None or meant.role in {"uncertainty", *_TEXT_ROLES}:
                hint = f"of: {' or '.join(n for n in self.checked.model.columns if n != name)}"
                self.problems.add(self.place(name, "of"), "is not told of which column", hint)
                return None
            if quantity is None and written.unit is None:
                return self._scale(of, meant, self._quantity(of, meant))
        if quantity is not None:
            return Scale(parse_unit(quantity.unit), quantity.unit)
        if written.role in {"weight", "inclusion"} and written.unit is None:
            return Scale(parse_unit("1"), "1")
        if written.unit is None:
            message = f"'{name}' is no quantity of the vocabulary"
            near = nearest(name, (each.name for each in vocabulary()))
            hint = f"write unit: mm (or '1'), or quantity: NAME ({near})"
            self.problems.add(self.place(name), message, hint)
            return None
        return self._si(written.unit, self.place(name, "unit"))

    def _si(self, unit: str, place: Place) -> Scale | None:
        if unit == "1":
            return Scale(parse_unit("1"), "1")
        try:
            _, found = units.si(f"1 {unit}")
        except ScenarioError as error:
            self.problems.adopt(error, place)
            return None
        return Scale(parse_unit(found or "1"), found or "1")

    def _inside(
        self, name: str, written: DataColumn, scale: Scale, affine: Affine, values: np.ndarray
    ) -> np.ndarray:
        """Return which rows lie within the limits; one that was not measured does."""
        inside = np.ones(len(values), dtype=np.bool_)
        if written.between is None:
            return inside
        limits = []
        for raw in written.between:
            place = self.place(name, "between")
            number = amount(raw, scale if isinstance(raw, str) else RATIO, place, self.problems)
            if number is None:
                return inside
            # a number alone is in the unit of the column
            limits.append(
                number if isinstance(raw, str) else affine.factor * number + affine.offset
            )
        inside = np.isnan(values) | ((values >= limits[0]) & (values <= limits[1]))
        self.left_out[f"{name} outside of its limits"] = int((~inside).sum())
        return np.asarray(inside)


def _shown_in(unit: str, scale: Scale) -> tuple[str, Affine]:
    """Return the unit in which people read a column, and its numbers -> canonical ones.

    A column's factor is no part of it. The canonical unit, where the factor makes another quantity.
    """
    try:
        return unit, conversion(unit_named(unit), scale.unit)
    except ValueError:
        return scale.shown, SAME
