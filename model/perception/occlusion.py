"""What lies between the camera and a face: the share of each region that does not look like the face's own skin.

No segmentation network: the mesh says where bare skin must be, and a face has one skin under one light. Regions that grow hair (forehead,
chin, jaw, moustache) bear no witness, so that fringes and beards stay silent. A cover of the skin's own colour, a hand above all, is not
seen, nor is a grey one on a picture without colour.
"""

import cv2
import numpy as np

# fmt: off
# Outlines in mesh vertices; `right` and `left` are the person's own.
REGIONS = {
    "right eye": (113, 225, 224, 223, 222, 221, 189, 245, 128, 121, 120, 119, 118, 117, 111, 143),
    "left eye": (342, 445, 444, 443, 442, 441, 413, 465, 357, 350, 349, 348, 347, 346, 340, 372),
    "right cheek": (117, 118, 119, 100, 36, 205, 187, 123, 116),
    "left cheek": (346, 347, 348, 329, 266, 425, 411, 352, 345),
    "nose": (195, 236, 198, 49, 64, 98, 97, 2, 326, 327, 294, 279, 420, 456),
    "upper lip": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
    "lower lip": (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95, 78),
    "forehead": (103, 67, 109, 10, 338, 297, 332, 333, 299, 337, 151, 108, 69, 104),
}
OPENINGS = {
    "right eye": (246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7, 33),
    "left eye": (466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249, 263),
}
# fmt: on
NAMES = tuple(REGIONS)
LIPS = ("upper lip", "lower lip")
FEWEST_PIXELS = 8  # of a region; what the picture's border cuts off is not covered
SOFTENED_PX = 0.7  # or the noise of dim light looks like paint
DARK_OFFSET = 8.0  # grey levels: below that colour is noise

# The face's own skin: the largest group of regions of one colour, warm ones first, since a mask may cover more than it leaves. Regions of
# one bare face lie .03 apart at the median, .1 in coloured light. Lids count half and another lightness stands apart: brown sunglasses
# are as warm as skin, but far darker.
ALIKE = 0.12  # logarithm of red or blue over green
LIGHTNESS_WEIGHT = 0.2
WARM = 0.25

# A pixel is bare skin if its logarithms lie this near. Lips are redder, by lipstick up to .7, and bluer. Less red it may be by a share of the
# skin's own redness, but by .1 at least: white and grey lie nearer to pale skin than shaded skin to lit.
COLOUR_OFF = 0.25
LIP_REDDER, LIP_BLUER = 0.75, 0.45
LESS_RED = (0.4, 0.1)
# Bare lids are up to .46 darker than the cheek beside them (than the face, light from one side would make sunglasses); lenses that pass a
# fifth of the light start at .7.
DARKER_EYE, DARKER, BRIGHTER = 0.7, 1.6, 0.8


def covered(rgb: np.ndarray, points: np.ndarray) -> dict[str, float]:
    """{eye, cheek, nose, mouth: share that is not the face's own skin} of a small picture [h, w, 3] uint8 and its mesh [478, 2] px.

    The picture's scale should be fixed, some 48 px between the outer eye corners. Regions beyond its border are left out.
    """
    region, pixels = _bare(rgb, points)
    counts = np.bincount(region, minlength=len(NAMES))
    parts = dict(zip(NAMES, np.split(pixels, np.cumsum(counts)[:-1], axis=1), strict=True))
    parts = {name: part for name, part in parts.items() if part.shape[1] >= FEWEST_PIXELS}
    middles = {name: np.median(part, 1) for name, part in parts.items() if name not in LIPS}
    if not middles:
        return {}
    low, high = _limits(_own_skin(middles, counts), middles)
    is_skin = ((pixels > low[:, region]) & (pixels < high[:, region])).all(0)
    shares = 1 - np.bincount(region, is_skin, len(NAMES)) / np.maximum(counts, 1)
    told = {name: float(share) for name, share in zip(NAMES, shares, strict=True) if name in parts and name != "forehead"}
    lips = [told.pop(name) for name in LIPS if name in told]
    return told | ({"mouth": min(lips)} if lips else {})


def _bare(rgb: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The regions' pixels [3, n] and the region of each, in order: logarithms of red and of blue over green, where light cancels, and of green."""
    labels = np.zeros(rgb.shape[:2], np.uint8)
    for label, (name, outline) in enumerate(REGIONS.items(), 1):
        for value, vertices in ((label, outline), (0, OPENINGS.get(name))):
            if vertices:
                cv2.fillPoly(labels, [np.rint(16 * points[list(vertices)]).astype(np.int32)], value, shift=4)
    inside = np.flatnonzero(labels)
    inside = inside[np.argsort(labels.ravel()[inside], kind="stable")]
    soft = cv2.GaussianBlur(rgb.astype(np.float32), (0, 0), SOFTENED_PX).reshape(-1, 3)[inside]
    red, green, blue = np.log(soft + DARK_OFFSET).T
    return labels.ravel()[inside] - 1, np.stack([red - green, blue - green, green])


def _own_skin(middles: dict[str, np.ndarray], counts: np.ndarray) -> np.ndarray:
    """The face's own skin [3], from the largest group of like regions."""
    middle = np.stack(list(middles.values()))
    size = np.array([counts[NAMES.index(name)] / (2 if "eye" in name else 1) for name in middles])
    weight = size * np.clip((middle[:, 0] - middle[:, 1]) / WARM, 0.05, 1)
    apart = (np.abs(middle[:, None] - middle[None]) * (1, 1, LIGHTNESS_WEIGHT)).max(2)
    group = apart[((apart < ALIKE) @ weight).argmax()] < ALIKE
    return np.average(middle[group], 0, weight[group])


def _limits(skin: np.ndarray, middles: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Between what a pixel of each region is skin, or lip [3, regions]: the eyes are in the same shade as the cheeks under them."""
    share, least = LESS_RED
    less_red = np.clip(share * skin[0], least, COLOUR_OFF)
    low, high = [], []
    for name in NAMES:
        redder, bluer = (LIP_REDDER, LIP_BLUER) if name in LIPS else (COLOUR_OFF, COLOUR_OFF)
        cheek = middles.get(name.replace("eye", "cheek"), skin)
        darker = DARKER_EYE + max(0.0, skin[2] - cheek[2]) if "eye" in name else DARKER
        low.append((-less_red, -bluer, -darker))
        high.append((redder, bluer, BRIGHTER))
    return (np.array(low, np.float32) + skin).T, (np.array(high, np.float32) + skin).T
