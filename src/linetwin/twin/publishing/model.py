"""The information model of the twin: objects and tags as plain data, made from a scenario.

An identifier is text and stays, such as `cathode.calender/Predictions/porosity_low`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.scenario.twin import ReaderConfig
from linetwin.twin.board.grades import CHARGED, READ
from linetwin.twin.board.signs import KINDS
from linetwin.twin.plant.model import LINE, Alarm, InformationModel, Machine, Tag
from linetwin.twin.scales import scale_of, scale_of_estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.scenario.twin import EstimateConfig, PredictConfig, TwinConfig
    from linetwin.twin.plant.model import Folder, Type
    from linetwin.twin.scales import Scale

NAMESPACE = "urn:linetwin:twin"
TYPES: Mapping[str, tuple[Folder, ...]] = {
    "TwinType": ("Twin", "Feed", "Findings", "Alarms"),
    "TwinStationType": ("Status", "Predictions", "Estimates", "Scores"),
}
SEVERITIES = {"high": 800, "medium": 500, "low": 200}
BOUNDS = ("median", "low", "high", "open_loop")
"""What is told of a prediction, each a number; an estimate has the first three."""
ONE, SECONDS, HOURS = ("1", "C62"), ("s", "SEC"), ("h", "HUR")
SCORED = {
    "count": ("outcomes of the last 30 days", ONE),
    "inside": ("share of them inside their 95 % intervals", ("%", "P1")),
    "ratio": ("mean error of open loop over that of the predictions", ONE),
}
INNOVATED = {
    "count": "normalised innovations of the instrument that are looked at",
    "mean": "their mean, 0 if all holds",
    "deviation": "their standard deviation, 1 if all holds",
    "autocorrelation": "from one to the next, 0 if all holds",
    "chi_squared": "sum of squares of their last window",
    "limit": "what one such sum in a hundred exceeds if all holds",
}
SOAK, WETTED = "soak", "wetting_saturation_now"
"""Kind of station, and what its tags of the tray that went in first begin with."""
GRADING, GRADES = "grading", ("grade_a_share", "grade_b_share", "grade_scrap_share")
"""Kind of station, and what is predicted of the trays that are to come there."""


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
        (
            "Twin",
            "state",
            "String",
            "joining, catching up, in step, stale, open loop or out of step",
            ("", ""),
        ),
        ("Twin", "reason", "String", "why it is so, where a person should know", ("", "")),
        ("Twin", "unconfirmed", "String", "why nobody has confirmed the mapping", ("", "")),
        ("Twin", "line_time", "Double", "time of the line since its Monday 00:00", HOURS),
        ("Twin", "heard_at", "Double", "line time of the plant's latest news", HOURS),
        (
            "Twin",
            "data_age",
            "Double",
            "the plant's time now less that of the newest data worked in",
            SECONDS,
        ),
        ("Twin", "lots_behind", "Int64", "lots that the twin is behind, of all stations", ("", "")),
        ("Twin", "saved_age", "Double", "wall time since the twin was saved", SECONDS),
        ("Twin", "alerts", "Int64", "alerts that are shown", ("", "")),
        ("Findings", "count", "Int64", "what is wrong", ("", "")),
        ("Findings", "text", "String", "what is wrong, a line each", ("", "")),
        ("Findings", "alerts", "String", "alerts, a line each with what to do", ("", "")),
    ]
    for source in sources:
        said.append(("Feed", f"{source}_state", "String", "state of the link", ("", "")))
        said.append(("Feed", f"{source}_age", "Double", "age of the newest message", SECONDS))
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
            for name in _names(predict, config):
                tags += _predicted(path, name, scale_of(predict.quantity))
    if config.kind == GRADING:
        for name in GRADES:
            for place in (CHARGED, READ):
                tags += _predicted(path, prediction_name(name, place), scale_of(name))
    if config.kind == SOAK:
        scale = scale_of("wetting_saturation")
        tags += [
            _number(path, "Predictions", f"{WETTED}_{bound}", scale.quantity.meaning, scale)
            for bound in BOUNDS[:3]
        ]
        tags.append(Tag(path, "Predictions", f"{WETTED}_lot", "String", "tray that went in first"))
    for each in twin.states:
        if each.station == path:
            tags += _estimated(each)
    tags += _read(config, twin)
    tags += _scored(config, twin)
    return Machine(path, config.title or path, config.kind, tuple(tags))


def prediction_name(quantity: str, place: int) -> str:
    """Return what the tags of a prediction begin with."""
    return f"{quantity}_after_{place}" if place else quantity


def measured_name(quantity: str, instrument: str) -> str:
    """Return what the tags of a reading begin with."""
    return f"{quantity}_by_{instrument}"


def _names(predict: PredictConfig, config: StationConfig) -> Iterator[str]:
    """Yield a name for the lot, or one for each phase of the process that knows it."""
    phases = 0
    if predict.process:
        lists = [each.value for each in config.parameters.values()]
        phases = max([len(each) for each in lists if isinstance(each, tuple)], default=1)
    for place in range(1, phases + 1) if phases else (0,):
        yield prediction_name(predict.quantity, place)


def _number(path: str, folder: Folder, name: str, meaning: str, scale: Scale) -> Tag:
    """Return a number in the unit that people read."""
    return Tag(path, folder, name, "Double", meaning, scale.unit, scale.unece)


def _predicted(path: str, name: str, scale: Scale) -> list[Tag]:
    said = {
        "median": "as likely above as below",
        "low": "lower bound of the 95 % interval",
        "high": "upper bound of the 95 % interval",
        "open_loop": "what nominal parameters say",
    }
    what = scale.quantity.meaning
    tags = [
        _number(path, "Predictions", f"{name}_{bound}", f"{what}: {text}", scale)
        for bound, text in said.items()
    ]
    tags.append(
        Tag(path, "Predictions", f"{name}_lot", "String", "lot, by the plant's name where known")
    )
    tags.append(Tag(path, "Predictions", f"{name}_made", "Double", "line time", *HOURS))
    return tags


def _read(config: StationConfig, twin: TwinConfig) -> list[Tag]:
    """Return the tags of what instruments have read of predicted lots."""
    tags: list[Tag] = []
    for each in _readers(config, twin):
        name, scale = measured_name(each.quantity, each.name), scale_of(each.quantity)
        meaning = f"{scale.quantity.meaning}: read last"
        tags.append(_number(config.path, "Predictions", f"{name}_measured", meaning, scale))
        lot = "lot that was read, by the plant's name where known"
        tags.append(Tag(config.path, "Predictions", f"{name}_lot", "String", lot))
    return tags


def _estimated(config: EstimateConfig | ReaderConfig) -> list[Tag]:
    """Return the tags of a parameter or of a bias; in percent of what is nominal if relative."""
    what = f"bias of what {config.name} reads" if isinstance(config, ReaderConfig) else config.name
    scale = scale_of_estimate(config)
    return [
        _number(config.station, "Estimates", f"{config.name}_{bound}", what, scale)
        for bound in BOUNDS[:3]
    ]


def _readers(config: StationConfig, twin: TwinConfig) -> list[ReaderConfig]:
    """Return the instruments that read what is predicted of a station's lots."""
    predicts = [each for each in twin.predicts if each.station == config.path]
    predicted = {each.quantity for each in predicts if not each.process}
    own = [each for each in twin.instruments if each.station == config.path]
    return [each for each in own if each.quantity in predicted]


def _scored(config: StationConfig, twin: TwinConfig) -> list[Tag]:
    pairs = [(each.quantity, each.name) for each in _readers(config, twin)]
    if config.kind == GRADING:
        pairs += [(name, "count") for name in GRADES]
    tags = [
        Tag(config.path, "Scores", f"{each.name}_innovation_{what}", "Double", meaning, *ONE)
        for each in twin.instruments
        if each.station == config.path
        for what, meaning in INNOVATED.items()
    ]
    return tags + [
        Tag(config.path, "Scores", f"{measured_name(*pair)}_{what}", "Double", meaning, *unit)
        for pair in pairs
        for what, (meaning, unit) in SCORED.items()
    ]
