"""From what a command asks to a design over one model; whatever is wrong is told at once."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.estimation.calibrating.amounts import SECONDS, amount
from linetwin.estimation.calibrating.columns import HELD, READ, SET, to_number
from linetwin.estimation.calibrating.subject import open_subject
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.study.factors import Factor
from linetwin.surrogates.designs.task import DURATION, KINDS, DesignTask, Stage, Told, Varied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.calibrating.amounts import HasUnit
    from linetwin.estimation.calibrating.subject import Channel, Line, Subject
    from linetwin.surrogates.designs.task import Kind

MOST_POINTS: Final = 100_000
MOST_ADAPTIVE: Final = 600
"""Points of an adaptive design: each choice fits a Gaussian process to all before it."""
_LEAST: Final = {"sobol": 2, "latin_hypercube": 2, "adaptive": 8}
_SPAN: Final = re.compile(r"(?P<low>.+?)\s+to\s+(?P<high>.+?)(?P<log>\s+log)?\Z")
_PHASE: Final = re.compile(r"(?P<duration>[^:=]+?)\s*(?::\s*(?P<settings>.*))?\Z", re.DOTALL)
_VARY: Final = "NAME=LOW to HIGH, such as 'line_load=200 N/mm to 900 N/mm' (log: evenly in it)"
_WHOLE: Final = re.compile(r"(U?Int\d*|Integer|Enumeration)")


@dataclass(frozen=True)
class Asked:
    """A design as a command asks for it; texts as they were typed."""

    subject: str
    process: str | None
    vary: Sequence[str]
    kind: str
    points: int
    settings: Sequence[str] = ()
    phases: Sequence[str] = ()
    duration: str | None = None
    read: Sequence[str] = ()
    target: str | None = None
    seed: int = 1


def read_design(asked: Asked, line: Line | None) -> DesignTask:
    """Return the design; `line`: the scenario, None for a model.

    Errors as `open_subject`; ScenarioError for names, units and bounds that do not fit the model.
    """
    subject = open_subject(asked.subject, asked.process, line, Place("--process"))
    return _Reader(asked, subject, line, Problems()).task()


@dataclass
class _Reader:
    """Reads the parts of one design and collects what is wrong."""

    asked: Asked
    subject: Subject
    line: Line | None
    problems: Problems
    settings: dict[str, float] = field(default_factory=dict)

    def task(self) -> DesignTask:
        """Return the design; ScenarioError with everything that is wrong."""
        self.settings = {**self._stated(), **self.subject.constants}
        self.settings |= self._amounts(self.asked.settings, "--set", SET)
        varied = [each for text in self.asked.vary if (each := self._varied(text)) is not None]
        self._check_varied(varied)
        stages = self._stages(varied)
        told = self._told()
        kind = self._kind(varied)
        target = self._target(told)
        self.problems.check()
        return DesignTask(
            self.subject,
            self.line.scenario.name if self.line is not None else "",
            tuple(varied),
            tuple(stages),
            tuple(told),
            kind,
            self.asked.points,
            self.asked.seed,
            target,
        )

    def _stated(self) -> dict[str, float]:
        """Return what the scenario's station states of inputs and starts: variable -> number."""
        if self.line is None or self.subject.process is None:
            return {}
        station = self.subject.process.rpartition(".")[0]
        stations = self.line.scenario.stations
        # a group's machines are alike: the first stands for them
        found = stations.get(station) or next(
            (each for each in stations.values() if each.group == station), None
        )
        if found is None:
            return {}
        return {
            wire.variable.name: to_number(wire, float(value.value))
            for name, value in found.parameters.items()
            if (wire := self.subject.wires.get(name)) is not None
            and wire.variable.settable
            and isinstance(value.value, (int, float))
        }

    def _channel(self, name: str, option: str, roles: tuple[str, ...]) -> Channel | None:
        """Return a scalar of the model of some causality; one that is missing is noted."""
        found = self.subject.channel(name)
        if found is not None:
            variable = found.variable
            if variable.causality in roles or ("start" in roles and variable.settable):
                return found
        variables = self.subject.binary.description.variables.values()
        allowed = [v.name for v in variables if v.causality in roles and v.numeric and not v.shape]
        what = "output" if roles == READ else "quantity to be set"
        message = f"{self.subject.model} has no {what} '{name}'"
        self.problems.add(Place(option), message, nearest(name, [*allowed, *self.subject.wires]))
        return None

    def _amounts(
        self, texts: Sequence[str], option: str, roles: tuple[str, ...]
    ) -> dict[str, float]:
        """Return `NAME=AMOUNT` as variable -> number in its own unit, within its range."""
        found: dict[str, float] = {}
        for text in texts:
            name, equals, rest = (part.strip() for part in text.partition("="))
            if not equals or not rest:
                hint = "NAME=AMOUNT, such as roll_temperature=323 K"
                self.problems.add(Place(option), f"'{text}' gives no value", hint)
                continue
            channel = self._channel(name, option, roles)
            number = self._number(rest, channel, Place(f"{option} {name}")) if channel else None
            if channel is None or number is None:
                continue
            if channel.variable.name in found:
                self.problems.add(Place(option), f"'{name}' is there twice", "keep one of the two")
            own = to_number(channel.wire, number)
            self._check_range(channel, own, Place(f"{option} {name}"))
            found[channel.variable.name] = own
        return found

    def _number(self, text: str, channel: HasUnit, place: Place) -> float | None:
        """Return an amount; a bare number is in the channel's own unit."""
        try:
            return amount(float(text), channel, place, self.problems)
        except ValueError:
            return amount(text, channel, place, self.problems)

    def _check_range(self, channel: Channel, own: float, place: Place) -> None:
        variable = channel.variable
        if not variable.holds(own):
            hint = f"the model's range: {variable.span}"
            self.problems.add(place, f"{variable.shown(own)} is out of range", hint)

    def _varied(self, text: str) -> Varied | None:
        """Return what `NAME=LOW to HIGH` varies, or `NAME` alone over the model's range."""
        name, equals, rest = (part.strip() for part in text.partition("="))
        place = Place(f"--vary {name}")
        known = self.subject.channel(name)
        channel = None
        if name != DURATION or known is not None:
            channel = self._channel(name, "--vary", SET)
            if channel is None:
                return None
            if channel.variable.type == "Boolean":
                self.problems.add(place, "is a switch and has no span", f"--set {name}=1 or 0")
                return None
        if not equals:
            return self._whole_range(name, channel, place)
        match = _SPAN.match(rest)
        if match is None:
            self.problems.add(place, f"'{rest}' is no span", _VARY)
            return None
        unit: HasUnit = channel or SECONDS
        low, high = (self._number(match[end], unit, place) for end in ("low", "high"))
        if low is None or high is None:
            return None
        return self._between(name, channel, (low, high), log=bool(match["log"]))

    def _whole_range(self, name: str, channel: Channel | None, place: Place) -> Varied | None:
        """Vary over all that the model declares, where that has two ends."""
        if channel is None:
            self.problems.add(place, "has no range of its own", "--vary 'duration=1 min to 1 h'")
            return None
        ends = (channel.variable.minimum, channel.variable.maximum)
        if not all(map(math.isfinite, ends)):
            message = f"the model's range has no two ends: {channel.variable.span}"
            self.problems.add(place, message, _VARY)
            return None
        low, high = sorted(
            float(end) for end in np.asarray(channel.wire.to_quantity(np.array(ends)))
        )
        return self._between(name, channel, (low, high), log=False)

    def _between(
        self, name: str, channel: Channel | None, ends: tuple[float, float], *, log: bool
    ) -> Varied | None:
        low, high = ends
        place = Place(f"--vary {name}")
        if not low < high:
            self.problems.add(place, "low is not below high", _VARY)
            return None
        if log and low <= 0:
            self.problems.add(place, "log needs bounds above 0", "leave log out")
            return None
        if channel is None:
            if low < 0:
                self.problems.add(place, "a duration is negative", "0 s or more")
            return Varied(Factor(name, "s", None, low, high, log=log), None)
        for end in ends:
            self._check_range(channel, to_number(channel.wire, end), place)
        whole = _WHOLE.match(channel.variable.type) is not None
        base = self.subject.start(channel.variable)
        return Varied(
            Factor(
                name, channel.shown, base, low, high, log=log, whole=whole,
                meaning=channel.variable.meaning,
            ),
            channel,
        )  # fmt: skip

    def _check_varied(self, varied: list[Varied]) -> None:
        if not self.asked.vary:
            self.problems.add(Place("--vary"), "nothing is varied", _VARY)
        names = [v.channel.variable.name if v.channel else v.name for v in varied]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problems.add(Place("--vary"), f"'{name}' is varied twice", "keep one of the two")
        own = self._amounts(self.asked.settings, "--set", SET)
        for name in sorted({*own} & {*names}):
            self.problems.add(Place("--set"), f"'{name}' is varied too", "leave it out here")

    def _stages(self, varied: list[Varied]) -> list[Stage]:
        """Return the phases: one where none are asked for."""
        asked, lasts = self.asked, any(each.channel is None for each in varied)
        if asked.duration is not None and (asked.phases or lasts):
            hint = "either --duration, or phases, or a duration that is varied"
            self.problems.add(Place("--duration"), "is told twice", hint)
        if asked.phases and lasts:
            self.problems.add(Place("--vary duration"), "stands beside --phase", "one of the two")
        if not asked.phases:
            seconds = self._seconds(asked.duration or "0 s", "--duration")
            return [Stage(self._free(self.settings, varied), seconds)]
        stages = []
        for index, text in enumerate(asked.phases):
            match = _PHASE.match(text.strip())
            if match is None:
                hint = "'180 s: pressure_setpoint=5 kPa, ...'"
                self.problems.add(Place("--phase"), f"'{text}' is no phase", hint)
                continue
            texts = [part.strip() for part in (match["settings"] or "").split(",") if part.strip()]
            own = self._amounts(texts, "--phase", SET if index == 0 else HELD)
            first = self._free(self.settings, varied) if index == 0 else {}
            stages.append(Stage({**first, **own}, self._seconds(match["duration"], "--phase")))
        return stages

    def _free(self, settings: dict[str, float], varied: list[Varied]) -> dict[str, float]:
        """Return the settings without what is varied."""
        names = {each.channel.variable.name for each in varied if each.channel is not None}
        return {name: value for name, value in settings.items() if name not in names}

    def _seconds(self, text: str, option: str) -> float:
        number = self._number(text, SECONDS, Place(option))
        if number is not None and not 0 <= number < math.inf:
            self.problems.add(Place(option), f"'{text}' is no duration", "0 s or more")
        return number or 0.0

    def _told(self) -> list[Told]:
        """Return the outputs that are read: those asked for, else all numbers of the model."""
        if self.asked.read:
            channels = [
                (n, self._channel(n, "--read", READ)) for n in dict.fromkeys(self.asked.read)
            ]
            return [Told(name, channel) for name, channel in channels if channel is not None]
        variables = self.subject.binary.description.of("output")
        quantities = {w.variable.name: q for q, w in self.subject.wires.items()}
        names = [
            quantities.get(v.name, v.name)
            for v in variables
            if v.numeric and not v.shape and v.type != "Boolean" and "[" not in v.name
        ]
        found = [Told(name, c) for name in names if (c := self.subject.channel(name)) is not None]
        if not found:
            hint = "--read NAME, also of a local variable"
            self.problems.add(Place("--read"), f"{self.subject.model} has no output", hint)
        return found

    def _kind(self, varied: list[Varied]) -> Kind:
        asked = self.asked
        kind = next((each for each in KINDS if each == asked.kind), None)
        if kind is None:
            self.problems.add(Place("--kind"), f"unknown kind '{asked.kind}'", nearest("", KINDS))
            return "sobol"
        most = MOST_ADAPTIVE if kind == "adaptive" else MOST_POINTS
        least = max(_LEAST[kind], 4 * len(varied) if kind == "adaptive" else 0)
        if not least <= asked.points <= most:
            hint = f"{kind} of {len(varied)} factors has {least:,} to {most:,} points"
            self.problems.add(Place("--points"), f"{asked.points:,} points do not do", hint)
        return kind

    def _target(self, told: list[Told]) -> str:
        names = [each.name for each in told]
        target = self.asked.target
        if self.asked.kind != "adaptive":
            if target is not None:
                hint = "leave it out, or --kind adaptive"
                self.problems.add(Place("--target"), "is for adaptive designs", hint)
            return ""
        if target is None and len(names) == 1:
            return names[0]
        if target not in names:
            message = "adaptive for which output?" if target is None else f"'{target}' is not read"
            self.problems.add(Place("--target"), message, nearest(target or "", names, "output"))
        return target or ""
