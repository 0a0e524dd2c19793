"""Find a model's input files: kept from before, in the mirror folder, in npm, at a URL.

Promises: what it returns has the checksum the manifest names; a source that cannot be reached
fails within seconds and says in one line what was tried. Refuses: anything by name alone.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .manifest import NpmFile, Source
from .report import say

MIRROR = "POLEWATCH_MODEL_MIRROR"
CONNECT_TIMEOUT_S = 10
NPM_TIMEOUT_S = 900


class Unavailable(Exception):
    """A source file cannot be had here; the text says where it was sought."""


class WrongChecksum(Exception):
    """A file is not what the manifest says."""

    def __init__(self, file: str, expected: str, got: str):
        super().__init__(f"{file}: wrong sha256, expected {expected}, got {got}")


def sha256(content: bytes) -> str:
    """Hexadecimal, as manifests write it."""
    return hashlib.sha256(content).hexdigest()


def check(file: str, content: bytes, expected: str) -> bytes:
    """`content`, or [`WrongChecksum`]."""
    got = sha256(content)
    if got != expected:
        raise WrongChecksum(file, expected, got)
    return content


@dataclass(frozen=True)
class Shelf:
    """Where sources are looked for and kept."""

    kept: Path
    mirror: Path | None
    offline: bool

    @staticmethod
    def at(root: Path, offline: bool) -> Shelf:
        """The shelf of a models root, with the mirror the environment names."""
        mirror = os.environ.get(MIRROR)
        return Shelf(root / "sources", Path(mirror) if mirror else None, offline)

    def fetch(self, sources: list[Source]) -> dict[str, bytes]:
        """The content of every source, by file name."""
        return {source.file: self._fetch_one(source, sources) for source in sources}

    def _fetch_one(self, source: Source, siblings: list[Source]) -> bytes:
        kept = self.kept / source.sha256
        if kept.is_file():
            return check(str(kept), kept.read_bytes(), source.sha256)
        content = self._from_mirror(source)
        if content is None and self.offline:
            raise Unavailable(f"{source.file}: not in {self._places()}, and --offline was given")
        if content is None and source.npm:
            self._keep_npm(source.npm, siblings)
            return check(str(kept), kept.read_bytes(), source.sha256)
        if content is None:
            content = check(source.file, self._from_url(source), source.sha256)
        self._keep(source, content)
        return content

    def _places(self) -> str:
        return str(self.mirror) if self.mirror else f"{MIRROR} (which is not set)"

    def _keep(self, source: Source, content: bytes) -> None:
        self.kept.mkdir(parents=True, exist_ok=True)
        partial = self.kept / f"{source.sha256}.partial"
        partial.write_bytes(content)
        partial.replace(self.kept / source.sha256)

    def _from_mirror(self, source: Source) -> bytes | None:
        if not self.mirror:
            return None
        for path in sorted(self.mirror.rglob("*")):
            if path.is_file() and path.stat().st_size == source.bytes:
                content = path.read_bytes()
                if sha256(content) == source.sha256:
                    say(f"{source.file}: found in the mirror")
                    return content
        return None

    def _from_url(self, source: Source) -> bytes:
        if not source.url:
            raise Unavailable(f"{source.file}: not in {self._places()}, and it has no other source")
        say(f"{source.file}: downloading {source.bytes / 1e6:.1f} MB from {source.url}")
        try:
            with urllib.request.urlopen(source.url, timeout=CONNECT_TIMEOUT_S) as answer:
                return answer.read(source.bytes + 1)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unavailable(
                f"{source.file}: not in {self._places()}, and {source.url} failed: {reason}"
            ) from None

    def _keep_npm(self, wanted: NpmFile, siblings: list[Source]) -> None:
        """Download the package once and keep every file of it that `siblings` name."""
        with tempfile.TemporaryDirectory() as folder:
            archive = _npm_pack(wanted, Path(folder))
            for source in siblings:
                if source.npm:
                    content = _member(archive, f"package/{source.npm.path}")
                    self._keep(source, check(source.npm.path, content, source.sha256))


def _member(archive: Path, name: str) -> bytes:
    try:
        with tarfile.open(archive) as package:
            return package.extractfile(name).read()
    except (KeyError, tarfile.TarError) as error:
        raise Unavailable(f"{archive.name}: {error}") from None


def _npm_pack(wanted: NpmFile, folder: Path) -> Path:
    name = f"{wanted.package}@{wanted.version}"
    if not shutil.which("npm"):
        raise Unavailable(f"{name}: npm is not installed (Debian: apt-get install npm)")
    say(f"{name}: npm pack, some 145 MB, minutes on a slow line")
    command = ["npm", "pack", name, "--silent", "--fetch-retries=1"]
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=NPM_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{name}: npm pack took over {NPM_TIMEOUT_S} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise Unavailable(f"{name}: npm pack failed: {lines[0]}") from None
    return next(folder.glob("*.tgz"))
