"""A process that runs command after command through the entry point, importing only once.

Each line of standard input is a JSON list: the arguments; each line of standard output a JSON list:
exit code, what the command printed, what it wrote to standard error.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from linetwin.cli import main


def answer(arguments: list[str]) -> tuple[int, str, str]:
    """Run one command as if from a shell."""
    sys.argv = ["linetwin", *arguments]
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return int(str(code or 0)), out.getvalue(), err.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
