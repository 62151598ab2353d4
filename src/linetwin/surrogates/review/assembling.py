"""Everything that a review of a run looks at, put together once, for the page and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.predictors.domain import OUTSIDE, WORDS
from linetwin.results.genealogy import Genealogy
from linetwin.results.kpis import Facts, compute
from linetwin.results.reader import Run
from linetwin.surrogates.data.runs import INCLUSION_WEIGHT, dataset_of_run
from linetwin.surrogates.hidden.naming import Named, named
from linetwin.surrogates.review import streams
from linetwin.surrogates.review.capable import Capable, capable
from linetwin.surrogates.review.charting import Charts, charted
from linetwin.surrogates.review.covering import Covered, covered
from linetwin.surrogates.review.log import recorded
from linetwin.surrogates.review.machines import helping_settings
from linetwin.surrogates.review.monitoring import without_scrap
from linetwin.surrogates.review.origins import Origins
from linetwin.surrogates.review.page_limits import is_odd
from linetwin.surrogates.review.policy import ORDER, Policy, check_names, read_policy
from linetwin.surrogates.review.quarantine import ON_PREDICTION, Drawn
from linetwin.surrogates.review.quarantining import Audited, audits, halted_by, proposed
from linetwin.surrogates.review.reasons import Reason, reason_of
from linetwin.surrogates.review.standing import standing
from linetwin.surrogates.review.starting_up import StartUp, start_up
from linetwin.surrogates.review.stopping import Stop, in_force
from linetwin.surrogates.review.weighing import Weighed, reliabilities
from linetwin.surrogates.settings.stations import Stations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.results.kpis import Kpis
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.approving import Approved
    from linetwin.surrogates.review.charting import Streams
    from linetwin.surrogates.review.decisions import Decision
    from linetwin.surrogates.review.fitting import LeftOut
    from linetwin.surrogates.review.holds import Held
    from linetwin.surrogates.review.risks import Opened, Told
    from linetwin.surrogates.review.standing import Standing
    from linetwin.surrogates.review.statistics.reliability import Reliability

EXPLAINED: Final = 12
"""Cells that a page explains, unless told otherwise: each takes a second or two [A]."""
_OF_A_TRAY: Final = 2
_NO_CLASS: Final = len(ORDER)


@dataclass(frozen=True)
class Cell:
    """One cell among all: its highest risk, by which predictor, and what is known of it.

    `risk` is NaN where every predictor refuses it, or none knows a fault; `driver`: index of the
    predictor with the highest risk, -1 for none; `outcome`: what the line found so far; `stopped`:
    whether a predictor stops it; `audited`: it is stopped, and finishes in quarantine all the same,
    as drawn, or where nothing was, as it would be; `contained`: what containment did with it;
    `settled`: people took it out of what is stopped: let through, kept or scrapped with a lot, or
    it is on hold.
    """

    name: str
    row: int
    risk: float
    driver: int
    domain: str
    outcome: str
    decision: Decision | None
    stopped: bool = False
    audited: bool = False
    contained: str = ""
    settled: bool = False

    @property
    def is_stopped(self) -> bool:
        """Whether it is to be stopped, and no person has decided otherwise."""
        return self.stopped and not self.settled


@dataclass(frozen=True)
class Review:
    """What a review of a run tells; `cells` with the highest risk first.

    `versus`: signals against limits of several runs but one, by run that is left out.
    """

    run: Run
    facts: Facts
    kpis: Kpis
    data: Dataset
    policy: Policy
    told: tuple[Told, ...]
    cells: tuple[Cell, ...]
    reasons: Mapping[str, tuple[Reason, ...]]
    charts: Charts
    approved: Approved | None
    capable: tuple[Capable, ...]
    not_charted: tuple[str, ...]
    weighed: tuple[Weighed, ...]
    reliable: Mapping[str, Reliability | str]
    named: tuple[Named, ...]
    log: tuple[Entry, ...]
    held: tuple[Held, ...]
    left_out: tuple[LeftOut, ...] = ()
    covered: tuple[Covered, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    audits: tuple[Audited, ...] = ()
    begun: StartUp | None = None
    stops: tuple[Stop, ...] = ()
    versus: tuple[int, ...] = ()

    @property
    def scrapped(self) -> frozenset[str]:
        """The cells that were scrapped on a prediction: what they would be nobody knows."""
        return frozenset(cell.name for cell in self.cells if cell.outcome == ON_PREDICTION)


def review(
    folder: Path,
    opened: Opened,
    policy_file: Path | None = None,
    approved: Approved | None = None,
    explained: int = EXPLAINED,
) -> Review:
    """Return the review of a run's folder; errors as `dataset_of_run`, `read_policy`, `recorded`.

    `explained`: how many of the cells at risk get reasons.
    """
    policy, run = read_policy(policy_file), Run(folder)
    facts = Facts(run)
    data = dataset_of_run(folder, unfinished=True)
    check_names(policy, data.columns)
    told = opened.told(data, run, policy)
    log = recorded(folder)
    now = standing(log)
    weighing, halted = halted_by(told, data, policy)
    cells = ranked(data, told, now.decided, halted)
    cells = _with_audit(_as_they_stand(cells, now), policy, run, now.chances)
    begun = start_up(run, data)
    settled = begun.without(data)
    residuals, refused = streams.residual_streams(settled, told)
    readings = [*streams.cell_streams(settled), *streams.web_streams(facts), *residuals]
    every: Streams = [*readings, *streams.defect_streams(settled)]
    if approved is not None and approved.runs > 1:  # as `monitoring.monitored` made them
        of_cells = streams.cell_streams(without_scrap(settled))
        every = [*of_cells, *streams.web_streams(facts), *residuals,
                 *streams.defect_streams(settled)]  # fmt: skip
    return Review(
        run, facts, run.kpis or compute(run, facts), data, policy, tuple(told), cells,
        _reasons(run, data, told, _chosen(data, cells, explained)),
        charted(every, None if approved is None else approved.limits), approved,
        tuple(capable(readings, run, facts, policy)), tuple(refused), weighing,
        reliabilities(told, data), tuple(named(run)), tuple(log), now.holds,
        opened.left_out, tuple(covered(told, data)), tuple(now.draws),
        tuple(audits(told, data, now.chances)), begun, in_force(told, halted, data),
        _versus(every, approved, log),
    )  # fmt: skip


def _versus(every: Streams, approved: Approved | None, log: Sequence[Entry]) -> tuple[int, ...]:
    """Return a run's signals against what each approved run was held against; () of one of them."""
    if approved is None or approved.is_logged(tuple(log)):
        return ()
    return approved.tried.signals_of(every)


def ranked(
    data: Dataset,
    told: Sequence[Told],
    decided: Mapping[str, Decision],
    halted: Sequence[np.ndarray],
) -> tuple[Cell, ...]:
    """Return all cells: by the highest of their risks, safety first among equals.

    Cells that no predictor judges come last. `halted`: by predictor, which cells it stops.
    """
    stops = np.any(halted, axis=0) if halted else np.zeros(len(data.frame), dtype=np.bool_)
    names = [str(name) for name in data.frame.index]
    found = [
        _cell(name, told, row, outcome, decided.get(name))
        for row, (name, outcome) in enumerate(zip(names, _outcomes(data), strict=True))
    ]
    found = [replace(cell, stopped=bool(stops[cell.row])) for cell in found]

    def order(cell: Cell) -> tuple[bool, float, int, float]:
        if cell.driver < 0:
            return True, 0.0, 0, 0.0
        each = told[cell.driver]
        severity = each.weighs.severity if each.weighs is not None else ""
        place = ORDER.index(severity) if severity in ORDER else _NO_CLASS
        return False, -round(cell.risk, 3), place, _margin(each, cell.row)

    return tuple(sorted(found, key=order))


def content(found: Review) -> dict[str, Any]:
    """Return a review as JSON holds it: numbers in canonical units, None where refused."""
    return {
        "run": str(found.run.manifest.get("scenario") or ""),
        "status": found.run.manifest["status"],
        "sha256": found.data.digest,
        "simulated": found.data.simulated,
        "policy": {"name": found.policy.name, "sha256": found.policy.digest,
                   "assumed": found.policy.assumed},
        "predictors": [
            {"target": each.target, "file": each.file, "sha256": each.model,
             "trained_here": each.trained_here,
             "severity": each.weighs.severity if each.weighs is not None else None}
            for each in found.told
        ],
        "left_out": [asdict(each) for each in found.left_out],
        "intervals": [{**asdict(each), "fails": each.fails} for each in found.covered],
        "cells": [_cell_content(found, cell) for cell in found.cells],
        "stop_in_force": [asdict(each) for each in found.stops],
        "thresholds": [asdict(each) for each in found.weighed],
        "reliability": {
            target: each if isinstance(each, str) else asdict(each)
            for target, each in found.reliable.items()
        },
        "named": [asdict(each) for each in found.named],
        "alarms": [asdict(each) for each in found.charts.alarms],
        "limits": "approved" if found.charts.frozen else "phase I, not approved",
        "limits_of": _limits_content(found),
        "capability": [asdict(each) for each in found.capable],
        "start_up": None if found.begun is None else {
            "trays": sorted(found.begun.trays), "of": found.begun.every,
            "left_out": found.begun.left_out,
        },
        "not_charted": {each.stream.name: each.refused
                        for each in found.charts.charted if each.refused},
        "quarantine": {
            "draws": [asdict(each) for each in found.drawn],
            "found": [{**asdict(each), "fits": each.fits, "tells": each.tells}
                      for each in found.audits],
        },
        "holds": [asdict(each) for each in found.held],
    }  # fmt: skip


def _limits_content(found: Review) -> dict[str, Any] | None:
    """Return how many runs approved limits are of, and how this run does beside each of several."""
    if found.approved is None:
        return None
    return {
        "runs": found.approved.runs,
        "signals_of_each": found.approved.tried.signals,
        "signals_beside_each": found.versus,
        "more_than_each": is_odd(found),
    }


def _cell_content(found: Review, cell: Cell) -> dict[str, Any]:
    return {
        "cell": cell.name,
        "risk": None if np.isnan(cell.risk) else cell.risk,
        "of": found.told[cell.driver].target if cell.driver >= 0 else None,
        "stopped": cell.stopped,
        "contained": cell.contained,
        "settled_by_people": cell.settled,
        "audited": cell.audited,
        "domain": cell.domain,
        "outcome": cell.outcome,
        "foretold": [asdict(each.foretold(cell.row)) for each in found.told],
        "reasons": [asdict(each) for each in found.reasons.get(cell.name, ())],
        "decision": None if cell.decision is None else asdict(cell.decision),
    }


def _cell(
    name: str, told: Sequence[Told], row: int, outcome: str, decision: Decision | None
) -> Cell:
    risks = [float(each.risk[row]) for each in told]
    known = [index for index, risk in enumerate(risks) if not np.isnan(risk)]
    driver = max(known, key=lambda index: (risks[index], -_margin(told[index], row)), default=-1)
    domain = WORDS[OUTSIDE] if told else ""
    if driver >= 0:
        domain = WORDS[int(told[driver].predicted.domain[row])]
    risk = risks[driver] if driver >= 0 else np.nan
    return Cell(name, row, float(risk), driver, domain, outcome, decision)


def _outcomes(data: Dataset) -> list[str]:
    """Return what the line found of each cell so far."""
    none = [""] * len(data.frame)
    gone = [False] * len(data.frame)
    if INCLUSION_WEIGHT in data.columns:
        gone = np.isnan(data.numbers(INCLUSION_WEIGHT)).tolist()
    grades, findings = (
        data.frame[name].tolist() if name in data.columns else none
        for name in ("graded", "finding")
    )
    return [
        ON_PREDICTION
        if scrapped
        else f"{grade}: {finding}"
        if grade and finding
        else str(grade) or "in the line"
        for grade, finding, scrapped in zip(grades, findings, gone, strict=True)
    ]


def _as_they_stand(cells: Sequence[Cell], now: Standing) -> list[Cell]:
    """Return the cells with what people made of them in the run's log."""
    contained, taken = now.contained, now.taken
    return [
        replace(cell, contained=contained.get(cell.name, ""), settled=cell.name in taken)
        for cell in cells
    ]


def _with_audit(
    cells: Sequence[Cell], policy: Policy, run: Run, chances: Mapping[str, float]
) -> tuple[Cell, ...]:
    """Return the cells with those marked that finish in quarantine though they are stopped."""
    risks = {cell.name: cell.risk for cell in cells if cell.is_stopped}
    chosen = {cell for cell, chance in chances.items() if chance > 0}
    chosen = chosen or {*proposed(risks, policy, run)}
    return tuple(replace(cell, audited=cell.name in chosen and not cell.settled) for cell in cells)


def _margin(told: Told, row: int) -> float:
    """Return how far a value lies on the good side of its limits; 0 of what is yes or no."""
    if told.limited is None:
        return 0.0
    value, goal = float(told.predicted.value[row]), told.limited.goal
    return min(value - goal.low, goal.high - value)


def _chosen(data: Dataset, cells: Sequence[Cell], most: int) -> list[Cell]:
    """Return the cells to explain: the highest risks, of no tray more than two.

    Neighbours on a tray fail for one reason; a page of them would tell it twelve times.
    """
    trays = data.frame["tray"].to_numpy() if "tray" in data.columns else None
    taken: Counter[str] = Counter()
    found: list[Cell] = []
    for cell in cells:
        if len(found) == most or cell.driver < 0:
            break
        tray = "" if trays is None else str(trays[cell.row])
        if not tray or taken[tray] < _OF_A_TRAY:
            taken[tray] += 1
            found.append(cell)
    return found


def _reasons(
    run: Run, data: Dataset, told: Sequence[Told], cells: Sequence[Cell]
) -> dict[str, tuple[Reason, ...]]:
    if not told or not cells:
        return {}
    with Stations(run) as stations:
        return _reasons_by(run, data, told, cells, stations)


def _reasons_by(
    run: Run, data: Dataset, told: Sequence[Told], cells: Sequence[Cell], stations: Stations
) -> dict[str, tuple[Reason, ...]]:
    origins = Origins(run, Genealogy(run, [cell.name for cell in cells]))
    found = {}
    for cell in cells:
        own = []
        for each in told:
            reason = reason_of(each, cell.row, cell.name, origins)
            if reason is not None and (reason.parts or reason.helps):
                helping = helping_settings(each, (cell.name, cell.row), run, data, stations)
                own.append(replace(reason, settings=helping.settings,
                                   settings_not_told=helping.not_told))  # fmt: skip
        found[cell.name] = tuple(sorted(own, key=lambda each: -each.risk))
    return found
