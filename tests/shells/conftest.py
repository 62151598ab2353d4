"""Tests are imported by path, so what they share is found through sys.path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_runs import SmallRun, run_watched


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """An order of 40 cells with scrap of many kinds, on doubles."""
    return run_watched(tmp_path_factory.mktemp("shells") / "run", 40)
