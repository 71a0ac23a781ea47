"""Which spot of the rig each of the detector's 478 points follows, learned from renders and kept as numbers in correspondence.json.

The detector does not sit on the rig's own table (docs/science.md names the offsets). A point's spot is a triangle of the skin and a share of
each corner: the one whose projection stays nearest the point over many people. Points that follow none are left out.
Made again by `python -m facewise.data_builders.driving.correspondence --rig ict_facekit.npz --out correspondence.json`.
"""

import json
import sys
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from ...model.errors import ArgumentParser, exit_code
from ...model.perception.faces import find_faces
from ..rig.look import Painting, painting, sample_look
from ..rig.raster import rasterise
from ..rig.render import View, draw, project
from ..rig.rig import DRAWN, MIDLINE, Rig, expressed, load_rig, sample_person
from ..synthesis.camera import srgb

N_RENDERS = 220
PICTURE_PX = 320
SKIN_POINTS = 468  # the irises' come behind them
UNSTABLE_IOD = 0.06  # median distance of the point from its spot
MILD = ("AU1", "AU2", "AU4", "AU6", "AU9", "AU10", "AU12", "AU14", "AU15", "AU16", "AU17", "AU18", "AU20", "AU25", "AU26", "AU43")


@dataclass(frozen=True, eq=False)
class Correspondence:
    """For `points` [n] of the 478: the `corners` [n, 3] (vertices of the rig), their `shares` [n, 3] and the `spread` [n] in IOD, the
    median distance at which the point follows its spot."""

    points: np.ndarray
    corners: np.ndarray
    shares: np.ndarray
    spread: np.ndarray

    def spots(self, values: np.ndarray) -> np.ndarray:
        """What the vertices carry [V, ...] at the spots [n, ...]."""
        shares = self.shares.reshape(*self.shares.shape, *[1] * (values.ndim - 1))
        return (values[self.corners] * shares).sum(1)


@dataclass(frozen=True, eq=False)
class Sighting:
    """One render: the detector's `points` [478, 2] and the projected `vertices` [V, 2], both in IOD of the picture, and which are `seen`."""

    points: np.ndarray
    vertices: np.ndarray
    seen: np.ndarray


@cache
def correspondence() -> Correspondence:
    kept = json.loads(files(__package__).joinpath("correspondence.json").read_text())
    return Correspondence(**{name: np.array(kept[name]) for name in ("points", "corners", "shares", "spread")})


def learn(rig: Rig, sightings: list[Sighting]) -> Correspondence:
    skin = rig.triangles[(rig.part[rig.triangles] == DRAWN.index("M_Face")).all(1)]
    candidates = _often_seen(sightings, skin)
    points = np.stack([sighting.points for sighting in sightings])
    vertices = np.stack([sighting.vertices[candidates] for sighting in sightings])
    found = []
    for number in range(SKIN_POINTS):
        far = np.median(np.linalg.norm(vertices - points[:, None, number], axis=2), axis=0)
        near = candidates[np.argsort(far)[:6]]
        found.append(_spot(points[:, number], sightings, skin[np.isin(skin, near).any(1)]))
    stable = [number for number, (_, _, spread) in enumerate(found) if spread < UNSTABLE_IOD]
    columns = zip(*(found[number] for number in stable), strict=True)
    return Correspondence(np.array(stable), *(np.array(column) for column in columns))


def sight(rig: Rig, paint: Painting, rng: np.random.Generator) -> Sighting | None:
    """A random person, nearly frontal, at rest or with mild expressions; None where the detector fails."""
    person = sample_person(rig, rng)
    codes = rng.choice(MILD, size=int(rng.integers(0, 4)), replace=False)
    level = {str(code): tuple(rng.uniform(0.5, 3.5, 2)) for code in codes}
    aus = {code: (sides[0],) * 2 if code in MIDLINE else sides for code, sides in level.items()}
    mesh = expressed(rig, person, aus, rng)
    yaw, pitch, roll = np.radians(rng.normal(0, (9, 6, 4)))
    view = View(yaw, pitch, roll, rng.uniform(60, 200), PICTURE_PX * rng.uniform(0.25, 0.32), (0.5, 0.5))
    size = (PICTURE_PX, PICTURE_PX)
    pixels = draw(rig, paint, mesh, aus, sample_look(rig, paint, rng, size), view).pixels
    faces = find_faces(np.rint(255 * srgb(pixels)).astype(np.uint8))
    if not faces or faces[0].points is None:
        return None
    flat, turned = project(mesh, paint.turn, view, size)
    *_, nearest = rasterise(flat, turned[:, 2], rig.triangles, *size)
    column, row = np.clip(np.rint(flat).astype(int), 0, PICTURE_PX - 1).T
    in_front = cv2.dilate(nearest, np.ones((3, 3), np.uint8))
    return Sighting(faces[0].points[:, :2] / faces[0].iod_px, flat / faces[0].iod_px, turned[:, 2] > in_front[row, column] - 0.25)


def _often_seen(sightings: list[Sighting], skin: np.ndarray) -> np.ndarray:
    seen = np.mean([sighting.seen for sighting in sightings], axis=0)
    mine = np.unique(skin)
    return mine[seen[mine] > 0.5]


def _spot(points: np.ndarray, sightings: list[Sighting], triangles: np.ndarray) -> tuple[list[int], list[float], float]:
    """(corners, shares, spread): the best of the triangles, robustly, for one point [sightings, 2]."""
    best: tuple[list[int], list[float], float] = ([], [], np.inf)
    for corners in triangles:
        places = np.stack([sighting.vertices[corners] for sighting in sightings])
        shares = _shares(points, places)
        spread = float(np.median(np.linalg.norm(shares @ places - points, axis=1)))
        if spread < best[2]:
            best = corners.tolist(), shares.round(3).tolist(), round(spread, 4)
    return best


def _shares(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The shares [3] of a triangle's corners, places [n, 3, 2], that follow points [n, 2]: reweighted least squares, kept inside."""
    shares, weight = np.full(3, 1 / 3), np.ones(len(points))
    for _ in range(6):
        sides = (places[:, 1:] - places[:, :1]).transpose(0, 2, 1)
        root = np.repeat(np.sqrt(weight), 2)
        inner = np.linalg.lstsq(sides.reshape(-1, 2) * root[:, None], (points - places[:, 0]).ravel() * root, rcond=None)[0]
        shares = np.clip([1 - inner.sum(), *inner], 0, 1)
        shares /= shares.sum()
        weight = 1 / np.maximum(0.01, np.linalg.norm(shares @ places - points, axis=1))
    return shares


def main(words: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m facewise.data_builders.driving.correspondence", description=__doc__)
    parser.add_argument("--rig", required=True, type=Path, help="ict_facekit.npz")
    parser.add_argument("--out", required=True, type=Path)
    args = parser.parse_args(words)
    rig = load_rig(args.rig)
    paint, rng = painting(rig), np.random.default_rng(0)
    drawn = [sight(rig, paint, rng) for _ in range(N_RENDERS)]
    learned = learn(rig, [sighting for sighting in drawn if sighting is not None])
    kept = {name: values.tolist() for name, values in asdict(learned).items()}
    args.out.write_text(json.dumps({"renders": N_RENDERS, **kept}, separators=(",", ":")) + "\n")
    print(f"{args.out}: {len(learned.points)} of 478 points follow a spot, median spread {np.median(learned.spread):.3f} IOD")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
