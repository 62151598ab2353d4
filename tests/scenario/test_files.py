"""Files that cannot be read, and the ways in which YAML misleads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.document import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Workbench


def _problem(run: Callable[[], object]) -> str:
    with pytest.raises(ScenarioError) as caught:
        run()
    return str(caught.value)


def test_a_missing_line_names_the_files_that_are_there(bench: Workbench) -> None:
    """A reference to a file that is not there suggests one that is."""
    bench.edit("scenario", "lines/line.yaml", "lines/lin.yaml")
    message = _problem(bench.load)
    assert str(bench.folder / "lines" / "lin.yaml") in message
    assert "does not exist (did you mean line.yaml?)" in message


def test_a_missing_recipe_brings_no_other_problem(bench: Workbench) -> None:
    """What the recipe would have set is not reported as missing."""
    bench.edit("line", "      roll_length: 100 m\n", "")
    bench.edit("scenario", "recipes/recipe.yaml", "recipes/other.yaml")
    assert _problem(bench.load).count("\n") == 0


def test_not_utf8(bench: Workbench) -> None:
    """Latin-1 is refused with its line, because a degree sign would be lost."""
    bench.files["recipe"].write_bytes(b"schema: 1\nname: recipe\ntitle: 20 \xb0C\n")
    message = _problem(bench.load)
    assert "recipe.yaml:3: the file is not UTF-8 text (save it as UTF-8" in message


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n"])
def test_empty(bench: Workbench, content: str) -> None:
    """An empty file says what it lacks."""
    bench.files["line"].write_text(content, encoding="utf-8")
    assert "line.yaml: the file is empty (it needs schema: 1)" in _problem(bench.load)


@pytest.mark.parametrize("content", ["just text\n", "- a\n- b\n", "5\n"])
def test_not_a_mapping(bench: Workbench, content: str) -> None:
    """The top level must be made of keys."""
    bench.files["line"].write_text(content, encoding="utf-8")
    assert "line.yaml:1: not a mapping" in _problem(bench.load)


def test_a_folder_is_no_file(bench: Workbench) -> None:
    """A folder in place of a file is a problem with a name, not a traceback."""
    bench.edit("scenario", "recipes/recipe.yaml", "recipes")
    assert "recipes: unreadable: " in _problem(bench.load)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_no_permission(bench: Workbench) -> None:
    """A file that may not be read says so."""
    bench.files["line"].chmod(0)
    assert "line.yaml: unreadable: Permission denied" in _problem(bench.load)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\x7fELF\x02\x01\x01\x00\x00",
        "schema: 1\n".encode("utf-16"),
        b"a: \x00\n",
        b"[" * 1000,
        b"a: &x [*x]\n",
        b"a: &a [1, 1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *e]\n",
        b"{{a: 1}: 2}\n",
        b"? [a, b]\n: 1\n",
        b"a: !!int abc\n",
        b"a: 'open\n",
        b"--- \na: 1\n---\nb: 1\n",
        b"%YAML 9.9\n---\na: 1\n",
        b"a: *nobody\n",
        b"a:\n\t- 1\n",
        b"<<: 5\n",
        b"a: 1" + b"0" * 5000 + b"\n",
    ],
)
def test_whatever_the_bytes_no_traceback(tmp_path: Path, content: bytes) -> None:
    """Bytes of any kind end in a ScenarioError that names the file."""
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    assert str(file) in _problem(lambda: load(file))


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    """Twenty lines that stand for a billion values are not expanded."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert "cannot be read as YAML" in _problem(lambda: read(file, "bomb.yaml"))


def test_lines_and_yaml_1_2(tmp_path: Path) -> None:
    """Clock times, yes and dates stay text, 1e-9 is a number, and every key knows its line."""
    file = tmp_path / "a.yaml"
    text = "# c\na: 14:00\nb: 1e-9\nc: yes\nd: 2026-11-21\ne:\n  - f: [1, 2]\n  - g.h: on\n"
    file.write_text("\ufeff" + text, encoding="utf-8")
    document = read(file, "a.yaml")
    assert document.data == {
        "a": "14:00", "b": 1e-9, "c": "yes", "d": "2026-11-21",
        "e": [{"f": [1, 2]}, {"g.h": "on"}],
    }  # fmt: skip
    assert document.lines["b",] == 3
    assert document.lines["e", 0, "f"] == 7
    assert document.place(("e", 1, "g.h", "missing")).line == 8
    assert document.place(("e", 1, "g.h")).origin == "a.yaml:8"


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    """Two alike stations may share what they have in common."""
    file = tmp_path / "a.yaml"
    file.write_text("a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\nc: {<<: [*x]}\n", encoding="utf-8")
    data = read(file, "a.yaml").data
    assert data["b"] == {"k": 1, "l": 3}
    assert data["c"] == {"k": 1, "l": 2}


def test_an_unknown_name_lists_the_shipped_scenarios() -> None:
    """A bare name that nobody ships suggests the nearest."""
    assert "no scenario is called 'nonesuch'" in _problem(lambda: load("nonesuch"))


def test_a_missing_path_is_told(tmp_path: Path) -> None:
    """A path that does not exist is named."""
    file = tmp_path / "nowhere" / "a.yaml"
    assert f"{file}: the file does not exist" in _problem(lambda: load(file))


def test_a_duplicate_key_hides_no_other_problem(bench: Workbench) -> None:
    """The first of the two counts, and what else is wrong is told with it."""
    bench.edit("line", "      roll_length: 100 m\n", "      roll_length: 100 m\n" * 2)
    bench.edit("line", "kind: slitter", "kind: sliter")
    bench.edit("scenario", "seed: 7", "seed: 7\nseed: 8\nordr: 3")
    with pytest.raises(ScenarioError) as caught:
        bench.load()
    told = [(problem.key, problem.message) for problem in caught.value.problems]
    assert ("stations.cathode.coater.parameters.roll_length", "duplicate key") in told
    assert ("seed", "duplicate key") in told
    assert ("ordr", "unknown key") in told
    assert any(key == "stations.cathode.slitter.kind" for key, _ in told)
