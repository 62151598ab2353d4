"""From what the twin shows to changes of its tags and conditions, in units that people read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.twin.plant.changes import AlarmChange, Change
from linetwin.twin.plant.model import LINE, node_of
from linetwin.twin.publishing.model import (
    BOUNDS,
    INNOVATED,
    SCORED,
    WETTED,
    measured_name,
    prediction_name,
)
from linetwin.twin.scales import scale_of, scale_of_estimate
from linetwin.twin.sensing import WETTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.scenario.twin import TwinConfig
    from linetwin.twin.assimilating.rows import Estimated, Innovations, Prediction
    from linetwin.twin.plant.changes import Fault
    from linetwin.twin.plant.model import Folder, InformationModel, Plain
    from linetwin.twin.publishing.shown import Measured, Shown

MS_PER_HOUR = 3_600_000
PERCENT = 100.0
RECENT = "30 d"
"""Span of the scores that are shown."""


class Teller:
    """Tells what is shown as changes of a model's tags; what has no tag there is left out."""

    def __init__(self, model: InformationModel, config: TwinConfig) -> None:
        self._nodes = {tag.node for tag in model.tags()}
        self._states = {
            each.name: (each.station, scale_of_estimate(each)) for each in config.states
        }
        self._alarms = {alarm.name: alarm.node for alarm in model.alarms()}
        self._active: dict[str, str] = {}

    def changes(self, shown: Shown) -> list[Change]:
        """Return a change for each tag; in open loop what rests on news is doubtful."""
        return [each for each in self._all(shown) if each.node in self._nodes]

    def alarms(self, shown: Shown) -> list[AlarmChange]:
        """Return conditions that have become active, are so for another reason, or no longer."""
        now: dict[str, str] = {}
        for alert in shown.alerts:
            if alert.active and alert.kind in self._alarms:
                said = now.get(alert.kind)
                told = f"{alert.text}; {alert.action}"
                now[alert.kind] = told if said is None else f"{said}\n{told}"
        found = [
            AlarmChange(self._alarms[kind], shown.tick, active=True, message=text)
            for kind, text in now.items()
            if self._active.get(kind) != text
        ]
        found += [
            AlarmChange(self._alarms[kind], shown.tick, active=False, message="")
            for kind in self._active
            if kind not in now
        ]
        self._active = now
        return found

    def _all(self, shown: Shown) -> Iterator[Change]:
        yield from _whole(shown)
        fault: Fault = "open loop" if shown.is_old or shown.state == "open loop" else ""
        for path, station in shown.stations.items():
            for name, value in (
                ("plant_state", station.plant),
                ("twin_state", station.twin),
                ("lots_behind", station.behind),
            ):
                yield _change(path, "Status", name, shown.tick, value)
        for each in shown.predictions:
            yield from _prediction(each, shown.tick, fault)
        yield from _soaking(shown, fault)
        for reading in shown.measured:
            yield from _measured(reading)
        for estimate in shown.estimates:
            yield from self._estimate(estimate, shown.tick, fault)
        for score in shown.scores:
            if score.span == RECENT and not score.place:
                start = measured_name(score.quantity, score.instrument)
                told = (float(score.count), PERCENT * score.share, score.ratio)
                for name, number in zip(SCORED, told, strict=True):
                    yield _change(score.station, "Scores", f"{start}_{name}", shown.tick, number)

        for innovation in shown.innovations:
            yield from self._innovation(innovation, shown.tick)

    def _innovation(self, each: Innovations, tick: int) -> Iterator[Change]:
        told = (
            float(each.samples),
            each.mean,
            each.deviation,
            each.autocorrelation,
            each.chi_squared,
            each.limit,
        )
        station, _ = self._states[each.instrument]
        for number, (name, value) in enumerate(zip(INNOVATED, told, strict=True)):
            tag = f"{each.instrument}_innovation_{name}"
            if number and each.refused:  # the count stands, as on the screen
                yield _refused(station, "Scores", tag, tick)
            else:
                yield _change(station, "Scores", tag, tick, value)

    def _estimate(self, each: Estimated, tick: int, fault: Fault) -> Iterator[Change]:
        station, scale = self._states[each.name]
        for bound in BOUNDS[:3]:
            value = scale.number(float(getattr(each, bound)))
            if each.refused:
                yield _refused(station, "Estimates", f"{each.name}_{bound}", tick)
            else:
                yield _change(station, "Estimates", f"{each.name}_{bound}", tick, value, fault)


def _whole(shown: Shown) -> Iterator[Change]:
    lines = [f"{each.kind}: {each.text}. {each.advice}".rstrip(". ") for each in shown.findings]
    told = [f"{each.id} {each.priority} {each.state}: {each.text}; {each.action}" for each in
            shown.alerts]  # fmt: skip
    values: list[tuple[Folder, str, Plain]] = [
        ("Twin", "state", shown.state),
        ("Twin", "reason", shown.reason),
        ("Twin", "unconfirmed", shown.unconfirmed),
        ("Twin", "line_time", shown.tick / MS_PER_HOUR),
        ("Twin", "heard_at", shown.heard / MS_PER_HOUR),
        ("Twin", "data_age", shown.age_s),
        ("Twin", "lots_behind", sum(each.behind for each in shown.stations.values())),
        ("Twin", "saved_age", shown.saved_s),
        ("Twin", "alerts", len(shown.alerts)),
        ("Findings", "count", len(shown.findings)),
        ("Findings", "text", "\n".join(lines)),
        ("Findings", "alerts", "\n".join(told)),
    ]
    for source, health in shown.sources.items():
        values.append(("Feed", f"{source}_state", health.state))
        values.append(("Feed", f"{source}_age", health.age_s))
    for folder, name, value in values:
        yield _change(LINE, folder, name, shown.tick, value)


def _prediction(each: Prediction, tick: int, fault: Fault) -> Iterator[Change]:
    name = prediction_name(each.quantity, each.place)
    at = tick if fault else each.made_tick
    scale = scale_of(each.quantity)
    values: dict[str, Plain] = {b: scale.number(float(getattr(each, b))) for b in BOUNDS}
    values |= {"lot": each.lot, "made": each.made_tick / MS_PER_HOUR}
    for part, value in values.items():
        yield _change(each.station, "Predictions", f"{name}_{part}", at, value, fault)


def _soaking(shown: Shown, fault: Fault) -> Iterator[Change]:
    """Yield how far the tray is wetted that went in first."""
    first = {each.station: each for each in reversed(shown.sensed) if each.quantity == WETTING}
    for path, tray in first.items():
        scale = scale_of(tray.quantity)
        for bound in BOUNDS[:3]:
            wetted = scale.number(float(getattr(tray, bound)))
            name = f"{WETTED}_{bound}"
            yield _change(path, "Predictions", name, shown.tick, wetted, fault)
        yield _change(path, "Predictions", f"{WETTED}_lot", shown.tick, tray.lot, fault)


def _measured(each: Measured) -> Iterator[Change]:
    name = measured_name(each.quantity, each.instrument)
    value = scale_of(each.quantity).number(each.value)
    yield _change(each.station, "Predictions", f"{name}_measured", each.tick, value)
    yield _change(each.station, "Predictions", f"{name}_lot", each.tick, each.lot)


def _refused(path: str, folder: Folder, name: str, tick: int) -> Change:
    """Return that there is no number, the instrument's readings being refused."""
    return Change(node_of(path, folder, name), tick, None, "refused")


def _change(
    path: str, folder: Folder, name: str, tick: int, value: Plain, fault: Fault = ""
) -> Change:
    """Return a change; a number that is not there is told as such."""
    if isinstance(value, float) and not math.isfinite(value):
        return Change(node_of(path, folder, name), tick, None, "unknown")
    return Change(node_of(path, folder, name), tick, value, fault)
