"""The run folder: what a run leaves behind, and everything that is read out of it.

Submodules are imported where they are used: `reader` for `read()`, `writer` for `RunWriter`,
`genealogy`, `kpis`, `compare`, `figures` and `report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.reader import Run

__all__ = ["read"]


def read(path: Path | str) -> Run:
    """Open the run folder at `path`; ResultsError where there is none that can be read."""
    # pandas and pyarrow are heavy: only whoever reads a run pays for them.
    from linetwin.results.reader import Run

    return Run(path)
