"""What a running twin tells to a server of shells, by the files of its folder; they are only read.

The board has predictions and readings, `twin.status` how the twin is. A twin that gives no word
tells nothing: its values are left out, and their quality says why.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from linetwin.cli.running import Request
from linetwin.cli.twin_forking import origin_of, read_kept
from linetwin.errors import LinetwinError, Problem, ScenarioError
from linetwin.results.audit import entry_of
from linetwin.shells import terms
from linetwin.shells.describing.interfaces import SIGNALS
from linetwin.shells.naming import id_short
from linetwin.shells.serving.signals import Signal, add_signals, tags_of
from linetwin.shells.serving.values import Reading
from linetwin.twin.board.board import LOG, MEASURED, PREDICTED
from linetwin.twin.plant.model import LINE
from linetwin.twin.publishing.model import BOUNDS, prediction_name, twin_model
from linetwin.twin.scales import scale_of
from linetwin.twin.writing.contact import IN_STEP, OUT_OF_STEP
from linetwin.twin.writing.status import EVERYWHERE, GOOD_S, StatusFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.scenario import Scenario
    from linetwin.shells.environment import Environment
    from linetwin.shells.naming import Names
    from linetwin.twin.plant.model import Machine
    from linetwin.twin.writing.status import Status

SUBMODEL: Final = "Twin"
_PREDICTIONS: Final = ".Predictions."
_NOTHING: Final = (0, 0, 0)
"""Inode, size and time of change [ns] of a board of which nothing was read."""
STATE, AGE, HELD = "Twin.state", "Twin.data_age", "Twin.held"


def _utc_s() -> float:
    return datetime.now(UTC).timestamp()


class TwinValues:
    """Signals, predictions and state of a twin.

    `signals`: instrument -> address of what it reads; a reading of another one is shown nowhere.
    `now`: instant in s UTC. ScenarioError for a folder without a board. Where a line of the board
    cannot be read, nothing after it is known: all that it tells is bad until it can be.
    """

    is_slow = True

    def __init__(
        self, folder: Path, signals: Mapping[str, str], now: Callable[[], float] = _utc_s
    ) -> None:
        self._file, self._status, self._now = folder / LOG, StatusFile(folder), now
        self._signals, self._tags = signals, frozenset(signals.values())
        if not self._file.is_file():
            hint = "a folder of linetwin live run"
            raise ScenarioError([Problem("no twin has predicted here", "--twin", hint, folder)])
        self._alone = threading.Lock()
        self._known, self._offset, self._fault = _NOTHING, 0, ""
        self._forget()

    def _forget(self) -> None:
        """Begin with a board anew."""
        self._hash = ""
        """Hash of the entry that was read last."""
        self._told: dict[str, tuple[float | str, int]] = {}
        self._lots: dict[str, str] = {}
        """Address of a lot's name -> the prediction that is shown there."""

    def value(self, address: str) -> Reading | None:
        """Return what the twin tells of an address in its canonical unit, None for nothing."""
        with self._alone:
            self._follow()
            found, fault = self._told.get(address), self._fault
        status, (station, folder, name) = self._status.read(), _split(address)
        quality = self._quality(status, station, is_foretold=folder == _PREDICTIONS)
        if name in {STATE, AGE, HELD}:
            return self._of_twin(status, station, name, quality)
        if fault and (address in self._tags or folder == _PREDICTIONS):
            return Reading(None, None if found is None else found[1], f"bad: {fault}")
        if found is None:
            return None
        is_there = status is not None and not self._silent(status)
        return Reading(found[0] if is_there else None, found[1], quality)

    def _of_twin(self, status: Status | None, station: str, name: str, quality: str) -> Reading:
        """Return what the twin says of itself."""
        if status is None or self._silent(status):
            return Reading(None, None, quality)
        told = {STATE: status.state, AGE: status.age_s, HELD: status.held.get(station, "")}
        return Reading(told[name], None, quality)

    def _silent(self, status: Status) -> bool:
        return abs(self._now() - status.told) > GOOD_S

    def _quality(self, status: Status | None, station: str, *, is_foretold: bool) -> str:
        """Return how far the twin is to be trusted at a station just now.

        `is_foretold`: of a prediction, for which the whole line has to be in step.
        """
        if status is None:
            return "bad: the twin does not run"
        if self._silent(status):
            return f"bad: the twin: {status.said(self._now())}"
        if status.state not in {IN_STEP, OUT_OF_STEP}:
            return f"uncertain: the twin is {status.state}"
        held = status.held.get(station) or status.held.get(EVERYWHERE)
        if held:
            return f"uncertain: {held}"
        is_apart = is_foretold and status.state == OUT_OF_STEP
        return f"uncertain: the twin is {OUT_OF_STEP}" if is_apart else "good"

    def _follow(self) -> None:
        """Read what has been written since; `_fault` says why that cannot be gone on with."""
        try:
            status = self._file.stat()
            known = (status.st_ino, status.st_size, status.st_mtime_ns)
            if known != self._known or self._fault:
                self._read_on(known)
        except FileNotFoundError:
            self._known, self._offset, self._fault = _NOTHING, 0, ""
            self._forget()
        except OSError as error:
            self._fault = f"{LOG} cannot be read: {error.strerror or error}"

    def _read_on(self, known: tuple[int, int, int]) -> None:
        """Read whole lines from where was stopped, up to one that is none of a board.

        `known`: as `_NOTHING`, of the file as it is.
        """
        if known[0] != self._known[0] or known[1] < self._offset:
            self._offset = 0
        try:
            with self._file.open("rb") as stream:
                stream.seek(self._offset)
                for line in stream:
                    if not line.endswith(b"\n"):  # it is being written
                        break
                    self._take(entry_of(line))
                    self._offset += len(line)
            self._fault = ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, ValueError) else "it is no entry of a board"
            self._fault = f"{LOG} cannot be read from byte {self._offset} on: {why}"
        self._known = known

    def _take(self, entry: Entry) -> None:
        """Let an entry count; one that follows none that was read is of another twin's board."""
        if self._hash and entry.previous != self._hash:
            self._forget()
        if entry.what == PREDICTED:
            for row in entry.after["rows"]:
                name = prediction_name(row["quantity"], row.get("place", 0))
                tick = int(row.get("made_tick", 0))
                begin = f"{row['station']}{_PREDICTIONS}{name}"
                for part in BOUNDS:
                    if row.get(part) is not None:
                        self._told[f"{begin}_{part}"] = float(row[part]), tick
                self._told[f"{begin}_lot"] = str(row["called"]), tick
                self._lots[f"{begin}_lot"] = str(row["id"])
        elif entry.what == MEASURED:
            for row in entry.after["rows"]:
                address = self._signals.get(row["instrument"], "")
                if address and row["value"] is not None:
                    self._told[address] = float(row["value"]), int(row.get("tick", 0))
                self._name(str(row["prediction"]), str(row["plant_lot"]))
        self._hash = entry.hash

    def _name(self, prediction: str, plant_lot: str) -> None:
        """Let a prediction that is still shown have its lot's name by which it was read."""
        for address, known in self._lots.items():
            if known == prediction and plant_lot:
                self._told[address] = plant_lot, self._told[address][1]


def _split(address: str) -> tuple[str, str, str]:
    """Return station, folder with its points, and name; of the twin itself `Twin.name`."""
    station, dot, name = address.rpartition(".Twin.")
    if dot:
        return station, dot, f"Twin.{name}"
    station, dot, name = address.rpartition(_PREDICTIONS)
    return (station, dot, name) if dot else address.rpartition(".")


def scenario_of(folder: Path, served: Iterable[str]) -> tuple[Scenario | None, str]:
    """Return the scenario that a twin follows its plant by, and a note, "" where all is known.

    It is what the saved twin was asked for, else of the scenarios `served` the first with a twin.
    """
    try:
        found = origin_of(read_kept(folder)[1]).load()
        if found.twin is not None:
            return found, ""
        why = f"{found.name} has no section twin any more"
    except LinetwinError as error:
        why = str(error).splitlines()[0]
    for each in served:
        scenario = Request(each, (), None, None).load()
        if scenario.twin is not None:
            note = f"the twin names no scenario ({why}): taken for one of {each}"
            return scenario, note
    hint = "name its scenario beside what is served, or serve again when it has been saved"
    return None, f"no readings and no submodel {SUBMODEL}: {why}; {hint}"


def signals_of(scenario: Scenario | None) -> dict[str, str]:
    """Return instrument -> address of what it reads, of a scenario's twin."""
    if scenario is None or scenario.twin is None:
        return {}
    return {each.name: each.signal for each in scenario.twin.instruments}


def add_twin(found: Environment, scenario: Scenario, names: Names) -> None:
    """Add to shells of a scenario's line what its twin tells, as signals.

    They are in a submodel of the line, and in one of each station; what an instrument reads that
    has no tag in the shells has one in its station's signals. A note says what is nowhere.
    """
    line = scenario.line.name
    if found.objects.get(names.line(line).shell) is None:
        told = f"the twin is of line {line}, of which no shells are served"
        found.notes.append(f"no submodel {SUBMODEL}: {told}")
    else:
        own = [Signal(f"{LINE}.{STATE}"), Signal(f"{LINE}.{AGE}", unit="s", is_number=True)]
        add_signals(found, names.line(line), SUBMODEL, own)
        shown = twin_model(scenario, ()).machines
        for path in scenario.stations:
            signals = [Signal(f"{path}.{HELD}"), *_predictions(shown[path])]
            add_signals(found, names.machine(line, path), SUBMODEL, signals)
    _add_readings(found, scenario, names)
    terms.add_concepts(found)


def _add_readings(found: Environment, scenario: Scenario, names: Names) -> None:
    """Add the tags of instruments that the served shells have not, which is noted where it fails.

    A plant's instruments are in its own scenario or mapping; the twin's scenario is without them.
    """
    wanted = [] if scenario.twin is None else scenario.twin.instruments
    there = tags_of(found)
    for each in wanted:
        if id_short(each.signal) not in there:
            word = scale_of(each.quantity).quantity
            tag = Signal(each.signal, word.name, word.unit, is_number=True)
            add_signals(found, names.machine(scenario.line.name, each.station), SIGNALS, [tag])
    there = tags_of(found)
    missing = [each.name for each in wanted if id_short(each.signal) not in there]
    if missing:
        found.notes.append(
            f"no tag, so no reading, of {', '.join(missing)}: no shell of its machine"
        )


def _predictions(machine: Machine) -> Iterator[Signal]:
    """Yield the signals of a station's predictions: median, interval, open loop and lot."""
    tags = {each.name for each in machine.tags if each.folder == "Predictions"}
    for name in sorted(each.removesuffix("_open_loop") for each in tags if "_open_loop" in each):
        word, begin = scale_of(name.partition("_after_")[0]).quantity, f"{machine.path}.Predictions"
        for bound in BOUNDS:
            yield Signal(f"{begin}.{name}_{bound}", word.name, word.unit, is_number=True)
        yield Signal(f"{begin}.{name}_lot")
