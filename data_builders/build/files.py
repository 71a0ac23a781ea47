"""Pictures, folders of frames and videos of a set, each whole or not there at all.

What is cut from a video is encoded anew, nearly without loss (a rate factor of 12): keyframes stand where they stand, and a
micro-expression of half a pixel has to stay. The bytes are the same on every machine with the same libraries.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from ...model.perception.video import Frame
from ..readers.frame_folder import frame_files
from ..records import write_whole
from .crops import Rectangle

PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
JPEG = [
    cv2.IMWRITE_JPEG_QUALITY,
    98,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]
CODEC = {"crf": "12", "preset": "veryfast"}


def encoded(pixels: np.ndarray, suffix: str) -> bytes:
    """uint8 [h, w] or RGB [h, w, 3] as .jpg or .png."""
    drawn = np.ascontiguousarray(pixels) if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, drawn, JPEG if suffix == ".jpg" else PNG)[1].tobytes()


def written(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except FileNotFoundError:  # the first of its folder
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)


def copied_file(source: Path, target: Path) -> None:
    """Nothing is done where it lies there already."""
    if not target.exists():
        with _whole(target) as part:
            shutil.copyfile(source, part)


def copied_folder(source: Path, frames: tuple[int, int] | None, target: Path) -> None:
    """The pictures from the first to the last position, under their own names."""
    with _whole(target) as part:
        part.mkdir()
        for file in frame_files(source)[slice(frames[0], frames[1] + 1) if frames else slice(None)]:
            shutil.copyfile(file, part / file.name)


def cropped_folder(source: Path, frames: Iterable[Frame], rectangle: Rectangle, target: Path) -> None:
    """JPEG stays JPEG, all else becomes PNG; the names keep their numbers."""
    files = frame_files(source)
    with _whole(target) as part:
        part.mkdir()
        for frame in frames:
            file = files[frame.index]
            suffix = ".jpg" if file.suffix.lower() in (".jpg", ".jpeg") else ".png"
            (part / f"{file.stem}{suffix}").write_bytes(encoded(rectangle.of(frame.pixels), suffix))


def cut_video(frames: Iterable[Frame], fps: float, rectangle: Rectangle | None, target: Path) -> None:
    """H.264 (libx264, yuv420p) of the frames at a constant rate; of odd sides the last row or column goes."""
    with _whole(target) as part:
        try:
            _encode(frames, fps, rectangle, part)
        except av.FFmpegError as error:  # which does not come whole from one process to another
            raise OSError(error.errno, error.strerror, str(target)) from None


def _encode(frames: Iterable[Frame], fps: float, rectangle: Rectangle | None, part: Path) -> None:
    with av.open(str(part), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt, stream.options = "yuv420p", CODEC
        stream.thread_count = 1  # more would change the bytes from machine to machine
        first = None
        for frame in frames:
            pixels = frame.pixels if rectangle is None else rectangle.of(frame.pixels)
            height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
            if first is None:
                first, stream.height, stream.width = frame.index, height, width
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:height, :width]), "rgb24")
            picture.pts, picture.time_base = frame.index - first, 1 / stream.codec_context.rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A hidden name to write to; it becomes `target` at the end, unless another process was faster with the same."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield part
        if target.is_dir():
            _removed(part)
        else:
            part.replace(target)
    except BaseException:
        _removed(part)
        raise


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def left_overs(folder: Path) -> None:
    """Removes what a run that was killed had not finished."""
    for path in folder.glob("*/.*"):
        _removed(path)
