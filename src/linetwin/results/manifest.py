"""manifest.json: what a run was, on which machine, and how it ended."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

import linetwin
from linetwin.errors import ResultsError
from linetwin.results.plain import plain
from linetwin.results.schemas import SCHEMA_VERSION, TICKS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "manifest.json"
# The packages whose versions decide the bits of a run.
PACKAGES = ("numpy", "pandas", "pyarrow", "simpy", "fmpy", "pydantic", "pint")


def environment() -> dict[str, Any]:
    """Return what besides scenario and seed decides a run: versions, platform, CPU features."""
    simd = np.show_config(mode="dicts") or {}
    features = simd.get("SIMD Extensions", {}).get("found", [])
    return {
        "linetwin": version_of("linetwin") or "not installed",
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in PACKAGES},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "byte_order": sys.byteorder,
        "cpu_features": list(features),
    }


def version_of(package: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return linetwin.__version__ if package == "linetwin" else metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def begin(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a run that starts now; `given` wins over the defaults."""
    return {
        "schema_version": SCHEMA_VERSION,
        "status": "running",
        "message": "",
        "scenario": "",
        "seed": None,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "finished": None,
        "ticks_per_second": TICKS_PER_SECOND,
        "end_tick": None,
        "snapshots": [],
        **environment(),
        **given,
    }


def digest_of(text: str) -> str:
    """Return the hash by which a text of the run folder is known to be as it was written."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old file or the new one, never half."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)  # noqa: PTH105 - said aloud: this is the atomic step


def save(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest of the run in `folder`; a number that is not finite is null in it.

    So it can always say how a run ended, also one of which a number is what went wrong.
    """
    text = json.dumps(plain(dict(content)), indent=2, allow_nan=False)
    write_atomically(folder / NAME, text + "\n")


def load(folder: Path) -> dict[str, Any]:
    """Read the manifest of the run in `folder`; ResultsError where it is missing or unknown."""
    file = folder / NAME
    if not folder.is_dir():
        raise ResultsError(f"no run folder at {folder}")
    if not file.is_file():
        raise ResultsError(f"{folder} is not a run folder: it has no {NAME}")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ResultsError(f"{file} cannot be read: {error}") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise ResultsError(
            f"{file}: tables of version {version}; this linetwin reads version {SCHEMA_VERSION}"
        )
    return dict(content)
