from __future__ import annotations

import ctypes
import json
import re
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fmpy import extract, read_model_description, simulate_fmu
from fmpy.fmi2 import FMU2Slave
from fmpy.validation import validate_fmu

from linetwin.authoring import toolchain
from linetwin.authoring.build import build_fmu, build_model
from linetwin.authoring.standards import FMI2, universal
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.authoring import Model

NAMES = ["circuit", "ball", "static", "stiff"]


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, model_makers: dict[str, Callable[[], Model]]
) -> Path:
    """A folder with the FMI 2.0 FMUs of the test models."""
    folder = tmp_path_factory.mktemp("fmi2")
    for name in NAMES:
        build_model(model_makers[name](), folder / f"{name}.fmu", standard=FMI2)
    return folder


def _slave(file: Path, folder: Path, guid: str | None = None) -> FMU2Slave:
    description = read_model_description(str(file))
    slave = FMU2Slave(
        instanceName="test",
        guid=guid or description.guid,
        unzipDirectory=extract(str(file), str(folder)),
        modelIdentifier=description.coSimulation.modelIdentifier,
    )
    slave.instantiate()
    return slave


@pytest.mark.parametrize("name", NAMES)
def test_fmpy_finds_no_fault_and_the_numbers_are_those_of_fmi_3(
    name: str, made: Path, fmus: dict[str, Path]
) -> None:
    """Both standards wrap one runtime: the same steps give the same bits."""
    assert validate_fmu(str(made / f"{name}.fmu")) == []
    old, new = (
        simulate_fmu(str(file), stop_time=1.0, output_interval=0.1)
        for file in (made / f"{name}.fmu", fmus[name])
    )
    assert set(old.dtype.names) == set(new.dtype.names)
    for column in old.dtype.names:
        assert np.array_equal(old[column], new[column]), column


def test_every_function_of_co_simulation_is_exported(made: Path, tmp_path: Path) -> None:
    """All functions of FMI 2.0 but those for model exchange can be found in the library."""
    header = (toolchain.fmi_headers() / "fmi2Functions.h").read_text()
    parts = re.split(r"Functions for FMI2 for (?:Model Exchange|Co-Simulation)", header)
    wanted = re.findall(
        r"FMI2_Export \w+TYPE\s+(fmi2\w+);",
        parts[-3] + parts[-1],  # common, model exchange, co-simulation
    )
    folder = Path(extract(str(made / "circuit.fmu"), str(tmp_path)))
    library = ctypes.CDLL(str(next(folder.glob("binaries/*/circuit.*"))))
    assert len(wanted) > 30
    assert [name for name in wanted if not hasattr(library, name)] == []
    assert not hasattr(library, "do_step")


def test_a_saved_state_goes_on_with_the_same_bits(made: Path, tmp_path: Path) -> None:
    """Save, step, restore from bytes, step: FMI 2.0's functions reach the runtime's."""
    slave = _slave(made / "stiff.fmu", tmp_path)
    names = {v.name: v for v in read_model_description(str(made / "stiff.fmu")).modelVariables}
    reals = [v.valueReference for v in names.values() if v.type == "Real"]
    slave.setupExperiment(startTime=0.0)
    slave.enterInitializationMode()
    slave.exitInitializationMode()
    slave.doStep(0.0, 0.1)
    saved = slave.serializeFMUstate(slave.getFMUState())
    slave.doStep(0.1, 0.1)
    first = slave.getReal(reals)
    slave.setFMUState(slave.deSerializeFMUstate(saved))
    assert slave.getReal(reals) != first
    slave.doStep(0.1, 0.1)
    assert slave.getReal(reals) == first
    slave.terminate()
    slave.freeInstance()


def test_a_directional_derivative_is_that_of_a_difference(made: Path, tmp_path: Path) -> None:
    """The output's sensitivity to an input, against a central difference."""
    slave = _slave(made / "circuit.fmu", tmp_path)
    names = {
        v.name: v.valueReference
        for v in read_model_description(str(made / "circuit.fmu")).modelVariables
    }
    slave.setupExperiment(startTime=0.0)
    slave.enterInitializationMode()
    slave.exitInitializationMode()

    def power(source: float) -> float:
        slave.setReal([names["source"]], [source])
        return float(slave.getReal([names["power"]])[0])

    difference = (power(1.0 + 1e-4) - power(1.0 - 1e-4)) / 2e-4
    power(1.0)
    exact = slave.getDirectionalDerivative([names["power"]], [names["source"]], [1.0])
    assert exact[0] == pytest.approx(difference, rel=1e-6)
    slave.freeInstance()


def test_another_models_guid_is_refused(made: Path, tmp_path: Path) -> None:
    """A library does not run with another one's description."""
    with pytest.raises(Exception, match="instantiate"):
        _slave(made / "static.fmu", tmp_path, guid="{0}")


def test_a_platform_without_a_folder_is_refused(tmp_path: Path) -> None:
    """FMI 2.0 knows no Linux on ARM; the message names what it knows."""
    model = Path(__file__).resolve().parents[2] / "fmus" / "stacking" / "model.py"
    with pytest.raises(ModelError, match=r"FMI 2\.0 has no platform.*x86_64-linux"):
        build_fmu(model, tmp_path, "aarch64-linux", FMI2)


def test_a_universal_library_holds_its_slices() -> None:
    """Each slice lies where the header says, with its processor's type (mach-o/fat.h)."""
    slices = [
        b"\xcf\xfa\xed\xfe" + struct.pack("<II", processor, 3) + bytes([processor % 251]) * size
        for processor, size in ((0x01000007, 20000), (0x0100000C, 100))
    ]
    joined = universal(slices)
    assert joined[:8] == bytes.fromhex("cafebabe00000002")
    for number, content in enumerate(slices):
        fields = struct.unpack_from(">IIIII", joined, 8 + 20 * number)
        assert fields[0] == struct.unpack_from("<I", content, 4)[0]
        assert fields[2] % (1 << fields[4]) == 0
        assert joined[fields[2] : fields[2] + fields[3]] == content
    with pytest.raises(ModelError, match="Mach-O"):
        universal([b"\x7fELF"])


@pytest.mark.slow
def test_all_platforms_of_fmi_2_are_built(
    model_makers: dict[str, Callable[[], Model]], tmp_path: Path
) -> None:
    """linux64, win64 and a universal darwin64, each with the functions' names in it."""
    fmu = build_model(model_makers["circuit"](), tmp_path / "circuit.fmu", ("all",), standard=FMI2)
    with zipfile.ZipFile(fmu) as archive:
        found = {n.split("/")[1]: archive.read(n) for n in archive.namelist() if "binaries/" in n}
        assert json.loads(archive.read("resources/evidence.json"))["model"] == "circuit"
    assert set(found) == {"linux64", "win64", "darwin64"}
    assert found["darwin64"][:8] == bytes.fromhex("cafebabe00000002")
    assert all(b"fmi2DoStep" in content for content in found.values())
    assert validate_fmu(str(fmu)) == []
