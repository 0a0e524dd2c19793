"""Network outputs -> person boxes, the way the detector does it (firmware/detector).

Kept small and slow on purpose: it judges prepared models, it does not watch cameras.
"""

from __future__ import annotations

import numpy as np


def people(outputs: list[np.ndarray], manifest, precision: str, least: float):
    """Boxes [n, 4] as left, top, right, bottom in input pixels, and their confidences [n]."""
    return objects(outputs, manifest, "person", manifest.precision[precision].suppression_iou, least)


def objects(outputs: list[np.ndarray], manifest, word: str, overlap: float, least: float):
    """The same of another class; of boxes that overlap by more than `overlap` the best is kept."""
    head, row = manifest.head, manifest.classes[word]
    boxes, confidences = [np.zeros((0, 4))], [np.zeros(0)]
    for stride, output in zip(head["strides"], outputs, strict=True):
        confidence = 1 / (1 + np.exp(-output[0, row].astype(np.float64)))
        rows, columns = np.nonzero(confidence >= least)
        bins = output[0, head["classes"] :, rows, columns].reshape(-1, 4, head["bins"])
        left, top, right, bottom = (_expectation(bins) * stride).T
        x, y = ((cells + head["anchor_offset"]) * stride for cells in (columns, rows))
        boxes.append(np.stack([x - left, y - top, x + right, y + bottom], axis=1))
        confidences.append(confidence[rows, columns])
    return suppress(np.concatenate(boxes), np.concatenate(confidences), overlap)


def _expectation(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    bins = np.arange(logits.shape[-1])
    return (weights * bins).sum(axis=-1) / weights.sum(axis=-1)


def suppress(boxes: np.ndarray, confidences: np.ndarray, overlap: float):
    """Keep the best of boxes that overlap by more than `overlap`."""
    order = np.argsort(-confidences, kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[overlaps(boxes[best], boxes[order]) <= overlap]
    return boxes[kept], confidences[kept]


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with each of `boxes`."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return common / np.maximum((box[2:] - box[:2]).prod() + areas - common, 1e-9)


def matched(found: np.ndarray, expected: np.ndarray, least: float) -> np.ndarray:
    """How well each of `found`, the surest first, lies on the box of `expected` it has for itself.

    Their overlap, 0 where no box is left that it shares `least` with.
    """
    shares, free = np.zeros(len(found)), np.ones(len(expected), bool)
    for at, box in enumerate(found):
        shared = np.where(free, overlaps(box, expected), 0)
        if shared.max(initial=0) >= least:
            free[shared.argmax()] = False
            shares[at] = shared.max()
    return shares
