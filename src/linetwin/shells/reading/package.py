"""AASX packages: a zip archive whose relationships lead from the root to documents and files.

Nothing is unpacked to disk. Names that lead out of the package, links, encrypted parts and names
that stand twice are refused, for two programs may see two different packages in them; a package
within a package stays a file.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote
from xml.parsers import expat

from basyx.aas import model

from linetwin.errors import ScenarioError
from linetwin.shells.environment import Supplement
from linetwin.shells.reading.account import shown
from linetwin.shells.reading.walking import elements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from linetwin.shells.environment import Environment
    from linetwin.shells.reading.account import Account
    from linetwin.shells.reading.limits import Limits

_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ValueError,
    RuntimeError,
    OSError,
    EOFError,
)
"""What `zipfile` raises over a damaged archive or a packing it does not know, found by fuzzing."""
_CENTRAL: Final = b"PK\x01\x02"
"""Begins each entry of an archive's directory."""
_SMALL: Final = 1 << 20
"""Parts below may be packed as tightly as they like."""
_TYPES: Final = "/[Content_Types].xml"
_RELATIONS: Final = re.compile(r"https?://(www\.)?admin-shell\.io/aasx/relationships/([a-z-]+)")
_OTHER: Final = re.compile(r"https?://schemas\.openxmlformats\.org/.*/([a-z-]+)")
_ORIGIN, _DOCUMENT, _SPLIT, _FILE = "aasx-origin", "aas-spec", "aas-spec-split", "aas-suppl"
_ABOUT: Final = ("core-properties", "thumbnail")
_OUTSIDE: Final = re.compile(r"/|[A-Za-z]:")
_UNKNOWN_TYPE: Final = "application/octet-stream"


class Package:
    """The parts of one package, by their names from the root (`/aasx/data.json`)."""

    def __init__(self, data: bytes, account: Account, limits: Limits) -> None:
        self._account = account
        self._limits = limits
        # The directory is bounded before `zipfile` makes an object of each of its entries.
        if data.count(_CENTRAL) > limits.parts:
            raise account.refusal(f"holds more than {limits.parts:,} parts")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _FAULTS as error:
            raise account.refusal(f"is no zip archive that can be read: {error}") from error
        self._used: set[str] = set()
        self._suppl: set[str] = set()
        self._parts = self._checked(self._archive.infolist())
        self._types = self._content_types()

    # ----------------------------------------------------------------------------- the parts

    def _checked(self, entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """Return the parts by name, or refuse the package over one of them."""
        account, limits = self._account, self._limits
        parts: dict[str, zipfile.ZipInfo] = {}
        lower: set[str] = set()
        for entry in entries:
            reason = _fault(entry, limits)
            if reason:
                raise account.refusal(reason, shown(entry.orig_filename))
            if entry.is_dir():
                continue
            name = "/" + unquote(entry.filename)  # a name and its percent codes are the same
            if name.lower() in lower:
                raise account.refusal("two parts have this name", shown(name))
            lower.add(name.lower())
            parts[name] = entry
        total = sum(entry.file_size for entry in parts.values())
        if total > limits.package_bytes:
            raise account.refusal(
                f"unpacks to {total:,} bytes", hint=f"at most {limits.package_bytes:,}"
            )
        return parts

    def content(self, name: str) -> bytes:
        """Return the bytes of a part; what a directory says of its size is not trusted."""
        entry = self._parts.get(name)
        if entry is None:
            raise self._account.refusal("there is no such part", shown(name))
        try:
            with self._archive.open(entry) as part:
                data = part.read(entry.file_size + 1)
        except _FAULTS as error:
            raise self._account.refusal(f"cannot be unpacked: {error}", shown(name)) from error
        self._used.add(name)
        return data

    def documents(self) -> list[str]:
        """Return the parts that hold shells, in the order of their relationships."""
        origins = [to for kind, to in self._relations("/") if kind == _ORIGIN]
        if not origins:
            raise self._account.refusal(
                "no relationship leads from the root to an aasx-origin",
                "/_rels/.rels",
                "is it an AASX package?",
            )
        found: list[str] = []
        for origin in origins:
            self._used.add(origin)
            found += [to for kind, to in self._relations(origin) if kind == _DOCUMENT]
        for document in list(found):
            found += [to for kind, to in self._relations(document) if kind == _SPLIT]
        found = list(dict.fromkeys(found))
        if not found:
            raise self._account.refusal("no relationship of the origin leads to shells (aas-spec)")
        return found

    def files(self, environment: Environment) -> dict[str, Supplement]:
        """Return the parts that relationships or elements of the shells name as files."""
        named = {name for _, name, _ in _files(environment.objects)}
        made: dict[str, Supplement] = {}
        for name in [name for name in self._parts if name in named or name in self._suppl]:
            self._used.add(name)
            try:
                made[name] = Supplement(name, self.content(name), self._content_type(name))
            except ScenarioError as error:
                reason = error.problems[0].message
                self._account.note(shown(name), "a file was left out", reason)
        for name in sorted(self._suppl - self._parts.keys()):
            self._account.note(shown(name), "a relationship names a part that is not there")
        for name in self._parts:
            if name not in self._used and not name.endswith(".rels"):
                self._account.note(shown(name), "a part that nothing names was left out")
        return made

    def settle_names(self, document: str, objects: Iterable[model.Identifiable]) -> None:
        """Make names of files that are relative to their document lead from the root."""
        for _, name, rename in _files(objects):
            whole = _resolved(document, name)
            if whole != name and whole in self._parts:
                rename(whole)

    # ------------------------------------------------------------------------- relationships

    def _relations(self, source: str) -> Iterator[tuple[str, str]]:
        """Yield the kind and the target of each relationship of a part, or of the root."""
        folder, name = posixpath.split(source)
        relations = posixpath.join(folder, "_rels", name + ".rels")
        if relations not in self._parts:
            return
        for _, attributes in self._elements(relations, "Relationship"):
            kind, target = attributes.get("Type", ""), attributes.get("Target", "")
            if attributes.get("TargetMode") == "External":
                self._account.note(relations, "an external target was left out", shown(target))
                continue
            ours, others = _RELATIONS.fullmatch(kind), _OTHER.fullmatch(kind)
            whole = _resolved(source, target)
            if ours is None:
                if others is None or others[1] not in _ABOUT:
                    self._account.note(relations, "a relationship is not known", shown(kind))
                self._used.add(whole)
                continue
            if ours[1]:
                self._account.note(relations, "a relationship of old form was read", shown(kind))
            if ours[2] == _FILE:
                self._suppl.add(whole)
            yield ours[2], whole

    def _content_types(self) -> dict[str, str]:
        """Return the content types, by name of a part and by ending."""
        if _TYPES not in self._parts:
            self._account.note(_TYPES, "there is no such part")
            return {}
        found: dict[str, str] = {}
        for _, attributes in self._elements(_TYPES, "Override", "Default"):
            key = (
                unquote(attributes.get("PartName", ""))
                or "." + attributes.get("Extension", "").lower()
            )
            found[key] = attributes.get("ContentType", _UNKNOWN_TYPE)
        return found

    def _content_type(self, name: str) -> str:
        ending = posixpath.splitext(name)[1].lower()
        return self._types.get(name) or self._types.get(ending) or _UNKNOWN_TYPE

    def _elements(self, name: str, *tags: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the XML elements of these tags in a small part."""
        data = self.content(name)
        found: list[tuple[str, dict[str, str]]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag.rpartition(" ")[2] in tags:
                found.append((tag, attributes))

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = start
        parser.StartDoctypeDeclHandler = self._no_document_type(name)
        if len(data) > self._limits.parts * 1000:
            raise self._account.refusal(f"has {len(data):,} bytes", name)
        try:
            parser.Parse(data, True)  # noqa: FBT003 - expat's own
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise self._account.refusal(f"is no well-formed XML: {error}", name) from error
        yield from found

    def _no_document_type(self, name: str) -> Callable[..., None]:
        def refuse(*_: object) -> None:
            raise self._account.refusal("declares a document type", name)

        return refuse


def _fault(entry: zipfile.ZipInfo, limits: Limits) -> str:
    """Return why an entry of the archive is refused, or ''."""
    names = (entry.orig_filename, unquote(entry.orig_filename))
    if any(_OUTSIDE.match(name) or "\\" in name or "\0" in name for name in names):
        return "a name that is no path within the package"
    if ".." in names[1].split("/"):
        return "a name that leads out of the package"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if entry.flag_bits & 1:
        return "an encrypted part"
    if entry.file_size > max(_SMALL, limits.ratio * entry.compress_size):
        return (
            f"unpacks {entry.compress_size:,} bytes to {entry.file_size:,}, "
            f"more than {limits.ratio} times"
        )
    return ""


def _resolved(source: str, target: str) -> str:
    """Return the name from the root that a relative name in `source` means."""
    target = unquote(target.removeprefix("file://").split("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(source), target))


def _files(
    objects: Iterable[model.Identifiable],
) -> Iterator[tuple[str, str, Callable[[str], None]]]:
    """Yield each file that shells and submodels name: where, its name, and how to rename it."""
    for item in objects:
        if isinstance(item, model.AssetAdministrationShell):
            thumbnail = item.asset_information.default_thumbnail
            if thumbnail is not None:
                yield f"{item.id}: thumbnail", thumbnail.path, _renamer(thumbnail, "path")
        for place, element in elements(item):
            if isinstance(element, model.File) and element.value:
                yield f"{item.id}: {place}", element.value, _renamer(element, "value")


def _renamer(holder: object, attribute: str) -> Callable[[str], None]:
    return lambda name: setattr(holder, attribute, name)
