"""The cells of a run as a dataset: what each was made from and saw before its formation.

Features are the true values of a simulation, which no plant knows; what its gauges read stands
beside them as inspections. Targets are what formation, ageing and grading tell of the cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.results.assumptions import plan
from linetwin.results.genealogy import Genealogy
from linetwin.results.reader import Run
from linetwin.results.schemas import MEASURED
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.data.studies import OWN_LICENCE, digest_of_frame
from linetwin.surrogates.gauges import Gauge
from linetwin.surrogates.review.log import recorded
from linetwin.surrogates.review.standing import standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.surrogates.data.schema import Role

_OF_ELECTRODES: Final = (
    "loading", "porosity", "coating_thickness", "specific_capacity_factor", "active_fraction",
    "adhesion_index",
)  # fmt: skip
_OF_CELLS: Final = (
    "design_capacity", "np_ratio", "pore_volume", "stack_thickness", "electrode_area",
    "overhang_margin", "stacking_offset", "burr_height", "particle_size", "bare_edge_share",
    "misplaced_tabs", "moisture", "weld_resistance", "dosed_electrolyte", "electrolyte_loss",
    "electrolyte_mass", "fill_ratio", "wetting_time", "wetting_saturation",
)  # fmt: skip
"""Quantities of a cell that are settled before its formation."""
_OF_SLURRIES: Final = (
    "solids_fraction", "viscosity", "slurry_density", "yield_stress", "consistency_index",
    "flow_index", "agglomerate_size", "slurry_temperature", "specific_energy",
)  # fmt: skip
_TARGETS: Final = (
    "capacity", "dcir", "first_cycle_efficiency", "first_charge_capacity", "ocv_drift",
    "leak_resistance", "gas_volume",
)  # fmt: skip
_AFTER: Final = ("dcir", "ocv_drift", "open_circuit_voltage", "first_open_circuit_voltage",
                 "capacity")  # fmt: skip
"""What gauges read of a cell that was finished."""
INCLUSION_WEIGHT: Final = "inclusion_weight"
"""1 / the probability with which a cell finished; not known of one scrapped on a prediction."""
RUN: Final = "run"
"""Group of the cells of a run: lots of equal name are others in another run."""
_AT_ONCE: Final = 1000
"""Cells whose ancestors are walked together."""
_JUDGED: Final = ("A", "B", "scrap")


def dataset_of_run(path: Path, *, unfinished: bool = False) -> Dataset:
    """Return the dataset of a run's folder: a row a cell that was graded or scrapped.

    Samples, and cells still in the line, have no outcome and are left out; with `unfinished` the
    latter are there too, without one. What people decided of cells is a judgement; this and the
    run's name are no part of the data's hash. After `surrogate quarantine` cells scrapped on a
    prediction have no outcome either, and those drawn weigh for them. Errors as `Run` and
    `recorded`; ScenarioError where no cell is left.
    """
    run = Run(path)
    every = run.table("cells")
    kept = (*_JUDGED, "in_process") if unfinished else _JUDGED
    cells = every[every["status"].isin(kept)].reset_index(drop=True)
    if not len(cells):
        what = "no cell was made yet" if unfinished else "no cell was graded or scrapped"
        raise ScenarioError([Problem(what, "RUN", "a run that came farther", path)])
    maker = _filled(run, cells)
    index = pd.Index(cells["cell"].astype(object), name="cell")
    now = standing(recorded(path))
    seen = _select(maker, now.chances)
    digest = digest_of_frame(pd.DataFrame(maker.columns, index=index)[seen])
    judged = {cell: each.grade or "accepted" for cell, each in now.decided.items()}
    _tell(maker, judged, _name_of(run, path))
    frame = pd.DataFrame(maker.columns, index=index)[seen | unfinished]
    if not len(frame):
        raise ScenarioError([Problem("every cell was scrapped on a prediction", file=path)])
    scenario = str(run.manifest.get("scenario") or path.name)
    rest, scrapped = len(every) - len(cells), 0 if unfinished else int((~seen).sum())
    left_out = {"cells without an outcome": rest, "cells scrapped on a prediction": scrapped}
    return Dataset(
        name=re.sub(r"[^A-Za-z0-9_-]", "_", scenario),
        title=f"Cells of {scenario}",
        frame=frame,
        columns=maker.specs,
        source=f"run of scenario {scenario}, seed {run.manifest.get('seed')}, simulated",
        licence=OWN_LICENCE,
        digest=digest,
        file=path,
        simulated=True,
        gauges=_gauges(run, frame),
        left_out={why: count for why, count in left_out.items() if count},
        within=RUN,
    )


def _tell(maker: _Maker, decided: Mapping[str, str], run: str) -> None:
    """Add what people decided of cells, and the run that they are of."""
    cells = maker.cells["cell"]
    maker.text("review", cells.map(lambda cell: decided.get(cell, "")), "judgement")
    maker.text(RUN, cells.map(lambda _: run), "group")


def _select(maker: _Maker, chances: Mapping[str, float]) -> np.ndarray:
    """Weigh cells for those scrapped on a prediction, whose outcomes go; return which are seen."""
    own = maker.cells["cell"].map(chances).fillna(1.0).to_numpy(np.float64)
    seen = np.asarray(own > 0)
    if not chances:
        return seen
    with np.errstate(divide="ignore"):
        weights = np.where(seen, 1.0 / own, np.nan)
    maker.add(INCLUSION_WEIGHT, weights, "1", "weight")
    after = {f"{MEASURED}{name}" for name in _AFTER}
    for name, spec in maker.specs.items():
        if spec.role in {"target", "outcome"} or name in after or name in {"graded", "finding"}:
            gone = np.nan if spec.is_number else ""
            maker.columns[name] = np.where(seen, maker.columns[name], gone)
    return seen


def _name_of(run: Run, path: Path) -> str:
    """Return what tells a run from others: its scenario, by name and digest, and its seed."""
    told = run.manifest
    digest = str(told.get("scenario_digest") or "")[:8]
    return f"{told.get('scenario') or path.name}:{digest}:{told.get('seed')}"


class _Maker:
    """Columns of a dataset, from the table of cells and from what they come from."""

    def __init__(self, cells: pd.DataFrame, units: Mapping[str, str]) -> None:
        self.cells, self.units = cells, units
        self.specs: dict[str, ColumnSpec] = {}
        self.columns: dict[str, Any] = {}

    def add(self, name: str, values: np.ndarray, unit: str, role: Role, entry: str = "") -> None:
        """Add numbers; a column without any is left out."""
        if np.isfinite(values).any():
            words = vocabulary()
            quantity = words[entry] if entry in words and words[entry].unit == unit else None
            self.specs[name] = ColumnSpec(name, role, unit, quantity, name, written=unit)
            self.columns[name] = values

    def numbers(self, names: Any, role: Role) -> None:  # noqa: ANN401 - any iterable of names
        """Add columns of the table of cells, as far as it has them."""
        for name in names:
            if name in self.cells:
                values = self.cells[name].to_numpy(np.float64)
                self.add(name, values, self.units[name] or "1", role, name.removeprefix(MEASURED))

    def text(self, name: str, values: pd.Series, role: Role) -> None:
        """Add a column of text, where it tells any."""
        texts = values.fillna("").astype(object).to_numpy()
        if any(texts):
            self.specs[name] = ColumnSpec(name, role, "", source=name)
            self.columns[name] = texts

    def places(self) -> None:
        """Add lanes and the place on the tray, and the tray as a group."""
        for name in ("cathode_lane", "anode_lane", "position"):
            values = self.cells[name].where(self.cells[name] >= 0).to_numpy(np.float64)
            self.add(name, values, "1", "feature")
        self.text("tray", self.cells["tray"], "group")

    def defects(self) -> None:
        """Add 1 or 0 for: of grade A, scrap, and each finding that the line had of a cell."""
        grade = self.cells["true_grade"].where(
            self.cells["true_grade"].ne(""), self.cells["status"]
        )
        ended = self.cells["status"].isin(_JUDGED)  # of the others nothing is known yet

        def one(found: pd.Series) -> np.ndarray:
            return np.where(ended, found.to_numpy(np.float64), np.nan)

        self.add("is_grade_a", one(grade.eq("A")), "1", "target")
        self.add("is_scrap", one(grade.eq("scrap")), "1", "target")
        reasons = self.cells["reason"].fillna("")
        for reason in sorted({*reasons} - {""}):
            name = "found_" + re.sub(r"[^a-z0-9]+", "_", reason.lower()).strip("_")
            self.add(name, one(reasons.eq(reason)), "1", "target")


def _filled(run: Run, cells: pd.DataFrame) -> _Maker:
    """Return the columns that the run tells of its cells."""
    maker = _Maker(cells, run.units("cells"))
    for electrode in ("cathode", "anode"):
        maker.numbers((f"{electrode}_{name}" for name in _OF_ELECTRODES), "feature")
    maker.numbers(_OF_CELLS, "feature")
    _add_origins(maker, run)
    maker.places()
    maker.numbers(_TARGETS, "target")
    maker.defects()
    maker.numbers((n for n in cells.columns if n.startswith(MEASURED)), "inspection")
    graded = cells["true_grade"].where(cells["true_grade"].ne(""), cells["status"])
    ended = cells["status"].isin(_JUDGED)
    maker.text("grade", graded.where(ended, ""), "outcome")
    maker.text("graded", cells["status"].where(ended, ""), "inspection")
    maker.text("finding", cells["reason"], "inspection")
    return maker


def _add_origins(maker: _Maker, run: Run) -> None:
    """Add the slurry's properties by electrode, and batch, roll and lot as groups.

    Properties are weighted by the share of each batch in the cell; a cell belongs to the batch,
    roll or lot with the largest share.
    """
    names = maker.cells["cell"].tolist()
    lots = run.table("lots")
    units = run.units("lots")
    known = [name for name in _OF_SLURRIES if name in lots]
    properties = lots.set_index("lot")[known]
    genealogy = Genealogy(run)
    blocks = [names[i : i + _AT_ONCE] for i in range(0, len(names), _AT_ONCE)]
    origins = {
        "batch": "slurry", "roll": "web", "active_material": "active_material",
    }  # fmt: skip
    for group, role in origins.items():
        sources = pd.concat([genealogy.sources(block, role) for block in blocks])
        for electrode, rows in sources.groupby("electrode", sort=True):
            most = (
                rows.sort_values("share", kind="stable").groupby("item", sort=False)["lot"].last()
            )
            maker.text(f"{electrode}_{group}", most.reindex(names), "group")
            if role == "slurry":
                means = _means(rows, properties)
                for name in known:
                    values = means[name].reindex(names).to_numpy(np.float64)
                    maker.add(f"{electrode}_{name}", values, units[name] or "1", "feature", name)


def _means(rows: pd.DataFrame, properties: pd.DataFrame) -> pd.DataFrame:
    """Return the share-weighted mean of the properties of each item's lots."""
    values = properties.reindex(rows["lot"]).to_numpy(np.float64)
    share = rows["share"].to_numpy(np.float64)[:, None]
    there = np.where(np.isnan(values), 0.0, share)
    sums = pd.DataFrame(np.nan_to_num(values) * there, columns=properties.columns)
    weights = pd.DataFrame(there, columns=properties.columns)
    keys = rows["item"].to_numpy()
    whole = weights.groupby(keys, sort=False).sum()
    return sums.groupby(keys, sort=False).sum() / whole.where(whole > 0)


def _gauges(run: Run, frame: pd.DataFrame) -> dict[str, Gauge]:
    """Return the gauges that the scenario states, at the mean of what they read."""
    found = {}
    for station in plan(run).stations.values():
        for quantity, stated in (station.get("gauges") or {}).items():
            name = f"{MEASURED}{quantity}"
            if name in frame and isinstance(stated, dict) and name not in found:
                level = float(frame[name].mean())
                terms = {
                    term: _absolute(stated.get(term), level)
                    for term in ("bias", "repeatability", "reproducibility")
                }
                found[name] = Gauge(
                    terms["bias"], None, terms["repeatability"], terms["reproducibility"]
                )
    return found


def _absolute(term: object, level: float) -> float | None:
    """Return a term of a gauge in the unit of what it reads: in percent it is relative."""
    if not isinstance(term, dict):
        return None
    value = float(term["value"])
    return value / 100 * level if term.get("unit") == "%" else value
