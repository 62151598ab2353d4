"""Reading a mapping file: what each signal of a plant stands for in the line.

    mapping = load_mapping(Path("pilot.mapping.yaml"), load("live_twin"))

Every problem is found before one is told, each with file, line, key and what is allowed.
"""

from __future__ import annotations

import difflib
import math
import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity
from linetwin.quantities.packml import STATES
from linetwin.scenario.document import read
from linetwin.scenario.mapped import (
    MODES,
    UNDEFINED,
    BrokerConfig,
    CodeTable,
    CompressionConfig,
    Mapping,
    PastConfig,
    SecurityConfig,
    SourceConfig,
    TableConfig,
    beside_played,
)
from linetwin.scenario.mapping_addresses import Addressed
from linetwin.scenario.mapping_keys import idle_keys, is_time_format, odd_codes, same_addresses
from linetwin.scenario.mapping_lots import LotReader
from linetwin.scenario.mapping_schema import MappingFile
from linetwin.scenario.mapping_signals import FIELD_HINT, WILDCARDS, SignalReader
from linetwin.scenario.problems import Problems, nearest
from linetwin.scenario.validation import validate
from linetwin.scenario.values import read_value

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly
    from pathlib import Path

    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.mapping_addresses import Quantities
    from linetwin.scenario.mapping_schema import Alive, Codes, Signal, Source
    from linetwin.scenario.resolved import Scenario
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

INSTANT_HINT = "an instant with its zone, such as 2026-11-23T00:00:00+01:00"
_DAY_S = 86_400.0
_SPAN = Quantity("time", "s", "wall time", minimum=0.001, maximum=_DAY_S)
_LONGEST = Quantity("time", "s", "wall time", minimum=1.0, maximum=365 * _DAY_S)
_SHARE = Quantity("deviation", "1", "share of a range", display="%", minimum=0.0, maximum=1.0)
_SHIFT = Quantity("time", "s", "wall time", minimum=-_DAY_S, maximum=_DAY_S)
_TLS = "mqtts://"
_SCHEMES = ("opc.tcp://", "mqtts://", "mqtt://")
_DATABASES = (".sqlite", ".db")
_TABLES = (".csv", ".parquet", *_DATABASES)


def instant(written: str) -> int | None:
    """Return an instant with its zone [ns UTC, whole ms]; None where it is none."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return None if found.tzinfo is None else round(found.timestamp() * 1000) * 1_000_000


def load_mapping(
    file: Path, scenario: Scenario | None = None, quantities: Quantities = MappingProxyType({})
) -> Mapping:
    """Return a mapping file, checked, its addresses too where a scenario is given.

    quantities: path -> those that a station or buffer has, which models know; nothing is said of
    what is not there. `line.readable.load_line_mapping` gives them.
    Raises ScenarioError with every problem found.
    """
    problems = Problems()
    document = read(file, file.name)
    problems.keep(document.problems)
    checked = validate(document, MappingFile, problems)
    if checked is None:
        problems.check()
        raise ScenarioError("nothing to read")
    reader = _Reader(checked, problems, quantities)
    found = reader.mapping(scenario)
    problems.check()
    return found


@dataclass(frozen=True)
class _Reader:
    """Reads one file; what is wrong is noted, and the caller raises it."""

    checked: Checked[MappingFile]
    problems: Problems
    quantities: Quantities

    def mapping(self, scenario: Scenario | None) -> Mapping:
        model, file = self.checked.model, self.checked.document.file
        for key in ("owner", "version"):
            if not getattr(model, key).strip():
                self._note((key,), "is empty", "text, such as process engineering or 7")
        for name in model.states.keys() & model.modes.keys():
            self._note(("modes", name), "is a table of states already", "choose another name")
        tables = {
            **self._codes("states", model.states, {"UNDEFINED": UNDEFINED, **STATES}),
            **self._codes("modes", model.modes, {"UNDEFINED": UNDEFINED, **MODES}),
        }
        sources = {name: self._source(name, source) for name, source in model.sources.items()}
        said = {name for name, e in model.sources.items() if "played" in e.clock.model_fields_set}
        sources = beside_played(sources, said)
        if not sources and not self.checked.is_cut("sources"):
            self._note(("sources",), "there is no source", "a server or a file")
        line = None if scenario is None else Addressed(scenario, self.quantities)
        reader = SignalReader(self.checked, sources, tables, line, self.problems)
        signals = [reader.signal(name, signal) for name, signal in model.signals.items()]
        reader.tell_doubts()
        if not signals and not self.checked.is_cut("signals"):
            self._note(("signals",), "there is no signal", "one at least, such as speed: {...}")
        self._check_repeats(model.signals)
        for name, first in same_addresses(model.signals) if scenario is not None else ():
            message = f"stands for what '{first}' stands for"
            self._note(("signals", name, "address"), message, "one signal an address")
        lots = LotReader(self.checked, self.problems)
        return Mapping(
            name=model.name,
            owner=model.owner,
            version=model.version,
            sources=sources,
            signals=tuple(signal for signal in signals if signal is not None),
            file=file,
            text=file.read_text(encoding="utf-8-sig"),
            title=model.title,
            lots=tuple(lots.kind(name, kind) for name, kind in model.lots.items()),
            line_start=self._line_start(model.line_start),
        )

    def _line_start(self, written: str) -> int | None:
        """Return the instant from which ticks of the line count [ns UTC]; None without one."""
        return self._instant(written, ("line_start",)) if written else None

    def _instant(self, written: str, at: KeyPath) -> int | None:
        """Return an instant [ns UTC, whole ms]; None where it is none, which is noted."""
        found = instant(written)
        if found is None:
            self._note(at, f"'{written}' is no instant", INSTANT_HINT)
        return found

    def _past(self, at: KeyPath, source: Source) -> PastConfig | None:
        """Return the time of which a server's history is read first; None where none is."""
        written = source.history
        if isinstance(written, bool):
            return None
        if not any(each.startswith(_SCHEMES[0]) for each in source.endpoints):
            self._note(at, "is of a server", "for endpoints such as opc.tcp://historian:4840")
        begin = self._instant(written.begin, (*at, "from"))
        end = self._instant(written.to, (*at, "to")) if written.to else None
        if begin is not None and end is not None and begin >= end:
            self._note((*at, "to"), "is not after from", INSTANT_HINT)
        return None if begin is None else PastConfig(begin, end)

    def _note(self, path: KeyPath, message: str, hint: str) -> None:
        self.problems.add(self.checked.document.place(path), message, hint)

    def _check_repeats(self, signals: ReadOnly[str, Signal]) -> None:
        """Two signals from one node are one signal with two meanings."""
        seen: dict[tuple[object, ...], str] = {}
        for name, signal in signals.items():
            topic = signal.topic and f"{signal.topic}#{signal.field or ''}"
            where = signal.node or signal.column or topic or tuple(signal.path)
            first = seen.setdefault((signal.source, where), name)
            if first != name and where:
                message = f"reads what '{first}' reads"
                self._note(("signals", name), message, "one signal a node, column or topic")

    def _source(self, name: str, source: Source) -> SourceConfig:
        at: KeyPath = ("sources", name)
        if bool(source.endpoints) == (source.file is not None):
            self._note(
                at, "needs endpoints or a file", "one of the two, such as opc.tcp://plc:4840"
            )
        broker = self._broker(at, source)
        kind = "file" if source.file is not None else "server" if broker is None else "broker"
        for key, other in idle_keys(source, kind):
            self._note((*at, key), f"'{name}' is a {kind}", f"leave it out: {key} is of a {other}")
        if source.namespaces and (broker is not None or source.file is not None):
            self._note(
                (*at, "namespaces"), "are of a server", "for endpoints such as opc.tcp://plc"
            )
        security = source.security
        if security.policy == "None" and security.user:
            message = "a user is not told over a channel without protection"
            self._note((*at, "security", "user"), message, "leave user out, or take another policy")
        if security.certificate and not any(e.startswith(_TLS) for e in source.endpoints):
            self._note((*at, "security", "certificate"), "is for a broker", f"for {_TLS}broker")
        if source.clock.zone not in zoneinfo.available_timezones():
            hint = _nearest_zone(source.clock.zone)
            self._note((*at, "clock", "zone"), f"unknown time zone '{source.clock.zone}'", hint)
        publishing = self._seconds(source.publishing, (*at, "publishing"), _SPAN)
        stale_after = self._seconds(source.stale_after, (*at, "stale_after"), _SPAN)
        if source.file is not None and "stale_after" not in source.model_fields_set:
            stale_after = math.inf  # a laboratory writes when it has something to tell
        if source.file is None and stale_after < publishing * source.keep_alive:
            life = publishing * source.keep_alive
            message = f"a server that is well may say nothing for {life:g} s"
            self._note((*at, "stale_after"), message, "at least publishing times keep_alive")
        return SourceConfig(
            name=name,
            endpoints=tuple(source.endpoints),
            namespaces=source.namespaces,
            security=SecurityConfig(**security.model_dump()),
            table=self._table(at, source),
            broker=broker,
            clock_owner=source.clock.owner,
            zone=source.clock.zone,
            clock_offset_s=self._seconds(source.clock.ahead, (*at, "clock", "ahead"), _SHIFT),
            played=source.clock.played,
            publishing_s=publishing,
            keep_alive=source.keep_alive,
            late_after_s=self._seconds(source.late_after, (*at, "late_after"), _SPAN),
            stale_after_s=stale_after,
            history=bool(source.history),
            past=self._past((*at, "history"), source),
            compression=self._compression((*at, "compression"), source),
        )

    def _compression(self, at: KeyPath, source: Source) -> CompressionConfig | None:
        """Return how a historian left values out; a last value kept is off by nothing."""
        written = source.compression
        if written is None:
            return None
        share, longest = None, math.inf
        if written.deviation is not None:
            if written.method == "last_value":
                message = "what did not change was left out: there is no deviation"
                self._note((*at, "deviation"), message, "leave it out, or take deadband")
            place = self.checked.document.place((*at, "deviation"))
            value = read_value(written.deviation, _SHARE, place, self.problems)
            share = None if value is None else value.number
        if written.longest is not None:
            longest = self._seconds(written.longest, (*at, "longest"), _LONGEST)
        return CompressionConfig(written.method, share, longest)

    def _schemes(self, at: KeyPath, source: Source) -> set[str]:
        """Return what the endpoints begin with, "" for what is read by nothing."""
        schemes: set[str] = set()
        for index, endpoint in enumerate(source.endpoints):
            scheme = next((each for each in _SCHEMES if endpoint.startswith(each)), "")
            schemes.add(scheme)
            if "@" in endpoint[len(scheme) :].partition("/")[0]:
                hint = "write security: {user: NAME}; the password is asked for"
                self._note((*at, "endpoints", index), "a user or password stands in it", hint)
            elif len(endpoint) == len(scheme) or not scheme:
                message = f"'{endpoint}' is no endpoint"
                hint = "such as opc.tcp://plc:4840/path or mqtts://broker:8883"
                self._note((*at, "endpoints", index), message, hint)
            elif endpoint in source.endpoints[:index]:
                message = f"'{endpoint}' is there twice"
                self._note((*at, "endpoints", index), message, "each endpoint of a set once")
            elif not _has_sound_port(endpoint):
                message = f"'{endpoint}' has no host, or a port that cannot be"
                self._note((*at, "endpoints", index), message, "a host and a port from 1 to 65535")
        if len(schemes) > 1:
            self._note((*at, "endpoints"), "are of several kinds", "one scheme for a redundant set")
        return schemes

    def _broker(self, at: KeyPath, source: Source) -> BrokerConfig | None:
        """Return how a broker is read; None where the source is none."""
        schemes = self._schemes(at, source)
        if not schemes & {"mqtts://", "mqtt://"}:
            for key in ("client", "alive", "mqtt"):
                if key in source.model_fields_set:
                    self._note((*at, key), "is of a broker", "for endpoints such as mqtts://broker")
            return None
        if ("mqtt://" in schemes) != (source.security.policy == "None"):
            message = "mqtt:// protects nothing, mqtts:// does"
            self._note((*at, "security"), message, "security: {policy: None} for mqtt:// only")
        if source.history and not source.client:
            message = "a broker keeps messages only for a client that it knows again"
            self._note((*at, "history"), message, "write client: and a name that no other has")
        alive = source.alive
        if alive is not None:
            self._check_alive((*at, "alive"), alive)
        return BrokerConfig(
            source.time,
            source.value,
            source.status,
            source.client,
            None if alive is None else (alive.topic, alive.field),
            () if alive is None else tuple(alive.offline),
            source.mqtt,
            source.clock.ambiguous,
        )

    def _check_alive(self, at: KeyPath, alive: Alive) -> None:
        if not alive.topic or any(each in alive.topic for each in WILDCARDS):
            hint = "one topic, without +, # and NUL"
            self._note((*at, "topic"), f"'{alive.topic}' is no topic", hint)
        if alive.field and not all(alive.field.split(".")):
            self._note((*at, "field"), f"'{alive.field}' has an empty part", FIELD_HINT)

    def _table(self, at: KeyPath, source: Source) -> TableConfig | None:
        if source.file is None:
            if source.table:
                self._note((*at, "table"), "is of a file", f"for {' or '.join(_DATABASES)}")
            return None
        if source.time_format and not is_time_format(source.time_format):
            message = f"'{source.time_format}' does not read the day that it writes"
            self._note((*at, "time_format"), message, "such as %d.%m.%Y %H:%M, as strptime has it")
        file = self.checked.document.file.parent / source.file
        if file.suffix not in _TABLES:
            hint = f"allowed: {', '.join(_TABLES)}"
            self._note((*at, "file"), f"'{source.file}' is no table that is read", hint)
        if file.suffix in _DATABASES and not source.table:
            self._note((*at, "table"), "missing key", "the name of a table or view in the file")
        if file.suffix not in _DATABASES and source.table:
            message = f"a {file.suffix} is one table"
            self._note((*at, "table"), message, f"leave it out; for {' or '.join(_DATABASES)}")
        return TableConfig(
            file,
            source.table,
            source.time,
            source.tag,
            source.value,
            source.status,
            source.clock.ambiguous,
            source.lot,
            source.time_format,
        )

    def _seconds(self, written: Written, path: KeyPath, span: Quantity) -> float:
        value = read_value(written, span, self.checked.document.place(path), self.problems)
        return 1.0 if value is None else value.number

    def _codes(
        self,
        section: Literal["states", "modes"],
        written: ReadOnly[str, Codes],
        known: ReadOnly[str, int],
    ) -> dict[str, CodeTable]:
        """Return the tables of codes; a name that PackML does not have is a problem."""
        found = {}
        for name, table in written.items():
            at: KeyPath = (section, name)
            if isinstance(table.codes, str):
                codes = {str(number): number for number in known.values()}
            else:
                codes = {}
                for code in odd_codes(table):
                    hint = "true and false come as 1 and 0; other codes are whole numbers or words"
                    self._note((*at, "codes", code), f"no value has the code {code}", hint)
                if not table.codes:
                    hint = f"such as {{0: {'Stopped' if section == 'states' else 'Production'}}}"
                    self._note((*at, "codes"), "there is no code", hint)
                for code, meaning in table.codes.items():
                    if meaning not in known:
                        near = nearest(meaning, known)
                        hint = f"{near}; {section} are {', '.join(known)}"
                        self._note((*at, "codes", code), f"'{meaning}' is not of PackML", hint)
                    codes[code] = known.get(meaning, UNDEFINED)
            suspends: dict[str, str] = {
                str(code): reason for reason, list_ in table.suspend.items() for code in list_
            }
            for code in suspends.keys() - codes.keys():
                hint = "write under codes which state it is, beside what it suspends"
                self._note((*at, "suspend"), f"code {code} has no state", hint)
            if section == "modes":
                work = {UNDEFINED, MODES["Production"]}
                by_mode = {code: "manual" for code, mode in codes.items() if mode not in work}
                suspends = by_mode | suspends
            found[name] = CodeTable(name, codes, suspends)
        return found


def _nearest_zone(zone: str) -> str:
    """Return a hint: the nearest names, or how they look, for there are some 600 of them."""
    near = difflib.get_close_matches(zone, sorted(zoneinfo.available_timezones()))
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "a name of the IANA time zones, such as UTC or Europe/Berlin"


def _has_sound_port(endpoint: str) -> bool:
    """Return whether an endpoint has a host and, where it names a port, one that can be."""
    try:
        parts = urlsplit(endpoint)
        return bool(parts.hostname) and parts.port != 0 and endpoint.split() == [endpoint]
    except ValueError:  # no number, too large, or brackets that do not close
        return False
