"""A model in a process of its own: the same bits, and nothing that an FMU does ends the line."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_fmus import OVEN as WEB_OVEN
from small_fmus import SOURCE, WEB
from troubled_fmus import BATCH, OVEN, OVEN_UNITS, TROUBLES, build_troubled

from linetwin.contracts import Phase
from linetwin.cosim import RecordedContinuous, open_continuous, open_transform
from linetwin.cosim.isolated import frames
from linetwin.cosim.isolated.models import IsolatedContinuous, IsolatedTransform
from linetwin.cosim.messages import FREE
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig, Value

if TYPE_CHECKING:
    from linetwin.contracts import Contract

WARM = {"air_temperature": 300.0}
LIMIT_S = 0.3


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMU that misbehaves on demand."""
    pytest.importorskip("ziglang")
    return build_troubled(tmp_path_factory.mktemp("troubled"), "troubled", *OVEN_UNITS)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files of a test's processes lie in a folder of its own, and none stays behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def config(fmu: Path, trouble: str = "none", at_s: float = 1.5, words: int = 0) -> ProcessConfig:
    """An isolated process whose FMU misbehaves in the step that passes `at_s`."""
    numbers = {"trouble": TROUBLES.index(trouble), "trouble_time": at_s, "words": words}
    parameters = {name: Value(number, "", "A", "a test", "") for name, number in numbers.items()}
    return ProcessConfig(
        "oven", str(fmu), parameters=parameters, isolate=True, step_timeout_s=LIMIT_S
    )


def opened(fmu: Path, trouble: str = "none", words: int = 0) -> IsolatedContinuous:
    """A model that has been started."""
    model = open_continuous(config(fmu, trouble, words=words), OVEN)
    assert isinstance(model, IsolatedContinuous)
    model.start(0, WARM)
    return model


def pid_of(model: IsolatedContinuous | IsolatedTransform) -> int:
    """The number of a model's process."""
    return model._process._child.pid


def is_running(pid: int) -> bool:
    """Tell whether a process still runs; one that nobody has buried yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def assert_gone(pid: int) -> None:
    """Wait for the end of a process, for a while."""
    for _ in range(1000):
        if not is_running(pid):
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still running")


def pair(fmu: Path, contract: Contract) -> list[ProcessConfig]:
    """A model in this process, and in one of its own."""
    return [ProcessConfig(contract.kind, str(fmu), isolate=isolate) for isolate in (False, True)]


def test_a_model_in_line_time_gives_the_same_bits(web: Path) -> None:
    """Every output after every advance, and the saved state, which fits either of them."""
    models = [open_continuous(process, WEB_OVEN) for process in pair(web, WEB_OVEN)]
    outputs = WEB_OVEN.outputs
    for model in models:
        model.start(0, {"air_temperature": 400.0, "mode": 1.0})
    for tick in (7, 1_000, 1_000, 33_333):
        inputs = {"air_temperature": 300.0 + tick / 7.0}
        readings = []
        for model in models:
            model.advance(tick, inputs)
            readings.append(model.read(outputs))
        assert readings[0] == readings[1]
    plain, isolated = models
    assert plain.can_save
    assert isolated.can_save
    assert plain.digest == isolated.digest
    state = isolated.save()
    assert state == plain.save()
    isolated.advance(50_000, {})
    after = isolated.read(outputs)
    plain.restore(state)
    plain.advance(50_000, {})
    assert plain.read(outputs) == after
    isolated.restore(state)
    isolated.advance(50_000, {})
    assert isolated.read(outputs) == after
    isolated.close()


def test_items_give_the_same_bits(web: Path) -> None:
    """Columns, scalars and phases that the FMU ends itself arrive as in one process."""
    rows = 50
    start: dict[str, float | np.ndarray] = {
        "film_temperature": np.linspace(290.0, 310.0, rows),
        "solvent_loading": 0.1,
    }
    phases = [
        Phase({"air_temperature": np.linspace(350.0, 450.0, rows), "mode": 1.0}, 3.0),
        Phase({"mode": 0.0}, np.linspace(0.0, 5.0, rows)),
    ]
    plain, isolated = (open_transform(process, WEB) for process in pair(web, WEB))
    assert isinstance(isolated, IsolatedTransform)
    for found, expected in zip(
        isolated.apply(start, phases), plain.apply(start, phases), strict=True
    ):
        assert found.keys() == expected.keys()
        for name, column in expected.items():
            assert found[name].dtype == column.dtype
            assert found[name].tobytes() == column.tobytes()
    isolated.close()


def test_names_units_and_enumerations_are_mapped(foreign: Path) -> None:
    """What the scenario says of somebody else's variables holds in the other process too."""
    mapping: dict[str, str | dict[str, Any]] = {
        "air_temperature": "T_air",
        "film_temperature": "T_film",
        "solvent_loading": {"variable": "X", "scale": 0.5},
        "mode": {"variable": "Switch", "enumeration": {"0": "off", "1": "on"}},
    }
    readings = []
    for isolate in (False, True):
        process = ProcessConfig("oven", str(foreign), map=mapping, isolate=isolate)
        model = open_continuous(process, WEB_OVEN)
        model.start(0, {"air_temperature": 400.0, "mode": 1.0})
        model.advance(2_500, {})
        readings.append(model.read(WEB_OVEN.outputs))
        model.close()
    assert readings[0] == readings[1]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("hang", "advance had not returned after 0.3 s"),
        ("abort", "crashed in advance: SIGABRT"),
        ("segfault", "crashed in advance: SIGSEGV"),
        ("exit", "ended in advance with exit code 7"),
    ],
)
def test_trouble_is_named_and_the_model_can_begin_again(
    troubled: Path, own_folder: Path, trouble: str, words: str
) -> None:
    """FMU, time and what happened; the state from before goes on in a new process."""
    model = opened(troubled, trouble)
    model.advance(1_000, {"air_temperature": 310.0})
    state, pid = model.save(), pid_of(model)
    began = time.monotonic()
    with pytest.raises(FmuError, match=r"troubled at 1\.000 s: ") as caught:
        model.advance(2_000, {})
    assert time.monotonic() - began < 5.0  # a crash is not waited for
    assert words in str(caught.value)
    assert caught.value.time_s == 1.0
    assert_gone(pid)
    assert list(own_folder.iterdir()) == []
    with pytest.raises(FmuError, match=r"it has failed before: troubled at 1\.000 s"):
        model.read(["film_temperature"])
    if trouble in {"abort", "exit"}:  # no more processes than needed
        return
    model.restore(state)
    assert model.read(["film_temperature"]) == {"film_temperature": 300.0}
    model.advance(1_500, {})
    assert model.read(["film_temperature"]) == {"film_temperature": 300.0 + 0.5 * 310.0}
    model.close()
    assert list(own_folder.iterdir()) == []


def test_trouble_with_items_is_named(troubled: Path) -> None:
    """The next call begins in a new process."""
    model = open_transform(config(troubled, "segfault"), BATCH)
    with pytest.raises(FmuError, match="troubled: its process crashed in apply: SIGSEGV"):
        model.apply({}, [Phase({"air_temperature": np.full(3, 300.0)}, 2.0)])
    found = model.apply({}, [Phase({"air_temperature": np.full(3, 300.0)}, 1.0)])
    assert found[0]["film_temperature"].tolist() == [300.0] * 3
    model.close()


def test_an_error_of_the_fmu_is_told_as_in_one_process(web: Path) -> None:
    """The same words; the process goes on."""
    told = []
    for process in pair(web, WEB_OVEN):
        model = open_continuous(process, WEB_OVEN)
        model.start(2_000, {"air_temperature": 400.0, "mode": 1.0})
        with pytest.raises(FmuError) as caught:
            model.advance(1_000, {})
        told.append((str(caught.value), caught.value.model, caught.value.time_s))
        model.start(0, {"air_temperature": 400.0, "mode": 1.0})
        model.close()
    assert told[0] == told[1]


def test_what_does_not_fit_is_told_before_a_process_is_started(web: Path) -> None:
    """A model that lacks what the contract wants is a WiringError, as without isolation."""
    with pytest.raises(WiringError, match="air_temperature"):
        open_transform(ProcessConfig("batch", str(web), map={"air_temperature": "T"}), BATCH)
    with pytest.raises(WiringError, match="air_temperature"):
        open_transform(
            ProcessConfig("batch", str(web), map={"air_temperature": "T"}, isolate=True), BATCH
        )


def test_a_binary_that_does_not_load_is_told(troubled: Path, tmp_path: Path) -> None:
    """The reason comes from the other process, which is gone then."""
    broken = tmp_path / "broken.fmu"
    with zipfile.ZipFile(troubled) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name)[: None if name.endswith(".xml") else 100])
    with pytest.raises(FmuError, match="cannot be loaded"):
        open_continuous(ProcessConfig("oven", str(broken), isolate=True), OVEN)


def test_one_that_cannot_save_is_simulated_again(tmp_path: Path) -> None:
    """The record of inputs works across processes as it does in one."""
    pytest.importorskip("ziglang")
    fmu = build_troubled(tmp_path, "forgetful", *OVEN_UNITS, saves=False)
    inner = open_continuous(ProcessConfig("oven", str(fmu), isolate=True), OVEN)
    assert not inner.can_save
    model = RecordedContinuous(inner)
    model.start(0, WARM)
    model.advance(1_000, {"air_temperature": 310.0})
    model.advance(2_000, {"air_temperature": 320.0})
    state = model.save()
    model.advance(3_000, {})
    after = model.read(["film_temperature"])
    model.restore(state)
    model.advance(3_000, {})
    assert model.read(["film_temperature"]) == after == {"film_temperature": 930.0}
    model.close()


def test_messages_are_records_of_the_line(
    troubled: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """What an FMU says arrives with name, level and category; what it prints, on standard error."""
    with caplog.at_level(logging.WARNING, "linetwin.fmu"):
        model = opened(troubled, "babble", words=4)
        model.advance(2_000, {})
        model.close()
    records = [(r.name, r.levelname, r.getMessage(), vars(r)["category"]) for r in caplog.records]
    name = "linetwin.fmu.troubled"
    words = (("a", "even"), ("b", "odd"), ("c", "even"), ("d", "odd"))
    assert records == [(name, "WARNING", *word) for word in words]
    other = open_transform(config(troubled, "print"), BATCH)
    assert len(other.apply({}, [Phase(WARM, 2.0)])) == 1
    other.close()
    assert capfd.readouterr() == ("", "printed by the FMU\n")


@pytest.mark.parametrize("isolate", [False, True])
def test_an_endless_log_is_no_flood(
    troubled: Path, caplog: pytest.LogCaptureFixture, *, isolate: bool
) -> None:
    """A step that says 200,000 different things gives some 250 records, and how many it did not."""
    process = replace(config(troubled, "babble", words=200_000), isolate=isolate, step_timeout_s=60)
    with caplog.at_level(logging.WARNING, "linetwin.fmu"):
        model = open_continuous(process, OVEN)
        model.start(0, WARM)
        model.advance(2_000, {})
        model.close()
        del model
        gc.collect()
    texts = [record.getMessage() for record in caplog.records]
    shown = 100 + FREE + 13  # of each of two categories; 16, 32 ... 65,536
    assert len(texts) == 2 * (shown + 1)
    assert sorted(texts[-2:]) == [
        f"{100_000 - shown} messages of category '{category}' were not shown"
        for category in ("even", "odd")
    ]


def test_a_second_ctrl_c_ends_the_process(troubled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever leaves in the middle of a call leaves no process that still answers."""
    model = opened(troubled)
    pid = pid_of(model)

    ends = iter([KeyboardInterrupt, EOFError])

    def interrupt(stream: object) -> None:
        raise next(ends)

    with monkeypatch.context() as patch:
        patch.setattr(frames, "receive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            model.advance(1_000, {})
    assert_gone(pid)
    model.close()


def test_a_dropped_model_leaves_no_process(troubled: Path, own_folder: Path) -> None:
    """Closed, or simply dropped: process and folder are gone."""
    for drop in (False, True):
        model = opened(troubled)
        pid = pid_of(model)
        assert list(own_folder.iterdir())
        if not drop:
            model.close()
            with pytest.raises(FmuError, match="it is closed"):
                model.advance(1_000, {})
        del model
        assert_gone(pid)
        assert list(own_folder.iterdir()) == []


PARENT = """
import os, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from troubled_fmus import OVEN, TROUBLES
from linetwin.cosim import open_continuous
from linetwin.scenario.resolved import ProcessConfig, Value
numbers = {"trouble": TROUBLES.index("hang"), "trouble_time": 1.5}
parameters = {n: Value(v, "", "A", "", "") for n, v in numbers.items()}
config = ProcessConfig("oven", sys.argv[2], parameters=parameters, isolate=True)
model = open_continuous(config, OVEN)
model.start(0, {"air_temperature": 300.0})
print(model._process._child.pid, flush=True)
if sys.argv[3] == "hangs":
    model.advance(2000, {})
else:
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
@pytest.mark.parametrize("moment", ["hangs", "waits"])
def test_no_orphan_after_a_kill(troubled: Path, own_folder: Path, moment: str) -> None:
    """kill -9 of the line: its model's process ends too, with its folder, FMU hanging or not."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(Path(__file__).parent), str(troubled), moment],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
    assert_gone(pid)
    assert list(own_folder.iterdir()) == []


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=9),
    st.integers(0, 2**64 - 1),
)
def test_numbers_keep_their_bits(column: list[int], scalar: int) -> None:
    """Every double survives the messages, whatever its bits; columns and scalars alike."""
    numbers = np.array(column, dtype=np.uint64).view(np.float64)
    single = struct.unpack("<d", struct.pack("<Q", scalar))[0]
    pipe = io.BytesIO()
    frames.send(pipe, {"values": frames.packed({"column": numbers, "scalar": single})})
    pipe.seek(0)
    found = frames.unpacked(frames.receive(pipe)["values"])
    assert np.asarray(found["column"]).tobytes() == numbers.tobytes()
    assert np.isnan(single) or found["scalar"] == single


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EOFError),
        (b"\x05\0\0\0abc", EOFError),
        (b"\xff\xff\xff\xff", ValueError),
        (b"\x01\0\0\0\x01", ValueError),
        (b"\x01\0\0\0\xc1", ValueError),
    ],
)
def test_what_is_no_message_is_refused(content: bytes, error: type[Exception]) -> None:
    """The end of the pipe, a length that is none, a number, a byte that MessagePack never uses."""
    with pytest.raises(error):
        frames.receive(io.BytesIO(content))
