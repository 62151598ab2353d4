"""A study's folder as a dataset: factors are features, figures are targets, points are groups."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.study.analysing.observing import FAILED, factor_from
from linetwin.study.folder import STUDY, read_study
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.study.factors import Factor
    from linetwin.study.folder import Study

OWN_LICENCE: Final = "own data"


def dataset_of_study(path: Path) -> Dataset:
    """Return the dataset of a study's folder: a row a run that came to an end.

    A factor that a point leaves alone has the scenario's own value; one whose levels are no
    numbers is a group. Errors as `read_study`; ScenarioError where no run has come to an end.
    """
    study = read_study(path)
    runs = study.runs
    ended = runs[runs["status"] != FAILED]
    if not len(ended):
        raise ScenarioError(
            [Problem("no run has come to an end", hint="linetwin study", file=path)]
        )
    specs: dict[str, ColumnSpec] = {}
    columns: dict[str, np.ndarray] = {}
    for entry in study.factors:
        spec, values = _factor(study, factor_from(entry), ended)
        specs[spec.name], columns[spec.name] = spec, values
    specs["point"] = ColumnSpec("point", "group", "", source="point")
    columns["point"] = ended["point"].astype(str).to_numpy(object)
    units = study.units
    for name in study.manifest["figures"]:
        if name in ended and ended[name].notna().any():
            unit = units.get(name) or "1"
            specs[name] = ColumnSpec(name, "target", unit, source=name, written=unit)
            columns[name] = ended[name].to_numpy(np.float64)
    if not any(spec.role == "target" for spec in specs.values()):
        message = f"none of {len(ended):,} runs tells a figure"
        hint = f"they ended as: {', '.join(sorted({*ended['status']}))}"
        raise ScenarioError([Problem(message, hint=hint, file=path)])
    frame = pd.DataFrame(columns, index=pd.RangeIndex(1, len(ended) + 1, name="run"))
    about = study.manifest
    failed = len(runs) - len(ended)
    return Dataset(
        name=str(about["study"]),
        title=str(about["title"] or about["study"]),
        frame=frame,
        columns=specs,
        source=f"study {about['study']} of scenario {about['scenario']}, simulated",
        licence=OWN_LICENCE,
        digest=digest_of_frame(frame),
        file=path / STUDY,
        simulated=True,
        left_out={"runs that failed": failed} if failed else {},
    )


def digest_of_frame(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table written as CSV."""
    return hashlib.sha256(frame.to_csv().encode()).hexdigest()


def _factor(study: Study, factor: Factor, ended: pd.DataFrame) -> tuple[ColumnSpec, np.ndarray]:
    """Return a factor as a column, a row a run."""
    found = study.points[factor.address].reindex(ended["point"])
    if factor.base is not None:
        found = found.where(found.notna(), factor.base)
    numbers = pd.to_numeric(found, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(numbers).any() and found.notna().any():
        texts = np.array([str(each) for each in found], dtype=object)
        return ColumnSpec(factor.address, "group", "", source=factor.address), texts
    words, last = vocabulary(), factor.address.rsplit(".", 1)[-1]
    unit = factor.unit or "1"
    quantity = words[last] if last in words and words[last].unit == unit else None
    spec = ColumnSpec(factor.address, "feature", unit, quantity, factor.address, written=unit)
    return spec, np.where(np.isfinite(numbers), numbers, math.nan)
