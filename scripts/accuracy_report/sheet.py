"""What failed, as pictures: one contact sheet for each wrong and each missed alarm."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .score import Scorer

COLUMNS, ROWS = 4, 2
WIDTH = 480
# Seconds of the clip a sheet shows, before and after the moment in question.
BEFORE, AFTER = 3.0, 7.0
GREEN, YELLOW, WHITE = (80, 220, 80), (60, 200, 240), (255, 255, 255)


@dataclass
class Failure:
    """One alarm that should not have been told, or one that was not."""

    clip: str
    words: str
    at_s: float


def failures(clips: list[dict]) -> list[Failure]:
    found = []
    for clip in clips:
        for alarm in clip["alarms"]:
            if alarm["judged"]["verdict"] == "false":
                words = f"{alarm['type']} told at {alarm['onset_s']:.1f} s, wrongly"
                found.append(Failure(clip["clip"], words, alarm["onset_s"]))
        for miss in clip["missed"]:
            words = f"{miss['type']} at {miss['start_s']:.1f} s missed"
            found.append(Failure(clip["clip"], words, miss["start_s"]))
    return found


def draw(scorer: Scorer, folder: Path, clips: list[dict]) -> list[tuple[Failure, Path]]:
    """A sheet for each failure, in the folder `sheets`."""
    sheets = scorer.out / "sheets"
    drawn = []
    seen: dict[str, list[dict]] = {}
    for number, failure in enumerate(failures(clips), 1):
        sheets.mkdir(parents=True, exist_ok=True)
        truth = json.loads((folder / f"{failure.clip}.json").read_text())
        video = folder / truth["clip"]
        if failure.clip not in seen:
            seen[failure.clip] = detections(scorer, failure.clip)
        path = sheets / f"{number:02}-{failure.clip}-{failure.at_s:.1f}s.png"
        cv2.imwrite(str(path), sheet(video, seen[failure.clip], failure))
        drawn.append((failure, path))
    return drawn


def detections(scorer: Scorer, clip: str) -> list[dict]:
    """What the detector saw in every analysed frame when it was scored."""
    kept = scorer.kept("as-they-are") / f"{clip}.detections.jsonl"
    _opening, *frames = kept.read_text().splitlines()
    return [json.loads(line) for line in frames]


def sheet(video: Path, seen: list[dict], failure: Failure) -> np.ndarray:
    """Eight moments around the failure, the detections drawn in."""
    times = np.linspace(failure.at_s - BEFORE, failure.at_s + AFTER, COLUMNS * ROWS)
    cells = [cell(video, seen, max(float(time), 0.0)) for time in times]
    rows = [np.hstack(cells[row * COLUMNS:(row + 1) * COLUMNS]) for row in range(ROWS)]
    picture = np.vstack(rows)
    title = np.zeros((36, picture.shape[1], 3), np.uint8)
    write(title, f"{failure.clip}: {failure.words}", (8, 25), WHITE, 0.7)
    return np.vstack([title, picture])


def cell(video: Path, seen: list[dict], time: float) -> np.ndarray:
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    height = round(WIDTH * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
                   / max(capture.get(cv2.CAP_PROP_FRAME_WIDTH), 1))
    capture.set(cv2.CAP_PROP_POS_MSEC, time * 1000)
    there, picture = capture.read()
    if not there:
        blank = np.zeros((height, WIDTH, 3), np.uint8)
        write(blank, "after the clip", (6, height - 8), WHITE, 0.5)
        return blank
    picture = cv2.resize(picture, (WIDTH, height))
    nearest = min(seen, key=lambda frame: abs(frame["at_s"] - time), default={"detections": []})
    for found in nearest["detections"]:
        left, top, right, bottom = found["box"]
        corners = [(round(x * WIDTH), round(y * height)) for x, y in ((left, top), (right, bottom))]
        colour = GREEN if found["class"] == "person" else YELLOW
        cv2.rectangle(picture, *corners, colour, 1)
        words = f"{found['class']} {found['confidence']:.2f}"
        write(picture, words, (corners[0][0], max(corners[0][1] - 3, 10)), colour, 0.35)
    write(picture, f"{time:.1f} s", (6, height - 8), WHITE, 0.5)
    return picture


def write(picture: np.ndarray, words: str, at: tuple[int, int], colour: tuple, size: float) -> None:
    cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
