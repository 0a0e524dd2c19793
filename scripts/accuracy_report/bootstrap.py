"""How much a score would change with other clips of the same kind.

Clips are drawn with replacement, as many as there are, and the F1 of each drawing is counted; the
middle 95 % of drawings are the interval. It tells of chance in the choice of clips, not of how
unlike other places are.
"""

import random

DRAWINGS = 2000
SEED = 20261123


def intervals(clips: list[dict]) -> dict[str, list[float]]:
    """Of each event that has any truth: the lower and upper F1."""
    counts = {event: [count(clip, event) for clip in clips] for event in events(clips)}
    chance = random.Random(SEED)
    drawn = [[chance.randrange(len(clips)) for _ in clips] for _ in range(DRAWINGS)]
    result = {}
    for event, by_clip in counts.items():
        scores = [f1([by_clip[at] for at in drawing]) for drawing in drawn]
        scores = sorted(score for score in scores if score is not None)
        if scores:
            result[event] = [scores[len(scores) * 25 // 1000], scores[len(scores) * 975 // 1000]]
    return result


def events(clips: list[dict]) -> list[str]:
    told = {alarm["type"] for clip in clips for alarm in clip["alarms"]}
    return sorted(told | {miss["type"] for clip in clips for miss in clip["missed"]})


def count(clip: dict, event: str) -> tuple[int, int, int]:
    """True, false and missed alarms of one clip."""
    verdicts = [alarm["judged"]["verdict"] for alarm in clip["alarms"] if alarm["type"] == event]
    missed = sum(miss["type"] == event for miss in clip["missed"])
    return verdicts.count("true"), verdicts.count("false"), missed


def f1(counts: list[tuple[int, int, int]]) -> float | None:
    """None where there was nothing to find and nothing was told."""
    true, false, missed = (sum(column) for column in zip(*counts))
    return 2 * true / (2 * true + false + missed) if true + false + missed else None
