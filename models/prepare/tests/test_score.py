"""Who counts as found, missed and wrong beside a reference."""

import unittest

import numpy as np

from polemodels import score

PERSON = [0.0, 0.0, 10.0, 20.0]
ELSEWHERE = [50.0, 0.0, 60.0, 20.0]


def counted(found: list, reference: list) -> tuple[int, int, int]:
    """Found, missed and wrong; the reference is of boxes with their confidences."""
    tally = score.Tally()
    boxes = np.array([box for box, _ in reference]).reshape(-1, 4)
    confidences = np.array([confidence for _, confidence in reference])
    score.compare(tally, np.array(found).reshape(-1, 4), boxes, confidences)
    return tally.found, tally.missed, tally.wrong


class Comparisons(unittest.TestCase):
    def test_found_missed_and_wrong(self):
        for found, reference, expected in (
            ([PERSON], [(PERSON, 0.9)], (1, 0, 0)),
            ([], [(PERSON, 0.9)], (0, 1, 0)),
            ([ELSEWHERE], [(PERSON, 0.9)], (0, 1, 1)),
            ([ELSEWHERE], [], (0, 0, 1)),
            ([], [], (0, 0, 0)),
        ):
            self.assertEqual(counted(found, reference), expected)

    def test_a_doubtful_person_counts_neither_way(self):
        for confidence, found_anyway in ((score.POSSIBLE, 0), (score.POSSIBLE - 0.01, 1)):
            self.assertEqual(counted([PERSON], [(PERSON, confidence)]), (0, 0, found_anyway))
            self.assertEqual(counted([], [(PERSON, confidence)]), (0, 0, 0))

    def test_a_person_found_twice_is_found_once_and_wrong_once(self):
        self.assertEqual(counted([PERSON, PERSON], [(PERSON, 0.9)]), (1, 0, 1))


if __name__ == "__main__":
    unittest.main()
