"""YAML files as plain data, with the line of every key.

YAML 1.2: `14:00`, `yes` and `on` stay text and `1e-9` is a number. The node graph is walked by
hand, because a loader stops at the first duplicate key and drops the lines.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.problems import Place, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
# An alias repeats what it names; a file that repeats itself into millions of keys is refused.
_MOST_NODES = 200_000
_DEEPEST = 50


@dataclass(frozen=True)
class Document:
    """One file: `data` is made of dict, list, str, int, float, bool and None.

    `lines`: key path -> line, from 1, empty for a form without lines; `label` is the file's path
    as origins show it; `problems`: what is wrong but hides nothing else, such as a duplicate key,
    of which the first counts.
    """

    file: Path
    label: str
    data: dict[str, object]
    lines: Mapping[KeyPath, int]
    problems: tuple[Problem, ...] = ()

    def place(self, path: KeyPath) -> Place:
        """Return the place of `path`, or of the nearest thing that encloses it."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        if not self.lines:  # shells have no lines
            return Place(_shown(path), self.file, None, self.label)
        line = self.lines.get(known, 1)
        return Place(_shown(path), self.file, line, f"{self.label}:{line}")


def _shown(path: KeyPath) -> str:
    """Return a key path as text; disturbances are counted from 1, as `--set` names them."""
    numbered = path[:1] == ("disturbances",) and len(path) > 1 and isinstance(path[1], int)
    parts = (path[0], int(path[1]) + 1, *path[2:]) if numbered else path
    return ".".join(map(str, parts))


def read(file: Path, label: str) -> Document:
    """Read a YAML file whose top level is a mapping; ScenarioError with file and line if not."""
    text = _text(file)
    walk = _Walk(file)
    try:
        with warnings.catch_warnings():
            # An anchor used twice is legal YAML: the last one before the alias counts.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root = walk.yaml.compose(text)
        data = None if root is None else walk.plain(root, ())
    except MarkedYAMLError as error:
        raise _syntax(error, file, text) from error
    except YAMLError as error:
        message = f"not a text file: {str(error).splitlines()[0]}"
        raise ScenarioError([Problem(message, file=file)]) from error
    except (RecursionError, ValueError) as error:
        message = f"cannot be read as YAML: {type(error).__name__}"
        raise ScenarioError([Problem(message, file=file)]) from error
    if data is None:
        raise ScenarioError([Problem("the file is empty", hint="it needs schema: 1", file=file)])
    if not isinstance(data, dict):
        hint = "the top level is made of lines such as 'name: pilot'"
        raise ScenarioError([Problem("not a mapping", hint=hint, file=file, line=1)])
    return Document(file, label, data, walk.lines, tuple(walk.problems))


def fragment(text: str) -> object:
    """Return the plain data of a piece of YAML given on the command line."""
    walk = _Walk(Path())
    try:
        root = walk.yaml.compose(text)
        data = None if root is None else walk.plain(root, ())
    except (YAMLError, RecursionError, ValueError) as error:
        hint = "a value is a number, text such as 1.9 m/min, or [80 degC, 100 degC]"
        raise ScenarioError([Problem(f"'{text}' cannot be read", hint=hint)]) from error
    if walk.problems:
        raise ScenarioError([Problem(p.message, hint=p.hint) for p in walk.problems])
    return data


def label_of(file: Path, base: Path) -> str:
    """Return `file` relative to the folder `base`, with forward slashes on every system."""
    try:
        return Path(os.path.relpath(file, base)).as_posix()
    except ValueError:  # another drive
        return file.as_posix()


@dataclass
class _Walk:
    """Turns nodes into plain data, noting lines and what YAML allows but a reader stumbles over."""

    file: Path
    yaml: YAML = field(default_factory=lambda: YAML(typ="safe", pure=True))
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _nodes: int = 0

    def plain(self, node: Node, path: KeyPath) -> object:
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(path) > _DEEPEST:
            raise RecursionError
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, object]:
        result: dict[str, object] = {}
        merged: dict[str, object] = {}
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._note("a key must be text", path, line)
                continue
            key = str(key_node.value)
            if key_node.tag == _MERGE:
                merged.update(self._merge(value_node, path, line))
                continue
            if key in seen:
                hint = f"first on line {seen[key]}; keep one of the two"
                self._note("duplicate key", (*path, key), line, hint)
                continue
            seen[key] = line
            self.lines[(*path, key)] = line
            result[key] = self.plain(value_node, (*path, key))
        return {**merged, **result}

    def _merge(self, node: Node, path: KeyPath, line: int) -> dict[str, object]:
        """Return what `<<: *anchor` (or a list of them, the first winning) brings in."""
        nodes = list(node.value) if isinstance(node, SequenceNode) else [node]
        brought: dict[str, object] = {}
        for source in reversed(nodes):
            if isinstance(source, MappingNode):
                brought.update(self._mapping(source, path))
            else:
                self._note("<<: needs the alias of a mapping", path, line)
        return brought

    def _scalar(self, node: Node, path: KeyPath) -> object:
        tag = str(node.tag).removeprefix(_TAG)
        if tag in {"int", "float", "bool", "null"}:
            return self.yaml.constructor.construct_object(node)
        if tag not in {"str", "timestamp", "value"}:
            hint = f"allowed: plain text and numbers; nearest: {nearest(tag, ['str', 'int'])}"
            self._note(f"tag '{node.tag}' is not read", path, node.start_mark.line + 1, hint)
        return str(node.value)

    def _note(self, message: str, path: KeyPath, line: int, hint: str = "") -> None:
        key = _shown(path)
        self.problems.append(Problem(message, key=key, hint=hint, file=self.file, line=line))


def _text(file: Path) -> str:
    """Return the file's text; every way in which it cannot be had has its own message."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        siblings = [p.name for p in file.parent.glob("*.y*ml")] if file.parent.is_dir() else []
        hint = nearest(file.name, siblings, f"YAML file in {file.parent}")
        raise ScenarioError([Problem("the file does not exist", hint=hint, file=file)]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        hint = f"save it as UTF-8; byte {error.start + 1} is no UTF-8"
        problem = Problem("the file is not UTF-8 text", hint=hint, file=file, line=line)
        raise ScenarioError([problem]) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "a readable YAML file is needed"
        raise ScenarioError([Problem(f"unreadable: {reason}", hint=hint, file=file)]) from error


def _syntax(error: MarkedYAMLError, file: Path, text: str) -> ScenarioError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 1
    message = f"YAML syntax: {error.problem or error.context}"
    source = text.splitlines()[line - 1 : line]
    hint = f"see line {line}"
    if source and "\t" in source[0]:
        message, hint = "a tab where YAML wants spaces", "indent with spaces"
    elif error.context_mark is not None and "flow" in (error.context or ""):
        hint = f"close the bracket that is opened on line {error.context_mark.line + 1}"
    elif error.problem and "mapping values are not allowed" in error.problem:
        hint = "check the indentation, or put text that contains ': ' in quotes"
    elif error.problem and "cannot start any token" in error.problem:
        hint = "put the text in quotes"
    return ScenarioError([Problem(message, hint=hint, file=file, line=line)])
