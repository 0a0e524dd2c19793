"""Name the ends of a converted network and cut its head to the classes that are used.

The class rows of the last convolutions are independent of one another: dropping a row leaves
every other score as it was, and saves its arithmetic in every cell of every map.
"""

from __future__ import annotations

from .graph import Graph, Node


def trim(graph: Graph, upstream_classes: int, kept: list[int], input_name: str, outputs: list[str]):
    """`graph` with one input, `outputs` in stride order and `kept` of its `upstream_classes`.

    Every output must come from a convolution whose first `upstream_classes` channels are classes.
    """
    names = dict(zip(graph.outputs, outputs, strict=True)) | {next(iter(graph.inputs)): input_name}
    rows = {old: _rows(graph, old, upstream_classes, kept) for old in graph.outputs}
    result = Graph(graph.name)
    for name, shape in graph.inputs.items():
        result.inputs[names[name]] = shape
    for name, shape in graph.outputs.items():
        result.outputs[names[name]] = [shape[0], len(rows[name]), *shape[2:]]
    for name, value in graph.constants.items():
        result.constants[name] = value
    for node in graph.nodes:
        result.nodes.append(_renamed(node, names))
        if node.outputs[0] in rows:
            for constant in node.inputs[1:]:
                result.constants[constant] = graph.constants[constant][rows[node.outputs[0]]]
    return result


def _rows(graph: Graph, output: str, upstream_classes: int, kept: list[int]) -> list[int]:
    node = graph.producers()[output]
    if node.op != "Conv":
        raise ValueError(f"{graph.name}: output {output} comes from {node.op}, expected Conv")
    channels = len(graph.constants[node.inputs[1]])
    if not all(0 <= index < upstream_classes < channels for index in kept):
        raise ValueError(f"{graph.name}: classes {kept} are not within {upstream_classes}")
    return [*kept, *range(upstream_classes, channels)]


def _renamed(node: Node, names: dict[str, str]) -> Node:
    inputs = tuple(names.get(name, name) for name in node.inputs)
    outputs = tuple(names.get(name, name) for name in node.outputs)
    return Node(node.op, inputs, outputs, node.attributes)
