"""`python -m polemodels.npu`: the work behind `scripts/prepare-npu`, whose --help describes it.

Makes `ROOT/NAME/{PLATFORM-WxH.rknn..., npu.toml}` beside a prepared model. Promises: `npu.toml`
names only files that are there, by checksum, and is replaced in one step, last; entries that are not
of this run, written by hand perhaps, stay as they are; a second run only compares. Refuses: a network
that is not the manifest's.
"""

from __future__ import annotations

import argparse
import re
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
"""What 4:3 and 16:9 pictures become, if none is asked for; a chip's network has one size for good."""


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
    plan = [(platform, *size) for platform in options.platforms for size in options.sizes]
    if is_prepared(folder, heading, plan):
        say(f"{manifest.name}: the NPUs' networks are in {folder}")
        return False
    kept = entries_kept(folder, plan)
    if options.dry_run:
        for platform, width, height in plan:
            say(f"{manifest.name}: would make {folder / _file(platform, width, height)}")
        return True
    with tempfile.TemporaryDirectory(dir=folder, prefix=".npu-") as new:
        entries = [
            _convert(manifest, recipe, onnx, Path(new) / _file(*target), target) for target in plan
        ]
        made = list(Path(new).iterdir())
        (Path(new) / "npu.toml").write_text(_text(heading, entries, kept))
        for path in [*made, Path(new) / "npu.toml"]:
            path.replace(folder / path.name)
    say(f"{manifest.name}: {len(plan)} networks are ready in {folder}")
    return True


def is_prepared(folder: Path, heading: str, plan: list[tuple]) -> bool:
    """Whether `npu.toml` has these platforms and sizes by this recipe, and their files stand."""

    def stands(block: str, model: dict) -> bool:
        path = folder / model["file"]
        made_so = heading in block.splitlines()
        return made_so and path.is_file() and sha256(path.read_bytes()) == model["sha256"]

    standing = [_target(model) for block, model in _blocks(folder) if stands(block, model)]
    return set(plan) <= set(standing)


def entries_kept(folder: Path, plan: list[tuple]) -> list[str]:
    """The entries of `npu.toml` that are not of `plan` and whose files are there, to the letter."""
    kept = []
    for block, model in _blocks(folder):
        if (folder / model["file"]).is_file() and _target(model) not in plan:
            kept.append(block)
    return kept


def _blocks(folder: Path) -> list[tuple[str, dict]]:
    """Each `[[model]]` of `npu.toml`: its text and what that says."""
    path = folder / "npu.toml"
    text = path.read_text() if path.is_file() else ""
    texts = re.split(r"(?m)^(?=\[\[model\]\])", text)[1:]
    try:
        blocks = [(block, tomllib.loads(block)["model"][0]) for block in texts]
        for _, model in blocks:
            _target(model), model["file"], model["sha256"]
    except tomllib.TOMLDecodeError as error:
        raise BadManifest(f"{path}: {error}; mend or delete it") from error
    except KeyError as missing:
        raise BadManifest(f"{path}: a [[model]] has no {missing}; mend or delete it") from missing
    return blocks


def _target(model: dict) -> tuple[str, int, int]:
    return (model["platform"], model["width"], model["height"])


def _text(heading: str, entries: list[str], kept: list[str]) -> str:
    """`npu.toml`: what was made now, each with what it was made from, then what was there."""
    made = [entry.replace("[[model]]", f"[[model]]\n{heading}", 1) for entry in entries]
    return "\n\n".join(block.strip() for block in [*made, *kept]) + "\n"


def _heading(manifest: Manifest, recipe: Recipe) -> str:
    """What an entry of `npu.toml` was made from. `.rknn` files differ from run to run."""
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


def _size(word: str) -> tuple[int, int]:
    """An input's size in pixels: `640x512`."""
    numbers = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", word)
    width, height = (int(number) for number in numbers.groups()) if numbers else (0, 0)
    if not width or width % 32 or height % 32:
        raise argparse.ArgumentTypeError(f"{word}: expected WIDTHxHEIGHT in multiples of 32")
    return width, height


def _toolkit():
    """Imported late: the tests of everything else need no toolkit."""
    from . import rknn_toolkit

    return rknn_toolkit


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prepare-npu", add_help=False)
    parser.add_argument("--model", choices=DETECTORS)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--platform", dest="platforms", action="append", choices=PLATFORMS)
    parser.add_argument("--size", dest="sizes", action="append", type=_size)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args(arguments)
    options.sizes = options.sizes or list(SIZES)
    options.platforms = options.platforms or list(PLATFORMS)
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
