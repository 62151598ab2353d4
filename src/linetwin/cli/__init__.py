"""The command line: the only place that prints, and the one that composes the layers."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED_EXIT = 5
DEFECT_EXIT = 5

# Arrow's own allocator keeps what it has once held: 50 MB more in a run of 16,000 cells.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

# Nearly all that a run makes is freed by its count of references. Looking for cycles after every
# 700 new objects, as Python does, costs a tenth of a long run and finds next to nothing.
OBJECTS_BETWEEN_LOOKS = 50_000


def main() -> None:
    """Run the `linetwin` command; a user's mistake ends with a message, never a traceback."""
    from linetwin.cli.app import app
    from linetwin.cli.interruption import Interrupted, raise_when_interrupted
    from linetwin.errors import LinetwinError

    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 20)
    raise_when_interrupted()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without Ohm shows a question mark
            stream.reconfigure(errors="replace")
    try:
        app()
    except LinetwinError as error:
        sys.stderr.write(f"linetwin: {error}\n")
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


__all__ = ["main"]
