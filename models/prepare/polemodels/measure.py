"""What a prepared model is worth on this machine: `measured.toml`.

Speed: both precisions run in turn on the same input in one thread whose CPU time is taken, so that
whatever else the machine does falls on neither or on both. People: `score` counts them.

Promises: without footage the figures committed in `model.toml` are used, and that is said.
Refuses: calling a committed figure a measured one.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import numpy as np
import onnxruntime

from . import footage, score
from .manifest import Manifest
from .report import say

PRECISIONS = ("fp32", "int8")
TOLERANCE = 0.02
"""INT8 may find this much less of the people, and no less, to be chosen for its speed."""
COUNTED = ("person_recall", "person_precision", "fallen_recall")
"""What `score` counts; `model.toml` has more, at equal precision, which only its maker can count."""
ROUNDS = 16


def measure(manifest: Manifest, folder: Path) -> None:
    """Measure the files of `folder` and write `measured.toml` beside them."""
    say(f"{manifest.name}: measuring fp32 against INT8, 1 thread, {_cpu()}")
    sessions = {name: session(folder / manifest.precision[name].file) for name in PRECISIONS}
    speeds = _speeds(manifest, sessions)
    clips = footage.clips()
    if clips:
        seen = footage.describe(clips)
        say(f"{manifest.name}: counting people in {seen}")
        tallies = score.count(manifest, sessions, clips)
        shares = {name: tally.shares() for name, tally in tallies.items()}
    else:
        shares = {name: manifest.precision[name].measured for name in PRECISIONS}
        seen = "figures of model.toml, no footage here"
        say(f"{manifest.name}: no footage on this machine, using the figures of model.toml")
    write(manifest, folder, speeds, shares, seen)


def adopt(manifest: Manifest, folder: Path) -> None:
    """Write `measured.toml` from the figures of `model.toml`, measuring nothing."""
    shares = {name: manifest.precision[name].measured for name in PRECISIONS}
    speeds = {name: manifest.precision[name].measured["ms_per_frame"] for name in PRECISIONS}
    best = {name: {"ms_per_frame": ms, "ms_per_frame_median": ms} for name, ms in speeds.items()}
    write(manifest, folder, best, shares, "figures of model.toml, nothing measured here")


def session(path: Path) -> onnxruntime.InferenceSession:
    """A session as the detector opens it: sequential, all optimizations."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def verdict(speeds: dict, shares: dict, seen: str) -> tuple[str, str]:
    """The precision `auto` means here, and why, as a sentence."""
    ms = {name: speeds[name]["ms_per_frame"] for name in PRECISIONS}
    lost = {
        key: shares["fp32"][key] - shares["int8"][key]
        for key in ("person_recall", "fallen_recall")
        if key in shares["fp32"]
    }
    figures = (
        f"{ms['int8']:.1f} ms against {ms['fp32']:.1f} ms a frame, person recall "
        f"{shares['int8']['person_recall']:.3f} against {shares['fp32']['person_recall']:.3f}"
    )
    if "fallen_recall" in lost:
        figures += (
            f", fallen people {shares['int8']['fallen_recall']:.3f} "
            f"against {shares['fp32']['fallen_recall']:.3f}"
        )
    figures += f" ({seen})"
    if ms["int8"] >= ms["fp32"]:
        return "fp32", f"INT8 is not faster here: {figures}"
    if max(lost.values()) > TOLERANCE:
        return "fp32", f"INT8 loses more than {TOLERANCE:.0%} of the people: {figures}"
    return "int8", f"INT8 is faster and finds as many people: {figures}"


def write(manifest: Manifest, folder: Path, speeds: dict, shares: dict, seen: str) -> None:
    """`measured.toml`, and its verdict on the terminal."""
    precision, reason = verdict(speeds, shares, seen)
    lines = [
        f'auto_precision = "{precision}"',
        f'reason = "{reason}"',
        f'cpu = "{_cpu()}"',
        f'onnxruntime = "{onnxruntime.__version__}"',
    ]
    for name in PRECISIONS:
        lines += ["", f"[{name}]"]
        figures = speeds[name] | _rates(shares[name])
        lines += [f"{key} = {value}" for key, value in figures.items()]
    (folder / "measured.toml").write_text("\n".join(lines) + "\n")
    say(f"{manifest.name}: {reason}")


def _rates(shares: dict) -> dict:
    return {key: shares[key] for key in COUNTED if key in shares}


def _speeds(manifest: Manifest, sessions: dict) -> dict[str, dict[str, float]]:
    """CPU milliseconds a frame for a 4:3 picture."""
    long_side, multiple = manifest.input["long_side_px"], manifest.input["multiple"]
    height = -(-long_side * 3 // 4 // multiple) * multiple
    noise = np.random.default_rng(0).normal(size=(1, 3, height, long_side)).astype(np.float32)
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(ROUNDS):
        for name, runner in sessions.items():
            start = time.thread_time()
            runner.run(None, {manifest.input["tensor"]: noise})
            times[name].append(1000 * (time.thread_time() - start))
    return {
        name: {
            "ms_per_frame": round(min(values), 1),
            "ms_per_frame_median": round(float(np.median(values)), 1),
        }
        for name, values in times.items()
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
