"""Snapshots of a run: written whole or not at all, and the newest whole one found again."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from linetwin.cli.printing import say_aside
from linetwin.errors import ResultsError, SimulationError
from linetwin.line import run as engine
from linetwin.results import parts, read
from linetwin.results.schemas import TABLES
from linetwin.results.writer import SCENARIO

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.line.world import World
    from linetwin.results.writer import Mark, RunWriter

FOLDER = "snapshots"
SUFFIX = ".snapshot"
PARTIAL = ".partial"


@dataclass(frozen=True)
class Snapshot:
    """A whole snapshot whose run folder holds every row that it counted.

    `tick`: when it was taken. `made_with`: the versions and hashes that its bits depend on
    (`versions.made_with`). `passed_over`: why newer ones, if any, are not whole.
    """

    file: Path
    blob: bytes
    tick: int
    made_with: dict[str, Any]
    passed_over: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.file.parent.parent

    def tell_passed_over(self) -> None:
        """Say which newer snapshots are not whole."""
        for fault in self.passed_over:
            say_aside(f"passed over: {fault}")


def write(world: World, writer: RunWriter) -> None:
    """Save the line in the run folder; a kill on the way leaves the snapshots before whole."""
    folder = writer.folder / FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{world.now:012d}{SUFFIX}"
    partial = file.with_suffix(PARTIAL)
    with partial.open("wb") as stream:
        stream.write(engine.save(world, writer.mark(), writer.manifest.get("made_with")))
        stream.flush()
        os.fsync(stream.fileno())  # the name must not outlive the content when power fails
    partial.replace(file)
    writer.update(snapshots=names(writer.folder))


def find(path: Path) -> Snapshot:
    """Return a snapshot by its file, or the newest whole one of a run folder.

    ResultsError, also where somebody edited the scenario in the folder: it would change nothing.
    """
    found = newest(path) if path.is_dir() else whole(path)
    run = read(found.folder)
    if run.scenario_was_edited:
        message = (
            f"{found.folder / SCENARIO} was edited after the run had written it, and nothing is "
            "read from it: put it back or remove it, and give other inputs with: "
            f"linetwin fork {found.file} --set ADDRESS=VALUE"
        )
        raise ResultsError(message)
    return found


def whole(file: Path) -> Snapshot:
    """Return a snapshot by name; ResultsError where it, or what it counts on, is not there whole.

    The error names the newest whole one before it, if there is one.
    """
    folder = file.resolve().parent.parent
    try:
        return _checked(file.resolve())
    except ResultsError as error:
        if not (folder / "manifest.json").is_file() or not file.is_file():
            raise
        earlier = [each for each in _newest_first(folder) if each.name < file.name]
        found, _ = _first_whole(earlier)
        if found is None:
            raise
        message = f"{error}; the newest whole one before it: linetwin resume {found.file}"
        raise ResultsError(message) from error


def newest(folder: Path) -> Snapshot:
    """Return the newest whole snapshot of a run folder; ResultsError where there is none."""
    read(folder)
    files = _newest_first(folder.resolve())
    found, faults = _first_whole(files)
    if found is not None:
        return replace(found, passed_over=faults)
    if not files:
        raise ResultsError(f"{folder} holds no snapshot: run it again (with --snapshot-every)")
    raise ResultsError(f"{folder} holds no whole snapshot: {'; '.join(faults)}")


def drop_later(snapshot: Snapshot) -> None:
    """Delete the snapshots after this one, and half ones: the line will write them again.

    They count on rows that are dropped when the run goes on from an earlier moment.
    """
    folder = snapshot.file.parent
    for file in folder.iterdir():
        stale = file.suffix == SUFFIX and file.name > snapshot.file.name
        if stale or file.suffix == PARTIAL:
            file.unlink()


def names(folder: Path) -> list[str]:
    """Return the snapshots of a run folder by name, in the order of time."""
    return sorted(file.name for file in (folder / FOLDER).glob(f"*{SUFFIX}"))


def _newest_first(folder: Path) -> list[Path]:
    return [folder / FOLDER / name for name in reversed(names(folder))]


def _first_whole(files: list[Path]) -> tuple[Snapshot | None, tuple[str, ...]]:
    """Return the first whole one, and what is wrong with those before it."""
    faults: list[str] = []
    for file in files:
        try:
            return _checked(file), tuple(faults)
        except ResultsError as error:
            faults.append(str(error))
    return None, tuple(faults)


def _checked(file: Path) -> Snapshot:
    """Return a snapshot that is whole; ResultsError says what is wrong with it."""
    try:
        blob = file.read_bytes()
    except OSError as error:
        message = (
            f"{file}: {error.strerror or error} (name a run folder, or a file of its {FOLDER}/)"
        )
        raise ResultsError(message) from error
    folder = file.parent.parent
    try:
        content = engine.unseal(blob)
    except SimulationError as error:
        raise ResultsError(f"{file} cannot be continued: {error}") from error
    if not (folder / "manifest.json").is_file():
        message = f"it lies outside of its run folder: put it back, as RUN/{FOLDER}/{file.name}"
        raise ResultsError(f"{file} cannot be continued: {message}")
    read(folder)
    mark: Mark = content.get("mark", {})
    for name, table in TABLES.items():
        count = mark.get(name, {}).get("rows", 0)
        try:
            found = parts.rows_up_to(folder, table, count)
        except ResultsError as error:
            raise ResultsError(f"{file} cannot be continued: {error}") from error
        if found < count:
            message = f"it counted {count} rows of {name}, and the folder holds {found}"
            raise ResultsError(f"{file} cannot be continued: {message}")
    return Snapshot(file, blob, content.get("now", 0), content.get("made_with", {}))
