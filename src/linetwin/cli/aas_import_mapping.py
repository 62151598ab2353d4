"""The mapping that machines bring which join a line, and what `linetwin live run` wants of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.errors import Problem, ScenarioError
from linetwin.shells.joining.signals import BARE
from linetwin.twin.following.joining import TELLING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.shells.joining import Joined
    from linetwin.shells.joining.interfaces import Source


def mapping_of(name: str, owner: str, joined: Sequence[Joined]) -> dict[str, Any]:
    """Return a mapping file's content: a source for each server, the signals of all machines.

    Raises ScenarioError where machines say of the line that it began at different instants.
    """
    names: dict[Source, str] = {}
    found: dict[str, dict[str, Any]] = {"states": {}, "modes": {}, "signals": {}}
    for each in joined:
        for interface in each.interfaces:
            if not interface.signals:
                continue
            source = names.setdefault(interface.source, _free(each.station, names))
            found["states"] |= interface.states
            found["modes"] |= interface.modes
            for key, signal in interface.signals.items():
                found["signals"][key] = {"source": source, **signal}
    head: dict[str, Any] = {"schema": 1, "name": name, "owner": owner, "version": "1"}
    if start := _line_start(joined):
        head["line_start"] = start
    sources = {name: _source(source, owner) for source, name in names.items()}
    return {**head, "sources": sources, **{key: each for key, each in found.items() if each}}


def _free(station: str, names: dict[Source, str]) -> str:
    """Return a name of a source after a station that no other has."""
    plain, taken = station.replace(".", "_"), set(names.values())
    tried = (f"{plain}_{i + 1}" if i else plain for i in range(len(taken) + 1))
    return next(name for name in tried if name not in taken)


def _source(source: Source, owner: str) -> dict[str, Any]:
    security = {"policy": source.policy, **({"user": source.user} if source.user else {})}
    clock: dict[str, Any] = {"owner": owner, **({"played": True} if source.played else {})}
    return {"endpoints": [source.url], "security": security, "clock": clock}


def _line_start(joined: Sequence[Joined]) -> str:
    """Return when the line of a simulated plant began, as its machines say; "" where none does."""
    said = {i.line_start: each.station for each in joined for i in each.interfaces if i.line_start}
    if len(said) > 1:
        told = ", ".join(f"{station} {start}" for start, station in said.items())
        hint = "shells of one plant, exported at one time"
        raise ScenarioError([Problem(f"the line began at different instants: {told}", hint=hint)])
    return next(iter(said), "")


def wanting(joined: Sequence[Joined]) -> Iterator[str]:
    """Yield what `live run` has not got of the machines' signals to follow them, by station."""
    for each in joined:
        signals = [signal for i in each.interfaces for signal in i.signals.values()]
        if not signals or each.station in BARE:
            continue
        told = {_told(signal) for signal in signals}
        missing = sorted(TELLING - told)
        if len(missing) == len(TELLING):
            yield (
                f"{each.station}: live run cannot follow it, for no signal tells its state or its "
                f"lots: {', '.join(missing)}; the mapping suffices for live watch and live record"
            )
        elif missing:
            yield f"{each.station}: live run follows it without {', '.join(missing)}"


def _told(signal: dict[str, Any]) -> str:
    """Return what a signal tells of a station: kind, of lots and counts the name."""
    return "state" if signal["kind"] == "state" else str(signal["address"]).rpartition(".")[2]
