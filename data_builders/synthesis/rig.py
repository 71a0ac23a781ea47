"""ICT-FaceKit as a person who can move each action unit: the rig, a sampled identity, and the mesh of an expression.

Intensities are FACS levels 0-5 (A = 1 .. E = 5) per side, the person's own; +x is the person's left. A level is a share of the
rig's shape times a gain of the person, and the label stays the level, so that strong and weak movers read alike.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
JAW_DROP = (0.0, 0.1, 0.19, 0.28, 0.36, 0.45)
JAW_STRETCH = (0.0, 0.62, 0.7, 0.8, 0.9, 1.0)
LIP_GAP_IOD = (0.012, 0.035, 0.07, 0.12, 0.19)  # the lips' opening beyond rest at which AU25 is A..E
SHAPES = {
    "AU1": ("browInnerUp",),
    "AU2": ("browOuterUp",),
    "AU4": ("browDown",),
    "AU5": ("eyeWide",),
    "AU6": ("cheekSquint", "cheekRaiser"),
    "AU7": ("eyeSquint",),
    "AU9": ("noseSneer",),
    "AU10": ("mouthUpperUp",),  # the levator; mouthShrugUpper in the rig's own table is not
    "AU12": ("mouthSmile",),
    "AU14": ("mouthDimple",),
    "AU15": ("mouthFrown",),
    "AU16": ("mouthLowerDown",),
    "AU17": ("mouthShrugLower",),
    "AU18": ("mouthPucker",),
    "AU20": ("mouthStretch",),
    "AU22": ("mouthFunnel",),
    "AU24": ("mouthPress",),
    "AU28": ("mouthRollLower", "mouthRollUpper"),
    "AU43": ("eyeBlink",),
}
MIDLINE = ("AU17", "AU18", "AU22", "AU25", "AU26", "AU27", "AU28")
IDENTITY_MODES = 50
DRAWN = ("M_Face", "M_BackHead", "M_GumsTongue", "M_Teeth", "M_ScleraLeft", "M_ScleraRight")

Sides = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Rig:
    """The morphable face in cm: `vertices` [V, 3], `triangles` [T, 3] of the materials drawn, `part` [V] index into DRAWN (-1: not drawn)."""

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    identity: np.ndarray
    shapes: dict[str, np.ndarray]
    landmark68: np.ndarray


@dataclass(frozen=True, eq=False)
class Person:
    """A sampled identity: its neutral mesh [V, 3], the strength of each movement, and a name for splits."""

    neutral: np.ndarray
    gain: dict[str, float]


def load_rig(path: str | Path) -> Rig:
    data = np.load(path)
    names = [str(name) for name in data["material_names"]]
    triangles, owner = _triangles(data["quads"], data["quad_material"])
    part = np.full(len(data["vertices"]), -1, np.int8)
    keep = np.zeros(len(triangles), bool)
    for index, name in enumerate(DRAWN):
        chosen = owner == names.index(name)
        keep |= chosen
        part[np.unique(triangles[chosen])] = index
    shapes = {str(n): d.astype(np.float32) for n, d in zip(data["expression_names"], data["expression_deltas"], strict=True)}
    identity = data["identity_deltas"][:IDENTITY_MODES].astype(np.float32).reshape(IDENTITY_MODES, -1)
    return Rig(data["vertices"], np.ascontiguousarray(triangles[keep]), part, identity, shapes, data["landmark68"])


def sample_person(rig: Rig, rng: np.random.Generator) -> Person:
    """Gaussian on the first modes; beyond 2.5 sigma the head is a caricature."""
    weights = np.clip(rng.normal(0, 0.9, IDENTITY_MODES), -2.5, 2.5).astype(np.float32)
    neutral = rig.vertices + (weights @ rig.identity).reshape(-1, 3)
    return Person(neutral, {code: rng.uniform(0.7, 1.3) for code in SHAPES})


def expressed(rig: Rig, person: Person, aus: dict[str, Sides], rng: np.random.Generator, gaze: Sides = (0.0, 0.0)) -> np.ndarray:
    """The mesh [V, 3] of `aus` {code: (left, right) in 0-5}; `gaze` is (to the person's left, up), each in -1..1."""
    mesh = person.neutral.copy()
    for name, weight in {**_weights(person, aus, rng), **_gaze_weights(gaze)}.items():
        if weight:
            mesh += np.float32(weight) * rig.shapes[name]
    return mesh


def lip_parting(rig: Rig, person: Person, mesh: np.ndarray) -> float:
    """AU25 in 0-5 from the inner lips' opening beyond rest: the rig has no shape of its own for it."""
    return float(np.searchsorted(LIP_GAP_IOD, _lip_gap(rig, mesh) - _lip_gap(rig, person.neutral)))


def _triangles(quads: np.ndarray, material: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    second = quads[:, 3] >= 0
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[second][:, [0, 2, 3]]]).astype(np.int32)
    return triangles, np.concatenate([material, material[second]])


def _weights(person: Person, aus: dict[str, Sides], rng: np.random.Generator) -> dict[str, float]:
    weights: dict[str, float] = {}
    for code, sides in aus.items():
        for shape in SHAPES.get(code, ()):
            for suffix, level in zip(("_L", "_R"), sides, strict=True):
                share = _share(LEVELS, level)
                jitter = rng.uniform(-0.05, 0.05) if 0 < share < 1 else 0.0
                name = shape if code in MIDLINE else shape + suffix
                limit = 1.0 if code == "AU43" else 1.3  # lids past closed cross each other
                weights[name] = min(limit, max(0.02, (share + jitter) * person.gain[code])) if share else 0.0
    weights["jawOpen"] = _jaw(aus, rng)
    return weights


def _jaw(aus: dict[str, Sides], rng: np.random.Generator) -> float:
    """No gain here: the levels of AU26 and AU27 are ranges of one shape and must not overlap."""
    if "AU27" in aus:
        return _share(JAW_STRETCH, aus["AU27"][0])
    if "AU26" in aus:
        return _share(JAW_DROP, aus["AU26"][0])
    return rng.uniform(0.03, 0.08) if "AU25" in aus else 0.0


def _gaze_weights(gaze: Sides) -> dict[str, float]:
    left, up = gaze
    return {
        "eyeLookOut_L": max(0.0, left),
        "eyeLookIn_R": max(0.0, left),
        "eyeLookIn_L": max(0.0, -left),
        "eyeLookOut_R": max(0.0, -left),
        **{f"eyeLookUp_{side}": max(0.0, up) for side in "LR"},
        **{f"eyeLookDown_{side}": max(0.0, -up) for side in "LR"},
    }


def _share(table: tuple[float, ...], level: float) -> float:
    return float(np.interp(level, range(len(table)), table))


def _lip_gap(rig: Rig, mesh: np.ndarray) -> float:
    points = mesh[rig.landmark68]
    gaps = np.linalg.norm(points[[61, 62, 63]] - points[[67, 66, 65]], axis=1)
    return float(gaps.max() / np.linalg.norm(points[45] - points[36]))
