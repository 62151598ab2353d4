"""The command line: the only place that prints, and the one that composes the layers."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import TYPE_CHECKING

from linetwin.scenario.forms import tell_notes_by

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED_EXIT = 5
DEFECT_EXIT = 5

# Arrow's own allocator keeps what it has once held: 50 MB more in a run of 16,000 cells.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
# Matrices are small here: NumPy's threads for them would only wait, 0.06 s of it at the start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Nearly all that a run makes is freed by its count of references. Looking for cycles after every
# 700 new objects, as Python does, costs a tenth of a long run and finds next to nothing.
OBJECTS_BETWEEN_LOOKS = 50_000


def _tell_note(note: str) -> None:
    """Say where errors are what was mended or left out in reading shells."""
    from linetwin.cli.printing import safe

    sys.stderr.write(f"linetwin: {safe(note)}\n")


tell_notes_by(_tell_note)


def command(run: Callable[[], None] | None = None) -> None:
    """Be the `linetwin` command: `run` it, and end this process without taking it apart first.

    Python would free every module and object one by one, 0.2 s of a run, before the system frees
    them all at once. Threads, and whoever asked meanwhile to be called at the exit, come first.
    """
    ended: list[int] = []
    atexit.register(_leave, ended)  # registered first, called last
    try:
        (run or main)()
    except SystemExit as end:
        ended.append(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
    ended.append(0)


def _leave(ended: list[int]) -> None:
    """End the process with the code in `ended`; whoever ends otherwise is left to Python."""
    if not ended or sys.platform == "win32":  # where each FMU keeps what it prints for itself
        return
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # nobody reads any more: Python says so, and exits with 120
        return
    if "ctypes" in sys.modules:  # what an FMU has printed waits in the C library
        import ctypes

        ctypes.CDLL(None)["fflush"](None)
    os._exit(ended[0])


def main() -> None:
    """Run the `linetwin` command; a user's mistake ends with a message, never a traceback."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 20)
    from linetwin.cli.app import app
    from linetwin.cli.interruption import Interrupted, raise_when_interrupted
    from linetwin.errors import LinetwinError

    raise_when_interrupted()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without Ohm shows a question mark
            stream.reconfigure(errors="replace")
    try:
        app()
    except LinetwinError as error:
        from linetwin.cli.printing import safe

        sys.stderr.write(safe(f"linetwin: {error}\n"))
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a folder that may not be written
        sys.stderr.write(f"linetwin: {error}\n")
        sys.exit(DEFECT_EXIT)
    except Interrupted:
        sys.stderr.write("linetwin: interrupted\n")
        sys.exit(INTERRUPTED_EXIT)
    except Exception:  # noqa: BLE001  the traceback is shown, the exit code is ours to choose
        sys.excepthook(*sys.exc_info())
        sys.stderr.write("linetwin: this is a defect of linetwin; please report the lines above\n")
        sys.exit(DEFECT_EXIT)


__all__ = ["command", "main"]
