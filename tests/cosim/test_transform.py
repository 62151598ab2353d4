"""FMUs that turn items into items."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_fmus import DRYING_RATE, TIME_CONSTANT_S, WEB

from linetwin.contracts import Phase, Transform
from linetwin.cosim import FmuTransform
from linetwin.cosim.rows import Rows
from linetwin.cosim.runners import Plan, make_runner
from linetwin.errors import FmuError

pytestmark = pytest.mark.usefixtures("row_loop")

START = {"film_temperature": 300.0, "solvent_loading": 0.1}
HOT = {"air_temperature": 400.0, "mode": 1.0}


def warmed(begin: float, air: float, seconds: float) -> float:
    """Closed form of the film temperature."""
    return air + (begin - air) * np.exp(-seconds / TIME_CONSTANT_S)


def test_is_a_transform(web: Path) -> None:
    """The line knows an FMU by the protocol alone."""
    assert isinstance(FmuTransform(web, WEB), Transform)


def test_items_follow_the_closed_form(web: Path) -> None:
    """Each item has its own start, inputs and durations; a later phase begins where one ended."""
    begin = np.array([290.0, 300.0, 310.0])
    air = np.array([350.0, 400.0, 450.0])
    seconds = np.array([1.0, 5.0, 20.0])
    first, second = FmuTransform(web, WEB).apply(
        {"film_temperature": begin, "solvent_loading": 0.1},
        [Phase({"air_temperature": air, "mode": 1.0}, seconds), Phase({"mode": 0.0}, 4.0)],
    )
    middle = warmed(begin, air, seconds)
    np.testing.assert_allclose(first["film_temperature"], middle, rtol=1e-6)
    np.testing.assert_allclose(first["solvent_loading"], 0.1 - DRYING_RATE * seconds, rtol=1e-9)
    np.testing.assert_allclose(second["film_temperature"], warmed(middle, air, 4.0), rtol=1e-6)
    np.testing.assert_allclose(second["solvent_loading"], first["solvent_loading"], rtol=1e-12)
    np.testing.assert_array_equal(first["phase_time"], seconds)
    np.testing.assert_array_equal(second["phase_time"], [4.0, 4.0, 4.0])
    assert first["film_temperature"].dtype == np.float64


def test_asks_for_the_tolerance_of_the_contract_where_the_fmu_is_tighter(web: Path) -> None:
    """A coarser one is asked for and shows in the result; a tighter one changes no bit."""
    phases = [Phase(HOT, 20.0)]
    own, coarse, tight = (
        FmuTransform(web, replace(WEB, tolerance=asked)).apply(START, phases)[0]["film_temperature"]
        for asked in (None, 1e-4, 1e-12)
    )
    assert tight.item() == own.item()
    assert coarse.item() != own.item()
    np.testing.assert_allclose(coarse, warmed(300.0, 400.0, 20.0), rtol=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    begin=st.lists(st.floats(280.0, 460.0), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_an_item_does_not_see_the_ones_before(web: Path, begin: list[float], order: object) -> None:
    """Whatever ran before, an item gives the same bits: nothing of it stays in the FMU."""
    transform = FmuTransform(web, WEB)
    phases = [Phase(HOT, 3.0), Phase({"mode": 0.0}, 2.0)]

    def run(values: list[float]) -> list[float]:
        start = {"film_temperature": np.array(values), "solvent_loading": 0.1}
        return transform.apply(start, phases)[-1]["film_temperature"].tolist()

    shuffled = list(range(len(begin)))
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    together, mixed = run(begin), run([begin[i] for i in shuffled])
    assert mixed == [together[i] for i in shuffled]
    assert together == [run([value])[0] for value in begin]


def test_the_model_may_end_a_phase_itself(web: Path) -> None:
    """An early return ends the phase at the event, and the next one goes on from there."""
    transform = FmuTransform(web, WEB, {"dry_limit": 0.08})
    first, second = transform.apply(START, [Phase(HOT, 60.0), Phase({}, 5.0)])
    assert first["phase_time"][0] == pytest.approx(20.0, rel=1e-6)
    assert first["solvent_loading"][0] == pytest.approx(0.08, rel=1e-6)
    assert second["phase_time"][0] == 5.0
    assert second["solvent_loading"][0] == pytest.approx(0.075, rel=1e-6)


def test_a_longest_step_changes_little_and_keeps_the_end(web: Path) -> None:
    """Cutting a phase into communication steps ends at the same time and the same values."""
    whole = FmuTransform(web, WEB).apply(START, [Phase(HOT, 10.0)])[0]
    cut = FmuTransform(web, WEB, step_s=0.3).apply(START, [Phase(HOT, 10.0)])[0]
    assert cut["phase_time"][0] == whole["phase_time"][0] == 10.0
    np.testing.assert_allclose(cut["film_temperature"], whole["film_temperature"], rtol=1e-6)


def test_a_phase_of_no_length_reads_the_start(web: Path) -> None:
    """A zone of no length leaves an item as it was."""
    columns = FmuTransform(web, WEB).apply(START, [Phase(HOT, 0.0)])[0]
    assert columns["film_temperature"][0] == 300.0
    assert columns["phase_time"][0] == 0.0
    after, nothing = FmuTransform(web, WEB).apply(START, [Phase(HOT, 4.0), Phase({}, 1e-17)])
    assert nothing["film_temperature"][0] == after["film_temperature"][0]
    assert nothing["phase_time"][0] == 0.0


def test_out_of_range_inputs_are_marked(web: Path) -> None:
    """`valid` names the items whose inputs the model was not made for."""
    air = np.array([400.0, 480.0])
    phases = [Phase({"air_temperature": air, "mode": 1.0}, 1.0)]
    columns = FmuTransform(web, WEB).apply(START, phases)[0]
    assert columns["valid"].tolist() == [1.0, 0.0]


def test_a_failed_item_is_named_and_the_next_call_works(web: Path) -> None:
    """An error has row, phase and the FMU's own words; the instance is replaced."""
    transform = FmuTransform(web, WEB)
    good = transform.apply(START, [Phase(HOT, 1.0)])[0]["film_temperature"][0]
    air = np.array([400.0, np.nan])
    with pytest.raises(FmuError, match=r"web.*row 1, phase 0.*air_temperature"):
        transform.apply(START, [Phase({"air_temperature": air, "mode": 1.0}, 1.0)])
    again = transform.apply(START, [Phase(HOT, 1.0)])[0]["film_temperature"][0]
    assert again == good
    transform.close()
    assert transform.apply(START, [Phase(HOT, 1.0)])[0]["film_temperature"][0] == good


@pytest.mark.parametrize(
    ("start", "phase", "message"),
    [
        (START, Phase({"mode": 1.0}, 1.0), "lacks air_temperature"),
        (START, Phase({**HOT, "web_speed": 1.0}, 1.0), "'web_speed' is no input"),
        ({"porosity": 0.5}, Phase(HOT, 1.0), "'porosity' is no start quantity"),
        (START, Phase(HOT, -1.0), "negative duration"),
        (START, Phase(HOT, float("nan")), "negative duration"),
        (START, Phase({**HOT, "mode": 1e12}, 1.0), "does not fit integer variable 'mode'"),
    ],
)
def test_wrong_calls_are_refused(
    web: Path, start: dict[str, float], phase: Phase, message: str
) -> None:
    """What the contract does not know, or what has no meaning, is an error before any step."""
    with pytest.raises(FmuError, match=message):
        FmuTransform(web, WEB).apply(start, [phase])


def test_columns_of_different_length_are_refused(web: Path) -> None:
    """Items are rows: all columns have as many."""
    start = {"film_temperature": np.zeros(2) + 300.0, "solvent_loading": np.zeros(3)}
    with pytest.raises(FmuError, match="different lengths"):
        FmuTransform(web, WEB).apply(start, [Phase(HOT, 1.0)])


def test_no_items_and_no_phases(web: Path) -> None:
    """Nothing in, nothing out."""
    transform = FmuTransform(web, WEB)
    assert transform.apply(START, []) == []
    start = {"film_temperature": np.zeros(0), "solvent_loading": 0.1}
    assert transform.apply(start, [Phase(HOT, 1.0)])[0]["film_temperature"].shape == (0,)


def resident_pages() -> int:
    """Return this process's resident memory in pages."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_memory_stays_flat(web: Path) -> None:
    """Ten thousand runs leave neither Python objects nor pages of the FMU behind."""
    transform = FmuTransform(web, WEB)
    start = {"film_temperature": np.full(500, 300.0), "solvent_loading": 0.1}
    phases = [Phase(HOT, 1.0), Phase({"mode": 0.0}, 1.0)]
    for _ in range(2):
        transform.apply(start, phases)
    tracemalloc.start()
    transform.apply(start, phases)
    gc.collect()
    held, pages = tracemalloc.get_traced_memory()[0], resident_pages()
    for _ in range(20):
        transform.apply(start, phases)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert grown < 50_000  # five bytes a run
    assert resident_pages() - pages < 256


@pytest.mark.parametrize("bad", [3, 9])
def test_threads_change_neither_results_nor_errors(web: Path, bad: int) -> None:
    """The same bits and the same first failing item on one thread and on three."""
    transform = FmuTransform(web, WEB)
    plan = Plan(transform.binary)
    begin = np.linspace(290.0, 310.0, 11)
    phases = [Phase(HOT, np.linspace(1.0, 20.0, 11)), Phase({"mode": 0.0}, 4.0)]
    found = []
    for count in (1, 3):
        rows = transform._items = Rows([make_runner(plan) for _ in range(count)])
        rows._row_s = 1.0  # as if an item had taken long: threads are used
        found.append(transform.apply(START | {"film_temperature": begin}, phases))
        spoilt = begin.copy()
        spoilt[[bad, 10]] = np.nan
        with pytest.raises(FmuError, match=f"row {bad}, phase 0"):
            transform.apply(START | {"film_temperature": spoilt}, phases)
        rows.close()
    for once, threaded in zip(*found, strict=True):
        for name, values in once.items():
            np.testing.assert_array_equal(values, threaded[name])
