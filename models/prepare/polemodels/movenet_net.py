"""MoveNet as a TensorFlow.js graph model (`.json` and `.bin`) -> `Graph`.

A MobileNet with a feature pyramid and four heads, channels last, `SAME` padding. Here all tensors
are channels-first, padding is written out and rectifiers follow their convolution; the input is the
normalized picture, and what TensorFlow does to the four maps (one person's key points out of them)
is left out: `firmware/detector/src/pose` does it.

Promises: height and width are free multiples of 32. Refuses: any operation or option that MoveNet
does not have.
"""

from __future__ import annotations

import base64
import json

import numpy as np

from .graph import Graph
from .tfjs_net import BadNet, constants_of

OUTPUTS = {
    "StatefulPartitionedCall/center_0/conv2d_4/BiasAdd": "centers",
    "StatefulPartitionedCall/kpt_regress_0/conv2d_6/BiasAdd": "joints",
    "StatefulPartitionedCall/kpt_heatmap_0/conv2d_5/BiasAdd": "heat",
    "StatefulPartitionedCall/kpt_offset_0/conv2d_7/BiasAdd": "offsets",
}
PREFIXES = (
    "StatefulPartitionedCall/",
    "center_net_mobile_net_v2fpn_feature_extractor/model_1/",
    "model/",
)
STRIDE = 4
RECTIFIERS = {"Relu": None, "Relu6": 6.0}
NORMALIZATION = ("Cast", "Unpack", "ExpandDims", "Squeeze", "Sub", "Mul")


def convert(model: str, weights: bytes, name: str) -> Graph:
    """The network from its normalized picture to its four maps."""
    document = json.loads(model)
    nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
    converter = _Converter(Graph(name), constants_of(document, weights))
    for needed in _needed(nodes):
        converter.add(needed)
    return converter.graph


def _needed(nodes: dict[str, dict]) -> list[dict]:
    """What the outputs depend on, in the order of the file."""
    wanted, pending = set(), list(OUTPUTS)
    while pending:
        name = pending.pop().split(":")[0]
        if name not in nodes:
            raise BadNet(f"there is no node {name}")
        if name not in wanted:
            wanted.add(name)
            inputs = nodes[name].get("input") or []
            pending += [item for item in inputs if not item.startswith("^")]
    return [node for name, node in nodes.items() if name in wanted]


class _Converter:
    def __init__(self, graph: Graph, constants: dict[str, np.ndarray]):
        self.graph = graph
        self.constants = constants
        self.tensors: dict[str, str] = {}

    def add(self, node: dict) -> None:
        op, name, inputs = node["op"], node["name"], node.get("input") or []
        if op == "Const":
            return
        if op in NORMALIZATION and self.tensors.get(inputs[0]) == "data":
            self.tensors[name] = "data"
            return
        method = getattr(self, f"_{op.lower().lstrip('_')}", None)
        if method is None:
            raise BadNet(f"node {name}: operation {op} is not supported")
        method(name, inputs, node.get("attr", {}))

    def _emit(self, op: str, name: str, inputs: list[str], **attributes) -> None:
        output = OUTPUTS.get(name, _short(name))
        self.tensors[name] = self.graph.add(op, inputs, output, **attributes)

    def _placeholder(self, name: str, _inputs, _attr) -> None:
        self.graph.inputs["data"] = [1, 3, "height", "width"]
        self.tensors[name] = "data"

    def _fusedconv2d(self, name: str, inputs: list[str], attr: dict) -> None:
        kernel = self.constants[inputs[1]].transpose(3, 2, 0, 1)
        self._convolution(name, inputs, attr, kernel, group=1)

    def _fuseddepthwiseconv2dnative(self, name: str, inputs: list[str], attr: dict) -> None:
        kernel = self.constants[inputs[1]].transpose(2, 3, 0, 1)
        if kernel.shape[1] != 1:
            raise BadNet(f"node {name}: {kernel.shape[1]} kernels a channel, expected 1")
        self._convolution(name, inputs, attr, kernel, group=kernel.shape[0])

    _depthwiseconv2dnative = _fuseddepthwiseconv2dnative

    def _convolution(self, name, inputs, attr, kernel, group) -> None:
        side, step = kernel.shape[2], int(attr["strides"]["list"]["i"][1])
        weight = self.graph.constant(_short(inputs[1]), kernel)
        bias = [self.graph.constant(_short(item), self.constants[item]) for item in inputs[2:]]
        rectifier = _rectifier(name, attr, bias)
        self._emit(
            "Conv",
            f"{name}/conv" if rectifier else name,
            [self.tensors[inputs[0]], weight, *bias],
            kernel_shape=[side, side],
            strides=[step, step],
            pads=_pads(name, _text(attr["padding"]["s"]), side, step),
            group=group,
        )
        if rectifier:
            self._rectify(name, self.tensors[f"{name}/conv"], rectifier)
        if name in OUTPUTS:
            shape = [1, kernel.shape[0], f"height{STRIDE}", f"width{STRIDE}"]
            self.graph.outputs[OUTPUTS[name]] = shape

    def _rectify(self, name: str, source: str, rectifier: str) -> None:
        highest = RECTIFIERS[rectifier]
        if highest is None:
            self._emit("Relu", name, [source])
        else:
            lowest = self.graph.constant("lowest", np.float32(0))
            limit = self.graph.constant(f"highest{highest:g}", np.float32(highest))
            self._emit("Clip", name, [source, lowest, limit])

    def _addv2(self, name: str, inputs: list[str], _attr) -> None:
        self._emit("Add", name, [self.tensors[item] for item in inputs])

    def _resizebilinear(self, name: str, inputs: list[str], attr: dict) -> None:
        if not attr["half_pixel_centers"]["b"]:
            raise BadNet(f"node {name}: only resizing with half pixel centers")
        scales = self.graph.constant("twice", np.array([1, 1, 2, 2], np.float32))
        self._emit(
            "Resize",
            name,
            [self.tensors[inputs[0]], "", scales],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )


def _rectifier(name: str, attr: dict, bias: list[str]) -> str | None:
    """What follows a convolution and its bias."""
    steps = [_text(step) for step in attr.get("fused_ops", {}).get("list", {}).get("s", [])]
    wanted = ["BiasAdd"][: len(bias)]
    rectifier = steps[-1] if len(steps) > len(wanted) else None
    if steps[:1] != wanted or steps[2:] or rectifier not in (None, *RECTIFIERS):
        raise BadNet(f"node {name}: {steps} after the convolution is not supported")
    return rectifier


def _short(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _pads(name: str, padding: str, side: int, step: int) -> list[int]:
    """TensorFlow's `SAME` for sides that the step divides: what is odd goes right and below."""
    if padding == "VALID" and side == 1:
        return [0] * 4
    if padding != "SAME":
        raise BadNet(f"node {name}: padding {padding} of a kernel of {side}, expected SAME")
    total = max(side - step, 0)
    return [total // 2, total // 2, total - total // 2, total - total // 2]


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
