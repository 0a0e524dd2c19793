"""Scores, worsens, scores again, draws what failed, and writes it all down.

    python -m accuracy_report --bin DIR --models DIR --clips DIR --out DIR [--worsened]
                              [--sensitivity] [--jobs N] [--json FILE] [--write-docs FILE]
"""

import argparse
import json
import shutil
from pathlib import Path

from benchmark import machine
from benchmark.machine import Place
from benchmark.report import place_lines, replace_figures

from . import bootstrap, report, sensitivity, sheet, worsen
from .score import Scorer


def main() -> None:
    arguments = parse()
    place = machine.describe(arguments.models)
    print("\n" + "\n".join(place_lines(place)), flush=True)
    # Only the sheets of this run are of interest; worsened clips are large.
    shutil.rmtree(arguments.out, ignore_errors=True)
    scorer = Scorer(arguments.bin, arguments.out, arguments.jobs)
    result = {"as they are": scorer.score(arguments.clips, "as-they-are")}
    if arguments.worsened:
        for number, (name, how) in enumerate(worsen.WAYS.items(), 1):
            print(f"\n[{number}/{len(worsen.WAYS)}] {name}: {how.words}", flush=True)
            with worsen.worsened(arguments.clips, how) as clips:
                result[name] = scorer.score(clips, name.replace(" ", "-"))
    intervals = bootstrap.intervals(result["as they are"]["clips"])
    sheets = sheet.draw(scorer, arguments.clips, result["as they are"]["clips"])
    lines = report.lines(result, intervals, sheets)
    print("\n" + "\n".join(lines), flush=True)
    if sheets:
        print(f"\ncontact sheets: {arguments.out / 'sheets'}")
    if arguments.json:
        figures = {"scores": result, "f1_interval": intervals}
        arguments.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
        print(f"written: {arguments.json}")
    if arguments.write_docs:
        replace_figures(arguments.write_docs, place, lines)
        print(f"written: {arguments.write_docs}")
    if arguments.sensitivity:
        move_thresholds(scorer, arguments, place, result["as they are"])


def move_thresholds(scorer: Scorer, arguments: argparse.Namespace, place: Place,
                    whole: dict) -> None:
    seen = scorer.kept("as-they-are")
    variants = sensitivity.measure(scorer, Path.cwd(), arguments.clips, seen)
    lines = sensitivity.lines(variants, whole)
    print("\n" + "\n".join(lines), flush=True)
    if arguments.write_docs:
        document = arguments.write_docs.with_name("sensitivity.md")
        replace_figures(document, place, lines)
        print(f"written: {document}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/accuracy", description=__doc__)
    parser.add_argument("--bin", type=Path, required=True, help="folder of the built programs")
    parser.add_argument("--models", type=Path, required=True, help="folder of prepared models")
    parser.add_argument("--clips", type=Path, required=True, help="clips with truth files")
    parser.add_argument("--out", type=Path, required=True, help="folder for sheets and events")
    parser.add_argument("--worsened", action="store_true", help="score worsened clips too")
    parser.add_argument("--sensitivity", action="store_true", help="move every threshold")
    parser.add_argument("--jobs", type=int, help="clips replayed at once")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--write-docs", type=Path, help="write the figures into this document")
    return parser.parse_args()


if __name__ == "__main__":
    main()
