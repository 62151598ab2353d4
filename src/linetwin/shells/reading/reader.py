"""Files of shells as environments: JSON, XML and packages of metamodels 3.0 and 3.1."""

from __future__ import annotations

import codecs
import gc
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.errors import Problem, ScenarioError
from linetwin.shells.environment import Environment
from linetwin.shells.reading.account import Account, shown
from linetwin.shells.reading.building import Builder, count
from linetwin.shells.reading.json_tree import json_tree
from linetwin.shells.reading.limits import Limits
from linetwin.shells.reading.package import Package
from linetwin.shells.reading.walking import elements
from linetwin.shells.reading.xml_tree import xml_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from basyx.aas import model

_ZIP = b"PK"
_ALLOCATIONS = 50_000
"""Objects made, less those done with, after which cyclic garbage is looked for (Python: 700)."""
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read(source: Path | str | bytes, limits: Limits | None = None) -> Environment:
    """Return what an AASX, a JSON or an XML file holds; what it is, its first bytes say.

    `source`: a path, or the bytes of a file. What is mended or left out stands in the notes of
    the environment, each with its place. Raises ScenarioError where the file cannot be read, goes
    beyond `limits`, or holds nothing.
    """
    limits = limits or Limits()
    account = Account(None if isinstance(source, bytes) else Path(source), most=limits.faults)
    data = source if isinstance(source, bytes) else _bytes(Path(source), account, limits)
    if len(data) > limits.file_bytes:
        raise _too_large(len(data), account, limits)
    environment = Environment()
    with _rarely_collecting():
        if data[:2] == _ZIP:
            _read_package(data, environment, account, limits)
        else:
            _read_document(data, environment, account, limits)
    _check(environment, account)
    environment.notes.extend(account.notes())
    return environment


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Let Python look for cyclic garbage less often, which was half of the time of reading.

    What is built stays, so there is little to find; what faults leave behind is found still.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _ALLOCATIONS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _bytes(path: Path, account: Account, limits: Limits) -> bytes:
    """Return the content of a file that is not too large."""
    try:
        if not path.is_file():
            said = "is a folder" if path.is_dir() else "is no regular file"
            message = said if path.exists() else "there is no such file"
            raise account.refusal(message, hint="an AASX, JSON or XML file")
        if path.stat().st_size > limits.file_bytes:
            raise _too_large(path.stat().st_size, account, limits)
        return path.read_bytes()
    except OSError as error:
        raise account.refusal(f"cannot be read: {error.strerror}") from error


def _too_large(size: int, account: Account, limits: Limits) -> ScenarioError:
    return account.refusal(
        f"has {size:,} bytes", hint=f"at most {limits.file_bytes:,} bytes are read"
    )


def _read_package(data: bytes, environment: Environment, account: Account, limits: Limits) -> None:
    """Read each document of a package; one that cannot be read is noted, unless all are so."""
    package = Package(data, account, limits)
    problems: list[Problem] = []
    documents = package.documents()
    for name in documents:
        account.part = name
        try:
            before = {item.id for item in environment.objects}
            _read_document(package.content(name), environment, account, limits)
            package.settle_names(name, (o for o in environment.objects if o.id not in before))
        except ScenarioError as error:
            problems.extend(error.problems)
            account.note("", "the part was left out", "; ".join(p.message for p in error.problems))
        finally:
            account.part = ""
    if len(problems) >= len(documents):
        raise ScenarioError(problems)
    environment.files.update(package.files(environment))


def _read_document(data: bytes, environment: Environment, account: Account, limits: Limits) -> None:
    """Add what a JSON or XML document holds to the environment."""
    account.size += len(data)
    if account.size > limits.document_bytes:
        raise account.refusal(
            f"has {account.size:,} bytes of shells",
            hint=f"at most {limits.document_bytes:,} are read",
        )
    tree = _tree(data, account, limits)
    found = count({key: value for key, value in tree.items() if isinstance(value, list)})
    account.found += found
    if account.found > limits.elements:
        raise account.refusal(
            f"holds {account.found:,} shells, submodels, concept descriptions and elements",
            hint=f"at most {limits.elements:,} are read",
        )
    _add(Builder(account, limits).identifiables(tree), environment, account)


def _tree(data: bytes, account: Account, limits: Limits) -> dict[str, Any]:
    start = data[:64].lstrip(codecs.BOM_UTF8).lstrip()
    wide = data.startswith(_WIDE)
    if start.startswith(b"<") or (wide and b"<" in data[2:4]):
        return xml_tree(data, account, limits)
    if not (start[:1] in (b"{", b"[") or wide):
        raise account.refusal(
            "is no AASX, JSON or XML file" if data else "is empty",
            hint=f"it begins with {shown(data[:16])}" if data else "",
        )
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise account.refusal(f"is no UTF-8 text: byte {error.start}") from error
    if wide:
        account.note("", "was read as UTF-16", "JSON is UTF-8")
    return json_tree(text, account, limits)


def _add(found: Iterable[model.Identifiable], environment: Environment, account: Account) -> None:
    """Put objects into the store; the first of an id counts."""
    for item in found:
        if environment.objects.get(item.id) is not None:
            account.note(
                "",
                "an id stands twice; the first is kept",
                f"{type(item).__name__} {shown(item.id)}",
            )
            account.found -= 1 + sum(1 for _ in elements(item))
        else:
            environment.objects.add(item)


def _check(environment: Environment, account: Account) -> None:
    """Refuse an empty store, and a smaller one than the file's that no note explains."""
    kept = sum(1 + sum(1 for _ in elements(item)) for item in environment.objects)
    notes = account.notes()
    if kept < account.found and not notes:
        raise account.refusal(f"{account.found - kept} of {account.found} elements were lost")
    if not kept:
        raise account.refusal(
            "holds no shell, submodel or concept description that can be read",
            hint="; ".join(notes[:3]),
        )
    if kept < account.found:
        account.note("", f"{account.found - kept} of {account.found} elements were left out")
