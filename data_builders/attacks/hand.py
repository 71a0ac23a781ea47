"""A hand raised to the own face: fingers, back of the hand, wrist and sleeve, flat as a picture on a sheet, with the shading
of round limbs."""

from dataclasses import dataclass

import numpy as np

from ..scenery.surfaces import noise
from .inks import Area
from .outlines import stroke

LENGTHS = (0.72, 0.82, 0.76, 0.58)  # IOD, from the index finger on
# The arm: how far below the knuckles, and how wide there, in widths of a finger; a sleeve from the wrist on.
ARM = ((-0.1, 3.2), (0.25, 3.8), (0.6, 3.4), (0.85, 2.7), (1.05, 2.6), (1.1, 3.2), (3.0, 4.5))
SLEEVE = 1.07


@dataclass(frozen=True, eq=False)
class Hand:
    """On a sheet, IOD: the fingers' `tips` and `roots` [n, 2], the `knuckles` [2] and the way `down` [2] the arm; `thick` a
    finger's width; `skin` and `sleeve` [3] reflectances."""

    tips: np.ndarray
    roots: np.ndarray
    knuckles: np.ndarray
    down: np.ndarray
    thick: float
    skin: np.ndarray
    sleeve: np.ndarray

    def outlines(self) -> list[np.ndarray]:
        """Closed rings [n, 2] of the fingers and of the arm."""
        places, widths = np.array(ARM).T
        arm = stroke(self.knuckles + places[:, None] * self.down, widths * self.thick)
        return [*(_capsule(tip, root, self.thick) for tip, root in zip(self.tips, self.roots)), arm]

    def picture(self, area: Area, rng: np.random.Generator) -> np.ndarray:
        """Reflectance [h, w, 3]: limbs darker towards their sides, lines at the joints, nails."""
        y, x = np.indices(area.size[::-1], np.float32)
        at = np.stack([x, y], 2) / np.float32(area.scale) + area.corner
        skin = self.skin.astype(np.float32) * (1 + 0.06 * noise(area.size, 0.12 * area.scale, rng))[..., None]
        far, off = _along(at - self.knuckles.astype(np.float32), self.down)
        width = np.interp(far, *np.array(ARM).T).astype(np.float32) * np.float32(self.thick / 2)
        round_ = 0.7 + 0.3 * np.sqrt(np.clip(1 - (off / width) ** 2, 0, 1))
        picture = np.where((far > SLEEVE)[..., None], self.sleeve.astype(np.float32), skin) * round_[..., None]
        for tip, root in zip(self.tips, self.roots):
            picture = self._finger(
                picture,
                skin,
                at - tip.astype(np.float32),
                (root - tip) / np.linalg.norm(root - tip),
                float(np.linalg.norm(root - tip)),
            )
        return picture

    def _finger(self, picture: np.ndarray, skin: np.ndarray, offset: np.ndarray, along: np.ndarray, length: float) -> np.ndarray:
        far, off = _along(offset, along)
        off = np.where(far < 0, np.hypot(off, far), off) / (self.thick / 2)
        joints = sum(np.exp(-(((far - share * length) / 0.02) ** 2)) for share in (0.3, 0.62))
        nail = np.clip((0.5 - np.hypot(off, (far - 0.02) / 0.09)) * 6, 0, 1)
        shade = (0.6 + 0.4 * np.sqrt(np.clip(1 - off * off, 0, 1))) * (1 - 0.1 * joints)
        bent = shade[..., None] * skin * (1 + nail[..., None] * np.array([0.25, 0.1, 0.12], np.float32))
        share = np.clip((length - far) / 0.2, 0, 1) * (off < 1) * (far > -self.thick)
        return picture + share[..., None] * (bent - picture)


def sample_hand(skin: np.ndarray, rng: np.random.Generator) -> Hand:
    """Its fingers end on the cheek, at the chin or before the mouth."""
    side, thick = rng.choice((-1, 1)), rng.uniform(0.16, 0.19)
    middle = np.array(((0.5, 0.75), (0.15, 1.15), (0.3, 0.9))[rng.integers(3)]) * [side, 1]
    tilt = rng.uniform(-0.2, 0.6) * side
    down, beside = np.array([np.sin(tilt), np.cos(tilt)]), np.array([np.cos(tilt), -np.sin(tilt)]) * side
    knuckles = middle + 0.5 * down
    count = int(rng.integers(2, 5))
    roots = np.array([knuckles + beside * (i - 1.5) * 0.95 * thick for i in range(4)])
    leans = [tilt - side * (0.07 * (1.5 - i) + rng.normal(0, 0.015)) for i in range(4)]
    tips = np.array([root - np.array([np.sin(lean), np.cos(lean)]) * length for root, lean, length in zip(roots, leans, LENGTHS)])
    return Hand(tips[:count], roots[:count], knuckles, down, thick, skin, rng.random(3) ** 2 * 0.5 + 0.02)


def _along(offset: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far [...] `offset` [..., 2] goes along a unit vector, and how far off to either side."""
    return offset @ (way := direction.astype(np.float32)), np.abs(offset @ np.array([-way[1], way[0]]))


def _capsule(tip: np.ndarray, root: np.ndarray, thick: float) -> np.ndarray:
    """A finger's outline [n, 2], thinner towards its round tip."""
    along = (tip - root) / np.linalg.norm(tip - root)
    across = np.array([-along[1], along[0]])
    turn = np.linspace(-np.pi / 2, np.pi / 2, 13)[:, None]
    cap = tip + 0.43 * thick * (np.cos(turn) * along + np.sin(turn) * across)
    base = np.linspace(0.5, -0.5, 5)[:, None] * thick * across + root
    return np.concatenate([cap, base]).astype(np.float32)
