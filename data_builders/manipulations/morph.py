"""Morphs: two people in one face, their shapes averaged over the mesh and their pictures cross-faded.

A full morph fades head and neck into each other, with ghosts of hair and ears; a spliced one keeps the hair of the first photo,
too, as forgers of documents do (Ferrara et al. 2014). Shoulders and backdrop stay: nobody hands in a morph that ghosts them.
"""

import cv2
import numpy as np

from ..attacks.head import FACE_OVAL, coverage, grown, smooth_ring
from ..synthesis.photo import SEEN_IOD_PX, Attack, Photo
from .blending import (
    altered,
    as_seen,
    feathered,
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
from .mesh_warp import dense_map, warped
from .swaps import fitting

AROUND_IOD = 1.0  # of the workspace: hair and neck
SHARES = (0.35, 0.65)  # of the donor, in shape and in picture
FULL_SHARE = 0.4
POISSON_SHARE = 0.3
EDGE_IOD = 0.25  # over which a full morph fades where the donor's picture ends
JAW = (172, 136, 149, 148, 377, 378, 365, 397)
IRISES = (range(469, 473), range(474, 478))
GHOST_IOD = 0.15  # what is finer than this and was in one of the two only is a ghost


def morph(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """About half of a framed `photo` and half of `donor`, any photo, in the frame of the first."""
    at = workspace(photo, AROUND_IOD)
    donor = fitting(donor, photo)
    points, own_map, donor_map = _averaged(at.face, donor, rng)
    face = Photo(at.face.pixels, points)
    full = rng.random() < FULL_SHARE
    region = _head(face, rng) * _where_shown(donor, donor_map, photo.iod) if full else _spliced(face, rng)
    mine = warped(at.tones, own_map)
    theirs = recoloured(warped(tones(donor.pixels), donor_map), mine, region, rng.uniform(0, 1), spread=rng.random() < 0.5)
    share = rng.uniform(*SHARES)
    faded = cv2.addWeighted(mine, 1 - share, theirs, share, 0)
    if not full and rng.random() < POISSON_SHARE:
        faded = without_seam(faded, mine, region)
    forged = mixed(mine, faded, region)
    cues = {"blend seam": seam_visibility(forged, mine, region, photo.iod), "other": _ghosts(forged, mine, face)}
    where = altered(forged, at.tones, points, photo.iod)
    return at.finished(mixed(at.tones, forged, where), where, cues)


def _averaged(face: Photo, donor: Photo, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points [478, 3] between both, and the maps by which they find their pixels in `face` and in `donor`."""
    onto_donor = similarity(face.points, donor.points)
    placed = cv2.transform(donor.points[None, :, :2], np.linalg.inv(onto_donor)[:2])[0]
    theirs = np.column_stack([placed, face.points[:, 2]]).astype(np.float32)
    points = face.points + np.float32(rng.uniform(*SHARES)) * (theirs - face.points)
    size = face.pixels.shape[1::-1]
    return points, dense_map(points, face.points, size), cv2.transform(dense_map(points, theirs, size), onto_donor[:2])


def similarity(from_points: np.ndarray, to_points: np.ndarray) -> np.ndarray:
    """[3, 3]: turn, scale and shift in the plane that take `from_points` nearest to `to_points`, least squares."""
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (from_points.astype(np.float64), to_points.astype(np.float64)))
    turn = np.vdot(z - z.mean(), w - w.mean()) / np.vdot(z - z.mean(), z - z.mean())
    shift = w.mean() - turn * z.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag], [0, 0, 1]])


def _spliced(face: Photo, rng: np.random.Generator) -> np.ndarray:
    width = float(np.exp(rng.uniform(np.log(0.03), np.log(0.3)))) * face.iod
    return feathered(face.pixels.shape, outline(face, rng), width, inwards=rng.random() < 0.5)


def _head(face: Photo, rng: np.random.Generator) -> np.ndarray:
    """Face, ears, most of the hair and the neck, fading outwards: the rest of a morph would be ghosts of collars and walls."""
    oval = face.points[list(FACE_OVAL), :2]
    middle, up = oval.mean(0), (oval[0] - oval[len(oval) // 2]) / np.linalg.norm(oval[0] - oval[len(oval) // 2])
    ring = grown(oval, rng.uniform(1.05, 1.15))
    risen = np.clip((ring - middle) @ up, 0, None)[:, None] * up
    jaw = face.points[list(JAW), :2]
    neck = np.concatenate([jaw, jaw[::-1] - up * rng.uniform(0.1, 0.3) * face.iod])
    crown = ring + rng.uniform(0.25, 0.45) * risen
    return softened(coverage(face.pixels.shape, [smooth_ring(crown, 3), neck]), rng.uniform(0.15, 0.3) * face.iod)


def _where_shown(donor: Photo, donor_map: np.ndarray, iod_px: float) -> np.ndarray:
    """1 where the donor's picture has pixels, fading towards its edge."""
    height, width = donor.pixels.shape[:2]
    x, y = donor_map[..., 0], donor_map[..., 1]
    to_edge = np.minimum.reduce([x, y, width - 1 - x, height - 1 - y])
    return np.clip(to_edge / (EDGE_IOD * iod_px), 0, 1).astype(np.float32)


def _ghosts(forged: np.ndarray, mine: np.ndarray, face: Photo) -> float:
    """Visibility of what is fine, came from the other and has no place here: hair, ears and collars beyond the face, and second
    pupils."""
    change = as_seen(forged - mine, face.iod)
    reach = 2 * round(GHOST_IOD * SEEN_IOD_PX) + 1
    pupils = [grown(face.points[list(iris), :2], 1.2) for iris in IRISES]
    beyond = 1 - coverage(forged.shape, [face.points[list(FACE_OVAL), :2]])
    where = as_seen(np.maximum(beyond, coverage(forged.shape, pupils)), face.iod)
    seen = as_seen(forged, face.iod)
    clean = seen - where[..., None] * (change - cv2.blur(change, (reach, reach)))
    return trace_visibility(seen, clean, min(face.iod, SEEN_IOD_PX))
