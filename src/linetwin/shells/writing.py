"""Environments as files: AASX with JSON inside, JSON, or XML of metamodel 3.1.

The same environment gives the same bytes: what basyx holds as sets is sorted, and a package
carries no clock time.
"""

from __future__ import annotations

import io
import json
import os
import posixpath
import re
import zipfile
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from basyx.aas.adapter.json import AASToJsonEncoder

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.shells.environment import Environment, Supplement

ENDINGS: Final = (".aasx", ".json", ".xml")
_DOCUMENT: Final = "/aasx/data.json"
_ORIGIN: Final = "/aasx/aasx-origin"
_RELATIONSHIP: Final = "http://admin-shell.io/aasx/relationships/"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SETS: Final = frozenset(
    {"submodels", "specificAssetIds", "isCaseOf", "refersTo", "valueReferencePairs"}
)
"""Lists that basyx holds as sets, whose order differs from process to process."""
_IN_PATHS: Final = "/-._~!$&'()*+,;=:@%"
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every part: the earliest that a zip archive can say."""


def write(environment: Environment, path: Path) -> None:
    """Write an environment to a file; its ending (`.aasx`, `.json`, `.xml`) says the form.

    Every object is written, also concept descriptions that nothing refers to. JSON and XML hold
    no supplementary files. Raises ScenarioError for another ending or a folder that is not there.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ScenarioError(
            [Problem(f"ending {ending!r}", hint="allowed: " + ", ".join(ENDINGS), file=path)]
        )
    content = {".aasx": package, ".json": document, ".xml": xml_document}[ending](environment)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)  # noqa: PTH105 - said aloud: this is the atomic step
    except OSError as error:
        raise ScenarioError([Problem(f"cannot be written: {error.strerror}", file=path)]) from error


def document(environment: Environment, indent: int | None = 2) -> bytes:
    """Return the environment as a JSON document in UTF-8, with a newline at its end."""
    tree = as_tree(environment)
    return (json.dumps(tree, indent=indent, ensure_ascii=False) + "\n").encode()


def as_tree(environment: Environment) -> dict[str, Any]:
    """Return the environment as plain dicts and lists, in the form that JSON files have."""
    lists = {
        "assetAdministrationShells": environment.shells(),
        "submodels": environment.submodels(),
        "conceptDescriptions": environment.concepts(),
    }
    encoder = AASToJsonEncoder()
    full = {key: _plain(list(items), encoder) for key, items in lists.items()}
    return {key: items for key, items in full.items() if items}


def _plain(value: Any, encoder: AASToJsonEncoder, key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a value of basyx's as JSON has it."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        # basyx writes an empty list of ids for each entity, which neither metamodel allows
        given = {name: inner for name, inner in value.items() if inner or name not in _SETS}
        if given.get("modelType") == "File" and isinstance(given.get("value"), str):
            given["value"] = encoded(given["value"])
        if key == "defaultThumbnail":
            given["path"] = encoded(given["path"])
        return {name: _plain(inner, encoder, name) for name, inner in given.items()}
    if isinstance(value, (list, tuple)):
        made = [_plain(inner, encoder) for inner in value]
        return sorted(made, key=json.dumps) if key in _SETS else made
    return _plain(encoder.default(value), encoder, key)


def encoded(path: str) -> str:
    """Return the name of a file as shells and packages write it: by percent codes (RFC 3986).

    What is coded already stays, and so does an address (`https:...`).
    """
    return path if _ADDRESS.match(path) else quote(_LONE_PERCENT.sub("%25", path), safe=_IN_PATHS)


def xml_document(environment: Environment) -> bytes:
    """Return the environment as an XML document of metamodel 3.1, in the order of its schema."""
    return xml_of(as_tree(environment))


def xml_of(tree: dict[str, Any]) -> bytes:
    """Return an environment in the form that JSON files have as an XML document."""
    from aas_core3_1 import jsonization, xmlization

    whole = jsonization.environment_from_jsonable(tree)
    return (_HEAD + xmlization.to_str(whole) + "\n").encode()


def package(environment: Environment) -> bytes:
    """Return the environment as an AASX package with its supplementary files."""
    return package_of(document(environment, indent=None), environment.files)


def package_of(content: bytes, supplements: Mapping[str, Supplement]) -> bytes:
    """Return a JSON document and the files that it names as an AASX package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:

        def part(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name.removeprefix("/"), _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)

        files = [supplements[name] for name in sorted(supplements)]
        part("/[Content_Types].xml", _content_types(files))
        part("/_rels/.rels", _relationships([("aasx-origin", _ORIGIN)]))
        part(_ORIGIN, b"Intentionally empty.")
        part(_relations_of(_ORIGIN), _relationships([("aas-spec", _DOCUMENT)]))
        part(_DOCUMENT, content)
        if files:
            links = [("aas-suppl", encoded(file.name)) for file in files]
            part(_relations_of(_DOCUMENT), _relationships(links))
        for file in files:
            part(encoded(file.name), file.content)
    return buffer.getvalue()


def _relations_of(name: str) -> str:
    folder, last = posixpath.split(name)
    return posixpath.join(folder, "_rels", last + ".rels")


def _relationships(links: list[tuple[str, str]]) -> bytes:
    """Return the part that says what a part is linked to: kind and name of each target."""
    rows = "".join(
        f'<Relationship Id="r{index}" Type="{_RELATIONSHIP}{kind}" Target={quoteattr(name)}/>'
        for index, (kind, name) in enumerate(links)
    )
    space = f"{_PACKAGE}relationships"
    return f'{_HEAD}<Relationships xmlns="{space}">{rows}</Relationships>'.encode()


def _content_types(files: list[Supplement]) -> bytes:
    """Return the part that says what is in each part."""
    types = {
        _DOCUMENT: "application/json",
        _ORIGIN: "text/plain",
        **{encoded(file.name): file.content_type for file in files},
    }
    rows = "".join(
        f"<Override PartName={quoteattr(name)} ContentType={quoteattr(kind)}/>"
        for name, kind in types.items()
    )
    default = (
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    )
    return f'{_HEAD}<Types xmlns="{_PACKAGE}content-types">{default}{rows}</Types>'.encode()
