"""A mapping file after it has been read: which value of which source stands for what of the line.

Every number is in canonical units; raw values become canonical by `scale` and `offset`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping as ReadOnly
    from pathlib import Path

    from linetwin.quantities import Quantity

SignalKind = Literal["measurement", "setpoint", "state", "mode", "counter", "lot"]
CompressionMethod = Literal["swinging_door", "deadband", "last_value"]
NUMBERS: frozenset[SignalKind] = frozenset({"measurement", "setpoint", "counter"})
UNDEFINED = 0
"""The state and the mode of a code that nobody mapped; PackML's numbers begin at 1."""
MODES = {"Undefined": UNDEFINED, "Production": 1, "Maintenance": 2, "Manual": 3}
"""Unit modes by PackML's numbers; all but production suspend estimation."""


@dataclass(frozen=True)
class SecurityConfig:
    """How a server is talked to; the password stands in no mapping file.

    With policy None nothing is signed or encrypted; all others do both. `host`: the other host name
    that the server's certificate may carry. `certificate`: a broker is shown ours.
    """

    policy: str = "Basic256Sha256"
    user: str = ""
    host: str = ""
    certificate: bool = False


@dataclass(frozen=True)
class TableConfig:
    """A file of values: one row a value (`tag` named), or one row a time (a column a signal).

    `lot`: column with the plant's name of the lot that values of a row are of, "" for none.
    `ambiguous`: what a local time means that occurs twice when summer ends. `time_format`: how
    times are written, as `strptime` has it; "" for ISO 8601.
    """

    file: Path
    table: str = ""
    time: str = "time"
    tag: str = ""
    value: str = "value"
    status: str = ""
    ambiguous: Literal["order", "first", "second"] = "order"
    lot: str = ""
    time_format: str = ""


@dataclass(frozen=True)
class BrokerConfig:
    """How messages of a broker are read: paths into those that are JSON, "" for none.

    `client`: the name by which the broker knows us from one connection to the next, "" for a new
    one each time. `alive`: topic and path that say whether the gateway is there, `offline`: what
    they say when it is not.
    """

    time: str = "time"
    value: str = "value"
    status: str = ""
    client: str = ""
    alive: tuple[str, str] | None = None
    offline: tuple[str, ...] = ()
    version: Literal["3.1.1", "5"] = "3.1.1"
    ambiguous: Literal["order", "first", "second"] = "order"


@dataclass(frozen=True)
class CompressionConfig:
    """How a historian decided what to leave out.

    `share`: the deviation as a share of a signal's range, for signals that name none; `longest_s`:
    after this time it keeps a value in any case, so that a longer silence says nothing [s].
    """

    method: CompressionMethod
    share: float | None = None
    longest_s: float = math.inf


@dataclass(frozen=True)
class PastConfig:
    """A time of which a server's history is read first [ns UTC].

    `end`: nothing is read after it; None: what comes is read from then on.
    """

    begin: int
    end: int | None = None


@dataclass(frozen=True)
class SourceConfig:
    """One server or broker (or a redundant set), or one file.

    `namespaces`: alias -> URI; `clock_owner`: who sets the clock that stamps the values; `zone`:
    of stamps without one; `clock_offset_s`: how far that clock is ahead of UTC; `played`: its time
    does not pass as ours does, for it is played; `history`: what a gap lost is read from the
    server's history; `past`: a time that is read from it first; `compression`: of what it hands on,
    values were left out. Times in s.
    """

    name: str
    endpoints: tuple[str, ...] = ()
    namespaces: ReadOnly[str, str] = field(default_factory=dict)
    security: SecurityConfig = SecurityConfig()
    table: TableConfig | None = None
    broker: BrokerConfig | None = None
    clock_owner: str = ""
    zone: str = "UTC"
    clock_offset_s: float = 0.0
    played: bool = False
    publishing_s: float = 0.5
    keep_alive: int = 5
    late_after_s: float = 10.0
    stale_after_s: float = 10.0
    history: bool = False
    past: PastConfig | None = None
    compression: CompressionConfig | None = None

    @property
    def is_server(self) -> bool:
        """Whether it is an OPC UA server."""
        return self.table is None and self.broker is None


def beside_played(
    sources: ReadOnly[str, SourceConfig], said: Collection[str]
) -> dict[str, SourceConfig]:
    """Return sources; a file beside a server that is played has the plant's time, not ours.

    But for those that `said` which time is theirs. Rows in our time could belong to nothing that
    such a plant does.
    """
    if not any(each.played and each.table is None for each in sources.values()):
        return dict(sources)
    return {
        name: each if each.table is None or name in said else replace(each, played=True)
        for name, each in sources.items()
    }


@dataclass(frozen=True)
class CodeTable:
    """What the codes of a vendor mean: text of the code -> number of PackML, and what suspends.

    A code that is not in it is UNDEFINED. `suspends`: code -> cleaning, calibration, trial, manual.
    """

    name: str
    codes: ReadOnly[str, int]
    suspends: ReadOnly[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeAddress:
    """A NodeId by the URI of its namespace; `identifier` as OPC UA writes it: `i=7` or `s=name`."""

    uri: str
    identifier: str

    def __str__(self) -> str:
        return f"nsu={self.uri};{self.identifier}" if self.uri else self.identifier


@dataclass(frozen=True)
class SignalConfig:
    """One signal: where it comes from, what it stands for, what is plausible of it.

    `path`: browse names from Objects down, each (namespace URI, name); `field`: path into a message
    of `topic`, "" for its source's; canonical value =
    scale * raw + offset; `greatest_rate` in canonical units per s; `stale_after_s`: infinite where
    only the link decides; `deviation`: what its source's compression may be off by, canonical.
    """

    name: str
    source: str
    address: str
    kind: SignalKind
    node: NodeAddress | None = None
    path: tuple[tuple[str, str], ...] = ()
    column: str = ""
    topic: str = ""
    field: str = ""
    quantity: Quantity | None = None
    unit: str = ""
    scale: float = 1.0
    offset: float = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf
    greatest_rate: float = math.inf
    deviation: float = 0.0
    stale_after_s: float = math.inf
    sampling_s: float = 0.1
    queue: int = 10
    codes: CodeTable | None = None

    @property
    def station(self) -> str:
        """The path that the address begins with: all but its last part."""
        return self.address.rpartition(".")[0]


@dataclass(frozen=True)
class CheckConfig:
    """How names of a kind of lot are built: `pattern`, and for check digits a `method`."""

    pattern: str
    method: Literal["luhn", "mod97", ""] = ""


@dataclass(frozen=True)
class LotConfig:
    """One kind of lot, by signals: what came into being, and what was taken -> what it went into.

    made_in_s: the longest that making one takes; usable_for_s: after that began; lasts_s: the
    longest that one is taken from in one place after it was read there. `cells`: what is made are
    cells.
    """

    name: str
    made: tuple[str, ...]
    used: ReadOnly[str, str]
    made_in_s: float = math.inf
    usable_for_s: float = math.inf
    lasts_s: float = math.inf
    check: CheckConfig | None = None
    cells: bool = False


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked. Signals are numbered by their order in the file.

    line_start: the instant of the line's Monday 00:00 [ns UTC], from which its ticks count.
    """

    name: str
    owner: str
    version: str
    sources: ReadOnly[str, SourceConfig]
    signals: tuple[SignalConfig, ...]
    file: Path
    text: str
    title: str = ""
    lots: tuple[LotConfig, ...] = ()
    line_start: int | None = None

    def stale_after_s(self, signal: SignalConfig) -> float:
        """Return the age at which a value of a signal is stale: its own, else its source's [s]."""
        if math.isfinite(signal.stale_after_s):
            return signal.stale_after_s
        return self.sources[signal.source].stale_after_s
