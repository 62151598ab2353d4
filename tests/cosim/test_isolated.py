"""A model in a process of its own: the same bits, and nothing that an FMU does ends the line."""

from __future__ import annotations

import gc
import logging
import sys
import tempfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from group_fmus import write_group
from small_fmus import OVEN as WEB_OVEN
from small_fmus import WEB
from troubled_fmus import (
    BATCH,
    MARK,
    OVEN,
    OVEN_UNITS,
    TROUBLES,
    WARM,
    assert_gone,
    build_troubled,
    config,
    opened,
    pid_of,
)

from linetwin.contracts import Contract, Phase
from linetwin.cosim import RecordedContinuous, open_continuous, open_transform
from linetwin.cosim.isolated.models import IsolatedTransform
from linetwin.cosim.messages import FREE
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


def test_text_and_arrays_are_fixed(feature: Callable[..., Path]) -> None:
    """What a line fixes in an FMU, of whatever type, is fixed in the other process too."""
    contract = Contract("machine", "continuous", inputs=("mode",), outputs=("web_speed",))
    process = ProcessConfig(
        "machine",
        str(feature("types3")),
        map={"mode": "mode", "web_speed": {"variable": "total", "unit": "m/s"}},
        fixed={"counts": [7, -2], "u_String": "x", "n": 5, "vector": [1, 2, 3, 4, 5]},
        isolate=True,
    )
    model = open_continuous(process, contract)
    model.start(0, {"mode": 1.0})
    model.advance(100, {})
    assert model.read(["web_speed"]) == {"web_speed": 5.0}
    model.close()


def test_a_group_may_be_isolated(troubled: Path, tmp_path: Path) -> None:
    """As a whole, with the same bits; what one of its members does is told by its name."""
    values = {"trouble": TROUBLES.index("segfault"), "trouble_time": 1.5}
    file = write_group(
        tmp_path,
        step="100 ms",
        members={"oven": {"fmu": str(troubled), "values": values}},
        inputs={"air_temperature": "oven.air_temperature"},
        outputs={"film_temperature": "oven.film_temperature"},
    )
    states = []
    for process in pair(file, OVEN):
        model = open_continuous(process, OVEN)
        model.start(0, WARM)
        model.advance(1_234, {"air_temperature": 311.0})
        states.append((model.save(), model.digest, model.read(["film_temperature"])))
        if process.isolate:
            with pytest.raises(
                FmuError,
                match=r"group in the step from 1\.234 s: member 'oven': its process crashed in adv",
            ):
                model.advance(2_000, {})
        model.close()
    assert states[0] == states[1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no guard")
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("hang", "member 'oven': its process was ended: advance had not returned after 0.3 s"),
        ("exit", "member 'oven': its process ended in advance with exit code 7"),
    ],
)
def test_the_member_in_trouble_is_named(
    troubled: Path, tmp_path: Path, trouble: str, words: str
) -> None:
    """Of three alike, the one that hangs or leaves."""
    ill = {"trouble": TROUBLES.index(trouble), "trouble_time": 1.5}
    file = write_group(
        tmp_path,
        step="100 ms",
        members={
            "sound": {"fmu": str(troubled)},
            "oven": {"fmu": str(troubled), "values": ill},
            "last": {"fmu": str(troubled)},
        },
        inputs={
            "air_temperature": [f"{name}.air_temperature" for name in ("sound", "oven", "last")]
        },
        outputs={"film_temperature": "oven.film_temperature"},
    )
    process = replace(pair(file, OVEN)[1], step_timeout_s=0.3)
    model = open_continuous(process, OVEN)
    model.start(0, WARM)
    model.advance(1_000, {})
    with pytest.raises(FmuError) as caught:
        model.advance(2_000, {})
    assert words in str(caught.value)
    model.close()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("hang", "advance had not returned after 0.3 s"),
        ("abort", "crashed in advance: SIGABRT"),
        ("segfault", "crashed in advance: SIGSEGV"),
        ("exit", "ended in advance with exit code 7"),
        ("_exit", "ended in advance with exit code 0"),
    ],
)
def test_trouble_is_named_and_the_model_can_begin_again(
    troubled: Path, own_folder: Path, trouble: str, words: str
) -> None:
    """FMU, time and what happened, the second time; a saved state goes on in a new process."""
    model = opened(troubled, trouble)
    model.advance(1_000, {"air_temperature": 310.0})
    state, pid = model.save(), pid_of(model)
    with pytest.raises(FmuError, match=r"troubled in the step from 1\.000 s: ") as caught:
        model.advance(2_000, {})
    assert words in str(caught.value)
    assert caught.value.time_s == 1.0
    assert_gone(pid)
    assert_gone(pid_of(model))
    assert list(own_folder.iterdir()) == []
    with pytest.raises(FmuError, match=r"it has failed before: troubled in the step from 1\.000 s"):
        model.read(["film_temperature"])
    if trouble in {"abort", "exit", "_exit"}:  # no more processes than needed
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


@pytest.mark.parametrize("begin", ["start", "restore"])
def test_one_crash_is_survived(
    troubled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: str
) -> None:
    """The same calls bring a new process to the same state: the line goes on with the same bits."""
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    model = opened(troubled, "once")
    calm = open_continuous(replace(config(troubled), isolate=False), OVEN)
    calm.start(0, WARM)
    if begin == "restore":
        for one in (model, calm):
            one.advance(250, {"air_temperature": 305.0})
            one.restore(one.save())
    before = pid_of(model)
    readings = []
    for one in (model, calm):
        for tick in (400, 1_000, 1_800, 2_000):
            one.advance(tick, {"air_temperature": 300.0 + tick / 7.0})
        readings.append(one.read(["film_temperature"]))
        one.close()
    assert readings[0] == readings[1]
    assert (tmp_path / "mark").exists()
    assert pid_of(model) != before
    assert_gone(before)


def test_one_crash_with_items_is_survived_and_told(
    troubled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A warning says what happened; the items are as if it had not."""
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    model = open_transform(config(troubled, "once"), BATCH)
    found = model.apply({}, [Phase({"air_temperature": np.full(3, 300.0)}, 2.0)])
    assert found[0]["film_temperature"].tolist() == [600.0] * 3
    model.close()
    (record,) = caplog.records
    assert record.name == "linetwin.fmu.troubled"
    assert "SIGABRT (aborted); asked once more in a new process" in record.getMessage()


def test_an_error_of_the_fmu_is_told_as_in_one_process(web: Path) -> None:
    """The same words; the process goes on."""
    told = []
    for process in pair(web, WEB_OVEN):
        model = open_continuous(process, WEB_OVEN)
        model.start(2_000, {"air_temperature": 400.0, "mode": 1.0})
        model.advance(2_500, {"mode": 0.0})
        before = model.read(WEB_OVEN.outputs)
        with pytest.raises(FmuError) as caught:
            model.advance(1_000, {})
        assert model.read(WEB_OVEN.outputs) == before
        told.append((str(caught.value), caught.value.model, caught.value.time_s, before))
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
