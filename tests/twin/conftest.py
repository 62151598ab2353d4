"""Tests are imported by path, so what they share is found through sys.path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_server import SmallServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared() -> Iterator[SmallServer]:
    """One server for tests that add nodes of their own and leave the rest as it is."""
    with SmallServer(["a", "p", *(f"v{n}" for n in range(10))]) as server:
        yield server
