"""The same job as `polewatchd replay`, as a careful user of OpenCV and ONNX Runtime writes it.

    python -m benchmark.peer VIDEO MODEL_FOLDER PRECISION FPS

Decodes, takes frames at FPS, letterboxes, runs the network, decodes its head and suppresses
duplicates; follows nobody. Buffers are made once, scores are looked at before boxes are computed,
and everything runs on one thread. Prints one JSON object: frames, video_s, cpu_s,
inference_cpu_s, detections. CPU is counted from the first frame on, without imports and start-up.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

# Read by OpenCV when it opens a file: its FFmpeg takes a thread for each core otherwise.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "threads;1"

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from .model import Model  # noqa: E402


class Letterbox:
    """A picture, scaled into the top left of the network's input, normalised, channels first."""

    def __init__(self, model: Model, width: int, height: int):
        rows, columns = model.input_shape(width, height)
        self.scale = model.input["long_side_px"] / max(width, height)
        self.size = (round(width * self.scale), round(height * self.scale))
        self.canvas = np.full((rows, columns, 3), model.input["pad"], np.uint8)
        self.inside = self.canvas[: self.size[1], : self.size[0]]
        self.normal = np.empty((rows, columns, 3), np.float32)
        self.blob = np.empty((1, 3, rows, columns), np.float32)
        self.mean = np.array(model.input["mean"], np.float32)
        self.inverse = 1 / np.array(model.input["std"], np.float32)

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        if self.inside.shape == picture.shape:
            self.inside[:] = picture
        else:
            self.inside[:] = cv2.resize(picture, self.size, interpolation=cv2.INTER_LINEAR)
        np.subtract(self.canvas, self.mean, out=self.normal, dtype=np.float32)
        self.normal *= self.inverse
        self.blob[0] = self.normal.transpose(2, 0, 1)
        return self.blob


class NanoDetPlus:
    """Boxes from the head of NanoDet-Plus: class logits, then four distributions of distances."""

    def __init__(self, model: Model):
        assert model.head["kind"] == "nanodet-plus", model.head["kind"]
        self.strides = model.head["strides"]
        self.classes = model.head["classes"]
        self.bins = np.arange(model.head["bins"], dtype=np.float32)
        self.offset = model.head["anchor_offset"]
        self.keep = model.weights["keep_confidence"]
        self.keep_logit = float(np.log(self.keep / (1 - self.keep)))
        self.iou = model.weights["suppression_iou"]

    def __call__(self, outputs: list[np.ndarray]) -> list[tuple]:
        boxes, scores, classes = [], [], []
        for stride, output in zip(self.strides, outputs):
            logits = output[0, : self.classes]
            of_class, row, column = np.nonzero(logits > self.keep_logit)
            if len(row) == 0:
                continue
            distances = output[0, self.classes :, row, column].reshape(len(row), 4, -1)
            distances = np.exp(distances - distances.max(axis=2, keepdims=True))
            distances /= distances.sum(axis=2, keepdims=True)
            left, top, right, bottom = (distances @ self.bins * stride).T
            x, y = (column + self.offset) * stride, (row + self.offset) * stride
            boxes.append(np.stack([x - left, y - top, left + right, top + bottom], axis=1))
            scores.append(1 / (1 + np.exp(-logits[of_class, row, column])))
            classes.append(of_class)
        if not boxes:
            return []
        boxes, scores, classes = (np.concatenate(part) for part in (boxes, scores, classes))
        kept = cv2.dnn.NMSBoxesBatched(boxes, scores, classes, self.keep, self.iou)
        return [(int(classes[i]), float(scores[i]), *boxes[i]) for i in kept]


def main(video: str, folder: str, precision: str, fps: float) -> None:
    cv2.setNumThreads(1)
    model = Model(Path(folder), precision)
    capture = cv2.VideoCapture(video, cv2.CAP_FFMPEG)
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    file_fps = capture.get(cv2.CAP_PROP_FPS)
    letterbox, head = Letterbox(model, width, height), NanoDetPlus(model)
    model.run(letterbox.blob)  # The first run allocates.

    began = cpu_seconds()
    inference = 0.0
    decoded = analysed = detections = 0
    next_time = 0.0
    while capture.grab():
        now = decoded / file_fps
        decoded += 1
        if now + 1e-6 < next_time:
            continue
        next_time += 1 / fps
        _, picture = capture.retrieve()
        blob = letterbox(picture)
        before = time.thread_time()
        outputs = model.run(blob)
        inference += time.thread_time() - before
        detections += len(head(outputs))
        analysed += 1
    result = {
        "frames": analysed,
        "video_s": decoded / file_fps,
        "cpu_s": cpu_seconds() - began,
        "inference_cpu_s": inference,
        "detections": detections,
    }
    print(json.dumps(result))


def cpu_seconds() -> float:
    """CPU of every thread of this process, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
