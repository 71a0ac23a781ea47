"""The wide views on patterns of known frequency, and on live faces at every size: texture is what attacks have, not what resampling makes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facewise.model.perception.faces import find_faces
from facewise.model.perception.picture import read_picture
from facewise.model.perception.views import VIEWS, crop, face_views, spectrum_view, spoof_view, wide_square

SIZE = 112
CENTRE = SIZE // 2
SPOOF_SILENT = np.array([8 * 28, 127, 0])  # what an even wall draws: the flat pattern's code, no high frequency, no stroke


def waves(period: float, amplitude: float = 20, along: int = 1) -> np.ndarray:
    """A grey grating [S, S, 3]; `along` 1 varies from left to right."""
    row = 128 + amplitude * np.sin(2 * np.pi * np.arange(SIZE) / period)
    grey = np.tile(row, (SIZE, 1)) if along else np.tile(row[:, None], (1, SIZE))
    return np.repeat(np.rint(grey)[..., None], 3, 2).astype(np.uint8)


def test_an_even_wall_leaves_the_spectrum_silent():
    for level in (0, 140, 255):
        assert not spectrum_view(np.full((SIZE, SIZE, 3), level, np.uint8)).any()


@pytest.mark.parametrize("period", [2.8, 4, 8, 16])
@pytest.mark.parametrize("along", [0, 1])
def test_a_grating_is_two_peaks_at_its_frequency(period, along):
    luminance, *chroma = np.moveaxis(spectrum_view(waves(period, along=along)), 2, 0)
    bins = round(SIZE / period)
    peaks = {(CENTRE, CENTRE + bins), (CENTRE, CENTRE - bins)} if along else {(CENTRE + bins, CENTRE), (CENTRE - bins, CENTRE)}
    loudest = {tuple(np.unravel_index(at, luminance.shape)) for at in np.argsort(luminance, axis=None)[-2:]}
    assert loudest == peaks and min(luminance[peak] for peak in peaks) > 200
    assert np.max(chroma) < 60


def test_a_louder_grating_is_brighter_whatever_else_is_in_the_picture():
    quiet, loud = (spectrum_view(waves(7, amplitude))[CENTRE, CENTRE + 16, 0] for amplitude in (1, 4))
    beside = waves(7, 1)
    beside[:, ::2] = np.clip(beside[:, ::2].astype(int) + 60, 0, 255)
    assert 60 < quiet < loud - 40
    assert abs(int(spectrum_view(beside)[CENTRE, CENTRE + 16, 0]) - int(quiet)) < 8


def test_coloured_moire_shows_in_chroma_and_not_in_luminance():
    wave = 12 * np.sin(2 * np.pi * np.arange(SIZE) / 8)
    planes = np.full((SIZE, SIZE, 3), 128.0)
    planes[..., 1] += wave
    rgb = cv2.cvtColor(np.rint(planes).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
    luminance, red, blue = spectrum_view(rgb)[CENTRE, CENTRE + SIZE // 8].astype(int)
    assert red > 180 and red > luminance + 80 and red > blue + 80


def test_unequal_borders_draw_no_cross():
    ramp = np.repeat(np.tile(np.linspace(40, 220, SIZE), (SIZE, 1))[..., None], 3, 2).astype(np.uint8)
    far = np.r_[: CENTRE - 8, CENTRE + 8 : SIZE]  # the ramp itself is low frequencies
    windowed = spectrum_view(ramp)[CENTRE, far, 0].astype(float).mean()
    bare = np.abs(np.fft.fftshift(np.fft.fft2(ramp[..., 0] - ramp[..., 0].mean())))[CENTRE, far].mean() * 2 / SIZE**2
    assert bare > 2 and windowed < 40  # grey levels, and what is drawn: two would be 163


def test_the_spectrum_of_a_picture_is_the_same_alone_and_beside_others():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)
    together = np.stack([spectrum_view(picture) for picture in pictures])
    for picture, seen in zip(pictures, together, strict=True):
        assert np.array_equal(spectrum_view(picture), seen)


def test_views_come_by_name_and_in_order(examples):
    pixels = read_picture(examples / "invented-face.jpg").pixels
    face = find_faces(pixels)[0]
    every = face_views(pixels, face, SIZE, tuple(VIEWS))
    assert list(VIEWS) == ["rgb", "spoof", "spectrum"] and every.images.shape == (3, SIZE, SIZE, 3)
    turned = face_views(pixels, face, SIZE, ("spectrum", "rgb"))
    assert np.array_equal(turned.images, every.images[[2, 0]]) and np.array_equal(turned.points, every.points[[2, 0]])
    assert np.array_equal(face_views(pixels, face, SIZE).images, every.images[:2])
    assert np.array_equal(every.images[2], spectrum_view(crop(pixels, wide_square(face), SIZE)))


def test_a_printed_face_is_louder_than_a_live_one_where_a_halftone_lies(examples):
    """A screen of three pixels over the live crop, as a halftone leaves it at the working scale."""
    pixels = read_picture(examples / "invented-face.jpg").pixels
    live = crop(pixels, wide_square(find_faces(pixels)[0]), SIZE)
    y, x = np.mgrid[:SIZE, :SIZE]
    screen = 6 * np.sin(2 * np.pi * (x + y) / 4) * np.sin(2 * np.pi * (x - y) / 4)
    printed = np.clip(live + screen[..., None], 0, 255).astype(np.uint8)
    there, here = spectrum_view(printed)[..., 0].astype(int), spectrum_view(live)[..., 0].astype(int)
    assert (there - here).max() > 60 and np.abs(there - here).mean() < 12


@pytest.mark.shared
def test_live_resampling_alone_moves_the_spoof_views_energy_by_less_than_a_tenth(shared):
    """Each picture against itself at its own size; pictures of fewer pixels leave the larger sizes out."""
    changes: dict[int, list[np.ndarray]] = {iod_px: [] for iod_px in (160, 112, 80, 56, 45)}
    for name in ("portraits", "neutral", "sfhq"):
        for path in some(shared / "data" / name, 8):
            pixels = read_picture(path).pixels
            faces = find_faces(pixels)
            for iod_px, rows in changes.items():
                if faces and faces[0].iod_px > iod_px:
                    scale = iod_px / faces[0].iod_px
                    smaller = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                    rows.append(energy(smaller) / energy(pixels) - 1)
    for iod_px, rows in changes.items():
        assert len(rows) >= 6 and np.abs(np.mean(rows, axis=0)).max() < 0.1, iod_px


def energy(pixels: np.ndarray) -> np.ndarray:
    """How far each channel of the spoof view lies from what an even wall draws, on average [3]."""
    view = spoof_view(crop(pixels, wide_square(find_faces(pixels)[0]), SIZE))
    return np.abs(view - SPOOF_SILENT).mean((0, 1))


def some(folder: Path, count: int) -> list[Path]:
    pictures = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    return pictures[:: len(pictures) // count][:count]
