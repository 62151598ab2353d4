"""FMUs built once for the session: two from linetwin.authoring, one from C in FMI 2.0.

Tests are imported by path, so what they share is found through sys.path.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from decay_source import build_fmi2
from small_fmus import FOREIGN_MODEL, WEB_MODEL, build_model


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU that speaks the vocabulary: a web that warms and dries."""
    pytest.importorskip("casadi")
    return build_model(WEB_MODEL, tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 3.0 FMU with other names, degC and g/m2, and an enumeration that counts from 1."""
    pytest.importorskip("casadi")
    return build_model(FOREIGN_MODEL, tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="session")
def decay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 2.0 FMU made outside linetwin."""
    pytest.importorskip("ziglang")
    return build_fmi2(tmp_path_factory.mktemp("decay"))
