"""A tube of cloth about the neck, up to the chin or over mouth or nose, as a picture on a sheet: its folds and what it lies on
are a relief under the light of the face."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..scenery.surfaces import noise
from .head import Head, Light, smooth_ring
from .inks import Area
from .paper import Sheet

# From the ear on the picture's left to the other one: along the jaw, over the mouth, over the nose.
UNDER_CHIN = (132, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 361)
OVER_MOUTH = (93, 147, 207, 165, 164, 391, 427, 376, 323)
OVER_NOSE = (93, 123, 50, 101, 195, 330, 280, 352, 323)
JAW_LEFT, JAW_RIGHT = (132, 58), (288, 361)
CHIN, NOSE = 152, 1
HEM = 0.07  # IOD from the edge to its seam
LAMP = np.array([0.0, -0.3])  # above, where a face is lit evenly: folds are never without shading


@dataclass(frozen=True, eq=False)
class Scarf:
    """On its `sheet`: `ring` [n, 2] IOD the outline, `hem` [n, 2] its upper edge from left to right; `high` where it covers the
    mouth; the places of `chin` and `nose` [2]; `tight` IOD from fold to fold."""

    sheet: Sheet
    ring: np.ndarray
    hem: np.ndarray
    high: bool
    chin: np.ndarray
    nose: np.ndarray
    tight: float

    def shading(self, area: Area, slope: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Factor [h, w] of the light by `slope` [3], as Light.slope in the head's axes."""
        x, y = self._places(area)
        height = self._relief(x, y, area, rng)
        across, down = (cv2.Sobel(height, cv2.CV_32F, *order, scale=0.125 * area.scale) for order in ((1, 0), (0, 1)))
        towards = slope[:2] + LAMP
        lit = 1 + (across * np.float32(towards[0]) + down * np.float32(towards[1])) / np.sqrt(1 + across * across + down * down)
        about = cv2.GaussianBlur(height, (0, 0), 0.09 * area.scale)
        hollow = 1 - np.clip((about - height) * np.float32(4.5), 0, 0.55)
        wide = np.float32(1.02 * np.abs(self.ring[:, 0]).max())
        edge = 0.5 + 0.5 * np.sqrt(np.clip(1 - np.square(x / wide), 0, 1))  # a neck is round
        below = y - np.interp(x[0], self.hem[:, 0], self.hem[:, 1]).astype(np.float32)
        seam = 1 - 0.3 * np.exp(-np.square((below - HEM) / 0.009)) - 0.25 * np.exp(-np.square(below / 0.012))
        roll = 1 + 0.1 * np.exp(-np.square((below - 0.03) / 0.02))
        return np.clip(lit, 0.2, 1.8) * hollow * edge * seam * roll * self._under_chin(x, y)

    def _relief(self, x: np.ndarray, y: np.ndarray, area: Area, rng: np.random.Generator) -> np.ndarray:
        """Towards the camera, IOD."""
        throat = np.float32(self.chin[1] + 0.06)
        neck = 1 / (1 + np.exp(-(y - throat) / np.float32(0.06)))
        sag = y - np.float32(rng.uniform(-0.1, 0.5)) * x * x + np.float32(rng.normal(0, 0.12)) * x
        wander = noise(area.size, (0.9 * area.scale, 0.3 * area.scale), rng)
        strength = np.clip(0.6 + 0.5 * noise(area.size, (0.5 * area.scale, self.tight * area.scale), rng), 0, 1.6)
        phase = (sag + np.float32(0.35 * self.tight) * wander) * np.float32(2 * np.pi / self.tight)
        folds = 1 - np.abs(np.sin(phase / 2)) ** 1.5  # round rolls with narrow valleys
        low = np.float32(0.3 if self.high else 1.0)
        height = -np.float32(0.27 * self.tight) * strength * folds * (low + (1 - low) * neck)
        if self.high:
            height += self._bump(x, y, self.nose - [0, 0.06], 0.15, 0.24, 0.3) + self._bump(
                x, y, self.chin - [0, 0.13], 0.3, 0.17, 0.2
            )
            height -= np.float32(0.2) * neck
            pulled = np.abs(x) * np.float32(rng.uniform(0.3, 0.8)) + y
            height += (
                np.float32(0.009) * np.sin(pulled * np.float32(2 * np.pi / rng.uniform(0.2, 0.35)) + 2 * wander) * (1 - neck)
            )
        return height + np.float32(0.006) * noise(area.size, 0.09 * area.scale, rng)

    def _under_chin(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The shadow of the head on the throat."""
        below = y - np.float32(self.chin[1] + (0.05 if self.high else 0.0)) + np.float32(0.35) * x * x
        depth = np.float32(0.4 if self.high else 0.45)
        return 1 - depth * np.exp(-np.square(below / np.float32(0.16))) * np.clip((0.75 - np.abs(x)) / 0.3, 0, 1)

    @staticmethod
    def _bump(x: np.ndarray, y: np.ndarray, middle: np.ndarray, wide: float, tall: float, height: float) -> np.ndarray:
        away = np.square((x - np.float32(middle[0])) / np.float32(wide)) + np.square(
            (y - np.float32(middle[1])) / np.float32(tall)
        )
        return np.float32(height) * np.exp(-away)

    @staticmethod
    def _places(area: Area) -> tuple[np.ndarray, np.ndarray]:
        x, y = (np.arange(n, dtype=np.float32) / np.float32(area.scale) + area.corner[i] for i, n in enumerate(area.size))
        return np.broadcast_to(x[None], area.size[::-1]), np.broadcast_to(y[:, None], area.size[::-1])


def sample_scarf(wearer: Head, rng: np.random.Generator) -> Scarf:
    upper = (UNDER_CHIN, OVER_MOUTH, OVER_NOSE)[rng.choice(3, p=(0.5, 0.2, 0.3))]
    high = upper is not UNDER_CHIN
    points = wearer.points
    sheet = Sheet(float(points[NOSE if high else 17, 2]) - 0.05, rng.uniform(0.5, 0.8))
    tight = rng.uniform(0.17, 0.32)
    jaw, chin = float(points[288, 0] - points[58, 0]) / 2, float(points[CHIN, 1])
    y = np.linspace(chin + (0.12 if high else -0.15), chin + rng.uniform(0.55, 0.8), 12)
    middle = float(points[[58, 288], 0].mean())
    side = jaw * np.linspace(0.86 if high else 0.98, rng.uniform(1.0, 1.15), 12)
    phase = rng.uniform(0, 6, 2)[:, None]
    left, right = side + 0.25 * tight * (np.abs(np.sin(np.pi * y / tight + phase)) - 0.5)
    turn = np.linspace(0, np.pi, 11)[1:-1]
    end = np.column_stack([middle + np.cos(turn) * side[-1], y[-1] + rng.uniform(0.12, 0.25) * np.sin(turn)])
    neck = np.concatenate([np.column_stack([middle + right, y]), end, np.column_stack([middle - left, y])[::-1]])
    hem = points[list(upper)]
    cheeks = (JAW_RIGHT[::-1], JAW_LEFT[::-1]) if high else ((), ())
    rest = [points[list(cheeks[0])], np.column_stack([neck, np.zeros(len(neck))]), points[list(cheeks[1])][::-1]]
    ring = sheet.flattened(np.concatenate([hem, *(part for part in rest if len(part))]))
    flat_hem = sheet.flattened(hem)
    flat_hem = flat_hem[np.argsort(flat_hem[:, 0])]
    chin, nose = sheet.flattened(points[[CHIN, NOSE]])
    return Scarf(sheet, smooth_ring(ring, 3), flat_hem, high, chin, nose, tight)


def knitted(area: Area, rng: np.random.Generator) -> np.ndarray:
    """Factor [h, w]: fleece, or ribs along the tube."""
    fleece = 1 + np.float32(rng.uniform(0.02, 0.05)) * noise(area.size, 1.5, rng) + np.float32(0.03) * noise(area.size, 4, rng)
    if rng.random() < 0.5:
        return fleece
    period = rng.uniform(0.05, 0.09)
    x = np.arange(area.size[0], dtype=np.float32) / np.float32(area.scale)
    ribs = np.sin(x * np.float32(2 * np.pi / period)) * np.float32(rng.uniform(0.06, 0.16))
    return fleece * (1 + ribs[None])


def slope_of(lit: Light, wearer: Head) -> np.ndarray:
    """The light's slope in the head's axes."""
    return lit.slope @ wearer.rotation
