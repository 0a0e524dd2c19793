"""The network as Rockchip's toolkit wants it: each rectifier right behind its convolution.

`simplify.pool_first` moves one behind the pooling, which suits ONNX Runtime. The toolkit fuses a
rectifier only into the convolution before it; with the pooling between them, the convolution's
bytes would have to reach ten times as far down, and cost a quarter of the people on the floor.
Promises: the same result for every input, as a maximum and a rising function change places.
"""

from __future__ import annotations

import onnx

from .recipe import FUSED


def rectify_first(model: onnx.ModelProto) -> onnx.ModelProto:
    """Undo `pool_first`, in place."""
    nodes = model.graph.node
    for at, pool in enumerate(nodes):
        readers = [node for node in nodes if pool.output[0] in node.input]
        if pool.op_type == "MaxPool" and [node.op_type for node in readers] == ["LeakyRelu"]:
            _exchange(nodes, at, list(nodes).index(readers[0]))
    onnx.checker.check_model(model)
    return model


def _exchange(nodes, first: int, second: int) -> None:
    pool, rectifier = onnx.NodeProto(), onnx.NodeProto()
    pool.CopyFrom(nodes[first])
    rectifier.CopyFrom(nodes[second])
    output = rectifier.output[0]
    rectifier.input[0] = pool.input[0]
    # Named so that its range is the output's: what the pooling leaves out needs none.
    rectifier.output[0] = pool.input[0] = output + FUSED
    pool.output[0] = output
    nodes[first].CopyFrom(rectifier)
    nodes[second].CopyFrom(pool)
