"""One run of polescore on one folder of clips."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Scorer:
    """The built programs and where their results are kept."""

    programs: Path
    out: Path
    jobs: int | None

    def score(self, clips: Path, name: str) -> dict:
        """polescore's figures; its configurations and events stay in the folder `name`."""
        kept = self.kept(name)
        kept.mkdir(parents=True, exist_ok=True)
        figures = kept / "score.json"
        command = [self.programs / "polescore", "run", clips, "--json", figures, "--keep", kept]
        if self.jobs:
            command += ["--jobs", str(self.jobs)]
        subprocess.run(command, check=True)
        return json.loads(figures.read_text())

    def decided(self, clips: Path, seen: Path, polewatchd: Path) -> dict:
        """The figures of the rules of `polewatchd` on what an earlier scoring kept in `seen`."""
        figures = self.out / "decided.json"
        command = [self.programs / "polescore", "run", clips, "--decide", seen,
                   "--polewatchd", polewatchd, "--json", figures]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return json.loads(figures.read_text())

    def kept(self, name: str) -> Path:
        return self.out / name
