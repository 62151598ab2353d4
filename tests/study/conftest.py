"""Small studies of a line that runs for hours, and of functions in place of a line.

Tests are imported by path, so what they share is found through sys.path, by workers too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "line"))
sys.path.insert(0, str(Path(__file__).parent))

from study_support import Written

from linetwin.scenario.loading import Opened, open_scenario
from linetwin.study import reading

_OPENED: dict[str, Opened] = {}


def _open_once(file: Path) -> Opened:
    content = file.read_text(encoding="utf-8")
    if content not in _OPENED:
        _OPENED[content] = open_scenario(file)
    return _OPENED[content]


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario with the same content is read once: a line takes most of the time of reading."""
    monkeypatch.setattr(reading, "open_scenario", _open_once)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A study file and its scenario in a folder of their own."""
    return Written(tmp_path)
