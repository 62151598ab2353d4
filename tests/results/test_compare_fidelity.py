"""Who answered on each side of a comparison: FMUs or stand-ins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.results import compared_fidelity, fidelity, read
from linetwin.results.compare import compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHERE = "cell.formation.formation"
ENTRY = {"fidelity": "auto", "file": "formation.standin", "digest": "ab" * 32}
_FMU = "FMU: porosity is 2"
CHOICES = (
    ("t1", "surrogate"),
    ("t2", _FMU),
    ("t3", _FMU),
    ("t3", "surrogate"),
    ("t1", "surrogate"),
)
"""Calls: one lot by the stand-in, one by the FMU, one by both."""


def stood_in(folder: Path, monkeypatch: pytest.MonkeyPatch, **entries: object) -> Path:
    """Say of a run that stand-ins answered, and for which lots."""
    file = folder / "manifest.json"
    content = json.loads(file.read_text(encoding="utf-8")) | entries
    file.write_text(json.dumps(content), encoding="utf-8")
    known = fidelity.choices

    def choices(run, lots=None):  # noqa: ANN001, ANN202 - as the function in whose place it stands
        found = known(run, lots)
        if not fidelity.had_stand_ins(run):
            return found
        rows = [(0, "cell.formation", lot, "formation", who, 1.0) for lot, who in CHOICES]
        return type(found)(rows, columns=["tick", "station", "lot", "process", "who", "items"])

    monkeypatch.setattr(fidelity, "choices", choices)
    return folder


@pytest.fixture
def folders(
    tmp_path: Path, tiny_writer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """A run of FMUs and one of stand-ins."""
    plain, other = (tiny_writer(tmp_path / name, name=name) for name in ("plain", "other"))
    return plain, stood_in(other, monkeypatch, stand_ins={WHERE: ENTRY})


def test_both_sides_are_told_at_the_top_and_that_they_differ(folders: tuple[Path, Path]) -> None:
    """Before any figure, lots by whom; that a difference may be the stand-in's."""
    answer = CliRunner().invoke(app, ["compare", *map(str, folders)])
    assert answer.exit_code == 0, answer.output
    told = " ".join(answer.output.split())
    before = told.partition("Second over first")[0]
    assert "plain: FMUs alone" in before
    assert "1 of 3 lots by the stand-in, 1 by both" in before
    assert "what differs between them may be the stand-ins'" in before


def test_json_has_the_fidelity_of_each_side(folders: tuple[Path, Path]) -> None:
    """Per process, with who answered how many lots and calls."""
    answer = CliRunner().invoke(app, ["compare", *map(str, folders), "--json"])
    told = json.loads(answer.stdout)
    assert told["fidelity"] == {
        "plain": {},
        "other": {
            WHERE: {
                "fidelity": "auto",
                "stand_ins": ["formation.standin abababababab"],
                "lots": 3,
                "by_stand_in": 1,
                "by_fmu": 1,
                "by_both": 1,
                "calls": 5,
                "calls_by_stand_in": 3,
            }
        },
    }
    assert told["same_fidelity"] is False


def test_sides_of_fmus_say_nothing_of_stand_ins(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """As before there were any."""
    runs = [tiny_writer(tmp_path / name, name=name) for name in ("plain", "other")]
    answer = CliRunner().invoke(app, ["compare", *map(str, runs)])
    assert "FMU" not in answer.output
    found = compare([read(run) for run in runs]).fidelity
    assert found == {"plain": {}, "other": {}}
    assert not compared_fidelity.differ(found)


def test_another_stand_in_is_another_model_and_the_same_is_the_same(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its digest; a branch whose past had another one has both."""
    plain, other = folders
    stood_in(plain, monkeypatch, stand_ins={WHERE: ENTRY})
    same = compare([read(plain), read(other)]).fidelity
    assert not compared_fidelity.differ(same)
    past = {WHERE: ENTRY | {"digest": "cd" * 32}}
    stood_in(plain, monkeypatch, stand_ins_before=[past])
    found = compare([read(plain), read(other)]).fidelity
    assert compared_fidelity.differ(found)
    assert len(found["plain"][WHERE].stand_ins) == 2
    assert len(found["other"][WHERE].stand_ins) == 1


def test_a_past_with_the_same_stand_ins_is_not_told() -> None:
    """Only what changed, to an FMU or from one too."""
    same = {"stand_ins": {WHERE: ENTRY}}
    assert fidelity.changed({WHERE: ENTRY}, same) == []
    assert fidelity.changed({}, {}) == []
    assert fidelity.changed({}, same) == [
        f"{WHERE}: before the branch by the FMU, then by formation.standin abababababab (auto)"
    ]
