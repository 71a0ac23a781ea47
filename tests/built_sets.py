"""Small sets for the tests of `facewise build`: drawn pictures, files of records, an engine that can break off."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.record_rows import lines
from facewise.data_builders.build.settings import Origin, Settings
from facewise.data_builders.records import Record, write_records

OUTPUTS = ("records.jsonl", "rows.jsonl", "rejects.jsonl", "report.json", "README.md", "settings.json", "data", "media")
EMOTIONS = ("happiness", "sadness", "surprise")


class Here:
    """An engine of this process that breaks off after `results`; a negative number: never."""

    def __init__(self, results: int = -1):
        self.left = results

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        for task in tasks:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield function(task)


def noise(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """A smooth picture of its own."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels[..., ::-1])
    return path


def video(path: Path, count: int, fps: int = 25) -> list[np.ndarray]:
    """Frames that are grey, each at a level of its own; without loss."""
    frames = [np.full((48, 64, 3), 10 + 7 * number, np.uint8) for number in range(count)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 48, "yuv420p", {"crf": "0"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())
    return frames


def record(number: int, **known: Any) -> Record:
    told = {
        "dataset": "Drawn",
        "licence": "none",
        "subject": f"drawn/{number}",
        "emotion": EMOTIONS[number % 3],
        "live": True,
        "aus": {"AU12": (2.0, 2.0), "AU4": (0.0, 0.0)},
    }
    return Record(**{"id": f"drawn/{number}", "media": f"{number}.png", **told, **known})


def drawn(folder: Path, count: int = 12, **known: Any) -> Path:
    """A file of records of that many pictures; every fourth is for the test."""
    for number in range(count):
        save(folder / f"{number}.png", noise(number))
    parts = ("train", "train", "train", "test")
    write_records(folder / "records.jsonl", [record(number, split=parts[number % 4], **known) for number in range(count)])
    return folder / "records.jsonl"


def filed(folder: Path, *records: Record) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder / "records.jsonl", records)
    return folder / "records.jsonl"


def asked(*files: Path, **options: Any) -> Settings:
    return Settings(tuple(Origin("", file) for file in files), **options)


def built(out: Path, *files: Path, **options: Any) -> dict[str, Any]:
    return build_set(out, asked(*files, **options), Here())


def told(out: Path, name: str) -> list[dict[str, Any]]:
    return list(lines(out / name))


def tree(out: Path) -> dict[str, bytes]:
    """All that a user is given."""
    files = (path for name in OUTPUTS for path in ([out / name] if (out / name).is_file() else (out / name).rglob("*")))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files if path.is_file()}
