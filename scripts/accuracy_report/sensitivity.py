"""How much the scores depend on each number the rules were given: every threshold of the tracker and
the rules a fifth lower and a fifth higher, one at a time, decided again on what was seen.

What the detector and the pixels show stays the same, so that a variant costs a build of the rules and
no inference. The thresholds of the pixels' own observers (analytics/src/scene) are therefore not
among them.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .score import Scorer

# Where thresholds stand, below firmware/analytics/src.
PLACES = ("tracker.rs", "tracker", "analyzer.rs", "rule")
BY = (0.8, 1.2)
DECLARATION = re.compile(r"\bconst ([A-Z_]+): [^=;]+ =([^;]+);")
NUMBER = re.compile(r"(?<![\w.])\d[\d_]*(?:\.\d+)?")
DURATION = re.compile(r"Duration::from_(secs|millis)\((\d+)\)")
# Bounds of memory and lists of names, which decide nothing.
NO_THRESHOLD = re.compile(r"^(MAX_|CAPACITY$|SIGHTS$|SCORES$|MOST$|KIND$|QUANTITY$|VEHICLES$)")


@dataclass(frozen=True)
class Threshold:
    """One number of one constant."""

    path: Path
    name: str
    value: str
    start: int
    end: int
    scales: str

    def scaled(self, factor: float) -> str:
        """The constant's text with this number scaled; whole numbers change by one at least."""
        number = float(self.value.replace("_", ""))
        if self.scales == "float":
            return f"{number * factor:.6f}"
        changed = round(number * factor)
        if changed == number:
            changed += 1 if factor > 1 else -1
        return str(max(changed, 0))


@dataclass
class Variant:
    """The F1 of each event with one threshold moved; nothing where it cannot be."""

    threshold: Threshold
    factor: float
    f1: dict[str, float | None]


def measure(scorer: Scorer, repo: Path, clips: Path, seen: Path) -> list[Variant]:
    """Every threshold moved down and up; the tree that is changed is a copy."""
    tree = scorer.out / "varied"
    copy(repo, tree)
    build(tree).check_returncode()
    source = tree / "firmware/analytics/src"
    variants = []
    found = thresholds(source)
    for number, threshold in enumerate(found, 1):
        for factor in BY:
            score = vary(scorer, tree, threshold, factor, clips, seen)
            events = score["events"] if score else {}
            f1 = {event: figures["f1"] for event, figures in events.items()}
            variants.append(Variant(threshold, factor, f1))
            place = f"{threshold.path.relative_to(source)} {threshold.name} {threshold.value}"
            print(f"[{number}/{len(found)}] {place} x{factor}", flush=True)
    return variants


def copy(repo: Path, tree: Path) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    names = subprocess.run(["git", "-C", repo, "ls-files", "-z"], check=True, capture_output=True)
    for name in names.stdout.decode().split("\0"):
        if name and (repo / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repo / name, tree / name)


def thresholds(source: Path) -> list[Threshold]:
    found = []
    for place in PLACES:
        path = source / place
        for file in sorted(path.rglob("*.rs")) if path.is_dir() else [path]:
            found += in_file(file)
    return found


def in_file(path: Path) -> list[Threshold]:
    text = path.read_text().split("#[cfg(test)]")[0]
    found = []
    for declaration in DECLARATION.finditer(text):
        name, body, offset = declaration[1], declaration[2], declaration.start(2)
        if NO_THRESHOLD.match(name):
            continue
        kind = "float" if re.search(r"\d\.\d", body) else "whole"
        for number in NUMBER.finditer(body):
            found.append(Threshold(path, name, number[0], offset + number.start(),
                                   offset + number.end(), kind))
    return found


def vary(scorer: Scorer, tree: Path, threshold: Threshold, factor: float, clips: Path,
         seen: Path) -> dict | None:
    """The score with one number changed; None where the code does not take it."""
    path = threshold.path
    text = path.read_text()
    changed = finer(text[:threshold.start] + threshold.scaled(factor) + text[threshold.end:],
                    threshold, factor, text)
    path.write_text(changed)
    try:
        if build(tree).returncode:
            return None
        target = Path(os.environ.get("CARGO_TARGET_DIR", tree / "target"))
        return scorer.decided(clips, seen, target / "release" / "polewatchd")
    finally:
        path.write_text(text)


def build(tree: Path) -> subprocess.CompletedProcess:
    command = ["cargo", "build", "--release", "--quiet", "-p", "polewatchd"]
    return subprocess.run(command, cwd=tree, stderr=subprocess.DEVNULL, check=False)


def finer(changed: str, threshold: Threshold, factor: float, text: str) -> str:
    """Seconds become milliseconds, so that 1 s can be moved by a fifth of it."""
    for duration in DURATION.finditer(text):
        if duration.start(2) == threshold.start:
            unit = 1000 if duration[1] == "secs" else 1
            moved = f"Duration::from_millis({round(int(duration[2]) * unit * factor)})"
            return text[:duration.start()] + moved + text[duration.end():]
    return changed


def lines(variants: list[Variant], whole: dict) -> list[str]:
    """Markdown: how many variants change nothing, and those that do."""
    events = [event for event, figures in whole["events"].items() if figures["tp"] + figures["fn"]]
    base = {event: whole["events"][event]["f1"] for event in events}
    told = [variant for variant in variants if variant.f1]
    moved = [variant for variant in told if any(variant.f1[e] != base[e] for e in events)]
    rows = [f"{len(told)} variants: every number of the tracker and the rules a fifth lower and a "
            f"fifth higher. {len(told) - len(moved)} change no F1. The others:", "",
            "| threshold | moved to | " + " | ".join(f"F1 {event}" for event in events) + " |",
            "|---|---|" + "---|" * len(events)]
    for variant in sorted(moved, key=lambda v: min(v.f1[e] for e in events)):
        threshold = variant.threshold
        place = threshold.path.name
        f1 = " | ".join("=" if variant.f1[e] == base[e] else f"{variant.f1[e]:.3f}" for e in events)
        rows.append(f"| `{threshold.name}` {threshold.value} ({place}) | x{variant.factor} | {f1} |")
    return rows
