"""From what the twin shows to changes of its tags and conditions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.twin.plant.changes import AlarmChange, Change
from linetwin.twin.plant.model import LINE, node_of
from linetwin.twin.publishing.model import BOUNDS, SCORED, WETTED, prediction_name
from linetwin.twin.sensing import WETTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.twin.assimilating.rows import Estimated, Prediction
    from linetwin.twin.plant.changes import Fault
    from linetwin.twin.plant.model import Folder, InformationModel, Plain
    from linetwin.twin.publishing.shown import Shown

RECENT = "30 d"
"""Span of the scores that are shown."""


class Teller:
    """Tells what is shown as changes of a model's tags; what has no tag there is left out."""

    def __init__(self, model: InformationModel) -> None:
        self._nodes = {tag.node for tag in model.tags()}
        self._owner = {tag.name: tag.owner for tag in model.tags() if tag.folder == "Estimates"}
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
        first = {each.station: each for each in reversed(shown.sensed) if each.quantity == WETTING}
        for path, tray in first.items():
            for bound in BOUNDS[:3]:
                wetted = float(getattr(tray, bound))
                name = f"{WETTED}_{bound}"
                yield _change(path, "Predictions", name, shown.tick, wetted, fault)
            yield _change(path, "Predictions", f"{WETTED}_lot", shown.tick, tray.lot, fault)
        for estimate in shown.estimates:
            yield from self._estimate(estimate, shown.tick, fault)
        for score in shown.scores:
            if score.span == RECENT and not score.place:
                start = f"{score.quantity}_by_{score.instrument}"
                for name, number in zip(
                    SCORED, (float(score.count), score.share, score.ratio), strict=True
                ):
                    yield _change(score.station, "Scores", f"{start}_{name}", shown.tick, number)

    def _estimate(self, each: Estimated, tick: int, fault: Fault) -> Iterator[Change]:
        for bound in BOUNDS[:3]:
            name, value = f"{each.name}_{bound}", float(getattr(each, bound))
            yield _change(self._owner.get(name, ""), "Estimates", name, tick, value, fault)


def _whole(shown: Shown) -> Iterator[Change]:
    lines = [f"{each.kind}: {each.text}. {each.advice}".rstrip(". ") for each in shown.findings]
    told = [f"{each.id} {each.priority} {each.state}: {each.text}; {each.action}" for each in
            shown.alerts]  # fmt: skip
    values: list[tuple[Folder, str, Plain]] = [
        ("Twin", "state", shown.state),
        ("Twin", "line_time", shown.tick / 1000),
        ("Twin", "heard_at", shown.heard / 1000),
        ("Twin", "data_age", max(0, shown.tick - shown.heard) / 1000),
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
    values: dict[str, Plain] = {bound: float(getattr(each, bound)) for bound in BOUNDS}
    values |= {"lot": each.lot, "made": each.made_tick / 1000}
    for part, value in values.items():
        yield _change(each.station, "Predictions", f"{name}_{part}", at, value, fault)


def _change(
    path: str, folder: Folder, name: str, tick: int, value: Plain, fault: Fault = ""
) -> Change:
    """Return a change; a number that is not there is told as such."""
    if isinstance(value, float) and not math.isfinite(value):
        return Change(node_of(path, folder, name), tick, None, "unknown")
    return Change(node_of(path, folder, name), tick, value, fault)
