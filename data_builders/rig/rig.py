"""ICT-FaceKit as a person who can move each action unit: the rig, a sampled identity, and the mesh of an expression.

Intensities are FACS levels 0-5 (A = 1 .. E = 5) per side, the person's own; +x is the person's left. A level is a share of the
rig's shape times a gain of the person, and the label stays the level, so that strong and weak movers read alike.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...model.errors import FacewiseError
from .eyeballs import FORWARD, clear, sliding, turn
from .movements import MIDLINE, PARTED, SHAPES, blends, ingredients
from .rig_folder import read_folder

LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
JAW_DROP = (0.0, 0.1, 0.19, 0.28, 0.36, 0.45)
JAW_PARTED = (0.0, 0.03, 0.05, 0.07, 0.085, 0.095)  # below AU26; how far the lips of a face part then, `lip_parting` tells
LIPS_PARTED = (0.0, 0.07, 0.23, 0.45, 0.72, 1.05)  # by the lips themselves, where the jaw hardly drops
JAW_STRETCH = (0.0, 0.62, 0.7, 0.8, 0.9, 1.0)
LIP_GAP_IOD = (0.012, 0.03, 0.055, 0.085, 0.12)  # the lips' opening beyond rest at which AU25 is A..E
JAW = {"AU26", "AU27"}
GAZE_SHAPES = tuple(f"eyeLook{way}_{side}" for way in ("In", "Out", "Up", "Down") for side in "LR")
GAZE_RAD = np.radians(30)  # an eyeball's turn at the full weight of a gaze shape
IDENTITY_MODES = 50
DRAWN = ("M_Face", "M_BackHead", "M_GumsTongue", "M_Teeth", "M_ScleraLeft", "M_ScleraRight")
LASHES = "M_EyeLashes"
BALLS = {"L": "M_ScleraLeft", "R": "M_ScleraRight"}
GAIN = (0.85, 1.3)  # between the weakest mover and the strongest; below it level C would be seen on nobody
OVERLAP_CM = {"upper": -0.15, "lower": -0.12}  # the edges of the front teeth above the line of the lips
INCISORS_CM = 0.8  # how far behind the foremost tooth they reach
LIPS_TOUCH_IOD = 0.004  # between the inner lips' points; more at rest would be AU25
VERTICES = 26719  # of the light model
SOURCE = "ICT-FaceKit's light model as one .npz, or a clone of https://github.com/ICT-VGL/ICT-FaceKit, is wanted"
KEYS = (
    "vertices",
    "quads",
    "quad_material",
    "material_names",
    "identity_deltas",
    "expression_deltas",
    "expression_names",
    "landmark68",
)

Sides = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Rig:
    """The morphable face in cm: `vertices` [V, 3], `triangles` [T, 3] of the materials drawn, `part` [V] index into DRAWN (-1: not
    drawn), the see-through `lashes` [L, 3], and by side "L" and "R" the vertices of the `balls` and those that slide over them, `lids`."""

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    identity: np.ndarray
    shapes: dict[str, np.ndarray]
    landmark68: np.ndarray
    lashes: np.ndarray
    balls: dict[str, np.ndarray]
    lids: dict[str, np.ndarray]
    teeth: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Person:
    """A sampled identity: its neutral mesh [V, 3] and the strength of each movement; that of AU43 is the weight that shuts the eyes."""

    neutral: np.ndarray
    gain: dict[str, float]


def load_rig(path: str | Path) -> Rig:
    """From the .npz or from a folder. FacewiseError, one line, for a file that is neither, is damaged, or is another version."""
    path = Path(path)
    data = read_folder(path) if path.is_dir() else _arrays(path)
    _check(path, data)
    names = [str(name) for name in data["material_names"]]
    triangles, owner = _triangles(data["quads"], data["quad_material"])
    part = np.full(VERTICES, -1, np.int8)
    keep = np.zeros(len(triangles), bool)
    for index, name in enumerate(DRAWN):
        chosen = owner == names.index(name)
        keep |= chosen
        part[np.unique(triangles[chosen])] = index
    shapes = {str(n): d.astype(np.float32) for n, d in zip(data["expression_names"], data["expression_deltas"], strict=True)}
    identity = data["identity_deltas"][:IDENTITY_MODES].astype(np.float32).reshape(IDENTITY_MODES, -1)
    drawn, lashes = (np.ascontiguousarray(triangles[chosen]) for chosen in (keep, owner == names.index(LASHES)))
    vertices = data["vertices"].astype(np.float32)
    balls = {side: np.flatnonzero(part == DRAWN.index(name)) for side, name in BALLS.items()}
    lids = {side: np.setdiff1d(sliding(vertices, ball), np.concatenate([*balls.values()])) for side, ball in balls.items()}
    teeth = np.flatnonzero(part == DRAWN.index("M_Teeth"))
    dropping = np.linalg.norm(shapes["jawOpen"][teeth], axis=1) > 0.1
    rows = {"upper": teeth[~dropping], "lower": teeth[dropping]}
    shapes |= blends(shapes, vertices, vertices[data["landmark68"]])
    return Rig(vertices, drawn, part, identity, shapes, data["landmark68"], lashes, balls, lids, rows)


def sample_person(rig: Rig, rng: np.random.Generator) -> Person:
    """Gaussian on the first modes; beyond 2.5 sigma the head is a caricature."""
    weights = np.clip(rng.normal(0, 0.9, IDENTITY_MODES), -2.5, 2.5).astype(np.float32)
    neutral = rig.vertices + (weights @ rig.identity).reshape(-1, 3)
    neutral += _closing(rig, neutral) * rig.shapes["jawOpen"]
    for side, ball in rig.balls.items():
        clear(neutral, ball, rig.lids[side], FORWARD)
    _align_teeth(rig, neutral)
    gain = {code: rng.uniform(*GAIN) for code in SHAPES}
    return Person(neutral, gain | {"AU43": _shutting(rig, neutral)})


def expressed(rig: Rig, person: Person, aus: dict[str, Sides], rng: np.random.Generator, gaze: Sides = (0.0, 0.0)) -> np.ndarray:
    """The mesh [V, 3] of `aus` {code: (left, right) in 0-5}; `gaze` is (to the person's left, up), 1 being `GAZE_RAD`."""
    return moved(rig, person.neutral, _weights(person, aus, rng) | gaze_weights(gaze))


def moved(rig: Rig, mesh: np.ndarray, weights: dict[str, float]) -> np.ndarray:
    """A copy of `mesh` [V, 3] with the rig's shapes added by name. The gaze shapes move the lids alone, so the eyeballs
    are turned with them; and lids slide over the balls, where the shapes of another head would sink into these."""
    out = mesh.copy()
    for name, weight in weights.items():
        if weight:
            out += np.float32(weight) * rig.shapes[name]
    for side, ball in rig.balls.items():
        inner, outer, up, down = (weights.get(f"eyeLook{way}_{side}", 0.0) for way in ("In", "Out", "Up", "Down"))
        left = (outer - inner) * (1 if side == "L" else -1)
        axis = turn(out, ball, left * GAZE_RAD, (up - down) * GAZE_RAD) if left or up != down else FORWARD
        clear(out, ball, rig.lids[side], axis)
    return out


def gaze_weights(gaze: Sides) -> dict[str, float]:
    """The gaze shapes' weights of both eyes for (to the person's left, up), each in -1..1."""
    left, up = gaze
    return {
        "eyeLookOut_L": max(0.0, left),
        "eyeLookIn_R": max(0.0, left),
        "eyeLookIn_L": max(0.0, -left),
        "eyeLookOut_R": max(0.0, -left),
        **{f"eyeLookUp_{side}": max(0.0, up) for side in "LR"},
        **{f"eyeLookDown_{side}": max(0.0, -up) for side in "LR"},
    }


def lip_parting(rig: Rig, person: Person, mesh: np.ndarray) -> float:
    """AU25 in 0-5 from the inner lips' opening beyond rest, whatever opens them; lips that press, roll or cross part by nothing."""
    return float(np.searchsorted(LIP_GAP_IOD, lip_gap(rig, mesh) - lip_gap(rig, person.neutral)))


def lip_gap(rig: Rig, mesh: np.ndarray) -> float:
    """How far the upper lip's inner edge lies above the lower one's, inter-ocular distances of `mesh` [V, 3]; below 0 where they cross."""
    points = mesh[rig.landmark68]
    return float((points[[61, 62, 63], 1] - points[[67, 66, 65], 1]).max() / np.linalg.norm(points[45] - points[36]))


# Reading


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such rig; {SOURCE}")
    try:
        with np.load(path) as data:
            return {key: data[key] for key in data.files if key in KEYS}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError, TypeError) as error:
        raise FacewiseError(f"{path}: not a whole .npz file; {SOURCE}") from error


def _check(path: Path, data: dict[str, np.ndarray]) -> None:
    """One line for the first thing by which this is not the light model."""
    if missing := [key for key in KEYS if key not in data]:
        raise FacewiseError(f"{path}: no {missing[0]!r} in it; {SOURCE}")
    if data["vertices"].shape != (VERTICES, 3):
        raise FacewiseError(f"{path}: {len(data['vertices'])} vertices instead of {VERTICES}, a rig of another version; {SOURCE}")
    for key in ("identity_deltas", "expression_deltas"):
        if data[key].shape[1:] != (VERTICES, 3) or not np.isfinite(data[key]).all():
            raise FacewiseError(f"{path}: {key!r} does not fit the {VERTICES} vertices; {SOURCE}")
    if len(data["identity_deltas"]) < IDENTITY_MODES:
        raise FacewiseError(f"{path}: {len(data['identity_deltas'])} identity modes, {IDENTITY_MODES} are wanted; {SOURCE}")
    if absent := {*DRAWN, LASHES} - {str(name) for name in data["material_names"]}:
        raise FacewiseError(f"{path}: no material {min(absent)!r} in it; {SOURCE}")
    if absent := ({*ingredients(), "jawOpen", *GAZE_SHAPES}) - {str(name) for name in data["expression_names"]}:
        raise FacewiseError(f"{path}: no expression {min(absent)!r} in it, a rig of another version; {SOURCE}")
    marks = data["landmark68"]
    if marks.shape != (68,) or not (0 <= marks.min() <= marks.max() < VERTICES) or not _upright(data["vertices"][marks]):
        raise FacewiseError(f"{path}: the 68 landmarks are not where a face has them, a rig of another version; {SOURCE}")


def _upright(marks: np.ndarray) -> bool:
    """The person's left at +x, eyes above mouth, the nose's tip in front: vertices in another order fail it."""
    (x, y, z), tip = marks.T, marks[30]
    return bool(x[45] > x[42] > x[39] > x[36] and y[36:48].min() > y[48:].max() > y[8] and tip[2] == z.max())


def _triangles(quads: np.ndarray, material: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    second = quads[:, 3] >= 0
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[second][:, [0, 2, 3]]]).astype(np.int32)
    return triangles, np.concatenate([material, material[second]])


# Moving


def _weights(person: Person, aus: dict[str, Sides], rng: np.random.Generator) -> dict[str, float]:
    weights: dict[str, float] = {}
    for code, sides in aus.items():
        for shape in SHAPES.get(code, ()):
            names = [shape] if code in MIDLINE else [f"{shape}_L", f"{shape}_R"]
            levels = [max(sides)] if code in MIDLINE else sides
            for name, level in zip(names, levels, strict=True):
                share = _share(LEVELS, level)
                jitter = rng.uniform(-0.05, 0.05) if 0 < share < 1 else 0.0
                limit = person.gain[code] if code == "AU43" else 1.3  # lids past closed cross each other
                weights[name] = min(limit, max(0.02, (share + jitter) * person.gain[code])) if share else 0.0
    weights["jawOpen"] = _jaw(aus)
    if not JAW & set(aus):
        weights[PARTED] = _share(LIPS_PARTED, max(aus.get("AU25", (0.0, 0.0))))
    return weights


def _jaw(aus: dict[str, Sides]) -> float:
    """No gain here: the levels of AU26 and AU27 are ranges of one shape and must not overlap."""
    if "AU27" in aus:
        return _share(JAW_STRETCH, max(aus["AU27"]))
    if "AU26" in aus:
        return _share(JAW_DROP, max(aus["AU26"]))
    return _share(JAW_PARTED, max(aus.get("AU25", (0.0, 0.0))))


def _share(table: tuple[float, ...], level: float) -> float:
    return float(np.interp(level, range(len(table)), table))


def _shutting(rig: Rig, neutral: np.ndarray) -> float:
    """The weight of the blink that brings this person's lids together; the rig's own is that of its mean head."""
    rest = neutral[rig.landmark68, 1]
    move = (rig.shapes["eyeBlink_L"] + rig.shapes["eyeBlink_R"])[rig.landmark68, 1]
    upper, lower = [37, 38, 43, 44], [41, 40, 47, 46]
    needed = (rest[upper] - rest[lower]) / (move[lower] - move[upper])
    return float(np.clip(needed.max(), 0.8, 1.4))


def _align_teeth(rig: Rig, neutral: np.ndarray) -> None:
    """Moves both rows up or down in place until they meet behind the lips' line: those of sampled heads hang below the upper lip."""
    line = neutral[rig.landmark68[[62, 66]], 1].mean()
    for row, chosen in rig.teeth.items():
        front = neutral[chosen][neutral[chosen, 2] > neutral[chosen, 2].max() - INCISORS_CM, 1]
        edge = front.min() if row == "upper" else front.max()
        neutral[chosen, 1] += line + OVERLAP_CM[row] - edge


def _closing(rig: Rig, neutral: np.ndarray) -> np.float32:
    """The weight of the jaw that lets the lips just touch: sampled heads have them up to .02 IOD apart, or through each other."""
    points, move = neutral[rig.landmark68], rig.shapes["jawOpen"][rig.landmark68, 1]
    upper, lower = [61, 62, 63], [67, 66, 65]
    apart = (points[upper, 1] - points[lower, 1]).max() - LIPS_TOUCH_IOD * np.linalg.norm(points[45] - points[36])
    return np.float32(-apart / (move[upper] - move[lower]).mean())
