"""The compiled row loop does what Python's does: the same bits, the same errors, the same log."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from decay_source import DRYING, FAULTS, MAP, ON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_fmus import WEB

from linetwin.authoring.kernel import build_kernel
from linetwin.contracts import Phase
from linetwin.cosim import FmuTransform
from linetwin.cosim.kernel import library
from linetwin.cosim.kernel.structures import Call, KernelRunner
from linetwin.cosim.rows import Rows
from linetwin.cosim.runners import CompiledRunner, Plan, PythonRunner, make_runner
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from linetwin.contracts import Columns

    Loop = Callable[[str], None]

SECONDS = st.one_of(st.just(0.0), st.floats(1e-9, 30.0))
HOT = 400.0
"""Air above 100 degC: the FMU warns in every step."""


def outcome(run: Callable[[], Sequence[Columns]]) -> dict[str, Any]:
    """Return the columns, or the error with its time, as plain values that can be compared."""
    try:
        return {"columns": [{k: v.tolist() for k, v in c.items()} for c in run()]}
    except FmuError as error:
        return {"error": str(error), "time": error.time_s}


def outcomes(use_loop: Loop, run: Callable[[], Sequence[Columns]]) -> list[dict[str, Any]]:
    """Return what the compiled loop and Python's give."""
    found = []
    for loop in ("compiled", "Python"):
        use_loop(loop)
        found.append(outcome(run))
    return found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(st.floats(280.0, 460.0), SECONDS, st.integers(0, 3)),
        min_size=1,
        max_size=5,
    ),
    step_s=st.one_of(st.none(), st.floats(0.3, 7.0)),
    dry_limit=st.sampled_from([-1.0, 0.085, 0.1]),
)
def test_the_same_bits_in_fmi_3(
    web: Path,
    use_loop: Loop,
    rows: list[tuple[float, float, int]],
    step_s: float | None,
    dry_limit: float,
) -> None:
    """Whatever the items, phases of no length, cut steps and early ends included."""
    begin, seconds, mode = (np.array(column, dtype=float) for column in zip(*rows, strict=True))

    def run() -> list[Columns]:
        transform = FmuTransform(web, WEB, {"dry_limit": dry_limit}, step_s=step_s)
        phases = [
            Phase({"air_temperature": 400.0, "mode": mode}, seconds),
            Phase({"air_temperature": begin[::-1].copy()}, 4.0),
            Phase({}, seconds[::-1].copy()),
        ]
        return transform.apply({"film_temperature": begin, "solvent_loading": 0.1}, phases)

    compiled, python = outcomes(use_loop, run)
    assert "columns" in compiled
    assert compiled == python


@pytest.mark.parametrize("step_s", [None, 0.7])
@pytest.mark.parametrize("fault", range(len(FAULTS)), ids=FAULTS)
def test_the_same_errors_and_messages(
    decay: Path,
    use_loop: Loop,
    caplog: pytest.LogCaptureFixture,
    fault: int,
    step_s: float | None,
) -> None:
    """Whichever call fails: its text quotes that item's messages alone; time and log agree."""
    x = np.array([0.1, 0.1, 2.0, 0.1])  # kg/m2: the third is the one that fails
    air = np.array([300.0, HOT, HOT, 300.0])

    def run() -> list[Columns]:
        # a Reset fails after the item, the others within it
        transform = FmuTransform(decay, DRYING, {"fault": fault, "limit": 2.5}, MAP, step_s=step_s)
        transform._items = Rows(transform._items._runners[:1])
        phases = [Phase({"air_temperature": air, "mode": 1.0}, 2.0), Phase(ON, 1.0)]
        return transform.apply({"loading": x}, phases)

    logs = []
    for loop in ("compiled", "Python"):
        use_loop(loop)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "linetwin.fmu.decay"):
            logs.append((outcome(run), [record.getMessage() for record in caplog.records]))
    compiled, python = logs
    assert compiled == python
    assert compiled[1][0] == "T = 126.9 degC is hot"
    assert ("error" in compiled[0]) == (fault > 0)
    if fault:
        row = 3 if FAULTS[fault] == "Reset" else 2
        assert f"row {row}, phase 0" in compiled[0]["error"]
        assert f"fault {fault}" in compiled[0]["error"]


def test_a_failed_item_of_fmi_3_is_told_alike(web: Path, use_loop: Loop) -> None:
    """A value that the FMU refuses, in a later phase: row, phase, its words, and the time."""
    air = np.array([400.0, np.nan, 400.0])

    def run() -> list[Columns]:
        phases = [Phase({"air_temperature": 400.0, "mode": 1.0}, 3.0)]
        phases.append(Phase({"air_temperature": air}, 1.0))
        return FmuTransform(web, WEB).apply(
            {"film_temperature": np.full(3, 300.0), "solvent_loading": 0.1}, phases
        )

    compiled, python = outcomes(use_loop, run)
    assert compiled == python
    assert compiled["time"] == 3.0
    assert "row 1, phase 1: SetFloat64 returned error" in compiled["error"]


def test_a_fixed_step_that_does_not_divide_a_phase_is_refused_alike(
    decay: Path, use_loop: Loop
) -> None:
    """An FMU of one fixed step goes through phases that are whole numbers of it, and no others."""
    from small_fmus import rewritten

    able = 'canHandleVariableCommunicationStepSize="true"'
    fixed = rewritten(
        decay, decay.parent / "fixed" / "decay.fmu", lambda text: text.replace(able, "")
    )

    def run(length: float) -> list[Columns]:
        return FmuTransform(fixed, DRYING, None, MAP).apply(
            {"loading": np.array([0.1, 0.2])}, [Phase(ON, np.array([2.0, length]))]
        )

    compiled, python = outcomes(use_loop, lambda: run(3.0))
    assert compiled == python
    assert compiled["columns"][0]["loading"][1] == pytest.approx(0.2 * np.exp(-0.3), rel=1e-12)
    compiled, python = outcomes(use_loop, lambda: run(2.5))
    assert compiled == python
    assert "row 1, phase 0" in compiled["error"]
    assert "2.5 s is no whole number" in compiled["error"]


def test_threads_give_the_same_bits_and_the_first_error(decay: Path, use_loop: Loop) -> None:
    """Three threads in the kernel, which log through Python, agree with one."""
    use_loop("compiled")
    transform = FmuTransform(decay, DRYING, None, MAP)
    x, air = np.linspace(0.1, 0.9, 23), np.where(np.arange(23) % 2, HOT, 300.0)
    phases = [Phase({"air_temperature": air, "mode": 1.0}, np.linspace(0.0, 9.0, 23))]
    found = []
    for count in (1, 3):
        plan = Plan(transform.binary)
        rows = transform._items = Rows([make_runner(plan) for _ in range(count)])
        rows._row_s = 1.0  # as if an item had taken long: threads are used
        found.append(outcome(lambda: transform.apply({"loading": x}, phases)))
        rows.close()
    assert found[0] == found[1]


def test_python_goes_on_while_the_kernel_works(web: Path, use_loop: Loop) -> None:
    """The interpreter is free during a call: another thread counts on."""
    use_loop("compiled")
    transform = FmuTransform(web, WEB, step_s=1e-3)
    transform._items = Rows(transform._items._runners[:1])
    ticks, done = [], threading.Event()

    def count() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(1e-3)

    counting = threading.Thread(target=count)
    counting.start()
    start = time.perf_counter()
    transform.apply(
        {"film_temperature": np.full(20, 300.0), "solvent_loading": 0.1},
        [Phase({"air_temperature": 400.0, "mode": 1.0}, 5.0)],
    )
    end = time.perf_counter()
    done.set()
    counting.join()
    within = [tick for tick in ticks if start < tick < end]
    assert len(within) >= min(5, (end - start) / 0.02)


def test_python_takes_over_where_there_is_no_kernel(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, damaged, or built from other sources: never used, the reason told, lines run on."""
    damaged, stale = tmp_path / "damaged.so", tmp_path / "stale.so"
    damaged.write_bytes(b"no library")
    (built,) = build_kernel(tmp_path)
    told = library.source_hash().encode()
    stale.write_bytes(built.read_bytes().replace(told, b"0" * len(told)))
    monkeypatch.delenv(library.SWITCH, raising=False)
    for path, reason in (
        (tmp_path / "missing.so", "not built"),
        (damaged, "cannot be loaded"),
        (stale, "of another version"),
    ):
        monkeypatch.setattr(library, "library_path", lambda path=path: path)
        assert reason in library.row_loop()
        transform = FmuTransform(web, WEB)
        assert isinstance(transform._items._runners[0], PythonRunner)
    monkeypatch.setattr(library, "library_path", lambda: built)
    assert library.row_loop() == "compiled"
    assert isinstance(FmuTransform(web, WEB)._items._runners[0], CompiledRunner)
    monkeypatch.setenv(library.SWITCH, "off")
    assert library.row_loop() == "Python: LINETWIN_KERNEL is off"


def test_a_kernel_is_built_once(tmp_path: Path) -> None:
    """A library of these sources is left alone; one of others is replaced."""
    (built,) = build_kernel(tmp_path)
    assert build_kernel(tmp_path) == []
    built.write_bytes(b"of yesterday")
    assert build_kernel(tmp_path) == [built]


def test_structures_are_those_of_the_header() -> None:
    """Fields in the header's order: a failing call's number means the same on both sides."""
    header = (library._SOURCES / "kernel.h").read_text(encoding="utf-8")
    names = header[header.index("NOTHING") : header.index("} Call")]
    words = [word.strip() for line in names.splitlines() for word in line.split("/*")[0].split(",")]
    assert [word for word in words if word.isupper()] == [call.name for call in Call]
    assert ctypes.sizeof(KernelRunner) % ctypes.alignment(KernelRunner) == 0


def test_an_fmu_that_lacks_a_function_is_run_by_python(
    decay: Path, use_loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel must have bound beforehand Python misses only where it is called."""
    use_loop("compiled")
    binary = FmuTransform(decay, DRYING, None, MAP).binary
    bound = binary.function

    def function(name: str, *result: type[Any]) -> Callable[..., int]:
        if name == "fmi2GetRealStatus":
            raise FmuError(f"its binary does not export {name}", "decay")
        return bound(name, *result)

    monkeypatch.setattr(binary, "function", function)
    transform = FmuTransform(decay, DRYING, {"limit": 4.0}, MAP)
    assert isinstance(transform._items._runners[0], PythonRunner)
    assert transform.apply({"loading": 0.1}, [Phase(ON, 3.0)])[0]["phase_time"].tolist() == [3.0]
    with pytest.raises(FmuError, match=r"row 0, phase 0.*does not export fmi2GetRealStatus"):
        transform.apply({"loading": 0.1}, [Phase(ON, 5.0)])
