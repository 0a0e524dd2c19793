"""The same clips under worse conditions, made with FFmpeg, with truth files that still hold."""

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Way:
    """One way of worsening: FFmpeg's video filter, or its rate control."""

    words: str
    filter: str = "null"
    rate: tuple[str, ...] = ("-crf", "18")
    mirrored: bool = False


LOW_RATE = ("-b:v", "150k", "-maxrate", "150k", "-bufsize", "300k")
WAYS = {
    "dark": Way("0.4 of the brightness", "lutyuv=y='16+(val-16)*0.4'"),
    "night": Way(
        "no colour, darker towards the edges, luma noise of up to 12 of 255, new in every frame",
        "hue=s=0,vignette=angle=PI/6,noise=c0s=12:c0f=t",
    ),
    "noisy": Way("noise of up to 20 of 255, new in every frame", "noise=alls=20:allf=t"),
    "blurred": Way("Gaussian blur of 2 pixels", "gblur=sigma=2"),
    "five frames": Way("5 frames a second", "fps=5"),
    "small": Way("no wider than 320 pixels", "scale=w='min(320,iw)':h=-2"),
    "mirrored": Way("left and right exchanged", "hflip", mirrored=True),
    "low bit rate": Way("H.264 at 150 kbit/s", rate=LOW_RATE),
}


@contextlib.contextmanager
def worsened(clips: Path, way: Way) -> Iterator[Path]:
    """A folder of the worsened clips, for as long as it is needed."""
    folder = Path(tempfile.mkdtemp(prefix="polewatch-worsened-"))
    try:
        for path in sorted(clips.glob("*.json")):
            truth = json.loads(path.read_text())
            encode(clips / truth["clip"], way, folder / truth["clip"])
            if way.mirrored:
                truth = mirror(truth)
            (folder / path.name).write_text(json.dumps(truth))
        yield folder
    finally:
        shutil.rmtree(folder)


def encode(clip: Path, way: Way, target: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", clip, "-an", "-vf", way.filter,
               "-c:v", "libx264", "-preset", "veryfast", *way.rate, "-pix_fmt", "yuv420p", target]
    subprocess.run(command, check=True)


def mirror(truth: dict) -> dict:
    """The truth of the mirrored clip: polygons and boxes change sides."""
    zones = {name: [[1 - x, y] for x, y in corners] for name, corners in truth["zones"].items()}
    events = [event | mirrored_box(event) for event in truth["events"]]
    return truth | {"zones": zones, "events": events}


def mirrored_box(event: dict) -> dict:
    if not event.get("box"):
        return {}
    left, top, right, bottom = event["box"]
    return {"box": [1 - right, top, 1 - left, bottom]}
