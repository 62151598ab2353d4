"""FMUs that carry C sources and no binary: refused with the way out, compiled, and run."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from feature_fmus import HERE, cell

from linetwin.authoring.foreign import compile_sources
from linetwin.authoring.toolchain import host_target
from linetwin.cosim.binary import platforms
from linetwin.cosim.simulation import simulate
from linetwin.errors import ModelError, WiringError

if TYPE_CHECKING:
    from pathlib import Path

BUILD = """<?xml version="1.0" encoding="UTF-8"?>
<fmiBuildDescription fmiVersion="3.0"><BuildConfiguration modelIdentifier="ball3">
<SourceFileSet language="{language}"><SourceFile name="ball3.c"/>
<PreprocessorDefinition name="UNUSED" value="1"/><IncludeDirectory name="inside"/></SourceFileSet>
</BuildConfiguration></fmiBuildDescription>
"""


def sources_only(folder: Path, version: int, language: str = "C99", prefix: str = "") -> Path:
    """Write an FMU of the ball with its sources; the headers of FMI 3.0 lie in a folder."""
    fmu = folder / f"ball{version}.fmu"
    with zipfile.ZipFile(fmu, "w") as archive:
        text = (HERE / f"ball{version}.xml").read_text(encoding="utf-8")
        if version == 2:
            old = 'canSerializeFMUstate="true"/>'
            assert old in text
            files = '<SourceFiles><File name="ball2.c"/></SourceFiles></ModelExchange>'
            text = text.replace(old, f"{old[:-2]}>{files}")
        else:
            archive.writestr("sources/buildDescription.xml", BUILD.format(language=language))
        archive.writestr("modelDescription.xml", text)
        source = (HERE / f"ball{version}.c").read_text(encoding="utf-8")
        archive.writestr(f"sources/ball{version}.c", prefix + source)
        inside = "inside/" if version == 3 else ""
        for name in ("ball.h", f"exchange{version}.h"):
            archive.write(HERE / name, f"sources/{inside}{name}")
    return fmu


@cell("Sources only", 2, 3)
@pytest.mark.parametrize("version", [2, 3])
def test_sources_are_compiled(tmp_path: Path, version: int) -> None:
    """Without a binary the command is named; its copy runs, and has all that the FMU had."""
    pytest.importorskip("ziglang")
    fmu = sources_only(tmp_path, version)
    with pytest.raises(WiringError, match=f"linetwin fmu compile ball{version}.fmu"):
        simulate(fmu, 1.0, 0.5)
    copy, folders = compile_sources(fmu, tmp_path / "compiled", [host_target()])
    assert platforms(copy) == folders
    assert simulate(copy, 0.4, 0.2)["h"].iloc[-1] == pytest.approx(1.0 - 0.5 * 9.81 * 0.16)
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(copy) as new:
        assert set(old.namelist()) < set(new.namelist())


def test_what_cannot_be_compiled(tmp_path: Path) -> None:
    """No sources named, another language, faulty C, the same folder: each in its own words."""
    pytest.importorskip("ziglang")
    target = [host_target()]
    (tmp_path / "none").mkdir()
    bare = tmp_path / "none" / "types2.fmu"
    with zipfile.ZipFile(bare, "w") as archive:
        archive.write(HERE / "types2.xml", "modelDescription.xml")
    with pytest.raises(ModelError, match="names no sources"):
        compile_sources(bare, tmp_path / "out", target)
    with pytest.raises(ModelError, match=r"sources are C\+\+11"):
        compile_sources(sources_only(tmp_path, 3, "C++11"), tmp_path / "out", target)
    broken = sources_only(tmp_path, 2, prefix="#error broken\n")
    with pytest.raises(ModelError, match="broken"):
        compile_sources(broken, tmp_path / "out", target)
    with pytest.raises(ModelError, match="name another folder"):
        compile_sources(broken, tmp_path, target)
