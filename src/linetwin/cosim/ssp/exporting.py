"""Exporting a group as a system structure package, with its FMUs."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.cosim.groups.reading import read_group
from linetwin.cosim.ssp.describing import describe
from linetwin.cosim.ssp.findings import Findings
from linetwin.cosim.ssp.gathering import gather
from linetwin.errors import Problem, WiringError
from linetwin.scenario import document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.ssp.findings import Note

VERSIONS: Final = ("1.0", "2.0")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip archive can hold


def export_ssp(
    file: Path, target: Path, version: str | None = None, stop_s: float | None = None
) -> tuple[Note, ...]:
    """Pack the group of a file; return what only linetwin will read of it.

    `version`: 1.0 or 2.0, by default 1.0 where all FMUs are of FMI 2.0. `stop_s`: the stop time
    (s) that other tools are told. The same group gives the same bytes. Raises WiringError.
    """
    group = read_group(file)
    old = all(member.description.version == 2 for member in group.members)  # noqa: PLR2004 - FMI
    chosen = version or ("1.0" if old else "2.0")
    if chosen not in VERSIONS:
        problem = Problem(f"SSP {chosen} is not written", "--ssp", " or ".join(VERSIONS))
        raise WiringError([problem])
    findings = Findings()
    if not old and chosen == "1.0":
        text = "SSP 1.0 knows FMI 1.0 and 2.0; these FMUs are of FMI 3.0"
        findings.note("version", text)
    entries = _entries(group)
    raw = document.read(Path(file), Path(file).name).data
    said = gather(group, raw, chosen, findings)
    texts = describe(group, entries, said, chosen, stop_s)
    _pack(Path(target), texts, entries)
    return findings.notes


def _entries(group: Group) -> dict[Path, str]:
    """Return a place in the archive for each FMU: members that share a file share it there."""
    found: dict[Path, str] = {}
    for member in group.members:
        path = member.description.path
        if path in found:
            continue
        name, number = f"resources/{path.name}", 2
        while name in found.values():
            name, number = f"resources/{path.stem}_{number}{path.suffix}", number + 1
        found[path] = name
    return found


def _pack(target: Path, texts: Mapping[str, bytes], entries: Mapping[Path, str]) -> None:
    """Write the archive; a half-written one is never left behind."""
    partial = target.with_suffix(f".{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in texts.items():
                archive.writestr(_entry(name), content)
            for path, name in entries.items():
                archive.writestr(_entry(name), path.read_bytes())
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        problem = Problem(f"{target} cannot be written: {error}", "--output")
        raise WiringError([problem]) from error


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # the same bytes on every system
    return entry
