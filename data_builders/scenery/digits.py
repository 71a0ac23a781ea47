"""A finger, a thumb or a palm as a chain of capsules seen as a relief: light, creases, nail and shadow follow from its height.

Drawn at the frame's own sampling into the box that it fills; outlines are soft over one pixel. Nothing is known of whose hand it is.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SHINE = 0.035
PINK, PALER = np.array([[1.0, 0.9, 0.9], [0.05, 0.035, 0.035]], np.float32)  # of a nail, on fair and on dark skin


@dataclass(frozen=True, eq=False)
class Holder:
    """Whose hand: `skin` [3] linear colour as lit here, `key` [3] the direction of light, `scale` px a cm, `age` the depth of creases."""

    skin: np.ndarray
    key: np.ndarray
    scale: float
    nail: float
    age: float


@dataclass(frozen=True, eq=False)
class Digit:
    """`joints` [n, 2] px of the frame from root to tip, `radii` [n] px; a palm is neither `creased` nor has it a `nail`."""

    joints: np.ndarray
    radii: np.ndarray
    nail: bool = True
    creased: bool = True


def draw(
    frame: np.ndarray,
    digit: Digit,
    holder: Holder,
    mask: np.ndarray,
    behind: bool,
    rng: np.random.Generator,
) -> None:
    """Draws a digit into `frame`: before the instrument, which it shades and takes out of `mask`, or `behind` it."""
    reach = digit.radii.max() + 2 + (0 if behind else 0.6 * holder.scale)
    left, top = np.maximum(0, np.floor(digit.joints.min(0) - reach)).astype(int)
    right, bottom = np.minimum(frame.shape[1::-1], np.ceil(digit.joints.max(0) + reach)).astype(int)
    if right - left < 4 or bottom - top < 4:
        return
    colour, cover = _seen(digit, holder, (left, top, right, bottom), rng)
    part, instrument = frame[top:bottom, left:right], mask[top:bottom, left:right]
    if behind:
        cover = cover * (1 - instrument)
    else:
        part *= 1 - np.float32(0.5) * _cast(cover, digit, holder, instrument)[..., None]
        instrument *= 1 - cover
    part += cover[..., None] * (colour - part)


def _cast(cover: np.ndarray, digit: Digit, holder: Holder, under: np.ndarray) -> np.ndarray:
    """The digit's soft shadow 0-1 on what is `under` it."""
    dx, dy = (-0.35 * digit.radii[-1] * holder.key[:2]).tolist()
    cast = cv2.warpAffine(
        cover, np.array([[1, 0, dx], [0, 1, dy]], np.float32), cover.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.GaussianBlur(cast, (0, 0), max(0.8, 0.35 * digit.radii[-1])) * under


def _seen(digit: Digit, holder: Holder, box: tuple[int, int, int, int], rng) -> tuple[np.ndarray, np.ndarray]:
    """(colour [h, w, 3], cover [h, w]) of a digit in a box of the frame."""
    left, top, right, bottom = box
    step = 1 if digit.creased else 2  # a palm is smooth
    x, y = np.arange(left, right, step, np.float32)[None], np.arange(top, bottom, step, np.float32)[:, None]
    inside, radius, to_tip, across = _chain(digit, x, y)
    r = np.float32(digit.radii[-1])
    relief = np.sqrt(np.maximum(0, inside * (2 * radius - inside)))
    relief = cv2.GaussianBlur(relief, (0, 0), max(0.6, 0.16 * float(r) / step))
    albedo, crease, shine = _skin(digit, holder, to_tip, across, rng)
    surface = relief - crease
    slope_x, slope_y = (cv2.Sobel(surface, cv2.CV_32F, *order, scale=0.125 / step) for order in ((1, 0), (0, 1)))
    steep = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    toward, half = holder.key, holder.key + np.array([0, 0, 1], np.float32)
    facing, mirror = ((-slope_x * k[0] - slope_y * k[1] + k[2]) * steep for k in (toward, half / np.linalg.norm(half)))
    facing = np.clip((facing + 0.3) / 1.3, 0, 1)
    gloss = np.clip(mirror, 0, 1) ** 2
    gloss = (gloss * gloss) ** 2
    gloss = gloss * gloss * gloss * shine
    hollow = 0.62 + 0.38 * np.minimum(relief / r, 1)
    # Light that has gone through skin is red.
    soft = np.stack([hollow * (0.27 + 0.95 * facing * (1 + k * (1 - facing))) for k in (0.15, -0.1, -0.18)], 2)
    colour, cover = albedo * soft + gloss[..., None], np.clip(inside + 0.5, 0, 1)
    size = (right - left, bottom - top)
    return (colour, cover) if step == 1 else (cv2.resize(colour, size), cv2.resize(cover, size))


def _chain(digit: Digit, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """(depth inside the outline, radius there, distance to the tip along the bones, signed distance from the axis), all px [h, w]."""
    inside = np.full(np.broadcast_shapes(x.shape, y.shape), -1e3, np.float32)
    to_tip, across, wide, rest = inside + 2e3, np.zeros_like(inside), np.ones_like(inside), digit.radii[-1]
    for i in range(len(digit.joints) - 2, -1, -1):
        a, bone = digit.joints[i], digit.joints[i + 1] - digit.joints[i]
        length = float(np.hypot(*bone))
        ux, uy = (bone / length).astype(np.float32)
        dx, dy = x - np.float32(a[0]), y - np.float32(a[1])
        along, off = dx * ux + dy * uy, dx * uy - dy * ux
        on_bone = np.clip(along, 0, np.float32(length))
        beyond = along - on_bone
        radius = np.float32(digit.radii[i]) + np.float32((digit.radii[i + 1] - digit.radii[i]) / length) * on_bone
        depth = radius - np.sqrt(off * off + beyond * beyond)
        nearer = depth > inside
        inside, wide = np.where(nearer, depth, inside), np.where(nearer, radius, wide)
        to_tip = np.where(nearer, np.float32(rest + length) - along, to_tip)
        across = np.where(nearer, off, across)
        rest += length
    return inside, wide, to_tip, across


def _skin(digit: Digit, holder: Holder, to_tip: np.ndarray, across: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(albedo [h, w, 3], depth of creases px [h, w], shine [h, w]); one value each where a palm has no detail."""
    if not digit.creased:
        return holder.skin[None, None], np.zeros((1, 1), np.float32), np.full((1, 1), SHINE, np.float32)
    r = np.float32(digit.radii[-1])
    s, t = to_tip / r, across / r
    crease = _creases(digit, s, t, r)
    small = rng.standard_normal((int(s.shape[0] / r) + 3, int(s.shape[1] / r) + 3), np.float32)
    blotch = 1 + 0.03 * cv2.resize(small, s.shape[::-1], interpolation=cv2.INTER_LINEAR)
    worn = blotch * (1 - np.float32(0.12 * holder.age) * crease)
    flushed = 1 / (1 + np.square(np.square(s / 2)))  # blood shows at the tip
    albedo = np.stack([worn * (skin + skin * k * flushed) for skin, k in zip(holder.skin, (0.05, -0.08, -0.06), strict=True)], 2)
    shine = np.full_like(s, SHINE)
    crease *= np.float32(0.06 * holder.age) * r
    if digit.nail:
        rows, columns = (np.flatnonzero(((s < 2.2) & (np.abs(t) < 1.1)).any(axis)) for axis in (1, 0))
        if len(rows) and len(columns):
            tip = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            _nailed(albedo[tip], crease[tip], shine[tip], s[tip], t[tip], r, holder)
    return albedo, crease, shine


def _creases(digit: Digit, s: np.ndarray, t: np.ndarray, r: np.float32) -> np.ndarray:
    """About 1 in the three folds over each joint."""
    bones = np.linalg.norm(np.diff(digit.joints, axis=0), axis=1)[::-1]
    crease, bow = np.zeros_like(s), 1.2 * t * t
    for joint in 1 + np.cumsum(bones)[:-1] / r:
        for step in (-0.32, 0.0, 0.28):
            off = np.square(10 * (s - np.float32(joint + step)) + np.float32(np.sign(step)) * bow)
            crease += 1 / (1 + off * off)
    return crease


def _nailed(
    albedo: np.ndarray, crease: np.ndarray, shine: np.ndarray, s: np.ndarray, t: np.ndarray, r: np.float32, holder: Holder
) -> None:
    """Adds a nail: pink, glossy, a pale free edge and moon, a groove about it. `s` and `t` run along and across, in radii of the tip."""
    along, wide = np.square((s - 0.92) / 0.78), np.abs(t / 0.7)
    outline = along * along + wide * wide * wide  # below 1 on the nail
    nail, groove = np.clip((1 - outline) * 4, 0, 1), np.exp(-(((outline - 1.05) / 0.22) ** 2))
    pale = np.clip((0.42 - s) * 8, 0, 1) + 0.5 * np.exp(-(((s - 1.6) / 0.16) ** 2 + (t / 0.35) ** 2))
    white = np.minimum(1, 1.6 * holder.skin.mean()) * np.array([1, 0.95, 0.88], np.float32)
    pink = holder.skin * PINK + np.sqrt(holder.skin.mean()) * PALER
    colour = pink + np.float32(0.6 * holder.nail) * pale[..., None] * (white - pink)
    albedo += nail[..., None] * (colour - albedo)
    albedo *= 1 - 0.28 * groove[..., None]
    crease += 0.05 * r * groove
    shine += 0.2 * nail
