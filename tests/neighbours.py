"""Modules that the tests of another folder are made with: its doubles, its small FMUs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def module_of(folder: str, name: str) -> ModuleType:
    """Import a module of a folder of tests, which may import others of its folder."""
    path = str(Path(__file__).with_name(folder))
    sys.path.insert(0, path)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(path)
