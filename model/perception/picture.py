"""One picture decoder for every door: file, bytes, PIL image or array in, upright 8-bit RGB out.

Commands, page, server and training all read through here, so that a file means the same pixels everywhere: EXIF orientation applied,
first frame of an animation, 16-bit scaled (never clipped to white), transparency laid over white, CMYK converted.
"""

import hashlib
import io
import os
import stat
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import FacewiseError

MAX_PIXELS = 40_000_000  # a 169-megapixel PNG held a request for 10 s
MAX_SIDE = 32_766  # from 32767 on OpenCV's remap, which MediaPipe calls, ends the process
MAX_BYTES = 10 * MAX_PIXELS  # the largest picture uncompressed with four channels of 16 bits, and room for its metadata
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")


@dataclass(frozen=True, eq=False)
class Picture:
    """Upright RGB pixels, uint8 of shape [height, width, 3], and where they came from.

    `file` holds the bytes that were decoded, for a client that sends them on; None where there are none or they are more than the pixels.
    """

    pixels: np.ndarray
    name: str = "picture"
    file: bytes | None = field(default=None, repr=False)

    @cached_property
    def sha256(self) -> str:
        """Hash of the decoded pixels with their shape: the key of every cache."""
        return hashlib.sha256(repr(self.pixels.shape).encode() + self.pixels.tobytes()).hexdigest()


def as_picture(source: Any) -> Picture:
    """A Picture of whatever a caller holds: a Picture, a path, the bytes of a file, a PIL image, a uint8 array [h, w, 3].

    Raises FacewiseError for everything else and for what cannot be decoded.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, str | Path | bytes | bytearray):
        return read_picture(source)
    if isinstance(source, Image.Image):
        _refuse_oversize(source.size, "picture")
        with _faults_told("picture"):
            return Picture(_rgb(source.copy(), "picture"))
    if isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.ndim == 3 and source.shape[2] == 3 and source.size:
        _refuse_oversize((source.shape[1], source.shape[0]), "picture")
        return Picture(np.ascontiguousarray(source))
    kind = f"{source.dtype} {list(source.shape)}" if isinstance(source, np.ndarray) else type(source).__name__
    raise FacewiseError(f"no picture ({kind}): give a path, the bytes of a file, a PIL image or a uint8 array [h, w, 3]")


def read_picture(source: str | Path | bytes | bytearray, name: str | None = None) -> Picture:
    """Decode a file or the bytes of one. Raises FacewiseError with one line that names the file and the fault."""
    name = name or ("picture" if isinstance(source, bytes | bytearray) else str(source))
    with _stream(source, name) as stream, _opened(stream, name) as image:
        pixels = _rgb(image, name)
        return Picture(pixels, name, _file(stream, pixels.nbytes))


def _file(stream: BinaryIO, most: int) -> bytes | None:
    """The whole file, unless it is larger than `most`: its pixels then say the same in less memory."""
    if stream.seek(0, os.SEEK_END) > most:
        return None
    stream.seek(0)
    return stream.read()


def _stream(source: str | Path | bytes | bytearray, name: str) -> BinaryIO:
    if not isinstance(source, str | Path):
        if not source:
            raise FacewiseError(f"{name}: the file is empty")
        return io.BytesIO(source)
    try:
        _refuse_kind(Path(source).stat(), name)
        return open(source, "rb")
    except FileNotFoundError:
        raise FacewiseError(f"{name}: no such file") from None
    except OSError as error:
        raise FacewiseError(f"{name}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise FacewiseError(f"{name}: no file can have this name") from None


def _refuse_kind(status: os.stat_result, name: str) -> None:
    """Before the file is opened: a pipe that nobody writes to would hold us for ever, /dev/zero never ends."""
    if stat.S_ISDIR(status.st_mode):
        raise FacewiseError(f"{name}: a directory; give the picture files inside it")
    if not stat.S_ISREG(status.st_mode):
        raise FacewiseError(f"{name}: a pipe or a device; save the picture as a file")
    if not status.st_size:
        raise FacewiseError(f"{name}: the file is empty")
    if status.st_size > MAX_BYTES:
        raise FacewiseError(f"{name}: {status.st_size // 10**6} MB; at most {MAX_BYTES // 10**6} MB are read")


@contextmanager
def _opened(stream: BinaryIO, name: str) -> Iterator[Image.Image]:
    """The picture by its header, not yet decoded; what fails while it is decoded is told here too."""
    with (
        _faults_told(name),
        warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
        Image.open(stream, formats=FORMATS) as image,
    ):
        _refuse_oversize(image.size, name)
        yield image


@contextmanager
def _faults_told(name: str) -> Iterator[None]:
    try:
        yield
    except UnidentifiedImageError:
        raise FacewiseError(f"{name}: not a picture; JPEG, PNG, WebP, BMP, GIF and TIFF are read") from None
    except Image.DecompressionBombError:
        raise FacewiseError(f"{name}: {_too_large('over 178 million')}") from None
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise FacewiseError(f"{name}: the picture is damaged ({error})") from None


def _refuse_oversize(size: tuple[int, int], name: str) -> None:
    """The header alone tells the size, so nothing large is ever decoded into memory."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise FacewiseError(f"{name}: {_too_large(f'{width} x {height}')}")
    if max(size) > MAX_SIDE:
        raise FacewiseError(f"{name}: {width} x {height} pixels; at most {MAX_SIDE} are read along a side, cut it")


def _too_large(size: str) -> str:
    return f"{size} pixels; at most {MAX_PIXELS // 10**6} million are read, make it smaller"


def _rgb(image: Image.Image, name: str) -> np.ndarray:
    """Turns `image` itself upright, and reads it."""
    with suppress(struct.error):  # from EXIF that Pillow reads and cannot write back; the pixels are upright by then
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16"):
        return _high_bytes(image)
    if image.mode in ("I", "F"):
        raise FacewiseError(f"{name}: grey of 32 bits, whose white no file tells; save it with 8 or 16 bits")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def _high_bytes(image: Image.Image) -> np.ndarray:
    """Grey of 16 bits, whose white is 65535 however dark the picture is."""
    grey = np.rint(np.asarray(image).astype(np.float64) / 257).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
