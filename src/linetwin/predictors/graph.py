"""Which ONNX graphs are run here: few operators, all weights inside and finite, one output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import onnx

OPERATORS: Final = frozenset(
    {
        *(("", name) for name in ("Add", "Sub", "Mul", "Div", "Exp", "Tanh")),
        *(("", name) for name in ("MatMul", "Gather", "Concat", "ReduceSum", "Unsqueeze")),
        ("ai.onnx.ml", "TreeEnsemble"),
    }
)
"""All that linetwin writes itself: nothing that loops, branches, reads files or runs code."""
ROWS: Final = 512
"""Rows that are evaluated at once."""
_MOST_NODES: Final = 200
_MOST_NUMBERS: Final = 20_000_000
"""Numbers of a value within the graph, for `ROWS` rows: 160 MB."""


def refusal(content: bytes, features: int) -> str:
    """Return why a graph is not run, "" where it is. `features`: how many it must take."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        return f"model.onnx is unreadable: {str(error).splitlines()[0] if str(error) else 'broken'}"
    reason = _forbidden(model) or _tensors(model) or _ends(model, features)
    if reason:
        return reason
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        return f"model.onnx contradicts its format: {str(error).splitlines()[0]}"
    return _trees(model, features) or _sizes(model)


def _forbidden(model: onnx.ModelProto) -> str:
    """Return what the graph has that none of ours has."""
    graph = model.graph
    if model.functions or model.training_info:
        return "model.onnx has functions or training parts of its own"
    if graph.sparse_initializer or graph.quantization_annotation:
        return "model.onnx has sparse or quantised weights"
    if len(graph.node) > _MOST_NODES:
        return f"model.onnx has {len(graph.node)} nodes, allowed are {_MOST_NODES}"
    for node in graph.node:
        domain = "" if node.domain == "ai.onnx" else node.domain
        if (domain, node.op_type) not in OPERATORS:
            allowed = ", ".join(sorted(name for _, name in OPERATORS))
            return f"operator '{node.op_type}' of model.onnx is not allowed (allowed: {allowed})"
        if any(each.graphs or each.HasField("g") for each in node.attribute):
            return f"operator '{node.op_type}' of model.onnx has a graph of its own"
    return ""


def _tensors(model: onnx.ModelProto) -> str:
    """Return what is wrong with the weights."""
    import onnx
    from onnx import numpy_helper

    tensors = [*model.graph.initializer]
    for node in model.graph.node:
        tensors += [each.t for each in node.attribute if each.HasField("t")]
        numbers = [number for each in node.attribute for number in (*each.floats, each.f)]
        if not np.isfinite(numbers).all():
            return f"operator '{node.op_type}' of model.onnx has weights that are not finite"
    for tensor in tensors:
        name = tensor.name or "weights"
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            return f"'{name}' of model.onnx lies outside of the file"
        try:
            values = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError) as error:
            return f"'{name}' of model.onnx is no tensor: {error}"
        if values.dtype.kind not in "fiu":
            return f"'{name}' of model.onnx holds no numbers"
        if not np.isfinite(values).all():
            return f"'{name}' of model.onnx has weights that are not finite"
    return ""


def _ends(model: onnx.ModelProto, features: int) -> str:
    """Return what is wrong with input and output."""
    import onnx

    graph = model.graph
    if len(graph.input) != 1 or len(graph.output) != 1:
        return "model.onnx has not one input and one output"
    for value, wide in ((graph.input[0], features), (graph.output[0], 1)):
        kind = value.type.tensor_type
        sizes = kind.shape.dim
        if kind.elem_type != onnx.TensorProto.DOUBLE or len(sizes) != 2:  # noqa: PLR2004
            return f"'{value.name}' of model.onnx is no table of 64-bit numbers"
        if sizes[1].dim_value != wide:
            return f"model.onnx has {sizes[1].dim_value} columns at '{value.name}', not {wide}"
    return ""


def _trees(model: onnx.ModelProto, features: int) -> str:
    """Return what is wrong with trees: an index beyond its list, or a branch that leads back."""
    from onnx import helper

    for node in model.graph.node:
        if node.op_type != "TreeEnsemble":
            continue
        found = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        count = len(found["nodes_featureids"])
        leaves = len(found["leaf_targetids"])
        own = np.arange(count)
        good = _below(found["tree_roots"], count) and _below(found["nodes_featureids"], features)
        good &= _below(found["leaf_targetids"], 1) and found.get("n_targets") == 1
        for side in ("true", "false"):
            ids = np.array(found[f"nodes_{side}nodeids"], dtype=np.int64)
            is_leaf = np.array(found[f"nodes_{side}leafs"], dtype=np.int64)
            if len(ids) != count or len(is_leaf) != count:
                return "model.onnx has trees whose lists differ in length"
            onward = (ids > own) & (ids < count)
            good &= bool(np.where(is_leaf == 1, (ids >= 0) & (ids < leaves), onward).all())
        for key, length in (("nodes_splits", count), ("leaf_weights", leaves)):
            good &= [*found[key].dims] == [length]
        if not good or "membership_values" in found:
            return "model.onnx has trees that lead nowhere, or back"
    return ""


def _below(numbers: list[int], end: int) -> bool:
    """Tell whether there are numbers, all of 0 to less than `end`."""
    found = np.array(numbers, dtype=np.int64)
    return bool(len(found) and (found >= 0).all() and (found < end).all())


def _sizes(model: onnx.ModelProto) -> str:
    """Return whether a value within grows too large, for as many rows as are taken at once."""
    import onnx

    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    for value in (sized.graph.input[0], sized.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = ROWS
    try:
        graph = onnx.shape_inference.infer_shapes(sized, strict_mode=True, data_prop=True).graph
    except (onnx.shape_inference.InferenceError, ValueError) as error:
        return f"model.onnx does not fit together: {str(error).splitlines()[0]}"
    known = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    known |= {value.name: value.type.tensor_type.shape.dim for value in graph.output}
    for node in graph.node:
        for name in node.output:
            sizes = [size.dim_value for size in known.get(name, [])]
            if not sizes or min(sizes) < 1:
                return f"the size of '{name}' in model.onnx cannot be told"
            if np.prod(np.array(sizes, dtype=float)) > _MOST_NUMBERS:
                return f"'{name}' in model.onnx is too large: {' x '.join(map(str, sizes))}"
    return ""
