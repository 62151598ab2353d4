"""The information model of the twin: objects and tags as plain data, made from a scenario.

An identifier is text and stays, such as `cathode.calender/Predictions/porosity_low`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.quantities import vocabulary
from linetwin.scenario.twin import ReaderConfig
from linetwin.twin.board.signs import KINDS
from linetwin.twin.plant.model import LINE, Alarm, InformationModel, Machine, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.quantities import Quantity
    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.scenario.twin import EstimateConfig, PredictConfig, TwinConfig
    from linetwin.twin.plant.model import Folder, Type

NAMESPACE = "urn:linetwin:twin"
TYPES: Mapping[str, tuple[Folder, ...]] = {
    "TwinType": ("Twin", "Feed", "Findings", "Alarms"),
    "TwinStationType": ("Status", "Predictions", "Estimates", "Scores"),
}
SEVERITIES = {"high": 800, "medium": 500, "low": 200}
BOUNDS = ("median", "low", "high", "open_loop")
"""What is told of a prediction, each a number; an estimate has the first three."""
SCORED = {
    "count": "outcomes of the last 30 days",
    "inside": "share of them inside their 95 % intervals",
    "ratio": "mean error of open loop over that of the predictions",
}
SOAK, WETTED = "soak", "wetting_saturation_now"
"""Kind of station, and what its tags of the tray that went in first begin with."""
GRADING, GRADES = "grading", ("grade_a_share", "grade_b_share", "grade_scrap_share")
"""Kind of station, and what is predicted of the trays that are to come there."""
ONE = ("1", "C62")


def twin_model(scenario: Scenario, sources: Sequence[str]) -> InformationModel:
    """Return what the twin of a scenario shows; `sources`: names of what it is fed from."""
    config = scenario.twin
    assert config is not None  # noqa: S101  the caller has looked
    machines = [_whole(scenario, sources)]
    machines += [_station(each, config) for each in scenario.stations.values()]
    return InformationModel(
        scenario.name,
        scenario.title,
        {each.path: each for each in machines},
        NAMESPACE,
        TYPES,
        "twin",
    )


def _whole(scenario: Scenario, sources: Sequence[str]) -> Machine:
    said: list[tuple[Folder, str, Type, str, tuple[str, str]]] = [
        ("Twin", "state", "String", "joining, in step, open loop or out of step", ("", "")),
        ("Twin", "line_time", "Double", "time of the line since its Monday 00:00", ("s", "SEC")),
        ("Twin", "heard_at", "Double", "line time of the plant's latest news", ("s", "SEC")),
        ("Twin", "data_age", "Double", "time since then", ("s", "SEC")),
        ("Twin", "lots_behind", "Int64", "lots that the twin is behind, of all stations", ("", "")),
        ("Twin", "saved_age", "Double", "wall time since the twin was saved", ("s", "SEC")),
        ("Twin", "alerts", "Int64", "alerts that are shown", ("", "")),
        ("Findings", "count", "Int64", "what is wrong", ("", "")),
        ("Findings", "text", "String", "what is wrong, a line each", ("", "")),
        ("Findings", "alerts", "String", "alerts, a line each with what to do", ("", "")),
    ]
    for source in sources:
        said.append(("Feed", f"{source}_state", "String", "state of the link", ("", "")))
        said.append(("Feed", f"{source}_age", "Double", "age of the newest message", ("s", "SEC")))
    tags = [
        Tag(LINE, folder, name, kind, meaning, *unit) for folder, name, kind, meaning, unit in said
    ]
    alarms = [
        Alarm(LINE, kind, SEVERITIES[priority], meaning)
        for kind, (priority, meaning) in KINDS.items()
    ]
    return Machine(LINE, scenario.title, "twin", tuple(tags), (), tuple(alarms))


def _station(config: StationConfig, twin: TwinConfig) -> Machine:
    path = config.path
    tags = [
        Tag(path, "Status", "plant_state", "String", "PackML state that the plant tells"),
        Tag(path, "Status", "twin_state", "String", "PackML state of the twin's station"),
        Tag(path, "Status", "lots_behind", "Int64", "lots that the twin is behind the plant"),
    ]
    for predict in twin.predicts:
        if predict.station == path:
            for name, quantity in _names(predict, config):
                tags += _predicted(path, name, quantity)
    if config.kind == GRADING:
        for name in GRADES:
            tags += _predicted(path, name, vocabulary()[name])
    if config.kind == SOAK:
        quantity = vocabulary()["wetting_saturation"]
        tags += [
            Tag(path, "Predictions", f"{WETTED}_{bound}", "Double", quantity.meaning, *ONE)
            for bound in BOUNDS[:3]
        ]
        tags.append(Tag(path, "Predictions", f"{WETTED}_lot", "String", "tray that went in first"))
    for each in twin.states:
        if each.station == path:
            tags += _estimated(each)
    tags += _scored(config, twin)
    return Machine(path, config.title or path, config.kind, tuple(tags))


def prediction_name(quantity: str, place: int) -> str:
    """Return what the tags of a prediction begin with."""
    return f"{quantity}_after_{place}" if place else quantity


def _names(predict: PredictConfig, config: StationConfig) -> Iterator[tuple[str, Quantity]]:
    """Yield a name for the lot, or one for each phase of the process that knows it."""
    quantity = vocabulary()[predict.quantity]
    phases = 0
    if predict.process:
        lists = [each.value for each in config.parameters.values()]
        phases = max([len(each) for each in lists if isinstance(each, tuple)], default=1)
    for place in range(1, phases + 1) if phases else (0,):
        yield prediction_name(predict.quantity, place), quantity


def _predicted(path: str, name: str, quantity: Quantity) -> list[Tag]:
    said = {
        "median": "as likely above as below",
        "low": "lower bound of the 95 % interval",
        "high": "upper bound of the 95 % interval",
        "open_loop": "what nominal parameters say",
    }
    unit = (quantity.unit, quantity.unece)
    tags = [
        Tag(path, "Predictions", f"{name}_{bound}", "Double", f"{quantity.meaning}: {text}", *unit)
        for bound, text in said.items()
    ]
    tags.append(
        Tag(path, "Predictions", f"{name}_lot", "String", "lot, by the plant's name where known")
    )
    tags.append(Tag(path, "Predictions", f"{name}_made", "Double", "line time", "s", "SEC"))
    return tags


def _estimated(config: EstimateConfig | ReaderConfig) -> list[Tag]:
    """Return the tags of a parameter or of a bias, in its unit; 1 where it is relative."""
    quantity = vocabulary()[config.quantity]
    relative = config.relative if isinstance(config, ReaderConfig) else config.kind == "factor"
    what = f"bias of what {config.name} reads" if isinstance(config, ReaderConfig) else config.name
    unit = ONE if relative else (quantity.unit, quantity.unece)
    return [
        Tag(config.station, "Estimates", f"{config.name}_{bound}", "Double", what, *unit)
        for bound in BOUNDS[:3]
    ]


def _scored(config: StationConfig, twin: TwinConfig) -> list[Tag]:
    pairs = [
        (each.quantity, each.name)
        for each in twin.instruments
        if any((p.station, p.quantity) == (config.path, each.quantity) for p in twin.predicts)
        and each.station == config.path
    ]
    if config.kind == GRADING:
        pairs += [(name, "count") for name in GRADES]
    return [
        Tag(config.path, "Scores", f"{quantity}_by_{by}_{what}", "Double", meaning, *ONE)
        for quantity, by in pairs
        for what, meaning in SCORED.items()
    ]
