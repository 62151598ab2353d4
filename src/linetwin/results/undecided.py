"""What the shipped models cannot decide: told wherever figures that rest on it are shown.

A model may answer a question that no measurement stands behind. docs/what_ifs.md says which; here
the settings that ask such questions are recognised in the resolved scenario.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.results import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class SetAt:
    """A setting of a kind of station at which constants were found, and what they were.

    `at`, `within`: in the quantity's canonical unit.
    """

    kind: str
    quantity: str
    at: float
    within: float
    says: str


@dataclass(frozen=True)
class Changed:
    """A setting whose change has a consequence that the models leave out or only assume."""

    kind: str
    quantity: str
    says: str


_FIRST_CYCLE = (
    "the first cycle's efficiency and film were set at C/10 and 25 degC alone: elsewhere their "
    "direction follows practice, their size (fast_charge_loss) is assumed"
)
SET_AT = (
    # fmus/formation/README.md: the efficiency of 0.85 is fitted there [D]
    SetAt("formation", "charge_rate", 0.1, 0.02, _FIRST_CYCLE),  # 1/h
    SetAt("formation", "chamber_temperature", 298.15, 5.0, _FIRST_CYCLE),  # K
    SetAt(
        "formation", "lower_voltage", 2.8, 0.1,  # V
        "the efficiency of 0.85 is fitted for a discharge to 2.8 V: 0.867 at 2.5 V and 0.829 at "
        "3.0 V are the model's",
    ),
)  # fmt: skip
CHANGED = (
    Changed(
        "coater", "web_speed",
        "ripple and drift of the loading are scatter per metre at any speed: whether its spread "
        "grows with speed is not decided",
    ),
    Changed(
        "calender", "line_load",
        "only the ratio of compaction resistance to stiffness is known: trust the porosity "
        "reached more than N/mm",
    ),
    Changed(
        "formation", "charge_rate",
        "life is not modelled: what a faster first charge costs later is not decided",
    ),
)  # fmt: skip


def undecided(stations: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what a run's own settings ask of models beyond what their constants were set at.

    `stations`: path -> station of the resolved scenario. Each sentence once, with the settings.
    """
    found: dict[str, list[str]] = {}
    for path, station in stations.items():
        for rule in SET_AT:
            value = _setting(station, rule)
            if value is not None and abs(value - rule.at) > rule.within * (1 + 1e-9):
                shown = display.value(value, rule.quantity)
                asked = f"{station.get('group') or path}.{rule.quantity} {shown}"
                found.setdefault(rule.says, []).append(asked)
    return [f"{', '.join(dict.fromkeys(asked))}: {says}" for says, asked in found.items()]


def undecided_between(several: Iterable[Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Return what a comparison of scenarios asks that the models leave open."""
    told: dict[str, list[str]] = {}
    lines = list(several)
    for rule in CHANGED:
        paths = {path for stations in lines for path in stations}
        for path in sorted(paths):
            values = {_setting(stations.get(path, {}), rule) for stations in lines}
            if len(values - {None}) > 1:
                group = next((s[path].get("group") for s in lines if path in s), None)
                told.setdefault(rule.says, []).append(f"{group or path}.{rule.quantity}")
    return [f"{', '.join(dict.fromkeys(paths))}: {says}" for says, paths in told.items()]


def _setting(station: Mapping[str, Any], rule: SetAt | Changed) -> float | None:
    if station.get("kind") != rule.kind:
        return None
    content = (station.get("parameters") or {}).get(rule.quantity) or {}
    value = content.get("value")
    return float(value) if isinstance(value, (int, float)) else None
