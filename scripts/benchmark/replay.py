"""CPU seconds of the daemon's replay beside those of the Python program that does the same job.

The replay runs as it is delivered, looking at what changed, and once more told to look at the whole
of every frame: the first is what a user pays, the second is the same amount of inference. All run on the same film, with the same model and engine, one thread of inference each, in turns.
CPU is user and system time of all threads, from the first frame on: neither loading the model nor
Python's imports count.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from .machine import VIDEO, Place

FPS = 10.0
PRECISION = "int8"


def measure(programs: Path, place: Place, rounds: int) -> dict:
    """The ratio of both, whole and without inference, and what they were made of."""
    ours, same_work, theirs = [], [], []
    for number in range(1, rounds + 1):
        ours.append(run_replay(programs, place.model, "changes"))
        theirs.append(run_peer(place.model))
        same_work.append(run_replay(programs, place.model, "whole"))
        print(f"  round {number}: {spelled('polewatchd', ours[-1])}; "
              f"{spelled('Python', theirs[-1])}; "
              f"{spelled('polewatchd looking at all', same_work[-1])}", flush=True)
    check(ours[-1], theirs[-1])
    check(same_work[-1], theirs[-1])
    of = lambda runs, part: median(part(run) for run in runs)
    whole = lambda run: run["cpu_s"] / run["video_s"]
    rest = lambda run: (run["cpu_s"] - run["inference_cpu_s"]) / run["video_s"]
    return {
        "replay_cpu": of(ours, whole),
        "python_cpu": of(theirs, whole),
        "replay_cpu_rest": of(ours, rest),
        "python_cpu_rest": of(theirs, rest),
        "replay_looked": ours[-1]["looked"] / ours[-1]["frames"],
        "replay_cpu_ratio": of(ours, whole) / of(theirs, whole),
        "replay_cpu_ratio_same_work": of(same_work, whole) / of(theirs, whole),
        "replay_cpu_ratio_without_inference": of(ours, rest) / of(theirs, rest),
    }


def run_replay(programs: Path, model: Path, look: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        config, stats = folder / "replay.toml", folder / "stats.json"
        config.write_text(CONFIG.format(model=model, fps=FPS, precision=PRECISION, look=look))
        subprocess.run(
            [programs / "polewatchd", "replay", VIDEO, "--config", config,
             "--events", folder / "events.jsonl", "--stats", stats],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        run = json.loads(stats.read_text())
        run["cpu_s"] -= run["startup_cpu_s"]
        return run


def run_peer(model: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "benchmark.peer", VIDEO, model, PRECISION, str(FPS)],
        check=True, capture_output=True,
    )
    return json.loads(done.stdout)


def check(ours: dict, theirs: dict) -> None:
    """Both must have done the same work for a comparison to mean anything."""
    if abs(ours["frames"] - theirs["frames"]) > 1:
        raise SystemExit(f"polewatchd analysed {ours['frames']} frames, Python {theirs['frames']}")
    if (ours["backend"], ours["precision"]) != ("onnxruntime", PRECISION):
        raise SystemExit(f"polewatchd ran {ours['backend']} {ours['precision']}, "
                         f"expected onnxruntime {PRECISION}")


def spelled(name: str, run: dict) -> str:
    return f"{name} {run['cpu_s']:.1f} s ({run['inference_cpu_s']:.1f} s of it inference)"


CONFIG = """
site = "bench"
box = "bench"
[analysis]
fps = {fps}
look = "{look}"
[detector]
model = "{model}"
backend = "onnxruntime"
precision = "{precision}"
threads = 1
[[zone]]
name = "lawn"
polygon = [[0.0, 0.4], [0.21, 0.44], [0.43, 0.52], [0.65, 0.66], [0.84, 0.79], [1.0, 0.91],
           [1.0, 1.0], [0.0, 1.0]]
[[rule]]
name = "lawn-intrusion"
kind = "intrusion"
zone = "lawn"
[[rule]]
name = "lawn-loitering"
kind = "loitering"
zone = "lawn"
"""
