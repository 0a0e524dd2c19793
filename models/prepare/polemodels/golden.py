"""`python -m polemodels.golden`: what Rockchip's simulator finds on fixed frames, as numbers.

`models/NAME/golden-rk3588.json` is what every backend that runs the same network is held against:
the frames are Debian's vtest.avi by index, so any machine can repeat it. With `--compare` nothing
is written; fp32 and INT8 on ONNX Runtime are held against the committed numbers. Promises: every
class, down to the recipe's keep_confidence. Refuses: calling the simulator the chip.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from . import recipe as recipes
from .agreement import Agreement
from .detections import objects
from .footage import VTEST
from .manifest import Manifest, load
from .measure import PRECISIONS, session
from .painted import frames, paint
from .report import fail, say, speak_as
from .sources import sha256

MODELS = Path(__file__).resolve().parents[2]
PLATFORM = "rk3588"
VTEST_SIZE, VTEST_FRAMES = (768, 576), 795
FRAMES = [(2 * at + 1) * VTEST_FRAMES // 200 for at in range(100)]
COMPARED_AT = 0.5
"""The score from which objects are compared."""


def main(arguments: list[str]) -> int:
    speak_as("prepare-npu")
    parser = argparse.ArgumentParser(prog="golden", add_help=False)
    parser.add_argument("--model", default="nanodet-plus-m")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args(arguments)
    manifest = load(MODELS / options.model / "model.toml")
    if not VTEST.is_file():
        fail(f"{VTEST}: no such file (Debian: apt-get install opencv-doc)")
        return 1
    folder = options.root / manifest.name
    (compare if options.compare else write)(manifest, folder)
    return 0


def golden_path(manifest: Manifest) -> Path:
    """Where the numbers are committed."""
    return manifest.path.with_name(f"golden-{PLATFORM}.json")


def write(manifest: Manifest, folder: Path) -> None:
    """Run the simulator and write its numbers."""
    from .rknn_toolkit import Job, converted, version

    recipe = recipes.load(manifest)
    onnx = (folder / manifest.precision["fp32"].file).resolve()
    pixels = _painted(manifest)
    height, width = pixels[0].shape[:2]
    found = []
    with converted(Job(manifest, recipe, onnx, PLATFORM, width, height)) as network:
        network.simulate()
        for at, picture in enumerate(pixels):
            maps = network.infer(picture)
            found.append(_found(maps, manifest, recipe.suppression_iou, recipe.keep_confidence))
            if at % 20 == 0:
                say(f"{manifest.name}: frame {at} of {len(pixels)}")
    document = {
        "model": manifest.name,
        "fp32_sha256": sha256(onnx.read_bytes()),
        "toolkit": f"rknn-toolkit2 {version()}, its simulator",
        "platform": PLATFORM,
        "width": width,
        "height": height,
        "keep_confidence": recipe.keep_confidence,
        "suppression_iou": recipe.suppression_iou,
        "video": VTEST.name,
        "video_sha256": sha256(VTEST.read_bytes()),
    }
    golden_path(manifest).write_text(_text(document, found))
    say(f"{manifest.name}: wrote {golden_path(manifest)}")


def compare(manifest: Manifest, folder: Path) -> None:
    """Hold both precisions on ONNX Runtime against the committed numbers."""
    golden = json.loads(golden_path(manifest).read_text())
    pixels, tensor = _painted(manifest), manifest.input["tensor"]
    mean, std = (np.float32(manifest.input[key]) for key in ("mean", "std"))
    for name in PRECISIONS:
        runner, agreement = session(folder / manifest.precision[name].file), Agreement()
        for picture, frame in zip(pixels, golden["frames"], strict=True):
            data = ((picture - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
            maps = runner.run(manifest.head["outputs"], {tensor: data})
            overlap = manifest.precision[name].suppression_iou
            found = _found(maps, manifest, overlap, COMPARED_AT)
            _agree(agreement, found, frame["objects"])
        say(f"{manifest.name}: {name} on ONNX Runtime at {COMPARED_AT}: {agreement.figures()}")


def _agree(agreement: Agreement, found: list, expected: list) -> None:
    for word in {entry[0] for entry in (*found, *expected)}:
        boxes = [
            np.array([entry[2:] for entry in side if entry[0] == word and entry[1] >= COMPARED_AT])
            for side in (found, expected)
        ]
        agreement.add(*(side.reshape(-1, 4) for side in boxes))


def _painted(manifest: Manifest) -> list[np.ndarray]:
    say(f"{manifest.name}: {len(FRAMES)} frames of {VTEST.name}")
    return [paint(planes, manifest.input) for planes in frames(VTEST, VTEST_SIZE, FRAMES)]


def _found(maps: list[np.ndarray], manifest: Manifest, overlap: float, least: float) -> list:
    """`[class, confidence, left, top, right, bottom]`, sides as parts of the picture."""
    width, height = VTEST_SIZE
    scale = manifest.input["long_side_px"] / max(width, height)
    entries = []
    for word in manifest.classes:
        boxes, confidences = objects(maps, manifest, word, overlap, least)
        boxes = np.clip(boxes / (np.array([width, height, width, height]) * scale), 0, 1)
        for box, confidence in zip(boxes, confidences):
            entries.append([word, round(float(confidence), 4), *(round(float(v), 5) for v in box)])
    return sorted(entries, key=lambda entry: -entry[1])


def _text(document: dict, found: list) -> str:
    """JSON with one line a frame, so that a change can be read."""
    lines = [
        json.dumps({"index": index, "objects": entries}) for index, entries in zip(FRAMES, found)
    ]
    head = json.dumps(document, indent=2).removesuffix("\n}")
    return head + ',\n  "frames": [\n    ' + ",\n    ".join(lines) + "\n  ]\n}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
