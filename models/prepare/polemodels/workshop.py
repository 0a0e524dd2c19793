"""Make one prepared folder: `ROOT/NAME/{model.toml, fp32.onnx, int8.onnx, measured.toml}`; that of a
pose estimator has the first two.

Promises: the folder is whole or absent (built beside it, then renamed); what stands in it has the
checksums of its manifest; a second run only compares them. Refuses: keeping anything that does
not match; what was converted for NPUs is kept with the fp32 network it was made from.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .manifest import Manifest
from .report import say
from .sources import Shelf, check, sha256


@dataclass(frozen=True)
class Workshop:
    """`measure` writes `measured.toml` into the folder it is given."""

    root: Path
    shelf: Shelf
    measure: Callable[[Manifest, Path], None]

    def prepare(self, manifest: Manifest) -> bool:
        """Make the folder; false when it was there already."""
        folder = self.root / manifest.name
        if is_prepared(manifest, folder):
            say(f"{manifest.name} is prepared in {folder}")
            return False
        files = build(manifest, self.shelf)
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=f".{manifest.name}-") as temporary:
            new = Path(temporary) / "new"
            new.mkdir()
            for name, content in files.items():
                (new / name).write_bytes(content)
            if manifest.is_detector:
                self.measure(manifest, new)
            keep_conversions(manifest, folder, new)
            if folder.exists():
                folder.rename(Path(temporary) / "old")
            new.rename(folder)
        say(f"{manifest.name} is ready in {folder}")
        return True


def keep_conversions(manifest: Manifest, folder: Path, new: Path) -> None:
    """Take over what `folder` has for NPUs, as long as it was converted from this very fp32 network:
    some of it was made by hand or on another machine."""
    if not (folder / "npu.toml").is_file():
        return
    precision = manifest.precision["fp32"]
    source = folder / precision.file
    if not source.is_file() or sha256(source.read_bytes()) != precision.sha256:
        say(f"{manifest.name}: the NPU's files are of another network: run scripts/prepare-npu")
        return
    for path in folder.iterdir():
        if path.is_file() and not (new / path.name).exists():
            shutil.copy2(path, new)
    say(f"{manifest.name}: the NPU's files are kept")


def is_prepared(manifest: Manifest, folder: Path) -> bool:
    """Whether `folder` holds what the manifest names, byte for byte."""
    expected = {"model.toml": sha256(manifest.content)}
    expected |= {precision.file: precision.sha256 for precision in manifest.precision.values()}
    if manifest.is_detector and not (folder / "measured.toml").is_file():
        return False
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file() or sha256(path.read_bytes()) != digest:
            return False
    return True


def build(manifest: Manifest, shelf: Shelf) -> dict[str, bytes]:
    """The files of the prepared folder, checked against the manifest."""
    sources = shelf.fetch(manifest.sources)
    say(f"{manifest.name}: converting from {manifest.conversion.format}")
    files = {"model.toml": manifest.content}
    for precision, content in networks(manifest, sources).items():
        files[manifest.precision[precision].file] = _checked(manifest, precision, content)
    return files


def networks(manifest: Manifest, sources: dict[str, bytes]) -> dict[str, bytes]:
    """The file of each precision the manifest names, whatever its checksum."""
    from .quantize import quantize

    graph = float_graph(manifest, sources)
    files = {"fp32": graph.to_bytes()}
    if "int8" in manifest.precision:
        int8 = quantize(graph, manifest.ranges(), set(manifest.conversion.keep_float))
        files["int8"] = int8.to_bytes()
    return files


def float_graph(manifest: Manifest, sources: dict[str, bytes]):
    """The converted network; a detector's is cut to the classes that are used."""
    from . import movenet_net, ncnn_net, tfjs_net
    from .simplify import pool_first
    from .trim import trim

    text, weights = (sources[source.file] for source in manifest.sources)
    convert = {
        "ncnn": ncnn_net.convert,
        "tfjs": tfjs_net.convert,
        "tfjs-movenet": movenet_net.convert,
    }[manifest.conversion.format]
    graph = convert(text.decode(), weights, manifest.name)
    if not manifest.is_detector:
        return graph
    return trim(
        pool_first(graph),
        manifest.conversion.upstream_classes,
        manifest.conversion.kept_classes,
        manifest.input["tensor"],
        manifest.head["outputs"],
    )


def _checked(manifest: Manifest, precision: str, content: bytes) -> bytes:
    expected = manifest.precision[precision]
    return check(f"{manifest.name}/{expected.file}", content, expected.sha256)


def install_runtime(root: Path, library: Path) -> None:
    """Copy ONNX Runtime's shared library to where the detector looks for it."""
    target = root / "runtime" / "libonnxruntime.so"
    content = library.read_bytes()
    if target.is_file() and sha256(target.read_bytes()) == sha256(content):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(content)
    shutil.copymode(library, partial)
    partial.replace(target)
    say(f"{library.name} is in {target}")
