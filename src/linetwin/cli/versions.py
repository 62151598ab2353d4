"""What the bits of a run depend on besides scenario and seed; a snapshot says it of itself.

`linetwin resume` promises the same bits, so it refuses where anything of this differs; `linetwin
fork` promises none, and goes on.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linetwin
from linetwin.cli.compose import processes
from linetwin.cli.standing_in import stand_ins
from linetwin.cosim import model_descriptions
from linetwin.results import manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linetwin.scenario.resolved import Scenario

LAYERS = ("quantities", "scenario", "cosim", "predictors", "line", "contracts.py")
"""Parts of the package that decide what happens in a line."""
SUFFIXES = (".py", ".toml", ".c", ".h")
PACKAGES = ("numpy", "simpy")
DIGITS = 12
"""Hexadecimal digits of a SHA-256 that are kept: 48 bits tell versions apart."""


def made_with(scenario: Scenario, base: Path) -> dict[str, Any]:
    """Return the versions and hashes that decide the bits of a run, as plain data.

    The standard library and NumPy take functions such as `exp` from the C library or from
    instructions of the processor: another machine may round the last bit otherwise.
    """
    here = manifest.environment()
    return {
        "linetwin": here["linetwin"],
        "code of linetwin": code_digest(),
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: here["packages"][name] for name in PACKAGES},
        "system": f"{platform.system()} {here['machine']} {here['byte_order']}-endian",
        "C library": " ".join(platform.libc_ver()).strip(),
        "processor features of NumPy": " ".join(here["cpu_features"]),
        **{f"FMU {name}": digest for name, digest in _fmus(scenario, base).items()},
        **{
            f"stand-in {each['file']}": each["digest"][:DIGITS]
            for each in stand_ins(scenario).values()
        },
    }


def code_digest(package: Path | None = None) -> str:
    """Return a hash of the source files that decide what happens in a line."""
    root = package or Path(linetwin.__file__).parent
    total = hashlib.sha256()
    for file in sorted(_sources(root)):
        total.update(file.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:DIGITS]


def differences(saved: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Say what was otherwise when a snapshot was made: `numpy 2.1.0, here 2.2.0`."""
    return [
        f"{name} {saved.get(name, 'unknown')}, here {present.get(name, 'none')}"
        for name in {**present, **saved}
        if saved.get(name) != present.get(name)
    ]


def _sources(root: Path) -> Iterator[Path]:
    for layer in LAYERS:
        place = root / layer
        files = [place] if place.is_file() else place.rglob("*")
        yield from (file for file in files if file.suffix in SUFFIXES)


def _fmus(scenario: Scenario, base: Path) -> dict[str, str]:
    """Return model -> hash of its FMU; several hashes where FMUs of one name differ."""
    files: dict[str, set[Path]] = {}
    for _, process in processes(scenario):
        for description in model_descriptions(process, base):
            files.setdefault(description.model, set()).add(description.path)
    found: dict[str, str] = {}
    for model, paths in sorted(files.items()):
        digests = {hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS] for path in paths}
        found[model] = "+".join(sorted(digests))
    return found
