"""Pictures of the rig: a person with a look before a camera, still or frame by frame.

`draw` is deterministic, all chance lies in `sample_look` and `sample_view`; `render` does both for one picture. The renders teach
geometry and shading of action units, not photography; they carry no live/spoof label.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .look import LEVELS, TEXELS_CM, Light, Look, Painting, folded, lit, sample_look
from .raster import ALBEDO, COLUMNS, HAIR, HALF, IRIS, LIGHT, SKIN, TEXEL, rasterise, shade, vertex_normals
from .rig import DRAWN, Person, Rig, Sides, expressed

SUPERSAMPLE = 2
IOD_CM = 8.9  # of the mean head; a camera does not know the head before it


@dataclass(frozen=True, eq=False)
class View:
    """A pinhole camera before a turned head. Angles in radians: yaw > 0 turns the face to the person's left (picture right),
    pitch > 0 down, roll > 0 raises the person's left side; `place` is the head's, in shares of the picture."""

    yaw: float
    pitch: float
    roll: float
    distance_cm: float
    iod_px: float
    place: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Render:
    """`pixels` linear light float32 [h, w, 3] in 0-1, the rig's own `points` [68, 2] px and the `covered` mask [h, w] 0-1."""

    pixels: np.ndarray
    points: np.ndarray
    covered: np.ndarray


def sample_view(rng: np.random.Generator, size: int) -> View:
    yaw, pitch, roll = np.clip(rng.normal(0, (14, 8, 7)), -40, 40) * np.pi / 180
    distance = float(np.exp(rng.uniform(np.log(40), np.log(200))))
    place = (0.5 + rng.uniform(-0.07, 0.07), 0.5 + rng.uniform(-0.07, 0.07))
    return View(yaw, pitch, roll, distance, size * rng.uniform(0.2, 0.3), place)


def render(
    rig: Rig, paint: Painting, person: Person, aus: dict[str, Sides], view: View, rng: np.random.Generator, size: int = 256
) -> Render:
    """One square picture of the person showing `aus`; gaze, colours, light and background are drawn from `rng`."""
    gaze = tuple(np.clip(rng.normal(0, 0.12, 2), -0.4, 0.4))
    mesh = expressed(rig, person, aus, rng, gaze)
    look = sample_look(rig, paint, rng, (size, size))
    return draw(rig, paint, mesh, aus, look, view)


def draw(
    rig: Rig, paint: Painting, mesh: np.ndarray, aus: dict[str, Sides], look: Look, view: View, supersample: int = SUPERSAMPLE
) -> Render:
    """`mesh` [V, 3] before the look's backdrop, in its size; at the levels `aus` {code: (left, right)} folds darken."""
    height, width = look.backdrop.shape[:2]
    points, turned = project(mesh, paint.turn, view, (width, height))
    left, top = np.clip(np.floor(points.min(0)).astype(int) - 1, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(points.max(0)).astype(int) + 2, (left + 1, top + 1), (width, height))
    # Pixel centres: sample k of a pixel lies at (k + .5) / supersample - .5 of it.
    sampled = ((points - (left, top) + 0.5) * supersample - 0.5).astype(np.float32)
    window = (int(right - left), int(bottom - top))
    owner, bary, _ = rasterise(sampled, turned[:, 2], rig.triangles, window[0] * supersample, window[1] * supersample)
    values = _values(rig, paint, turned, aus, look)
    values[:, LIGHT] *= _shut_in(rig, mesh)[:, None]
    fine, coarse, shares = _levels(look, view.iod_px * supersample)
    colours, covered = shade(owner, bary, rig.triangles, values, fine, coarse, shares, look.surface)
    if supersample > 1:
        colours, covered = (cv2.resize(x, window, interpolation=cv2.INTER_AREA) for x in (colours, covered))
    pixels, mask = look.backdrop.copy(), np.zeros((height, width), np.float32)
    inside = (slice(top, bottom), slice(left, right))
    pixels[inside] = colours + pixels[inside] * (1 - covered[..., None])
    mask[inside] = covered
    if look.clothes:
        _dress(pixels, look.clothes, look.light, view)
    return Render(np.clip(pixels, 0, 1), points[rig.landmark68], mask)


def project(mesh: np.ndarray, turn: np.ndarray, view: View, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(pixels [V, 2], turned mesh [V, 3]), depth growing towards the camera; `turn` [V] as in `Painting`."""
    centred = (mesh - _CENTRE).astype(np.float32)
    turned = centred + turn[:, None] * (centred @ _rotation(view).T - centred)
    scale = view.iod_px * view.distance_cm / IOD_CM
    away = view.distance_cm - turned[:, 2] + _CENTRE[2]
    x = view.place[0] * size[0] + scale * turned[:, 0] / away
    y = view.place[1] * size[1] - scale * turned[:, 1] / away
    return np.stack([x, y], 1).astype(np.float32), turned


_CENTRE = np.array([0, 0, 2], np.float32)
# A collar and shoulders, x and y in cm of the head; they cover the end of the rig's neck.
_CLOTHES = np.array(
    [(-24, -40), (-21.5, -20), (-17.5, -15.8), (-12, -13), (-6.4, -11.4), (-4.8, -13.8), (-2.5, -15.2), (0, -15.6)], np.float32
)
# Parts behind lids or lips, the 68-points above and below the opening, and the opening in IOD from which light comes in freely.
_OPENINGS = (
    (("M_ScleraLeft",), [43, 44], [47, 46], 0.05),
    (("M_ScleraRight",), [37, 38], [41, 40], 0.05),
    (("M_Teeth", "M_GumsTongue"), [61, 62, 63], [67, 66, 65], 0.1),
)


def _rotation(view: View) -> np.ndarray:
    angles = np.array([view.pitch, view.yaw, view.roll])
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return (about_z @ about_y @ about_x).astype(np.float32)


def _values(rig: Rig, paint: Painting, turned: np.ndarray, aus: dict[str, Sides], look: Look) -> np.ndarray:
    values = np.empty((len(turned), COLUMNS), np.float32)
    values[:, ALBEDO] = look.albedo * folded(paint, look, aus)[:, None]
    values[:, LIGHT], values[:, HALF] = lit(vertex_normals(turned, rig.triangles), paint, look.light)
    values[:, HAIR] = look.hair
    values[:, IRIS] = paint.iris_cm
    values[:, TEXEL] = paint.texel
    values[:, SKIN] = (rig.part == DRAWN.index("M_Face")) | (rig.part == DRAWN.index("M_BackHead"))
    return values


def _shut_in(rig: Rig, mesh: np.ndarray) -> np.ndarray:
    """The factor [V] on light that reaches eyeballs and the inner mouth: slits are dark, or teeth flash between closed lips."""
    marks = mesh[rig.landmark68]
    iod = np.linalg.norm(marks[45] - marks[36])
    factor = np.ones(len(mesh), np.float32)
    for parts, upper, lower, open_iod in _OPENINGS:
        gap = np.linalg.norm(marks[upper] - marks[lower], axis=1).max() / iod
        factor[np.isin(rig.part, [DRAWN.index(part) for part in parts])] = np.clip(gap / open_iod, 0.05, 1)
    return factor


def _levels(look: Look, iod_samples: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two levels of the texture about this scale, and how to mix them."""
    exact = float(np.clip(np.log2(TEXELS_CM * IOD_CM / iod_samples), 0, LEVELS - 1.001))
    level = int(exact)
    return look.texture[level], look.texture[level + 1], np.array([2.0**level, exact - level], np.float32)


def _dress(pixels: np.ndarray, colour: tuple[float, float, float], light: Light, view: View) -> None:
    height, width = pixels.shape[:2]
    outline = np.concatenate([_CLOTHES, _CLOTHES[-2::-1] * (-1, 1)])
    flat = outline * (1, -1) * (view.iod_px / IOD_CM) + (view.place[0] * width, view.place[1] * height)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint(flat * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    rows = np.flatnonzero(mask.any(1))
    if len(rows):
        part = slice(rows[0], rows[-1] + 1)
        alpha = mask[part, :, None].astype(np.float32) / 255
        across = (np.arange(width, dtype=np.float32) / width - view.place[0]) * width * IOD_CM / view.iod_px / 24
        x, y, z = light.key
        shade = np.clip(x * across + 0.3 * y + 0.7 * z, 0.1, 1) + 0.4 * light.ambient
        pixels[part] += alpha * (shade[None, :, None] * np.array(colour) * np.array(light.tint) - pixels[part])
