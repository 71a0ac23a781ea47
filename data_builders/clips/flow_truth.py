"""Optical flow as it is: where each point of skin that a pixel shows goes, from the same triangle at the same place in the other frame.

Exact for these pictures, because the renderer too interpolates linearly within a triangle. Only skin and eyes that turn with the head have
a flow (not neck, clothes, backdrop), and only what both frames show is `seen`. Values are steps of 1/256 px: float16 holds them up to 8 px
and they compress well.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..rig.raster import rasterise
from ..rig.render import project
from .events import Event
from .takes import Posed, Take

DEPTH_CM = 0.3  # two surfaces nearer than this are one; teeth lie farther behind the lips
STEP_PX = 1 / 256
SPARSE = 2  # one value for 2 x 2 pixels where flow is stored beside a clip


@dataclass(frozen=True, eq=False)
class Flow:
    """`px` float16 [h, w, 2]: (x, y) displacement in px of the full frame, 0 where it is not `seen` (bool [h, w]). With a step s, the
    value at [r, c] belongs to the frame's point ((c + .5) s - .5, (r + .5) s - .5)."""

    px: np.ndarray
    seen: np.ndarray


def flow_between(take: Take, i: int, j: int, step: int = 1) -> Flow:
    """From frame i to frame j on frame i's grid, head pose, gaze and speech included."""
    return displaced(take, take.posed(i), take.posed(j), step)


def expression_flow(take: Take, event: Event, step: int = 1) -> Flow:
    """From the event's onset frame to its apex if nothing else had moved: head, gaze and light are taken out."""
    return displaced(take, *take.expressed(event), step)


def displaced(take: Take, before: Posed, after: Posed, step: int = 1) -> Flow:
    width, height = (n // step for n in take.size)
    (start, depth), (end, far) = (_projected(take, posed, step) for posed in (before, after))
    triangles = take.rig.triangles
    owner, bary, _ = rasterise(start, depth, triangles, width, height)
    rows, columns = np.nonzero(owner >= 0)
    corners = triangles[owner[rows, columns]]
    v, w = bary[rows, columns].T
    weights = np.stack([1 - v - w, v, w], 1)[..., None]
    moved = (weights * (end - start)[corners]).sum(1)
    at = np.stack([columns, rows], 1) + moved
    nearest = rasterise(end, far, triangles, width, height)[2]
    x, y = np.rint(at).astype(int).T
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    reached = (weights[..., 0] * far[corners]).sum(1)
    shown = nearest[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] < reached + DEPTH_CM
    keep = inside & shown & (take.paint.turn[corners] == 1).all(1)
    px, seen = np.zeros((height, width, 2), np.float16), np.zeros((height, width), bool)
    px[rows[keep], columns[keep]] = np.rint(moved[keep] * step / STEP_PX) * STEP_PX
    seen[rows[keep], columns[keep]] = True
    return Flow(px, seen)


def _projected(take: Take, posed: Posed, step: int) -> tuple[np.ndarray, np.ndarray]:
    """(points [V, 2] px of the grid with this step, depth [V] cm)."""
    points, turned = project(posed.mesh, take.paint.turn, posed.view, take.size)
    return ((points + 0.5) / step - 0.5).astype(np.float32), turned[:, 2] - take.paint.sunk


def packed(flows: dict[str, Flow]) -> bytes:
    """The .npz file of several flows: arrays `NAME` and `NAME_seen`."""
    file = io.BytesIO()
    arrays = {name: flow.px for name, flow in flows.items()} | {f"{name}_seen": flow.seen for name, flow in flows.items()}
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_flow(path: Path, name: str) -> Flow:
    """A flow as `packed` wrote it."""
    with np.load(path) as file:
        return Flow(file[name], file[f"{name}_seen"])
