"""A file of plain data that is replaced as a whole, or not at all."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(file: Path, content: dict[str, Any]) -> None:
    """Write JSON in place of what was there; a kill on the way leaves the file as it was."""
    draft = file.with_name(f".{file.name}")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(content, stream, allow_nan=False)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
