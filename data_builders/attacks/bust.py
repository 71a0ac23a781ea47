"""A whole head with ears, skull and neck, for what covers more than a face: masks of rubber and mannequins.

It is kept as radii (bust.json, thousandths of IOD): how far the mean head of ICT-FaceKit (MIT) reaches from its own axis, fitted to the
neutral mesh; above the brows in directions about one centre, below in circles about the axis. The skin of the face follows a shell's shape.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ..rig.raster import rasterise, vertex_normals
from .head import Head, neutral_mesh
from .pigment import Skin
from .shell import Shell, hollows

AXIS = (0.0, -0.25, 0.85)  # in a head's axes, IOD: the centre of the skull, on the axis of head and neck
FOLLOWS = 8  # points of the neutral mesh that a vertex goes with
SPREAD_IOD = 0.1
CROWN = (0.0, -1.9, 0.9)  # where hair comes from
# The hairline's height in a head's axes, from the forehead over the temples and the ears to the nape, by azimuth:
HAIRLINE = ((0, -0.7), (0.5, -0.72), (0.85, -0.5), (1.15, -0.12), (1.4, -0.15), (2.0, -0.1), (2.15, 0.85), (np.pi, 0.85))


@dataclass(frozen=True, eq=False)
class Bust:
    """`form` whose share [h, w] is all of head and neck; on every second pixel whether it is `drawn` [...], how far `above` the hairline [...], IOD, and the
    `places` [..., 3] in the bust's own axes."""

    form: Shell
    drawn: np.ndarray
    above: np.ndarray
    places: np.ndarray


def bust(wearer: Head, skin: Skin, shape: np.ndarray, skull: float) -> Bust:
    """A bust with the face `shape` [478, 3] as the camera sees it in the window of `skin`, its skull `skull` times as large."""
    neutral, (rest, triangles) = neutral_mesh()[0], bust_mesh()
    near, weights = _going_with()
    own = rest + np.einsum("vk,vkd->vd", weights, (shape - neutral)[near])
    grown = np.clip((-0.3 - own[:, 1:2]) / 0.3, 0, 1) * (skull - 1)
    own = own + grown * (own - np.array(AXIS, np.float32))
    corner = np.array([skin.window[1].start, skin.window[0].start, 0], np.float32)
    points = wearer.placed(own) - corner
    values = np.column_stack([vertex_normals(points, triangles), _above_hairline(rest), rest]).astype(np.float32)
    drawn, depth, mixed = _drawn(points, triangles, values, skin.shape)
    normals, sky = hollows(mixed[..., :3], depth, drawn, wearer.iod)
    share = cv2.resize(cv2.GaussianBlur(drawn, (0, 0), 0.8), skin.shape[::-1])
    form = Shell(wearer.placed(shape) - corner, np.clip(3 * share - 1, 0, 1), normals, sky, wearer.iod)
    return Bust(form, drawn, np.where(drawn > 0, mixed[..., 3], -1), mixed[..., 4:])


@cache
def bust_mesh() -> tuple[np.ndarray, np.ndarray]:
    """(points [V, 3] in a head's axes, triangles [T, 3] as `raster` takes them)."""
    kept = json.loads(files(__package__).joinpath("bust.json").read_text())
    azimuth, polar, height = (np.array(kept[name])[:, None] for name in ("azimuths", "polars", "heights"))
    radius, azimuth = np.array(kept["radii"]) / 1000, azimuth.T
    up, down = radius[: len(polar)], radius[len(polar) :]
    flat = np.concatenate([up * np.sin(polar), down])
    y = np.concatenate([AXIS[1] - up * np.cos(polar), height + 0 * down])
    half = np.stack([flat * np.sin(azimuth), y, AXIS[2] - flat * np.cos(azimuth)], 2)
    whole = np.concatenate([half, half[:, -2:0:-1] * [-1, 1, 1]], 1)
    number = np.arange(whole[..., 0].size).reshape(whole.shape[:2])
    beside = np.roll(number, -1, 1)
    upper = np.stack([number[:-1], number[1:], beside[:-1]], 2).reshape(-1, 3)
    lower = np.stack([beside[:-1], number[1:], beside[1:]], 2).reshape(-1, 3)
    return whole.reshape(-1, 3).astype(np.float32), np.concatenate([upper, lower]).astype(np.int32)


@cache
def _going_with() -> tuple[np.ndarray, np.ndarray]:
    """For each vertex the points of the neutral mesh [V, FOLLOWS] that it goes with, and how much."""
    distance, near = cKDTree(neutral_mesh()[0][:468]).query(bust_mesh()[0], FOLLOWS)
    weights = np.exp(-0.5 * ((distance - distance[:, :1]) / (SPREAD_IOD + 0.5 * distance[:, :1])) ** 2)
    return near, (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _above_hairline(points: np.ndarray) -> np.ndarray:
    azimuth = np.abs(np.arctan2(points[:, 0], AXIS[2] - points[:, 2]))
    at, height = np.transpose(HAIRLINE)
    return np.interp(azimuth, at, height) - points[:, 1]


def _drawn(
    points: np.ndarray, triangles: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(where the mesh is, 0 or 1; depth; what its vertices carry) on every second pixel."""
    rows, columns = (-(-n // 2) for n in shape)
    placed = ((points[:, :2] + 0.5) * [columns / shape[1], rows / shape[0]] - 0.5).astype(np.float32)
    owner, bary, nearest = rasterise(placed, -points[:, 2], triangles, columns, rows)
    inside = owner >= 0
    corners, (v, w) = values[triangles[owner[inside]]], bary[inside].T[..., None]
    mixed = np.zeros((rows, columns, values.shape[1]), np.float32)
    mixed[inside] = (1 - v - w) * corners[:, 0] + v * corners[:, 1] + w * corners[:, 2]
    return inside.astype(np.float32), np.where(inside, -nearest, 0).astype(np.float32), mixed
