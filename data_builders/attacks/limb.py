"""A hand with its forearm in three dimensions: a rigged mesh that is posed, turned, lit and drawn.

The mesh is the hand of the WebXR input profiles (hand_mesh.json names source and licence), in cm: a person tells a drawn hand
from a real one by its outline. Axes are the picture's: x to the right, y down, z away from the camera.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numba import njit

from ..rig.raster import rasterise, vertex_normals
from .complexion import ACROSS, ALONG, BEFORE, COLUMNS, DOWN, NORMAL, SLEEVE, UP, Look, blotches, coloured

THUMB, FINGERS = (1, 2, 3), tuple((first + 1, first + 2, first + 3) for first in (5, 10, 15, 20))  # the joints that bend
LAST = tuple(digit[-1] for digit in (THUMB, *FINGERS))
FINER = 2  # samples a pixel, along and across
# A forearm from inside the wrist on: cm from it, half its width and half its thickness; about this axis.
ARM = np.array(
    [
        [0.2, 2.5, 1.78],
        [0.6, 2.62, 1.92],
        [1.6, 2.72, 2.02],
        [3, 2.78, 2.1],
        [6, 3.1, 2.5],
        [11, 3.9, 3.3],
        [20, 4.5, 3.9],
        [45, 5, 4.4],
    ]
)
SPOKES = 20
NAILS = np.array([[0.62, 0.62], [0.5, 0.56], [0.52, 0.58], [0.49, 0.55], [0.4, 0.46]], np.float32)  # half width and length, cm


@dataclass(frozen=True, eq=False)
class Pose:
    """`flex` [5, 3] rad at each joint from the thumb on, `spread` [5] rad at the roots, `wrist` [2] rad how far the hand is bent
    to the palm and to the thumb against the arm; a sleeve begins `cuff` cm from the wrist."""

    flex: np.ndarray
    spread: np.ndarray
    wrist: tuple[float, float]
    cuff: float


@dataclass(frozen=True, eq=False)
class Limb:
    """`points` [V, 3] cm, `triangles` [T, 3], `carried` [V, COLUMNS] what its vertices tell of the skin (complexion.py);
    `tips` and `knuckles` [5, 3] from the thumb on."""

    points: np.ndarray
    triangles: np.ndarray
    carried: np.ndarray
    tips: np.ndarray
    knuckles: np.ndarray

    def turned(self, rotation: np.ndarray, mirrored: bool) -> "Limb":
        """The other hand, where `mirrored`, and turned by `rotation` [3, 3] about the wrist."""
        flip = np.array([-1.0 if mirrored else 1.0, 1, 1])
        points, tips, knuckles = ((part * flip) @ rotation.T for part in (self.points, self.tips, self.knuckles))
        triangles = self.triangles[:, ::-1] if mirrored else self.triangles
        return Limb(points, np.ascontiguousarray(triangles), self.carried, tips, knuckles)

    def moved(self, offset: np.ndarray) -> "Limb":
        return Limb(self.points + offset, self.triangles, self.carried, self.tips + offset, self.knuckles + offset)


@dataclass(frozen=True, eq=False)
class _Mesh:
    points: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    joints: np.ndarray
    axes: np.ndarray


def posed(pose: Pose, rng: np.random.Generator) -> Limb:
    """A left hand, its back to the camera and its fingers up; its wrist at 0."""
    mesh = _mesh()
    moves = _moves(mesh, pose)
    to_arm = np.clip((mesh.points[:, 1] + 1.2) / 2.6, 0, 1)[:, None]  # the skin of the wrist stays with the arm
    bent = np.concatenate([mesh.points, np.ones((len(mesh.points), 1))], 1)
    hand = np.einsum("vb,bij,vj->vi", mesh.weights, moves, bent)[:, :3]
    hand = hand + to_arm * (mesh.points - hand)
    parts = [(hand, mesh.triangles, _own(mesh)), _tube(ARM, 0.0, None), _tube(*_sleeve(pose.cuff, rng))]
    firsts = np.cumsum([0] + [len(points) for points, _, _ in parts])
    points, carried = (np.concatenate([part[i] for part in parts]).astype(np.float32) for i in (0, 2))
    triangles = np.concatenate([part + first for (_, part, _), first in zip(parts, firsts)]).astype(np.int32)
    ends = np.concatenate([mesh.joints, np.ones((len(mesh.joints), 1))], 1)
    ends = np.einsum("bij,bj->bi", moves, ends)[:, :3]
    return Limb(
        points, triangles, carried, ends[[digit + 1 for digit in LAST]], ends[[digit[0] for digit in (THUMB[1:], *FINGERS)]]
    )


def drawn(limb: Limb, scale: float, size: tuple[int, int], look: Look, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(colour [h, w, 3], cover [h, w] 0-1) of a limb whose axes begin at the first pixel of a picture of `size`, `scale` px a cm.
    Colour goes on a little beyond the outline."""
    owner, bary, near = rasterise(
        np.ascontiguousarray(limb.points[:, :2] * (scale * FINER) + (FINER - 1) / 2, np.float32),
        np.ascontiguousarray(-limb.points[:, 2], np.float32),
        limb.triangles,
        size[0] * FINER,
        size[1] * FINER,
    )
    cover = cv2.resize((owner >= 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    owner, bary, near = _nearest(owner, bary, near)
    at = owner >= 0
    shown = np.zeros((*size[::-1], 3), np.float32)
    if at.any():
        carried = limb.carried.copy()
        carried[:, NORMAL] = vertex_normals(limb.points.astype(np.float32), limb.triangles)
        seen = _mixed(owner, bary, limb.triangles, carried)
        shown[at] = coloured(seen, _hollow(near, at, scale)[at], blotches(at, scale, rng)[at], look)
    share = at.astype(np.float32)
    about, weight = (cv2.blur(part, (5, 5)) for part in (shown, share))
    return np.where(at[..., None], shown, about / np.maximum(weight, 1e-3)[..., None]), cover


# Its shape


@cache
def _mesh() -> _Mesh:
    held = json.loads(files(__package__).joinpath("hand_mesh.json").read_text())
    points, joints = _joined(np.array(held["vertices"]) / 100), np.array(held["joints"]) / 100
    weights = np.zeros((len(points), len(joints)))
    np.add.at(weights, (np.arange(len(points))[:, None], np.array(held["bones"])), np.array(held["weights"]))
    triangles = np.array(held["triangles"], np.int32)
    triangles = triangles[points[triangles, 1].min(1) < 0.8]  # the forearm hides the cut, which would bend the light about it
    return _Mesh(points, triangles, weights / weights.sum(1, keepdims=True), joints, np.array(held["axes"]))


def _joined(points: np.ndarray) -> np.ndarray:
    """The mesh's end at the wrist drawn into the forearm, which begins there."""
    x, y, z = points.T
    wide, thick = (np.interp(y, ARM[:, 0], ARM[:, i]) for i in (1, 2))
    out = np.hypot((x + 0.11) / wide, (z + 0.03) / thick)
    share = np.clip((y + 0.4) / 0.8, 0, 1) * (out > 0.5)
    wanted = out + share * (1.01 - 0.06 * np.clip((y - 0.4) / 0.6, 0, 1) - out)
    axis = np.array([0.11, 0, 0.03])
    return (points + axis) * np.column_stack([wanted / out, np.ones(len(y)), wanted / out]) - axis


def _moves(mesh: _Mesh, pose: Pose) -> np.ndarray:
    """[25, 4, 4] from the mesh as it is to the pose, of each bone."""
    bend = _about(np.array([1.0, 0, 0]), pose.wrist[0], np.zeros(3)) @ _about(np.array([0, 0, 1.0]), pose.wrist[1], np.zeros(3))
    moves = np.repeat(bend[None], len(mesh.joints), 0)
    for number, digit in enumerate((THUMB, *FINGERS)):
        move = bend @ _about(mesh.axes[digit[0]][:, 1], pose.spread[number], mesh.joints[digit[0]])
        for joint, angle in zip(digit, pose.flex[number]):
            move = move @ _about(mesh.axes[joint][:, 0], -angle, mesh.joints[joint])
            moves[joint] = move
        moves[digit[-1] + 1] = move
    return moves


def _about(axis: np.ndarray, angle: float, at: np.ndarray) -> np.ndarray:
    move = np.eye(4)
    move[:3, :3] = cv2.Rodrigues(axis * float(angle))[0]
    move[:3, 3] = at - move[:3, :3] @ at
    return move


@cache
def _own(mesh: _Mesh) -> np.ndarray:
    """What the vertices of the hand carry."""
    chains = [slice(1, 5), *(slice(first, first + 5) for first in (5, 10, 15, 20))]
    digit = np.argmax(np.stack([mesh.weights[:, chain].sum(1) for chain in chains], 1), 1)
    carried = np.zeros((len(mesh.points), COLUMNS), np.float32)
    for number, last in enumerate(LAST):
        of_it = digit == number
        own = (mesh.points[of_it] - mesh.joints[last]) @ mesh.axes[last]
        before = (mesh.points[of_it] - mesh.joints[last - 1]) @ mesh.axes[last - 1]
        end = own[:, 2].min()
        carried[of_it, ACROSS] = own[:, 0] / NAILS[number, 0]
        carried[of_it, UP] = own[:, 1]
        carried[of_it, ALONG] = (own[:, 2] - end) / NAILS[number, 1]
        carried[of_it, BEFORE] = before[:, 2]
        carried[of_it, DOWN] = own[:, 2]
    return carried


def _sleeve(cuff: float, rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
    """Rings as `ARM`, 1 for cloth, and folds [rings, SPOKES] cm: its edge lies closer, and it is wider than the arm."""
    along = np.concatenate([[cuff, cuff + 0.05, cuff + 0.4], np.arange(cuff + 1.2, 45, 1.1)])
    loose = rng.uniform(0.4, 0.9)
    rings = np.column_stack([along, *(np.interp(along, ARM[:, 0], ARM[:, i]) + loose for i in (1, 2))])
    rings[0, 1:] -= loose + 0.1
    turn = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    wave = np.sin(
        along[:, None] * rng.uniform(0.8, 1.4) + rng.uniform(1, 2) * np.sin(turn + rng.uniform(0, 6)) + rng.uniform(0, 6)
    )
    wave += 0.5 * rng.standard_normal((len(along), SPOKES))
    depth = np.clip((along - cuff - 1) / 3, 0, 1) * rng.uniform(0.08, 0.22)
    return rings, 1.0, wave * depth[:, None]


def _tube(rings: np.ndarray, cloth: float, folds: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(points, triangles, carried) of a limb along y."""
    turn = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    along, wide, thick = (rings[:, i, None] for i in range(3))
    more = np.zeros((len(rings), SPOKES)) if folds is None else folds
    points = np.stack(
        [(wide + more) * np.cos(turn) - 0.11, np.broadcast_to(along, more.shape), (thick + more) * np.sin(turn) - 0.03], 2
    )
    here = np.arange(len(rings) - 1)[:, None] * SPOKES + np.arange(SPOKES)
    beside = np.arange(len(rings) - 1)[:, None] * SPOKES + (np.arange(SPOKES) + 1) % SPOKES
    triangles = np.concatenate(
        [
            np.stack([here, here + SPOKES, beside], 2).reshape(-1, 3),
            np.stack([beside, here + SPOKES, beside + SPOKES], 2).reshape(-1, 3),
        ]
    )
    carried = np.zeros((points.shape[0] * SPOKES, COLUMNS), np.float32)
    carried[:, ALONG], carried[:, BEFORE], carried[:, SLEEVE] = 20, 20, cloth
    carried[:, DOWN] = 20
    return points.reshape(-1, 3), triangles, carried


# How it looks


@njit(cache=True)
def _nearest(owner, bary, near):
    """Of each pixel's samples the one that is nearest to the camera."""
    height, width = owner.shape[0] // FINER, owner.shape[1] // FINER
    of_pixel, weights, depth = (
        np.empty((height, width), np.int32),
        np.empty((height, width, 2), np.float32),
        np.empty((height, width), np.float32),
    )
    for y in range(height):
        for x in range(width):
            best_y, best_x = y * FINER, x * FINER
            for row in range(y * FINER, (y + 1) * FINER):
                for column in range(x * FINER, (x + 1) * FINER):
                    if near[row, column] > near[best_y, best_x]:
                        best_y, best_x = row, column
            of_pixel[y, x], depth[y, x] = owner[best_y, best_x], near[best_y, best_x]
            weights[y, x] = bary[best_y, best_x]
    return of_pixel, weights, depth


@njit(cache=True, fastmath=True)
def _mixed(owner, bary, triangles, carried):
    """[n, columns] of the pixels that see a triangle, in rows."""
    columns = carried.shape[1]
    out = np.empty(((owner >= 0).sum(), columns), np.float32)
    n = 0
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            t = owner[y, x]
            if t >= 0:
                v, w = bary[y, x, 0], bary[y, x, 1]
                for c in range(columns):
                    out[n, c] = (
                        (1 - v - w) * carried[triangles[t, 0], c]
                        + v * carried[triangles[t, 1], c]
                        + w * carried[triangles[t, 2], c]
                    )
                n += 1
    return out


def _hollow(near: np.ndarray, at: np.ndarray, fine: float) -> np.ndarray:
    """The share of the sky [h, w] that is left between fingers: how far a point lies behind what is about it."""
    depth, open_ = np.where(at, near, 0).astype(np.float32), np.ones(at.shape, np.float32)
    share = at.astype(np.float32)
    for sigma, much in ((0.25, 0.5), (0.8, 0.3)):
        about = cv2.GaussianBlur(depth, (0, 0), sigma * fine) / np.maximum(cv2.GaussianBlur(share, (0, 0), sigma * fine), 1e-3)
        open_ *= 1 - np.float32(much) * np.clip((about - depth) / np.float32(1.6 * sigma + 0.15), 0, 1)
    return open_
