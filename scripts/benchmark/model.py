"""A prepared model, as the Python programs of the comparison use it."""

import time
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime


class Model:
    """A prepared model's manifest and, once opened, its session: one thread, as the daemon's."""

    def __init__(self, folder: Path, precision: str):
        manifest = tomllib.loads((folder / "model.toml").read_text())
        self.name = manifest["name"]
        self.input = manifest["input"]
        self.head = manifest["head"]
        self.person = manifest["classes"]["person"]
        self.weights = manifest["precision"][precision]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            folder / self.weights["file"], options, providers=["CPUExecutionProvider"]
        )

    def input_shape(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns of the network's input for a picture of this size."""
        scale = self.input["long_side_px"] / max(width, height)
        multiple = self.input["multiple"]
        return tuple(
            -(-round(side * scale) // multiple) * multiple for side in (height, width)
        )

    def run(self, blob: np.ndarray) -> list[np.ndarray]:
        """The head's outputs, in the manifest's order."""
        return self.session.run(self.head["outputs"], {self.input["tensor"]: blob})

    def milliseconds(self, shape: tuple[int, int], runs: int) -> list[float]:
        """How long each of `runs` inferences takes, after two that do not count."""
        blob = np.random.default_rng(1).normal(size=(1, 3, *shape)).astype(np.float32)
        taken = []
        for _ in range(runs + 2):
            began = time.perf_counter()
            self.run(blob)
            taken.append((time.perf_counter() - began) * 1e3)
        return taken[2:]
