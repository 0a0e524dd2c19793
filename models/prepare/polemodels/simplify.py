"""Same result, less work: rewritings that hold exactly for every input."""

from __future__ import annotations

from .graph import Graph, Node


def pool_first(graph: Graph) -> Graph:
    """Pool before the leaky rectifier, not after it.

    A rising function and a maximum may change places. The rectifier then sees a quarter of the
    values, and as no pooling stands before a QuantizeLinear, ONNX Runtime does not move that
    before the pooling, where it would fall on a byte kernel six times slower.
    """
    consumers = graph.consumers()
    result = Graph(graph.name, dict(graph.inputs), dict(graph.outputs), [], dict(graph.constants))
    moved: dict[str, Node] = {}
    for node in graph.nodes:
        readers = consumers.get(node.outputs[0], [])
        if node.op == "LeakyRelu" and [reader.op for reader in readers] == ["MaxPool"]:
            moved[node.outputs[0]] = node
        elif node.op == "MaxPool" and node.inputs[0] in moved:
            leaky = moved[node.inputs[0]]
            (output,) = node.outputs
            pooled = result.add("MaxPool", [leaky.inputs[0]], f"{output}.pooled", **node.attributes)
            result.add("LeakyRelu", [pooled], output, **leaky.attributes)
        else:
            result.nodes.append(node)
    return result
