"""Cells that are no numbers are told once for each kind and column, with their cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.tables import read_table
from linetwin.scenario.problems import Place, Problems

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 300


def told(file: Path, *columns: str) -> list[str]:
    """Return what is wrong with columns of a table of numbers, a line each."""
    problems = Problems()
    try:
        table = read_table(file, None, Place("--data"))
        for column in columns:
            table.numbers(column, problems)
        problems.check()
    except ScenarioError as error:
        return str(error).splitlines()
    return []


def test_a_file_with_decimal_commas_is_one_problem(tmp_path: Path) -> None:
    """300 rows of four columns, separated by semicolons: rows, first lines, columns and cause."""
    file = tmp_path / "semi.csv"
    lines = [f"{100 + i},5;{40 + i},25;{i},125;r{i};{i}" for i in range(ROWS)]
    file.write_text("\n".join(["a;b;c;roll;whole", *lines]), encoding="utf-8")
    (said,) = told(file, "a", "b", "c", "whole")
    assert f"{file}:2: a: '100,5' is no number, nor is line 3 '101,5', line 4 '102,5'" in said
    assert "and 297 more: decimal commas" in said
    assert "separated by semicolons; so in b, c" in said
    assert told(file, "whole") == []


@pytest.mark.parametrize(
    ("cell", "cause"),
    [
        ('"1,865.325"', "commas between thousands"),
        ('"1,865"', "commas, as decimal points or between thousands"),
        ('"1,8"', "decimal commas"),
        ("1.234.567", "points between thousands"),
        ("1 234.5", "spaces between thousands"),
        ("28.8 %", 'per cent signs (the number alone, and `unit: "%"`'),
        ("2026-11-22", "dates or times"),
        ("22.11.2026 10:15", "dates or times"),
        ("yes", "words for yes and no"),
        ("n/a", "words for what was not measured"),
        ("#DIV/0!", "faults of a spreadsheet"),
        ("<0.5", "bounds, not values"),
        ("35 um", "units beside the numbers"),
        ("hello", "(a number with a decimal point"),
    ],
)
def test_a_column_of_one_kind_is_one_problem_with_its_cause(
    tmp_path: Path, cell: str, cause: str
) -> None:
    """All 300 cells, or one of them."""
    file = tmp_path / "t.csv"
    file.write_text("a,b\n" + f"{cell},1\n" * ROWS, encoding="utf-8")
    (said,) = told(file, "a", "b")
    assert cause in said
    assert "and 297 more" in said
    file.write_text("a,b\n1,1\n" + f"{cell},1\n", encoding="utf-8")
    (said,) = told(file, "a", "b")
    assert f"{file}:3: a: '{cell.strip(chr(34))}' is no number" in said
    assert cause in said


def test_a_line_of_units_and_per_cent_signs_are_told_once_for_a_file(tmp_path: Path) -> None:
    """Of 30 columns: below the names stand units; all cells have a sign."""
    file = tmp_path / "t.csv"
    names = [f"c{i}" for i in range(30)]
    head, line = ",".join(names), ",".join(["1"] * 30)
    file.write_text(f"{head}\n{','.join(['N/mm', '%'] * 15)}\n" + f"{line}\n" * ROWS, "utf-8")
    (said,) = told(file, *names)
    assert "perhaps a second line of names or units; so in c1, c2, c3 and 26 more" in said
    file.write_text(f"{head}\n" + f"{','.join(['28.8 %'] * 30)}\n" * ROWS, "utf-8")
    (said,) = told(file, *names)
    assert "and 297 more: per cent signs; so in c1, c2, c3 and 26 more" in said


def test_a_column_that_begins_otherwise_than_it_ends(tmp_path: Path) -> None:
    """1,234 may be either, until 1,234.5 tells; each column is told."""
    file = tmp_path / "t.csv"
    lines = ['"1,234","1,5"'] * 30 + ['"1,234.5","1,5"']
    file.write_text("\n".join(["a,b", *lines]), encoding="utf-8")
    said = " ".join(told(file, "a", "b"))
    assert "a: '1,234' is no number" in said
    assert "commas between thousands" in said
    assert "decimal commas" in said


@pytest.mark.parametrize(
    ("names", "line", "cause"),
    [("a,b,c", "1;2;3", "separated by semicolons"), ("a,b", "1,5,2,5", "have decimal commas")],
)
def test_lines_with_other_fields_are_one_problem(
    tmp_path: Path, names: str, line: str, cause: str
) -> None:
    """300 lines of other fields than the names: one problem, with what may be its cause."""
    file = tmp_path / "t.csv"
    file.write_text(f"{names}\n" + f"{line}\n" * ROWS, encoding="utf-8")
    (said,) = told(file)
    assert f"{file}:2: " in said
    assert "and 297 more" in said
    assert cause in said
