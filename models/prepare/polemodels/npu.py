"""`python -m polemodels.npu`: the work behind `scripts/prepare-npu`, whose --help describes it.

Makes `ROOT/NAME/{PLATFORM-WxH.rknn..., npu.toml}` beside a prepared model. Promises: `npu.toml`
names only files that are there, by checksum; it is written last; a second run only compares.
Refuses: a network that is not the manifest's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from pathlib import Path

from . import recipe as recipes
from .manifest import BadManifest, Manifest, load
from .quantize import MissingRange
from .recipe import Recipe
from .report import fail, say, speak_as
from .sources import WrongChecksum, check, sha256

MODELS = Path(__file__).resolve().parents[2]
DETECTORS = ("nanodet-plus-m", "nanodet-g")
PLATFORMS = ("rk3588", "rk3566", "rv1126b")
"""rk3566 is the same NPU as rk3568's."""
SIZES = ((640, 480), (640, 384))
"""What 4:3 and 16:9 pictures become; a chip's network has one size for good."""


def main(arguments: list[str]) -> int:
    speak_as("prepare-npu")
    options = _options(arguments)
    try:
        for name in _names(options):
            manifest = load(MODELS / name / "model.toml")
            prepare(manifest, recipes.load(manifest), options.root / name, options)
    except FileNotFoundError as missing:
        fail(f"{missing.filename}: no such file")
    except (BadManifest, MissingRange, OSError, WrongChecksum) as error:
        fail(str(error))
    except _toolkit().ToolkitFailed as error:
        fail(f"rknn-toolkit2: {error}")
    else:
        return 0
    return 1


def prepare(manifest: Manifest, recipe: Recipe, folder: Path, options) -> bool:
    """Convert for every platform and size; false when it was done already."""
    onnx = folder / manifest.precision["fp32"].file
    check(str(onnx), onnx.read_bytes(), manifest.precision["fp32"].sha256)
    heading = _heading(manifest, recipe)
    if is_prepared(folder, heading, options.platforms):
        say(f"{manifest.name}: the NPUs' networks are in {folder}")
        return False
    plan = [(platform, *size) for platform in options.platforms for size in SIZES]
    if options.dry_run:
        for platform, width, height in plan:
            say(f"{manifest.name}: would make {folder / _file(platform, width, height)}")
        return True
    with tempfile.TemporaryDirectory(dir=folder, prefix=".npu-") as new:
        entries = [
            _convert(manifest, recipe, onnx, Path(new) / _file(*target), target) for target in plan
        ]
        (folder / "npu.toml").unlink(missing_ok=True)
        for made in Path(new).iterdir():
            made.replace(folder / made.name)
    (folder / "npu.toml").write_text("\n".join([heading, *entries]))
    say(f"{manifest.name}: {len(plan)} networks are ready in {folder}")
    return True


def is_prepared(folder: Path, heading: str, platforms: list[str]) -> bool:
    """Whether `npu.toml` was made by this recipe for these platforms and its files stand."""
    path = folder / "npu.toml"
    if not path.is_file() or not path.read_text().startswith(f"{heading}\n"):
        return False
    entries = tomllib.loads(path.read_text()).get("model", [])
    files = {entry["file"]: entry["sha256"] for entry in entries}
    expected = {_file(platform, *size) for platform in platforms for size in SIZES}
    return expected <= files.keys() and all(
        (folder / file).is_file() and sha256((folder / file).read_bytes()) == digest
        for file, digest in files.items()
    )


def _heading(manifest: Manifest, recipe: Recipe) -> str:
    """The first line of `npu.toml`: what it was made from. `.rknn` files differ from run to run."""
    used = manifest.ranges_path.read_bytes() + repr(recipe).encode()
    return (
        f"# By scripts/prepare-npu from fp32.onnx {manifest.precision['fp32'].sha256[:16]}, "
        f"ranges and recipe {sha256(used)[:16]}."
    )


def _convert(manifest: Manifest, recipe: Recipe, onnx: Path, path: Path, target: tuple) -> str:
    platform, width, height = target
    toolkit = _toolkit()
    say(f"{manifest.name}: converting for {platform}, {width}x{height}")
    job = toolkit.Job(manifest, recipe, onnx.resolve(), platform, width, height)
    with toolkit.converted(job) as network:
        network.export(path)
    return entry(recipe, path, target)


def entry(recipe: Recipe, path: Path, target: tuple[str, int, int]) -> str:
    """A network's table in `npu.toml`."""
    platform, width, height = target
    content = path.read_bytes()
    keys = {
        "platform": platform,
        "file": path.name,
        "sha256": sha256(content),
        "bytes": len(content),
        "width": width,
        "height": height,
        "toolkit": f"rknn-toolkit2 {recipe.toolkit}",
        "start_confidence": recipe.start_confidence,
        "keep_confidence": recipe.keep_confidence,
        "suppression_iou": recipe.suppression_iou,
    }
    lines = [
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in keys.items()
    ]
    return "\n".join(["", "[[model]]", *lines, ""])


def _file(platform: str, width: int, height: int) -> str:
    return f"{platform}-{width}x{height}.rknn"


def _names(options: argparse.Namespace) -> list[str]:
    """The model asked for, else the detectors that are prepared."""
    if options.model:
        return [options.model]
    found = [name for name in DETECTORS if (options.root / name / "model.toml").is_file()]
    if not found:
        raise BadManifest(f"{options.root}: no detector is prepared; run scripts/prepare-models")
    return found


def _toolkit():
    """Imported late: the tests of everything else need no toolkit."""
    from . import rknn_toolkit

    return rknn_toolkit


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prepare-npu", add_help=False)
    parser.add_argument("--model", choices=DETECTORS)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--platform", dest="platforms", action="append", choices=PLATFORMS)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args(arguments)
    options.platforms = options.platforms or list(PLATFORMS)
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
