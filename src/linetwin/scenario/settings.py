"""Values set by address: recipe, then scenario, then `--set`; the later wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from linetwin.errors import ScenarioError
from linetwin.scenario.document import fragment
from linetwin.scenario.problems import Place
from linetwin.scenario.sections import SECTIONS, read_section_value
from linetwin.scenario.values import read_free, read_value
from linetwin.scenario.written import Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.scenario.addressing import Plant, Target
    from linetwin.scenario.problems import Problems
    from linetwin.scenario.recipe import RecipeFile
    from linetwin.scenario.resolved import Value
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked

SettingKey = tuple[str, str, str, str]
"""station, section, group, name: where an address points."""


@dataclass(frozen=True)
class Settings:
    """What is set where; `tried` also holds what was set to something wrong."""

    values: Mapping[SettingKey, Value]
    tried: frozenset[SettingKey]


@dataclass(frozen=True)
class Setting:
    """One `address: value` of a file or of the command line."""

    address: str
    written: Written
    place: Place


def settings_of(checked: Checked[RecipeFile] | Checked[ScenarioFile]) -> list[Setting]:
    """Return the settings of a recipe or scenario."""
    return [
        Setting(address, written, checked.document.place(("set", address)))
        for address, written in checked.model.settings.items()
    ]


def settings_of_overrides(overrides: Sequence[str], problems: Problems) -> list[Setting]:
    """Return the settings given as ADDRESS=VALUE on the command line."""
    found = []
    for override in overrides:
        address, equals, text = override.partition("=")
        address = address.strip()
        place = Place(f"--set {address}", origin="--set")
        if not equals or not address:
            hint = "--set ADDRESS=VALUE, such as --set 'cathode.coater.web_speed=1.9 m/min'"
            problems.add(Place("--set", origin="--set"), f"'{override}' has no value", hint)
            continue
        try:
            raw = fragment(text)
            written = Written.model_validate(raw if isinstance(raw, dict) else {"value": raw})
        except ScenarioError as error:
            problems.adopt(error, place)
        except ValidationError:
            hint = "write {value: 1.9 m/min, tag: A, source: why}"
            problems.add(place, f"'{text.strip()}' is no value", hint)
        else:
            found.append(Setting(address, written, place))
    return found


def apply_settings(settings: Sequence[Setting], plant: Plant, problems: Problems) -> Settings:
    """Return what is set where; every setting is checked, also one that a later one replaces."""
    values: dict[SettingKey, Value] = {}
    tried: set[SettingKey] = set()
    for setting in settings:
        try:
            target = plant.target(setting.address)
        except ScenarioError as error:
            if not plant.is_broken(setting.address):
                problems.adopt(error, setting.place)
            continue
        value = setting_value(setting, target, problems)
        for station in plant.members(target.station):
            key = (station, target.section, target.group, target.name)
            tried.add(key)
            if value is not None:
                values[key] = value
    return Settings(values, frozenset(tried))


def setting_value(setting: Setting, target: Target, problems: Problems) -> Value | None:
    """Return what a setting sets, in canonical units; None, and a problem, where it is wrong."""
    if target.quantity is None:
        return read_free(setting.written, setting.place, problems)
    if target.section in SECTIONS:
        return read_section_value(
            target.section, target.group, target.name, setting.written, setting.place, problems
        )
    return read_value(
        setting.written, target.quantity, setting.place, problems, is_list=target.is_list
    )
