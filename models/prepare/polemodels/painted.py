"""Frames of a video as the detector's letterbox paints them (firmware/detector/src/letterbox.rs).

The golden result is about networks, so both sides of the comparison see the same bytes: the
decoder's YCbCr, each plane scaled bilinearly with half-pixel centres, BT.601 limited range.
Promises: bytes within one of the detector's own. Refuses: pictures it shrinks by more than two.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

COLOURS = {
    "red": (1.164383, 0.0, 1.596027),
    "green": (1.164383, -0.391762, -0.812968),
    "blue": (1.164383, 2.017232, 0.0),
}


def frames(video: Path, size: tuple[int, int], indices: list[int]) -> list[list[np.ndarray]]:
    """The planes Y, Cb and Cr of the frames `indices`, ascending, of a video of `size` pixels."""
    width, height = size
    wanted = "+".join(f"eq(n\\,{index})" for index in indices)
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-vf", f"select={wanted}"]
    command += ["-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    pictures = np.frombuffer(raw, np.uint8).reshape(len(indices), -1)
    luma, chroma = width * height, width * height // 4
    return [
        [
            picture[:luma].reshape(height, width),
            picture[luma : luma + chroma].reshape(height // 2, width // 2),
            picture[luma + chroma :].reshape(height // 2, width // 2),
        ]
        for picture in pictures
    ]


def paint(planes: list[np.ndarray], spec: dict) -> np.ndarray:
    """The network's input as bytes [H, W, 3], in the order of `spec`, padded right and below."""
    height, width = planes[0].shape
    scale = spec["long_side_px"] / max(width, height)
    rows, columns = round(height * scale), round(width * scale)
    luma, blue, red = (_scaled(plane, rows, columns) for plane in planes)
    order = ("blue", "green", "red") if spec["channel_order"] == "bgr" else tuple(COLOURS)
    shares = [COLOURS[colour] for colour in order]
    colours = [y * (luma - 16) + b * (blue - 128) + r * (red - 128) for y, b, r in shares]
    multiple = spec["multiple"]
    size = (-(-rows // multiple) * multiple, -(-columns // multiple) * multiple, 3)
    painted = np.full(size, spec["pad"], np.uint8)
    painted[:rows, :columns] = np.clip(np.rint(np.stack(colours, axis=-1)), 0, 255)
    return painted


def _scaled(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return _along(_along(plane.astype(np.float32), rows).T, columns).T


def _along(plane: np.ndarray, rows: int) -> np.ndarray:
    """Bilinear along the first axis, the border repeated."""
    place = np.clip((np.arange(rows) + 0.5) * len(plane) / rows - 0.5, 0, len(plane) - 1)
    low = place.astype(int)
    share = (place - low).astype(np.float32)[:, None]
    return plane[low] * (1 - share) + plane[np.minimum(low + 1, len(plane) - 1)] * share
