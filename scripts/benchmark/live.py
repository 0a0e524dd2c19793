"""Latency of alarms and memory of the daemon, from the live chain (hil-tests' `live-bench`)."""

import json
import math
import subprocess
from pathlib import Path


def measure(programs: Path, alarms: int) -> dict:
    """p50 and p99 over at least `alarms` alarms, and the daemon's peak of resident memory."""
    done = subprocess.run(
        [programs / "live-bench", "--alarms", str(alarms)], check=True, stdout=subprocess.PIPE
    )
    report = json.loads(done.stdout)
    latencies = sorted(report["latencies_ms"])
    return {
        "alarms": len(latencies),
        "latency_p50_ms": percentile(latencies, 50),
        "latency_p99_ms": percentile(latencies, 99),
        "latency_worst_ms": latencies[-1],
        "rss_mib": report["rss_peak_bytes"] / 2**20,
    }


def percentile(ordered: list[int], percent: int) -> int:
    """The smallest value that at least `percent` of all values do not exceed."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
