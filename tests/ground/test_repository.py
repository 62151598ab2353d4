"""What is tracked: text of this project, true on every machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

# Joined here so that this file does not contain what it looks for.
REGISTRIES = ("py" + "pi.org", "python" + "hosted", "registry.np" + "mjs", "deb.deb" + "ian")
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:" + "|".join(("wo" + "rk", "fa" + "rm", "ro" + "ot")) + r")/"
)
HOME_PATH = re.compile(r"(?<![\w.])/(?:ho" + r"me|Us" + r"ers)/[a-z]\w*/|[A-Z]:\\Us" + r"ers\\")
BUILT = re.compile(
    r"\.(fmu|so|dll|dylib|o|obj|a|lib|exe|whl|py[cdo]|pkl|pickle|joblib|parquet|npy|npz|h5|zip|gz)$",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Return the files that git tracks, as they lie in the working tree."""
    root = Path(__file__).resolve().parents[2]
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("no git or no repository here: what is tracked cannot be told")
    done = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git as the developer has it
        cwd=root,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"git cannot read this repository: {done.stderr.decode()}")
    paths = [root / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]  # one may be deleted, not yet committed


def lines_with(tracked: list[Path], pattern: re.Pattern[str]) -> list[str]:
    """Return `file:line` wherever the pattern occurs."""
    return [
        f"{path.name}:{number}"
        for path in tracked
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_package_registry_is_named(tracked: list[Path]) -> None:
    """Where packages come from is the user's choice: no file names a registry's host."""
    assert lines_with(tracked, re.compile("|".join(map(re.escape, REGISTRIES)))) == []


def test_no_path_of_a_machine_is_named(tracked: list[Path]) -> None:
    """No file holds a path that exists on one machine only."""
    assert lines_with(tracked, MACHINE_PATH) == []
    assert lines_with(tracked, HOME_PATH) == []


def test_nothing_built_or_pickled_is_tracked(tracked: list[Path]) -> None:
    """FMUs, libraries, archives, tables and pickles are made, not kept."""
    assert [path.name for path in tracked if BUILT.search(path.name)] == []


def test_every_tracked_file_is_text(tracked: list[Path]) -> None:
    """No file holds a zero byte, whatever its name says."""
    assert [path.name for path in tracked if b"\0" in path.read_bytes()] == []


@pytest.mark.parametrize("line", ["see /wo" + "rk/x", "'/ro" + "ot/.cache'", "/ho" + "me/ann/x"])
def test_the_search_finds_a_path(tmp_path: Path, line: str) -> None:
    """The patterns find what they are for, so an empty answer means something."""
    file = tmp_path / "note.txt"
    file.write_text(f"fine\n{line}\n", "utf-8")
    assert lines_with([file], MACHINE_PATH) + lines_with([file], HOME_PATH) == ["note.txt:2"]


def test_every_dependency_is_pinned() -> None:
    """Every package that pyproject.toml asks for has one exact version in constraints.txt."""
    import tomllib

    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        asked += extra
    pins = [
        line
        for line in (root / "constraints.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+", pin)] == []
    names = {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in asked} - {"linetwin"}
    assert names <= {pin.partition("==")[0] for pin in pins}
