"""The z-buffer in numba: which triangle a sample sees, and a pixel's colour from what vertices carry and a texture fixed to the skin.

Every kernel works on a window of the picture, so that a clip pays for its face and not for its background. Visibility is sampled
several times a pixel, shading once where a pixel lies within one surface: edges stay smooth at a third of the cost.
"""

import numpy as np
from numba import njit

# The columns of the vertex values that `shade` mixes.
ALBEDO, LIGHT, HALF, HAIR, IRIS, TEXEL, SKIN = slice(0, 3), slice(3, 6), 6, 7, 8, slice(9, 11), 11
COLUMNS = 12
IRIS_CM = 0.6
LABELS = 32  # more than there are regions
DENSE = 0.5  # of the hair's cover, from which a pixel is called hair


@njit(cache=True, fastmath=True)
def rasterise(points, depth, triangles, width, height):
    """(nearest triangle int32 [height, width], -1 for none; its barycentric weights [height, width, 2]; its depth [height, width]).

    `points` [V, 2] px, `depth` [V] growing towards the camera, `triangles` [T, 3].
    """
    owner = np.full((height, width), -1, np.int32)
    bary = np.zeros((height, width, 2), np.float32)
    nearest = np.full((height, width), np.float32(-1e9))
    slack = np.float32(-1e-4)  # or rounding would leave holes between neighbours
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:  # y runs down, so front faces turn this way
            continue
        x1, x2 = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx))))
        y1, y2 = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy))))
        if x1 > x2 or y1 > y2:
            continue
        over = 1 / area
        v_x, v_y, w_x, w_y = (cy - ay) * over, -(cx - ax) * over, -(by - ay) * over, (bx - ax) * over
        za, zb, zc = depth[a], depth[b] - depth[a], depth[c] - depth[a]
        for y in range(y1, y2 + 1):
            v = (x1 - ax) * v_x + (y - ay) * v_y
            w = (x1 - ax) * w_x + (y - ay) * w_y
            for x in range(x1, x2 + 1):
                if v >= slack and w >= slack and v + w <= 1 - slack:
                    z = za + v * zb + w * zc
                    if z > nearest[y, x]:
                        nearest[y, x] = z
                        owner[y, x] = t
                        bary[y, x, 0] = v
                        bary[y, x, 1] = w
                v += v_x
                w += w_x
    return owner, bary, nearest


@njit(cache=True, fastmath=True)
def veiled(points, depth, triangles, thickness, nearest):
    """The share of light [height, width] that see-through triangles let pass, each `thickness` [V] 0-1 thick, in front of `nearest`."""
    height, width = nearest.shape
    passing = np.ones((height, width), np.float32)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-6:
            continue
        for y in range(max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy)))) + 1):
            for x in range(max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx)))) + 1):
                v = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                w = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                if v < 0 or w < 0 or v + w > 1:
                    continue
                if depth[a] + v * (depth[b] - depth[a]) + w * (depth[c] - depth[a]) > nearest[y, x]:
                    passing[y, x] *= 1 - ((1 - v - w) * thickness[a] + v * thickness[b] + w * thickness[c])
    return passing


@njit(cache=True, fastmath=True)
def shade(seen, passing, samples, step_cm, triangles, region, names, values, fine, coarse, furrows, shares, surface):
    """Linear light [h, w, 3], coverage [h, w] and region uint8 [h, w], from `samples` x `samples` samples a pixel.

    `seen` is what `rasterise` gives, `passing` what `veiled` does, `step_cm` a pixel's width on the face. `region` [T] labels the
    triangles; `names` are the labels of hair, first and last eye, first and last brow. `values` [V, COLUMNS]; `fine` and `coarse`
    are neighbours in the texture's pyramid [th, tw, 4] (three factors, hair strands), `furrows` the folds' factor on light at half
    its sampling; `shares` is (texels of level 0 for one of `fine`, share of `coarse`); `surface` [11] is skin gloss, hair, sclera
    and iris rgb, the pupil's radius in cm.
    """
    owner, bary, nearest = seen
    height, width = owner.shape[0] // samples, owner.shape[1] // samples
    out = np.zeros((height, width, 3), np.float32)
    covered = np.zeros((height, width), np.float32)
    labels = np.zeros((height, width), np.uint8)
    mixed = np.zeros(COLUMNS, np.float32)
    grain = np.zeros(5, np.float32)
    colour = np.zeros(3, np.float32)
    votes = np.zeros(LABELS, np.int32)
    share = np.float32(1 / samples**2)
    last = samples - 1
    for y in range(height):
        for x in range(width):
            top, left = y * samples, x * samples
            hits = 0
            label, within, low, high = -1, True, np.float32(1e9), np.float32(-1e9)
            for j in range(top, top + samples):
                for i in range(left, left + samples):
                    t = owner[j, i]
                    if t < 0:
                        continue
                    hits += 1
                    within = within and passing[j, i] == 1 and (label < 0 or region[t] == label)
                    label = region[t]
                    low, high = min(low, nearest[j, i]), max(high, nearest[j, i])
            if hits == 0:
                continue
            covered[y, x] = hits * share
            within = within and hits == samples**2 and high - low < 3 * step_cm
            if within and not names[1] <= label <= names[2]:
                _halfway(mixed, triangles, values, owner, bary, top, left, last)
                labels[y, x] = _skin(colour, mixed, grain, label, names, fine, coarse, furrows, shares, surface)
                out[y, x] = colour
                continue
            votes[:] = 0
            for j in range(top, top + samples):
                for i in range(left, left + samples):
                    t = owner[j, i]
                    if t < 0:
                        votes[0] += 1
                        continue
                    _at(mixed, triangles, values, t, bary[j, i, 0], bary[j, i, 1])
                    if names[1] <= region[t] <= names[2]:
                        _eye(colour, mixed, surface)
                        votes[region[t]] += 1
                    else:
                        votes[_skin(colour, mixed, grain, region[t], names, fine, coarse, furrows, shares, surface)] += 1
                    for k in range(3):
                        out[y, x, k] += share * passing[j, i] * colour[k]
            labels[y, x] = np.argmax(votes)
    return out, covered, labels


@njit(cache=True, fastmath=True, inline="always")
def _at(mixed, triangles, values, t, v, w):
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    for k in range(COLUMNS):
        mixed[k] = (np.float32(1) - v - w) * values[a, k] + v * values[b, k] + w * values[c, k]


@njit(cache=True, fastmath=True, inline="always")
def _halfway(mixed, triangles, values, owner, bary, top, left, last):
    """Between the first and the last sample of a pixel: at its centre."""
    half = np.float32(0.5)
    t = owner[top, left]
    v, w = bary[top, left, 0], bary[top, left, 1]
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    t = owner[top + last, left + last]
    p, q = bary[top + last, left + last, 0], bary[top + last, left + last, 1]
    d, e, f = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    u, o = half * (np.float32(1) - v - w), half * (np.float32(1) - p - q)
    v, w, p, q = half * v, half * w, half * p, half * q
    for k in range(COLUMNS):
        mixed[k] = u * values[a, k] + v * values[b, k] + w * values[c, k] + o * values[d, k] + p * values[e, k] + q * values[f, k]


@njit(cache=True, fastmath=True, inline="always")
def _skin(colour, mixed, grain, label, names, fine, coarse, furrows, shares, surface):
    """Fills `colour` and returns the label: what dense hair covers is hair, but for the brows."""
    one = np.float32(1)
    _sample(grain, mixed[9], mixed[10], fine, coarse, furrows, shares)
    hair = min(mixed[7] * (np.float32(0.45) + np.float32(1.1) * grain[3]), one)
    shine = max(mixed[6], np.float32(0))
    shine *= shine
    shine *= shine
    gloss = shine * shine
    gloss *= gloss * shine * surface[0] * mixed[11]  # the twentieth power
    gloss *= grain[1] * grain[1] * grain[1] * (one - np.float32(0.7) * hair)  # pores break it up
    for k in range(3):
        skin = mixed[k] * (one + mixed[11] * (grain[k] - one))
        strand = surface[1 + k] * (np.float32(0.6) + np.float32(0.8) * grain[3])
        fold = one + mixed[11] * (grain[4] - one) * (
            np.float32(0.85) + np.float32(0.12) * np.float32(k)
        )  # blood shows in a furrow
        colour[k] = ((skin + hair * (strand - skin)) + gloss) * mixed[3 + k] * fold
    if mixed[7] >= DENSE and not names[3] <= label <= names[4]:
        return names[0]
    return label


@njit(cache=True, fastmath=True)
def _eye(colour, mixed, surface):
    shine = max(mixed[6], np.float32(0))
    iris = _ramp(IRIS_CM - mixed[8], 0.1)
    rim = 1 - 0.55 * _ramp(mixed[8] - 0.85 * IRIS_CM, 0.2)
    pupil = _ramp(surface[10] - mixed[8], 0.07)
    for k in range(3):
        white = surface[4 + k] * mixed[k]
        tone = (white + iris * (surface[7 + k] * rim - white)) * (1 - pupil * 0.95)
        colour[k] = tone * mixed[3 + k] + 0.7 * shine**300 * min(mixed[3 + k] * 2, 1)


@njit(cache=True, inline="always")
def _ramp(inside, width):
    return min(max(0.5 + inside / width, 0.0), 1.0)


@njit(cache=True, fastmath=True, inline="always")
def _sample(grain, u, v, fine, coarse, furrows, shares):
    """Trilinear: a single level would jump when the face comes nearer."""
    for k in range(5):
        grain[k] = 0
    step, share = shares[0], shares[1]
    _bilinear(grain, 0, u, v, step, np.float32(1) - share, fine)
    _bilinear(grain, 0, u, v, np.float32(2) * step, share, coarse)
    _bilinear(grain, 4, u, v, np.float32(2), np.float32(1), furrows)


@njit(cache=True, fastmath=True, inline="always")
def _bilinear(grain, first, u, v, size, weight, texture):
    tx, ty = (u + np.float32(0.5)) / size - np.float32(0.5), (v + np.float32(0.5)) / size - np.float32(0.5)
    x0 = min(max(int(np.floor(tx)), 0), texture.shape[1] - 2)
    y0 = min(max(int(np.floor(ty)), 0), texture.shape[0] - 2)
    fx = min(max(tx - np.float32(x0), np.float32(0)), np.float32(1))
    fy = min(max(ty - np.float32(y0), np.float32(0)), np.float32(1))
    one = np.float32(1)
    a, b, c = (one - fx) * (one - fy) * weight, fx * (one - fy) * weight, (one - fx) * fy * weight
    d = weight - a - b - c
    for k in range(texture.shape[2]):
        grain[first + k] += (
            a * texture[y0, x0, k] + b * texture[y0, x0 + 1, k] + c * texture[y0 + 1, x0, k] + d * texture[y0 + 1, x0 + 1, k]
        )


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
