"""A snapshot is resumed by what made it, and by nothing else; a fork goes on all the same."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.cli.versions import LAYERS, code_digest, differences
from linetwin.line import run
from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk, Order

SOFTWARE = ("linetwin", "code of linetwin", "Python", "numpy", "simpy", "system", "C library")


def remade(folder: Path, **changes: Any) -> Path:  # noqa: ANN401  plain data
    """Change what the last snapshot of a run says of itself; return it."""
    file = max((folder / "snapshots").iterdir())
    file.write_bytes(run.seal({**run.unseal(file.read_bytes()), **changes}))
    return file


def test_run_and_snapshot_say_what_they_were_made_with(saved: Order) -> None:
    """The same in the manifest and in every snapshot: software, machine, and each FMU by hash."""
    made_with = read(saved.run).manifest["made_with"]
    assert set(SOFTWARE) <= made_with.keys()
    assert {"FMU drying", "FMU formation", "FMU machine", "FMU building"} <= made_with.keys()
    for file in (saved.run / "snapshots").iterdir():
        assert run.unseal(file.read_bytes())["made_with"] == made_with


@pytest.mark.parametrize("name", ["code of linetwin", "numpy", "C library", "FMU drying"])
def test_other_software_or_fmus_are_refused_by_name(
    saved: Order, clerk: Clerk, tmp_path: Path, name: str
) -> None:
    """Exit code 2, what was and what is, and the fork as a way out; the folder is as it was."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    made_with = read(copy).manifest["made_with"]
    file = remade(copy, made_with={**made_with, name: "0.0.1"})
    answer = clerk("resume", file)
    assert answer.code == 2
    assert f"{name} 0.0.1, here {made_with[name]}" in answer.err
    assert f"linetwin fork {file}" in answer.err
    assert "Traceback" not in answer.err
    assert read(copy).manifest == read(saved.run).manifest
    assert len(list((copy / "snapshots").iterdir())) == len(read(copy).manifest["snapshots"])


def test_a_fork_goes_on_with_other_software(saved: Order, clerk: Clerk, tmp_path: Path) -> None:
    """What a resume refuses a fork takes, and its own manifest says with what it was made."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    made_with = read(copy).manifest["made_with"]
    file = remade(copy, made_with={**made_with, "numpy": "0.0.1"})
    answer = clerk("fork", file, "-o", tmp_path / "fork")
    assert answer.code == 0, answer.err
    assert read(tmp_path / "fork").manifest["made_with"] == made_with


def test_another_format_and_another_state_are_refused(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """A snapshot of an older linetwin, and one whose units keep other things: no traceback."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    file = remade(copy, format=1)
    answer = clerk("resume", file)
    assert answer.code == 2
    assert f"snapshot of format 1; this version reads format {run.FORMAT}" in answer.err
    units = run.unseal(file.read_bytes())["units"]
    remade(copy, format=run.FORMAT, units={name: {"surplus": 1} for name in units})
    answer = clerk("resume", file)
    assert answer.code == 2
    assert "not one of this version of linetwin" in answer.err
    assert "Traceback" not in answer.err


def test_the_digest_knows_every_file_that_decides(tmp_path: Path) -> None:
    """A change, a new name or a new file in any of the layers changes it; a report does not."""
    for layer in LAYERS:
        file = tmp_path / layer if layer.endswith(".py") else tmp_path / layer / "deep" / "a.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1", encoding="utf-8")
    seen = {code_digest(tmp_path)}
    for number, layer in enumerate(LAYERS):
        file = tmp_path / layer if layer.endswith(".py") else tmp_path / layer / "deep" / "a.py"
        file.write_text("2", encoding="utf-8")
        assert len(seen | {code_digest(tmp_path)}) == number + 2
        seen.add(code_digest(tmp_path))
    (tmp_path / "line" / "deep" / "a.py").rename(tmp_path / "line" / "deep" / "b.py")
    seen.add(code_digest(tmp_path))
    (tmp_path / "line" / "kinds.toml").write_text("", encoding="utf-8")
    seen.add(code_digest(tmp_path))
    assert len(seen) == len(LAYERS) + 3
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "report.py").write_text("", encoding="utf-8")
    assert code_digest(tmp_path) in seen


VERSIONS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2", "3"]))


@given(one=VERSIONS, other=VERSIONS)
def test_differences_are_all_and_only_those(one: dict[str, str], other: dict[str, str]) -> None:
    """One line for each name that is not the same on both sides; none for equal ones."""
    names = {text.split(" ")[0] for text in differences(one, other)}
    assert names == {name for name, _ in one.items() ^ other.items()}
