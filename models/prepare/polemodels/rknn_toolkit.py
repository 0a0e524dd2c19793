"""Rockchip's converter and simulator (PyPI `rknn-toolkit2`), in the environment prepare-npu makes.

The toolkit asks for PyTorch, 5.6 GB of it with its CUDA libraries, and uses it for two things this
project does not do: loading PyTorch models and one way of quantizing. `_stand_in` is what it finds
instead. Promises: the toolkit's own chatter goes to a file, its last words into the error. Refuses:
measuring ranges; they come from the committed file (see `recipe`).
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
import tempfile
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from .manifest import Manifest
from .recipe import Recipe, set_ranges
from .rectified import rectify_first

CONFIGURATION = "fp32.quantization.cfg"


class ToolkitFailed(Exception):
    """The vendor's toolkit gave up."""


@dataclass(frozen=True)
class Job:
    """One network for one chip and one size."""

    manifest: Manifest
    recipe: Recipe
    onnx: Path
    """Absolute."""
    platform: str
    width: int
    height: int


@dataclass(frozen=True)
class Converted:
    """A network as the chip would have it."""

    toolkit: object
    outputs: list[str]
    chatter: Path

    def export(self, path: Path) -> None:
        """Write the `.rknn` file. Two runs never write the same bytes."""
        with _printing_to(self.chatter):
            _done("export_rknn", self.toolkit.export_rknn(str(path)))

    def simulate(self) -> None:
        """Make ready for `infer`."""
        with _printing_to(self.chatter):
            _done("init_runtime", self.toolkit.init_runtime(target=None))

    def infer(self, pixels: np.ndarray) -> list[np.ndarray]:
        """What the vendor's simulator makes of [height, width, 3] bytes."""
        with _printing_to(self.chatter):
            maps = self.toolkit.inference(inputs=[pixels[None]], data_format=["nhwc"])
        if maps is None or len(maps) != len(self.outputs):
            raise ToolkitFailed("inference gave no outputs")
        return maps


def version() -> str:
    """Of the toolkit that is installed."""
    return importlib.metadata.version("rknn-toolkit2")


@contextlib.contextmanager
def converted(job: Job) -> Iterator[Converted]:
    """Convert, in a scratch folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="polewatch-npu-") as scratch:
        chatter = Path(scratch) / "toolkit.log"
        with contextlib.chdir(scratch), _printing_to(chatter):
            rknn = _import()
            _measure(rknn, job)
            _set_ranges(job)
            toolkit = _configured(rknn, job)
            step = toolkit.hybrid_quantization_step2("fp32.model", "fp32.data", CONFIGURATION)
            _done("hybrid_quantization_step2", step)
        try:
            yield Converted(toolkit, job.manifest.head["outputs"], chatter)
        finally:
            with _printing_to(chatter):
                toolkit.release()


def _measure(rknn: type, job: Job) -> None:
    """The toolkit's first step: it fuses, and measures ranges on noise, to be replaced."""
    size = [1, 3, job.height, job.width]
    np.save("noise.npy", np.random.default_rng(0).integers(0, 256, size, np.uint8))
    Path("frames.txt").write_text("noise.npy\n")
    onnx.save(rectify_first(onnx.load(job.onnx)), "fp32.onnx")
    toolkit = _configured(rknn, job)
    loaded = toolkit.load_onnx(
        "fp32.onnx",
        inputs=[job.manifest.input["tensor"]],
        input_size_list=[size],
        outputs=job.manifest.head["outputs"],
    )
    _done("load_onnx", loaded)
    parts = job.recipe.float16 or None
    step = toolkit.hybrid_quantization_step1(dataset="frames.txt", custom_hybrid=parts)
    _done("hybrid_quantization_step1", step)
    toolkit.release()


def _set_ranges(job: Job) -> None:
    from ruamel.yaml import YAML

    yaml, path = YAML(typ="safe"), Path(CONFIGURATION)
    yaml.default_flow_style = False
    configuration = yaml.load(path)
    set_ranges(configuration["quantize_parameters"], job.manifest.ranges())
    yaml.dump(configuration, path)


def _configured(rknn: type, job: Job):
    """A toolkit that builds the normalization into the network: bytes go in as they are."""
    toolkit = rknn(verbose=False)
    spec = job.manifest.input
    normal = {"mean_values": [spec["mean"]], "std_values": [spec["std"]]}
    _done("config", toolkit.config(target_platform=job.platform, **normal))
    return toolkit


def _done(step: str, code: int) -> None:
    if code != 0:
        raise ToolkitFailed(f"{step} answered {code}")


def _import() -> type:
    for name in ("torch", "torch.nn"):
        sys.modules.setdefault(name, _stand_in(name))
    from rknn.api import RKNN

    return RKNN


def _stand_in(name: str) -> types.ModuleType:
    """A module whose classes can be derived from and whose decorators do nothing."""
    module = types.ModuleType(name)
    module.Module = type("Module", (), {})
    module.no_grad = lambda: lambda function: function
    return module


@contextlib.contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """What the process prints goes to `path`; when it fails, the last of it into the error."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with path.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    try:
        yield
    except Exception as error:
        raise ToolkitFailed(f"{error}; the toolkit said: {_last_words(path)}") from error
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, copy in enumerate(kept, start=1):
            os.dup2(copy, stream)
            os.close(copy)


def _last_words(path: Path) -> str:
    lines = path.read_bytes().decode(errors="replace").replace("\r", "\n").splitlines()
    errors = [line.strip() for line in lines if "Error" in line or "[1;31mE" in line]
    return (errors or lines or ["nothing"])[-1][:300]
