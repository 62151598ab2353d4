"""The repository under test: its root, and `dev.py` as a module."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return `dev.py` as a module whose environment lies in a temporary folder."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    scripts = tmp_path / ".venv" / "bin"
    for name, path in {
        "VENV": tmp_path / ".venv",
        "STAMP": tmp_path / ".venv" / "linetwin-stamp.json",
        "PYTHON": scripts / "python",
        "LINETWIN": scripts / "linetwin",
    }.items():
        monkeypatch.setattr(module, name, path)
    return module
