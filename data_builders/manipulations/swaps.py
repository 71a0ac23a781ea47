"""Face swaps: another person's face carried into the photo, and the photo blended with itself.

A swap is good or poor by chance at each of its steps, because detectors meet both. Self-blended images (Shiohara & Yamasaki
2022) hold nothing but the trace of blending: whoever learns from them cannot learn people.
"""

from functools import cache

import cv2
import numpy as np

from ...model.perception.landmarks import IBUG68_IN_478, canonical
from ..attacks.head import FACE_OVAL, INNER_LIPS, OUTER_LIPS, coverage, grown, head, neutral_mesh
from ..synthesis.photo import Attack, Photo, resized
from .blending import (
    Workspace,
    deformed,
    feathered,
    features_hull,
    mixed,
    outline,
    recoloured,
    seam_visibility,
    softened,
    tones,
    trace_visibility,
    without_seam,
    workspace,
)
from .handling import refiltered, through_generator, tinted
from .mesh_warp import mirrored_vertices, warp_map, warped

AROUND_IOD = 0.45  # of the workspace
LIPS_APART = (13, 14)  # the inner lips at the middle
MOUTH_WIDER = 0.05  # IOD; a mouth opened so much wider than the donor's keeps its own teeth
POISSON_SHARE = 0.2
FINER = 1.2  # a donor with so many times the photo's pixels is made smaller first: remap does not average
TRIES, FAINTEST = 4, 0.5  # a blend that leaves no trace would teach guessing
MISMATCH = (0.01, 0.06)  # in tones: how far off the light is, either way; no tool meets a skin wholly
TINT = 0.016  # one deviation of each channel


def face_swap(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """The face of `donor`, any photo, on the points of `photo`, a framed one: pose and expression stay, the person changes."""
    at = workspace(photo, AROUND_IOD)
    donor = fitting(donor, photo)
    map_xy, inside = warp_map(_partly_shaped(at.face, donor, rng.uniform(0.2, 0.7)), donor.points, at.size)
    mask = _swap_mask(at, inside, donor, rng)
    strength = float(rng.choice([1.0, rng.uniform(0.5, 1.0), rng.uniform(0, 0.5)], p=[0.4, 0.4, 0.2]))
    clean = recoloured(warped(tones(donor.pixels), map_xy), at.tones, mask, strength, spread=rng.random() < 0.5)
    clean += (rng.choice([-1, 1]) * rng.uniform(*MISMATCH) + rng.normal(0, TINT, 3)).astype(np.float32)
    made = through_generator(clean, photo.iod, rng)
    traces = trace_visibility(mixed(at.tones, made, mask), mixed(at.tones, clean, mask), photo.iod)
    if rng.random() < POISSON_SHARE:
        made = without_seam(made, at.tones, mask)
    forged = mixed(at.tones, made, mask)
    return at.finished(forged, mask, {"blend seam": seam_visibility(forged, at.tones, mask, photo.iod), "other": traces})


def self_blend(photo: Photo, rng: np.random.Generator) -> Attack:
    """A copy of the face of a framed `photo`, changed in colour, sharpness or place, blended over itself under a deformed
    hull."""
    for _ in range(TRIES):
        attack = _blended_copy(photo, rng)
        if max(attack.cues.values(), default=0) >= FAINTEST:
            break
    return attack


def fitting(donor: Photo, photo: Photo) -> Photo:
    """The donor, mirrored if that brings the heads' turns together, and with no more pixels than the photo has."""
    turned, wanted = (canonical(x.points[list(IBUG68_IN_478)])[1][1] for x in (donor, photo))
    if abs(-turned - wanted) < abs(turned - wanted):
        points = donor.points[mirrored_vertices()] * np.array([-1, 1, 1], np.float32)
        points[:, 0] += donor.pixels.shape[1] - 1
        donor = Photo(np.ascontiguousarray(donor.pixels[:, ::-1]), points)
    return resized(donor, photo.iod / donor.iod) if donor.iod > FINER * photo.iod else donor


def _blended_copy(photo: Photo, rng: np.random.Generator) -> Attack:
    at = workspace(photo, AROUND_IOD)
    ring = deformed(outline(at.face, rng), rng, rng.uniform(0.02, 0.08))
    mask = feathered(at.tones.shape, ring, rng.uniform(0.02, 0.22) * photo.iod, inwards=rng.random() < 0.5)
    opacity = mask * np.float32(rng.choice([0.5, 0.75, 1.0], p=[0.15, 0.2, 0.65]))
    copy = tinted(_shifted(at.tones, photo.iod, rng), rng)
    changed = refiltered(copy, rng)
    forged = mixed(at.tones, changed, opacity)
    cues = {
        "blend seam": seam_visibility(forged, at.tones, mask, photo.iod),
        "other": trace_visibility(forged, mixed(at.tones, copy, opacity), photo.iod),
    }
    return at.finished(forged, mask, cues)


def _partly_shaped(face: Photo, donor: Photo, share: float) -> np.ndarray:
    """The face's points [478, 3] with a share of the donor's proportions about eyes, brows and nose; rim and mouth stay."""
    own = head(face)
    moved = own.points + share * _apart_from_rim_and_mouth()[:, None] * (head(donor).points - own.points)
    return (moved @ own.rotation.T * own.iod + own.origin).astype(np.float32)


@cache
def _apart_from_rim_and_mouth() -> np.ndarray:
    """0-1 a vertex [478]."""
    points, _ = neutral_mesh()
    apart = np.linalg.norm(points[:, None, :2] - points[None, [*FACE_OVAL, *OUTER_LIPS], :2], axis=2).min(1)
    return np.clip(apart / 0.3, 0, 1).astype(np.float32)


def _swap_mask(at: Workspace, inside: np.ndarray, donor: Photo, rng: np.random.Generator) -> np.ndarray:
    """The outline and in any case the features, which are who somebody is, less what the donor does not show."""
    width = float(np.exp(rng.uniform(np.log(0.02), np.log(0.25)))) * at.photo.iod
    mask = feathered(at.tones.shape, outline(at.face, rng), width, inwards=rng.random() < 0.6)
    features = feathered(
        mask.shape, grown(features_hull(at.face), rng.uniform(1.06, 1.16)), min(width, 0.12 * at.photo.iod), False
    )
    mask = np.maximum(mask, features)
    reach = 2 * round(max(1.0, width / 2)) + 1
    shown = cv2.erode(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    mask = mask * softened(shown, width / 2)
    if _opening(at.face) - _opening(donor) > MOUTH_WIDER:
        teeth = coverage(mask.shape, [grown(at.face.points[list(INNER_LIPS), :2], 1.05)])
        mask = mask * (1 - softened(teeth, 0.03 * at.photo.iod))
    return softened(mask, 0)


def _opening(photo: Photo) -> float:
    upper, lower = photo.points[list(LIPS_APART)]
    return float(np.linalg.norm(upper - lower)) / photo.iod


def _shifted(picture: np.ndarray, iod_px: float, rng: np.random.Generator) -> np.ndarray:
    """Up to 4 % larger or smaller, up to .05 IOD off, up to a degree and a half turned, about the middle; half of the time not
    at all."""
    if rng.random() < 0.5:
        return picture
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-1.5, 1.5), rng.uniform(0.96, 1.04))
    turn[:, 2] += rng.uniform(-0.05, 0.05, 2) * iod_px
    return cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
