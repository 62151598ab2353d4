"""The inside of an .ssp file: names and sizes are checked before anything is unpacked."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote, urlsplit

from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

MOST_ENTRIES: Final = 20_000
LARGEST_ARCHIVE: Final = 4 * 2**30
"""Bytes of all entries together, unpacked."""
LARGEST_TEXT: Final = 64 * 2**20
"""Bytes of one XML file."""
LARGEST_RATIO: Final = 200
"""Unpacked over packed size of an entry above `_SMALL`; what zip reaches on text is below 50."""
_SMALL: Final = 2**20
_PLAIN: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MAIN: Final = "SystemStructure.ssd"


class Package:
    """An opened archive. Raises WiringError, with what is allowed, for one that is not safe."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        try:
            self._archive = zipfile.ZipFile(self.path)
        except FileNotFoundError as error:
            raise self.refuse("there is no such file", "the path of an .ssp") from error
        except (OSError, zipfile.BadZipFile) as error:
            raise self.refuse("it is no zip archive", "an .ssp is a zip file") from error
        try:
            self._check()
        except WiringError:
            self._archive.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._archive.close()

    def refuse(self, message: str, hint: str = "", name: str = "") -> WiringError:
        """Return the error for this archive, or for one entry of it."""
        return WiringError([Problem(message, hint=hint, file=self.path / name)])

    @property
    def names(self) -> list[str]:
        """The names of the entries."""
        return self._archive.namelist()

    def _check(self) -> None:
        entries = self._archive.infolist()
        _check_size(self.path, entries)
        seen: set[str] = set()
        for entry in entries:
            self._check_entry(entry)
            if entry.filename in seen:
                raise self.refuse("it stands twice in the archive", "once", entry.filename)
            seen.add(entry.filename)

    def _check_entry(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ".." in parts or ":" in parts[0]:
            raise self.refuse(f"entry '{name}' leads out of the archive", "names such as a/b.fmu")
        if entry.flag_bits & 1:
            raise self.refuse("it is encrypted", "SSP allows no encryption", name)
        if entry.compress_type not in _PLAIN:
            raise self.refuse("it is packed in another way", "stored or deflated", name)
        if entry.file_size > max(_SMALL, LARGEST_RATIO * entry.compress_size):
            hint = f"at most {LARGEST_RATIO} times the packed size"
            raise self.refuse("unpacked it is suspiciously large", hint, name)

    def read(self, name: str) -> bytes:
        """Return the bytes of an XML file; WiringError where it is missing or too large."""
        entry = self._entry(name)
        if entry.file_size > LARGEST_TEXT:
            hint = f"an XML file has at most {LARGEST_TEXT / 2**20:g} MB"
            raise self.refuse(f"it has {entry.file_size / 2**20:.0f} MB", hint, name)
        try:
            return self._archive.read(entry)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            raise self.refuse(f"it is damaged: {error}", "pack it again", name) from error

    def extract(self, name: str, folder: Path) -> Path:
        """Unpack one entry under `folder`, at its own place there; return the file."""
        entry = self._entry(name)
        target = folder / name
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._archive.open(entry) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            target.unlink(missing_ok=True)
            raise self.refuse(f"it cannot be unpacked: {error}", "pack it again", name) from error
        return target

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._archive.getinfo(name)
        except KeyError as error:
            some = ", ".join(sorted(n for n in self.names if not n.endswith("/"))[:20])
            raise self.refuse("it is not in the archive", f"there are: {some}", name) from error


def _check_size(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise WiringError where an archive has too many entries, or too large ones."""
    message = most = ""
    if len(entries) > MOST_ENTRIES:
        message, most = f"it has {len(entries)} entries", f"at most {MOST_ENTRIES:,}"
    elif sum(entry.file_size for entry in entries) > LARGEST_ARCHIVE:
        message, most = "unpacked it is too large", f"at most {LARGEST_ARCHIVE / 2**30:g} GB"
    if message:
        raise WiringError([Problem(message, hint=most, file=path)])


def check_size(fmu: Path) -> None:
    """Raise WiringError for an FMU that unpacks to too much; what is no zip is told elsewhere."""
    if zipfile.is_zipfile(fmu):
        with zipfile.ZipFile(fmu) as archive:
            _check_size(fmu, archive.infolist())


def entry_of(source: str, base: str = "") -> str:
    """Return the entry that a URI names, seen from the folder of the entry `base`.

    Raises ValueError, with what is allowed, for a URI that leads out of the archive.
    """
    split = urlsplit(source)
    path = unquote(split.path)
    if split.scheme or split.netloc or path.startswith("/") or "\\" in path or not path:
        raise ValueError("a path within the .ssp, such as resources/machine.fmu")
    parts: list[str] = list(PurePosixPath(base).parts[:-1])
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not parts:
                raise ValueError("a path that does not lead out of the .ssp")
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
