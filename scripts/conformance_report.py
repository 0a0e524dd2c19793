"""The conformance suite's log as a report: for each engine what ran, passed and was ignored, and why.

Promises: a case that left no line is not counted as passed. Refuses: to judge a case; the suite does. What
this machine lacks is a fault only with --require-all.
"""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

GOLDEN = "the_vendors_simulator_finds_the_same"


def cpu() -> str:
    """The processor's name, as the kernel tells it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names)} cores"


def said(*command: str) -> str:
    """What a command prints; nothing when it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def report(lines: list[dict]) -> dict:
    """The report of the log's lines."""
    golden = json.loads(Path("models/nanodet-plus-m/golden-rk3588.json").read_text("utf-8"))
    backends: dict[str, dict] = {}
    for line in lines:
        empty = {"run": 0, "passed": 0, "failed": [], "ignored": [], "golden": None}
        entry = backends.setdefault(line["subject"], empty)
        case = {"case": line["case"], "model": line["model"]}
        if line["outcome"] == "ignored":
            kept = {key: line[key] for key in ("reason", "lacking") if key in line}
            entry["ignored"].append(case | kept)
            continue
        entry["run"] += 1
        if line["outcome"] == "passed":
            entry["passed"] += 1
            if line["case"] == GOLDEN:
                entry["golden"] = line["figures"]
        else:
            entry["failed"].append(case)
    return {
        "cpu": cpu(),
        "rustc": said("rustc", "--version"),
        "commit": said("git", "rev-parse", "--short", "HEAD"),
        "golden": {
            "toolkit": golden["toolkit"],
            "platform": golden["platform"],
            "fp32_sha256": golden["fp32_sha256"],
            "frames": len(golden["frames"]),
        },
        "backends": backends,
    }


def shown(whole: dict) -> str:
    """The report for people."""
    rows = [f"{'engine':18}{'run':>5}{'passed':>8}{'ignored':>9}   golden: recall, precision, IoU"]
    for name, entry in whole["backends"].items():
        golden = entry["golden"]
        agreement = "-"
        if golden:
            agreement = f"{golden['recall']:.3f}, {golden['precision']:.3f}, {golden['mean_iou']:.3f}"
        ignored = len(entry["ignored"])
        rows.append(f"{name:18}{entry['run']:5}{entry['passed']:8}{ignored:9}   {agreement}")
    reasons = {
        (case["case"], case["reason"]): None
        for entry in whole["backends"].values()
        for case in entry["ignored"]
    }
    rows += ["", "ignored:"] + [f"  {case}: {reason}" for case, reason in reasons]
    rows += [
        f"FAILED: {case['case']}, {case['model']} on {name}"
        for name, entry in whole["backends"].items()
        for case in entry["failed"]
    ]
    return "\n".join(rows)


def incomplete(whole: dict) -> list[str]:
    """What did not run here that could: a sentence each."""
    if not whole["backends"]:
        return ["no engine ran"]
    sentences = []
    for name, entry in whole["backends"].items():
        lacking = [case for case in entry["ignored"] if case.get("lacking")]
        sentences += [f"{case['case']}, {case['model']} on {name}: {case['reason']}" for case in lacking]
        excused = any(case["case"] == GOLDEN for case in entry["ignored"])
        if not entry["golden"] and not excused:
            sentences.append(f"{GOLDEN} has not passed on {name}")
    return sentences


def main() -> int:
    """Reads the log, prints the report, writes it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path, help="the lines the suite left")
    parser.add_argument("--json", type=Path, help="where the report goes as one JSON object")
    parser.add_argument(
        "--require-all", action="store_true", help="fail when something did not run here"
    )
    arguments = parser.parse_args()
    lines = [json.loads(line) for line in arguments.log.read_text("utf-8").splitlines()]
    whole = report(lines)
    print(shown(whole))
    if arguments.json:
        arguments.json.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
    sentences = incomplete(whole) if arguments.require_all else []
    for sentence in sentences:
        print(f"did not run: {sentence}")
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
