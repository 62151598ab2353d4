"""A predictor's graph as a list of operations on numbers, which authoring/evaluator/ carries out.

A graph is for tables of rows, the list for one row: shapes are fixed, and broadcasting is told by
steps. What the result does not ask for is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import onnx

_BINARY: Final = {"Add": 1, "Sub": 2, "Mul": 3, "Div": 4}
_UNARY: Final = {"Exp": 5, "Tanh": 6}
PRODUCT, PICK, SUM, BUMPS, TREES = 7, 8, 9, 10, 11
"""Kinds of operation, as in authoring/evaluator/tables.h."""
_RANK: Final = 3


@dataclass(frozen=True)
class Place:
    """Where a value lies: from `first` on, below 0 constant -1 - first; row by row."""

    first: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass
class Lowered:
    """Operations (kind, out, a, b, three sizes, six steps), and all that they refer to.

    Values below 0 are constants -1 - value. `nodes`: split, feature, then the number of the next
    node, or of a leaf's constant as -1 - number.
    """

    values: int
    result: int = 0
    operations: list[tuple[int, ...]] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    nodes: list[tuple[float, int, int, int]] = field(default_factory=list)


def lowered(graph: bytes, features: int) -> Lowered:
    """Return the operations of a checked graph; ScenarioError where it has what none of ours has.

    `features`: how many numbers it takes; they are the first values.
    """
    import onnx

    model = onnx.load_model_from_string(graph)
    try:
        return _Lowering(model.graph, features).run()
    except (ValueError, IndexError, KeyError) as error:
        message = f"its graph cannot become an FMU: {error}"
        raise ScenarioError([Problem(message, hint="a predictor that linetwin trained")]) from error


class _Lowering:
    """Follows a graph from its result back to its features."""

    def __init__(self, graph: onnx.GraphProto, features: int) -> None:
        from onnx import numpy_helper

        self._graph = graph
        self._makers = {name: node for node in graph.node for name in node.output}
        self._weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._places = {graph.input[0].name: Place(0, (1, features))}
        self._made = Lowered(features)

    def run(self) -> Lowered:
        """Lower the result, and all that it needs."""
        found = self._place(self._graph.output[0].name)
        if found.first < 0 or found.size != 1:
            raise ValueError("its result is not one computed number")
        self._made.result = found.first
        return self._made

    def _place(self, name: str) -> Place:
        """Return where a value lies, computed where it was not yet."""
        if name not in self._places:
            if name in self._weights:
                self._places[name] = self._constant(self._weights[name])
            else:
                node = self._makers[name]
                self._places[name] = self._rule(node.op_type)(node)
        return self._places[name]

    def _rule(self, operator: str) -> Callable[[onnx.NodeProto], Place]:
        rules = {
            **dict.fromkeys(_BINARY, self._binary),
            **dict.fromkeys(_UNARY, self._unary),
            "MatMul": self._product,
            "Gather": self._gather,
            "Concat": self._concat,
            "ReduceSum": self._sum,
            "Unsqueeze": self._unsqueeze,
            "TreeEnsemble": self._trees,
        }
        return rules[operator]

    def _constant(self, values: np.ndarray) -> Place:
        if values.dtype != np.float64:
            raise ValueError(f"weights of {values.dtype}, not of 64 bits")
        first = -1 - len(self._made.constants)
        self._made.constants += values.ravel().tolist()
        return Place(first, values.shape)

    def _value(self, shape: Sequence[int]) -> Place:
        found = Place(self._made.values, tuple(shape))
        self._made.values += found.size
        return found

    def _emit(
        self,
        kind: int,
        out: int,
        operands: tuple[int, int],
        sizes: Sequence[int],
        steps: Sequence[int] = (0,) * 6,
    ) -> None:
        self._made.operations.append((kind, out, *operands, *sizes, *steps))

    def _binary(self, node: onnx.NodeProto) -> Place:
        first, second = (self._place(name) for name in node.input)
        shape = np.broadcast_shapes(first.shape, second.shape)
        if len(shape) > _RANK:
            raise ValueError(f"a value has {len(shape)} dimensions")
        sizes = (1,) * (_RANK - len(shape)) + tuple(shape)
        out = self._value(shape)
        steps = (*_steps(first.shape), *_steps(second.shape))
        self._emit(_BINARY[node.op_type], out.first, (first.first, second.first), sizes, steps)
        return out

    def _unary(self, node: onnx.NodeProto) -> Place:
        bumps = self._bumps(node)
        if bumps is not None:
            return bumps
        own = self._place(node.input[0])
        out = self._value(own.shape)
        self._emit(_UNARY[node.op_type], out.first, (own.first, 0), (own.size, 1, 1))
        return out

    def _product(self, node: onnx.NodeProto) -> Place:
        first, second = (self._place(name) for name in node.input)
        (rows, between), (_, columns) = first.shape, second.shape
        out = self._value((rows, columns))
        self._emit(PRODUCT, out.first, (first.first, second.first), (rows, between, columns))
        return out

    def _gather(self, node: onnx.NodeProto) -> Place:
        own = self._place(node.input[0])
        axis = int(_attributes(node).get("axis", 0))
        numbers = np.arange(own.size).reshape(own.shape)
        picked = np.take(numbers, self._weights[node.input[1]].astype(np.int64), axis)
        out = self._value(picked.shape)
        self._pick(out.first, own.first, picked.ravel().tolist())
        return out

    def _concat(self, node: onnx.NodeProto) -> Place:
        parts = [self._place(name) for name in node.input]
        numbers = [np.full(part.shape, index) for index, part in enumerate(parts)]
        axis = int(_attributes(node)["axis"])
        whole = np.concatenate(numbers, axis)
        out = self._value(whole.shape)
        own = np.concatenate([np.arange(p.size).reshape(p.shape) for p in parts], axis).ravel()
        which = whole.ravel()
        starts = [0, *(np.flatnonzero(np.diff(which)) + 1).tolist(), len(which)]
        for start, stop in pairwise(starts):
            self._pick(out.first + start, parts[which[start]].first, own[start:stop].tolist())
        return out

    def _pick(self, out: int, source: int, numbers: list[int]) -> None:
        self._emit(PICK, out, (source, len(self._made.indices)), (len(numbers), 1, 1))
        self._made.indices += numbers

    def _sum(self, node: onnx.NodeProto) -> Place:
        own = self._place(node.input[0])
        axes = sorted(int(axis) % len(own.shape) for axis in self._weights[node.input[1]])
        if axes != list(range(axes[0], axes[-1] + 1)):
            raise ValueError("a sum over dimensions that are apart")
        before, after = own.shape[: axes[0]], own.shape[axes[-1] + 1 :]
        over = math.prod(own.shape[axes[0] : axes[-1] + 1])
        kept = (1,) * len(axes) if _attributes(node).get("keepdims", 1) else ()
        out = self._value((*before, *kept, *after))
        sizes = (math.prod(before), over, math.prod(after))
        self._emit(SUM, out.first, (own.first, 0), sizes)
        return out

    def _unsqueeze(self, node: onnx.NodeProto) -> Place:
        own = self._place(node.input[0])
        axes = tuple(int(axis) for axis in self._weights[node.input[1]])
        return Place(own.first, np.expand_dims(np.empty(own.shape), axes).shape)

    def _bumps(self, node: onnx.NodeProto) -> Place | None:
        """Return the bumps of a Gaussian process in one operation; None for any other value.

        They are exp(-0.5 sum((row - points)^2)), six nodes of its graph.
        """
        chain = [node]
        for operator in ("Mul", "ReduceSum", "Mul", "Sub", "Unsqueeze"):
            maker = self._makers.get(chain[-1].input[0])
            if maker is None or maker.op_type != operator:
                return None
            chain.append(maker)
        _, half, summed, squared, away, _ = chain
        points = self._weights.get(away.input[1])
        factor, axes = self._weights.get(half.input[1]), self._weights.get(summed.input[1])
        if points is None or factor is None or axes is None or points.ndim != _RANK - 1:
            return None
        alike = squared.input[0] == squared.input[1] and not _attributes(summed).get("keepdims", 1)
        row = self._place(chain[-1].input[0])
        known = alike and factor.ravel().tolist() == [-0.5] and axes.ravel().tolist() == [_RANK - 1]
        if not known or row.shape != (1, points.shape[1]):
            return None
        out = self._value((1, len(points)))
        first = self._constant(points).first
        self._emit(BUMPS, out.first, (row.first, first), (*points.shape, 1))
        return out

    def _trees(self, node: onnx.NodeProto) -> Place:
        """Plant the trees; in the list, a leaf is the number of its constant."""
        from onnx import numpy_helper

        found = _attributes(node)
        own = self._place(node.input[0])
        plain = found.get("aggregate_function", 1) == 1 and not found.get("post_transform", 0)
        if self._made.nodes or not plain or numpy_helper.to_array(found["nodes_modes"]).any():
            raise ValueError("trees that are not a plain sum of branches at most their split")
        leaves = -1 - self._constant(numpy_helper.to_array(found["leaf_weights"])).first
        sides = [
            np.where(
                np.array(found[f"nodes_{side}leafs"]) == 1,
                -1 - leaves - np.array(found[f"nodes_{side}nodeids"]),
                found[f"nodes_{side}nodeids"],
            )
            for side in ("true", "false")
        ]
        splits = numpy_helper.to_array(found["nodes_splits"]).tolist()
        columns = (splits, found["nodes_featureids"], *(side.tolist() for side in sides))
        self._made.nodes = list(zip(*columns, strict=True))
        out = self._value((1, 1))
        sizes = (len(found["tree_roots"]), len(self._made.indices), own.size)
        self._made.indices += found["tree_roots"]
        self._emit(TREES, out.first, (own.first, -1), sizes)
        return out


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    from onnx import helper

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def _steps(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the steps along the last three dimensions; 0 where a value is broadcast."""
    found = [0] * _RANK
    step = 1
    for index, size in enumerate(reversed(shape)):
        found[_RANK - 1 - index] = step if size > 1 else 0
        step *= size
    return tuple(found)
