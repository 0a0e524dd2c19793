"""The figures, for people, for programs, and for docs/performance.md."""

from datetime import date
from pathlib import Path

from .machine import Place

BEGIN = "<!-- figures: written with --write-docs -->"
END = "<!-- end of figures -->"
# What this project promises of itself: key, the most it may be, and what it says.
TARGETS = {
    "replay_cpu_ratio": 0.85,
    "replay_cpu_ratio_without_inference": 0.35,
    "ort_int8_ratio": 1.05,
    "cost_busiest": 0.6,
    "cost_idle": 0.15,
    "latency_p99_ms": 250,
    "rss_mib": 150e6 / 2**20,
}


def as_json(figures: dict) -> dict:
    """The figures under the names that other programs rely on."""
    names = ["detector_ms", "python_ort_ms", "replay_cpu_ratio", "replay_cpu_ratio_same_work",
             "replay_cpu_ratio_without_inference", "cost_busiest", "cost_idle", "cost", "latency_p50_ms", "latency_p99_ms", "rss_mib"]
    return {name: figures[name] for name in names}


def place_lines(place: Place) -> list[str]:
    """Where and with what it was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in place.versions.items())
    checksums = [f"  {name}.onnx sha256 {digest}" for name, digest in place.sha256.items()]
    return [
        f"CPU: {place.cpu}, {place.cores} cores, load {place.load:.1f} at the start",
        f"versions: {versions}",
        f"commit: {place.commit}",
        f"model: {place.model.name}",
        *checksums,
    ]


def figure_lines(figures: dict) -> list[str]:
    """One figure a line, with what is asked of it."""
    return [f"{name}: {value}" + (f" ({note})" if note else "")
            for name, value, note in rows(figures)]


def rows(figures: dict) -> list[tuple[str, str, str]]:
    """Name, value and note of each figure."""
    lines = []
    for backend, by_precision in figures["detector_ms"].items():
        for precision, ms in by_precision.items():
            lines.append((f"detector, {backend} {precision}", f"{ms:.1f} ms a frame", ""))
    for precision, ms in figures["python_ort_by_precision"].items():
        lines.append((f"Python onnxruntime {precision}", f"{ms:.1f} ms a frame", ""))
    cpu = "CPU seconds per second of video"
    return lines + [
        ("onnxruntime INT8, detector to Python", f"{figures['ort_int8_ratio']:.3f}",
         verdict(figures, "ort_int8_ratio")),
        (f"replay, {cpu}", f"{figures['replay_cpu']:.3f}",
         f"without inference {figures['replay_cpu_rest']:.3f}; "
         f"{figures['replay_looked']:.0%} of the pictures looked at"),
        (f"Python program, {cpu}", f"{figures['python_cpu']:.3f}",
         f"without inference {figures['python_cpu_rest']:.3f}"),
        ("replay to Python program, whole", f"{figures['replay_cpu_ratio']:.3f}",
         verdict(figures, "replay_cpu_ratio")),
        ("the same, looking at the whole of every frame",
         f"{figures['replay_cpu_ratio_same_work']:.3f}", "the same amount of inference"),
        ("replay to Python program, without inference",
         f"{figures['replay_cpu_ratio_without_inference']:.3f}",
         verdict(figures, "replay_cpu_ratio_without_inference")),
        *cost_rows(figures),
        ("alarm latency, median", f"{figures['latency_p50_ms']} ms",
         f"of {figures['alarms']} alarms, worst {figures['latency_worst_ms']} ms"),
        ("alarm latency, p99", f"{figures['latency_p99_ms']} ms",
         verdict(figures, "latency_p99_ms")),
        ("daemon's peak resident memory", f"{figures['rss_mib']:.1f} MiB",
         verdict(figures, "rss_mib")),
    ]


def cost_rows(figures: dict) -> list[tuple[str, str, str]]:
    """What one 720p camera costs with every kind of rule on, and where it goes."""
    names = {"busy": "720p, every rule, busy scene", "idle": "720p, every rule, idle scene",
             "clip": "720p, every rule, the busiest labelled clip"}
    targets = {"busy": "cost_busiest", "clip": "cost_busiest", "idle": "cost_idle"}
    rows = []
    for scene, cost in figures["cost"].items():
        where = (f"inference {cost['inference']:.3f} (of it closer looks {cost['closer']:.3f}, "
                 f"poses {cost['poses']:.3f}), pixels {cost['scene']:.3f}, "
                 f"tracker and rules {cost['rules']:.3f}, decoding and the rest {cost['rest']:.3f}; "
                 f"{cost['rss_mib']:.0f} MiB at most")
        target = TARGETS[targets[scene]]
        word = "reached" if cost["whole"] <= target else "MISSED"
        rows.append((names[scene], f"{cost['whole']:.3f} of a core",
                     f"target at most {target}: {word}; {where}"))
    return rows


def verdict(figures: dict, name: str) -> str:
    """Whether a figure is what this project promises."""
    word = "reached" if figures[name] <= TARGETS[name] else "MISSED"
    return f"target at most {TARGETS[name]:.4g}: {word}"


def table_lines(figures: dict) -> list[str]:
    """The figures as a Markdown table."""
    table = [f"| {name} | {value} | {note} |" for name, value, note in rows(figures)]
    return ["| what | figure | note |", "|---|---|---|", *table]


def replace_figures(document: Path, place: Place, lines: list[str]) -> None:
    """Replaces what stands between the two marks of the document."""
    before, rest = document.read_text().split(BEGIN)
    _, after = rest.split(END)
    section = [
        BEGIN, f"Measured on {date.today()}:", "",
        *(f"- {line.strip()}" for line in place_lines(place)), "", *lines, END,
    ]
    document.write_text(before + "\n".join(section) + after)
