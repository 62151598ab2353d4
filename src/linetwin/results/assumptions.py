"""What a run assumed: the parameters of its resolved scenario, each with its evidence tag."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from linetwin.errors import ResultsError
from linetwin.scenario import reread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.results.reader import Run

# Sections of the resolved scenario that are no part of an address.
_SECTIONS = {"stations", "parameters", "processes", "materials", "failures", "deviations"}
_WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Assumption:
    """One parameter: `value` in `unit` (canonical), tag V, D, M or A, and where it comes from."""

    address: str
    value: Any
    unit: str
    tag: str
    source: str
    origin: str


@dataclass(frozen=True)
class Plan:
    """The parts of the resolved scenario that results refer to; empty where it has none."""

    content: dict[str, Any]

    @property
    def stations(self) -> dict[str, dict[str, Any]]:
        """Stations by path, in the order of the line file."""
        return dict(self.content.get("stations") or {})

    @property
    def buffers(self) -> dict[str, dict[str, Any]]:
        """Buffers by path."""
        return dict(self.content.get("buffers") or {})

    def number(self, station: str, quantity: str) -> float | None:
        """Return a station's parameter in its canonical unit, None where it has none."""
        parameters = self.stations.get(station, {}).get("parameters") or {}
        value = (parameters.get(quantity) or {}).get("value")
        return float(value) if isinstance(value, (int, float)) else None

    def kind(self, station: str) -> str:
        """Return the kind of a station or of a group, "" where it is not known."""
        members = self.members.get(station, [station])
        return str(self.stations.get(members[0], {}).get("kind") or "")

    def family(self, station: str) -> str:
        """Return the group that a station belongs to, its own path where it stands alone."""
        return str(self.stations.get(station, {}).get("group") or station)

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Stations by group, in the order of the line file."""
        found: dict[str, list[str]] = {}
        for station in self.stations:
            found.setdefault(self.family(station), []).append(station)
        return found

    @cached_property
    def behind(self) -> dict[str, set[str]]:
        """Buffers by group that lie behind it in the flow, at any distance."""
        takers: dict[str, set[str]] = {}
        for station, config in self.stations.items():
            for buffer in (config.get("takes") or {}).values():
                takers.setdefault(str(buffer), set()).add(station)
        found = {}
        for group, members in self.members.items():
            ahead, seen = list(members), set[str]()
            while ahead:
                given = (self.stations[ahead.pop()].get("gives") or {}).values()
                new = {str(buffer) for buffer in given} - seen
                seen |= new
                ahead += [taker for buffer in new for taker in takers.get(buffer, ())]
            found[group] = seen
        return found

    @property
    def window_ms(self) -> tuple[int, int] | None:
        """The steady-state window that the scenario states [ms], None where it states none."""
        stated = self.content.get("window")
        if not isinstance(stated, dict):
            return None
        return round(_scalar(stated["from"]) * 1000), round(_scalar(stated["until"]) * 1000)

    @property
    def filled(self) -> bool:
        """Whether the line began with stock in it."""
        return self.content.get("start") == "filled"

    @property
    def planned_energy_per_day(self) -> float | None:
        """Energy of good cells planned for a day [J], None where there is no plan."""
        stated = (self.content.get("plan") or {}).get("good_energy_per_day")
        return None if stated is None else _scalar(stated)

    @property
    def ordered(self) -> int | None:
        """The cells of the order, None where the run had none."""
        cells = self.content.get("order_cells")
        return cells if isinstance(cells, int) else None

    def week(self, station: str) -> list[tuple[int, int]] | None:
        """Return when in a week [ms] people work at a station; None where always."""
        calendars = self.content.get("calendars") or {}
        spans = calendars.get(self.stations.get(station, {}).get("calendar"))
        if not isinstance(spans, list):
            return None
        return [(round(span["from"] * 1000), round(span["until"] * 1000)) for span in spans]

    def staffed_share(self, station: str) -> float:
        """Return the share of the week in which people work at a station (1 where always)."""
        spans = self.week(station)
        if spans is None:
            return 1.0
        return sum(until - start for start, until in spans) / (_WEEK_S * 1000)

    def assumptions(self) -> list[Assumption]:
        """Return every parameter that carries an evidence tag."""
        return list(_tagged(self.content, ()))


def _scalar(node: Any) -> float:  # noqa: ANN401 - a number, or a value with unit and source
    return float(node["value"] if isinstance(node, dict) else node)


def _tagged(node: object, path: tuple[str, ...]) -> Iterator[Assumption]:
    if not isinstance(node, dict):
        return
    if {"value", "tag"} <= node.keys():
        yield Assumption(
            ".".join(key for key in path if key not in _SECTIONS),
            node["value"],
            str(node.get("unit", "")),
            str(node["tag"]),
            str(node.get("source", "")),
            str(node.get("origin", "")),
        )
        return
    for key, child in node.items():
        yield from _tagged(child, (*path, str(key)))


def plan(run: Run) -> Plan:
    """Read the resolved scenario of a run; ResultsError where it is damaged."""
    try:
        return _parsed(run.scenario)
    except YAMLError as error:
        raise ResultsError(f"{run.path / 'scenario.yaml'} is damaged: {error}") from error


@lru_cache(maxsize=2)
def _parsed(text: str) -> Plan:
    """Key figures and report of a run ask one after the other."""
    try:
        content: object = reread.load(text)
    except ValueError:  # a folder of somebody else's: any YAML
        content = YAML(typ="safe", pure=True).load(text)
    return Plan(content if isinstance(content, dict) else {})
