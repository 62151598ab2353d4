"""The evaluator of predictors is built once, again when its C changes, and joined for a Mac."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from linetwin.authoring import libraries
from linetwin.authoring.evaluator.building import CODE, build_evaluator
from linetwin.authoring.toolchain import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MACH_O = b"\xcf\xfa\xed\xfe"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Targets that were compiled: to the text that gives code its hash."""
    targets: list[str] = []

    def compile_(
        _sources: Sequence[Path], include: Sequence[Path], target: str, library: Path
    ) -> None:
        targets.append(target)
        head = _MACH_O + struct.pack("<II", 7, 3) if "darwin" in target else b""
        define = (include[-1] / "source.h").read_text("utf-8")
        library.write_bytes(head + define.encode())

    monkeypatch.setattr(libraries, "compile_library", compile_)
    return targets


def test_it_is_built_once(tmp_path: Path, compiled: list[str]) -> None:
    """A folder for each platform; a second call finds all current, a damaged one is built anew."""
    targets = ["x86_64-linux", "x86_64-windows"]
    built = build_evaluator(tmp_path, targets)
    assert [path.relative_to(tmp_path).as_posix() for path in built] == [
        "_evaluator/x86_64-linux/evaluator.so",
        "_evaluator/x86_64-windows/evaluator.dll",
    ]
    assert build_evaluator(tmp_path, targets) == []
    built[1].write_bytes(b"of other sources")
    assert build_evaluator(tmp_path, targets) == [built[1]]
    assert compiled == [*targets, "x86_64-windows"]


def test_fmi_2_has_one_folder_for_both_processors_of_a_mac(
    tmp_path: Path, compiled: list[str]
) -> None:
    """Both libraries in one file, where both were built; one of them alone is not joined."""
    build_evaluator(tmp_path, ["aarch64-darwin"])
    assert not (tmp_path / "_evaluator" / "darwin64").exists()
    build_evaluator(tmp_path, ["all"])
    joined = (tmp_path / "_evaluator" / "darwin64" / "evaluator.dylib").read_bytes()
    assert struct.unpack(">II", joined[:8]) == (0xCAFEBABE, 2)
    assert joined.count(CODE.hash().encode()) == 2
    assert sorted(compiled) == sorted(TARGETS)
