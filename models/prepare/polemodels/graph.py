"""A network as plain values: nodes, constants, inputs, outputs.

Promises: the same graph always gives the same bytes (fixed opset, IR version and producer, no
time stamp, nodes in the order they were added). Refuses: shape inference, anything the
converters do not emit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
"""Oldest opset with per-channel QuantizeLinear; read by every engine we use."""

IR_VERSION = 8
PRODUCER = "polewatch"

Attribute = int | float | str | list[int] | list[float]


@dataclass(frozen=True)
class Node:
    """One operation; its first output names it."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute] = field(default_factory=dict)

    def __getitem__(self, attribute: str) -> Attribute:
        return self.attributes[attribute]


@dataclass
class Graph:
    """A network under construction.

    `inputs` and `outputs` map a tensor's name to its shape; a string in a shape is a dimension
    the caller chooses at run time.
    """

    name: str
    inputs: dict[str, list[int | str]] = field(default_factory=dict)
    outputs: dict[str, list[int | str]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, op: str, inputs: list[str], outputs: list[str] | str, **attributes) -> str:
        """Append a node and return its first output."""
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(Node(op, tuple(inputs), tuple(outputs), attributes))
        return outputs[0]

    def constant(self, name: str, value) -> str:
        """Keep `value` under `name`, once, and return the name."""
        value = np.asarray(value, order="C")
        if name in self.constants and not np.array_equal(self.constants[name], value):
            raise ValueError(f"{self.name}: constant {name} is set twice to different values")
        self.constants[name] = value
        return name

    def is_activation(self, name: str) -> bool:
        """Whether a node's input depends on the network's input; an empty name stands for none."""
        return bool(name) and name not in self.constants

    def consumers(self) -> dict[str, list[Node]]:
        """Which nodes read each tensor."""
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                readers.setdefault(name, []).append(node)
        return readers

    def producers(self) -> dict[str, Node]:
        """Which node writes each tensor."""
        return {name: node for node in self.nodes for name in node.outputs}

    def activations(self) -> list[str]:
        """Every tensor that depends on the input, in the order they are computed."""
        return list(self.inputs) + [name for node in self.nodes for name in node.outputs]

    def to_bytes(self) -> bytes:
        """The ONNX file; equal graphs give equal bytes."""
        used = {name for node in self.nodes for name in node.inputs}
        proto = helper.make_graph(
            [_node(node) for node in self.nodes],
            self.name,
            [_tensor(name, shape) for name, shape in self.inputs.items()],
            [_tensor(name, shape) for name, shape in self.outputs.items()],
            [
                numpy_helper.from_array(value, name)
                for name, value in self.constants.items()
                if name in used
            ],
        )
        model = helper.make_model(
            proto,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name=PRODUCER,
        )
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model.SerializeToString(deterministic=True)


def _node(node: Node) -> onnx.NodeProto:
    return helper.make_node(
        node.op, node.inputs, node.outputs, name=node.outputs[0], **node.attributes
    )


def _tensor(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
