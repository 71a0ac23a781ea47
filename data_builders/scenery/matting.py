"""Live people set before other backgrounds, so that a desk, a monitor or a poster behind a face is no sign of an attack.

MediaPipe's selfie segmentation says where the person is; at the edge, colours decide (hair), and what the old background left in them is
taken out. The null matte sets people back before their own background: matting itself is then no label.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ...model.errors import INSTALL_BESIDE, FacewiseError
from ...model.perception.landmarks import IBUG68_IN_478
from ..synthesis.camera import linear_light, srgb
from ..synthesis.photo import Photo
from .scenes import Scene

EDGE = 0.012  # how far the segmentation may be off, share of the picture's diagonal
LIGHTER = (0.4, 2.8)  # a background's mean light over the face's, as rooms and streets have it
HOLE = 0.03  # share of the face without matte: the jaw's points lie on the edge of a turned head
CROWN = 1.25  # IOD from the middle of the points to the top of the hair; 1.4 is the least seen
SOFT = 0.2  # pixels that are half person, per IOD and root of the head's area
CUT = 0.5  # of what surrounds the head in one direction looks like hair
SECTORS = 12  # about the face
INNER = 0.92  # of the face's size that is person whatever the colours say
LOOSE = 0.04  # share of the picture that is another person or an island
WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)  # luminance

_models = threading.local()  # MediaPipe graphs belong to the thread that made them


@dataclass(frozen=True, eq=False)
class Cutout:
    """`person` linear light [h, w, 3] without the old background's colour, `matte` [h, w] 0-1, `behind` [h, w, 3] the old background with
    the person filled in, `flaw` why it must not be used, None if it may."""

    person: np.ndarray
    matte: np.ndarray
    behind: np.ndarray
    flaw: str | None


def matted(photo: Photo, scene: Scene, rng: np.random.Generator) -> Photo:
    """The person before `scene`, which has the photo's size; raises FacewiseError where the matte is bad (see `matte_flaw`)."""
    cut = cut_out(photo)
    behind = _grained(_exposed(scene.pixels, photo, rng), _grain_of(cut, photo), rng)
    return _set_before(photo, cut, behind, scene.light, rng)


def rematted(photo: Photo, rng: np.random.Generator) -> Photo:
    """The null matte: cut out and set back before the own background, the person filled in, by the same steps."""
    cut = cut_out(photo)
    return _set_before(photo, cut, _exposed(cut.behind, photo, rng), np.ones(3, np.float32), rng)


@lru_cache(maxsize=4)
def cut_out(photo: Photo) -> Cutout:
    """Costs more than all the rest, so the last few photos are kept."""
    tones = np.rint(255 * srgb(photo.pixels)).astype(np.uint8)
    matte = person_matte(tones)
    flaw = matte_flaw(photo, matte)
    face = cv2.fillConvexPoly(np.zeros(matte.shape, np.float32), _face(photo, INNER), 1.0)
    matte = np.maximum(matte, cv2.GaussianBlur(face, (0, 0), 1.0))
    person, behind = _unmixed(photo.pixels, matte, _edge_px(tones))
    return Cutout(person, matte, behind, flaw)


def person_matte(pixels: np.ndarray) -> np.ndarray:
    """Share of each pixel that is person, float32 [h, w], of a picture uint8 [h, w, 3] RGB."""
    reach = _edge_px(pixels)
    rough = _segmented(pixels)
    guided = _smoothstep(_guided(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255, rough, reach), 0.1, 0.9)
    mixed, trust = _by_colour(linear_light(pixels), rough, reach)
    return np.clip(guided + trust * (mixed - guided), 0, 1)


def matte_flaw(photo: Photo, matte: np.ndarray) -> str | None:
    """Why a matte is bad, None if it is good: a face that is cut or has a hole, a head without hair, somebody else."""
    height, width = matte.shape
    ends = _face(photo, 1.0)
    if (ends < 0).any() or (ends >= [width, height]).any():
        return "the face is cut by the picture's edge"
    face = cv2.fillConvexPoly(np.zeros(matte.shape, np.uint8), ends, 1) > 0
    if (hole := float((matte[face] < 0.5).mean())) > HOLE:
        return f"a hole in the face, {hole:.0%} of it"
    labels = cv2.connectedComponents((matte > 0.5).astype(np.uint8))[1]
    person = labels == np.bincount(labels[face]).argmax()
    if (loose := float(((labels > 0) & ~person).mean())) > LOOSE:
        return f"somebody or something else beside the person, {loose:.0%} of the picture"
    x, y = photo.centre
    above = matte[: int(y), max(0, int(x - 0.15 * photo.iod)) : int(x + 0.15 * photo.iod) + 1].mean(1) > 0.5
    if (crown := (y - int(above.argmax())) / photo.iod) < CROWN and above.argmax() > 0:
        return f"a cut head, {crown:.1f} inter-ocular distances from its middle to the crown"
    head = matte[: int(y + photo.iod)]
    if (soft := float(((head > 0.1) & (head < 0.9)).sum() / (photo.iod * np.sqrt((head > 0.5).sum())))) > SOFT:
        return f"an edge that is nowhere sure ({soft:.2f})"
    if (cut := _person_outside(photo.pixels[: len(head)], head, photo.centre)) > CUT:
        return f"cut hair: on one side {cut:.0%} of what surrounds the head looks like it"
    return None


def _person_outside(light: np.ndarray, matte: np.ndarray, centre: tuple[float, float]) -> float:
    """The share of the pixels just outside a matte that have the colours of its edge rather than those further out; where it is worst."""
    reach = _edge_px(light)
    solid = (matte > 0.5).astype(np.uint8)
    grown = [cv2.dilate(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(n * reach) + 1,) * 2)) for n in (1, 2, 3)]
    rim = solid - cv2.erode(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(reach) + 1,) * 2))
    here, there = (_spread(light, x.astype(np.float32), 2 * reach) for x in (rim, 1 - grown[1]))
    apart, beyond = here - there, light - there
    span = (apart * apart).sum(2) + 1e-6
    share = (beyond * apart).sum(2) / span
    left = beyond - np.clip(share, 0, 1)[..., None] * apart
    alike = (share > 0.6) & ((left * left).sum(2) < 0.1 * span) & (span > 0.004)
    rows, columns = np.nonzero(grown[0] > solid)
    sector = ((np.arctan2(rows - centre[1], columns - centre[0]) / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
    count, cut = (np.bincount(sector, x, SECTORS) for x in (np.ones(len(rows)), alike[rows, columns]))
    return float((cut / np.maximum(count, 4 * reach)).max())


def _face(photo: Photo, share: float) -> np.ndarray:
    """The hull of the face's points shrunk to this share, int32 [n, 2] px."""
    points = photo.points[list(IBUG68_IN_478), :2]
    middle = points.mean(0)
    return cv2.convexHull(np.rint(middle + share * (points - middle)).astype(np.int32))[:, 0]


# Where the person is


def _segmented(pixels: np.ndarray) -> np.ndarray:
    if not hasattr(_models, "segmentation"):
        try:
            from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation
        except ImportError as error:
            raise FacewiseError(f"the segmentation of persons is missing ({error}); {INSTALL_BESIDE}") from None
        _models.segmentation = SelfieSegmentation(model_selection=0)
    return np.clip(_models.segmentation.process(np.ascontiguousarray(pixels)).segmentation_mask, 0, 1)


def _edge_px(pixels: np.ndarray) -> float:
    return max(2.0, EDGE * float(np.hypot(*pixels.shape[:2])))


def _guided(guide: np.ndarray, matte: np.ndarray, reach: float, smooth: float = 1e-3) -> np.ndarray:
    """The guided filter (He, Sun, Tang 2013): a matte that is locally linear in the grey picture."""
    side = (2 * round(reach) + 1,) * 2
    grey, level = cv2.blur(guide, side), cv2.blur(matte, side)
    slope = (cv2.blur(guide * matte, side) - grey * level) / (cv2.blur(guide * guide, side) - grey * grey + smooth)
    return cv2.blur(slope, side) * guide + cv2.blur(level - slope * grey, side)


def _by_colour(light: np.ndarray, rough: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """The share of person that mixes each edge pixel's colour from its neighbours' beyond doubt, and how far to trust it, 0-1 [h, w]."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(reach) + 1,) * 2)
    inside, outside = (cv2.erode((x > 0.9).astype(np.float32), kernel) for x in (rough, 1 - rough))
    here, there = (_spread(light, sure, 2 * reach) for sure in (inside, outside))
    apart, beyond = here - there, light - there
    span = (apart * apart).sum(2) + 1e-6
    share = (beyond * apart).sum(2) / span
    left = beyond - np.clip(share, 0, 1)[..., None] * apart
    rough_there = _spread(beyond * beyond, outside, 2 * reach).sum(2)
    trust = np.exp(-(4 * (left * left).sum(2) + 8 * rough_there) / span) * _smoothstep(span, 0.002, 0.02) * (1 - outside)
    trust *= 1 - _smoothstep(cv2.GaussianBlur(rough, (0, 0), reach / 2), 0.6, 0.95)  # skin in shade is no background
    known = np.minimum(*(cv2.GaussianBlur(x, (0, 0), 2 * reach) for x in (inside, outside)))
    return _smoothstep(share, 0.03, 0.97), trust * (known > 1e-3)


def _spread(light: np.ndarray, weight: np.ndarray, reach: float) -> np.ndarray:
    """The weighted mean colour around each pixel; what is that smooth is computed on fewer pixels."""
    step = max(1.0, reach / 3)
    size = tuple(max(1, round(n / step)) for n in weight.shape[::-1])
    few, few_weighted = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (weight, light * weight[..., None]))
    few, few_weighted = (cv2.GaussianBlur(x, (0, 0), reach / step) for x in (few, few_weighted))
    return cv2.resize(few_weighted / (few[..., None] + 1e-6), weight.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _smoothstep(x: np.ndarray, low: float, high: float) -> np.ndarray:
    share = np.clip((x - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


# What the colours were before they mixed


def _unmixed(light: np.ndarray, matte: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """(person, background), each everywhere: blur fusion (Forte and Pitié 2021), wide and then narrow, and the background filled in."""
    part = matte[..., None]
    person, behind = light, light
    for radius in (6 * reach, reach):
        near, far = (_spread(x, w, radius) for x, w in ((person, matte), (behind, 1 - matte)))
        person = np.clip(near + part * (light - part * near - (1 - part) * far), 0, 1)
        behind = far
    clear = cv2.erode((matte < 0.01).astype(np.float32), np.ones((3, 3), np.uint8))
    return person, _filled(light, clear)


def _filled(light: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Where `known` is 0, the colours of what surrounds it, from ever coarser pictures (push and pull)."""
    if min(known.shape) < 4:
        return np.broadcast_to(light[known > 0].mean(0) if known.any() else light.mean((0, 1)), light.shape)
    half = (known.shape[1] // 2, known.shape[0] // 2)
    weight = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(light * known[..., None], half, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-6)[..., None]
    coarse = np.ascontiguousarray(_filled(colour, (weight > 0).astype(np.float32)), np.float32)
    around = cv2.resize(coarse, light.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return around + known[..., None] * (light - around)


# The new picture


def _set_before(photo: Photo, cut: Cutout, behind: np.ndarray, light: np.ndarray, rng: np.random.Generator) -> Photo:
    if cut.flaw:
        raise FacewiseError(f"the person cannot be cut out of the photo: {cut.flaw}; take another photo")
    if rng.random() < 0.3:
        behind = _shadowed(behind, cut.matte, rng)
    matte = cv2.GaussianBlur(cut.matte, (0, 0), rng.uniform(0.3, 0.7))[..., None]
    person = cut.person * (1 + rng.uniform(0.2, 0.6) * (light - 1)).astype(np.float32)
    pixels = person * matte + behind * (1 - matte) + rng.uniform(0, 0.15) * _wrap(behind, matte)
    return Photo(np.clip(pixels, 0, 1).astype(np.float32), photo.points)


def _exposed(behind: np.ndarray, photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """A background as light as one may be behind this face."""
    x, y = photo.centre
    reach = int(0.5 * photo.iod)
    face = photo.pixels[max(0, int(y) - reach) : int(y) + reach, max(0, int(x) - reach) : int(x) + reach]
    ratio = float((behind @ WEIGHTS).mean() / max(1e-3, (face @ WEIGHTS).mean()))
    return behind * np.float32(np.clip(ratio * 2 ** rng.normal(0, 0.25), *LIGHTER) / max(1e-3, ratio))


def _grain_of(cut: Cutout, photo: Photo) -> float:
    """Deviation, in square-root tones, of what is finer than a pixel in the photo's own background; its median ignores things."""
    tones = np.sqrt(photo.pixels[..., 1])
    fine = np.abs(tones - cv2.GaussianBlur(tones, (0, 0), 1.0))[cut.matte < 0.01]
    return min(0.02, 1.6 * float(np.median(fine))) if fine.size > 400 else 0.003


def _grained(behind: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.standard_normal(behind.shape[:2], np.float32), (0, 0), 0.6)
    tones = np.sqrt(np.clip(behind, 0, 1)) + np.float32(2.2 * deviation) * noise[..., None]
    return np.clip(tones, 0, 1) ** 2


def _shadowed(behind: np.ndarray, matte: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The person's soft shadow on a wall near by."""
    size = behind.shape[1::-1]
    small = cv2.resize(matte, (size[0] // 4, size[1] // 4), interpolation=cv2.INTER_AREA)
    dx, dy = rng.normal(0, 0.12) * small.shape[1], rng.uniform(0, 0.08) * small.shape[0]
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    cast = cv2.warpAffine(small, shift, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    cast = cv2.GaussianBlur(cast, (0, 0), rng.uniform(0.015, 0.06) * small.shape[0])
    return behind * (1 - np.float32(rng.uniform(0.1, 0.45)) * cv2.resize(cast, size, interpolation=cv2.INTER_LINEAR)[..., None])


def _wrap(behind: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Light of the background that a lens and skin spread over the person's edge."""
    few = cv2.resize(behind * (1 - matte), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    veil = cv2.resize(cv2.GaussianBlur(few, (0, 0), 1.5), behind.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return veil * matte
