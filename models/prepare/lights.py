#!/usr/bin/env python3
"""Find the scores at which a detector is to be believed in each light.

Less light means noise and no colour, and a detector then scores more of what is no person. Each
light gets the lowest score to start a track at which nine of ten boxes are people, and never one
below the day's. What keeps a track alive is asked for no more than by day, and for less where the
noise allows it, at as many wrong boxes a frame: people on the floor score lower at night, and a
wrong box alone starts no track.

There is no labelled night footage, so the lights are made from day frames (`lit`), judged by what
the fp32 network saw in the frames before: simulated, and said so in docs/models.md. Prints the
tables to put into `model.toml`. Run once when a model changes.

usage: VENV/bin/python models/prepare/lights.py NAME
       (the model prepared; VENV is the one prepare-models makes)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from polemodels import footage, score
from polemodels.manifest import Manifest, load
from polemodels.measure import PRECISIONS, session

MODELS = Path(__file__).resolve().parents[1]
EVERY_S = 2.0
LIGHTS = ("day", "dusk", "night_ir", "dark")
PRECISE = 0.90
LOWEST = 0.10
STEP = 0.01
EXPOSURE = {"day": 1.0, "dusk": 0.4, "night_ir": 1.0, "dark": 0.15}
"""Share of the day's light that is left once the camera's gain is spent."""
READ_NOISE, SHOT_NOISE = 4.0, 0.25
"""Variance of a dim picture in levels squared: of the sensor, and for each level of signal."""
IR_READ_NOISE, IR_SHOT_NOISE = 9.0, 0.35
"""The same with the gain of a camera that sees by its own lamps."""
FALLOFF = 0.35
"""How much darker than the middle a picture lit by lamps beside the lens is at its edge."""


def main(name: str) -> None:
    manifest = load(MODELS / name / "model.toml")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = Path(os.environ.get("POLEWATCH_MODELS") or cache / "polewatch" / "models")
    sessions = {of: session(root / name / manifest.precision[of].file) for of in PRECISIONS}
    judged = judge(manifest, sessions)
    for precision in PRECISIONS:
        own = manifest.precision[precision]
        day = judged[precision, "day"]
        for light in LIGHTS[1:]:
            start = as_right(judged[precision, light], own.start_confidence)
            keep = as_wrong(judged[precision, light], wrong(day, own.keep_confidence))
            print(f"\n[precision.{precision}.light.{light}]")
            print(f"start_confidence = {start:.2f}")
            print(f"keep_confidence = {min(keep, own.keep_confidence):.2f}")
            print(f"# {report(judged[precision, light], start)}")
            print(f"# as by day, {report(judged[precision, light], own.start_confidence)}")
        print(f"# {precision} by day: {report(day, own.start_confidence)}")


def judge(manifest: Manifest, sessions: dict) -> dict[tuple[str, str], list]:
    """For each precision and light: what was found in each frame, its scores, the reference."""
    judged = {(precision, light): [] for precision in sessions for light in LIGHTS}
    random = np.random.default_rng(0)
    clips = [clip for clip in footage.clips() if not clip.falls]
    for position, clip in enumerate(clips):
        print(f"# clip {position + 1} of {len(clips)}", file=sys.stderr, flush=True)
        for picture in footage.frames(clip, EVERY_S, manifest.input["long_side_px"]):
            reference = score.reference(manifest, sessions["fp32"], picture)
            for light in LIGHTS:
                seen = lit(picture, light, random)
                for precision, runner in sessions.items():
                    found = score.detect(manifest, precision, runner, seen, LOWEST)
                    judged[precision, light].append((*found, reference))
    return judged


def lit(picture: np.ndarray, light: str, random: np.random.Generator) -> np.ndarray:
    """The BGR picture as it would be in `light`: exposure, then the noise of that exposure."""
    if light == "day":
        return picture
    if light == "night_ir":
        return infrared(picture, random)
    signal = picture * np.float32(EXPOSURE[light])
    return levels(signal + noise(signal, READ_NOISE, SHOT_NOISE, random))


def infrared(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Grey, darker towards the edges, noisy, and smoothed as a camera smooths its noise."""
    grey = picture.astype(np.float32) @ np.float32([0.114, 0.587, 0.299])
    height, width = grey.shape
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    signal = grey * (1 - FALLOFF * np.hypot(down, across).astype(np.float32))
    noisy = signal + noise(signal, IR_READ_NOISE, IR_SHOT_NOISE, random)
    for axis in (0, 1):
        noisy = 0.25 * np.roll(noisy, 1, axis) + 0.5 * noisy + 0.25 * np.roll(noisy, -1, axis)
    return np.repeat(levels(noisy)[..., None], 3, axis=2)


def noise(signal: np.ndarray, read: float, shot: float, random: np.random.Generator) -> np.ndarray:
    deviation = np.sqrt(read + shot * np.maximum(signal, 0))
    return random.normal(size=signal.shape).astype(np.float32) * deviation


def levels(signal: np.ndarray) -> np.ndarray:
    return np.clip(signal, 0, 255).round().astype(np.uint8)


def tally(frames: list, least: float) -> score.Tally:
    counts = score.Tally()
    for boxes, scores, (people, certainty) in frames:
        score.compare(counts, boxes[scores >= least], people, certainty)
    return counts


def wrong(frames: list, least: float) -> int:
    return tally(frames, least).wrong


def as_right(frames: list, least: float) -> float:
    """The lowest score from `least` on at which `PRECISE` of the boxes are people."""
    steps = np.arange(least, 1.0, STEP)
    return float(next(step for step in steps if right(frames, step) >= PRECISE))


def right(frames: list, least: float) -> float:
    return tally(frames, least).shares()["person_precision"]


def as_wrong(frames: list, often: int) -> float:
    """The lowest score at which at most `often` boxes are wrong."""
    steps = np.arange(LOWEST, 1.0, STEP)
    return float(next(least for least in steps if wrong(frames, least) <= often))


def report(frames: list, least: float) -> str:
    counts = tally(frames, least)
    shares = counts.shares()
    return (
        f"at {least:.2f}: recall {shares['person_recall']:.3f}, "
        f"precision {shares['person_precision']:.3f}, {counts.wrong} wrong in {len(frames)} frames"
    )


if __name__ == "__main__":
    main(sys.argv[1])
