"""`python -m polemodels`: the work behind `scripts/prepare-models`, whose --help describes it."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from .manifest import BadManifest, Manifest, load
from .report import fail, say
from .sources import MIRROR, Shelf, Unavailable, WrongChecksum
from .workshop import Workshop, install_runtime, is_prepared

MODELS = Path(__file__).resolve().parents[2]
DEFAULT, SUBSTITUTE, POSE = "nanodet-plus-m", "nanodet-g", "movenet-lightning"


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    try:
        install_runtime(options.root, _runtime_library())
        if options.model:
            _workshop(options).prepare(load(MODELS / options.model / "model.toml"))
        else:
            _prepare_best(options)
            _prepare_pose(options)
    except FileNotFoundError as missing:
        fail(f"{missing.filename}: no such file")
        return 1
    except (BadManifest, OSError, Unavailable, ValueError, WrongChecksum) as error:
        fail(str(error))
        return 1
    return 0


def _prepare_best(options: argparse.Namespace) -> None:
    workshop = _workshop(options)
    wanted, substitute = (load(MODELS / name / "model.toml") for name in (DEFAULT, SUBSTITUTE))
    if _substitute_stands(options.root, wanted, substitute):
        say(f"{SUBSTITUTE} is prepared in {options.root / SUBSTITUTE}; to try for {DEFAULT} again, "
            f"give --model {DEFAULT}")
        return
    try:
        workshop.prepare(wanted)
    except Unavailable as reason:
        say(f"{DEFAULT} cannot be had here ({reason}); preparing {SUBSTITUTE}, which is slower and "
            "finds fewer people, instead")
        workshop.prepare(substitute)


def _prepare_pose(options: argparse.Namespace) -> None:
    manifest = load(MODELS / POSE / "model.toml")
    try:
        _workshop(options).prepare(manifest)
    except Unavailable as reason:
        say(f"{POSE} cannot be had here ({reason}); falls are told without it")


def _substitute_stands(root: Path, wanted: Manifest, substitute: Manifest) -> bool:
    """Whether an earlier run settled for the substitute and nothing has changed since."""
    return (
        MIRROR not in os.environ
        and not (root / wanted.name).exists()
        and is_prepared(substitute, root / substitute.name)
    )


def _workshop(options: argparse.Namespace) -> Workshop:
    def measure(manifest: Manifest, folder: Path) -> None:
        from . import measure

        (measure.measure if options.measure else measure.adopt)(manifest, folder)

    return Workshop(options.root, Shelf.at(options.root, options.offline), measure)


def _runtime_library() -> Path:
    package = Path(importlib.util.find_spec("onnxruntime").origin).parent
    return next((package / "capi").glob("libonnxruntime.so.*"))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prepare-models", add_help=False)
    parser.add_argument("--model", choices=[DEFAULT, SUBSTITUTE, POSE])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--measure", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--offline", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
