"""Tables of measurements in their forms: the same numbers from each, and rows chosen by text."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from calibrations import LOAD, compacted, fitted, task_of, value_of, write_table

from linetwin.authoring.build import build_fmu
from linetwin.authoring.standards import FMI2
from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.writing import parameter_text

LIBRARY = Path(__file__).resolve().parents[2] / "fmus"
COLUMNS = ("load", "before", "after")


def frame() -> pd.DataFrame:
    """Return the closed form as a table, with a plate of two names."""
    found = pd.DataFrame(compacted(24.0, 400.0), columns=list(COLUMNS))
    found["plate"] = ["old"] * 8 + ["new"] * 8
    return found


def test_all_forms_hold_the_same(tmp_path: Path) -> None:
    """CSV with semicolons, Parquet and SQLite lead to one fit; hashes are those of the files."""
    frame().to_csv(tmp_path / "t.csv", sep=";", index=False)
    frame().to_parquet(tmp_path / "t.parquet")
    with sqlite3.connect(tmp_path / "t.sqlite") as connection:
        frame().to_sql("points", connection, index=False)
    connection.close()
    for name, table in (("t.csv", ""), ("t.parquet", ""), ("t.sqlite", "table: points\n")):
        made = fitted(LOAD.replace("starts: 1\n", f"starts: 1\n{table}"), tmp_path / name, tmp_path)
        assert value_of(made, "compaction_resistance") == pytest.approx(400e3, rel=1e-6)
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert made.task.data.digest == digest
        assert digest in parameter_text(made)


def test_a_database_says_what_tables_it_has(tmp_path: Path) -> None:
    """Without a table named, or with a wrong one, the tables there are told."""
    with sqlite3.connect(tmp_path / "t.db") as connection:
        frame().to_sql("points", connection, index=False)
    connection.close()
    for table in ("", "table: pionts\n"):
        text = LOAD.replace("starts: 1\n", f"starts: 1\n{table}")
        with pytest.raises(ScenarioError, match="points"):
            task_of(text, tmp_path / "t.db", tmp_path)


def test_rows_are_chosen_by_text_and_incomplete_ones_left_out(tmp_path: Path) -> None:
    """`only` keeps rows whose text fits; a row without an input is left out and counted."""
    rows = frame()
    rows.loc[10, "load"] = np.nan
    rows.to_csv(tmp_path / "t.csv", index=False)
    text = LOAD.replace("starts: 1\n", 'starts: 1\nonly: {plate: "n*"}\n')
    task = task_of(text, tmp_path / "t.csv", tmp_path)
    assert task.rows == 7
    assert task.omitted == (12,)  # the header is line 1


def test_factors_and_offsets_bear_units(tmp_path: Path) -> None:
    """A thickness from a loading and a specific volume; a temperature in Celsius."""
    rows = np.column_stack([compacted(24.0, 400.0), np.full(16, 20.0), np.full(16, 24.85)])
    data = write_table(tmp_path / "t.csv", (*COLUMNS, "loading", "rolls"), rows)
    text = LOAD.replace(", coating_thickness_before: 100 um", "").replace(
        "roll_temperature: 298 K, ", ""
    )
    text = text.replace(
        "inputs:\n",
        "inputs:\n  coating_thickness_before: {column: loading, unit: mg/cm2, factor: 0.5 cm3/g}\n"
        "  roll_temperature: {column: rolls, unit: Cel}\n",
    )
    task = task_of(text, data, tmp_path)
    assert task.phases[0].settings["coating_thickness_before"] == pytest.approx(np.full(16, 100e-6))
    assert task.phases[0].settings["roll_temperature"] == pytest.approx(np.full(16, 298.0))


def test_an_fmu_of_fmi_2_gives_its_derivatives_too(tmp_path: Path) -> None:
    """The same model exported as FMI 2.0 leads to the same values, by its own derivatives."""
    old = build_fmu(LIBRARY / "calendering" / "model.py", tmp_path, standard=FMI2)
    data = write_table(tmp_path / "t.csv", COLUMNS, compacted(24.0, 400.0))
    made = fitted(LOAD, data, tmp_path, str(old))
    assert made.ways == {"settled_porosity": "FMU"}
    assert value_of(made, "compaction_resistance") == pytest.approx(400e3, rel=1e-6)
