"""What may stand in a mapping file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from linetwin.scenario.written import Identifier, Writing, Written


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Security(_Strict):
    """How a server is talked to."""

    policy: Literal["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "None"] = (
        "Basic256Sha256"
    )
    user: str = ""
    host: str = ""
    certificate: bool = False


class Clock(_Strict):
    """Who sets the clock of a source, its zone, and how far it is known to be ahead of UTC.

    `played`: a plant that is simulated faster or slower than time passes here; a file beside a
    server that is played is so too, unless it says otherwise.
    """

    owner: str
    zone: str = "UTC"
    ahead: Writing = Written(value="0 s")
    played: bool = False
    ambiguous: Literal["order", "first", "second"] = "order"


class Compression(_Strict):
    """What a historian left out, and how far what it left out may be from what it kept.

    `deviation`: of the range from `minimum` to `maximum` of a signal; `longest`: a time after which
    the historian keeps a value in any case.
    """

    method: Literal["swinging_door", "deadband", "last_value"]
    deviation: Writing | None = None
    longest: Writing | None = None


class Alive(_Strict):
    """The topic in which a gateway, or a broker for it, says whether it is there: its last will."""

    topic: str
    field: str = ""
    offline: Annotated[list[str], Field(min_length=1)]


class Past(_Strict):
    """Instants with their zones: the time of which a server's history is read first."""

    begin: Annotated[str, Field(alias="from")]
    to: str = ""


class Source(_Strict):
    """A server or a broker, several as a redundant set, or a file.

    `time`, `value`, `status`: columns of a file, or paths into a message of a broker that is JSON.
    `time_format`: how a file writes its times, where that is not ISO 8601.
    `lot`: column of a file that names the lot which the values of a row are of.
    """

    endpoints: list[str] = []
    namespaces: dict[Identifier, str] = {}
    security: Security = Security()
    file: str | None = None
    table: str = ""
    time: str = "time"
    time_format: str = ""
    tag: str = ""
    value: str = "value"
    status: str = ""
    lot: str = ""
    client: str = ""
    mqtt: Literal["3.1.1", "5"] = "3.1.1"
    alive: Alive | None = None
    clock: Clock
    publishing: Writing = Written(value="500 ms")
    keep_alive: Annotated[int, Field(ge=1, le=100)] = 5
    late_after: Writing = Written(value="10 s")
    stale_after: Writing = Written(value="10 s")
    history: bool | Past = False
    compression: Compression | None = None


class Codes(_Strict):
    """Code of a vendor -> state (or mode) of PackML; and the codes during which nothing is learnt.

    `codes: packml` where the vendor uses PackML's own numbers.
    """

    codes: dict[str, str] | Literal["packml"]
    suspend: dict[Literal["cleaning", "calibration", "trial", "manual"], list[int | str]] = {}


class Signal(_Strict):
    """One signal: of a server by `node` or `path`, of a file by `column`, of a broker by `topic`.

    `path`: browse names from Objects; `field`: a path into a message that is JSON. `quantity`:
    what an instrument reads whose name is no quantity of the vocabulary.
    """

    source: str | None = None
    node: str | None = None
    path: list[str] = []
    column: str | None = None
    topic: str | None = None
    field: str | None = None
    address: str
    quantity: str | None = None
    kind: Literal["measurement", "setpoint", "state", "mode", "counter", "lot"] = "measurement"
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    minimum: Writing | None = None
    maximum: Writing | None = None
    greatest_rate: Writing | None = None
    deviation: Writing | None = None
    stale_after: Writing | None = None
    sampling: Writing = Written(value="100 ms")
    queue: Annotated[int, Field(ge=1, le=100_000)] = 10
    states: str | None = None


class LotCheck(_Strict):
    """How names are built: a regular expression; with a method its groups `body` and `check`."""

    pattern: str
    method: Literal["luhn", "mod97"] | None = None


class Lots(_Strict):
    """One kind of lot: the signals that tell what came into being, and what was taken.

    `used`: signal of what is taken -> signal of what it goes into.
    """

    made: Annotated[list[str], Field(min_length=1)]
    used: dict[str, str] = {}
    made_in: Writing = Written(value="24 h")
    usable_for: Writing = Written(value="720 h")
    lasts: Writing = Written(value="24 h")
    check: LotCheck | None = None
    cells: bool = False


class MappingFile(_Strict):
    """A mapping file."""

    version_of_schema: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    title: str = ""
    owner: str
    version: str
    line_start: str = ""
    sources: dict[Identifier, Source]
    states: dict[Identifier, Codes] = {}
    modes: dict[Identifier, Codes] = {}
    signals: dict[str, Signal]
    lots: dict[Identifier, Lots] = {}
