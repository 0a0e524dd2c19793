"""Float graph plus committed activation ranges -> QDQ graph.

Activations are unsigned 8 bit with one scale for each tensor, weights signed 8 bit with one scale
for each output channel, biases 32 bit. Every operation the integer engines know stands between
DequantizeLinear and QuantizeLinear, so that the runtime fuses it into its integer kernel.

Promises: bytes that do not depend on the machine: only maxima, divisions and roundings in
float64, never a sum. Refuses: measuring anything (`calibrate.py` does) and guessing a range that
is not in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .graph import Graph, Node

SAME_SCALE = frozenset({"Concat", "Gather", "MaxPool", "Resize", "Slice", "Split"})
"""Operations that move values without computing: input and output share one scale, so that the
engine may move bytes."""

INTEGER = SAME_SCALE | {"Add", "Conv", "LeakyRelu"}
"""Operations with an integer kernel."""

WIDE, NARROW = 127, 63
"""Largest weight. AVX2 without VNNI adds pairs of u8 x s8 products in 16 bits, which 255 * 127 * 2
overflows and 255 * 63 * 2 does not; depthwise kernels multiply one by one and may use it all."""


class MissingRange(ValueError):
    """A tensor to quantize has no committed range."""


@dataclass(frozen=True)
class Scale:
    """real = (byte - zero) * step"""

    step: np.float32
    zero: np.uint8

    @staticmethod
    def covering(low: float, high: float) -> Scale:
        """The finest scale that represents `low`, `high` and exactly 0."""
        low, high = min(float(low), 0.0), max(float(high), 0.0)
        if not np.isfinite([low, high]).all() or low == high:
            raise ValueError(f"range [{low}, {high}] is empty or not finite")
        step = np.float32((high - low) / 255.0)
        zero = np.uint8(np.clip(np.rint(-low / np.float64(step)), 0, 255))
        return Scale(step, zero)


def quantize(graph: Graph, ranges: dict[str, list[float]], keep_float: set[str]) -> Graph:
    """The same network with integer kernels wherever it may.

    `ranges` maps a tensor to its lowest and highest value; `keep_float` names nodes (by first
    output) that stay in float.
    """
    return _Quantizer(graph, ranges, keep_float).run()


class _Quantizer:
    def __init__(self, graph: Graph, ranges: dict[str, list[float]], keep_float: set[str]):
        self.source = graph
        self.integer = [
            node.op in INTEGER and node.outputs[0] not in keep_float for node in graph.nodes
        ]
        self.scales = _tied_scales(graph, self.integer, ranges)
        self.result = Graph(graph.name, dict(graph.inputs), dict(graph.outputs))
        self.dequantized: dict[str, str] = {}
        self.floats = set(graph.inputs)

    def run(self) -> Graph:
        for node, integer in zip(self.source.nodes, self.integer):
            if integer:
                self._integer_node(node)
            else:
                self._float_node(node)
        return self.result

    def _integer_node(self, node: Node) -> None:
        inputs = [
            self._dequantized(name) if self.source.is_activation(name) else self._constant(name)
            for name in node.inputs
        ]
        if node.op == "Conv":
            inputs[1:] = self._weights(node)
        raw = [f"{name}:raw" for name in node.outputs]
        self.result.add(node.op, inputs, raw, **node.attributes)
        for name, value in zip(node.outputs, raw):
            self._quantize(value, name)
            if name in self.source.outputs:
                self._dequantize(name, name)

    def _float_node(self, node: Node) -> None:
        inputs = [
            self._float(name) if self.source.is_activation(name) else self._constant(name)
            for name in node.inputs
        ]
        self.result.add(node.op, inputs, list(node.outputs), **node.attributes)
        self.floats.update(node.outputs)

    def _float(self, name: str) -> str:
        return name if name in self.floats else self._dequantized(name)

    def _constant(self, name: str) -> str:
        return self.result.constant(name, self.source.constants[name]) if name else ""

    def _dequantized(self, name: str) -> str:
        if name not in self.dequantized:
            if name in self.floats:
                self._quantize(name, name)
            self._dequantize(name, f"{name}:real")
        return self.dequantized[name]

    def _quantize(self, value: str, name: str) -> None:
        self.result.add("QuantizeLinear", [value, *self._scale(name)], f"{name}:byte")

    def _dequantize(self, name: str, output: str) -> None:
        self.result.add("DequantizeLinear", [f"{name}:byte", *self._scale(name)], output)
        self.dequantized[name] = output

    def _scale(self, name: str) -> list[str]:
        scale = self.scales[name]
        return [
            self.result.constant(f"{name}:step", scale.step),
            self.result.constant(f"{name}:zero", scale.zero),
        ]

    def _weights(self, node: Node) -> list[str]:
        weight_name, bias_name = node.inputs[1:]
        weight = self.source.constants[weight_name]
        largest = WIDE if node.attributes.get("group", 1) > 1 else NARROW
        values, steps = quantize_weight(weight, largest)
        input_step = np.float64(self.scales[node.inputs[0]].step)
        bias_steps = (input_step * steps.astype(np.float64)).astype(np.float32)
        bias = quantize_bias(self.source.constants[bias_name], bias_steps)
        return [
            self._channels(weight_name, values, steps),
            self._channels(f"{node.outputs[0]}:bias", bias, bias_steps),
        ]

    def _channels(self, name: str, values: np.ndarray, steps: np.ndarray) -> str:
        if f"{name}:byte" in self.result.constants:
            return f"{name}:real"
        inputs = [
            self.result.constant(f"{name}:byte", values),
            self.result.constant(f"{name}:step", steps),
            self.result.constant(f"{name}:zero", np.zeros(len(steps), values.dtype)),
        ]
        return self.result.add("DequantizeLinear", inputs, f"{name}:real", axis=0)


def quantize_weight(weight: np.ndarray, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Signed bytes within +-`largest` and one step for each output channel."""
    exact = weight.astype(np.float64)
    reach = np.abs(exact).max(axis=tuple(range(1, exact.ndim)))
    steps = np.where(reach > 0, reach / largest, 1.0).astype(np.float32)
    columns = steps.astype(np.float64).reshape(-1, *[1] * (exact.ndim - 1))
    return np.clip(np.rint(exact / columns), -largest, largest).astype(np.int8), steps


def quantize_bias(bias: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """32-bit biases in units of input step times weight step."""
    limits = np.iinfo(np.int32)
    exact = np.rint(bias.astype(np.float64) / steps.astype(np.float64))
    return np.clip(exact, limits.min, limits.max).astype(np.int32)


def _tied_scales(graph: Graph, integer: list[bool], ranges: dict) -> dict[str, Scale]:
    """One scale for each tensor an integer node touches; tensors that only move share theirs."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for node, is_integer in zip(graph.nodes, integer):
        if not is_integer:
            continue
        touched = [name for name in (*node.inputs, *node.outputs) if graph.is_activation(name)]
        for name in touched:
            find(name)
            if node.op in SAME_SCALE:
                leader[find(name)] = find(touched[0])
    spans: dict[str, tuple[float, float]] = {}
    for name in leader:
        if name not in ranges:
            raise MissingRange(f"{graph.name}: tensor {name} has no range")
        low, high = ranges[name]
        least, most = spans.get(find(name), (low, high))
        spans[find(name)] = (min(low, least), max(high, most))
    return {name: Scale.covering(*spans[find(name)]) for name in leader}
