"""What the figures were measured on and with."""

import hashlib
import os
import platform
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy
import onnxruntime

# The order in which the daemon's `model = "auto"` looks.
MODELS = ["nanodet-plus-m", "nanodet-g"]
VIDEO = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")


@dataclass
class Place:
    """The machine, the versions and the model of one benchmark."""

    cpu: str
    cores: int
    load: float
    versions: dict[str, str]
    commit: str
    model: Path
    sha256: dict[str, str]


def describe(models: Path) -> Place:
    """This machine, and the model the daemon would choose in the folder `models`."""
    model = next((models / name for name in MODELS if (models / name / "model.toml").is_file()), None)
    if model is None:
        raise SystemExit(f"no prepared model in {models}; run scripts/prepare-models")
    precisions = tomllib.loads((model / "model.toml").read_text())["precision"]
    return Place(
        cpu=cpu_name(),
        cores=os.cpu_count(),
        load=os.getloadavg()[0],
        versions={
            "rustc": first_line("rustc", "--version").removeprefix("rustc "),
            "GStreamer": first_line("pkg-config", "--modversion", "gstreamer-1.0"),
            "Python": platform.python_version(),
            "onnxruntime": onnxruntime.__version__,
            "OpenCV": cv2.__version__,
            "numpy": numpy.__version__,
            "kernel": platform.release(),
        },
        commit=first_line("git", "describe", "--always", "--dirty"),
        model=model,
        sha256={
            precision: hashlib.sha256((model / weights["file"]).read_bytes()).hexdigest()
            for precision, weights in precisions.items()
        },
    )


def cpu_name() -> str:
    """The processor as the kernel names it; ARM kernels name no model."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def first_line(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[0]
