"""The NPUs' networks: ranges, what `npu.toml` says, when nothing is to be done."""

import argparse
import contextlib
import io
import tempfile
import tomllib
import types
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import onnx

from polemodels import npu, recipe
from polemodels.agreement import Agreement
from polemodels.graph import Graph
from polemodels.manifest import BadManifest, load
from polemodels.painted import paint
from polemodels.quantize import MissingRange
from polemodels.rectified import rectify_first
from polemodels.simplify import pool_first
from polemodels.sources import WrongChecksum, sha256

from . import networks

RECIPE = """
toolkit = "2.5.0"
float16 = [["a", "out8"]]
start_confidence = 0.34
keep_confidence = 0.22
suppression_iou = 0.6
"""


def parameter(low: float, high: float, method="layer") -> dict:
    return {"qmethod": method, "min": [low], "max": [high]}


class Ranges(unittest.TestCase):
    def test_the_committed_range_replaces_the_measured_one(self):
        parameters = {"a": parameter(-3, 3), "a_int8": parameter(-5, 5)}
        recipe.set_ranges(parameters, {"a": [-1, 2]})
        for got in parameters.values():
            self.assertEqual((got["min"], got["max"]), ([-1], [2]))

    def test_tensors_of_one_scale_keep_sharing_one_that_covers_them(self):
        parameters = {"a": parameter(-3, 3), "b_conv": parameter(-3, 3), "c": parameter(-3, 4)}
        recipe.set_ranges(parameters, {"a": [-1, 2], "b": [-4, 1], "c": [-9, 9]})
        got = {name: (value["min"], value["max"]) for name, value in parameters.items()}
        self.assertEqual(got, {"a": ([-4], [2]), "b_conv": ([-4], [2]), "c": ([-9], [9])})

    def test_zero_is_always_in_range(self):
        parameters = {"a": parameter(1, 3)}
        recipe.set_ranges(parameters, {"a": [1, 3]})
        self.assertEqual(parameters["a"]["min"], [0.0])

    def test_weights_keep_what_the_toolkit_found(self):
        parameters = {"a.weight": parameter(-3, 3, method="channel")}
        recipe.set_ranges(parameters, {})
        self.assertEqual(parameters["a.weight"], parameter(-3, 3, method="channel"))

    def test_a_tensor_without_a_range_is_named(self):
        with self.assertRaisesRegex(MissingRange, "tensor b, which"):
            recipe.set_ranges({"b": parameter(-1, 1)}, {"a": [-1, 1]})


class Prepared(unittest.TestCase):
    def setUp(self):
        quiet = contextlib.redirect_stdout(io.StringIO())
        self.output = quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "small"
        self.folder.mkdir()
        (self.folder / "fp32.onnx").write_bytes(b"network")
        path = Path(folder.name) / "model.toml"
        path.write_text(networks.manifest_text(sha256(b"network"), "0"))
        path.with_name("ranges.toml").write_text("[ranges]\n")
        path.with_name("rknn.toml").write_text(RECIPE)
        self.manifest = load(path)
        self.asked = types.SimpleNamespace(platforms=["rk3588", "rk3566"], sizes=npu.SIZES, dry_run=False)
        self.converted = []

    def prepare(self, export=lambda path: path.write_bytes(path.name.encode())) -> bool:
        @contextlib.contextmanager
        def converted(job):
            self.converted.append((job.platform, job.width, job.height))
            yield types.SimpleNamespace(export=export)

        toolkit = types.SimpleNamespace(converted=converted, Job=npu._toolkit().Job)
        with mock.patch.object(npu, "_toolkit", lambda: toolkit):
            return npu.prepare(self.manifest, recipe.load(self.manifest), self.folder, self.asked)

    def test_every_platform_and_size_stands_in_npu_toml_with_its_checksum(self):
        self.assertTrue(self.prepare())
        models = tomllib.loads((self.folder / "npu.toml").read_text())["model"]
        self.assertEqual([(m["platform"], m["width"], m["height"]) for m in models], self.converted)
        self.assertEqual(len(models), 4)
        for model in models:
            content = (self.folder / model["file"]).read_bytes()
            self.assertEqual((model["sha256"], model["bytes"]), (sha256(content), len(content)))
        self.assertEqual(models[0]["toolkit"], "rknn-toolkit2 2.5.0")
        self.assertEqual(models[0]["keep_confidence"], 0.22)

    def test_a_second_run_converts_nothing(self):
        self.prepare()
        self.assertFalse(self.prepare())
        self.assertEqual(len(self.converted), 4)

    def test_a_damaged_file_or_another_recipe_is_made_again(self):
        self.prepare()
        (self.folder / "rk3588-640x480.rknn").write_bytes(b"cut")
        self.assertTrue(self.prepare())
        path = self.manifest.path.with_name("rknn.toml")
        path.write_text(RECIPE.replace("0.34", "0.35"))
        self.assertTrue(self.prepare())

    def models(self) -> list[dict]:
        return tomllib.loads((self.folder / "npu.toml").read_text())["model"]

    def test_what_is_not_of_this_run_stays_and_what_is_gone_goes(self):
        self.asked.platforms = ["rk3588"]
        self.prepare()
        by_hand = (
            "# From the vendor.\n[[model]]\n"
            'platform = "hailo8l"\nfile = "own.hef"\nsha256 = "0"\nwidth = 640\nheight = 384\n'
            "# As measured.\nstart_confidence = 0.3\n[model.light]\nstep = 1\n"
        )
        (self.folder / "own.hef").write_bytes(b"hef")
        with (self.folder / "npu.toml").open("a") as file:
            file.write(by_hand)
        (self.folder / "rk3588-640x384.rknn").unlink()
        self.asked.platforms = ["rk3566"]
        self.assertTrue(self.prepare())
        files = [model["file"] for model in self.models()]
        made = ["rk3566-640x480.rknn", "rk3566-640x384.rknn"]
        self.assertEqual(files, [*made, "rk3588-640x480.rknn", "own.hef"])
        self.assertIn("# As measured.\nstart_confidence = 0.3\n[model.light]",
                      (self.folder / "npu.toml").read_text())
        self.assertFalse(self.prepare())
        self.asked.platforms = ["rk3588"]
        self.assertTrue(self.prepare(), "what is gone is made again")
        self.assertEqual(len(self.models()), 5)

    def test_another_size_joins_those_that_are_there(self):
        self.prepare()
        self.asked.sizes = [npu._size("640x512")]
        self.assertTrue(self.prepare())
        self.assertEqual(len(self.models()), 6)
        with self.assertRaisesRegex(argparse.ArgumentTypeError, "640x500: expected WIDTHxHEIGHT"):
            npu._size("640x500")

    def test_an_npu_toml_that_cannot_be_read_is_left_alone(self):
        path = self.folder / "npu.toml"
        for text, expected in [("[[model]]\nfile = \n", "mend"), ("[[model]]\n", "no 'platform'")]:
            path.write_text(text)
            with self.assertRaisesRegex(BadManifest, expected):
                self.prepare()
            self.assertEqual((path.read_text(), self.converted), (text, []))

    def test_a_dry_run_makes_nothing(self):
        self.asked.dry_run = True
        self.prepare()
        self.assertEqual([path.name for path in self.folder.iterdir()], ["fp32.onnx"])
        self.assertIn("would make", self.output.getvalue())

    def test_a_failed_conversion_leaves_what_was_there(self):
        self.prepare()
        before = (self.folder / "npu.toml").read_text()
        self.manifest.path.with_name("rknn.toml").write_text(RECIPE.replace("0.34", "0.35"))

        def broken(_path):
            raise OSError("no space left on device")

        with self.assertRaises(OSError):
            self.prepare(broken)
        self.assertEqual((self.folder / "npu.toml").read_text(), before)
        self.assertEqual(list(self.folder.glob(".npu-*")), [])

    def test_another_network_than_the_manifests_is_refused(self):
        (self.folder / "fp32.onnx").write_bytes(b"other")
        with self.assertRaisesRegex(WrongChecksum, "fp32.onnx: wrong sha256"):
            self.prepare()

    def test_a_recipe_with_an_unknown_key_is_refused(self):
        self.manifest.path.with_name("rknn.toml").write_text(RECIPE + "speed = 1\n")
        with self.assertRaisesRegex(BadManifest, "rknn.toml: .*speed"):
            recipe.load(self.manifest)


class Rectified(unittest.TestCase):
    def test_undoes_pool_first_and_computes_the_same(self):
        graph = Graph("pooled", inputs={"data": [1, 3, "height", "width"]})
        graph.add("LeakyRelu", ["data"], "leaky", alpha=0.1)
        sizes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
        graph.add("MaxPool", ["leaky"], "out", **sizes)
        graph.outputs["out"] = [1, 3, "rows", "columns"]
        before = onnx.load_from_string(pool_first(graph).to_bytes())
        (expected,) = networks.run(before.SerializeToString(), networks.picture())
        after = rectify_first(before)
        self.assertEqual([node.op_type for node in after.graph.node], ["LeakyRelu", "MaxPool"])
        (got,) = networks.run(after.SerializeToString(), networks.picture())
        np.testing.assert_array_equal(got, expected)


class Agreements(unittest.TestCase):
    def test_counts_what_is_in_both_and_in_one_alone(self):
        agreement = Agreement()
        expected = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], float)
        found = np.array([[0, 0, 10, 8], [20, 0, 30, 10], [60, 0, 70, 10]], float)
        agreement.add(found, expected)
        figures = {"recall": 0.6667, "precision": 0.6667, "mean_iou": 0.9}
        self.assertEqual(agreement.figures(), figures)

    def test_one_object_is_not_found_twice(self):
        agreement = Agreement()
        box = np.array([[0, 0, 10, 10]], float)
        agreement.add(np.concatenate([box, box]), box)
        self.assertEqual((agreement.both, agreement.extra), (1, 1))

    def test_frames_without_anything_count_nothing(self):
        agreement = Agreement()
        agreement.add(np.zeros((0, 4)), np.zeros((0, 4)))
        self.assertEqual((agreement.both, agreement.missed, agreement.extra), (0, 0, 0))


class Painted(unittest.TestCase):
    SPEC = {"long_side_px": 64, "multiple": 32, "pad": 7, "channel_order": "bgr"}

    def test_colours_and_the_padding_below(self):
        planes = [np.full((40, 64), 81, np.uint8)]
        planes += [np.full((20, 32), 90, np.uint8), np.full((20, 32), 240, np.uint8)]
        painted = paint(planes, self.SPEC)
        self.assertEqual(painted.shape, (64, 64, 3))
        self.assertEqual(painted[0, 0].tolist(), [0, 0, 254])  # Pure red in BT.601.
        self.assertEqual(painted[40:].min(), 7)
        self.assertEqual(painted[40:].max(), 7)

    def test_a_ramp_stays_a_ramp_when_it_shrinks(self):
        ramp = np.tile(np.arange(16, 96, dtype=np.uint8), (60, 1))
        grey = np.full((30, 40), 128, np.uint8)
        painted = paint([ramp, grey, grey], self.SPEC)[:48, :, 0].astype(int)
        steps = np.diff(painted[10])
        self.assertTrue(((steps >= 1) & (steps <= 2)).all())


if __name__ == "__main__":
    unittest.main()
