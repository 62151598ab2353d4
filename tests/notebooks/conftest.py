"""Tests are imported by path, so what they share is found through sys.path, by workers too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
