"""Reenactment: the person stays, expression and pose are driven by somebody else, and the picture shows how it was made.

The mesh moves in the head's own axes, so a turn is a turn and not a shear. A motion field carries the pixels, the mouth's
inside is invented, and the inner face has been through a generator.
"""

from functools import cache

import cv2
import numpy as np

from ..attacks.head import BROWS, EYES, INNER_LIPS, OUTER_LIPS, coverage, head, neutral_mesh, smooth_ring
from ..synthesis.photo import Attack, Photo
from .blending import (
    Workspace,
    altered,
    feathered,
    mixed,
    outline,
    seam_visibility,
    softened,
    trace_visibility,
    window_of,
    workspace,
)
from .handling import through_generator
from .mesh_warp import dense_map, identity_map, warped

AROUND_IOD = 1.0  # of the workspace: hair and neck bend, too
TURN = np.radians(14)  # the head is turned no farther: what is hidden has no pixels
AXIS_DEPTH = 0.45  # IOD; where the head turns about, behind the eyes
SHUT, OPEN = 0.03, 0.05  # IOD between the lips: below no teeth are in the photo, above the new mouth needs an inside
TEETH_SHARE = 0.85
CORNERS = (61, 291)
HALF = len(INNER_LIPS) // 2


def reenactment(photo: Photo, rng: np.random.Generator, driver: Photo) -> Attack:
    """A framed `photo` whose head takes up some of the pose and expression of `driver`, and some of nobody's."""
    at = workspace(photo, AROUND_IOD)
    points = _driven(at.face, driver, rng)
    map_xy = dense_map(points, at.face.points, at.size)
    bare = warped(at.tones, map_xy)
    moved = _with_mouth(bare, at.face, Photo(at.face.pixels, points), rng)
    inner = _generated_region(at, points, rng)
    region = window_of(inner)
    made = moved.copy()
    made[region] = through_generator(moved[region], photo.iod, rng)
    forged = mixed(moved, _smeared(made, points, photo.iod, rng), inner)
    cues = {
        "blend seam": seam_visibility(forged, moved, inner, photo.iod),
        "other": trace_visibility(forged, bare, photo.iod),
    }
    where = altered(forged, at.tones, points, photo.iod)
    return at.finished(mixed(at.tones, forged, where), where, cues)


def _driven(face: Photo, driver: Photo, rng: np.random.Generator) -> np.ndarray:
    """New points [478, 3] px."""
    own, other = head(face), head(driver)
    share = rng.uniform(0.3, 0.9)
    points = own.points + share * _expressive()[:, None] * (other.points - own.points) + _expression(own.points, rng)
    rotation = _turned(own.rotation, other.rotation, rng)
    pivot = np.array([0, 0, AXIS_DEPTH])
    placed = (points - pivot) @ rotation.T + pivot @ own.rotation.T
    return (placed * own.iod + own.origin).astype(np.float32)


def _turned(own: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rotation [3, 3] of the head: towards the driver's, a little elsewhere, and nowhere far."""
    towards = cv2.Rodrigues((other @ own.T).astype(np.float64))[0].ravel()
    turn = rng.uniform(0.2, 0.8) * towards + rng.normal(0, np.radians([3, 4, 2]))
    turn *= min(1, TURN / max(1e-6, float(np.linalg.norm(turn))))
    return cv2.Rodrigues(turn)[0] @ own


def _expression(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Displacements [478, 3] in IOD of a mouth, brows and lids that move: one to three of them."""
    moves = [_jaw, _corners, _pucker, _brows, _lids]
    chosen = rng.choice(len(moves), int(rng.integers(1, 4)), replace=False)
    return sum((moves[k](points, rng) for k in sorted(chosen.tolist())), np.zeros((478, 3)))


def _jaw(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Opens the mouth, or shuts one that is open."""
    gap = float(np.linalg.norm(points[13] - points[14]))
    drop = -gap if gap > OPEN and rng.random() < 0.6 else rng.uniform(0.06, 0.26)
    out = np.zeros((478, 3))
    out[:, 1] = drop * _below_mouth()
    return out


def _corners(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smile or frown, one side more than the other."""
    amount = rng.choice([-0.06, 0.12]) * rng.uniform(0.5, 1.1)
    out = np.zeros((478, 3))
    for corner, side in zip(CORNERS, (-1, 1), strict=True):
        weight = _about((corner,), 0.22) * amount * rng.uniform(0.5, 1)
        out += weight[:, None] * np.array([side * 0.6, -1, 0.2])
    return out


def _pucker(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lips drawn together."""
    middle = points[list(OUTER_LIPS)].mean(0)
    gap = float(np.linalg.norm(points[13] - points[14]))
    weight = rng.uniform(0.15, 0.35) * (0.3 if gap > OPEN else 1.0) * _about(OUTER_LIPS, 0.12)  # teeth do not pucker
    return weight[:, None] * (middle - points) * np.array([1, 0.1, 0]) - weight[:, None] * np.array([0, 0, 0.15])


def _brows(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = np.zeros((478, 3))
    lift = rng.choice([-0.05, 0.09]) * rng.uniform(0.6, 1.1)
    for brow in BROWS:
        out[:, 1] -= lift * rng.uniform(0.6, 1) * _about(brow, 0.14)
    return out


def _lids(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuts the eyes by a share, or opens them wider."""
    share = rng.choice([rng.uniform(0.5, 1.0), -rng.uniform(0.15, 0.35)])
    out = np.zeros((478, 3))
    for eye in EYES:
        upper, lower = list(eye[1:8]), list(eye[:8:-1])
        out[upper] += share * (points[lower] - points[upper]) * (1 if share > 0 else [0, 1, 0])
    return out


@cache
def _expressive() -> np.ndarray:
    """0-1 a vertex [478]: how far it follows a driver; the rest is the person's own shape."""
    return np.maximum.reduce([_about(OUTER_LIPS, 0.15), *(0.7 * _about(brow, 0.08) for brow in BROWS)])


@cache
def _below_mouth() -> np.ndarray:
    """0-1 a vertex [478]: how far it follows the jaw; the lower lip does, corner to corner, the upper one does not."""
    points, _ = neutral_mesh()
    x, y = points[:, 0], points[:, 1]
    mouth = points[list(CORNERS), 1].mean()
    weight = np.clip((y - mouth) / 0.12, 0, 1) * np.exp(-((np.abs(x) / 0.6) ** 4))
    for ring in (OUTER_LIPS, INNER_LIPS):
        width = np.abs(x[list(ring)]).max()
        arch = np.sqrt(np.clip(1 - (x[list(ring)] / width) ** 2, 0, 1))
        weight[list(ring)] = np.where(np.arange(len(ring)) > len(ring) // 2, arch, 0)
    return weight


def _about(vertices: tuple[int, ...], sigma: float) -> np.ndarray:
    """0-1 a vertex [478], falling with the distance to the nearest of `vertices` on the neutral face, in IOD."""
    points, _ = neutral_mesh()
    apart = np.linalg.norm(points[:, None, :2] - points[None, list(vertices), :2], axis=2).min(1)
    return np.exp(-0.5 * (apart / sigma) ** 2)


def _with_mouth(picture: np.ndarray, before: Photo, after: Photo, rng: np.random.Generator) -> np.ndarray:
    """A dark hollow with a soft row of teeth where a shut mouth has been opened."""
    was, now = (float(np.linalg.norm(x.points[13] - x.points[14])) / before.iod for x in (before, after))
    if was > SHUT or now < OPEN:
        return picture
    lips = after.points[list(INNER_LIPS), :2]
    share = softened(coverage(picture.shape, [smooth_ring(lips, 3)]), 0.02 * before.iod)
    rows, columns = window = window_of(share)
    drawn = _mouth_inside(lips - [columns.start, rows.start], share[window].shape, _skin(picture, after), rng)
    inside = np.zeros_like(picture)
    inside[window] = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.012, 0.035) * before.iod)
    return mixed(picture, inside, share)


def _skin(picture: np.ndarray, face: Photo) -> np.ndarray:
    """Tones [3] of the cheeks."""
    x, y = face.points[[50, 280], :2].T.astype(np.float32)
    return cv2.remap(cv2.blur(picture, (5, 5)), x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0].mean(0)


def _mouth_inside(lips: np.ndarray, shape: tuple[int, ...], skin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tones [h, w, 3] of `shape`: a hollow, a tongue and mostly the upper teeth, darker towards the corners; `lips` [20, 2]
    px."""
    across, depth = _mouth_axes(lips, shape)
    hollow = skin * np.array([0.38, 0.26, 0.25]) * rng.uniform(0.6, 1.2)
    tongue = skin * np.array([0.8, 0.52, 0.5]) * rng.uniform(0.8, 1.05)
    enamel = np.clip(skin.mean() * rng.uniform(0.9, 1.15) * np.array([1.06, 1.0, 0.91]), 0, 0.95)
    low = np.clip((depth - rng.uniform(0.6, 0.85)) / 0.2, 0, 1)[..., None]
    inside = hollow + low * (tongue - hollow)
    if rng.random() < TEETH_SHARE:
        arch = np.sqrt(np.clip(1 - across**2, 0, 1))
        gaps = 1 - 0.12 * np.abs(np.cos(across * rng.uniform(9, 13))) ** 8
        tooth = np.clip((rng.uniform(0.25, 0.5) * arch - depth) / 0.08, 0, 1)[..., None]
        inside = inside + tooth * ((0.55 + 0.45 * arch * gaps)[..., None] * enamel - inside)
    return inside.astype(np.float32)


def _mouth_axes(lips: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Each [h, w]: -1 at one corner and 1 at the other; 0 at the upper lip and 1 at the lower one."""
    width = np.linalg.norm(lips[HALF] - lips[0])
    along = (lips[HALF] - lips[0]) / width
    axes = np.stack([along, [-along[1], along[0]]], 1)
    across, down = np.moveaxis((identity_map((shape[1], shape[0])) - lips[0]) @ axes, 2, 0)
    upper, lower = lips[: HALF + 1], np.concatenate([lips[:1], lips[:HALF:-1], lips[HALF : HALF + 1]])
    top, bottom = (np.interp(across, *_curve((ring - lips[0]) @ axes)) for ring in (upper, lower))
    return 2 * across / width - 1, np.clip((down - top) / np.maximum(bottom - top, 1e-3), 0, 1)


def _curve(ring: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x, never falling, and y of points [n, 2] from corner to corner."""
    return np.maximum.accumulate(ring[:, 0]), ring[:, 1]


def _generated_region(at: Workspace, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    width = float(np.exp(rng.uniform(np.log(0.03), np.log(0.25)))) * at.photo.iod
    return feathered(at.tones.shape, outline(Photo(at.face.pixels, points), rng), width, inwards=rng.random() < 0.5)


def _smeared(picture: np.ndarray, points: np.ndarray, iod_px: float, rng: np.random.Generator) -> np.ndarray:
    """Teeth and eyes lose their detail, as where a network averages over what it cannot know."""
    regions = [ring for ring in (INNER_LIPS, *EYES) if rng.random() < 0.5]
    if not regions:
        return picture
    rings = [smooth_ring(points[list(ring), :2], 3) for ring in regions]
    where = softened(coverage(picture.shape, rings), 0.06 * iod_px)
    return mixed(picture, cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.015, 0.05) * iod_px), where)
