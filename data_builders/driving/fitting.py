"""The rig fitted to a photo: who it is, what the face shows, where the head stands, from the detector's points alone.

Gauss-Newton on all of it together, because a brow can be low by birth, by AU4 or by a nod. Between birth and movement decides how neutral
faces of real people lie about the rig's mean, kept in rest.json; it is learned from photos of such faces by
`python -m facewise.data_builders.driving.fitting --rig ict_facekit.npz --neutral FOLDER --out rest.json`. Gaze and skin are not fitted.
"""

import json
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from ...model.errors import ArgumentParser, FacewiseError, exit_code
from ...model.perception.landmarks import IBUG68_IN_478, OUTER_CANTHI
from ..rig.render import View, project
from ..rig.rig import JAW_DROP, JAW_STRETCH, LEVELS, MIDLINE, SHAPES, Person, Rig, Sides, load_rig
from ..synthesis.photo import Photo, read_photo
from .correspondence import Correspondence, correspondence

DISTANCE_CM = 130.0  # of a portrait's camera; the points hardly tell it
POINT_IOD = 0.03  # of a point about the rig beyond the spread of its spot, as if points erred one by one: neighbours err together
PRICE = 2.5  # of a movement at full strength
STEPS = 7
WORST_IOD = 0.03
JAW = ("jaw", "")
ASIDE = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")  # no unit that is scored, but faces do it
WIDEST_DROP = 0.5  # the jaw's weight from which a mouth is stretched (AU27) and no longer dropped

Rest = dict[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Template:
    """What fitting needs of a rig: its `movements` by (unit, side) with their `deltas` [m, V, 3]; at the `spots` of the detector's points
    the `mean` [n, 3] and all that shapes it, `bases` [u, n, 3] (identity, the face at rest, movements); of each of these the `expected`
    weight, the `tightness` about it, and the `price` of a movement."""

    rig: Rig
    spots: Correspondence
    movements: tuple[tuple[str, str], ...]
    deltas: np.ndarray
    mean: np.ndarray
    bases: np.ndarray
    expected: np.ndarray
    tightness: np.ndarray
    price: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """The `person` at rest (every gain is 1), `weights` [m] 0-1 of the template's movements, the `view` of a picture of `size` (width,
    height), and the weighted rms `residual` in IOD."""

    person: Person
    weights: np.ndarray
    view: View
    size: tuple[int, int]
    residual: float


def template(rig: Rig, rest: Rest | None = None, price: float = PRICE) -> Template:
    """Depends on the rig alone: made once a process. `rest` {code: (mean, deviation)} of the weights that neutral faces show."""
    spots, movements = correspondence(), _movements(rig)
    deltas = np.stack(list(movements.values()))
    at_rest = rest or json.loads(files(__package__).joinpath("rest.json").read_text())["rest"]
    mean, deviation = np.array([at_rest.get(code, (0.0, 0.02)) for code, _ in movements]).T
    modes, moves = rig.identity.reshape(len(rig.identity), -1, 3), len(deltas)
    shapes = np.concatenate([np.stack([spots.spots(shape) for shape in group]) for group in (modes, deltas, deltas)])
    return Template(
        rig,
        spots,
        tuple(movements),
        deltas,
        spots.spots(rig.vertices),
        shapes,
        expected=np.concatenate([np.zeros(len(modes)), mean, np.zeros(moves)]),
        tightness=np.concatenate([np.ones(len(modes)), deviation**-2, np.ones(moves)]),
        price=np.concatenate([np.zeros(len(modes) + moves), np.full(moves, price)]),
    )


def fitted(photo: Photo, model: Template) -> Fit:
    """Raises FacewiseError where the rig does not come near the points: an extreme pose, a hidden or a misread face."""
    size = photo.pixels.shape[1], photo.pixels.shape[0]
    view, state = _descended(photo, model, size)
    far = np.linalg.norm(_seen(model, view, state, size) - photo.points[model.spots.points, :2], axis=1) / photo.iod
    residual = float(np.sqrt(np.average(far**2, weights=1 / np.hypot(POINT_IOD, model.spots.spread))))
    if residual > WORST_IOD:
        raise FacewiseError(
            f"the rig does not fit this face: {residual:.3f} IOD from its points, at most {WORST_IOD} is trusted; take a photo from nearer the front"
        )
    modes, rest, weights = _parts(model, state)
    shape = (modes @ model.rig.identity).reshape(-1, 3) + np.tensordot(rest, model.deltas, 1)
    return Fit(Person(model.rig.vertices + shape, dict.fromkeys(SHAPES, 1.0)), weights, view, size, residual)


def seen_spots(model: Template, fit: Fit, weights: np.ndarray) -> np.ndarray:
    """The spots [n, 2] px where the person with these weights would show them."""
    moves = model.bases[-len(model.movements) :]
    places = model.spots.spots(fit.person.neutral) + np.tensordot(weights, moves, 1)
    return project(places, np.ones(len(places), np.float32), fit.view, fit.size)[0].astype(np.float64)


def levels(model: Template, weights: np.ndarray) -> dict[str, Sides]:
    """{code: (left, right)} in 0-5 of every unit that the movements make; AU25 is none of them."""
    shown = dict(zip(model.movements, weights.tolist(), strict=True))
    aus = {code: (_level(LEVELS, shown[_key(code, "L")]), _level(LEVELS, shown[_key(code, "R")])) for code in SHAPES}
    drop, stretch = _jaw_levels(shown[JAW])
    return {**aus, "AU26": (drop, drop), "AU27": (stretch, stretch)}


def weights_at(model: Template, aus: dict[str, Sides], weights: np.ndarray) -> np.ndarray:
    """`weights` [m] with the units in `aus` {code: (left, right)} brought to these levels."""
    changed = weights.copy()
    for code in set(aus) & set(SHAPES):
        sides = (max(aus[code]),) * 2 if code in MIDLINE else aus[code]
        for side, level in zip("LR", sides, strict=True):
            changed[model.movements.index(_key(code, side))] = _share(LEVELS, level)
    if {"AU26", "AU27"} & set(aus):
        drop, stretch = (max(aus.get(code, (0.0, 0.0))) for code in ("AU26", "AU27"))
        changed[model.movements.index(JAW)] = _share(JAW_STRETCH, stretch) if stretch else _share(JAW_DROP, drop)
    return changed


def _movements(rig: Rig) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], np.ndarray] = {}
    for code, shapes in SHAPES.items():
        for side in ("",) if code in MIDLINE else ("L", "R"):
            names = [shape if code in MIDLINE else f"{shape}_{side}" for shape in shapes]
            found[code, side] = np.sum([rig.shapes[name] for name in names], axis=0)
    found[JAW] = rig.shapes["jawOpen"]
    return found | {(shape, ""): rig.shapes[shape] for shape in ASIDE}


def _key(code: str, side: str) -> tuple[str, str]:
    return code, "" if code in MIDLINE else side


def _level(table: tuple[float, ...], share: float) -> float:
    return float(np.interp(share, table, range(len(table))))


def _share(table: tuple[float, ...], level: float) -> float:
    return float(np.interp(level, range(len(table)), table))


def _jaw_levels(weight: float) -> tuple[float, float]:
    return (0.0, _level(JAW_STRETCH, weight)) if weight > WIDEST_DROP else (_level(JAW_DROP, weight), 0.0)


# Gauss-Newton. The unknowns are the view's six, then the weights of `bases`: the `state` [u].

_NUDGES = np.array([1e-2, 1e-2, 1e-2, 1.0, 1e-2, 1e-2])  # yaw, pitch, roll, iod_px, x, y


def _parts(model: Template, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights of identity and of the face at rest (float32), and of the movements."""
    moves = len(model.movements)
    return state[: -2 * moves].astype(np.float32), state[-2 * moves : -moves].astype(np.float32), state[-moves:]


def _descended(photo: Photo, model: Template, size: tuple[int, int]) -> tuple[View, np.ndarray]:
    wanted = photo.points[model.spots.points, :2].astype(np.float64)
    weight = 1 / np.hypot(POINT_IOD, model.spots.spread)
    view, state = _first_view(photo), model.expected
    for _ in range(STEPS):
        view, state = _step(model, wanted, weight, view, state, size)
    return view, state


def _first_view(photo: Photo) -> View:
    right, left = photo.points[[IBUG68_IN_478[index] for index in OUTER_CANTHI], :2]
    x, y = (right + left) / 2
    height, width = photo.pixels.shape[:2]
    roll = float(np.arctan2(right[1] - left[1], left[0] - right[0]))
    return View(0.0, 0.0, roll, DISTANCE_CM, photo.iod, (x / width, y / height))


def _seen(model: Template, view: View, state: np.ndarray, size: tuple[int, int], shift: np.ndarray | float = 0.0) -> np.ndarray:
    """The spots [n, 2] in px; `shift` moves them in cm before the head turns."""
    places = model.mean + np.tensordot(state, model.bases, 1) + shift
    return project(places, np.ones(len(places), np.float32), view, size)[0].astype(np.float64)


def _step(
    model: Template, wanted: np.ndarray, weight: np.ndarray, view: View, state: np.ndarray, size: tuple[int, int]
) -> tuple[View, np.ndarray]:
    seen = _seen(model, view, state, size)
    turns = [(_seen(model, _nudged(view, k), state, size) - seen) / nudge for k, nudge in enumerate(_NUDGES)]
    axes = [(_seen(model, view, state, size, 0.1 * axis) - seen) / 0.1 for axis in np.eye(3)]
    shapes = sum(model.bases[..., k, None] * axes[k] for k in range(3))
    jacobian = np.concatenate([turns, shapes]).reshape(len(turns) + len(shapes), -1)
    root = np.repeat(weight, 2) / view.iod_px
    return _solved(model, jacobian * root, (wanted - seen).ravel() * root, view, state)


def _nudged(view: View, k: int) -> View:
    return _moved(view, np.eye(len(_NUDGES))[k] * _NUDGES[k])


def _moved(view: View, by: np.ndarray) -> View:
    yaw, pitch, roll, iod_px, x, y = by.tolist()
    place = (view.place[0] + x, view.place[1] + y)
    return replace(
        view, yaw=view.yaw + yaw, pitch=view.pitch + pitch, roll=view.roll + roll, iod_px=view.iod_px + iod_px, place=place
    )


def _solved(model: Template, jacobian: np.ndarray, gap: np.ndarray, view: View, state: np.ndarray) -> tuple[View, np.ndarray]:
    """The triangular factor splits the movements, which are bounded, from the free unknowns, which follow from them."""
    turns, n_free = len(_NUDGES), len(_NUDGES) + len(state) - len(model.movements)
    prior = np.concatenate([np.full(turns, 1e-9), model.tightness])
    pull = jacobian @ gap
    pull[turns:] -= model.tightness * (state - model.expected) + model.price
    factor = np.linalg.cholesky(jacobian @ jacobian.T + np.diag(prior))
    reduced = solve_triangular(factor, pull, lower=True)
    root, before = factor[n_free:, n_free:].T, state[n_free - turns :]
    after = np.minimum(nnls(root, reduced[n_free:] + root @ before)[0], 1)
    free = solve_triangular(factor[:n_free, :n_free].T, reduced[:n_free] - factor[n_free:, :n_free].T @ (after - before))
    return _moved(view, free[:turns]), np.concatenate([state[: n_free - turns] + free[turns:], after])


# How real faces rest


def learned_rest(photos: list[Photo], rig: Rig) -> Rest:
    """From neutral faces: the weights of movements at rest, sides pooled, when none is a movement."""
    codes = [code for code, _ in _movements(rig)]
    model = template(rig, {code: (0.0, 0.3) for code in codes if code.startswith("AU")}, price=1e6)
    states = [_descended(photo, model, (photo.pixels.shape[1], photo.pixels.shape[0]))[1] for photo in photos]
    found = np.stack([_parts(model, state)[1] for state in states])
    pooled = {code: found[:, [k for k, other in enumerate(codes) if other == code]] for code in dict.fromkeys(codes)}
    return {
        code: (round(float(np.median(w)), 3), round(max(0.03, float(w.std())), 3))
        for code, w in pooled.items()
        if code.startswith("AU")
    }


def main(words: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m facewise.data_builders.driving.fitting", description=__doc__)
    parser.add_argument("--rig", required=True, type=Path, help="ict_facekit.npz")
    parser.add_argument("--neutral", required=True, type=Path, help="folder of photos (.jpg) of neutral faces")
    parser.add_argument("--out", required=True, type=Path)
    args = parser.parse_args(words)
    photos = [read_photo(path) for path in sorted(args.neutral.glob("*.jpg"))]
    if len(photos) < 2:
        raise FacewiseError(f"{args.neutral}: {len(photos)} photos (.jpg); two at least are needed for a deviation")
    rest = learned_rest(photos, load_rig(args.rig))
    args.out.write_text(json.dumps({"faces": len(photos), "rest": rest}) + "\n")
    print(f"{args.out}: {len(rest)} units at rest on {len(photos)} neutral faces")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
