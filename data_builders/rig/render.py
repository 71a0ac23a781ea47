"""Pictures of the rig: a person with a look before a camera, still or frame by frame.

`draw` is deterministic, all chance lies in `sample_look` and `sample_view`; `render` does both for one picture. The renders teach
geometry and shading of action units, not photography; they carry no live/spoof label.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .expressions import check_aus
from .folds import shaded
from .look import Light, Look, Painting, lit, sample_look
from .raster import ALBEDO, COLUMNS, HAIR, HALF, IRIS, LIGHT, SKIN, TEXEL, rasterise, shade, veiled, vertex_normals
from .regions import EYES, NUMBER, REGION_NAMES
from .rig import DRAWN, GAZE_RAD, Person, Rig, Sides, expressed
from .texture import LEVELS, TEXELS_CM

__all__ = ["REGION_NAMES", "Render", "View", "draw", "project", "render", "sample_view"]

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
    """`pixels` linear light float32 [h, w, 3] in 0-1, the rig's own `points` [68, 2] px, the `covered` mask [h, w] 0-1 and the
    `regions` uint8 [h, w], indices into REGION_NAMES of what most of a pixel shows."""

    pixels: np.ndarray
    points: np.ndarray
    covered: np.ndarray
    regions: np.ndarray


def sample_view(rng: np.random.Generator, size: int) -> View:
    yaw, pitch, roll = np.clip(rng.normal(0, (14, 8, 7)), -40, 40) * np.pi / 180
    distance = float(np.exp(rng.uniform(np.log(40), np.log(200))))
    place = (0.5 + rng.uniform(-0.07, 0.07), 0.5 + rng.uniform(-0.07, 0.07))
    return View(yaw, pitch, roll, distance, size * rng.uniform(0.2, 0.3), place)


def render(
    rig: Rig, paint: Painting, person: Person, aus: dict[str, Sides], view: View, rng: np.random.Generator, size: int = 256
) -> Render:
    """One square picture of the person showing `aus`; gaze, colours, light and background are drawn from `rng`.

    FacewiseError for units that no face shows together."""
    check_aus(aus)
    mesh = expressed(rig, person, aus, rng, _sample_gaze(view, rng))
    look = sample_look(rig, paint, rng, (size, size))
    return draw(rig, paint, mesh, aus, look, view)


def draw(
    rig: Rig, paint: Painting, mesh: np.ndarray, aus: dict[str, Sides], look: Look, view: View, supersample: int = SUPERSAMPLE
) -> Render:
    """`mesh` [V, 3] before the look's backdrop, in its size; at the levels `aus` {code: (left, right)} folds deepen."""
    height, width = look.backdrop.shape[:2]
    points, turned = project(mesh + paint.slump if look.clothes else mesh, paint.turn, view, (width, height))
    flat = np.ascontiguousarray(points.T)  # extremes along the short axis of [V, 2] take 2 ms
    left, top = np.clip(np.floor(flat.min(1)).astype(int) - 1, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(flat.max(1)).astype(int) + 2, (left + 1, top + 1), (width, height))
    # Pixel centres: sample k of a pixel lies at (k + .5) / supersample - .5 of it.
    sampled = ((points - (left, top) + 0.5) * supersample - 0.5).astype(np.float32)
    window = (int(right - left) * supersample, int(bottom - top) * supersample)
    depth = turned[:, 2] - paint.sunk
    seen = rasterise(sampled, depth, rig.triangles, *window)
    passing = veiled(sampled, depth, rig.lashes, paint.lash * np.float32(look.lashes), seen[2])
    values = _values(rig, paint, turned, look)
    _darken_openings(rig, mesh, values)
    fine, coarse, shares = _levels(look, view.iod_px)
    furrows = shaded(paint.folds, aus, look.fold, look.fold_at_rest, look.light.key)
    colours, covered, labels = shade(
        seen, passing, supersample, IOD_CM / view.iod_px, rig.triangles, paint.regions, _NAMES, values, fine, coarse, furrows,
        shares, look.surface,
    )  # fmt: skip
    pixels, mask, regions = look.backdrop.copy(), np.zeros((height, width), np.float32), np.zeros((height, width), np.uint8)
    inside = (slice(top, bottom), slice(left, right))
    pixels[inside] = colours + pixels[inside] * (1 - covered[..., None])
    mask[inside], regions[inside] = covered, labels
    if look.clothes:
        _dress(pixels, regions, look.clothes, look.light, view)
    return Render(np.clip(pixels, 0, 1), points[rig.landmark68], mask, regions)


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
# Each eyeball with the 68-points of its upper lid from corner to corner and of the lower lid between.
_LIDS = (("M_ScleraRight", [36, 37, 38, 39], [41, 40]), ("M_ScleraLeft", [42, 43, 44, 45], [47, 46]))
_MOUTH = [60, 61, 62, 63, 64], [60, 67, 66, 65, 64]  # upper and lower inner lip from corner to corner
OPEN_EYE_IOD = 0.05  # opening from which light comes in freely
BRIGHT_MOUTH = 1.4  # opening over depth from which it does between the lips
FUNNEL_CM = 0.95  # from lips to teeth, beyond which lips that are pushed forward shade these
LID_SHADOW_CM = 0.3
_NAMES = np.array([NUMBER["hair"], *EYES, NUMBER["right brow"], NUMBER["left brow"]])
SAMPLED_FINER = 1.4  # the texture than the pixels, or area filtering in the camera would blur it twice
LOOKS_AT_CAMERA = 0.7


def _sample_gaze(view: View, rng: np.random.Generator) -> Sides:
    """Most people who are photographed look into the camera, whichever way the head is turned."""
    left, up = rng.normal(0, 0.12, 2)
    if rng.random() < LOOKS_AT_CAMERA:
        left, up = 0.3 * left - view.yaw / GAZE_RAD, 0.3 * up + view.pitch / GAZE_RAD
    return float(np.clip(left, -0.8, 0.8)), float(np.clip(up, -0.5, 0.5))


def _rotation(view: View) -> np.ndarray:
    angles = np.array([view.pitch, view.yaw, view.roll])
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return (about_z @ about_y @ about_x).astype(np.float32)


def _values(rig: Rig, paint: Painting, turned: np.ndarray, look: Look) -> np.ndarray:
    values = np.empty((len(turned), COLUMNS), np.float32)
    values[:, ALBEDO] = look.albedo
    values[:, LIGHT], values[:, HALF] = lit(vertex_normals(turned, rig.triangles), paint, look.light)
    values[:, HAIR] = look.hair
    values[:, IRIS] = paint.iris_cm
    values[:, TEXEL] = paint.texel
    values[:, SKIN] = paint.skin
    return values


def _darken_openings(rig: Rig, mesh: np.ndarray, values: np.ndarray) -> None:
    """Less light reaches eyeballs and the inner mouth: slits are dark, or teeth would flash between closed lips; lids cast a shadow."""
    marks = mesh[rig.landmark68]
    iod = np.linalg.norm(marks[45] - marks[36])
    within = np.flatnonzero(np.isin(rig.part, [DRAWN.index("M_Teeth"), DRAWN.index("M_GumsTongue")]))
    values[within, LIGHT] *= _let_in(mesh[within], marks)[:, None]
    for name, upper, lower in _LIDS:
        ball = np.flatnonzero(rig.part == DRAWN.index(name))
        gap = np.linalg.norm(marks[upper[1:3]] - marks[lower], axis=1).max() / iod
        lid = np.interp(mesh[ball, 0], *marks[upper, :2].T)
        shadow = np.clip(0.4 + (lid - mesh[ball, 1]) / LID_SHADOW_CM, 0.4, 1)
        values[ball, LIGHT] *= (np.clip(gap / OPEN_EYE_IOD, 0.05, 1) * shadow)[:, None]


def _let_in(places: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The share [N] of light that comes between the lips to `places` [N, 3] in the mouth: less the narrower the opening is there and the
    deeper they lie behind it, and mostly from above, so that the upper lip shades what is next to it."""
    upper, lower = marks[_MOUTH[0]], marks[_MOUTH[1]]
    high, low = (np.interp(places[:, 0], lip[:, 0], lip[:, 1]) for lip in (upper, lower))
    deep = np.maximum(0.3, np.interp(places[:, 0], upper[:, 0], np.minimum(upper, lower)[:, 2]) - places[:, 2])
    opened = np.clip((high - low) / (BRIGHT_MOUTH * deep), 0.05, 1)
    before = max(FUNNEL_CM, marks[[51, 57], 2].mean() - places[:, 2].max())
    funnel = max(0.2, (FUNNEL_CM / before) ** 3)
    return funnel * opened * np.clip(0.35 + 0.8 * (high - places[:, 1]) / deep, 0.35, 1)


def _levels(look: Look, iod_px: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two levels of the texture about this scale, and how to mix them."""
    exact = float(np.clip(np.log2(TEXELS_CM * IOD_CM / (SAMPLED_FINER * iod_px)), 0, LEVELS - 1.001))
    level = int(exact)
    return look.texture[level], look.texture[level + 1], np.array([2.0**level, exact - level], np.float32)


def _dress(pixels: np.ndarray, regions: np.ndarray, colour: tuple[float, float, float], light: Light, view: View) -> None:
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
        regions[part][mask[part] >= 128] = NUMBER["clothes"]
