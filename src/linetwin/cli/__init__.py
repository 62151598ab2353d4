"""The command line: the only place that prints, and the one that composes the layers."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the `linetwin` command; a user's mistake ends with a message, never a traceback."""
    from linetwin.cli.app import app
    from linetwin.errors import LinetwinError

    try:
        app()
    except LinetwinError as error:
        sys.stderr.write(f"linetwin: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("linetwin: interrupted\n")
        sys.exit(5)


__all__ = ["main"]
