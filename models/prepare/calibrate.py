#!/usr/bin/env python3
"""Compute `models/NAME/ranges.toml`: how far each tensor of a network reaches on real frames.

Run once when a model or the footage changes; its numbers are committed, so that preparing a model
needs no footage and gives the same bytes everywhere. The frames are varied on purpose: the dev
clips (people lying, near, far) beside vtest.avi, at the input size really used, and a share of
them darkened. A tensor's range leaves out TAIL of its values at each end, over all frames.

usage: VENV/bin/python models/prepare/calibrate.py NAME
       (sources in the models root or POLEWATCH_MODEL_MIRROR; VENV is the one prepare-models makes)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from polemodels import footage, workshop
from polemodels.graph import Graph
from polemodels.manifest import load
from polemodels.sources import Shelf

MODELS = Path(__file__).resolve().parents[1]
DARKEN_EVERY, DARKNESS = 9, 0.35
BINS = 4096
TAIL = 1e-5


def main(name: str) -> None:
    manifest = load(MODELS / name / "model.toml")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    shelf = Shelf.at(cache / "polewatch" / "models", offline=False)
    graph = workshop.float_graph(manifest, shelf.fetch(manifest.sources))
    inputs = [footage.tensor(picture, manifest.input) for picture in varied_frames(manifest)]
    print(f"{name}: {len(inputs)} frames", flush=True)
    ranges = reach(graph, inputs)
    lines = [
        "# How far each tensor reaches, by models/prepare/calibrate.py, on the dev clips and",
        f"# vtest.avi: {len(inputs)} frames, {TAIL:g} of the values left out at each end.",
        "[ranges]",
        *(f'"{tensor}" = [{low:.4g}, {high:.4g}]' for tensor, (low, high) in ranges.items()),
    ]
    manifest.ranges_path.write_text("\n".join(lines) + "\n")
    print(f"{name}: wrote {manifest.ranges_path}")


def varied_frames(manifest) -> list[np.ndarray]:
    pictures = []
    for clip in footage.clips():
        frames = footage.frames(clip, footage.EVERY_S, manifest.input["long_side_px"])
        pictures += [frames[index] for index in footage.calibrating(clip, len(frames))]
    return pictures + [picture * np.float32(DARKNESS) for picture in pictures[::DARKEN_EVERY]]


def reach(graph: Graph, inputs: list[np.ndarray]) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each activation, without its tails."""
    session = watching(graph)
    names = [output.name for output in session.get_outputs()]
    (source,) = graph.inputs
    low, high, counts = {}, {}, {}
    for last_pass in (False, True):
        for position, data in enumerate(inputs):
            values = dict(zip(names, session.run(None, {source: data}))) | {source: data}
            for name, value in values.items():
                if last_pass:
                    bins = np.histogram(value, BINS, (low[name], high[name]))[0]
                    counts[name] = counts.get(name, 0) + bins
                else:
                    low[name] = min(low.get(name, 0.0), float(value.min()))
                    high[name] = max(high.get(name, 0.0), float(value.max()))
            if position % 20 == 0:
                print(f"pass {1 + last_pass}: {position} of {len(inputs)}", flush=True)
    return {
        name: without_tails(low[name], high[name], counts[name]) for name in graph.activations()
    }


def watching(graph: Graph) -> onnxruntime.InferenceSession:
    """A session that gives every tensor the network computes."""
    model = onnx.load_from_string(graph.to_bytes())
    for name in graph.activations()[1:]:
        if name not in graph.outputs:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return onnxruntime.InferenceSession(model.SerializeToString())


def without_tails(low: float, high: float, counts: np.ndarray) -> tuple[float, float]:
    edges = np.linspace(low, high, BINS + 1)
    below = np.cumsum(counts) / counts.sum()
    first = int(np.searchsorted(below, TAIL))
    last = int(np.searchsorted(below, 1 - TAIL))
    return min(float(edges[first]), 0.0), max(float(edges[min(last + 1, BINS)]), 0.0)


if __name__ == "__main__":
    main(sys.argv[1])
