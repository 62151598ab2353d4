"""Files that are damaged or mean harm are refused with the reason; nothing in them runs."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from surrogates.forged import forged, zipped
from surrogates.learners import rows, trained

from linetwin.errors import ScenarioError, SurrogateError
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.graph import refusal
from linetwin.predictors.store import CARD, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from linetwin.predictors.store import Stored


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """A linear predictor of porosity from two features."""
    return trained(tmp_path_factory.mktemp("trained"), rows())[1]


def _reason(file: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read(file)
    return str(caught.value)


def test_a_file_comes_back_as_it_was_and_has_the_same_bits(stored: Stored, tmp_path: Path) -> None:
    """Written twice, byte for byte the same; read, card and graph are equal."""
    first, second = tmp_path / "a.predictor", tmp_path / "b.predictor"
    write(stored, first)
    write(stored, second)
    assert first.read_bytes() == second.read_bytes()
    assert read(first) == stored


def test_every_cut_of_a_file_is_refused(stored: Stored, tmp_path: Path) -> None:
    """Truncated anywhere; a byte turned around is refused too, or is a mere date of the zip."""
    file = tmp_path / "a.predictor"
    write(stored, file)
    content = file.read_bytes()
    for length in (0, 1, 30, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:length])
        assert "a.predictor" in _reason(file)
    refused = 0
    for at in range(60, len(content) - 60, len(content) // 60):
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            assert read(file) == stored
        except ScenarioError:
            refused += 1
    assert refused > 40


def test_a_bomb_is_not_unpacked(stored: Stored, tmp_path: Path) -> None:
    """64 MB of zeros in 64 kB: refused by the size that the file states, or hides."""
    file = zipped(tmp_path / "a.predictor", stored.card.model_dump_json(), bytes(64 << 20))
    assert file.stat().st_size < 1 << 20
    assert "would unpack to more than 32 MB" in _reason(file)
    content = bytearray(file.read_bytes())
    stated = (64 << 20).to_bytes(4, "little")
    small = (100).to_bytes(4, "little")
    file.write_bytes(bytes(content).replace(stated, small))
    assert "damaged" in _reason(file) or "not as long" in _reason(file)


def test_other_members_are_refused(stored: Stored, tmp_path: Path) -> None:
    """A pickle beside, or a part that is missing."""
    card = stored.card.model_dump_json()
    file = zipped(tmp_path / "a.predictor", card, stored.graph, **{"model.pkl": "x"})
    assert "does not hold card.json and model.onnx alone" in _reason(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(CARD, card)
    assert "does not hold" in _reason(file)


def test_a_graph_that_the_card_does_not_describe_is_refused(stored: Stored, tmp_path: Path) -> None:
    """Its seal differs."""
    file = zipped(tmp_path / "a.predictor", stored.card.model_dump_json(), stored.graph + b"\0")
    assert "its card or its model was changed after it was made" in _reason(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda card: card["seen"]["points"][0].append(1.0), "another number of features"),
        (lambda card: card["seen"]["points"].clear(), "seen.points"),
        (lambda card: card.update(coverage=float("nan")), "coverage"),
        (lambda card: card.update(format=2), "format"),
        (lambda card: card.update(more=1), "more"),
        (lambda card: card["features"][0].update(high=-1.0), "a feature has no range"),
        (lambda card: card["regions"][0].update(below=0.5), "regions"),
        (lambda card: card["regions"][0].update(half_width=-1.0), "half_width"),
        (lambda card: card["target"]["link"].update(low=2.0), "low is not below high"),
        (lambda card: card.update(physics={"model": "../../x"}), "physics"),
        (lambda card: card.update(learnt=False), "neither physics nor"),
        (lambda card: card["features"][0].update(unit="xx"), "is not a UCUM unit"),
        (lambda card: card["target"].update(unit=""), "is not a UCUM unit"),
        (lambda card: card["features"][0].update(name="a\x1b[31m"), "none to be shown"),
    ],
)
def test_a_card_is_checked_field_by_field(
    stored: Stored, tmp_path: Path, change: Callable[[dict[str, object]], object], said: str
) -> None:
    """Another number of features, what is not finite, unknown keys and versions."""
    card = json.loads(stored.card.model_dump_json())
    change(card)
    file = forged(tmp_path / "a.predictor", card, stored.graph)
    assert said in _reason(file)


def _graph(
    nodes: Sequence[onnx.NodeProto], weights: Sequence[onnx.TensorProto] = (), wide: int = 2
) -> bytes:
    ends = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, size])
        for name, size in (("x", wide), ("y", 1))
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


def _weight(values: object, name: str = "w") -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=float), name)


def _product(weight: onnx.TensorProto) -> bytes:
    return _graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [weight])


def _outside() -> onnx.TensorProto:
    made = _weight([[1.0], [2.0]])
    made.ClearField("raw_data")
    made.data_location = TensorProto.EXTERNAL
    entry = made.external_data.add()
    entry.key, entry.value = "location", "../../../etc/passwd"
    return made


def _doubling() -> bytes:
    names = ["x", *(f"v{index}" for index in range(40))]
    nodes = [
        helper.make_node("Concat", [names[i], names[i]], [names[i + 1]], axis=1) for i in range(40)
    ]
    return _graph(
        [*nodes, helper.make_node("MatMul", ["x", "w"], ["y"])], [_weight([[1.0], [2.0]])]
    )


def _tree(child: int, leaf: int = 0, feature: int = 0) -> bytes:
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=1,
        post_transform=0,
        tree_roots=[0],
        nodes_featureids=[feature],
        nodes_splits=numpy_helper.from_array(np.array([0.5])),
        nodes_modes=numpy_helper.from_array(np.zeros(1, dtype=np.uint8)),
        nodes_truenodeids=[child],
        nodes_falsenodeids=[leaf],
        nodes_trueleafs=[0],
        nodes_falseleafs=[1],
        leaf_targetids=[0],
        leaf_weights=numpy_helper.from_array(np.array([1.0])),
    )
    return _graph([node])


_GRAPHS = {
    "other operator": (
        _graph([helper.make_node("RandomNormalLike", ["x"], ["y"])]),
        "operator 'RandomNormalLike' of model.onnx is not allowed",
    ),
    "own domain": (
        _graph([helper.make_node("MatMul", ["x", "x"], ["y"], domain="evil.ops")]),
        "is not allowed",
    ),
    "outside": (_product(_outside()), "'w' of model.onnx lies outside of the file"),
    "not a number": (_product(_weight([[1.0], [np.nan]])), "weights that are not finite"),
    "infinite": (_product(_weight([[1.0], [np.inf]])), "weights that are not finite"),
    "three features": (
        _graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [_weight([[1.0]] * 3)], 3),
        "model.onnx has 3 columns at 'x', not 2",
    ),
    "does not fit": (_product(_weight([[1.0]] * 5)), "model.onnx does not fit together"),
    "grows": (_doubling(), "is too large"),
    "leads back": (_tree(0), "trees that lead nowhere, or back"),
    "leads nowhere": (_tree(7), "trees that lead nowhere, or back"),
    "no such feature": (_tree(0, feature=9), "trees that lead nowhere, or back"),
    "noise": (b"\x08\x0a" + bytes(range(200)), "model.onnx"),
    "empty": (b"", "model.onnx"),
}


@pytest.mark.parametrize("name", list(_GRAPHS))
def test_a_graph_is_checked_operator_by_operator(stored: Stored, tmp_path: Path, name: str) -> None:
    """Each is refused before anything of it runs, though its card agrees with it."""
    graph, said = _GRAPHS[name]
    file = forged(tmp_path / "a.predictor", stored.card.model_dump(mode="json"), graph)
    assert said in _reason(file)


def test_what_is_written_here_passes_its_own_check(stored: Stored) -> None:
    """And the check counts features."""
    assert refusal(stored.graph, 2) == ""
    assert refusal(stored.graph, 3) != ""


def test_rows_of_another_width_are_refused(stored: Stored) -> None:
    """The message names the features."""
    with Predictor(stored) as predictor, pytest.raises(ScenarioError, match="line_load, porosity"):
        predictor.predict(np.zeros((3, 5)))


def test_no_pickle_is_read(tmp_path: Path) -> None:
    """A pickle is no zip."""
    import pickle

    file = tmp_path / "a.predictor"
    file.write_bytes(pickle.dumps({"a": io.BytesIO(b"x").getvalue()}))
    assert "damaged" in _reason(file)


def test_a_graph_that_fails_as_it_runs_is_told(stored: Stored) -> None:
    """An index beyond the features, and a division by 0: an error, never a number."""
    gather = [
        helper.make_node("Gather", ["x", "i"], ["v"], axis=1),
        helper.make_node("MatMul", ["v", "w"], ["y"]),
    ]
    index = numpy_helper.from_array(np.array([0, 9]), "i")
    divide = [
        helper.make_node("MatMul", ["x", "w"], ["v"]),
        helper.make_node("Div", ["v", "z"], ["y"]),
    ]
    weight = _weight([[1.0], [2.0]])
    for graph, said in (
        (_graph(gather, [index, weight]), "its graph fails"),
        (_graph(divide, [weight, _weight([0.0], "z")]), "no number within its domain"),
    ):
        assert refusal(graph, 2) == ""
        low = np.array([[feature.low for feature in stored.card.features]])
        with (
            Predictor(replace(stored, graph=graph)) as predictor,
            pytest.raises(SurrogateError, match=said),
        ):
            predictor.predict(low)
