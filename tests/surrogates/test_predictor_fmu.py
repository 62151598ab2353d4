"""A predictor's FMU says what the predictor says, in linetwin and in FMPy, in FMI 3.0 and 2.0."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fmpy import extract, simulate_fmu
from onnx import TensorProto, helper, numpy_helper
from surrogates.exported import asked, made, with_graph, written

from linetwin.bench.surrogate_cells import NUMBERS, FmuRows
from linetwin.cosim.inspection import validate
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.graph import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.predictors.store import Stored

CASES = [
    ("mean", "identity", "plain", 3),
    ("linear", "logit", "plain", 3),
    ("quadratic", "log", "logs", 3),
    ("trees", "logit", "plain", 3),
    ("network", "log", "plain", 3),
    ("gaussian", "identity", "plain", 3),
    ("linear", "identity", "plain", 1),
    ("trees", "identity", "plain", 20),
]


def by_fmu(file: Path, stored: Stored, rows: np.ndarray) -> list[np.ndarray]:
    """Return value, low, high, widened and domain of rows by the compiled row loop."""
    fmu = FmuRows(file, [feature.name for feature in stored.card.features], len(rows))
    try:
        return fmu.predict(rows)
    finally:
        fmu.close()


def compare(stored: Stored, file: Path, rows: np.ndarray, within: float = 1e-12) -> None:
    """Hold an FMU's numbers against those of the predictor: not a number in the same places."""
    with Predictor(stored) as predictor:
        told = predictor.predict(rows)
    *found, domain = by_fmu(file, stored, rows)
    assert (domain == told.domain).all()
    assert len(np.unique(domain)) == 3
    for name, numbers in zip(NUMBERS, found, strict=True):
        wanted = getattr(told, name)
        np.testing.assert_allclose(numbers, wanted, rtol=within, atol=0, err_msg=name)


@pytest.mark.parametrize(("kind", "link", "logs", "wide"), CASES, ids=str)
def test_the_fmu_says_what_the_predictor_says(
    tmp_path: Path, kind: str, link: str, logs: str, wide: int
) -> None:
    """To 1e-12, of every candidate and scale: inside, at the edges, near, refused outside."""
    stored = made(kind, link, wide, logs=logs == "logs")
    for fmi in ("3", "2"):
        compare(stored, written(stored, tmp_path, fmi), asked(stored, 3000))


def _weight(values: object, name: str) -> TensorProto:
    return numpy_helper.from_array(np.array(values), name)


def _all_operators() -> bytes:
    """Return a graph of three features with shapes that linetwin's own graphs do not have."""
    nodes: list[tuple[str, Sequence[str], str, dict[str, object]]] = [
        ("MatMul", ["x", "a"], "m", {}),  # 1 x 4
        ("Unsqueeze", ["m", "one"], "u", {}),  # 1 x 1 x 4
        ("Sub", ["u", "b"], "s", {}),  # 1 x 5 x 4
        ("Mul", ["s", "c"], "w", {}),  # a constant that varies along the middle
        ("ReduceSum", ["w", "last"], "r", {"keepdims": 1}),  # 1 x 5 x 1
        ("Add", ["r", "w"], "q", {}),  # broadcast back
        ("ReduceSum", ["q", "middle"], "p", {"keepdims": 0}),  # 1 x 4
        ("Gather", ["p", "which"], "g", {"axis": 1}),  # 1 x 3, one of them twice
        ("Tanh", ["g"], "h", {}),
        ("Div", ["h", "d"], "f", {}),
        ("Exp", ["f"], "e", {}),
        ("Concat", ["e", "x", "h"], "k", {"axis": 1}),  # 1 x 9
        ("MatMul", ["k", "z"], "y", {}),
    ]
    rng = np.random.default_rng(8)
    weights = [
        _weight(rng.normal(0, 1, (3, 4)), "a"),
        _weight(rng.normal(0, 1, (5, 4)), "b"),
        _weight(rng.normal(0, 1, (5, 1)), "c"),
        _weight([2.0, 3.0, -4.0], "d"),
        _weight(rng.normal(0, 1, (9, 1)), "z"),
        *(_weight([number], name) for number, name in ((1, "one"), (2, "last"), (1, "middle"))),
        _weight([3, 0, 3], "which"),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, size])
        for name, size in (("x", 3), ("y", 1))
    ]
    graph = helper.make_graph(
        [helper.make_node(name, ins, [out], **more) for name, ins, out, more in nodes],
        "g",
        ends[:1],
        ends[1:],
        weights,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


def test_operators_in_other_shapes(tmp_path: Path) -> None:
    """Broadcast to three dimensions, sums that keep theirs, picks that repeat: as onnxruntime."""
    graph = _all_operators()
    assert refusal(graph, 3) == ""
    stored = with_graph(made("linear").card, graph, (False,) * 3)
    compare(stored, written(stored, tmp_path), asked(stored, 1000), within=1e-11)


@pytest.mark.parametrize("fmi", ["3", "2"])
def test_it_runs_in_fmpy(tmp_path: Path, fmi: str) -> None:
    """Inputs that wander through the domain and out of it; each row as the predictor says."""
    stored = made("trees", "logit")
    file = written(stored, tmp_path, fmi)
    names = [feature.name for feature in stored.card.features]
    rows = asked(stored, 60)[7:]
    kinds = [("time", float), *((name, float) for name in names)]
    signals = np.array([(float(at), *row) for at, row in enumerate(rows)], dtype=kinds)
    found = simulate_fmu(
        str(file),
        stop_time=float(len(rows) - 1),
        step_size=1.0,
        output_interval=1.0,
        input=signals,
        output=[*NUMBERS, "domain", "valid"],
    )
    with Predictor(stored) as predictor:
        told = predictor.predict(rows)
    # a communication step takes the inputs of its beginning
    assert len(found) == len(rows)
    for name in (*NUMBERS, "domain"):
        np.testing.assert_allclose(
            found[name][1:], getattr(told, name)[:-1], rtol=1e-12, err_msg=name
        )
    assert (found["valid"][1:] == (told.domain[:-1] < 2)).all()


@pytest.mark.parametrize("fmi", ["3", "2"])
@pytest.mark.parametrize("name", ["a b", "100%20 %", "Prüfstand"])
def test_its_tables_are_found_in_any_folder(tmp_path: Path, fmi: str, name: str) -> None:
    """Blanks, percent signs and umlauts: FMI 2.0 names the folder as a URI, FMI 3.0 as a path."""
    place = tmp_path / name
    extract(str(written(made("linear"), tmp_path, fmi)), str(place))
    found = simulate_fmu(str(place), stop_time=1.0, output=["value", "valid"])
    assert found["valid"].all()


@pytest.mark.parametrize("fmi", ["3", "2"])
def test_it_is_valid(tmp_path: Path, fmi: str) -> None:
    """By FMPy's rules for its description, and ours for what it does: steps, resets, states."""
    assert validate(written(made("quadratic"), tmp_path, fmi)) == []


def test_the_same_predictor_gives_the_same_file(tmp_path: Path) -> None:
    """Byte for byte; another predictor has another token."""
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        contents.append(written(made("linear"), tmp_path / name).read_bytes())
    assert contents[0] == contents[1]


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Four instances at once, on four threads, tell what one alone tells."""
    stored = made("trees")
    file = written(stored, tmp_path)
    rows = asked(stored, 2000)
    alone = by_fmu(file, stored, rows)
    found: dict[int, list[np.ndarray]] = {}

    def work(number: int) -> None:
        found[number] = by_fmu(file, stored, rows)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for numbers in found.values():
        for own, other in zip(alone, numbers, strict=True):
            np.testing.assert_array_equal(own, other)
    assert len(found) == 4
