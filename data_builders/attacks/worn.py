"""Things of paper that a living person wears: a printed mask with eye holes, cut-out eyes, a cut-out mouth, paper glasses.

Each attack chooses a bent sheet, an outline on it as scissors cut it, and what is printed; paper.py puts it in front of the face.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ..synthesis.photo import Attack, Photo
from .head import EYES, FACE_OVAL, OUTER_LIPS, coverage, grown, head, over
from .inks import SCREENED, Area, Print, area_of, inked
from .outlines import bands, bridge, hand_cut, lens_outlines, rounded, superellipse, widened
from .paper import Cut, Sheet, worn

EYE_ANCHORS = (33, 133, 362, 263, 168)
MOUTH_ANCHORS = (61, 291, 0, 17, 2)
FACE_ANCHORS = (*EYE_ANCHORS, *MOUTH_ANCHORS, 152)
SCREEN_SHARE = 0.2
MOST_TURNED = 0.2  # sine of the yaw up to which the outline of a printed face is one


def paper_mask(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """The printed face of `donor`, cut out and worn; the wearer looks through."""
    wearer = head(photo)
    fold = rng.uniform(0.1, 0.4) if rng.random() < 0.35 else 0.0
    sheet = Sheet(float(wearer.points[1, 2]) * rng.uniform(0.6, 1.05), rng.uniform(0.05, 0.4), fold, rng.uniform(-0.12, 0.12))
    flat = sheet.flattened(wearer.points)
    to_donor = _aligned(flat, donor, FACE_ANCHORS, rng)
    frontal = abs(float(head(donor).rotation[2, 0])) < MOST_TURNED
    oval = _on_paper(donor.points[list(FACE_OVAL)], to_donor) if frontal else flat[list(FACE_OVAL)]
    outline = _face_cut(oval, rng)
    holes = [_eye_hole(flat[list(eye)], rng) for eye in EYES]
    if rng.random() < 0.2:
        holes.append(hand_cut(grown(flat[list(OUTER_LIPS)], rng.uniform(0.8, 1.2)), rng))
    if rng.random() < 0.15:
        holes.append(hand_cut(rounded(flat[[1, 2]].mean(0), np.array([0.15, 0.14]), rng), rng))
    straps = bands(sheet, outline, wearer, rng.uniform(0.015, 0.05)) if rng.random() < 0.35 else []
    return worn(
        photo, sheet, Cut([outline], holes, straps, _elastic(rng)), _donor_print(photo, donor, to_donor, outline, rng), rng
    )


def partial_eye(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """A strip, or a piece for each eye, with the eyes of `donor`."""
    wearer = head(photo)
    sheet = Sheet(float(wearer.points[168, 2]) - rng.uniform(0.03, 0.15), rng.uniform(0.1, 0.4), rng.uniform(0, 0.25))
    flat = sheet.flattened(wearer.points)
    to_donor = _aligned(flat, donor, EYE_ANCHORS, rng)
    eyes = [flat[list(eye)].mean(0) for eye in EYES]
    if rng.random() < 0.7:
        reach = np.array([abs(eyes[1][0] - eyes[0][0]) / 2 + rng.uniform(0.22, 0.5), rng.uniform(0.2, 0.36)])
        pieces = [rounded(np.mean(eyes, 0) - [0, rng.uniform(0, 0.1)], reach, rng)]
    else:
        reach = np.array([rng.uniform(0.2, 0.27), rng.uniform(0.13, 0.24)])
        pieces = [rounded(eye, reach, rng) for eye in eyes]
    every = np.concatenate(pieces)
    straps = bands(sheet, every, wearer, rng.uniform(0.015, 0.05)) if rng.random() < 0.35 else []
    cut = Cut([hand_cut(piece, rng) for piece in pieces], bands=straps, colour=_elastic(rng))
    return worn(photo, sheet, cut, _donor_print(photo, donor, to_donor, every, rng), rng)


def partial_mouth(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """A piece of paper with the mouth of `donor`, or the whole lower face, over the wearer's."""
    wearer = head(photo)
    front = float(wearer.points[[0, 17], 2].min()) - rng.uniform(0.02, 0.1)
    sheet = Sheet(front, rng.uniform(0.15, 0.6))
    flat = sheet.flattened(wearer.points)
    to_donor = _aligned(flat, donor, MOUTH_ANCHORS, rng)
    if rng.random() < 0.75:
        middle = flat[list(OUTER_LIPS)].mean(0) + np.array([0, rng.uniform(-0.03, 0.08)])
        piece = rounded(middle, np.array([rng.uniform(0.34, 0.6), rng.uniform(0.17, 0.34)]), rng)
    else:
        oval = _on_paper(donor.points[list(FACE_OVAL)], to_donor)
        piece = np.column_stack([oval[:, 0], np.maximum(oval[:, 1], float(flat[2, 1]) + rng.uniform(-0.05, 0.08))])
    return worn(photo, sheet, Cut([hand_cut(piece, rng)]), _donor_print(photo, donor, to_donor, piece, rng), rng)


def glasses(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """Paper glasses: frames in a printed pattern about the wearer's own eyes, or with the eyes of `donor` printed where
    lenses would be."""
    wearer = head(photo)
    sheet = Sheet(float(wearer.points[168, 2]) - rng.uniform(0.05, 0.15), rng.uniform(0.05, 0.25))
    flat = sheet.flattened(wearer.points)
    lenses = lens_outlines([flat[list(eye)].mean(0) for eye in EYES], rng)
    rim = rng.uniform(0.08, 0.18)
    pieces = [*(widened(lens, rim) for lens in lenses), bridge(lenses, rng.uniform(0.05, 0.12))]
    colour = rng.random(3) ** 2 * 0.8 + 0.04
    opaque = rng.random() < 0.5
    to_donor = _aligned(flat, donor, EYE_ANCHORS, rng)

    def picture(area: Area) -> np.ndarray:
        frames = _pattern(area, colour, rng)
        glass = coverage(area.size[::-1], [(lens - area.corner) * area.scale - 0.5 for lens in lenses])
        return over(frames, _portrait(donor, to_donor, area), glass) if opaque else frames

    straps = bands(sheet, np.concatenate(pieces), wearer, rng.uniform(0.04, 0.1))
    cut = Cut(pieces, [] if opaque else lenses, straps, tuple(colour.tolist()))
    return worn(photo, sheet, cut, _printed(photo, np.concatenate(pieces), picture, rng), rng)


def _aligned(flat: np.ndarray, donor: Photo, anchors: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """The similarity [2, 3] from the sheet to px of the donor's photo that lays the anchors on the wearer's, by hand: not
    quite."""
    here, there = (points[list(anchors), 0] + 1j * points[list(anchors), 1] for points in (flat, donor.points))
    offset = here - here.mean()
    turn = np.vdot(offset, there - there.mean()) / np.vdot(offset, offset).real
    turn *= rng.uniform(0.9, 1.06) * np.exp(1j * rng.normal(0, 0.02))
    shift = there.mean() - turn * (here.mean() + rng.normal(0, 0.02) + 1j * rng.normal(0, 0.02))
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _on_paper(points: np.ndarray, to_donor: np.ndarray) -> np.ndarray:
    """[n, 2] on the sheet of px of the donor's photo."""
    back = cv2.invertAffineTransform(to_donor)
    return (points[:, :2] @ back[:, :2].T + back[:, 2]).astype(np.float32)


def _donor_print(photo: Photo, donor: Photo, to_donor: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> Print:
    return _printed(photo, outline, lambda area: _portrait(donor, to_donor, area), rng)


def _printed(photo: Photo, outline: np.ndarray, picture: Callable[[Area], np.ndarray], rng: np.random.Generator) -> Print:
    """At life size only a coarse screen, of a newspaper or a poster, comes near the pixels of a sensor."""
    lines = min(rng.uniform(45, 110), 1.1 * photo.iod) if rng.random() < SCREEN_SHARE else 0.0
    area = area_of(outline, SCREENED if lines else 1.1 * photo.iod)
    return inked(picture(area), area, rng, lines)


def _portrait(donor: Photo, to_donor: np.ndarray, area: Area) -> np.ndarray:
    """The donor's photo as it lies on that area; the paper beyond the photo is white."""
    shrink = min(1.0, area.scale / float(np.hypot(*to_donor[:, 0])))
    small = cv2.resize(donor.pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 0.8 else donor.pixels
    shrink = small.shape[1] / donor.pixels.shape[1]
    grid = np.array(
        [[1 / area.scale, 0, area.corner[0] + 0.5 / area.scale], [0, 1 / area.scale, area.corner[1] + 0.5 / area.scale]]
    )
    matrix = to_donor[:, :2] @ grid
    matrix[:, 2] += to_donor[:, 2]
    matrix *= shrink
    matrix[:, 2] += 0.5 * shrink - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(small, matrix, area.size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(1, 1, 1))


def _pattern(area: Area, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What paper frames are printed with: one colour, stripes, spots, or blotches as adversarial glasses have."""
    width, height = area.size
    kind, other = rng.integers(4), rng.random(3) ** 2
    if kind == 3:
        blotches = rng.random((6, 14, 3)).astype(np.float32) ** 1.5
        return np.clip(cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
    y, x = np.arange(height, dtype=np.float32)[:, None] / area.scale, np.arange(width, dtype=np.float32)[None] / area.scale
    across = x * np.cos(turn := rng.uniform(0, np.pi)) + y * np.sin(turn)
    waves = np.sin(across * rng.uniform(20, 80))
    if kind == 2:
        waves = waves + np.sin((x * np.sin(turn) - y * np.cos(turn)) * rng.uniform(20, 80)) - 0.8
    share = np.clip(waves * 4 + 0.5, 0, 1)[..., None] if kind else np.zeros((height, width, 1), np.float32)
    return (colour + share * (other - colour)).astype(np.float32)


def _face_cut(oval: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The donor's face cut out, along its own oval or with hair and ears."""
    ring = grown(oval, rng.uniform(1.0, 1.08))
    if rng.random() < 0.45:
        low = ring[:, 1].max()
        rise = np.clip((low - ring[:, 1]) / np.ptp(ring[:, 1]) - 0.4, 0, 0.6)
        ring = grown(ring, np.array([rng.uniform(1.0, 1.2), 1.0])) - np.column_stack([0 * rise, rise * rng.uniform(0.3, 0.9)])
    return hand_cut(ring, rng)


def _eye_hole(eye: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    reach = np.array([rng.uniform(0.13, 0.2), rng.uniform(0.07, 0.13)])
    return hand_cut(eye.mean(0) + rng.normal(0, 0.015, 2) + superellipse(reach, rng.uniform(1.6, 3)), rng)


def _elastic(rng: np.random.Generator) -> tuple[float, float, float]:
    """White, black or brown."""
    return ((0.8, 0.8, 0.78), (0.03, 0.03, 0.03), (0.35, 0.22, 0.12))[rng.integers(3)]


WORN = {"paper mask": paper_mask, "partial eye": partial_eye, "partial mouth": partial_mouth, "glasses": glasses}
