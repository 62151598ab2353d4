"""Executing a notebook in a folder of its own, and asking it for figures afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
_MARK = "asked:"


def committed(name: str) -> nbformat.NotebookNode:
    """Return a notebook as it is committed."""
    return nbformat.read(FOLDER / name, as_version=4)


def executed(name: str, folder: Path, asked: str) -> dict[str, Any]:
    """Execute a notebook in a folder; return the dictionary that an expression gives at its end.

    `asked`: Python, of what JSON holds. CellExecutionError with the cell that failed.
    """
    notebook = committed(name)
    last = f"import json\nprint({_MARK!r} + json.dumps({asked}))"
    notebook.cells.append(nbformat.v4.new_code_cell(last))
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute()
    texts = [each["text"] for each in notebook.cells[-1]["outputs"] if "text" in each]
    line = next(line for line in "".join(texts).splitlines() if line.startswith(_MARK))
    found: dict[str, Any] = json.loads(line.removeprefix(_MARK))
    return found
