"""The decoder: every mode means the same pixels, and every broken file one clear line."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from facewise.model.errors import FacewiseError
from facewise.model.perception.picture import MAX_BYTES, MAX_SIDE, Picture, as_picture, read_picture


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


@pytest.mark.parametrize(("mode", "seen_as"), [("L", "L"), ("RGBA", "RGB"), ("LA", "L"), ("P", "P"), ("1", "1")])
def test_every_mode_becomes_rgb(ramp, mode, seen_as):
    pixels = read_picture(encoded(ramp.convert(mode), "PNG")).pixels
    assert np.array_equal(pixels, np.asarray(ramp.convert(seen_as).convert("RGB")))


def test_cmyk_keeps_its_colours(ramp):
    pixels = read_picture(encoded(ramp.convert("CMYK"), "JPEG", quality=95)).pixels
    assert np.abs(pixels.astype(int) - np.asarray(ramp).astype(int)).mean() < 8


def test_sixteen_bits_are_scaled_and_never_clipped_to_white():
    deep = Image.fromarray(np.tile(np.linspace(0, 65535, 64), (8, 1)).astype(np.uint16))
    pixels = read_picture(encoded(deep, "PNG")).pixels
    assert pixels[0, 0, 0] == 0 and pixels[0, -1, 0] == 255 and 120 <= pixels[0, 32, 0] <= 135


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_a_dark_picture_of_sixteen_bits_stays_dark(format):
    """Its white is 65535, also where nothing in it is brighter than 255."""
    dark = Image.fromarray(np.full((8, 8), 255, np.uint16))
    assert read_picture(encoded(dark, format)).pixels.max() == 1


@pytest.mark.parametrize("pixels", [np.full((8, 8), 0.5, np.float32), np.full((8, 8), 70_000, np.int32)])
def test_grey_of_32_bits_is_refused_because_nothing_tells_its_white(pixels):
    with pytest.raises(FacewiseError, match="grey of 32 bits.*save it with 8 or 16"):
        read_picture(encoded(Image.fromarray(pixels), "TIFF"))


def test_transparency_lies_over_white():
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert read_picture(encoded(clear, "PNG")).pixels.min() == 255


def test_exif_orientation_is_applied(ramp):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned; the viewer turns it back by 90 degrees
    pixels = read_picture(encoded(ramp, "JPEG", exif=exif.tobytes())).pixels
    assert pixels.shape == (40, 30, 3)
    assert pixels[0].mean() < pixels[-1].mean()


def test_a_picture_whose_exif_cannot_be_written_back_is_upright_all_the_same(ramp):
    exif = Image.Exif()
    exif[0x0112], exif[0x0100] = 6, 40
    damaged = exif.tobytes().replace(b"\x01\x00\x00\x04", b"\x01\x00\x00\x0b")  # the width of type LONG is said to be a float
    assert read_picture(encoded(ramp, "JPEG", exif=damaged)).pixels.shape == (40, 30, 3)


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


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FacewiseError, match="pipe: a pipe or a device"):
        read_picture(tmp_path / "pipe")


def test_a_device_is_refused():
    with pytest.raises(FacewiseError, match="a pipe or a device"):
        read_picture(os.devnull)


def test_a_file_too_large_for_any_picture_is_refused_unread(tmp_path):
    (tmp_path / "a.tiff").touch()
    os.truncate(tmp_path / "a.tiff", MAX_BYTES + 1)  # a hole: nothing is on the disk
    with pytest.raises(FacewiseError, match="at most 400 MB"):
        read_picture(tmp_path / "a.tiff")


@pytest.mark.parametrize(("name", "words"), [("a\0b.jpg", "no file can have this name"), (300 * "a", "cannot be read")])
def test_a_name_that_no_file_has_is_one_line(name, words):
    with pytest.raises(FacewiseError, match=words):
        read_picture(name)


def test_a_line_break_in_a_name_stays_in_its_line():
    with pytest.raises(FacewiseError, match=r"^two\\nlines\.jpg: no such file$"):
        read_picture("two\nlines.jpg")


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


def test_a_side_that_would_end_the_process_in_opencv_is_refused_by_the_header():
    with pytest.raises(FacewiseError, match="16 x 32767 pixels; at most 32766"):
        read_picture(encoded(Image.new("1", (16, MAX_SIDE + 1)), "PNG")[:200])
    assert read_picture(encoded(Image.new("1", (1, MAX_SIDE)), "PNG")).pixels.shape == (MAX_SIDE, 1, 3)


def test_whatever_a_caller_holds_is_the_same_picture(ramp, tmp_path):
    (tmp_path / "a.png").write_bytes(data := encoded(ramp, "PNG"))
    held = [tmp_path / "a.png", str(tmp_path / "a.png"), data, bytearray(data), ramp, np.asarray(ramp), Picture(np.asarray(ramp))]
    assert len({as_picture(source).sha256 for source in held}) == 1


def test_an_image_in_memory_is_set_upright_and_left_as_it_was(ramp):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encoded(ramp, "JPEG", exif=exif.tobytes())))
    assert as_picture(image).pixels.shape == (40, 30, 3) and image.size == (40, 30)


@pytest.mark.parametrize("source", [None, 5, np.zeros((8, 8)), np.zeros((8, 8), np.uint8), np.zeros((0, 8, 3), np.uint8), {}])
def test_what_is_no_picture_is_told_what_is_one(source):
    with pytest.raises(FacewiseError, match=r"no picture .*a PIL image or a uint8 array \[h, w, 3\]"):
        as_picture(source)


def test_an_array_with_a_side_too_long_is_refused():
    with pytest.raises(FacewiseError, match="at most 32766"):
        as_picture(np.zeros((MAX_SIDE + 1, 16, 3), np.uint8))
