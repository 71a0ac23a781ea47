"""Things of paper that a living person wears: a printed mask with eye holes, cut-out eyes, a cut-out mouth, paper glasses.

Each attack chooses a bent sheet, an outline on it as scissors cut it, and what is printed; paper.py puts it in front of the face.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ..synthesis.photo import Attack, Photo
from .head import EYES, FACE_OVAL, OUTER_LIPS, coverage, grown, head, over
from .inks import SCREENED, Area, Print, area_of, developed, inked
from .outlines import bands, bridge, hand_cut, hinges, lens_outlines, rounded, superellipse, tapes, widened
from .paper import Cut, Sheet, worn

EYE_ANCHORS = (33, 133, 362, 263, 168)
MOUTH_ANCHORS = (61, 291, 0, 17, 2)
FACE_ANCHORS = (*EYE_ANCHORS, *MOUTH_ANCHORS, 152)
SCREEN_SHARE = 0.2
BORDERED, MASK_BORDERED = 0.7, 0.4  # of pieces and of masks, cut so that some of the unprinted paper stays
TAPES = ((0.85, 0.84, 0.8), (0.72, 0.6, 0.4), (0.1, 0.3, 0.55), (0.05, 0.05, 0.05))  # paper, masking, painter's, electrical
MOST_TURNED = 0.2  # sine of the yaw up to which the outline of a printed face is one


def paper_mask(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """The printed face of `donor`, cut out and worn; the wearer looks through."""
    wearer = head(photo)
    fold = rng.uniform(0.1, 0.4) if rng.random() < 0.35 else 0.0
    depth = float(wearer.points[1, 2]) * rng.uniform(0.6, 1.05)
    sheet = Sheet(depth, rng.uniform(0.05, 0.4), fold, rng.uniform(-0.12, 0.12), *_curl(0.45, rng))
    flat = sheet.flattened(wearer.points)
    to_donor = _aligned(flat, donor, FACE_ANCHORS, rng, 0.6)
    frontal = abs(float(head(donor).rotation[2, 0])) < MOST_TURNED
    oval = _on_paper(donor.points[list(FACE_OVAL)], to_donor) if frontal else flat[list(FACE_OVAL)]
    outline = _face_cut(oval, rng)
    holes = [_eye_hole(flat[list(eye)], rng) for eye in EYES]
    if rng.random() < 0.2:
        holes.append(hand_cut(grown(flat[list(OUTER_LIPS)], rng.uniform(0.8, 1.2)), rng))
    if rng.random() < 0.15:
        holes.append(hand_cut(rounded(flat[[1, 2]].mean(0), np.array([0.15, 0.14]), rng), rng))
    straps = bands(sheet, outline, wearer, rng.uniform(0.015, 0.05)) if rng.random() < 0.35 else []
    cut = Cut([outline], holes, straps, _elastic(rng), core=_core(rng))
    return worn(photo, sheet, cut, _donor_print(photo, donor, to_donor, [outline], [], rng, MASK_BORDERED), rng)


def partial_eye(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """A strip, or a piece for each eye, with the eyes of `donor`."""
    wearer = head(photo)
    depth = float(wearer.points[168, 2]) - rng.uniform(0.03, 0.15)
    sheet = Sheet(depth, rng.uniform(0.1, 0.4), rng.uniform(0, 0.25), rng.uniform(-0.2, 0.2), *_curl(0.3, rng))
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
    straps = bands(sheet, every, wearer, rng.uniform(0.015, 0.05)) if (held := rng.random()) < 0.35 else []
    strips = tapes(every, rng) if held > 0.65 else []
    pieces = [hand_cut(piece, rng) for piece in pieces]
    cut = Cut([*pieces, *strips], bands=straps, colour=_elastic(rng), core=_core(rng))
    return worn(photo, sheet, cut, _donor_print(photo, donor, to_donor, pieces, strips, rng), rng)


def partial_mouth(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """A piece of paper with the mouth of `donor`, or the whole lower face, over the wearer's."""
    wearer = head(photo)
    front = float(wearer.points[[0, 17], 2].min()) - rng.uniform(0.02, 0.1)
    sheet = Sheet(front, rng.uniform(0.15, 0.6), 0.0, rng.uniform(-0.2, 0.2), *_curl(0.25, rng))
    flat = sheet.flattened(wearer.points)
    to_donor = _aligned(flat, donor, MOUTH_ANCHORS, rng)
    if rng.random() < 0.75:
        middle = flat[list(OUTER_LIPS)].mean(0) + np.array([0, rng.uniform(-0.03, 0.08)])
        piece = rounded(middle, np.array([rng.uniform(0.34, 0.6), rng.uniform(0.17, 0.34)]), rng)
    else:
        oval = _on_paper(donor.points[list(FACE_OVAL)], to_donor)
        piece = np.column_stack([oval[:, 0], np.maximum(oval[:, 1], float(flat[2, 1]) + rng.uniform(-0.05, 0.08))])
    piece = hand_cut(piece, rng)
    strips = tapes(piece, rng) if rng.random() < 0.4 else []
    cut = Cut([piece, *strips], core=_core(rng))
    return worn(photo, sheet, cut, _donor_print(photo, donor, to_donor, [piece], strips, rng), rng)


def glasses(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """Paper glasses: frames in a printed pattern about the wearer's own eyes, or with the eyes of `donor` printed where
    lenses would be."""
    wearer = head(photo)
    sheet = Sheet(float(wearer.points[168, 2]) - rng.uniform(0.05, 0.15), rng.uniform(0.05, 0.25))
    flat = sheet.flattened(wearer.points)
    lenses = lens_outlines([flat[list(eye)].mean(0) for eye in EYES], rng)
    rim = rng.uniform(0.08, 0.18)
    pieces = [*(widened(lens, rim) for lens in lenses), bridge(lenses, rng.uniform(0.05, 0.12))]
    pieces += hinges(pieces[:2], rng.uniform(0.06, 0.12))
    colour = rng.random(3) ** 2 * 0.8 + 0.04
    opaque = rng.random() < 0.5
    to_donor = _aligned(flat, donor, EYE_ANCHORS, rng)

    def picture(area: Area) -> np.ndarray:
        frames = _pattern(area, colour, rng)
        glass = _covered(area, lenses)
        return over(frames, developed(_portrait(donor, to_donor, area), _brightest(donor), rng), glass) if opaque else frames

    straps = bands(sheet, np.concatenate(pieces), wearer, rng.uniform(0.04, 0.1))
    cut = Cut(pieces, [] if opaque else lenses, straps, tuple(colour.tolist()), core=_core(rng))
    return worn(photo, sheet, cut, _printed(photo, np.concatenate(pieces), picture, rng), rng)


def _aligned(flat: np.ndarray, donor: Photo, anchors: tuple[int, ...], rng: np.random.Generator, care: float = 0.0) -> np.ndarray:
    """The similarity [2, 3] from the sheet to px of the donor's photo that lays the anchors on the wearer's, printed at
    another size and put on by hand, with `care` 0-1: its features do not go on where the wearer's stop."""
    here, there = (points[list(anchors), 0] + 1j * points[list(anchors), 1] for points in (flat, donor.points))
    offset = here - here.mean()
    turn = np.vdot(offset, there - there.mean()) / np.vdot(offset, offset).real
    off = 1 - care
    turn *= rng.uniform(0.94 - 0.12 * off, 1.1 + 0.1 * off) * np.exp(1j * rng.normal(0, 0.02 + 0.06 * off))
    shift = there.mean() - turn * (here.mean() + (0.02 + 0.04 * off) * (rng.normal() + 1j * rng.normal()))
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _on_paper(points: np.ndarray, to_donor: np.ndarray) -> np.ndarray:
    """[n, 2] on the sheet of px of the donor's photo."""
    back = cv2.invertAffineTransform(to_donor)
    return (points[:, :2] @ back[:, :2].T + back[:, 2]).astype(np.float32)


def _donor_print(
    photo: Photo,
    donor: Photo,
    to_donor: np.ndarray,
    pieces: list[np.ndarray],
    strips: list[np.ndarray],
    rng: np.random.Generator,
    bordered: float = BORDERED,
) -> Print:
    """The donor on `pieces`, at times with a white border that was not cut off evenly, and tape over it."""
    border = rng.uniform(0.012, 0.05) if rng.random() < bordered else 0.0
    printed = [widened(piece, -border) + rng.normal(0, 0.45 * border, 2) for piece in pieces] if border else []
    tape = np.array(TAPES[rng.integers(len(TAPES))]) * rng.uniform(0.85, 1.1)

    def picture(area: Area) -> np.ndarray:
        shown = developed(_portrait(donor, to_donor, area), _brightest(donor), rng)
        if border:
            shown = over(np.ones_like(shown), shown, _covered(area, printed))
        return over(shown, np.full_like(shown, tape), _covered(area, strips)) if strips else shown

    return _printed(photo, np.concatenate([*pieces, *strips]), picture, rng)


def _brightest(donor: Photo) -> float:
    return float(np.percentile(donor.pixels[::6, ::6].mean(2), 96))


def _covered(area: Area, rings: list[np.ndarray]) -> np.ndarray:
    return coverage(area.size[::-1], [(ring - area.corner) * area.scale - 0.5 for ring in rings])


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


def _core(rng: np.random.Generator) -> float:
    """IOD of white fibre along a cut: none worth the name on thin paper, a line on card or where scissors tore."""
    return rng.uniform(0.003, 0.014)


def _curl(inner: float, rng: np.random.Generator) -> tuple[float, float]:
    """How strongly one side curls off the face, and where that begins."""
    return rng.uniform(0.4, 1.6) * (rng.random() < 0.6), rng.choice([-1, 1]) * rng.uniform(0.4, 1.0) * inner


def _elastic(rng: np.random.Generator) -> tuple[float, float, float]:
    """White, black or brown."""
    return ((0.8, 0.8, 0.78), (0.03, 0.03, 0.03), (0.35, 0.22, 0.12))[rng.integers(3)]


WORN = {"paper mask": paper_mask, "partial eye": partial_eye, "partial mouth": partial_mouth, "glasses": glasses}
