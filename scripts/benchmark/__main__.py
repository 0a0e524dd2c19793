"""The whole benchmark: measures, prints as it goes, writes JSON and docs/performance.md.

    python -m benchmark --bin DIR --models DIR [--clips DIR] [--json FILE] [--quick]
                        [--write-docs FILE]
"""

import argparse
import json
from pathlib import Path

from . import cost, detector, live, machine, replay, report


def main() -> None:
    arguments = parse()
    rounds = 1 if arguments.quick else 5
    alarms = 50 if arguments.quick else 200
    place = machine.describe(arguments.models)
    say(report.place_lines(place))
    figures = {}
    for name, measure in {
        "detector": lambda: detector.measure(arguments.bin, place, rounds),
        "replay": lambda: replay.measure(arguments.bin, place, rounds),
        "cost": lambda: cost.measure(arguments.bin, place, arguments.clips),
        "live": lambda: live.measure(arguments.bin, alarms),
    }.items():
        print(f"\nmeasuring: {name}", flush=True)
        figures |= measure()
    say(report.figure_lines(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(report.as_json(figures), indent=2) + "\n")
        print(f"written: {arguments.json}")
    if arguments.write_docs:
        report.replace_figures(arguments.write_docs, place, report.table_lines(figures))
        print(f"written: {arguments.write_docs}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built programs")
    parser.add_argument("--models", type=Path, required=True, help="folder of prepared models")
    parser.add_argument("--clips", type=Path, help="clips of which the busiest is told too")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="one round, 50 alarms")
    parser.add_argument("--write-docs", type=Path, help="write the figures into this document")
    return parser.parse_args()


def say(lines: list[str]) -> None:
    print("\n" + "\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
