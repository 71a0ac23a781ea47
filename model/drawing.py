"""Pictures to look at and believe: faces with ids, landmarks by region, views, and a clip's motion curve with its intervals.

Matplotlib draws what has axes, OpenCV what lies on pixels. Nothing here is read by a model.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from .errors import FacewiseError
from .perception.faces import DetectedFace
from .perception.patches import BROWS, LIDS, MOUTH, REGIONS
from .perception.spotting import Spotted
from .taxonomy import REGIONS as LANDMARK_REGIONS

INK = (24, 24, 27)
PAPER = (250, 250, 249)
# Okabe and Ito's palette: told apart by colour-blind readers, too
COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (240, 228, 66))
CLOSED = ("right eye", "left eye", "outer lips", "inner lips")
GROUPS = {
    "brows": BROWS,
    "lids": LIDS,
    "mouth": MOUTH,
    "nose and cheeks": tuple(n for n in REGIONS if "cheek" in n or "nose" in n),
}
KIND_COLOURS = {"micro": "#d55e00", "macro": "#0072b2", "blink": "#999999"}
TALLEST_PX = 720


Rows = Sequence[tuple[str, Sequence[tuple[str, np.ndarray]]]]  # (title, [(name, picture), ...]) by row


def faces_drawn(pixels: np.ndarray, faces: Sequence[DetectedFace], notes: Sequence[str] = ()) -> np.ndarray:
    """RGB [h, w, 3]: each face's box with its number, its landmarks region by region, and its note."""
    drawn = np.ascontiguousarray(pixels).copy()
    for place, face in enumerate(faces):
        width = max(1, round(face.iod_px / 60))
        _box(drawn, face, width)
        if face.ibug68 is not None:
            _landmarks(drawn, face.ibug68[:, :2], width)
        _label(drawn, f"face {face.id + 1}" + (f": {notes[place]}" if place < len(notes) and notes[place] else ""), face.box)
    return drawn


def sheet(main: np.ndarray, rows: Rows, tile: int = 168) -> np.ndarray:
    """RGB: the main picture, and beside it rows of named tiles under their title."""
    scale = min(1.0, TALLEST_PX / main.shape[0])
    left = cv2.resize(main, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else main
    return _side_by_side(left, grid(rows, tile)) if rows else left


def grid(rows: Rows, tile: int = 168) -> np.ndarray:
    """RGB: rows of named tiles, each as large as fits into `tile` px a side, under their title."""
    row_height, widest = tile + 44, max(len(tiles) for _, tiles in rows)
    drawn = np.full((row_height * len(rows) + 8, widest * (tile + 8) + 8, 3), PAPER, np.uint8)
    for number, (title, tiles) in enumerate(rows):
        top = number * row_height
        _text(drawn, title, (8, top + 16))
        for place, (name, picture) in enumerate(tiles):
            x, y = 8 + place * (tile + 8), top + 24
            scale = tile / max(picture.shape[:2])
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
            drawn[y : y + small.shape[0], x : x + small.shape[1]] = small[:tile, :tile]
            _text(drawn, name, (x, y + tile + 13), 0.38)
    return drawn


def curve(spotted: Spotted, width: int = 960, height: int = 220) -> np.ndarray:
    """RGB [height, width, 3]: how many times its noise floor each part of the face moves, over time, with intervals and distractors."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes(curve_axes())
    times = spotted.curves.times
    names = list(REGIONS)
    for (group, members), colour in zip(GROUPS.items(), COLOURS, strict=False):
        strongest = spotted.ratios[:, [names.index(name) for name in members]].max(1)
        axes.plot(times, strongest, label=group, linewidth=1.2, color=tuple(c / 255 for c in colour))
    axes.axhline(1, color="#666666", linewidth=0.8, linestyle=":")
    top = max(3.0, float(spotted.ratios.max()) * 1.25)
    for found in spotted.spots:
        axes.axvspan(found.onset_s, found.offset_s, color=KIND_COLOURS[found.kind], alpha=0.18, linewidth=0)
        axes.axvline(found.apex_s, color=KIND_COLOURS[found.kind], linewidth=1)
        axes.text(
            found.apex_s, top * 0.93, f"{found.kind} {found.score:.2f}", fontsize=7, ha="center", color=KIND_COLOURS[found.kind]
        )
    for span in spotted.distractors:
        axes.plot([span.start_s, span.end_s], [top * 0.03] * 2, color="#999999", linewidth=4, solid_capstyle="butt")
        axes.text(span.start_s, top * 0.07, span.kind, fontsize=6.5, color="#666666")
    axes.set_xlim(float(times[0]), max(float(times[-1]), float(times[0]) + 1e-3))
    axes.set_ylim(0, top)
    axes.set_xlabel("seconds", fontsize=8)
    axes.set_ylabel("times noise", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, ncol=len(GROUPS), loc="upper right", frameon=False, bbox_to_anchor=(1, 1.17))
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def curve_axes() -> tuple[float, float, float, float]:
    """Where the axes of `curve` lie, as shares of its picture: left, bottom, width, height."""
    return 0.08, 0.22, 0.905, 0.62


def with_cursor(drawn_curve: np.ndarray, spotted: Spotted, time_s: float) -> np.ndarray:
    """The curve with a line at a moment."""
    left, _, wide, _ = curve_axes()
    first, last = float(spotted.curves.times[0]), float(spotted.curves.times[-1])
    share = min(max((time_s - first) / max(last - first, 1e-3), 0.0), 1.0)
    column = round((left + wide * share) * (drawn_curve.shape[1] - 1))
    marked = drawn_curve.copy()
    cv2.line(marked, (column, 0), (column, marked.shape[0]), INK, 1)
    return marked


def stacked(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """One under the other, left-aligned on paper."""
    pictures = list(pictures)
    width = max(picture.shape[1] for picture in pictures)
    return np.concatenate([_padded(picture, picture.shape[0], width) for picture in pictures])


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Raises FacewiseError where it cannot be written."""
    from PIL import Image

    with _whole(path) as part:
        Image.fromarray(pixels).save(part)


def write_video(path: Path, frames: Iterator[np.ndarray], fps: float) -> None:
    """H.264 in MP4, every size made even; frames RGB uint8 of one size. Raises FacewiseError where it cannot be written."""
    import av

    with _whole(path) as part, av.open(str(part), "w") as container:
        stream = None
        for pixels in frames:
            even = np.ascontiguousarray(pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2])
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
                stream.height, stream.width, stream.pix_fmt = even.shape[0], even.shape[1], "yuv420p"
            for packet in stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")):
                container.mux(packet)
        if stream is not None:
            for packet in stream.encode():
                container.mux(packet)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name beside `path` that becomes it when all is written, and is taken away when it is not."""
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield part
        part.replace(path)
    except OSError as error:  # PyAV's errors are OSErrors, too
        raise FacewiseError(f"{path}: the drawing cannot be written ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)


def _box(drawn: np.ndarray, face: DetectedFace, width: int) -> None:
    x1, y1, x2, y2 = (round(value) for value in face.box)
    cv2.rectangle(drawn, (x1, y1), (x2, y2), COLOURS[face.id % len(COLOURS)], width + 1)


def _landmarks(drawn: np.ndarray, points: np.ndarray, width: int) -> None:
    for (name, (first, stop)), colour in zip(LANDMARK_REGIONS.items(), COLOURS + COLOURS[:2], strict=True):
        chain = np.rint(points[first:stop] * 8).astype(np.int32)[:, None]
        cv2.polylines(drawn, [chain], name in CLOSED, colour, width, cv2.LINE_AA, 3)
        for x, y in points[first:stop]:
            cv2.circle(drawn, (round(float(x) * 8), round(float(y) * 8)), (width + 1) * 8, colour, -1, cv2.LINE_AA, 3)


def _label(drawn: np.ndarray, words: str, box: tuple[float, float, float, float]) -> None:
    size = 0.45 * max(1.0, drawn.shape[0] / 700)
    (wide, high), base = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = int(min(max(0, box[0]), max(0, drawn.shape[1] - wide - 4)))
    y = int(max(high + base + 2, box[1] - 3))
    cv2.rectangle(drawn, (x, y - high - base), (x + wide + 4, y + base // 2), PAPER, -1)
    cv2.putText(drawn, words, (x + 2, y - base // 2), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)


def _text(drawn: np.ndarray, words: str, place: tuple[int, int], size: float = 0.45) -> None:
    cv2.putText(drawn, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)


def _side_by_side(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    height = max(left.shape[0], right.shape[0])
    return np.concatenate([_padded(left, height, left.shape[1]), _padded(right, height, right.shape[1])], axis=1)


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    return canvas
