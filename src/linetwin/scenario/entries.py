"""The disturbances as they were written: those of the scenario, and what `--set` makes of them.

    --set 'disturbances.drift.per_day=4 um'
    --set 'disturbances.heat={address: building.outdoor_temperature, value: 33 degC, from: 1 d}'

One without a name of its own is called by its number, from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from linetwin.errors import ScenarioError
from linetwin.scenario.document import fragment
from linetwin.scenario.emit import flow
from linetwin.scenario.plan import TICKS_PER_SECOND
from linetwin.scenario.problems import Place, nearest
from linetwin.scenario.schema import Disturbance
from linetwin.scenario.validation import words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from linetwin.scenario.problems import Problems
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked

PREFIX = "disturbances."
"""How an address of `--set` begins that means a disturbance."""

BEGINS = ("from", "at")
"""Keys that say when a disturbance begins."""

ALL_KEYS = tuple(field_.alias or name for name, field_ in Disturbance.model_fields.items())


@dataclass(frozen=True)
class Entry:
    """One disturbance as written; `at` where, `keys` where its keys are.

    `cut`: keys that could not be read, which has been told.
    """

    name: str
    written: Disturbance
    at: Place
    keys: Mapping[str, Place] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()

    def place(self, key: str) -> Place:
        """Return where a key was written."""
        return self.keys.get(key) or self.at.below(key)


def entries_of(
    scenario: Checked[ScenarioFile], overrides: Sequence[str], problems: Problems
) -> list[Entry]:
    """Return the disturbances in the order in which they were written; new ones come last."""
    found: dict[str, Entry] = {}
    for index, written in enumerate(scenario.model.disturbances):
        path = ("disturbances", index)
        place = scenario.document.place(path)
        if written is not None:
            keys = {
                key: scenario.document.place((*path, key))
                for key in written.model_dump(by_alias=True, exclude_unset=True)
            }
            cut = frozenset(key for key in ALL_KEYS if scenario.is_cut(*path, key))
            entry = Entry(written.name or str(index + 1), written, place, keys, cut)
            if entry.name in found:
                hint = "each has a name of its own; one without is called by its number"
                problems.add(entry.place("name"), f"a second one is called '{entry.name}'", hint)
            found[entry.name] = entry
        elif not scenario.is_cut(*path):
            problems.add(place, "an empty item", "address, kind, its amounts, from, until")
    for override in overrides:
        _override(override, found, problems)
    return list(found.values())


def begun_at(settings: Sequence[str], tick: int) -> tuple[str, ...]:
    """Return `--set` texts in which each new disturbance without a begin has `tick` (ms) for it.

    What cannot be read stays as it is, for whoever reads the scenario to tell.
    """
    addresses = {text.partition("=")[0].strip() for text in settings}
    return tuple(_begun_at(text, tick, addresses) for text in settings)


def _begun_at(text: str, tick: int, addresses: Collection[str]) -> str:
    address, _, content = text.partition("=")
    address = address.strip()
    written = {f"{address}.{key}" for key in BEGINS}
    if not address.startswith(PREFIX) or not written.isdisjoint(addresses):
        return text
    try:
        raw = fragment(content)
    except ScenarioError:
        return text
    if not isinstance(raw, dict) or not raw.keys().isdisjoint(BEGINS):
        return text
    return f"{address}={flow(raw | {'from': f'{tick / TICKS_PER_SECOND:.15g} s'})}"


def _override(override: str, found: dict[str, Entry], problems: Problems) -> None:
    """Change one key of a disturbance, or put a whole one behind the others."""
    address, equals, text = override.partition("=")
    address = address.strip()
    place = Place(f"--set {address}", origin="--set")
    name, _, key = address.removeprefix(PREFIX).partition(".")
    try:
        raw = fragment(text)
    except ScenarioError as error:
        problems.adopt(error, place)
        return
    before = found.get(name)
    if _twice(name, key, raw, before, place, problems):
        return
    if not equals or not name or (key and before is None):
        hint = (
            nearest(name, found, "disturbance") if key else "write NAME={address: ..., kind: ...}"
        )
        problems.add(place, f"no disturbance is called '{name}'", hint)
        return
    old: dict[str, Any] = {}
    if key and before is not None:
        old = before.written.model_dump(by_alias=True, exclude_unset=True)
    elif not isinstance(raw, dict):
        hint = f"write {PREFIX}{name}.offset=..., or {{address: ..., kind: ...}}"
        problems.add(place, "which of its keys?", hint)
        return
    try:
        content = old | ({key: raw} if key else {"name": name} | raw)  # type: ignore[operator]
        written = Disturbance.model_validate(content if not name.isdigit() else _bare(content))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.add(place, *words(detail, Disturbance))
        return
    if key and before is not None:
        found[name] = replace(before, written=written, keys={**before.keys, key: place})
    else:
        found[name] = Entry(name, written, place)


def _twice(
    name: str, key: str, raw: object, before: Entry | None, place: Place, problems: Problems
) -> bool:
    """Note a second disturbance of one name, or a second name of one; True where it is so."""
    if before is not None and not key and isinstance(raw, dict):
        where = before.at.key if before.at.file is None else f"{before.at.file}:{before.at.line}"
        hint = f"{PREFIX}{name}.KEY=... changes that one; a new one has another name"
        problems.add(place, f"a disturbance is called '{name}' already: {where}", hint)
        return True
    own = raw if key == "name" else raw.get("name", name) if isinstance(raw, dict) else name
    if own != name:
        problems.add(place, f"'{own}' is a second name of disturbance '{name}'", "leave it out")
    return own != name


def _bare(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out a name that is only the number of its place."""
    return {key: value for key, value in content.items() if key != "name"}
