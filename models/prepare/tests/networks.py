"""Small foreign networks made by hand, and the manifest that would prepare them."""

import base64
import json
import struct

import numpy as np

from polemodels import movenet_net
from polemodels.graph import Graph
from polemodels.ncnn_net import HALF_FLOATS, MAGIC
from polemodels.sources import sha256


def run(content: bytes, picture: np.ndarray) -> list[np.ndarray]:
    """What the engine makes of an ONNX file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content)
    return session.run(None, {session.get_inputs()[0].name: picture})


def picture(height=64, width=96, channels=3) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(1, channels, height, width)).astype(np.float32)


def leaky(values: np.ndarray, alpha=0.1) -> np.ndarray:
    return np.where(values < 0, alpha * values, values)


def half_floats(values: np.ndarray) -> bytes:
    """An ncnn weight blob: tag, 16-bit floats, padding to 4 bytes."""
    content = values.astype("<f2").tobytes()
    return struct.pack("<I", HALF_FLOATS) + content + b"\0" * (-len(content) % 4)


def ncnn_head() -> tuple[str, bytes]:
    """A leaky 1x1 convolution, pooled to stride 2, then four maps of 2 classes and 4 x 1 bins."""
    rng = np.random.default_rng(1)
    lines = [
        "Input in 0 1 data",
        "Convolution first 1 1 data a 0=3 1=1 5=1 6=9 9=2 -23310=1,1.000000e-01",
        "Pooling pool 1 1 a b 0=0 1=3 2=2 3=1 5=1",
        "Split copies 1 4 b b0 b1 b2 b3",
    ]
    weights = half_floats(rng.normal(size=9)) + np.zeros(3, "<f4").tobytes()
    for index in range(4):
        lines.append(f"Convolution map{index} 1 1 b{index} m{index} 0=6 1=1 5=1 6=18")
        weights += half_floats(rng.normal(size=18)) + rng.normal(size=6).astype("<f4").tobytes()
    lines += [f"Reshape flat{index} 1 1 m{index} f{index} 0=-1 1=6" for index in range(4)]
    lines.append("Concat all 4 1 f0 f1 f2 f3 out 0=1")
    return "\n".join([MAGIC, f"{len(lines)} 20", *lines]) + "\n", weights


def tfjs_head(half_pixel=True) -> tuple[str, bytes]:
    """A padded 3x3 convolution with stride 2, a bias, a resize to 16 x 16, and the split."""
    rng = np.random.default_rng(2)
    constants = {
        "pads": np.array([[0, 0], [0, 0], [1, 1], [1, 1]], np.int32),
        "kernel": rng.normal(size=(3, 3, 3, 6)).astype(np.float32),
        "bias": rng.normal(size=6).astype(np.float32),
        "size": np.array([16, 16], np.int32),
    }
    nodes = [
        {"op": "Placeholder", "name": "input"},
        {"op": "Pad", "name": "padded", "input": ["input", "pads"]},
        {"op": "Transpose", "name": "last", "input": ["padded", "perm"]},
        {"op": "Conv2D", "name": "conv", "input": ["last", "kernel"], "attr": {
            "padding": {"s": base64.b64encode(b"VALID").decode()},
            "strides": {"list": {"i": ["1", "2", "2", "1"]}}}},
        {"op": "Add", "name": "sum", "input": ["conv", "bias"]},
        {"op": "ResizeBilinear", "name": "half", "input": ["sum", "size"],
         "attr": {"half_pixel_centers": {"b": half_pixel}}},
        {"op": "SplitV", "name": "split", "input": ["sum"]},
    ]
    entries = []
    for name, value in constants.items():
        entries.append({"name": name, "shape": list(value.shape), "dtype": str(value.dtype)})
    shape = {"dim": [{"size": size} for size in ("1", "3", "64", "64")]}
    document = {
        "signature": {"inputs": {"input": {"tensorShape": shape}}},
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"weights": entries}],
    }
    return json.dumps(document), b"".join(value.tobytes() for value in constants.values())


def movenet_heads() -> tuple[dict, bytes]:
    """A normalized picture, a 3x3 convolution with stride 2 and Relu6, and four 1x1 heads."""
    rng = np.random.default_rng(4)
    constants = {
        "kernel": rng.normal(size=(3, 3, 3, 4)).astype(np.float32),
        "bias": rng.normal(size=4).astype(np.float32),
        "mean": np.zeros(3, np.float32),
    }
    nodes = [
        {"op": "Placeholder", "name": "input"},
        {"op": "Cast", "name": "floats", "input": ["input", "^mean"]},
        {"op": "Const", "name": "mean"},
        {"op": "Sub", "name": "normalized", "input": ["floats", "mean"]},
        _fused("body", ["normalized", "kernel", "bias"], "SAME", 2, ["BiasAdd", "Relu6"]),
        {"op": "Sigmoid", "name": "decoder", "input": ["body"]},
    ]
    for output, channels in zip(movenet_net.OUTPUTS, (1, 34, 17, 34)):
        constants[f"{output}/weights"] = rng.normal(size=(1, 1, 4, channels)).astype(np.float32)
        constants[f"{output}/bias"] = rng.normal(size=channels).astype(np.float32)
        inputs = ["body", f"{output}/weights", f"{output}/bias"]
        nodes.append(_fused(output, inputs, "VALID", 1, ["BiasAdd"]))
    nodes += [{"op": "Const", "name": name} for name in constants if name != "mean"]
    entries = [
        {"name": name, "shape": list(value.shape), "dtype": "float32"}
        for name, value in constants.items()
    ]
    document = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"weights": entries}],
    }
    return document, b"".join(value.tobytes() for value in constants.values())


def _fused(name: str, inputs: list[str], padding: str, step: int, after: list[str]) -> dict:
    text = lambda word: base64.b64encode(word.encode()).decode()  # noqa: E731
    return {"op": "_FusedConv2D", "name": name, "input": inputs, "attr": {
        "padding": {"s": text(padding)},
        "strides": {"list": {"i": ["1", str(step), str(step), "1"]}},
        "fused_ops": {"list": {"s": [text(word) for word in after]}}}}


def chain() -> Graph:
    """Convolution, leaky rectifier, join with itself: every way a tensor gets its scale."""
    graph = Graph("chain", inputs={"data": [1, 3, "height", "width"]})
    rng = np.random.default_rng(3)
    weight = graph.constant("weight", rng.normal(size=(4, 3, 1, 1)).astype(np.float32))
    bias = graph.constant("bias", rng.normal(size=4).astype(np.float32))
    graph.add("Conv", ["data", weight, bias], "sum", kernel_shape=[1, 1])
    graph.add("LeakyRelu", ["sum"], "leaky", alpha=0.1)
    graph.add("Concat", ["leaky", "sum"], "joined", axis=1)
    graph.outputs["joined"] = [1, 8, "height", "width"]
    return graph


MANIFEST = """
name = "small"
[[source]]
file = "small.param"
sha256 = "{param_sha256}"
bytes = {param_bytes}
[[source]]
file = "small.bin"
sha256 = "{bin_sha256}"
bytes = {bin_bytes}
[conversion]
format = "ncnn"
upstream_classes = 2
kept_classes = [1]
keep_float = ["out64"]
[input]
tensor = "data"
[head]
outputs = ["out8", "out16", "out32", "out64"]
[classes]
person = 0
[precision.fp32]
file = "fp32.onnx"
sha256 = "{fp32}"
start_confidence = 0.4
keep_confidence = 0.2
suppression_iou = 0.6
measured = {{ ms_per_frame = 2.0, person_recall = 0.9 }}
[precision.int8]
file = "int8.onnx"
sha256 = "{int8}"
start_confidence = 0.4
keep_confidence = 0.2
suppression_iou = 0.6
measured = {{ ms_per_frame = 1.0, person_recall = 0.9 }}
"""


def manifest_text(fp32: str, int8: str) -> str:
    param, weights = ncnn_head()
    return MANIFEST.format(
        param_sha256=sha256(param.encode()), param_bytes=len(param.encode()),
        bin_sha256=sha256(weights), bin_bytes=len(weights), fp32=fp32, int8=int8,
    )
