"""Parameter files: values of a process model's parameters that were fitted to data.

A scenario names one for each process that it holds for:

    parameters: {cathode.calender.calendering: fits/calendering.yaml}

Its values win over the recipe's, the scenario's own over them.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from linetwin.errors import ScenarioError
from linetwin.scenario import units
from linetwin.scenario.settings import Setting
from linetwin.scenario.written import FileHead, Identifier, Strict, Written, as_table, formed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.addressing import Plant
    from linetwin.scenario.problems import Problems
    from linetwin.scenario.resolved import StationConfig
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked


class FittedData(Strict):
    """The table to which parameters were fitted."""

    file: str
    sha256: Annotated[str, formed(r"[0-9a-f]{64}", "SHA-256", "64 digits of 0 to 9 and a to f")]
    rows: Annotated[int, Field(ge=1)]


class FittedWritten(Written):
    """A fitted value and its interval, which is told and not used."""

    tag: Literal["V", "D", "M", "A"]
    source: str
    low: object = None
    high: object = None


class ParameterFile(FileHead):
    """What `linetwin calibrate` writes."""

    model: str
    token: str = ""
    process: str | None = None
    data: FittedData | None = None
    confidence: float | None = None
    settings: Annotated[
        dict[Identifier, Annotated[FittedWritten, as_table("value")]], Field(alias="set")
    ]


def settings_of_parameters(
    scenario: Checked[ScenarioFile],
    files: Mapping[str, Checked[ParameterFile]],
    plant: Plant,
    problems: Problems,
) -> list[Setting]:
    """Return the settings of parameter files, each for its process; a wrong one is noted."""
    found = []
    for process, checked in files.items():
        place = scenario.document.place(("parameters", process))
        hint = "the process of a station, such as cathode.calender.calendering"
        try:
            target = plant.target(f"{process}.any")
        except ScenarioError as error:
            if not plant.is_broken(f"{process}."):
                message = str(error.problems[0].message).replace(f"{process}.any", process)
                problems.add(place, message, error.problems[0].hint or hint)
            continue
        if target.section != "processes":
            problems.add(place, f"'{process}' is no process", hint)
            continue
        _check_ends(checked, problems)
        found += [
            Setting(
                f"{process}.{name}",
                Written(value=written.value, tag=written.tag, source=written.source),
                checked.document.place(("set", name)),
            )
            for name, written in checked.model.settings.items()
        ]
    return found


def _check_ends(checked: Checked[ParameterFile], problems: Problems) -> None:
    """Note values outside of their own interval: one of the two was edited."""
    for name, written in checked.model.settings.items():
        value, low, high = map(_number, (written.value, written.low, written.high))
        if value is None:
            continue
        below = low is not None and low[1] == value[1] and value[0] < low[0]
        above = high is not None and high[1] == value[1] and value[0] > high[0]
        if below or above:
            ends = (("from", written.low), ("to", written.high))
            span = " ".join(f"{word} {end}" for word, end in ends if end is not None)
            message = f"{written.value} is outside of its own interval, {span}"
            hint = "fit it again, or take `low` and `high` away where the value is another's"
            problems.add(checked.document.place(("set", name)), message, hint)


def _number(raw: object) -> tuple[float, str] | None:
    """Return a number and its unit in SI; None for what is none, which is told elsewhere."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    if not isinstance(raw, str):
        return float(raw), ""
    try:
        number, unit = units.si(raw)
    except ScenarioError:
        return None
    return number, "" if unit == "1" else unit


def check_models(
    scenario: Checked[ScenarioFile],
    files: Mapping[str, Checked[ParameterFile]],
    stations: Mapping[str, StationConfig],
    problems: Problems,
) -> None:
    """Note files that were fitted for another model than the one of their process."""
    for process, checked in files.items():
        path, _, name = process.rpartition(".")
        station = stations.get(path)
        if station is None:
            continue
        config = station.machine if name == "machine" else station.processes.get(name)
        if config is not None and PurePath(config.model).stem != checked.model.model:
            place = scenario.document.place(("parameters", process))
            message = f"was fitted for the model {checked.model.model}, not for {config.model}"
            problems.add(place, message, "fit the parameters of the model that is used")
