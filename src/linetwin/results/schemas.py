"""The tables of a run folder: their columns, types and units, pinned by SCHEMA_VERSION.

A table has fixed columns and, where it is `open`, any number of float64 columns named after
quantities of the vocabulary; in `segments` a quantity may carry the coated side (`loading_a`,
`loading_b`). The unit of an open column is the vocabulary's. A column `measured_<quantity>` holds
what the plant's gauge read, the one without the prefix the true value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from linetwin.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.quantities import Vocabulary

SCHEMA_VERSION = 2
TICKS_PER_SECOND = 1000
SIDES = ("_a", "_b")
MEASURED = "measured_"

ColumnType = Literal["str", "int64", "int32", "float64"]
Scalar = str | int | float

_ARROW: dict[ColumnType, pa.DataType] = {
    "str": pa.string(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
}
_DEFAULTS: dict[ColumnType, Scalar] = {"str": "", "int64": -1, "int32": -1, "float64": math.nan}


@dataclass(frozen=True)
class Column:
    """One fixed column; `unit` is UCUM, "" for text; `required` means it has no default."""

    name: str
    type: ColumnType
    unit: str = ""
    meaning: str = ""
    required: bool = False

    @property
    def default(self) -> Scalar:
        """What stands where a row says nothing: "", NaN or -1."""
        return _DEFAULTS[self.type]


@dataclass(frozen=True)
class Table:
    """One table of the run folder.

    `key` names the column that identifies a thing with a life: a later row about the same thing
    replaces the earlier one when the table is read, so an interrupted run still shows open lots.
    """

    name: str
    columns: tuple[Column, ...]
    open: bool = False
    sides: bool = False
    key: str = ""

    def open_column(self, name: str, words: Vocabulary) -> Column:
        """Return the open column `name`: a quantity of `words`, a side or `measured_` added."""
        quantity = name if name in words else name.removeprefix(MEASURED)
        if self.sides and quantity not in words and quantity.endswith(SIDES):
            quantity = quantity[:-2]
        if not self.open or quantity not in words:
            raise ResultsError(f"table {self.name} has no column '{name}'")
        entry = words[quantity]
        measured = name not in words and name.startswith(MEASURED)
        meaning = f"{entry.meaning}, as measured" if measured else entry.meaning
        return Column(name, "float64", entry.unit, meaning)

    def schema(self, extra: Iterable[Column] = ()) -> pa.Schema:
        """Return the Arrow schema: the fixed columns, then the open columns `extra`."""
        fields = [
            pa.field(
                column.name,
                _ARROW[column.type],
                metadata={"unit": column.unit, "meaning": column.meaning},
            )
            for column in (*self.columns, *extra)
        ]
        about = {"linetwin.table": self.name, "linetwin.schema_version": str(SCHEMA_VERSION)}
        return pa.schema(fields, metadata=about)


def _tick(name: str = "tick", meaning: str = "simulated time", *, required: bool = True) -> Column:
    return Column(name, "int64", "ms", meaning, required)


def _text(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "str", "", meaning, required)


def _number(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "float64", unit, meaning)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "events",
            (
                _tick(),
                _text("station", "station path", required=True),
                _text(
                    "event",
                    "state | failure | repair | micro_stop | maintenance | take | give | scrap | "
                    "hold | release | disposition | recall | disturbance | model_event | "
                    "fidelity | note",
                    required=True,
                ),
                _text("state", "PackML state entered, where event is 'state'"),
                _text("lot", "lot or cell concerned"),
                _text("cause", "why: cause of failure, reason of scrap, 'starved', 'blocked'"),
                _number("amount", "", "cells, m or kg taken, given or scrapped; s of repair"),
            ),
        ),
        Table(
            "signals",
            (_tick(), _text("station", "station or buffer path", required=True)),
            open=True,
        ),
        Table(
            "lots",
            (
                _text("lot", "name of the lot", required=True),
                _text("kind", "slurry_batch, mother_roll, tray, ...", required=True),
                _text("station", "who made or received it"),
                _tick("created", "when it came into being"),
                _tick(
                    "ended", "when it was used up, scrapped or shipped; -1: open", required=False
                ),
                _text("status", "in_process | used | scrap | store | shipped"),
                _text("place", "buffer or station path where it is or was last"),
                _number("amount", "", "how much was made, in amount_unit"),
                _text("amount_unit", "kg, m or 1"),
            ),
            open=True,
            key="lot",
        ),
        Table(
            "links",
            (
                _text("child", "lot or cell", required=True),
                _text("parent", "lot", required=True),
                _text("relation", "made_from | carried_in", required=True),
                _number("share", "1", "part of the child's material of this role from the parent"),
                _text("role", "slurry, foil, web, cathode, anode, separator, electrolyte, ..."),
                _number("amount", "", "how much of the parent went in, in amount_unit"),
                _text("amount_unit", "kg, m or 1"),
                _number("start_m", "m", "where the stretch on the parent begins"),
                _number("end_m", "m", "where it ends; smaller than start_m where rewound"),
                _number("child_start_m", "m", "where on the child that stretch begins"),
                _number("child_end_m", "m", "where on the child it ends"),
                _number("position_uncertainty", "m", "standard uncertainty of these positions"),
            ),
        ),
        Table(
            "segments",
            (
                _text("roll", "mother roll", required=True),
                Column("segment", "int32", "1", "number along the roll", required=True),
                _number("start_m", "m", "on the mother roll"),
                _number("end_m", "m", "on the mother roll"),
                _text("status", "good | scrap"),
                _text("reason", "why it was scrapped"),
                _text("station", "where it was scrapped, else where it was last worked on"),
                _tick(),
            ),
            open=True,
            sides=True,
        ),
        Table(
            "cells",
            (
                _text("cell", "name of the cell", required=True),
                _text("tray", "tray that carries it"),
                _tick("started", "when stacking began"),
                _tick("ended", "when it was graded or scrapped; -1: open", required=False),
                _text("status", "A | B | scrap | sample | in_process"),
                _text("station", "where it ended, or is"),
                _text("reason", "why it is B or scrap"),
                _text(
                    "true_grade", "grade by its true values, where it was graded by measured ones"
                ),
                Column("position", "int32", "1", "place on the tray, and its channel; -1: none"),
                Column("cathode_lane", "int32", "1", "lane of the cathode web; -1: not known"),
                Column("anode_lane", "int32", "1", "lane of the anode web; -1: not known"),
            ),
            open=True,
            key="cell",
        ),
        Table(
            "operations",
            (
                _text("lot", "lot worked on", required=True),
                _text("station", "station path", required=True),
                _text("operation", "what was done", required=True),
                _tick("start", "when the work on the lot began"),
                _tick("end", "when it was done"),
                _text("shift", "shift in which it was done, such as day 3 late"),
                _text("tool", "knife, die, nest or channel group, such as knife-003"),
                Column("place", "int32", "1", "lane, place or channel; -1: none"),
            ),
        ),
        Table(
            "ledger",
            (
                _text("account", "material | energy | utility", required=True),
                _text(
                    "item",
                    "material path, electricity | heat, or cooling | compressed air",
                    required=True,
                ),
                _text("station", "station path"),
                _text(
                    "entry",
                    "material: in | cells | scrap | lost | recovered | in_process; "
                    "energy: machine | building | boiler; utility: machine",
                    required=True,
                ),
                _number("amount", "", "in the row's own unit"),
                _text("unit", "kg, m2, J or m3"),
            ),
        ),
    )
}
"""Every table of a run folder, by name."""
