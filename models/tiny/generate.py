#!/usr/bin/env python3
"""Write `tiny/fp32.onnx` and `tiny/int8.onnx`: a detector whose weights were set by hand.

It finds bright things on dark: a grey-white block is a person, a blue block is a car. It has the
input, the strides and the head layout of NanoDet-Plus and the operations of its backbone, weighs a
few kilobytes and its boxes can be worked out on paper, so the Rust tests run without a download.

How it works, at each stride: a cell is 1 where its pixels are bright, else 0. `run k` to the left
is 1 when the k cells to the left are all bright, so the sum of the runs is the distance to the
edge, in cells. Bin j of a distance gets the logit SHARP * (2 j d - j^2), which is -SHARP (j - d)^2
up to a constant: a softmax that peaks at d. Blocks reach at most 7 cells from the anchor.

usage: PYTHON models/tiny/generate.py      (PYTHON has models/prepare/requirements.txt installed)
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "prepare"))

from polemodels.graph import Graph  # noqa: E402
from polemodels.quantize import quantize  # noqa: E402

MEAN = np.array([103.53, 116.28, 123.675])
STD = np.array([57.375, 57.12, 58.395])
STRIDES = (8, 16, 32, 64)
BINS = 8
CLASSES = ("car", "person")
SHARP = 4.0
STEEP = 4.0
"""How fast a cell goes from dark to bright: 1 / (brightness between 0 and 1)."""


def main() -> None:
    graph = tiny()
    int8 = quantize(graph, ranges(graph), keep_float=set(graph.outputs))
    for name, content in (("fp32.onnx", graph.to_bytes()), ("int8.onnx", int8.to_bytes())):
        (HERE / name).write_bytes(content)
        print(f"{name} {len(content)} bytes sha256 {hashlib.sha256(content).hexdigest()}")


def tiny() -> Graph:
    """The network, fp32."""
    graph = Graph("tiny", inputs={"data": [1, 3, "height", "width"]})
    add_shared_weights(graph)
    cells = add_cells(graph, "data", "brightness", stride=8, kernel=8, pad=0, name="s8")
    for stride in STRIDES:
        if stride > 8:
            cells = add_cells(graph, cells, "quarter", 2, kernel=3, pad=1, name=f"s{stride}")
        add_head(graph, cells, f"s{stride}")
        rows, columns = f"height{stride}", f"width{stride}"
        graph.outputs[f"out{stride}"] = [1, len(CLASSES) + 4 * BINS, rows, columns]
    return graph


def add_shared_weights(graph: Graph) -> None:
    weights = {
        "brightness": brightness(),
        "quarter": quarter(),
        "invert": (-np.eye(2)[:, :, None, None], np.ones(2)),
        "across": runs(axis=3),
        "down": runs(axis=2),
        "head": head(),
    }
    for name, (weight, bias) in weights.items():
        graph.constant(f"{name}:weight", weight.astype(np.float32))
        graph.constant(f"{name}:bias", bias.astype(np.float32))


def add_conv(graph: Graph, source: str, weights: str, output: str, stride=1, pads=(0, 0)) -> str:
    inputs = [source, f"{weights}:weight", f"{weights}:bias"]
    kernel = list(graph.constants[inputs[1]].shape[2:])
    return graph.add(
        "Conv", inputs, output, kernel_shape=kernel, strides=[stride] * 2, pads=[*pads, *pads]
    )


def add_cells(graph, source, weights, stride, kernel, pad, name) -> str:
    """One value a cell and class, 0 dark to 1 bright: relu(1 - relu(1 - x)) clips x to 0..1."""
    dark = add_conv(graph, source, weights, f"{name}.dark", stride, (pad, pad))
    dark = graph.add("LeakyRelu", [dark], f"{name}.dark.clip", alpha=0.0)
    bright = add_conv(graph, dark, "invert", f"{name}.bright")
    return graph.add("LeakyRelu", [bright], f"{name}.cells", alpha=0.0)


def add_head(graph: Graph, cells: str, name: str) -> None:
    across = add_conv(graph, cells, "across", f"{name}.across", pads=(0, 7))
    down = add_conv(graph, cells, "down", f"{name}.down", pads=(7, 0))
    across = graph.add("LeakyRelu", [across], f"{name}.across.runs", alpha=0.0)
    down = graph.add("LeakyRelu", [down], f"{name}.down.runs", alpha=0.0)
    features = graph.add("Concat", [across, down, cells], f"{name}.features", axis=1)
    add_conv(graph, features, "head", "out" + name[1:])


def brightness() -> tuple[np.ndarray, np.ndarray]:
    """1 - x of each class, x = STEEP * (mean of the cell's pixels - threshold) + 1/2."""
    colour = np.array([[1.0, -0.5, -0.5], [1 / 3, 1 / 3, 1 / 3]]) / 255  # blue over the rest; grey
    threshold = np.array([0.6, 0.625])
    per_pixel = STEEP * colour * STD
    offset = STEEP * ((colour * MEAN).sum(axis=1) - threshold) + 0.5
    weight = np.repeat(np.repeat(per_pixel[:, :, None, None], 8, axis=2), 8, axis=3) / 64
    return -weight, 1 - offset


def quarter() -> tuple[np.ndarray, np.ndarray]:
    """1 - x for the mean of 2 x 2 cells, made as steep again."""
    weight = np.zeros((2, 2, 3, 3))
    for kind in range(2):
        weight[kind, kind, 1:, 1:] = STEEP / 4
    return -weight, np.full(2, 1 - (0.5 - STEEP / 2))


def runs(axis: int) -> tuple[np.ndarray, np.ndarray]:
    """14 runs: k = 1..7 before the cell, then k = 1..7 after it; k bright cells sum to k."""
    line = np.zeros((14, 15))
    for k in range(1, 8):
        line[k - 1, 7 - k : 7] = 1
        line[6 + k, 8 : 8 + k] = 1
    both_kinds = np.repeat(line[:, None, :], 2, axis=1)
    bias = -np.array([*range(7), *range(7)], dtype=np.float64)
    return np.expand_dims(both_kinds, 2 if axis == 3 else 3), bias


def head() -> tuple[np.ndarray, np.ndarray]:
    """Class logits -6 dark, +6 bright; then the bins of left, top, right, bottom."""
    features = {"left": (0, 7), "right": (7, 13), "top": (14, 21), "bottom": (21, 27)}
    weight = np.zeros((len(CLASSES) + 4 * BINS, 30))
    bias = np.full(len(weight), -6.0)
    for kind in range(len(CLASSES)):
        weight[kind, 28 + kind] = 12
    for side, name in enumerate(("left", "top", "right", "bottom")):
        own_cell = 1 if name in ("right", "bottom") else 0
        for j in range(BINS):
            row = len(CLASSES) + side * BINS + j
            weight[row, slice(*features[name])] = SHARP * 2 * j
            bias[row] = SHARP * (2 * j * own_cell - j * j)
    return weight[:, :, None, None], bias


def ranges(graph: Graph) -> dict[str, list[float]]:
    """Known from the design: a normalized pixel, a clipped cell, nothing above 1 matters."""
    spans = {name: [0.0, 1.0] for name in graph.activations()}
    spans["data"] = [float((-MEAN / STD).min()), float(((255 - MEAN) / STD).max())]
    return spans


if __name__ == "__main__":
    main()
