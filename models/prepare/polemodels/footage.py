"""Frames of the videos that may be on this machine: Debian's vtest.avi and the dev clips.

Promises: pictures at the size the detector gives its network. Refuses: needing any of them; a
machine without footage or ffmpeg has no frames and that is said.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .report import say

REPOSITORY = Path(__file__).resolve().parents[3]
DEV_CLIPS = REPOSITORY.parent / "shared" / "data" / "dev"
VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")

EVERY_S = 0.5
"""Seconds from one frame to the next that may calibrate."""
CALIBRATING, CALIBRATING_FALL = 6, 10
"""How many frames of a clip do, without and with a fall."""


@dataclass(frozen=True)
class Clip:
    """A video and, for the dev clips, the times and boxes of people on the floor."""

    path: Path
    falls: list[dict] = field(default_factory=list)


def clips() -> list[Clip]:
    """What is on this machine; empty without ffmpeg."""
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        return []
    found = [Clip(VTEST)] if VTEST.is_file() else []
    for truth in sorted(DEV_CLIPS.glob("*.json")):
        events = json.loads(truth.read_text())["events"]
        falls = [event for event in events if event["type"] == "fall"]
        found.append(Clip(truth.with_suffix(".mp4"), falls))
    return found


def describe(found: list[Clip]) -> str:
    """What the figures were counted on, for a person to read."""
    names = (["vtest.avi"] if found[0].path == VTEST else []) + (
        ["the dev clips"] if found[-1].path != VTEST else []
    )
    return " and ".join(names)


def calibrating(clip: Clip, count: int) -> list[int]:
    """Which of a clip's `count` frames, one every `EVERY_S`, `calibrate.py` takes its ranges from."""
    wanted = CALIBRATING_FALL if clip.falls else CALIBRATING
    return np.linspace(0, count - 1, min(wanted, count)).astype(int).tolist()


def frames_within(clip: Clip, every_s: float, width: int, height: int) -> list[np.ndarray]:
    """The same as `frames`, as large as they may be in `width` x `height` pixels."""
    own = _size(clip.path)
    scale = min(width / own[0], height / own[1])
    return frames(clip, every_s, max(round(side * scale) for side in own))


def frames(clip: Clip, every_s: float, long_side: int) -> list[np.ndarray]:
    """One BGR picture [h, w, 3] every `every_s` seconds, its longer side `long_side` pixels."""
    try:
        return _decoded(clip, every_s, long_side)
    except (subprocess.CalledProcessError, ValueError) as error:
        say(f"{clip.path.name}: left out, it cannot be decoded ({error})")
        return []


def _decoded(clip: Clip, every_s: float, long_side: int) -> list[np.ndarray]:
    width, height = _size(clip.path)
    scale = long_side / max(width, height)
    width, height = round(width * scale), round(height * scale)
    command = ["ffmpeg", "-v", "error", "-i", str(clip.path)]
    command += ["-vf", f"fps={1 / every_s},scale={width}:{height}:flags=bilinear"]
    command += ["-pix_fmt", "bgr24", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3))


def _size(path: Path) -> tuple[int, int]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "csv=p=0"]
    command += ["-show_entries", "stream=width,height", str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    width, height = answer.strip().strip(",").split(",")
    return int(width), int(height)


def tensor(picture: np.ndarray, spec: dict) -> np.ndarray:
    """The network's input [1, 3, H, W]: padded right and below, normalized."""
    height, width = (-(-side // spec["multiple"]) * spec["multiple"] for side in picture.shape[:2])
    padded = np.full((height, width, 3), spec["pad"], np.float32)
    padded[: picture.shape[0], : picture.shape[1]] = picture
    normal = (padded - np.float32(spec["mean"])) / np.float32(spec["std"])
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None])


def enlarge(picture: np.ndarray, scale: float) -> np.ndarray:
    """Bilinear, pixel centres kept."""
    for axis in (0, 1):
        size = picture.shape[axis]
        place = np.clip((np.arange(int(size * scale)) + 0.5) / scale - 0.5, 0, size - 1)
        low = place.astype(int)
        high = np.minimum(low + 1, size - 1)
        share = (place - low).astype(np.float32).reshape([-1, 1, 1] if axis == 0 else [1, -1, 1])
        picture = picture.take(low, axis) * (1 - share) + picture.take(high, axis) * share
    return picture
