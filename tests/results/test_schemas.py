"""The tables are a promise to every reader: they change only together with their version."""

from __future__ import annotations

import pytest

from linetwin.errors import ResultsError
from linetwin.quantities import vocabulary
from linetwin.results.schemas import SCHEMA_VERSION, TABLES

PINNED = {
    "events": "tick:int64:ms station:str event:str state:str lot:str cause:str amount:float64",
    "signals": "tick:int64:ms station:str *",
    "lots": "lot:str kind:str station:str created:int64:ms ended:int64:ms status:str place:str "
    "amount:float64 amount_unit:str *",
    "links": "child:str parent:str relation:str share:float64:1 role:str amount:float64 "
    "amount_unit:str start_m:float64:m end_m:float64:m child_start_m:float64:m "
    "child_end_m:float64:m position_uncertainty:float64:m",
    "segments": "roll:str segment:int32:1 start_m:float64:m end_m:float64:m status:str reason:str "
    "station:str tick:int64:ms *sides",
    "cells": "cell:str tray:str started:int64:ms ended:int64:ms status:str station:str "
    "reason:str true_grade:str position:int32:1 cathode_lane:int32:1 anode_lane:int32:1 *",
    "operations": "lot:str station:str operation:str start:int64:ms end:int64:ms shift:str "
    "tool:str place:int32:1",
    "ledger": "account:str item:str station:str entry:str amount:float64 unit:str",
}


def test_the_tables_of_version_2_are_pinned() -> None:
    """Columns, their order, types and units change only with SCHEMA_VERSION."""
    found = {}
    for name, table in TABLES.items():
        words = [":".join(filter(None, (c.name, c.type, c.unit))) for c in table.columns]
        words += ["*sides" if table.sides else "*"] if table.open else []
        found[name] = " ".join(words)
    assert SCHEMA_VERSION == 2
    assert found == PINNED


def test_open_columns_take_the_unit_of_the_vocabulary() -> None:
    """A side is stripped in segments only, and never from a quantity whose name ends so."""
    words = vocabulary()
    assert TABLES["segments"].open_column("loading_a", words).unit == "kg/m2"
    assert TABLES["cells"].open_column("resistance_limit_a", words).unit == "Ohm"
    assert TABLES["cells"].open_column("measured_capacity", words).unit == "A.h"
    assert TABLES["segments"].open_column("measured_loading_b", words).unit == "kg/m2"
    with pytest.raises(ResultsError, match="no column 'loading_a'"):
        TABLES["cells"].open_column("loading_a", words)
    with pytest.raises(ResultsError, match="no column 'loading'"):
        TABLES["links"].open_column("loading", words)
