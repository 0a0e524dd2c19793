"""A prepared folder is whole, right, or not there."""

import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from polemodels import measure, sources, workshop
from polemodels.manifest import BadManifest, load
from polemodels.sources import Shelf, Unavailable, WrongChecksum, sha256

from . import networks

RANGES = {"data": [-4, 4], "a": [-1, 9], "a.sum": [-9, 9], "b": [-1, 9], "b.pooled": [-9, 9]}
RANGES |= {f"out{stride}": [-9, 9] for stride in (8, 16, 32, 64)}


class Workshop(unittest.TestCase):
    def setUp(self):
        quiet = contextlib.redirect_stdout(io.StringIO())
        self.output = quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.root = self.folder / "models"
        self.mirror = self.folder / "mirror" / "deep" / "down"
        self.mirror.mkdir(parents=True)
        param, weights = networks.ncnn_head()
        self.contents = {"small.param": param.encode(), "small.bin": weights}
        for name, content in self.contents.items():
            (self.mirror / f"renamed-{name}").write_bytes(content)
        self.write_manifest("0", "0")
        files = workshop.networks(self.manifest, self.contents)
        self.write_manifest(sha256(files["fp32"]), sha256(files["int8"]))

    def write_manifest(self, fp32: str, int8: str) -> None:
        path = self.folder / "model.toml"
        path.write_text(networks.manifest_text(fp32, int8))
        lines = [f'"{name}" = {reach}' for name, reach in RANGES.items()]
        path.with_name("ranges.toml").write_text("\n".join(["[ranges]", *lines]))
        self.manifest = load(path)

    def workshop(self, measured=measure.adopt) -> workshop.Workshop:
        shelf = Shelf(self.root / "sources", self.folder / "mirror", offline=True)
        return workshop.Workshop(self.root, shelf, measured)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.root.glob("*") if path.name != "sources")

    def test_prepares_from_the_mirror_whatever_the_files_are_called_there(self):
        self.assertTrue(self.workshop().prepare(self.manifest))
        self.assertEqual(self.left(), ["small"])
        files = sorted(path.name for path in (self.root / "small").iterdir())
        self.assertEqual(files, ["fp32.onnx", "int8.onnx", "measured.toml", "model.toml"])
        measured = (self.root / "small" / "measured.toml").read_text()
        self.assertIn('auto_precision = "int8"', measured)

    def test_a_second_run_only_compares(self):
        self.workshop().prepare(self.manifest)
        with mock.patch.object(workshop, "build", side_effect=AssertionError):
            self.assertFalse(self.workshop().prepare(self.manifest))

    def test_a_damaged_folder_is_made_again(self):
        self.workshop().prepare(self.manifest)
        (self.root / "small" / "int8.onnx").write_bytes(b"cut")
        self.assertTrue(self.workshop().prepare(self.manifest))
        self.assertTrue(workshop.is_prepared(self.manifest, self.root / "small"))

    def test_what_npus_run_is_kept_as_long_as_the_network_it_was_made_from(self):
        folder = self.root / "small"
        for damaged, kept in (("int8.onnx", True), ("fp32.onnx", False)):
            self.workshop().prepare(self.manifest)
            made_by_hand = {"npu.toml": b"[[model]]", "hailo8l-640x384.hef": b"hef"}
            for name, content in made_by_hand.items():
                (folder / name).write_bytes(content)
            (folder / damaged).write_bytes(b"cut")
            self.assertTrue(self.workshop().prepare(self.manifest))
            self.assertTrue(workshop.is_prepared(self.manifest, folder))
            for name in made_by_hand:
                with self.subTest(damaged=damaged, name=name):
                    self.assertEqual((folder / name).is_file(), kept)

    def test_two_runs_give_the_same_bytes(self):
        first = workshop.networks(self.manifest, self.contents)
        self.assertEqual(first, workshop.networks(self.manifest, self.contents))

    def test_an_output_that_differs_names_file_expected_and_got(self):
        self.write_manifest("0" * 64, self.manifest.precision["int8"].sha256)
        with self.assertRaisesRegex(WrongChecksum, "small/fp32.onnx: wrong sha256, expected 000"):
            self.workshop().prepare(self.manifest)
        self.assertEqual(self.left(), [])

    def test_a_failure_on_the_way_leaves_the_old_folder_and_nothing_else(self):
        self.workshop().prepare(self.manifest)
        (self.root / "small" / "model.toml").write_text("old")

        def broken(_manifest, _folder):
            raise OSError("no space left on device")

        with self.assertRaises(OSError):
            self.workshop(broken).prepare(self.manifest)
        self.assertEqual(self.left(), ["small"])
        self.assertEqual((self.root / "small" / "model.toml").read_text(), "old")

    def test_a_source_that_was_kept_but_rotted_is_refused(self):
        self.workshop().prepare(self.manifest)
        rotten = self.root / "sources" / self.manifest.sources[1].sha256
        rotten.write_bytes(b"rot")
        (self.root / "small" / "fp32.onnx").unlink()
        with self.assertRaisesRegex(WrongChecksum, "expected .*, got "):
            self.workshop().prepare(self.manifest)

    def test_a_missing_source_says_where_it_was_sought(self):
        for path in self.mirror.iterdir():
            path.unlink()
        with self.assertRaisesRegex(Unavailable, "small.param: not in .*mirror, and --offline"):
            self.workshop().prepare(self.manifest)
        self.assertEqual(self.left(), [])

    def test_a_corrupt_file_of_the_right_size_in_the_mirror_is_not_taken(self):
        (self.mirror / "renamed-small.bin").write_bytes(b"x" * len(self.contents["small.bin"]))
        with self.assertRaisesRegex(Unavailable, "small.bin"):
            self.workshop().prepare(self.manifest)

    def test_npm_that_is_not_installed_is_named(self):
        wanted = sources.NpmFile("@some/package", "1.0.0", "a.bin")
        with mock.patch.dict(os.environ, PATH=""), self.assertRaisesRegex(Unavailable, "npm is not"):
            sources._npm_pack(wanted, self.folder)

    def test_an_archive_that_is_not_one_is_named(self):
        archive = self.folder / "package.tgz"
        archive.write_bytes(b"<html>sign in</html>")
        with self.assertRaisesRegex(Unavailable, "package.tgz"):
            sources._member(archive, "package/a.bin")

    def test_a_manifest_without_a_key_names_it(self):
        path = self.folder / "model.toml"
        path.write_text(path.read_text().replace("[head]", "[tail]"))
        with self.assertRaisesRegex(BadManifest, "model.toml: key 'head' is missing"):
            load(path)

    def test_a_pose_estimator_has_one_network_and_is_not_measured(self):
        path = self.folder / "model.toml"
        text = path.read_text()
        text = text[: text.index("[classes]")] + "[precision.fp32]\nfile = \"fp32.onnx\"\n"
        text = text.replace('format = "ncnn"', 'format = "tfjs-movenet"')
        document, weights = networks.movenet_heads()
        files = {"small.param": json.dumps(document).encode(), "small.bin": weights}
        for name, content in files.items():
            old = self.contents[name]
            text = text.replace(sha256(old), sha256(content))
            text = text.replace(f"bytes = {len(old)}", f"bytes = {len(content)}")
            (self.mirror / f"renamed-{name}").write_bytes(content)
        path.write_text(text + 'sha256 = "0"\n')
        made = workshop.networks(load(path), files)
        self.assertEqual(list(made), ["fp32"])
        path.write_text(text + f'sha256 = "{sha256(made["fp32"])}"\n')
        self.assertTrue(self.workshop(measured=None).prepare(load(path)))
        prepared = sorted(path.name for path in (self.root / "small").iterdir())
        self.assertEqual(prepared, ["fp32.onnx", "model.toml"])
        self.assertFalse(self.workshop(measured=None).prepare(load(path)))


class Verdict(unittest.TestCase):
    def test_int8_must_be_faster_and_find_as_many(self):
        fast, slow = {"ms_per_frame": 1.0}, {"ms_per_frame": 2.0}
        good, fair, poor = ({"person_recall": recall} for recall in (0.92, 0.905, 0.80))
        fallen = {"person_recall": 0.92, "fallen_recall": 0.78}
        lost = {"person_recall": 0.92, "fallen_recall": 0.55}
        for text, fp32, int8, expected in (
            ("faster, as many", (slow, good), (fast, good), "int8"),
            ("faster, within two points", (slow, good), (fast, fair), "int8"),
            ("faster, fewer", (slow, good), (fast, poor), "fp32"),
            ("faster, loses the fallen", (slow, fallen), (fast, lost), "fp32"),
            ("slower", (fast, good), (slow, good), "fp32"),
        ):
            speeds = {"fp32": fp32[0], "int8": int8[0]}
            shares = {"fp32": fp32[1], "int8": int8[1]}
            with self.subTest(text):
                self.assertEqual(measure.verdict(speeds, shares, "a table")[0], expected)


if __name__ == "__main__":
    unittest.main()
