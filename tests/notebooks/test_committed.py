"""Notebooks are kept without outputs, and the page beside them names each."""

from __future__ import annotations

import nbformat
import pytest
from notebook_runs import FOLDER, committed

NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def test_each_is_named_on_the_page() -> None:
    """Who opens the folder is told what is in it."""
    page = (FOLDER / "README.md").read_text("utf-8")
    assert NAMES
    assert [name for name in NAMES if f"]({name})" not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_outputs_are_kept(name: str) -> None:
    """Valid, code without outputs, and a first cell of words that says what it is about."""
    notebook = committed(name)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []
    assert notebook.cells[0].cell_type == "markdown"
