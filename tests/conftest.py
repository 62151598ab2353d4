"""What holds for all tests."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("shared machine", deadline=None)  # a slow example is no fault
settings.load_profile("shared machine")


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start: a shell's background job inherits that it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
