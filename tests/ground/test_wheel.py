"""The wheel: what it carries besides Python, and that it runs without a compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = """
from linetwin.authoring import Model


def build() -> Model:
    m = Model("tank", title="A tank", description="For tests.", version="1.0", validity="tests")
    inflow = m.input("inflow", "m3/s", start=1.0, minimum=0.0, maximum=2.0)
    volume = m.state("volume", "m3", start=0.0, nominal=1.0)
    m.der(volume, inflow)
    return m
"""


def build_wheel(folder: Path, targets: str) -> Path:
    """Build a wheel of this linetwin with one small model in place of the library."""
    for name in ("hatch_build.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    built = shutil.ignore_patterns("_fmus", "_kernel", "__pycache__")
    shutil.copytree(ROOT / "src", folder / "src", ignore=built)
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    (folder / "fmus" / "tank").mkdir(parents=True)
    (folder / "fmus" / "tank" / "model.py").write_text(MODEL, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"],
        cwd=folder,
        env={**os.environ, "LINETWIN_FMU_TARGETS": targets, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return next((folder / "dist").glob("*.whl"))


EXPORTED = (
    *("linetwin_rows", "linetwin_group_advance", "linetwin_group_move", "linetwin_group_settle"),
    *("linetwin_group_lead", "linetwin_group_help", "linetwin_text_get2", "linetwin_text_set3"),
)
"""Functions of the compiled kernel that Python looks up."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel for this machine and for Windows."""
    for package in ("hatchling", "casadi", "ziglang"):
        pytest.importorskip(package)
    from linetwin.authoring.toolchain import host_target

    return build_wheel(tmp_path_factory.mktemp("tree"), f"{host_target()},x86_64-windows")


def test_carries_models_and_row_loop_for_the_platforms_asked_for(wheel: Path) -> None:
    """Each FMU is there, and the row loop with a library of each platform and its sources."""
    from linetwin.authoring.toolchain import TARGETS, host_target

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        windows = archive.read("linetwin/_kernel/x86_64-windows/kernel.dll")
    host = host_target()
    kernels = {name for name in names if name.startswith("linetwin/_kernel/")}
    assert "linetwin/_fmus/tank.fmu" in names
    assert kernels == {
        f"linetwin/_kernel/{host}/kernel{TARGETS[host].suffix}",
        "linetwin/_kernel/x86_64-windows/kernel.dll",
    }
    assert {"linetwin/cosim/kernel/rows.c", "linetwin/cosim/kernel/kernel.h"} <= names
    assert windows[:2] == b"MZ"
    assert [name for name in EXPORTED if name.encode() not in windows] == []


@pytest.mark.slow
def test_a_wheel_of_one_platform_bears_its_tag(tmp_path: Path) -> None:
    """Whoever builds it: the tag, one kernel and one library in each FMU, all of that platform."""
    for package in ("hatchling", "casadi", "ziglang"):
        pytest.importorskip(package)
    found = build_wheel(tmp_path, "aarch64-darwin")
    assert found.name.endswith("-py3-none-macosx_11_0_arm64.whl")
    with zipfile.ZipFile(found) as archive:
        kernels = [n for n in archive.namelist() if n.startswith("linetwin/_kernel/")]
        assert kernels == ["linetwin/_kernel/aarch64-darwin/kernel.dylib"]
        kernel = archive.read(kernels[0])
        assert kernel.startswith(b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01"), "64 bits, ARM"
        assert [name for name in EXPORTED if f"_{name}".encode() not in kernel] == []
        (tmp_path / "tank.fmu").write_bytes(archive.read("linetwin/_fmus/tank.fmu"))
    with zipfile.ZipFile(tmp_path / "tank.fmu") as fmu:
        binaries = [name for name in fmu.namelist() if name.startswith("binaries/")]
    assert binaries == ["binaries/aarch64-darwin/tank.dylib"]


def test_the_row_loop_of_an_unpacked_wheel_is_used(wheel: Path, tmp_path: Path) -> None:
    """Unpacked anywhere, linetwin finds the library that fits its sources."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    asking = "from linetwin.cosim.kernel.library import row_loop; print(row_loop())"
    environment = {k: v for k, v in os.environ.items() if k != "LINETWIN_KERNEL"}
    done = subprocess.run(
        [sys.executable, "-c", asking],
        env={**environment, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip() == "compiled", done.stderr
