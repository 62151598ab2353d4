"""The write policy: which set values of a plant may be asked to change, how far, how often, when.

    schema: 1
    owner: cathode process engineering
    version: 3
    plant: {uri: urn:press-1:plant, endpoint: opc.tcp://press-1:4840/linetwin, user: writer}
    heartbeat: 10 s                  # a twin that has said nothing for so long asks nothing
    good_for: 24 h                   # longest that an approval, or its rollback, is good
    writeback:
      - {address: cathode.calender.roll_temperature, low: 20 Cel, high: 60 Cel, step: 10 K,
         every: 2 h, states: [Execute], expiry: 30 s}

Nothing else can be written. What the recipe of the scenario sets can be enabled within the proven
acceptable range that it names (`adjustable`), without one it cannot; neither can values that a
panel only shows (limits) and what is no set value of a panel (safety functions are none).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity, vocabulary
from linetwin.quantities.packml import STATES
from linetwin.scenario import units
from linetwin.scenario.amounts import difference
from linetwin.scenario.document import read
from linetwin.scenario.problems import Problems, nearest
from linetwin.scenario.validation import validate
from linetwin.scenario.values import read_value
from linetwin.scenario.written import Writing, Written
from linetwin.twin.plant.making import information_model
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.foretold import told, told_change

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.problems import Place
    from linetwin.scenario.resolved import Scenario
    from linetwin.scenario.validation import Checked
    from linetwin.twin.plant.model import Setpoint

_SPAN = Quantity("time", "s", "wall time", minimum=0.1, maximum=31 * 86_400.0)
_TOLERANCE = 1e-9
"""Relative slack of a step, for values that were converted between units [A]."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Plant(_Strict):
    uri: str
    endpoint: str
    user: str
    policy: Literal["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"] = (
        "Basic256Sha256"
    )
    host: str = ""


class _Enabled(_Strict):
    address: str
    low: Writing
    high: Writing
    step: Writing
    every: Writing
    states: Annotated[list[str], Field(min_length=1)]
    expiry: Writing = Written(value="30 s")


class _PolicyFile(_Strict):
    version_of_schema: Literal[1] = Field(alias="schema")
    owner: Annotated[str, Field(min_length=1)]
    version: Annotated[int, Field(ge=1)]
    plant: _Plant
    heartbeat: Writing = Written(value="10 s")
    good_for: Writing = Written(value="24 h")
    writeback: list[_Enabled] = []


@dataclass(frozen=True)
class Enabled:
    """A set value that may be asked to change; canonical units, times in s of wall time.

    `step`: greatest change at once; `every_s`: shortest time between two; `states`: PackML states
    in which the machine must be; `expiry_s`: how long the plant has to answer.
    """

    address: str
    station: str
    tag: str
    unit: str
    low: float
    high: float
    step: float
    every_s: float
    states: tuple[str, ...]
    expiry_s: float

    def check_step(self, current: float, value: float) -> None:
        """Raise RefusedError where a value is further from the current one than is allowed."""
        if not abs(value - current) <= self.step * (1 + _TOLERANCE):
            name, most = self.address, told_change(self.address, self.step)
            message = f"from {told(name, current)} to {told(name, value)}; at most {most} at once"
            raise refusal(Reason.STEP, message, "go there in several changes")


@dataclass(frozen=True)
class WritePolicy:
    """Who answers for it, its version, the plant, and what is enabled by address.

    `longest_s`: for how long an approval or the rollback with it may be good. `digest`: SHA-256 of
    the file; an approval is good under the policy it was signed under alone.
    """

    owner: str
    version: int
    plant: str
    endpoint: str
    user: str
    security_policy: str
    host: str
    heartbeat_s: float
    longest_s: float
    enabled: dict[str, Enabled]
    file: Path
    digest: str


def load_policy(file: Path, scenario: Scenario) -> WritePolicy:
    """Return a write policy, checked against a line's panels; ScenarioError with all faults."""
    problems = Problems()
    document = read(file, file.name)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    problems.keep(document.problems)
    checked = validate(document, _PolicyFile, problems)
    if checked is None:
        problems.check()
        raise ScenarioError("nothing to read")
    reader = _Reader(checked, panel_of(scenario), scenario, problems)
    model = checked.model
    found = [reader.enabled(each, number) for number, each in enumerate(model.writeback)]
    heartbeat = reader.seconds(model.heartbeat, document.place(("heartbeat",)))
    longest = reader.seconds(model.good_for, document.place(("good_for",)))
    problems.check()
    return WritePolicy(
        owner=model.owner,
        version=model.version,
        plant=model.plant.uri,
        endpoint=model.plant.endpoint,
        user=model.plant.user,
        security_policy=model.plant.policy,
        host=model.plant.host,
        heartbeat_s=heartbeat,
        longest_s=longest,
        enabled={each.address: each for each in found if each is not None},
        file=file,
        digest=digest,
    )


def panel_of(scenario: Scenario) -> dict[str, Setpoint]:
    """Return the set values of all panels; one number of a row has an address of its own."""
    setpoints = information_model(scenario).setpoints()
    return {f"{each.tag.owner}.{each.tag.name}": each for each in setpoints}


def quantity_of(setpoint: Setpoint) -> str:
    """Return the name of what a set value is, in the vocabulary."""
    return setpoint.address.rpartition(".")[2]


@dataclass(frozen=True)
class _Reader:
    checked: Checked[_PolicyFile]
    panel: dict[str, Setpoint]
    scenario: Scenario
    problems: Problems

    def enabled(self, written: _Enabled, number: int) -> Enabled | None:
        """Return one entry; None where it cannot be, and why is noted."""
        place = self.checked.document.place(("writeback", number))
        setpoint = self._setpoint(written.address, place.below("address"))
        if setpoint is None:
            return None
        word = vocabulary()[quantity_of(setpoint)]
        low = self._number(written.low, word, place.below("low"))
        high = self._number(written.high, word, place.below("high"))
        step = self._number(written.step, difference(word), place.below("step"))
        if low >= high:
            self.problems.add(place.below("high"), "is not above low", "low below high")
        self._check_proven(setpoint, (low, high), place)
        if step <= 0:
            self.problems.add(place.below("step"), "is not above zero", f"such as 5 {word.unit}")
        for state in written.states:
            if state not in STATES:
                hint = nearest(state, STATES)
                self.problems.add(place.below("states"), f"no PackML state '{state}'", hint)
        return Enabled(
            address=written.address,
            station=setpoint.tag.owner,
            tag=setpoint.tag.name,
            unit=word.unit,
            low=low,
            high=high,
            step=step,
            every_s=self.seconds(written.every, place.below("every")),
            states=tuple(written.states),
            expiry_s=self.seconds(written.expiry, place.below("expiry")),
        )

    def seconds(self, written: Written, place: Place) -> float:
        """Return a time [s]."""
        return self._number(written, _SPAN, place)

    def _setpoint(self, address: str, place: Place) -> Setpoint | None:
        """Return the set value of an address; None where nobody may enable it, which is noted."""
        found = self.panel.get(address)
        if found is None:
            free = [name for name, each in self.panel.items() if each.by_request]
            message = f"'{address}' is no set value of a panel, and cannot be written"
            self.problems.add(place, message, nearest(address, free))
            return None
        if found.by_request:
            return found
        known = self.scenario.recipe.get(found.address)
        where = "" if known is None else f" ({known.origin})"
        message = f"'{address}' belongs to the validated recipe{where}, and cannot be enabled"
        hint = "a new version of the recipe changes it, or names a proven range: adjustable"
        self.problems.add(place, message, hint)
        return None

    def _check_proven(self, setpoint: Setpoint, bounds: tuple[float, float], place: Place) -> None:
        """Note bounds that leave the proven acceptable range of the recipe."""
        if setpoint.proven is None:
            return
        word, (low, high) = vocabulary()[quantity_of(setpoint)], setpoint.proven
        for key, bound in zip(("low", "high"), bounds, strict=True):
            if not math.isnan(bound) and not low <= bound <= high:
                origin = self.scenario.recipe[setpoint.address].origin
                ends = f"{units.display(low, word)} to {units.display(high, word)}"
                message = f"{units.display(bound, word)} is outside the proven acceptable range"
                self.problems.add(place.below(key), message, f"{ends}, by {origin}")

    def _number(self, written: Written, quantity: Quantity, place: Place) -> float:
        found = read_value(written, quantity, place, self.problems)
        return float("nan") if found is None else found.number
