"""The lights made from day frames, and the scores found for them."""

import unittest

import numpy as np

import lights


class Pictures(unittest.TestCase):
    def test_each_light_is_what_the_light_meter_calls_by_its_name(self):
        """The thresholds of firmware/analytics/src/scene/light.rs: mean luma 64 and 32, no colour."""
        day = np.random.default_rng(1).integers(70, 190, (120, 160, 3)).astype(np.uint8)
        for light, darkest, brightest in (("day", 64, 255), ("dusk", 32, 64), ("dark", 0, 32)):
            seen = lights.lit(day, light, np.random.default_rng(0))
            with self.subTest(light):
                self.assertTrue(darkest <= seen.mean() < brightest, seen.mean())
        night = lights.lit(day, "night_ir", np.random.default_rng(0))
        self.assertTrue((night[..., 0] == night[..., 1]).all() and (night[..., 1] == night[..., 2]).all())
        self.assertGreater(night.mean(), 64)


class Scores(unittest.TestCase):
    def test_the_lowest_score_that_is_wrong_no_more_often_is_found(self):
        person, nobody = [0, 0, 10, 20], [50, 0, 60, 20]
        boxes = np.array([person, nobody, nobody], float)
        frame = (boxes, np.array([0.7, 0.465, 0.215]), (np.array([person], float), np.array([0.9])))
        for often, least in ((0, 0.47), (1, 0.22), (2, lights.LOWEST)):
            self.assertAlmostEqual(lights.as_wrong([frame], often), least)
        self.assertEqual(lights.wrong([frame], 0.3), 1)
        for least in (0.30, 0.50):
            self.assertAlmostEqual(lights.as_right([frame], least), max(least, 0.47))


if __name__ == "__main__":
    unittest.main()
