#!/usr/bin/env python3
"""Compare fp32, INT8 and the NPU's INT8 at equal precision, on frames that calibrated none of them.

Each has scores of its own, so one score says nothing: people on their feet are counted where a
share of the boxes is right (`SHARES`), people on the floor there and at the score that lets as many
wrong boxes through as fp32's keep_confidence does. The NPU is the vendor's simulator, 640x480.

Frames: every 2 s of the clips without a fall, every 0.5 s of those with one while somebody is down,
without those `calibrate.py` took. They are of the same clips: no figure is from an unseen camera.
Judged by the fp32 network's own mean opinion (`score.reference`), which favours fp32.

Prints the table of docs/models.md and, for each network, the figures that belong into `measured` of
`model.toml` and `rknn.toml`, where the preparation's tests hold them to what INT8 may lose.

usage: VENV/bin/python models/prepare/precisions.py NAME
       (VENV is the one prepare-npu makes; the model prepared)
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polemodels import footage, recipe, score
from polemodels.detections import overlaps, people
from polemodels.manifest import Manifest, load
from polemodels.measure import PRECISIONS, session
from polemodels.rknn_toolkit import Job, converted

MODELS = Path(__file__).resolve().parents[1]
PLATFORM, WIDTH, HEIGHT = "rk3588", 640, 480
STANDING_EVERY = 4
"""Of the frames without a fall, one every 2 s."""
LOWEST, STEP = 0.05, 0.01
SHARES = (0.90, 0.95)


@dataclass
class Frame:
    """A picture, who stands in it or who lies in it, and what each network found."""

    picture: np.ndarray
    standing: tuple[np.ndarray, np.ndarray] | None
    bodies: list[np.ndarray]
    found: dict[str, tuple[np.ndarray, np.ndarray]]


def main(name: str) -> None:
    manifest = load(MODELS / name / "model.toml")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = Path(os.environ.get("POLEWATCH_MODELS") or cache / "polewatch" / "models")
    folder = (root / name).resolve()
    sessions = {of: session(folder / manifest.precision[of].file) for of in PRECISIONS}
    seen = [frame for clip in footage.clips() for frame in frames(manifest, sessions["fp32"], clip)]
    tensor = manifest.input["tensor"]
    for precision, runner in sessions.items():
        for frame in seen:
            data = {tensor: footage.tensor(frame.picture, manifest.input)}
            maps = runner.run(manifest.head["outputs"], data)
            frame.found[precision] = people(maps, manifest, precision, LOWEST)
    job = Job(manifest, recipe.load(manifest), folder / "fp32.onnx", PLATFORM, WIDTH, HEIGHT)
    with converted(job) as network:
        network.simulate()
        for frame in seen:
            maps = network.infer(frame.picture)
            frame.found[PLATFORM] = people(maps, manifest, "int8", LOWEST)
    report(seen, manifest.precision["fp32"].keep_confidence)


def frames(manifest: Manifest, runner, clip: footage.Clip) -> list[Frame]:
    """Those of a clip that did not calibrate, padded to the network's size."""
    print(f"# {clip.path.name}", file=sys.stderr, flush=True)
    pictures = footage.frames_within(clip, footage.EVERY_S, WIDTH, HEIGHT)
    taken, kept = footage.calibrating(clip, len(pictures)), []
    for index, picture in enumerate(pictures):
        if index in taken:
            continue
        if bodies := lying(clip, index * footage.EVERY_S, picture):
            kept.append(Frame(padded(picture), None, bodies, {}))
        elif not clip.falls and index % STANDING_EVERY == STANDING_EVERY // 2:
            standing = score.reference(manifest, runner, picture)
            kept.append(Frame(padded(picture), standing, [], {}))
    return kept


def lying(clip: footage.Clip, second: float, picture: np.ndarray) -> list[np.ndarray]:
    """Hand-set boxes of those on the floor at that time, in pixels."""
    height, width = picture.shape[:2]
    return [
        np.array(fall["box"]) * [width, height, width, height]
        for fall in clip.falls
        if fall["start_s"] + score.SETTLED_S <= second <= fall["end_s"]
    ]


def padded(picture: np.ndarray) -> np.ndarray:
    board = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    board[: picture.shape[0], : picture.shape[1]] = picture
    return board


def report(seen: list[Frame], keep: float) -> None:
    """One line a network and share, one for what keeps a track alive, and the figures to commit."""
    allowed = standing(seen, "fp32", keep).wrong
    down = sum(len(frame.bodies) for frame in seen)
    upright = sum(frame.standing is not None for frame in seen)
    print(f"{upright} frames of people on their feet, {down} bodies on the floor")
    for name in (*PRECISIONS, PLATFORM):
        figures = []
        for share in SHARES:
            least = lowest(lambda at: precise(seen, name, at, share))
            on_feet, on_floor = recall(seen, name, least), on_the_floor(seen, name, least)
            print(f"{name}: {share:.0%} right at {least:.2f}: {on_feet:.3f}, floor {on_floor:.3f}")
            figures += [f"person_recall_at_{share * 100:.0f} = {on_feet:.3f}"]
            figures += [f"fallen_recall_at_{share * 100:.0f} = {on_floor:.3f}"]
        least = lowest(lambda at: standing(seen, name, at).wrong <= allowed)
        on_feet, on_floor = recall(seen, name, least), on_the_floor(seen, name, least)
        print(f"{name}: {allowed} wrong at {least:.2f}: {on_feet:.3f}, floor {on_floor:.3f}")
        print(f"{name}: {', '.join(figures)}")


def recall(seen: list[Frame], name: str, least: float) -> float:
    return standing(seen, name, least).shares()["person_recall"]


def lowest(holds) -> float:
    """The lowest score at which something holds."""
    return float(next(least for least in np.arange(LOWEST, 1.0, STEP) if holds(least)))


def precise(seen: list[Frame], name: str, least: float, share: float) -> bool:
    return standing(seen, name, least).shares()["person_precision"] >= share


def standing(seen: list[Frame], name: str, least: float) -> score.Tally:
    tally = score.Tally()
    for frame in seen:
        if frame.standing is not None:
            boxes, confidences = frame.found[name]
            score.compare(tally, boxes[confidences >= least], *frame.standing)
    return tally


def on_the_floor(seen: list[Frame], name: str, least: float) -> float:
    found = [
        overlaps(body, boxes[confidences >= least]).max(initial=0) >= score.SAME_FALLEN
        for frame in seen
        for body in frame.bodies
        for boxes, confidences in [frame.found[name]]
    ]
    return float(np.mean(found)) if found else float("nan")


if __name__ == "__main__":
    main(sys.argv[1])
