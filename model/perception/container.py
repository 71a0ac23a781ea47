"""One video file as FFmpeg reads it: its pictures in the order they are shown, upright RGB, one at a time.

What cannot be decoded is handed on as None. A decoder's repair of it, or pictures that build on it, would look like a moving face.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from ..errors import FacewiseError
from .picture import MAX_PIXELS

READS = "MP4, MOV, M4V, WebM, MKV, AVI, FLV and GIF are read"
LIMIT = {"max_pixels": str(MAX_PIXELS)}
# By content and not by name: FFmpeg would follow a playlist named .mp4 to the files and addresses that it lists.
DEMUXERS = {"format_whitelist": "mov,matroska,avi,flv,gif"}
HEADER_PRECISION = 0.01  # WebM and Matroska stamps are whole milliseconds: 29.995 measured is the header's 30


@contextmanager
def opened(source: str | Path | bytes, name: str) -> Iterator[av.VideoStream]:
    """The stream of moving pictures (the cover of a song is none); its container is closed in the end.

    Raises FacewiseError: missing, empty, no video, only sound, coded in a way that is not known, over the pixel limit.
    """
    with _file(source, name) as file:
        if not file.read(1):
            raise FacewiseError(f"{name}: the file is empty")
        file.seek(0)
        try:
            container = av.open(file, options=LIMIT | DEMUXERS, metadata_errors="replace")
        except av.FFmpegError as error:
            raise FacewiseError(f"{name}: no video, or damaged from its start ({error.strerror}); {READS}") from None
        with container:
            streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
            if not streams:
                raise FacewiseError(f"{name}: the file has {'only sound' if container.streams.audio else 'no pictures'}; {READS}")
            yield _ready(streams[0], name)


def _file(source: str | Path | bytes, name: str) -> BinaryIO:
    """A file object and never a name: FFmpeg takes `clip:1.mp4` for an address."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if os.path.exists(source) and not os.path.isfile(source):
        raise FacewiseError(f"{name}: neither a file nor a folder of frames")
    try:
        return open(source, "rb")
    except FileNotFoundError:
        raise FacewiseError(f"{name}: no such file") from None
    except OSError as error:
        raise FacewiseError(f"{name}: cannot be read ({error.strerror})") from None


def _ready(stream: av.VideoStream, name: str) -> av.VideoStream:
    if stream.codec_context is None:
        raise FacewiseError(f"{name}: the coding of the pictures is not known; convert the file to H.264")
    limit = f"{MAX_PIXELS // 10**6} million"
    if stream.width * stream.height > MAX_PIXELS:
        raise FacewiseError(f"{name}: {stream.width} x {stream.height} pixels; at most {limit} are read, make it smaller")
    if not stream.width:
        raise FacewiseError(f"{name}: no frame of the video can be decoded within {limit} pixels")
    stream.codec_context.options = LIMIT  # for a header that lies: the decoder refuses before it allocates
    return stream


def packets(stream: av.VideoStream) -> Iterator[av.Packet | None]:
    """Coded pictures in the order of the file; None where it breaks off, or where a GIF ends inside a picture."""
    is_gif = stream.codec_context.name == "gif"
    try:
        for packet in stream.container.demux(stream):
            if packet.size:  # an AVI marks a dropped picture by an empty packet
                yield None if is_gif and bytes(packet)[-1:] not in (b"\0", b";") else packet
    except av.FFmpegError:
        yield None


def pictures(stream: av.VideoStream) -> Iterator[av.VideoFrame | None]:
    """Pictures in the order they are shown; None for each that is damaged, or comes between a damaged one and the next key frame."""
    broken = False
    for packet in packets(stream):
        broken = packet is None or packet.is_corrupt or (broken and not packet.is_keyframe)
        if not broken:
            try:
                yield from (None if picture.is_corrupt else picture for picture in stream.decode(packet))
            except av.FFmpegError:
                broken = True
        if broken:
            yield None
    try:
        yield from stream.decode(None)  # what the decoder holds back
    except av.FFmpegError:
        yield None


def mean_rate(source: str | Path | bytes, name: str) -> Fraction | None:
    """Pictures per second over the whole file; None without stamps. Headers that count no pictures know the first second at best."""
    with opened(source, name) as stream:
        told = stream.average_rate
        stamps = [packet.pts for packet in packets(stream) if packet is not None and packet.pts is not None]
        if len(stamps) < 2 or min(stamps) == max(stamps):
            return told
        measured = (len(stamps) - 1) / ((max(stamps) - min(stamps)) * stream.time_base)
        return told if told and abs(told / measured - 1) < HEADER_PRECISION else measured


class Converter:
    """Sets the pictures of one reading upright: state, because a new scaler for each picture doubles the time for HD."""

    def __init__(self) -> None:
        self.stored: tuple[int, int] | None = None  # (w, h) of the first picture; size and turn of all follow it
        self._scaler = VideoReformatter()
        self._is_mirrored, self._quarters = False, 0

    def upright(self, picture: av.VideoFrame) -> np.ndarray:
        """uint8 [h, w, 3] by the stream's own matrix and range, turned and mirrored as a player does."""
        if self.stored is None:
            self.stored = (picture.width, picture.height)
            self._is_mirrored, self._quarters = _is_mirrored(picture), round(picture.rotation / 90)
        pixels = self._scaler.reformat(picture, *self.stored, format="rgb24").to_ndarray()
        if self._is_mirrored:
            pixels = pixels[::-1]  # `rotation` is where the x axis goes; a mirror that keeps that axis comes first
        return np.ascontiguousarray(np.rot90(pixels, self._quarters))


def _is_mirrored(picture: av.VideoFrame) -> bool:
    """For one picture a reading: `side_data` ties a picture into a cycle, and 4K waiting for the collector fills a gigabyte."""
    try:
        matrix = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV 18.1 does not know the EXIF that FFmpeg 8 hands on from Motion JPEG
        return False
    if matrix is None:
        return False
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].astype(float)
    return a * d < b * c
