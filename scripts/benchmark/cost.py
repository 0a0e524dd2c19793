"""What one 720p camera costs with every kind of rule on: a busy scene and an idle one.

Both are Debian's vtest.avi enlarged to 1280x720 and sent at 25 frames a second, as a camera does:
the film itself, in which five to ten people walk about all the time, and one picture of it that
stands still under sensor noise. Analysed at 10 frames a second. Where `busiest` clips are given
(labelled clips that may not be published), the one that costs most is told too.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from .machine import VIDEO, Place

ENLARGED = "scale=1280:960,crop=1280:720:0:240,fps=25"
ENCODED = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "25", "-bf", "0",
           "-pix_fmt", "yuv420p"]
# Seconds of the idle scene, and the noise of its sensor in levels.
IDLE_S, NOISE = 60, 4
PARTS = {"inference": "inference_cpu_s", "scene": "scene_cpu_s", "rules": "rules_cpu_s"}


def measure(programs: Path, place: Place, clips: Path | None) -> dict:
    """CPU seconds per second of video of each scene, and what they are made of."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        scenes = {"busy": folder / "busy.mp4", "idle": folder / "idle.mp4"}
        encode(["-i", VIDEO, "-vf", ENLARGED], scenes["busy"])
        still = folder / "still.png"
        encode(["-i", VIDEO, "-frames:v", "1", "-vf", ENLARGED], still, [])
        noise = ["-vf", f"noise=alls={NOISE}:allf=t"]
        encode(["-loop", "1", "-framerate", "25", "-t", str(IDLE_S), "-i", still, *noise],
               scenes["idle"])
        cost = {name: run(programs, place, scene, folder) for name, scene in scenes.items()}
        for clip in sorted(clips.glob("*.mp4")) if clips else []:
            enlarged = folder / clip.name
            encode(["-i", clip, "-vf", "scale=1280:720,setsar=1"], enlarged)
            one = run(programs, place, enlarged, folder)
            enlarged.unlink()
            if one["whole"] > cost.get("clip", {"whole": 0})["whole"]:
                cost["clip"] = one | {"name": clip.stem}
    for name, one in cost.items():
        print(f"  {one.get('name', name)}: {one['whole']:.3f} of a core", flush=True)
    return {"cost": cost, "cost_idle": cost["idle"]["whole"],
            "cost_busiest": max(one["whole"] for one in cost.values())}


def encode(source: list, target: Path, encoder: list[str] = ENCODED) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *source, *encoder, target]
    subprocess.run(command, check=True)


def run(programs: Path, place: Place, film: Path, folder: Path) -> dict:
    config, stats = folder / "cost.toml", folder / "cost.json"
    config.write_text(CONFIG.format(model=place.model))
    subprocess.run(
        [programs / "polewatchd", "replay", film, "--config", config,
         "--events", folder / "events.jsonl", "--stats", stats],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    run = json.loads(stats.read_text())
    video, whole = run["video_s"], run["cpu_s"] - run["startup_cpu_s"]
    parts = {part: run[key] / video for part, key in PARTS.items()}
    asked = {"closer": run["closer_cpu_s"] / video, "poses": run["pose_cpu_s"] / video}
    return {"whole": whole / video, **parts, **asked,
            "rest": whole / video - sum(parts.values()),
            "rss_mib": run["rss_peak_bytes"] / 2**20}


CONFIG = """
site = "bench"
box = "bench"
[detector]
model = "{model}"
backend = "onnxruntime"
precision = "int8"
[[zone]]
name = "lower half"
polygon = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]
[[rule]]
name = "intrusion"
kind = "intrusion"
zone = "lower half"
[[rule]]
name = "loitering"
kind = "loitering"
[[rule]]
name = "falldown"
kind = "falldown"
[[rule]]
name = "abandonment"
kind = "abandonment"
[[rule]]
name = "camera"
kind = "camera_fault"
"""
