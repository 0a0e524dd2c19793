"""`rknn.toml`: how a detector's network becomes INT8 for Rockchip's NPUs.

The ranges are those of `ranges.toml`, so the NPU's network is calibrated on the very frames the
ONNX INT8 is, and making it needs no footage. Promises: every tensor the toolkit quantizes has a
range from there. Refuses: a tensor that has none.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .manifest import BadManifest, Manifest
from .quantize import MissingRange

FUSED = "_conv"
ADDED = ("_int8", FUSED)
"""What the toolkit appends to a tensor's name where it converts its type or fuses a rectifier;
the tensor's values stay in its range."""


@dataclass(frozen=True)
class Recipe:
    """A `rknn.toml`."""

    toolkit: str
    """Version of PyPI's rknn-toolkit2."""
    start_confidence: float
    keep_confidence: float
    suppression_iou: float
    float16: list[list[str]] = field(default_factory=list)
    """First and last tensor of each part of the network that computes in 16-bit float."""
    measured: dict[str, float] = field(default_factory=dict)
    """What was counted with these scores, by `precisions.py`."""


def load(manifest: Manifest) -> Recipe:
    """The recipe beside a `model.toml`."""
    path = manifest.path.with_name("rknn.toml")
    try:
        return Recipe(**tomllib.loads(path.read_text()))
    except (TypeError, ValueError) as wrong:
        raise BadManifest(f"{path}: {wrong}") from None


def set_ranges(parameters: dict[str, dict], ranges: dict[str, list[float]]) -> None:
    """Replace the ranges the toolkit measured in `parameters` by the committed ones.

    Tensors to which the toolkit gave one range, as it moves their values without computing, go on
    sharing one: that which covers all of theirs.
    """
    together: dict[tuple, list[str]] = {}
    for name, parameter in parameters.items():
        if parameter["qmethod"] == "layer":
            together.setdefault((*parameter["min"], *parameter["max"]), []).append(name)
    for names in together.values():
        spans = [_range(name, ranges) for name in names]
        low, high = min(0.0, *(low for low, _ in spans)), max(0.0, *(high for _, high in spans))
        for name in names:
            parameters[name] |= {"min": [low], "max": [high]}


def _range(name: str, ranges: dict[str, list[float]]) -> list[float]:
    for suffix in ("", *ADDED):
        tensor = name.removesuffix(suffix)
        if name.endswith(suffix) and tensor in ranges:
            return ranges[tensor]
    raise MissingRange(f"the toolkit quantizes tensor {name}, which has no range")
