"""How many people each precision finds.

Standing people: both precisions are held against one reference, the fp32 network's opinion after
it saw each picture four times (as it is and enlarged, plain and mirrored), so neither is its own
judge. People on the floor: counted apart, against the hand-set boxes of the dev clips, because
agreement on easy people hides the loss of the ones that matter.

Promises: counts only. Refuses: calling the reference truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import footage
from .detections import matched, overlaps, people, suppress
from .manifest import Manifest
from .report import say

PEOPLE_EVERY_S, FALLEN_EVERY_S = 6.0, 1.0
SETTLED_S = 0.5
"""How long after a fall's start the body lies where the truth's box is."""
CERTAIN, POSSIBLE = 0.40, 0.20
"""Reference boxes at or above the first are people; those between are not counted either way."""
SAME_PERSON, SAME_FALLEN = 0.5, 0.3
"""Overlap with a reference box, and with a hand-set box, that counts as found."""
ENLARGED = 1.4


@dataclass
class Tally:
    """Counts of one precision."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    fallen_found: int = 0
    fallen: int = 0

    def shares(self) -> dict[str, float]:
        """Recall, precision and, with fallen people in the footage, their recall."""
        shares = {
            "person_recall": self.found / max(self.found + self.missed, 1),
            "person_precision": self.found / max(self.found + self.wrong, 1),
        }
        if self.fallen:
            shares["fallen_recall"] = self.fallen_found / self.fallen
        return {name: round(share, 3) for name, share in shares.items()}


def count(manifest: Manifest, sessions: dict, clips: list[footage.Clip]) -> dict[str, Tally]:
    """A `Tally` for each precision over frames of `clips`."""
    tallies = {name: Tally() for name in sessions}
    for position, clip in enumerate(clips):
        say(f"{manifest.name}: clip {position + 1} of {len(clips)}")
        if clip.falls:
            _count_fallen(manifest, sessions, clip, tallies)
        else:
            _count_people(manifest, sessions, clip, tallies)
    return tallies


def _count_people(manifest: Manifest, sessions: dict, clip: footage.Clip, tallies: dict) -> None:
    for picture in footage.frames(clip, PEOPLE_EVERY_S, manifest.input["long_side_px"]):
        boxes, confidences = reference(manifest, sessions["fp32"], picture)
        for name, runner in sessions.items():
            least = manifest.precision[name].start_confidence
            found, _ = detect(manifest, name, runner, picture, least)
            compare(tallies[name], found, boxes, confidences)


def _count_fallen(manifest: Manifest, sessions: dict, clip: footage.Clip, tallies: dict) -> None:
    pictures = footage.frames(clip, FALLEN_EVERY_S, manifest.input["long_side_px"])
    for index, picture in enumerate(pictures):
        for fall in clip.falls:
            if not fall["start_s"] + SETTLED_S <= index * FALLEN_EVERY_S <= fall["end_s"]:
                continue
            height, width = picture.shape[:2]
            body = np.array(fall["box"]) * [width, height, width, height]
            for name, runner in sessions.items():
                least = manifest.precision[name].keep_confidence
                found, _ = detect(manifest, name, runner, picture, least)
                tallies[name].fallen += 1
                if len(found) and overlaps(body, found).max() >= SAME_FALLEN:
                    tallies[name].fallen_found += 1


def detect(manifest: Manifest, precision: str, runner, picture: np.ndarray, least: float):
    """People in one picture."""
    data = {manifest.input["tensor"]: footage.tensor(picture, manifest.input)}
    return people(runner.run(manifest.head["outputs"], data), manifest, precision, least)


def reference(manifest: Manifest, runner, picture: np.ndarray):
    """Boxes, and the mean confidence of four looks at the same picture."""
    looks = []
    for scale in (1.0, ENLARGED):
        scaled = footage.enlarge(picture, scale) if scale > 1 else picture
        for mirrored in (False, True):
            view = scaled[:, ::-1] if mirrored else scaled
            boxes, confidences = detect(manifest, "fp32", runner, view, POSSIBLE / 2)
            if mirrored:
                left, top, right, bottom = boxes.T
                width = view.shape[1]
                boxes = np.stack([width - right, top, width - left, bottom], axis=1)
            looks.append((boxes / scale, confidences))
    boxes, _ = suppress(*(np.concatenate(part) for part in zip(*looks)), SAME_PERSON)
    return boxes, np.array([_mean_confidence(box, looks) for box in boxes])


def _mean_confidence(box: np.ndarray, looks: list) -> float:
    best = [
        np.where(overlaps(box, boxes) >= SAME_PERSON, confidences, 0).max(initial=0)
        for boxes, confidences in looks
    ]
    return float(np.mean(best))


def compare(tally: Tally, found: np.ndarray, boxes: np.ndarray, confidences: np.ndarray) -> None:
    """Add one picture: `found` best first, against the reference."""
    certain = boxes[confidences >= CERTAIN]
    possible = boxes[(confidences >= POSSIBLE) & (confidences < CERTAIN)]
    known = matched(found, certain, SAME_PERSON) > 0
    tally.found += int(known.sum())
    tally.missed += len(certain) - int(known.sum())
    for box in found[~known]:
        tally.wrong += int(overlaps(box, possible).max(initial=0) < SAME_PERSON)
