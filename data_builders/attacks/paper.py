"""A cut piece of printed paper in front of a head: its bent surface, its inks, its holes, and how the camera sees it there.

A sheet is a surface in the head's axes: each pixel of the sensor looks through the frame onto it, so parallax,
foreshortening, shading and what shows through the holes come from one geometry. Inks and screens are those of prints.
Coordinates on a sheet are IOD along the unrolled paper.
"""

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from ..synthesis.photo import Attack, Photo
from .head import (
    FACE_OVAL,
    Head,
    Light,
    cast_shadow,
    coverage,
    facing,
    grown,
    head,
    lens_blur,
    light,
    lit_edge,
    neutral_mesh,
    over,
    softened,
    visibility_within,
)
from .inks import Print
from .print import GLARE
from .traces import pattern_visibility, rim_added

COARSE = 4  # a sheet is smooth: it is met on every fourth pixel
REACH = 0.4  # IOD about a piece: as far as its shadow falls
SIDEWAYS = np.array([[-0.9, 0, -0.44], [0.9, 0, -0.44]], np.float32)  # normals of arms and elastics, in the head's axes
FLAT, HOLE = 0.03, 0.04  # contrast at which flat light, and what shows through a hole, are just visible


@dataclass(frozen=True, eq=False)
class Sheet:
    """z = depth + fold |x| + bend x^2 + lean y in a head's axes (IOD); one side of it, beyond `lifted`, negative for the
    picture's left, curls off the face by `curl` times the square of the distance."""

    depth: float
    bend: float
    fold: float = 0.0
    lean: float = 0.0
    curl: float = 0.0
    lifted: float = 1.0

    def z(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (self.depth + self.fold * np.abs(x) + self.bend * x * x + self.lean * y - self.curl * self._beyond(x) ** 2).astype(
            np.float32
        )

    def normals(self, x: np.ndarray) -> np.ndarray:
        """[..., 3] towards the camera, in the head's axes; a fold has a radius."""
        slope = self._slope(x, np.tanh(x / 0.03))
        normal = np.stack([slope, np.full_like(slope, self.lean), np.full_like(slope, -1.0)], -1)
        return (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32)

    def placed(self, flat: np.ndarray) -> np.ndarray:
        """[n, 3] in the head's axes of `flat` [n, 2] on the paper."""
        x = np.interp(flat[:, 0], *self._arc[::-1])
        return np.column_stack([x, flat[:, 1], self.z(x, flat[:, 1])]).astype(np.float32)

    def flattened(self, points: np.ndarray) -> np.ndarray:
        """[..., 2] on the paper of what lies straight behind it, `points` [..., 3]."""
        return np.stack([np.interp(points[..., 0], *self._arc), points[..., 1]], -1).astype(np.float32)

    @cached_property
    def _arc(self) -> tuple[np.ndarray, np.ndarray]:
        x = np.linspace(-3, 3, 601)
        along = np.cumsum(np.hypot(1, self._slope(x, np.sign(x)))) * 0.01
        return x, along - along[300]

    def _slope(self, x: np.ndarray, folded: np.ndarray) -> np.ndarray:
        return self.fold * folded + 2 * self.bend * x - 2 * self.curl * np.sign(self.lifted) * self._beyond(x)

    def _beyond(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(0, np.sign(self.lifted) * x - abs(self.lifted))


@dataclass(frozen=True, eq=False)
class Cut:
    """Outlines on the sheet: `pieces` of paper and the `holes` in them [n, 2]. `bands` [n, 2] in px of the frame hold the
    pieces on, in `colour`. Edges are up to `thick` IOD thick, and show `core` IOD of white fibre."""

    pieces: list[np.ndarray]
    holes: list[np.ndarray] = field(default_factory=list)
    bands: list[np.ndarray] = field(default_factory=list)
    colour: tuple[float, float, float] = (0.8, 0.8, 0.8)
    thick: float = 0.02
    core: float = 0.0


def worn(photo: Photo, sheet: Sheet, cut: Cut, print_: Print, rng: np.random.Generator) -> Attack:
    """The framed photo with the piece on; beyond `REACH` of it not a bit changes."""
    lit = light(photo)
    placed = _placed(photo, sheet, cut, lit, rng)
    edge = lit_edge(placed.mask, lit, photo.iod * cut.thick * rng.uniform(0.2, 1))[..., None]
    rim = edge * np.float32(25 * cut.thick * rng.random())
    ink = _sampled(print_.ink, print_, placed)
    surface = np.maximum(ink + rim, 0.3 * ink)
    if cut.core:
        towards_lamp = np.clip(0.3 + 0.7 * edge, 0, 1) * _fibre_share(placed.mask, cut.core * photo.iod)[..., None]
        surface += towards_lamp * (np.float32(0.85) - surface)
    bands = np.full_like(ink, 1) * (np.array(cut.colour, np.float32) * lit.white) * placed.sidelight
    matt = over(surface * placed.radiance, bands, placed.band)
    if print_.gloss:
        lobe = _fine(_lobe(placed.normals, lit, rng) * np.float32(print_.gloss), placed.mask.shape) * (1 - placed.band)
        finished = over(placed.behind, matt + lobe[..., None], placed.mask)
        cues = _glare_cue(photo, placed, matt, finished)
    else:
        finished, cues = over(placed.behind, matt, placed.mask), {}
    cues |= _cues(photo, placed, lit, matt, finished) | _ink_cue(photo, placed, print_, ink)
    frame, mask = photo.pixels.copy(), np.zeros(photo.pixels.shape[:2], np.float32)
    frame[placed.window], mask[placed.window] = finished, placed.mask
    return Attack(frame, mask, {name: value for name, value in cues.items() if value})


@dataclass(frozen=True, eq=False)
class _Placed:
    """A cut sheet in a `window` of the frame [h, w]: what is `behind` it with its shadow; the shares of its `mask`, of a
    `hole` and of a `band`; the light on it, and `sidelight` [w, 1] on what runs back at its sides; on every
    fourth pixel its own coordinates `flat` and `normals` in the frame's axes; the photo's own `blur` in px."""

    window: tuple[slice, slice]
    behind: np.ndarray
    mask: np.ndarray
    hole: np.ndarray
    band: np.ndarray
    sidelight: np.ndarray
    radiance: np.ndarray
    flat: np.ndarray
    normals: np.ndarray
    blur: float


def _placed(photo: Photo, sheet: Sheet, cut: Cut, lit: Light, rng: np.random.Generator) -> _Placed:
    wearer = head(photo)
    pieces, holes = ([wearer.projected(sheet.placed(ring)) for ring in rings] for rings in (cut.pieces, cut.holes))
    bands = [_to_the_hair(band, photo, lit) for band in cut.bands]
    window = _window([*pieces, *bands], photo)
    corner = np.array([window[1].start, window[0].start], np.float32)
    behind = photo.pixels[window]
    blur = lens_blur(photo)
    paper, opening, band = (
        softened(coverage(behind.shape, [ring - corner for ring in rings]), blur) for rings in (pieces, holes, bands)
    )
    band *= 1 - paper
    mask = np.maximum(paper * (1 - opening), band)
    flat, normals = met(wearer, sheet, window)
    body = _body(wearer, corner, mask.shape)
    shadow = cast_shadow(mask, lit, photo.iod, rng.uniform(0.05, 0.14), rng.uniform(0.3, 0.5))
    shadow *= cast_shadow(mask, lit, photo.iod, rng.uniform(0.03, 0.05), rng.uniform(0.45, 0.7))  # where it touches
    radiance = _fine((lit.on(normals)[..., None] * lit.white).astype(np.float32), mask.shape)
    columns = np.arange(mask.shape[1])[:, None] + corner[0] < wearer.origin[0]
    right, left = lit.on(SIDEWAYS @ wearer.rotation.T)
    sidelight = np.where(columns, right, left).astype(np.float32)
    return _Placed(
        window,
        behind * (1 - body * (1 - shadow))[..., None],
        mask,
        paper * opening,
        band,
        sidelight,
        radiance,
        flat,
        normals,
        blur,
    )


def _body(wearer: Head, corner: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where a head and its shoulders stand, softly [h, w]: what is far behind them takes no shadow."""
    oval = grown(wearer.points[list(FACE_OVAL)], np.array([1.2, 1.3, 1.0], np.float32))
    oval[:, 2] = 0
    chin = wearer.points[152, 1]
    shoulders = np.array([[-0.6, 0.6, 0], [0.6, 0.6, 0], [2.2, chin + 1.2, 0], [-2.2, chin + 1.2, 0]], np.float32)
    coarse = np.zeros([-(-side // COARSE) for side in shape], np.uint8)
    for ring in (oval, shoulders):
        cv2.fillPoly(coarse, [np.rint((wearer.projected(ring) - corner) / COARSE).astype(np.int32)], 1)
    return _fine(cv2.GaussianBlur(coarse.astype(np.float32), (0, 0), max(0.5, 0.05 * wearer.iod / COARSE)), shape)


def _to_the_hair(band: np.ndarray, photo: Photo, lit: Light) -> np.ndarray:
    """`band` [4, 2] as far as skin lies behind it: under hair it is not seen."""
    start, end = band[[0, 3]].mean(0), band[[1, 2]].mean(0)
    along = np.linspace(0, 1, 12)
    height, width = photo.pixels.shape[:2]
    x, y = np.rint(start + along[:, None] * (end - start)).astype(int).T
    there = photo.pixels[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    tones = np.log(np.maximum(there, 0.003) / np.maximum(lit.skin, 0.01))
    level = tones.mean(1)
    skin = (level > np.log(0.18)) & (level < np.log(2.2)) & (np.abs(tones - level[:, None]).max(1) < 0.4)
    covered = ~skin[1:] & ~np.append(skin[2:], skin[-1])
    shown = along[1 + int(np.argmax(covered))] if covered.any() else 1.0
    return np.stack([band[0], band[0] + shown * (band[1] - band[0]), band[3] + shown * (band[2] - band[3]), band[3]])


def _fibre_share(mask: np.ndarray, width_px: float) -> np.ndarray:
    """How much of each pixel shows the white inside of a cut, [h, w]: a line within the edge of `mask`, fainter where it is
    narrower than a pixel."""
    sigma = max(0.6, 0.8 * width_px)
    inner = np.clip(2 * cv2.GaussianBlur(mask, (0, 0), sigma) - 1, 0, 1)
    return (1 - inner) * np.float32(min(1.0, width_px / 0.6))


def _cues(photo: Photo, placed: _Placed, lit: Light, matt: np.ndarray, finished: np.ndarray) -> dict[str, float]:
    """Each measured against the same picture without that structure, where it could be seen."""
    paper = placed.mask * (1 - placed.band)
    shades = _fine((lit.on(_face_normals(photo, placed.window)) / lit.on(placed.normals)).astype(np.float32), paper.shape)
    rounded = finished * (shades * np.float32(paper.sum() / max(1e-6, float((shades * paper).sum()))))[..., None]
    return {
        "cut-out rim": rim_added(finished, photo.pixels[placed.window], placed.mask, photo.iod),
        "flat shading": visibility_within(finished, rounded, paper, photo.iod, just=FLAT),
        "eye hole": visibility_within(finished, matt, placed.hole, photo.iod, just=HOLE) if placed.hole.any() else 0.0,
    }


def _glare_cue(photo: Photo, placed: _Placed, matt: np.ndarray, finished: np.ndarray) -> dict[str, float]:
    paper = placed.mask * (1 - placed.band)
    return {"glare": visibility_within(finished, over(placed.behind, matt, placed.mask), paper, photo.iod, just=GLARE)}


def _ink_cue(photo: Photo, placed: _Placed, print_: Print, ink: np.ndarray) -> dict[str, float]:
    if print_.clean is None:
        return {}
    clean, paper = _sampled(print_.clean, print_, placed), placed.mask * (1 - placed.band)
    return {print_.cue: pattern_visibility(ink * placed.radiance, clean * placed.radiance, paper, photo.iod)}


def _face_normals(photo: Photo, window: tuple[slice, slice]) -> np.ndarray:
    """Of the wearer's face on every fourth pixel, [h, w, 3]; towards the camera beyond it."""
    corner = np.array([window[1].start, window[0].start, 0], np.float32)
    shape = tuple(side.stop - side.start for side in window)
    normals, _ = facing(photo.points - corner, neutral_mesh()[1], shape, COARSE)
    normals[..., 2] -= ~normals.any(2)
    return cv2.GaussianBlur(normals, (0, 0), 1.0)


def _window(outlines: list[np.ndarray], photo: Photo) -> tuple[slice, slice]:
    """The part of the frame that a piece and its shadow lie in."""
    height, width = photo.pixels.shape[:2]
    every = np.concatenate(outlines)
    low = np.clip(np.floor(every.min(0) - REACH * photo.iod), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(every.max(0) + REACH * photo.iod), low + 1, [width, height]).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def met(wearer: Head, sheet: Sheet, window: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    """Where the lines of sight of every fourth pixel meet the sheet: on it [h, w, 2], and its normals [h, w, 3] in the
    frame's axes."""
    y, x = (_centres(side) for side in window)
    start = np.stack(
        np.broadcast_arrays((x[None] - wearer.origin[0]) / wearer.iod, (y[:, None] - wearer.origin[1]) / wearer.iod, 0), -1
    )
    start, sight = start.astype(np.float32) @ wearer.rotation, wearer.rotation[2]
    along = np.zeros(start.shape[:2], np.float32)
    for _ in range(4):  # the sheet is nearly square to the sight: the slope shrinks each error to a third or less
        met = start + along[..., None] * sight
        along += (sheet.z(met[..., 0], met[..., 1]) - met[..., 2]) / sight[2]
    met = start + along[..., None] * sight
    return sheet.flattened(met), sheet.normals(met[..., 0]) @ wearer.rotation.T


def _centres(side: slice) -> np.ndarray:
    """Middles of the coarse pixels that stand for the pixels of one side, in px."""
    count = side.stop - side.start
    coarse = -(-count // COARSE)
    return (side.start + (np.arange(coarse) + 0.5) * count / coarse - 0.5).astype(np.float32)


def _fine(coarse: np.ndarray, shape: tuple[int, ...], samples: int = 1) -> np.ndarray:
    return cv2.resize(coarse, (shape[1] * samples, shape[0] * samples), interpolation=cv2.INTER_LINEAR)


def _sampled(ink: np.ndarray, print_: Print, placed: _Placed) -> np.ndarray:
    """Reflectance [h, w, 3] under each pixel; a screen is met at 3 x 3 points, other prints are as coarse as the pixels."""
    samples = 3 if print_.cue == "halftone" else 1
    at = _fine((placed.flat - print_.area.corner) * np.float32(print_.area.scale) - np.float32(0.5), placed.mask.shape, samples)
    fine = cv2.remap(ink, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    met = fine if samples == 1 else cv2.resize(fine, placed.mask.shape[::-1], interpolation=cv2.INTER_AREA)
    return softened(met, placed.blur)


def _lobe(normals: np.ndarray, lit: Light, rng: np.random.Generator) -> np.ndarray:
    """The mirror image of a lamp on glossy paper, which may be another lamp than the main one."""
    half = lit.half + rng.normal(0, 0.15, 3)
    return (np.clip(normals @ (half / np.linalg.norm(half)), 0, 1) ** rng.uniform(60, 300)).astype(np.float32)
