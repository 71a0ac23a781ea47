"""The pictures of a row, small: of a clip onset, apex and offset of its first expression, or its first, middle and last frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ...model.perception.clip import fetch
from ...model.perception.picture import read_picture
from ...model.perception.video import is_clip, open_clip
from ..checks.labels import events
from ..records import Record
from .built import media_path
from .cards import Card

ANY_FPS = 25.0  # of a folder of frames that tells none: only positions are asked for
MOMENTS = ("onset", "apex", "offset")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Shot:
    """`pixels` [h, w, 3] RGB, scaled down, or None and the reason in `fault`; `boxes` (what, where) are shares of width and
    height."""

    caption: str
    pixels: np.ndarray | None = None
    boxes: tuple[tuple[str, Box], ...] = ()
    fault: str = ""


def shots(folder: Path, card: Card, side: int) -> Iterator[Shot]:
    """At most `side` px a side. A medium that cannot be read is a shot with a fault."""
    for number, name in enumerate(card.media):
        path = media_path(folder, name)
        boxes = (
            _boxes(card) if number == len(card.media) - 1 else ()
        )  # boxes are those of the record's own picture, a pair's second
        caption = {0: "first", 1: "second"}.get(number, str(number + 1)) if len(card.media) > 1 else ""
        try:
            if is_clip(path):
                yield from _clip_shots(path, card, boxes, side)
            else:
                yield _shot(caption, read_picture(path).pixels, boxes, side)
        except FacewiseError as error:
            yield Shot(caption or "picture", fault=str(error))


def _boxes(card: Card) -> tuple[tuple[str, Box], ...]:
    objects = (card.row.objects if card.row else None) or {}
    boxes = objects.get("bbox", [])
    names = objects.get("ref") or [""] * len(boxes)
    return tuple((str(name), tuple(box)) for name, box in zip(names, boxes))


def _clip_shots(path: Path, card: Card, boxes: Iterable[tuple[str, Box]], side: int) -> Iterator[Shot]:
    frames = card.meta.get("frames")
    clip = open_clip(path, _fps(card.record) if path.is_dir() else None)
    wanted = _moments(card.record, frames, clip.frames_told)
    pictures = {frame.index: frame.pixels for frame in fetch(clip, set(wanted.values()))}
    for caption, index in wanted.items():
        if index in pictures:
            yield _shot(f"{caption}, frame {index}", pictures[index], boxes, side)
        else:
            yield Shot(f"{caption}, frame {index}", fault=f"{path}: no frame {index}")


def _fps(record: Record | None) -> float:
    return float(((record.clip if record else None) or {}).get("fps") or ANY_FPS)


def _moments(record: Record | None, frames: Any, total: int | None) -> dict[str, int]:
    """Caption -> position: the moments of the first expression, a single labelled frame, or three frames of the section."""
    found = sorted(events(record), key=lambda event: (event.get("kind") == "blink", event["onset"])) if record else []
    if found:
        return {name: int(found[0][name]) for name in MOMENTS if found[0].get(name) is not None}
    first, last = frames or (0, (total or 1) - 1)
    if first == last:
        return {"frame": first}
    return {"first": first, "middle": (first + last) // 2, "last": last}


def _shot(caption: str, pixels: np.ndarray, boxes: Iterable[tuple[str, Box]], side: int) -> Shot:
    height, width = pixels.shape[:2]
    shares = tuple((name, (x1 / width, y1 / height, x2 / width, y2 / height)) for name, (x1, y1, x2, y2) in boxes)
    scale = min(1.0, side / max(height, width))
    size = max(1, round(scale * width)), max(1, round(scale * height))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    return Shot(caption, small, shares)
