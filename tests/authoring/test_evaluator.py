"""The evaluator of predictors is built once, again when its C changes, and joined for a Mac."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from linetwin.authoring.evaluator import building
from linetwin.authoring.evaluator.building import build_evaluator, source_hash
from linetwin.authoring.toolchain import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

_MACH_O = b"\xcf\xfa\xed\xfe"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Targets that were compiled: to a text that names the hash, as the library does."""
    targets: list[str] = []

    def compile_(expected: str, target: str) -> bytes:
        targets.append(target)
        head = _MACH_O + struct.pack("<II", 7, 3) if "darwin" in target else b""
        return head + f"linetwin evaluator 1 {expected}".encode()

    monkeypatch.setattr(building, "_compiled", compile_)
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
    assert joined.count(source_hash().encode()) == 2
    assert sorted(compiled) == sorted(TARGETS)
