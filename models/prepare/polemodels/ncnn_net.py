"""ncnn `.param` and `.bin` -> `Graph`.

ncnn keeps the layers as text, one a line, and their weights one after another in a separate file,
in the order of the lines. Promises: every byte of the weights is used, or the file is refused.
Refuses: any layer or option that NanoDet-Plus does not have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .graph import Graph

MAGIC = "7767517"
HALF_FLOATS = 0x01306B47
"""Tag before weights stored as 16-bit floats; a zero tag means 32-bit floats."""
LEAKY_RELU = 2


class BadNet(ValueError):
    """The files are not an ncnn network this converter knows."""


@dataclass(frozen=True)
class Layer:
    """One line of a `.param` file; options by number, as ncnn documents them."""

    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    options: dict[int, str]

    def integer(self, option: int, default: int = 0) -> int:
        return int(self.options.get(option, default))

    def numbers(self, option: int) -> list[float]:
        """An array option, written -23300 - option = count,value,..."""
        count, *values = self.options[-23300 - option].split(",")
        if int(count) != len(values):
            raise BadNet(f"layer {self.name}: option {option}: {len(values)} values, not {count}")
        return [float(value) for value in values]


def parse(param: str) -> list[Layer]:
    """The layers of a `.param` file, in order."""
    lines = param.split("\n")
    if lines[0].strip() != MAGIC:
        raise BadNet(f"first line is {lines[0][:20]!r}, expected {MAGIC!r}")
    layers = [_layer(line) for line in lines[2:] if line.strip()]
    expected = int(lines[1].split()[0])
    if len(layers) != expected:
        raise BadNet(f"{len(layers)} layers, expected {expected}")
    return layers


def _layer(line: str) -> Layer:
    kind, name, input_count, output_count, *rest = line.split()
    ends = int(input_count), int(input_count) + int(output_count)
    options = dict(part.split("=", 1) for part in rest[ends[1] :])
    return Layer(
        kind,
        name,
        rest[: ends[0]],
        rest[ends[0] : ends[1]],
        {int(key): value for key, value in options.items()},
    )


class Weights:
    """The `.bin` file, read once from front to back."""

    def __init__(self, content: bytes):
        self.content = content
        self.position = 0

    def tagged(self, count: int) -> np.ndarray:
        """`count` values after a tag that says how they are stored, padded to 4 bytes."""
        tag = int(self._take("<u4", 1)[0])
        if tag == HALF_FLOATS:
            values = self._take("<f2", count)
            self.position += -self.position % 4
        elif tag == 0:
            values = self._take("<f4", count)
        else:
            raise BadNet(f"weights at byte {self.position}: tag {tag:#x} is not known")
        return values.astype(np.float32)

    def plain(self, count: int) -> np.ndarray:
        """`count` 32-bit floats."""
        return self._take("<f4", count).astype(np.float32)

    def finish(self) -> None:
        """Refuse what no layer asked for."""
        left = len(self.content) - self.position
        if left:
            raise BadNet(f"{left} bytes of weights were not used")

    def _take(self, kind: str, count: int) -> np.ndarray:
        size = np.dtype(kind).itemsize * count
        if self.position + size > len(self.content):
            raise BadNet(f"weights end at byte {len(self.content)}, {size} more were expected")
        values = np.frombuffer(self.content, kind, count, self.position)
        self.position += size
        return values


def convert(param: str, weights: bytes, name: str) -> Graph:
    """The network from its input to the tensors that the last `Concat` joins.

    That last part flattens the maps for ncnn's own decoder; the maps themselves are the outputs.
    """
    converter = _Converter(name, Weights(weights))
    for layer in parse(param):
        converter.add(layer)
    converter.weights.finish()
    return converter.graph


class _Converter:
    def __init__(self, name: str, weights: Weights):
        self.graph = Graph(name)
        self.weights = weights
        self.alias: dict[str, str] = {}
        self.channels: dict[str, int] = {}
        self.maps: dict[str, str] = {}

    def add(self, layer: Layer) -> None:
        method = getattr(self, f"_{layer.kind.lower()}", None)
        if method is None:
            raise BadNet(f"layer {layer.name}: kind {layer.kind} is not supported")
        method(layer, [self.alias.get(name, name) for name in layer.inputs])

    def _emit(self, layer: Layer, op: str, inputs: list[str], channels: int, **attributes) -> str:
        output = self.graph.add(op, inputs, layer.outputs[0], **attributes)
        self.channels[output] = channels
        return output

    def _input(self, layer: Layer, _inputs: list[str]) -> None:
        self.graph.inputs[layer.outputs[0]] = [1, 3, "height", "width"]
        self.channels[layer.outputs[0]] = 3

    def _split(self, layer: Layer, inputs: list[str]) -> None:
        for output in layer.outputs:
            self.alias[output] = inputs[0]

    def _convolution(self, layer: Layer, inputs: list[str]) -> None:
        self._conv(layer, inputs, groups=1)

    def _convolutiondepthwise(self, layer: Layer, inputs: list[str]) -> None:
        self._conv(layer, inputs, groups=layer.integer(7))

    def _conv(self, layer: Layer, inputs: list[str], groups: int) -> None:
        filters, side = layer.integer(0), layer.integer(1)
        per_group = self.channels[inputs[0]] // groups
        shape = (filters, per_group, side, side)
        if layer.integer(6) != np.prod(shape) or layer.integer(5) != 1:
            raise BadNet(f"layer {layer.name}: {layer.integer(6)} weights, expected {shape} + bias")
        weight = self.weights.tagged(layer.integer(6)).reshape(shape)
        bias = self.weights.plain(filters)
        output, activation = layer.outputs[0], layer.integer(9)
        if activation not in (0, LEAKY_RELU):
            raise BadNet(f"layer {layer.name}: activation {activation} is not supported")
        sums = f"{output}.sum" if activation else output
        self.channels[output] = filters
        self.graph.add(
            "Conv",
            [
                inputs[0],
                self.graph.constant(f"{output}.weight", weight),
                self.graph.constant(f"{output}.bias", bias),
            ],
            sums,
            kernel_shape=[side, side],
            strides=[layer.integer(3, 1)] * 2,
            pads=[layer.integer(4)] * 4,
            group=groups,
        )
        if activation:
            self.graph.add("LeakyRelu", [sums], output, alpha=layer.numbers(10)[0])

    def _pooling(self, layer: Layer, inputs: list[str]) -> None:
        if layer.integer(0) != 0 or layer.integer(5) != 1:
            raise BadNet(f"layer {layer.name}: only max pooling with explicit padding")
        self._emit(
            layer,
            "MaxPool",
            inputs,
            self.channels[inputs[0]],
            kernel_shape=[layer.integer(1)] * 2,
            strides=[layer.integer(2, 1)] * 2,
            pads=[layer.integer(3)] * 4,
        )

    def _concat(self, layer: Layer, inputs: list[str]) -> None:
        if any(name in self.maps for name in inputs):
            for stride, name in zip((8, 16, 32, 64), inputs):
                self.graph.outputs[self.maps[name]] = [
                    1, self.channels[self.maps[name]], f"height{stride}", f"width{stride}"
                ]
            return
        channels = sum(self.channels[name] for name in inputs)
        self._emit(layer, "Concat", inputs, channels, axis=1)

    def _shufflechannel(self, layer: Layer, inputs: list[str]) -> None:
        groups, channels = layer.integer(0), self.channels[inputs[0]]
        order = np.arange(channels).reshape(groups, -1).T.reshape(-1)
        indices = self.graph.constant(f"{layer.outputs[0]}.order", order.astype(np.int64))
        self._emit(layer, "Gather", [inputs[0], indices], channels, axis=1)

    def _slice(self, layer: Layer, inputs: list[str]) -> None:
        if layer.numbers(0) != [-233, -233]:
            raise BadNet(f"layer {layer.name}: only slices into equal halves")
        half = self.channels[inputs[0]] // 2
        sizes = self.graph.constant(f"half{half}", np.array([half, half], np.int64))
        self.graph.add("Split", [inputs[0], sizes], layer.outputs, axis=1)
        for output in layer.outputs:
            self.channels[output] = half

    def _interp(self, layer: Layer, inputs: list[str]) -> None:
        if layer.integer(0) != 2:
            raise BadNet(f"layer {layer.name}: only bilinear resizing")
        factors = [1, 1, float(layer.options[1]), float(layer.options[2])]
        scales = self.graph.constant("scales", np.array(factors, np.float32))
        self._emit(
            layer,
            "Resize",
            [inputs[0], "", scales],
            self.channels[inputs[0]],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _binaryop(self, layer: Layer, inputs: list[str]) -> None:
        if layer.integer(0) != 0 or len(inputs) != 2:
            raise BadNet(f"layer {layer.name}: only the sum of two tensors")
        self._emit(layer, "Add", inputs, self.channels[inputs[0]])

    def _reshape(self, layer: Layer, inputs: list[str]) -> None:
        self.maps[layer.outputs[0]] = inputs[0]
