"""Milliseconds of one inference: our detector by backend and precision, beside Python's onnxruntime.

Same model, same input shape, one thread, in turns, so that a busy machine slows both; the median of
the rounds' medians is taken.
"""

import json
import subprocess
from pathlib import Path
from statistics import median

from .machine import Place
from .model import Model

RUNS = 30
# Our input shape for a 4:3 picture such as vtest.avi's.
WIDTH, HEIGHT = 768, 576


def measure(programs: Path, place: Place, rounds: int) -> dict:
    """Medians by backend and precision, and Python's by precision."""
    ours: dict[tuple[str, str], list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for number in range(1, rounds + 1):
        for precision in place.sha256:
            model = Model(place.model, precision)
            shape = model.input_shape(WIDTH, HEIGHT)
            theirs.setdefault(precision, []).append(median(model.milliseconds(shape, RUNS)))
            for backend in ["onnxruntime", "tract"]:
                taken = run_detector(programs, place.model, backend, precision)
                ours.setdefault((backend, precision), []).append(taken)
        print(f"  round {number} of {rounds}", flush=True)
    detector_ms: dict[str, dict[str, float]] = {}
    for (backend, precision), taken in ours.items():
        detector_ms.setdefault(backend, {})[precision] = median(taken)
    python = {precision: median(taken) for precision, taken in theirs.items()}
    return {
        "detector_ms": detector_ms,
        "python_ort_ms": python["int8"],
        "python_ort_by_precision": python,
        "ort_int8_ratio": detector_ms["onnxruntime"]["int8"] / python["int8"],
    }


def run_detector(programs: Path, model: Path, backend: str, precision: str) -> float:
    """The median of one run of our detector, a process of its own."""
    program = programs / "examples" / "detector_bench"
    done = subprocess.run(
        [program, model, backend, precision, str(RUNS)], check=True, stdout=subprocess.PIPE
    )
    return median(json.loads(done.stdout)["ms"])
