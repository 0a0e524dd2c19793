"""How closely one way of running a network agrees with another, object by object.

Promises: counts over frames, at one score for both: who is found in both, in one alone, and how
well the boxes lie on each other. Refuses: knowing which of the two is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .detections import matched

SAME = 0.5
"""Overlap from which two boxes are one object."""


@dataclass
class Agreement:
    """Counts of `found` against `expected`."""

    both: int = 0
    missed: int = 0
    extra: int = 0
    overlap: float = 0.0
    """Sum over `both`."""

    def add(self, found: np.ndarray, expected: np.ndarray) -> None:
        """One frame: boxes [n, 4], the surest first."""
        shares = matched(found, expected, SAME)
        both = int(np.count_nonzero(shares))
        self.both += both
        self.missed += len(expected) - both
        self.extra += len(found) - both
        self.overlap += float(shares.sum())

    def figures(self) -> dict[str, float]:
        """Recall and precision of `found`, and the mean overlap of what both have."""
        return {
            "recall": round(self.both / max(self.both + self.missed, 1), 4),
            "precision": round(self.both / max(self.both + self.extra, 1), 4),
            "mean_iou": round(self.overlap / max(self.both, 1), 4),
        }
