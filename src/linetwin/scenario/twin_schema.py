"""What may stand in the `plant` and `twin` of a scenario: how it is shown and followed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from linetwin.scenario.hiding import HidingKind
from linetwin.scenario.written import Identifier, Strict, Writing, Written


class Hides(Strict):
    """What happens to the values of some tags on their way to a plant's server."""

    tags: str
    kind: HidingKind
    share: Writing | None = None
    delay: Writing | None = None
    offset: Writing | None = None
    per_day: Writing | None = None
    begin: Writing = Field(default=Written(value="0 s"), alias="from")
    end: Writing | None = Field(default=None, alias="until")


class Instrument(Strict):
    """What reads a quantity of each lot that a station hands over."""

    name: Identifier | None = None
    address: str
    bias: Writing | None = None
    repeatability: Writing | None = None


class Plant(Strict):
    """How the line is shown as a plant."""

    opens: Writing | None = None
    starved_after: Writing | None = None
    instruments: list[Instrument] = []
    hides: list[Hides] = []


class Estimate(Strict):
    """An input of a process model that deviates slowly from what the line thinks it is."""

    name: Identifier
    address: str
    kind: Literal["factor", "offset", "law"] = "factor"
    prior: Writing
    wanders: Writing | None = None
    scatter: Writing | None = None
    band: Writing | None = None
    tag: Literal["V", "D", "M", "A"]
    source: str


class Reader(Strict):
    """An instrument of the plant that reads lots, with a bias that is not known."""

    name: Identifier
    reads: str
    signal: str
    repeatability: Writing
    bias: Writing
    wanders: Writing | None = None
    band: Writing | None = None
    tag: Literal["V", "D", "M", "A"]
    source: str


class AlertWindow(Strict):
    """Where lots of a station have to lie; a prediction that says otherwise raises an alert."""

    address: str
    low: Writing | None = None
    high: Writing | None = None
    sure: Writing | None = None
    action: str
    tag: Literal["V", "D", "M", "A"]
    source: str


class TwinAlerts(Strict):
    """How many alerts a day people can look after, and for how long one may be shelved."""

    budget: Annotated[int, Field(ge=1, le=1000)] = 6
    shelve_at_most: Writing | None = None
    clears_after: Writing | None = None
    stale_after: Writing | None = None
    windows: list[AlertWindow] = []


class TwinGrades(Strict):
    """How sure the twin is of the grades of cells in process."""

    capacity: Writing
    resistance: Writing
    cells: Writing
    long_run: dict[Literal["A", "B", "scrap"], Writing]
    tag: Literal["V", "D", "M", "A"]
    source: str


class Twin(Strict):
    """How a plant is followed."""

    members: Annotated[int, Field(ge=4, le=1024)] = 64
    window: Annotated[int, Field(ge=2, le=1000)] = 12
    false_alarms_per_day: Annotated[float, Field(gt=0, le=10)] = 0.1
    updates_per_day: Annotated[float, Field(ge=1, le=1e5)] = 24.0
    confidence: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.95
    estimates: list[Estimate] = []
    instruments: list[Reader] = []
    predicts: list[str] = []
    alerts: TwinAlerts = TwinAlerts()
    advice: dict[Literal["shadow", "predictions", "coverage", "ratio"], Writing] = {}
    grades: TwinGrades | None = None
