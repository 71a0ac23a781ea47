"""What each action unit moves: the rig's shapes, and blends of them where a shape alone is too weak or moves its neighbours too.

The rig's shapes were named for puppetry. Its squint leaves the upper lid still, its sneer opens the mouth, its stretch pulls the corners
down as a frown does and its smile has no cheek, so that these units would be told by nothing or by another's mark.
"""

import numpy as np

SHAPES = {
    "AU1": ("browInnerUp",),
    "AU2": ("browOuterUp",),
    "AU4": ("browKnit",),
    "AU5": ("eyeWide",),
    "AU6": ("cheekSquint", "cheekRaiser"),
    "AU7": ("lidTighten",),
    "AU9": ("noseWrinkle",),
    "AU10": ("mouthUpperUp",),  # the levator; mouthShrugUpper in the rig's own table is not
    "AU12": ("cornerPull",),
    "AU14": ("mouthDimple",),
    "AU15": ("mouthFrown",),
    "AU16": ("mouthLowerDown",),
    "AU17": ("mouthShrugLower",),
    "AU18": ("mouthPucker",),
    "AU20": ("cornerStretch",),
    "AU22": ("mouthFunnel",),
    "AU24": ("lipPress",),
    "AU28": ("mouthRollLower", "mouthRollUpper"),
    "AU43": ("eyeBlink",),
}
MIDLINE = ("AU17", "AU18", "AU22", "AU25", "AU26", "AU27", "AU28")
PARTED = "lipsPart"  # of AU25, by the lips alone
Axes = tuple[float, float, float]
# Blends of a side, by axis (across, up, forward).
BLENDS: dict[str, tuple[tuple[str, Axes], ...]] = {
    "browKnit": (("browDown", (1.5, 1.9, 1.2)),),
    "lidTighten": (("eyeSquint", (1.3, 1.3, 1.3)), ("eyeBlink", (0.12, 0.12, 0.12))),
    "noseWrinkle": (("noseSneer", (1.0, 1.0, 1.0)),),
    "cornerPull": (("mouthSmile", (1.2, 1.2, 1.1)),),
    "cornerStretch": (("mouthStretch", (1.6, 0.1, 1.2)),),
    "lipPress": (("mouthPress", (1.0, 1.0, 1.0)),),
}
HALVES = {"lipPress": (("mouthRollLower", 0.35), ("mouthRollUpper", 0.35))}  # of shapes without sides
LIPS_APART = (
    ("mouthFunnel", 0.2),
    *((f"mouthLowerDown_{side}", 0.5) for side in "LR"),
    *((f"mouthUpperUp_{side}", 0.3) for side in "LR"),
)
LIP_SHARE = 0.05  # of the sneer that the lips keep
BROW_TO_SCALP_CM = 9.0, 6.8  # heights on the mean face between which the brows' pull fades, or the hairline would come down
MIDDLE_CM = 1.2  # over which the halves of a shape meet
CHEEK = (4.1, -0.3), (1.5, 1.2), (0.0, 0.2, 0.36)  # a smile's cheek on the mean face: centre, half width, way that it goes, cm
BEHIND_CM = 5.0  # depth on the mean face of what no smile moves


def ingredients() -> set[str]:
    """The names of the rig's own shapes that the units are made of."""
    sided = {name for blend in BLENDS.values() for name, _ in blend}
    sided |= {name for code, names in SHAPES.items() if code not in MIDLINE for name in names if name not in BLENDS}
    whole = {name for code in MIDLINE for name in SHAPES.get(code, ())} | {name for half in HALVES.values() for name, _ in half}
    return {f"{name}_{side}" for name in sided for side in "LR"} | whole | {name for name, _ in LIPS_APART}


def blends(shapes: dict[str, np.ndarray], vertices: np.ndarray, marks: np.ndarray) -> dict[str, np.ndarray]:
    """{name: displacement float32 [V, 3]} from the rig's `shapes`, its mean face [V, 3] and the places of the 68 points on it."""
    apart = np.sum([np.float32(weight) * shapes[name] for name, weight in LIPS_APART], axis=0)
    made = {PARTED: apart * _rising(vertices, marks[8, 1], marks[57, 1])}  # the chin keeps still
    for side, sign in (("L", 1), ("R", -1)):
        half = _step(sign * vertices[:, :1] / MIDDLE_CM + 0.5)
        for name, parts in BLENDS.items():
            out = np.sum([shapes[f"{part}_{side}"] * np.array(axes, np.float32) for part, axes in parts], axis=0)
            for part, weight in HALVES.get(name, ()):
                out += np.float32(weight) * half * shapes[part]
            made[f"{name}_{side}"] = out
        made[f"browKnit_{side}"] *= _rising(vertices, *BROW_TO_SCALP_CM)
        made[f"noseWrinkle_{side}"] *= LIP_SHARE + np.float32(1 - LIP_SHARE) * _rising(vertices, marks[51, 1], marks[33, 1])
        made[f"cornerPull_{side}"] += _cheek(vertices, sign)
    return made


def _rising(vertices: np.ndarray, low: float, high: float) -> np.ndarray:
    """[V, 1], from 0 at the height `low` to 1 at `high`."""
    return _step((vertices[:, 1:2] - low) / (high - low))


def _cheek(vertices: np.ndarray, sign: int) -> np.ndarray:
    centre, wide, way = (np.array(each, np.float32) for each in CHEEK)
    away = (vertices[:, :2] * np.array((sign, 1), np.float32) - centre) / wide
    return (np.exp(-(away**2).sum(1)) * (vertices[:, 2] > BEHIND_CM))[:, None].astype(np.float32) * way


def _step(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)
