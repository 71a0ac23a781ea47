"""One picture decoder for every door: file or bytes in, upright 8-bit RGB out.

Commands, page, server and training all read through `read_picture`, so that a file means the same pixels everywhere: EXIF orientation
applied, first frame of an animation, 16-bit scaled (never clipped to white), transparency laid over white, CMYK converted.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import FacewiseError

MAX_PIXELS = 40_000_000  # a 169-megapixel PNG held a request for 10 s
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")


@dataclass(frozen=True, eq=False)
class Picture:
    """Upright RGB pixels, uint8 of shape [height, width, 3], and where they came from."""

    pixels: np.ndarray
    name: str = "picture"

    @cached_property
    def sha256(self) -> str:
        """Hash of the decoded pixels with their shape: the key of every cache."""
        return hashlib.sha256(repr(self.pixels.shape).encode() + self.pixels.tobytes()).hexdigest()


def read_picture(source: str | Path | bytes, name: str | None = None) -> Picture:
    """Decode a file or the bytes of one. Raises FacewiseError with one line that names the file and the fault."""
    name = name or ("picture" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else _file_bytes(Path(source))
    if not data:
        raise FacewiseError(f"{name}: the file is empty")
    try:
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(io.BytesIO(data), formats=FORMATS) as image,
        ):
            _refuse_oversize(image, name)
            return Picture(_rgb(image), name)
    except UnidentifiedImageError:
        raise FacewiseError(f"{name}: not a picture; JPEG, PNG, WebP, BMP, GIF and TIFF are read") from None
    except Image.DecompressionBombError:
        raise FacewiseError(f"{name}: {_too_large('over 178 million')}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise FacewiseError(f"{name}: the picture is damaged ({error})") from None


def _file_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FacewiseError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise FacewiseError(f"{path}: a directory; give the picture files inside it") from None
    except OSError as error:
        raise FacewiseError(f"{path}: cannot be read ({error.strerror})") from None


def _refuse_oversize(image: Image.Image, name: str) -> None:
    """The header alone tells the size, so nothing large is ever decoded into memory."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise FacewiseError(f"{name}: {_too_large(f'{width} x {height}')}")


def _too_large(size: str) -> str:
    return f"{size} pixels; at most {MAX_PIXELS // 10**6} million are read, make it smaller"


def _rgb(image: Image.Image) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def _from_deep_grey(image: Image.Image) -> np.ndarray:
    """16-bit grey by its high byte; 32-bit modes that PIL makes of 16-bit PNGs likewise."""
    deep = np.asarray(image).astype(np.float64)
    grey = deep / 257 if deep.max(initial=0) > 255 else deep
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
