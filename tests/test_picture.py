"""The decoder: every mode means the same pixels, and every broken file one clear line."""

import io

import numpy as np
import pytest
from PIL import Image

from facewise.model.errors import FacewiseError
from facewise.model.perception.picture import read_picture


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.fixture
def ramp() -> Image.Image:
    """40 x 30, dark left to bright right, reddish."""
    grey = np.tile(np.linspace(10, 240, 40), (30, 1))
    return Image.fromarray(np.stack([grey, grey * 0.8, grey * 0.6], axis=2).astype(np.uint8))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_every_format_gives_the_same_picture(ramp, format):
    pixels = read_picture(encoded(ramp, format)).pixels
    assert pixels.dtype == np.uint8 and pixels.shape == (30, 40, 3)
    assert np.abs(pixels.astype(int) - np.asarray(ramp).astype(int)).mean() < 8


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "1"])
def test_every_mode_becomes_rgb(ramp, mode):
    assert read_picture(encoded(ramp.convert(mode), "PNG")).pixels.shape == (30, 40, 3)


def test_cmyk_keeps_its_colours(ramp):
    pixels = read_picture(encoded(ramp.convert("CMYK"), "JPEG", quality=95)).pixels
    assert np.abs(pixels.astype(int) - np.asarray(ramp).astype(int)).mean() < 8


def test_sixteen_bits_are_scaled_and_never_clipped_to_white():
    deep = Image.fromarray(np.tile(np.linspace(0, 65535, 64), (8, 1)).astype(np.uint16))
    pixels = read_picture(encoded(deep, "PNG")).pixels
    assert pixels[0, 0, 0] == 0 and pixels[0, -1, 0] == 255 and 120 <= pixels[0, 32, 0] <= 135


def test_transparency_lies_over_white():
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert read_picture(encoded(clear, "PNG")).pixels.min() == 255


def test_exif_orientation_is_applied(ramp):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned; the viewer turns it back by 90 degrees
    pixels = read_picture(encoded(ramp, "JPEG", exif=exif.tobytes())).pixels
    assert pixels.shape == (40, 30, 3)
    assert pixels[0].mean() < pixels[-1].mean()


def test_an_animation_gives_its_first_frame(ramp):
    black = Image.new("RGB", ramp.size)
    pixels = read_picture(encoded(black, "GIF", save_all=True, append_images=[ramp])).pixels
    assert pixels.max() == 0


def test_the_hash_is_of_the_decoded_pixels(ramp):
    assert read_picture(encoded(ramp, "PNG")).sha256 == read_picture(encoded(ramp, "BMP")).sha256


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FacewiseError, match="gone.jpg: no such file"):
        read_picture(tmp_path / "gone.jpg")


def test_a_directory_is_no_picture(tmp_path):
    with pytest.raises(FacewiseError, match="a directory"):
        read_picture(tmp_path)


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(FacewiseError, match="a.jpg: the file is empty"):
        read_picture(tmp_path / "a.jpg")


def test_text_named_jpg_is_not_a_picture(tmp_path):
    (tmp_path / "a.jpg").write_text("hello, I am no picture")
    with pytest.raises(FacewiseError, match="not a picture"):
        read_picture(tmp_path / "a.jpg")


def test_a_truncated_jpeg_is_damaged(ramp):
    with pytest.raises(FacewiseError, match="damaged"):
        read_picture(encoded(ramp.resize((400, 300)), "JPEG")[:3000])


def test_a_huge_picture_is_refused_by_its_header_alone():
    whole = encoded(Image.new("1", (20000, 20000)), "PNG")
    with pytest.raises(FacewiseError, match="pixels; at most 40 million"):
        read_picture(whole[:200])  # the pixels are not even there


def test_a_picture_over_the_limit_is_told_its_size():
    with pytest.raises(FacewiseError, match="8000 x 8000 pixels; at most 40 million"):
        read_picture(encoded(Image.new("1", (8000, 8000)), "PNG")[:200])


def test_one_pixel_is_a_picture():
    assert read_picture(encoded(Image.new("RGB", (1, 1)), "PNG")).pixels.shape == (1, 1, 3)
