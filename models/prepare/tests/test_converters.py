"""ncnn and TensorFlow.js networks keep their meaning; what is not known is refused."""

import json
import unittest

import numpy as np

from polemodels import movenet_net, ncnn_net, tfjs_net
from polemodels.simplify import pool_first
from polemodels.trim import trim

from . import networks


class Ncnn(unittest.TestCase):
    def setUp(self):
        self.param, self.weights = networks.ncnn_head()
        self.graph = ncnn_net.convert(self.param, self.weights, "small")

    def test_convolution_and_leaky_rectifier_compute_what_ncnn_does(self):
        data = networks.picture()
        weight = self.graph.constants["a.weight"][:, :, 0, 0]
        sums = np.einsum("oc,bchw->bohw", weight, data)
        self.graph.outputs = {"a": [1, 3, "height", "width"]}
        (got,) = networks.run(self.graph.to_bytes(), data)
        np.testing.assert_allclose(got, networks.leaky(sums), atol=1e-5)

    def test_maps_before_the_flattening_are_the_outputs_at_any_size(self):
        self.assertEqual(list(self.graph.outputs), ["m0", "m1", "m2", "m3"])
        for height, width in ((32, 64), (96, 32)):
            outputs = networks.run(self.graph.to_bytes(), networks.picture(height, width))
            self.assertEqual([o.shape for o in outputs], [(1, 6, height // 2, width // 2)] * 4)

    def test_pooling_first_changes_nothing_but_the_order(self):
        data = networks.picture()
        pooled = pool_first(self.graph)
        self.assertEqual([n.op for n in pooled.nodes[:3]], ["Conv", "MaxPool", "LeakyRelu"])
        for before, after in zip(
            networks.run(self.graph.to_bytes(), data), networks.run(pooled.to_bytes(), data)
        ):
            np.testing.assert_array_equal(before, after)

    def test_trimming_keeps_the_wanted_class_and_every_distance(self):
        data = networks.picture()
        full = networks.run(self.graph.to_bytes(), data)
        trimmed = trim(self.graph, 2, [1], "picture", ["a8", "b8", "c8", "d8"])
        self.assertEqual(list(trimmed.inputs), ["picture"])
        for before, after in zip(full, networks.run(trimmed.to_bytes(), data)):
            np.testing.assert_allclose(before[:, 1:], after, atol=1e-6)

    def test_refusals_name_the_layer(self):
        for text, change, expected in (
            ("wrong magic", (ncnn_net.MAGIC, "1"), "first line"),
            ("unknown layer", ("Pooling pool", "Softmax pool"), "Softmax"),
            ("average pooling", ("0=0 1=3", "0=1 1=3"), "pool"),
            ("another activation", ("9=2", "9=4"), "activation 4"),
            ("wrong weight count", ("6=9", "6=8"), "first"),
            ("a layer too few", ("Concat all 4 1 f0 f1 f2 f3 out 0=1\n", ""), "layers"),
        ):
            with self.subTest(text), self.assertRaisesRegex(ncnn_net.BadNet, expected):
                ncnn_net.convert(self.param.replace(*change), self.weights, "small")

    def test_weights_must_fit_exactly(self):
        for text, weights in (
            ("cut", self.weights[:-1]),
            ("too long", self.weights + b"\0\0\0\0"),
            ("unknown tag", b"\1\2\3\4" + self.weights[4:]),
            ("empty", b""),
        ):
            with self.subTest(text), self.assertRaises(ncnn_net.BadNet):
                ncnn_net.convert(self.param, weights, "small")


class Shuffle(unittest.TestCase):
    def test_channels_of_two_groups_alternate_then_part_in_halves(self):
        lines = [
            "Input in 0 1 data",
            "Concat twice 2 1 data data c",
            "ShuffleChannel mix 1 1 c s 0=2",
            "Slice halves 1 2 s h0 h1 -23300=2,-233,-233",
        ]
        param = "\n".join([ncnn_net.MAGIC, f"{len(lines)} 9", *lines])
        graph = ncnn_net.convert(param, b"", "shuffle")
        graph.outputs = {"h0": [1, 3, "height", "width"], "h1": [1, 3, "height", "width"]}
        data = networks.picture(32, 32)
        first, second = networks.run(graph.to_bytes(), data)
        np.testing.assert_array_equal(first, data[:, [0, 0, 1]])
        np.testing.assert_array_equal(second, data[:, [1, 2, 2]])


class Tfjs(unittest.TestCase):
    def test_padding_and_bias_join_the_convolution(self):
        model, weights = networks.tfjs_head()
        graph = tfjs_net.convert(model, weights, "small")
        (conv,) = [node for node in graph.nodes if node.op == "Conv"]
        self.assertEqual(conv["pads"], [1, 1, 1, 1])
        self.assertEqual(len(conv.inputs), 3)
        data = networks.picture()
        (got,) = networks.run(graph.to_bytes(), data)
        self.assertEqual(got.shape, (1, 6, 32, 48))
        kernel = graph.constants["kernel"]
        middle = (data[:, :, 19:22, 29:32] * kernel).sum(axis=(1, 2, 3)) + graph.constants["bias"]
        np.testing.assert_allclose(got[0, :, 10, 15], middle, atol=1e-4)

    def test_a_fixed_size_becomes_a_ratio(self):
        graph = tfjs_net.convert(*networks.tfjs_head(), "small")
        (resize,) = [node for node in graph.nodes if node.op == "Resize"]
        np.testing.assert_array_equal(graph.constants[resize.inputs[2]], [1, 1, 0.5, 0.5])

    def test_refusals(self):
        model, weights = networks.tfjs_head()
        for text, arguments, expected in (
            ("weights cut", (model, weights[:-1]), "weights end"),
            ("weights too long", (model, weights + b"\0"), "not described"),
            ("unknown operation", (model.replace('"Add"', '"Mul"'), weights), "Mul"),
            ("corner-aligned resize", networks.tfjs_head(half_pixel=False), "half pixel"),
        ):
            with self.subTest(text), self.assertRaisesRegex(tfjs_net.BadNet, expected):
                tfjs_net.convert(*arguments, "small")


class Movenet(unittest.TestCase):
    def setUp(self):
        self.document, self.weights = networks.movenet_heads()

    def convert(self):
        return movenet_net.convert(json.dumps(self.document), self.weights, "small")

    def test_same_padding_goes_right_and_below_and_rectifiers_follow(self):
        graph = self.convert()
        graph.outputs = {"body": [1, 4, "height2", "width2"]}
        data = networks.picture()
        (got,) = networks.run(graph.to_bytes(), data)
        self.assertEqual(got.shape, (1, 4, 32, 48))
        padded = np.pad(data, ((0, 0), (0, 0), (0, 1), (0, 1)))
        kernel, bias = graph.constants["kernel"], graph.constants["bias"]
        for row, column in ((0, 0), (10, 15), (31, 47)):
            window = padded[0, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            sums = (kernel * window).sum(axis=(1, 2, 3)) + bias
            np.testing.assert_allclose(got[0, :, row, column], np.clip(sums, 0, 6), atol=1e-4)

    def test_the_maps_are_the_outputs_and_the_decoder_is_left_out(self):
        graph = self.convert()
        self.assertEqual(list(graph.inputs), ["data"])
        self.assertEqual(sorted(graph.outputs), ["centers", "heat", "joints", "offsets"])
        self.assertEqual({node.op for node in graph.nodes}, {"Conv", "Clip"})

    def test_refusals(self):
        body = self.document["modelTopology"]["node"][4]
        for text, change, expected in (
            ("another operation", {"op": "Conv3D"}, "Conv3D"),
            ("another padding", networks._fused("", [], "VALID", 2, ["BiasAdd"]), "VALID"),
            ("another rectifier", networks._fused("", [], "SAME", 2, ["BiasAdd", "Elu"]), "Elu"),
        ):
            changed = {key: change[key] for key in ("op", "attr") if key in change}
            whole = dict(body)
            body.update(changed)
            with self.subTest(text), self.assertRaisesRegex(movenet_net.BadNet, expected):
                self.convert()
            body.update(whole)
        self.document["modelTopology"]["node"] = self.document["modelTopology"]["node"][:5]
        with self.assertRaisesRegex(movenet_net.BadNet, "there is no node .*BiasAdd"):
            self.convert()


if __name__ == "__main__":
    unittest.main()
