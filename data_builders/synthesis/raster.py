"""The z-buffer in numba: which triangle a pixel sees, and its colour from what vertices carry and a texture fixed to the skin.

Every kernel works on a window of the picture, so that a clip pays for its face and not for its background.
"""

import numpy as np
from numba import njit

# The columns of the vertex values that `shade` mixes.
ALBEDO, LIGHT, HALF, HAIR, IRIS, TEXEL, SKIN = slice(0, 3), slice(3, 6), 6, 7, 8, slice(9, 11), 11
COLUMNS = 12
IRIS_CM = 0.6


@njit(cache=True)
def rasterise(points, depth, triangles, width, height):
    """(nearest triangle int32 [height, width], -1 for none; its barycentric weights [height, width, 2]; its depth [height, width]).

    `points` [V, 2] px, `depth` [V] growing towards the camera, `triangles` [T, 3].
    """
    owner = np.full((height, width), -1, np.int32)
    bary = np.zeros((height, width, 2), np.float32)
    nearest = np.full((height, width), -1e9, np.float32)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:  # y runs down, so front faces turn this way
            continue
        x1, x2 = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(max(ax, bx, cx)))
        y1, y2 = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(max(ay, by, cy)))
        for y in range(y1, y2 + 1):
            for x in range(x1, x2 + 1):
                v = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                w = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                if v < 0 or w < 0 or v + w > 1:
                    continue
                z = depth[a] + v * (depth[b] - depth[a]) + w * (depth[c] - depth[a])
                if z > nearest[y, x]:
                    nearest[y, x] = z
                    owner[y, x] = t
                    bary[y, x, 0] = v
                    bary[y, x, 1] = w
    return owner, bary, nearest


@njit(cache=True, fastmath=True)
def shade(owner, bary, triangles, values, fine, coarse, shares, surface):
    """Linear light [h, w, 3] and coverage [h, w].

    `values` [V, COLUMNS]; `fine` and `coarse` are neighbours in the texture's pyramid [th, tw, 4] (three factors, hair strands);
    `shares` is (texels of level 0 for one of `fine`, share of `coarse`); `surface` [11] is skin gloss, hair, sclera and iris rgb,
    the pupil's radius in cm.
    """
    height, width = owner.shape
    out = np.zeros((height, width, 3), np.float32)
    covered = np.zeros((height, width), np.float32)
    mixed = np.zeros(COLUMNS, np.float32)
    grain = np.zeros(4, np.float32)
    for y in range(height):
        for x in range(width):
            t = owner[y, x]
            if t < 0:
                continue
            covered[y, x] = 1
            v, w = bary[y, x, 0], bary[y, x, 1]
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for k in range(COLUMNS):
                mixed[k] = (1 - v - w) * values[a, k] + v * values[b, k] + w * values[c, k]
            shine = max(mixed[6], np.float32(0))
            if mixed[8] < 3:  # an eye: its distance to the axis is near
                iris = _ramp(IRIS_CM - mixed[8], 0.1)
                rim = 1 - 0.55 * _ramp(mixed[8] - 0.85 * IRIS_CM, 0.2)
                pupil = _ramp(surface[10] - mixed[8], 0.07)
                for k in range(3):
                    colour = surface[4 + k] + iris * (surface[7 + k] * rim - surface[4 + k])
                    colour *= 1 - pupil * 0.95
                    out[y, x, k] = colour * mixed[3 + k] + 0.7 * shine**300 * min(mixed[3 + k] * 2, 1)
                continue
            _sample(grain, mixed[9], mixed[10], fine, coarse, shares)
            hair = min(mixed[7] * (0.35 + 1.3 * grain[3]), np.float32(1))
            gloss = surface[0] * shine**20 * mixed[11] * grain[1] ** 3 * (1 - 0.7 * hair)  # pores break it up
            for k in range(3):
                skin = mixed[k] * (1 + mixed[11] * (grain[k] - 1))
                out[y, x, k] = (skin + hair * (surface[1 + k] - skin)) * mixed[3 + k] + gloss * mixed[3 + k]
    return out, covered


@njit(cache=True, inline="always")
def _ramp(inside, width):
    return min(max(0.5 + inside / width, 0.0), 1.0)


@njit(cache=True, fastmath=True)
def _sample(grain, u, v, fine, coarse, shares):
    """Trilinear: a single level would jump when the face comes nearer."""
    for k in range(4):
        grain[k] = 0
    step, share = shares[0], shares[1]
    for level in range(2):
        texture = fine if level == 0 else coarse
        weight = 1 - share if level == 0 else share
        if weight <= 0:
            continue
        size = step if level == 0 else 2 * step
        tx, ty = (u + 0.5) / size - 0.5, (v + 0.5) / size - 0.5
        x0 = min(max(int(np.floor(tx)), 0), texture.shape[1] - 2)
        y0 = min(max(int(np.floor(ty)), 0), texture.shape[0] - 2)
        fx, fy = min(max(tx - x0, 0.0), 1.0), min(max(ty - y0, 0.0), 1.0)
        for k in range(4):
            top = (1 - fx) * texture[y0, x0, k] + fx * texture[y0, x0 + 1, k]
            low = (1 - fx) * texture[y0 + 1, x0, k] + fx * texture[y0 + 1, x0 + 1, k]
            grain[k] += weight * ((1 - fy) * top + fy * low)


@njit(cache=True)
def vertex_normals(mesh, triangles):
    """Unit normals [V, 3]; zero at vertices of no triangle."""
    normals = np.zeros_like(mesh)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = mesh[b, 0] - mesh[a, 0], mesh[b, 1] - mesh[a, 1], mesh[b, 2] - mesh[a, 2]
        vx, vy, vz = mesh[c, 0] - mesh[a, 0], mesh[c, 1] - mesh[a, 1], mesh[c, 2] - mesh[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for v in range(len(normals)):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0:
            for k in range(3):
                normals[v, k] /= length
    return normals
