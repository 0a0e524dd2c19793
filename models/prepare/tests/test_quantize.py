"""Rounding, saturation and the shape of the QDQ network."""

import unittest

import numpy as np

from polemodels.quantize import (
    NARROW,
    MissingRange,
    Scale,
    quantize,
    quantize_bias,
    quantize_weight,
)

from . import networks

RANGES = {"data": [-4.0, 4.0], "sum": [-8.0, 8.0], "leaky": [-0.8, 8.0], "joined": [-8.0, 8.0]}


class Scales(unittest.TestCase):
    def test_zero_is_exact_and_both_ends_are_reached(self):
        for low, high in ((-1.0, 3.0), (0.0, 6.0), (0.5, 2.0), (-5.0, -1.0), (-1e-6, 1e6)):
            scale = Scale.covering(low, high)
            span = max(high, 0) - min(low, 0)
            self.assertAlmostEqual(float(scale.step) * 255, span, delta=span * 1e-6)
            self.assertLessEqual(0, scale.zero)

    def test_empty_and_infinite_ranges_are_refused(self):
        for low, high in ((0.0, 0.0), (float("nan"), 1.0), (0.0, float("inf"))):
            with self.subTest(f"{low}..{high}"), self.assertRaises(ValueError):
                Scale.covering(low, high)


class Weights(unittest.TestCase):
    def test_each_output_channel_reaches_the_largest_byte(self):
        weight = np.array([[0.25, -1.0], [0.011, 0.02], [0.0, 0.0]], np.float32)[:, :, None, None]
        values, steps = quantize_weight(weight, NARROW)
        np.testing.assert_array_equal(values[:, :, 0, 0], [[16, -63], [35, 63], [0, 0]])
        np.testing.assert_allclose(steps[:2], [1 / 63, 0.02 / 63], rtol=1e-6)

    def test_halves_round_to_even(self):
        weight = np.array([[63.0, 0.5, 1.5, -0.5, -1.5]], np.float32)[:, :, None, None]
        values, _ = quantize_weight(weight, NARROW)
        np.testing.assert_array_equal(values.ravel(), [63, 0, 2, 0, -2])

    def test_bias_saturates_at_32_bits(self):
        got = quantize_bias(np.array([1e9, -1e9, 2.5]), np.array([1e-6, 1e-6, 1.0], np.float32))
        np.testing.assert_array_equal(got, [2**31 - 1, -(2**31), 2])

    def test_pairs_of_products_fit_16_bits(self):
        self.assertLessEqual(2 * 255 * NARROW, 32767)


class Networks(unittest.TestCase):
    def test_values_stay_within_a_step_of_float(self):
        graph, data = networks.chain(), np.clip(networks.picture(), -1, 1)
        (exact,) = networks.run(graph.to_bytes(), data)
        (near,) = networks.run(quantize(graph, RANGES, set()).to_bytes(), data)
        self.assertLess(np.abs(exact - near).max(), 0.15)

    def test_what_only_moves_shares_one_scale(self):
        result = quantize(networks.chain(), RANGES, set())
        steps = {float(result.constants[f"{name}:step"]) for name in ("sum", "leaky", "joined")}
        self.assertEqual(len(steps), 1)

    def test_a_node_kept_in_float_gets_float_weights(self):
        result = quantize(networks.chain(), RANGES, {"sum"})
        conv = next(node for node in result.nodes if node.op == "Conv")
        self.assertEqual(conv.inputs, ("data", "weight", "bias"))

    def test_same_graph_same_bytes(self):
        first, second = (quantize(networks.chain(), RANGES, set()).to_bytes() for _ in range(2))
        self.assertEqual(first, second)

    def test_a_missing_range_names_the_tensor(self):
        with self.assertRaisesRegex(MissingRange, "leaky"):
            quantize(networks.chain(), {k: v for k, v in RANGES.items() if k != "leaky"}, set())


if __name__ == "__main__":
    unittest.main()
