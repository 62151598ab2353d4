r"""A process that runs one command, and kills itself at a chosen moment of writing.

python killed.py '{"name": "\\.snapshot$", "count": 2, "moment": "half"}' run baseline ...

`name`: a pattern of the files that appear by renaming; `count`: which of them is met; `moment`:
`half` (half of it is written under its passing name), `before` or `after` the renaming.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.cli import main

if TYPE_CHECKING:
    StrPath = str | os.PathLike[str]

RENAME = os.replace


def die() -> None:
    """End as kill -9 would."""
    os.kill(os.getpid(), signal.SIGKILL)


def watch(name: str, count: int, moment: str) -> None:
    """Die at the `count`-th renaming to a file whose path matches `name`."""
    met = 0

    def replace(source: StrPath, target: StrPath) -> None:
        nonlocal met
        if re.search(name, Path(target).as_posix()):
            met += 1
            if met == count and moment == "half":
                content = Path(source).read_bytes()
                Path(source).write_bytes(content[: len(content) // 2])
            if met == count and moment != "after":
                die()
        RENAME(source, target)
        if met == count and moment == "after":
            die()

    setattr(os, "replace", replace)  # noqa: B010  one signature of several


if __name__ == "__main__":
    watch(**json.loads(sys.argv[1]))
    sys.argv = ["linetwin", *sys.argv[2:]]
    main()
