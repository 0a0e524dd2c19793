"""TensorFlow.js graph model (`.json` and `.bin`) -> `Graph`.

The published graph went PyTorch -> ONNX -> TensorFlow: every convolution sits between two
transposes, its padding in front of it and its bias behind it, and its resizes ask for the sizes
of a 416 x 416 picture. Here all tensors stay channels-first, padding and bias join their
convolution, and a resize becomes the ratio of the sizes it had, so height and width are free.

Promises: every byte of the weights is described by the `.json`, or the file is refused.
Refuses: any operation or option that NanoDet-g does not have.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from .graph import Graph

PREFIXES = ("PartitionedCall/", "onnx_tf_prefix_")
STORED = {("float32", "float16"): "<f2", ("float32", None): "<f4", ("int32", None): "<i4"}


class BadNet(ValueError):
    """The files are not a TensorFlow.js graph this converter knows."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the result, and what TensorFlow still had to do to it."""

    name: str
    stride: Fraction
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Top, left, bottom, right, waiting for the operation that will apply them."""


def convert(model: str, weights: bytes, name: str) -> Graph:
    """The network from its input to the convolutions whose channels it splits.

    What follows the split (sigmoid, reshaping for TensorFlow's own decoder) is left out; the maps
    before it are the outputs, finest first.
    """
    document = json.loads(model)
    converter = _Converter(name, constants_of(document, weights), _side(document))
    for node in document["modelTopology"]["node"]:
        converter.add(node)
    return converter.graph


def constants_of(document: dict, content: bytes) -> dict[str, np.ndarray]:
    constants, position = {}, 0
    for entry in document["weightsManifest"][0]["weights"]:
        stored = entry.get("quantization", {}).get("dtype")
        if (entry["dtype"], stored) not in STORED:
            raise BadNet(f"weight {entry['name']}: {entry['dtype']} as {stored} is not supported")
        kind = STORED[entry["dtype"], stored]
        count = int(np.prod(entry["shape"], dtype=np.int64))
        end = position + count * np.dtype(kind).itemsize
        if end > len(content):
            raise BadNet(f"weights end at byte {len(content)}, {entry['name']} needs {end}")
        values = np.frombuffer(content, kind, count, position).reshape(entry["shape"])
        constants[entry["name"]] = values.astype(entry["dtype"])
        position = end
    if position != len(content):
        raise BadNet(f"{len(content) - position} bytes of weights were not described")
    return constants


def _side(document: dict) -> int:
    (signature,) = document["signature"]["inputs"].values()
    _, channels, height, width = (int(dim["size"]) for dim in signature["tensorShape"]["dim"])
    if channels != 3 or height != width:
        raise BadNet(f"input is {channels} x {height} x {width}, expected 3 x a square")
    return height


class _Converter:
    def __init__(self, name: str, constants: dict[str, np.ndarray], side: int):
        self.graph = Graph(name)
        self.constants = constants
        self.side = side
        self.tensors: dict[str, Tensor] = {}
        self.unfinished: dict[str, int] = {}

    def add(self, node: dict) -> None:
        op, name = node["op"], node["name"]
        if op in ("Const", "Sigmoid", "Reshape", "SparseToDense", "AddV2", "Identity"):
            return  # constants, and the decoder that is left out
        method = getattr(self, f"_{op.lower()}", None)
        if method is None:
            raise BadNet(f"node {name}: operation {op} is not supported")
        inputs = node.get("input") or []
        if op == "Transpose" and inputs[0] not in self.tensors:
            return  # behind the split
        method(name, inputs, node.get("attr", {}))

    def _emit(self, op: str, name: str, inputs: list[Tensor], stride: Fraction, **attributes):
        output = name
        for prefix in PREFIXES:
            output = output.replace(prefix, "")
        self.graph.add(op, [tensor.name for tensor in inputs], output, **attributes)
        self.tensors[name] = Tensor(output, stride)

    def _placeholder(self, name: str, _inputs, _attr) -> None:
        self.graph.inputs[name] = [1, 3, "height", "width"]
        self.tensors[name] = Tensor(name, Fraction(1))

    def _transpose(self, name: str, inputs: list[str], _attr) -> None:
        self.tensors[name] = self.tensors[inputs[0]]

    def _pad(self, name: str, inputs: list[str], _attr) -> None:
        pads = self.constants[inputs[1]]
        if pads[:2].any():
            raise BadNet(f"node {name}: pads batch or channels")
        (top, bottom), (left, right) = pads[2:].tolist()
        self.tensors[name] = replace(self.tensors[inputs[0]], pads=(top, left, bottom, right))

    def _padv2(self, name: str, inputs: list[str], attr) -> None:
        self._pad(name, inputs, attr)

    def _conv2d(self, name: str, inputs: list[str], attr: dict) -> None:
        if _text(attr["padding"]) != "VALID":
            raise BadNet(f"node {name}: padding {_text(attr['padding'])}, expected VALID")
        source = self.tensors[inputs[0]]
        kernel = self.constants[inputs[1]].transpose(3, 2, 0, 1)
        step = int(attr["strides"]["list"]["i"][1])
        weight = Tensor(self.graph.constant(f"{inputs[1]}", kernel), source.stride)
        self.unfinished[name] = len(self.graph.nodes)
        self._emit(
            "Conv",
            name,
            [source, weight],
            source.stride * step,
            kernel_shape=list(kernel.shape[2:]),
            strides=[step, step],
            pads=list(source.pads),
        )

    def _add(self, name: str, inputs: list[str], _attr) -> None:
        if inputs[0] in self.unfinished:
            self._bias(name, *inputs)
        else:
            left, right = (self.tensors[item] for item in inputs)
            if left.stride != right.stride:
                raise BadNet(f"node {name}: sum of strides {left.stride} and {right.stride}")
            self._emit("Add", name, [left, right], left.stride)

    def _bias(self, name: str, conv: str, bias: str) -> None:
        index = self.unfinished.pop(conv)
        node = self.graph.nodes[index]
        constant = self.graph.constant(bias, self.constants[bias])
        self.graph.nodes[index] = replace(node, inputs=(*node.inputs, constant))
        self.tensors[name] = self.tensors[conv]

    def _leakyrelu(self, name: str, inputs: list[str], attr: dict) -> None:
        source = self.tensors[inputs[0]]
        self._emit("LeakyRelu", name, [source], source.stride, alpha=float(attr["alpha"]["f"]))

    def _maxpool(self, name: str, inputs: list[str], attr: dict) -> None:
        source = self.tensors[inputs[0]]
        side, step = (int(attr[key]["list"]["i"][1]) for key in ("ksize", "strides"))
        self._emit(
            "MaxPool",
            name,
            [source],
            source.stride * step,
            kernel_shape=[side, side],
            strides=[step, step],
            pads=list(source.pads),
        )

    def _concatv2(self, name: str, inputs: list[str], _attr) -> None:
        if int(self.constants[inputs[-1]]) != 1:
            raise BadNet(f"node {name}: joins axis {self.constants[inputs[-1]]}, expected 1")
        sources = [self.tensors[item] for item in inputs[:-1]]
        self._emit("Concat", name, sources, sources[0].stride, axis=1)

    def _resizebilinear(self, name: str, inputs: list[str], attr: dict) -> None:
        if not attr["half_pixel_centers"]["b"]:
            raise BadNet(f"node {name}: only resizing with half pixel centers")
        source = self.tensors[inputs[0]]
        stride = Fraction(self.side, int(self.constants[inputs[1]][0]))
        factor = float(source.stride / stride)
        scales = np.array([1, 1, factor, factor], np.float32)
        constant = Tensor(self.graph.constant(f"scales{factor}", scales), stride)
        none = Tensor("", stride)
        self._emit(
            "Resize",
            name,
            [source, none, constant],
            stride,
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _splitv(self, _name: str, inputs: list[str], _attr) -> None:
        tensor = self.tensors[inputs[0]]
        node = self.graph.producers()[tensor.name]
        channels = len(self.graph.constants[node.inputs[1]])
        shape = [1, channels, f"height{tensor.stride}", f"width{tensor.stride}"]
        self.graph.outputs[tensor.name] = shape


def _text(attribute: dict) -> str:
    return base64.b64decode(attribute["s"]).decode()
