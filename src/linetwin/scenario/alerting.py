"""Alerts and grades of a twin: the parts `alerts` and `grades` of the section `twin`.

alerts:
  budget: 6                   # a day; beyond it those of less than high priority are gathered
  shelve_at_most: 8 h
  clears_after: 15 min        # of line time: without its sign an alert has cleared
  stale_after: 60 s           # a source that is silent for longer is told
  windows:                    # where lots have to lie
    - {address: cathode.calender.porosity, low: 30 %, high: 38 %, action: change the line load,
       tag: A, source: recipe}
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.problems import nearest
from linetwin.scenario.twin import AlertConfig, GradeConfig, WindowConfig
from linetwin.scenario.values import read_scalar, read_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.twin import PredictConfig
    from linetwin.scenario.twin_schema import AlertWindow, TwinAlerts, TwinGrades
    from linetwin.scenario.written import Written

_SPAN = Quantity("time", "s", "wall time", minimum=0.0, maximum=3.2e7)
_SURE = Quantity("sure", "1", "probability", display="%", minimum=0.01, maximum=0.999)


def read_alerts(
    written: TwinAlerts,
    predicts: Sequence[PredictConfig],
    where: Callable[[tuple[str | int, ...]], Place],
    problems: Problems,
) -> AlertConfig:
    """Return the part `alerts`; what is wrong is noted.

    `predicts`: what can have a window; `where`: place of a path from the top of the file.
    """
    here = ("twin", "alerts")
    usual = AlertConfig()

    def span(key: str, otherwise: float) -> float:
        value: Written | None = getattr(written, key)
        if value is None:
            return otherwise
        found = read_scalar(value.value, _SPAN, where((*here, key)), problems)
        return float(found) if isinstance(found, float) else otherwise

    windows = [
        _window(each, predicts, where((*here, "windows", index)), problems)
        for index, each in enumerate(written.windows)
    ]
    return AlertConfig(
        budget_per_day=written.budget,
        shelve_at_most_s=span("shelve_at_most", usual.shelve_at_most_s),
        clears_after_s=span("clears_after", usual.clears_after_s),
        stale_after_s=span("stale_after", usual.stale_after_s),
        windows=tuple(each for each in windows if each is not None),
    )


def _window(
    written: AlertWindow, predicts: Sequence[PredictConfig], place: Place, problems: Problems
) -> WindowConfig | None:
    """Return one window; None where it could not be read."""
    known = {each.address: each for each in predicts}
    if written.address not in known:
        hint = nearest(written.address, known) if known else "nothing is predicted"
        message = f"'{written.address}' is not among what is predicted"
        problems.add(place.below("address"), message, hint)
        return None
    predict = known[written.address]
    quantity = vocabulary()[predict.quantity]

    def bound(key: str, otherwise: float) -> float:
        value: Written | None = getattr(written, key)
        if value is None:
            return otherwise
        found = read_value(value, quantity, place.below(key), problems)
        return otherwise if found is None else found.number

    low, high = bound("low", -math.inf), bound("high", math.inf)
    if written.low is None and written.high is None:
        problems.add(place, "a window without bounds", "low, high or both")
    if low >= high:
        problems.add(place.below("high"), "is not above low", "")
    sure = _SURE_USUAL
    if written.sure is not None:
        found = read_scalar(written.sure.value, _SURE, place.below("sure"), problems)
        sure = float(found) if isinstance(found, float) else sure
    return WindowConfig(
        station=predict.station,
        quantity=predict.quantity,
        process=predict.process,
        low=low,
        high=high,
        sure=sure,
        action=written.action,
        tag=written.tag,
        source=written.source,
    )


_SURE_USUAL = 0.5
"""Probability of lying outside from which it is told: more likely than not [A]."""
_SPREADS = ("capacity", "resistance", "cells")
_SPREAD = Quantity("spread", "1", "standard deviation", display="%", minimum=0.0, maximum=1.0)
_GRADES = ("A", "B", "scrap")
_ROUNDED = 0.005
"""By how much shares that were rounded may miss 1 together."""


def read_grades(
    written: TwinGrades | None, where: Callable[[tuple[str | int, ...]], Place], problems: Problems
) -> GradeConfig | None:
    """Return the part `grades`, None where there is none; what is wrong is noted."""
    if written is None:
        return None
    here = ("twin", "grades")

    def number(value: Written, *keys: str) -> float:
        found = read_scalar(value.value, _SPREAD, where((*here, *keys)), problems)
        return float(found) if isinstance(found, float) else 0.0

    spreads = {key: number(getattr(written, key), key) for key in _SPREADS}
    given = {key: number(value, "long_run", key) for key, value in written.long_run.items()}
    shares = tuple(given.get(key, 0.0) for key in _GRADES)  # type: ignore[call-overload]
    if abs(sum(shares) - 1) > _ROUNDED:
        message = f"shares add up to {sum(shares):.1%}"
        problems.add(where((*here, "long_run")), message, "A, B and scrap, 100 % together")
    return GradeConfig(
        **spreads,
        long_run=(shares[0], shares[1], shares[2]),
        tag=written.tag,
        source=written.source,
    )
