"""`model.toml`: where a model comes from, what is done to it, what must come out.

Promises: a manifest that loads has every key the preparation reads. docs/models.md documents
them all. Refuses: judging the keys only the detector reads.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path


class BadManifest(ValueError):
    """A `model.toml` lacks a key or has a wrong one."""


@dataclass(frozen=True)
class NpmFile:
    """A file inside a published npm package."""

    package: str
    version: str
    path: str


@dataclass(frozen=True)
class Source:
    """One input file, known by its content; at most one of `url` and `npm` says where it is."""

    file: str
    sha256: str
    bytes: int
    url: str | None
    npm: NpmFile | None


@dataclass(frozen=True)
class Conversion:
    """How the sources become the fp32 network."""

    format: str
    upstream_classes: int = 0
    kept_classes: list[int] = field(default_factory=list)
    keep_float: list[str] = field(default_factory=list)
    """Nodes, by first output, that stay in float in the INT8 network."""


@dataclass(frozen=True)
class Weights:
    """One prepared file."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Precision(Weights):
    """One prepared file of a detector, and the thresholds that go with it."""

    start_confidence: float
    keep_confidence: float
    suppression_iou: float
    measured: dict[str, float]
    """What was measured with them, for machines without footage."""
    light: dict[str, dict[str, float]] = field(default_factory=dict)
    """The scores that count in other light than the day's (`lights.py`)."""


@dataclass(frozen=True)
class Manifest:
    """A `model.toml`, with the text it was read from."""

    path: Path
    content: bytes
    name: str
    sources: list[Source]
    conversion: Conversion
    input: dict
    head: dict
    classes: dict[str, int]
    precision: dict[str, Weights]

    @property
    def is_detector(self) -> bool:
        """Whether it finds objects of its classes; a pose estimator has none."""
        return bool(self.classes)

    @property
    def ranges_path(self) -> Path:
        """The committed activation ranges."""
        return self.path.with_name("ranges.toml")

    def ranges(self) -> dict[str, list[float]]:
        """Lowest and highest value of each tensor."""
        return tomllib.loads(self.ranges_path.read_text())["ranges"]


def load(path: Path) -> Manifest:
    """Read one `model.toml`."""
    content = path.read_bytes()
    try:
        document = tomllib.loads(content.decode())
        return Manifest(
            path=path,
            content=content,
            name=document["name"],
            sources=[_source(entry) for entry in document["source"]],
            conversion=Conversion(**document["conversion"]),
            input=document["input"],
            head=document["head"],
            classes=document.get("classes", {}),
            precision=_precisions(document),
        )
    except KeyError as missing:
        raise BadManifest(f"{path}: key {missing} is missing") from None
    except (TypeError, ValueError) as wrong:
        raise BadManifest(f"{path}: {wrong}") from None


def _precisions(document: dict) -> dict[str, Weights]:
    tables = document["precision"]
    if "classes" in document:
        return {name: Precision(**tables[name]) for name in ("fp32", "int8")}
    return {"fp32": Weights(**tables["fp32"])}


def _source(entry: dict) -> Source:
    npm = NpmFile(**entry["npm"]) if "npm" in entry else None
    return Source(entry["file"], entry["sha256"], entry["bytes"], entry.get("url"), npm)
