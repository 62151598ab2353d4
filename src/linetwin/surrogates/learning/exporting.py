"""A trained candidate as an ONNX graph in 64-bit numbers, of few plain operators.

skl2onnx is not used: it writes boosted trees in 32 bits, where a threshold can fall on the other
side, and a Gaussian process as a loop with a graph of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.surrogates.learning.classes import Logistic, Odds
from linetwin.surrogates.learning.ridge import Ridge

if TYPE_CHECKING:
    import onnx

    from linetwin.surrogates.learning.candidates import Fitted

_OPSETS = (("", 18), ("ai.onnx.ml", 5))
_IR_VERSION = 10


class _Graph:
    """Collects nodes and weights; every method returns the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, values: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, *inputs: str | np.ndarray, **attributes: Any) -> str:  # noqa: ANN401
        from onnx import helper

        names = [each if isinstance(each, str) else self.weight(each) for each in inputs]
        made = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [made], **attributes))
        return made

    def finished(self, last: str, features: int) -> bytes:
        from onnx import TensorProto, helper

        self.nodes[-1].output[0] = "y"
        assert last == f"v{len(self.nodes) - 1}"  # noqa: S101 - the last node is the output
        ends = [
            helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, wide])
            for name, wide in (("x", features), ("y", 1))
        ]
        graph = helper.make_graph(self.nodes, "predictor", ends[:1], ends[1:], self.weights)
        opsets = [helper.make_opsetid(*each) for each in _OPSETS]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())


def graph_of(fitted: Fitted, features: int) -> bytes:
    """Return the graph of what a candidate has learnt: (rows, features) -> (rows, 1)."""
    graph = _Graph()
    if fitted.estimator is None:
        zeros = graph.node("MatMul", "x", np.zeros((features, 1)))
        return graph.finished(graph.node("Add", zeros, np.array([fitted.centre])), features)
    estimator = fitted.estimator
    if isinstance(estimator, Odds):  # of log odds, which are learnt within
        estimator = estimator.classifier
    elif isinstance(estimator, Logistic):
        estimator = estimator.line
    if isinstance(estimator, Ridge):
        raw = _ridge(graph, estimator)
    elif hasattr(estimator, "_predictors"):
        raw = _trees(graph, estimator)
    else:
        scaler, last = (step for _, step in estimator.steps)
        at = _scaled(graph, scaler.mean_, scaler.scale_)
        raw = (_gaussian if hasattr(last, "kernel_") else _network)(graph, at, last)
    scaled = graph.node("Mul", raw, np.array([fitted.scale]))
    return graph.finished(graph.node("Add", scaled, np.array([fitted.centre])), features)


def _scaled(graph: _Graph, mean: np.ndarray, scale: np.ndarray) -> str:
    return graph.node("Div", graph.node("Sub", "x", mean), scale)


def _ridge(graph: _Graph, ridge: Ridge) -> str:
    """Return slopes of features, and of their products."""
    at = _scaled(graph, ridge.mean, ridge.scale)
    if ridge.quadratic:
        first, second = np.triu_indices(len(ridge.mean))
        left = graph.node("Gather", at, first.astype(np.int64), axis=1)
        right = graph.node("Gather", at, second.astype(np.int64), axis=1)
        at = graph.node("Concat", at, graph.node("Mul", left, right), axis=1)
    product = graph.node("MatMul", at, ridge.slopes.reshape(-1, 1))
    return graph.node("Add", product, np.array([ridge.level]))


def _network(graph: _Graph, at: str, network: Any) -> str:  # noqa: ANN401
    for index, (slopes, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        if index:
            at = graph.node("Tanh", at)
        at = graph.node("Add", graph.node("MatMul", at, slopes), bias)
    return at


def _gaussian(graph: _Graph, at: str, process: Any) -> str:  # noqa: ANN401
    """Return bumps at the training rows and a straight part: the mean of the process."""
    bumps, straight = process.kernel_.k1.k1, process.kernel_.k1.k2
    lengths = np.broadcast_to(bumps.k2.length_scale, process.X_train_.shape[1:])
    alpha = np.asarray(process.alpha_).reshape(-1, 1)
    rows = graph.node("Unsqueeze", graph.node("Div", at, lengths), np.array([1], dtype=np.int64))
    away = graph.node("Sub", rows, process.X_train_ / lengths)
    squares = graph.node("Mul", away, away)
    summed = graph.node("ReduceSum", squares, np.array([2], dtype=np.int64), keepdims=0)
    height = graph.node("Exp", graph.node("Mul", summed, np.array([-0.5])))
    bump = graph.node("MatMul", height, bumps.k1.constant_value * alpha)
    rise = straight.k1.constant_value * alpha
    line = graph.node("MatMul", at, process.X_train_.T @ rise)
    level = np.array([float(rise.sum()) * float(straight.k2.sigma_0) ** 2])
    return graph.node("Add", graph.node("Add", bump, line), level)


def _trees(graph: _Graph, model: Any) -> str:  # noqa: ANN401
    """Return the sum of the trees and their base; a tree that splits nothing joins the base."""
    from onnx import numpy_helper

    lists: dict[str, list[int]] = {
        name: []
        for name in (
            *("tree_roots", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids"),
            *("nodes_trueleafs", "nodes_falseleafs"),
        )
    }
    splits: list[float] = []
    leaves: list[float] = []
    base = float(np.asarray(model._baseline_prediction).item())  # noqa: SLF001 - nowhere else
    for (predictor,) in model._predictors:  # noqa: SLF001
        if predictor.nodes[0]["is_leaf"]:
            base += float(predictor.nodes[0]["value"])
        else:
            _plant(predictor.nodes, lists, splits, leaves)
    if not splits:
        wide = int(model.n_features_in_)
        zeros = graph.node("MatMul", "x", np.zeros((wide, 1)))
        return graph.node("Add", zeros, np.array([base]))
    summed = graph.node(
        "TreeEnsemble",
        "x",
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=1,
        post_transform=0,
        nodes_splits=numpy_helper.from_array(np.array(splits)),
        nodes_modes=numpy_helper.from_array(np.zeros(len(splits), dtype=np.uint8)),
        leaf_targetids=[0] * len(leaves),
        leaf_weights=numpy_helper.from_array(np.array(leaves)),
        **lists,
    )
    return graph.node("Add", summed, np.array([base]))


def _plant(
    nodes: np.ndarray, lists: dict[str, list[int]], splits: list[float], leaves: list[float]
) -> None:
    """Append one tree: branches and leaves are numbered apart, over all trees."""
    branches = [at for at in range(len(nodes)) if not nodes[at]["is_leaf"]]
    number = {at: len(splits) + index for index, at in enumerate(branches)}
    ends = [at for at in range(len(nodes)) if nodes[at]["is_leaf"]]
    number |= {at: len(leaves) + index for index, at in enumerate(ends)}
    lists["tree_roots"].append(number[0])
    leaves += [float(nodes[at]["value"]) for at in ends]
    for at in branches:
        lists["nodes_featureids"].append(int(nodes[at]["feature_idx"]))
        splits.append(float(nodes[at]["num_threshold"]))
        for side, way in (("left", "true"), ("right", "false")):
            child = int(nodes[at][side])
            lists[f"nodes_{way}nodeids"].append(number[child])
            lists[f"nodes_{way}leafs"].append(int(nodes[child]["is_leaf"]))
