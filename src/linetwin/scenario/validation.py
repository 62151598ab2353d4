"""Validating a file against its schema, and telling its author what is wrong in plain words.

What is wrong is cut out and the rest validated again, so that one bad key hides no other problem.
"""

from __future__ import annotations

import copy
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.absent import EMPTY
from linetwin.scenario.document import read
from linetwin.scenario.problems import Problems, nearest
from linetwin.scenario.written import FORM, VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from linetwin.scenario.document import Document, KeyPath

FileModel = TypeVar("FileModel", bound=BaseModel)
_MOST_ROUNDS = 200
_LONGEST_SHOWN = 60
# What stands in for a missing key of the top level, so that the rest can still be checked.
_STAND_INS: dict[str, object] = {"name": "unnamed", "stations": {}}
_NAME_HINT = "letters, digits and _; paths are lower-case and joined by dots: cathode.coater"
_MESSAGES = {
    "string_type": ("must be text", "put it in quotes if it is meant as text"),
    "int_type": ("must be a whole number", "such as 1000, without a unit"),
    "int_from_float": ("must be a whole number", "such as 1000, without a unit"),
    "float_type": ("must be a number", "such as 1.5, without a unit"),
    "finite_number": ("must be a finite number", "such as 1.5"),
    "bool_type": ("must be true or false", "yes, no, on and off are text in YAML 1.2"),
    "dict_type": ("must be a mapping", "indented lines of the form 'key: value'"),
    "model_type": ("must be a mapping", "indented lines of the form 'key: value'"),
    EMPTY: ("must have a value", "or leave the key out"),
    "list_type": ("must be a list", "lines that begin with '- ', or [a, b]"),
}
_LIMITS = {
    "literal_error": ("expected", ""),
    "greater_than_equal": ("ge", "at least "),
    "less_than_equal": ("le", "at most "),
    "less_than": ("lt", "less than "),
}


@dataclass(frozen=True)
class Checked(Generic[FileModel]):
    """A file's model, and the key paths that were cut out because they were wrong."""

    document: Document
    model: FileModel
    cut: frozenset[KeyPath]

    def is_cut(self, *path: str | int) -> bool:
        """Say whether something at or below `path` was cut out."""
        return any(cut[: len(path)] == path or path[: len(cut)] == cut for cut in self.cut)


def read_checked(file: Path, model: type[FileModel]) -> Checked[FileModel]:
    """Return a file that stands for itself; ScenarioError with everything that is wrong."""
    document, problems = read(file, file.name), Problems()
    problems.keep(document.problems)
    checked = validate(document, model, problems)
    problems.check()
    if checked is None:
        raise ScenarioError([Problem("nothing to read", file=file)])
    return checked


def validate(
    document: Document, model: type[FileModel], problems: Problems
) -> Checked[FileModel] | None:
    """Return the validated part of a document; None where nothing of it can be used."""
    if document.data.get("schema") != VERSION or document.data.get("schema") is True:
        found = document.data.get("schema", "none")
        message = f"schema version {found!r} is not read" if found != "none" else "missing key"
        problems.add(document.place(("schema",)), message, f"write schema: {VERSION}")
        if found != "none":
            return None
    data = {**copy.deepcopy(document.data), "schema": VERSION}
    told: set[KeyPath] = set()
    cut: set[KeyPath] = set()
    for _ in range(_MOST_ROUNDS):
        try:
            return Checked(document, model.model_validate(data), frozenset(cut))
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            path = _written_path(detail, document)
            if path not in told and not _inside(path, cut):
                told.add(path)
                problems.add(document.place(path), *words(detail, model))
        removed: set[KeyPath] = set()
        for detail in details:
            path = _schema_path(detail)
            if not _inside(path, removed):
                gone = _cut_out(data, path, missing=detail["type"] == "missing")
                if gone is None:
                    return None
                removed.add(gone)
        cut |= removed
    return None


def _inside(path: KeyPath, cut: set[KeyPath]) -> bool:
    return any(path[: len(gone)] == gone for gone in cut)


def _schema_path(detail: ErrorDetails) -> KeyPath:
    """Return the key path of an error; pydantic marks a bad key itself with "[key]"."""
    return tuple(part for part in detail["loc"] if part != "[key]")


def _written_path(detail: ErrorDetails, document: Document) -> KeyPath:
    """Return the key path as the author sees it, without what the schema added."""
    path = _schema_path(detail)
    if detail["type"] == "missing":
        return path
    while path and not _is_written(path, document):
        path = path[:-1]
    return path


def _is_written(path: KeyPath, document: Document) -> bool:
    """Say whether a document has a key path; that of shells has no lines, and is searched."""
    if document.lines:
        return path in document.lines
    found: Any = document.data
    for key in path:
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def words(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Return message and hint for one error of pydantic."""
    kind, value, path = detail["type"], detail["input"], detail["loc"]
    if kind in {"missing", "extra_forbidden"}:
        allowed = _allowed_keys(model, path[:-1])
        hint = f"allowed: {', '.join(allowed)}"
        if kind == "missing":
            return "missing key", hint
        near = nearest(str(path[-1]), allowed)
        return "unknown key", f"{near} {hint}" if near.startswith("did") else hint
    if kind == "string_pattern_mismatch":
        return f"{path[-2] if path[-1] == '[key]' else value!r} is no valid name", _NAME_HINT
    if kind in {FORM, *_LIMITS}:
        return _of_value(kind, value, detail["ctx"])
    if kind in _MESSAGES:
        message, hint = _MESSAGES[kind]
        return f"{message}, not {_shown(value)}", hint
    return f"{_shown(value)}: {detail['msg'].lower()}", ""


def _of_value(kind: str, value: object, ctx: dict[str, Any]) -> tuple[str, str]:
    """Return message and hint for a value of the right type that is not allowed."""
    if kind == FORM:
        return f"{_shown(value)} is no {ctx['what']}", ctx["hint"]
    limit, words = _LIMITS[kind]
    return f"{_shown(value)} is not allowed", f"allowed: {words}{ctx[limit]}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _cut_out(data: dict[str, Any], path: KeyPath, *, missing: bool) -> KeyPath | None:
    """Remove what is at `path` (what encloses it, where that is missing); return the path removed.

    None when nothing more can be removed.
    """
    if len(path) == 1 and missing:
        if path[0] not in _STAND_INS:
            return None
        data[str(path[0])] = _STAND_INS[str(path[0])]
        return path
    for length in range(len(path), 0, -1):
        holder: Any = data
        for part in path[: length - 1]:
            holder = holder[part] if _has(holder, part) else None
        if _has(holder, path[length - 1]):
            if isinstance(holder, list):  # an item must keep its place: lines hang on it
                holder[int(path[length - 1])] = None
            else:
                del holder[path[length - 1]]
            return path[:length]
    return None


def _has(holder: object, part: str | int) -> bool:
    if isinstance(holder, dict):
        return part in holder
    return isinstance(holder, list) and isinstance(part, int) and part < len(holder)


def _allowed_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that the schema knows at `path`."""
    at: Any = model
    for part in path:
        at = _bare(at)
        if isinstance(at, type) and issubclass(at, BaseModel):
            fields = {field.alias or name: field for name, field in at.model_fields.items()}
            at = fields[str(part)].annotation if part in fields else None
        else:
            arguments = typing.get_args(at)
            at = arguments[-1] if arguments else None
    at = _bare(at)
    if isinstance(at, type) and issubclass(at, BaseModel):
        return [field.alias or name for name, field in at.model_fields.items()]
    return []


def _bare(annotation: Any) -> Any:  # noqa: ANN401 (an annotation may be anything)
    """Return what an Annotated or optional annotation is about."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in {types.UnionType, typing.Union}:
            annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
        else:
            return annotation
