"""One row of a pack: what is seen of a face, exactly as at inference, and the labels of its record.

Mirrored rows are mirrored before they are seen, because texture views do not commute with a flip; sides, boxes and masks turn with the
picture. What a record does not tell is marked (NaN, -1, UNKNOWN) and takes part in no loss.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ..model.errors import FacewiseError
from ..model.perception.faces import Box, DetectedFace, find_faces, overlap
from ..model.perception.picture import read_picture
from ..model.perception.views import face_views
from ..model.taxonomy import ATTACKS, AU_CODES, CUES, DIGITAL_TYPES, EMOTIONS, NO_PROTOTYPE
from .records import GENUINE, SPLITS, Record, Sides

GRID = 14
WHOLE, UNKNOWN = 254, 255  # of the attack map
VISIBLE = 0.5  # a cue that is just visible
CLASSES = (*EMOTIONS, NO_PROTOTYPE)
DIGITAL = (GENUINE, *DIGITAL_TYPES)
SAME_FACE = 0.5  # of the smaller box
NO_PRESENCE = -1

Row = dict[str, np.ndarray]


def rows_of(record: Record, pixels: np.ndarray, folder: Path, views: Sequence[str]) -> list[Row]:
    """The record's picture, uint8 [h, w, 3], and where it is trained on its mirror image; of each whether its face is found."""
    looks = (False, True) if record.split == "train" else (False,)
    found = [_seen(record, pixels, folder, views, mirrored) for mirrored in looks]
    return [row for row in found if row is not None]


def _seen(record: Record, pixels: np.ndarray, folder: Path, views: Sequence[str], mirrored: bool) -> Row | None:
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    face = labelled_face(find_faces(pixels), record.face, pixels.shape[1] if mirrored else None)
    return None if face is None else packed(record, pixels, face, folder, views, mirrored)


def labelled_face(faces: Sequence[DetectedFace], told: Box | None, mirror_width: int | None = None) -> DetectedFace | None:
    """The face that a record speaks of, with its landmarks: the one where the source sees it (`told`, in a picture that was mirrored if its width
    is given), or the largest; None where there is no such face."""
    seen = [face for face in faces if face.points is not None]
    if told is None:
        return seen[0] if seen else None
    if mirror_width is not None:
        told = (mirror_width - told[2], told[1], mirror_width - told[0], told[3])
    closest = max(seen, key=lambda face: overlap(face.box, told), default=None)
    return closest if closest is not None and overlap(closest.box, told) >= SAME_FACE else None


def packed(
    record: Record, pixels: np.ndarray, face: DetectedFace, folder: Path, views: Sequence[str], mirrored: bool = False
) -> Row:
    """What is seen of the face, and the labels of its record, sides and mask mirrored with the picture."""
    seen = face_views(pixels, face, views=views)
    return {
        "views": seen.images,
        "points": seen.points,
        "canonical": seen.canonical,
        "mesh": seen.mesh.astype(np.float16),
        "pose": seen.pose,
        **_movements(record, mirrored),
        "emotion": _place(CLASSES, record.emotion),
        "live": np.array(-1 if record.live is None else int(not record.live)),
        "attack": _place(ATTACKS, record.attack),
        "digital": _place(DIGITAL, record.digital),
        "cues": np.array([-1 if record.cues is None else record.cues.get(name, 0) >= VISIBLE for name in CUES], np.int64),
        "map": _map(record, seen.wide_box, folder, mirrored),
        "split": np.array(SPLITS.index(record.split)),
        "photo": np.array(int(record.source.get("made of") != "rig")),
        "held_out": np.array(int(record.source.get("variant") == "b")),
        "mirrored": np.array(int(mirrored)),
    }


def check_labels(record: Record) -> None:
    """Raises FacewiseError for a class that is none of ours: now, and not after hours of looking."""
    told = (("emotion", CLASSES, record.emotion), ("attack", ATTACKS, record.attack), ("digital", DIGITAL, record.digital))
    for kind, classes, label in (*told, ("split", SPLITS, record.split)):
        if label is not None and label not in classes:
            raise FacewiseError(f"record {record.id}: {kind} is {label!r}, expected one of {', '.join(classes)}")


def _movements(record: Record, mirrored: bool) -> Row:
    """`au` [22, 2] levels, `change` [22, 2] against the record's pair, `shown` [22]: 1 present, 0 absent, where no level tells it. A unit of the
    driven face that its change does not name has not changed."""
    levels, change = record.aus or {}, record.change
    moved = {} if change is None else dict.fromkeys(levels, (0.0, 0.0)) | change
    shown = np.full(len(AU_CODES), NO_PRESENCE, np.int8)
    for code, sides in (record.shown or {}).items():
        if code in AU_CODES and code not in levels:
            shown[AU_CODES.index(code)] = sides != "absent"
    return {"au": _sides(levels, mirrored), "change": _sides(moved, mirrored), "shown": shown}


def _sides(values: dict[str, Sides], mirrored: bool) -> np.ndarray:
    """Left and right of the units that are scored; sources know others, too."""
    found = np.full((len(AU_CODES), 2), np.nan, np.float32)
    for code, (left, right) in values.items():
        if code in AU_CODES:
            found[AU_CODES.index(code)] = (right, left) if mirrored else (left, right)
    return found


def _place(classes: Sequence[str], label: str | None) -> np.ndarray:
    return np.array(classes.index(label) if label in classes else -1)


def _map(record: Record, wide_box: Box, folder: Path, mirrored: bool) -> np.ndarray:
    """Share of each cell of the wide crop that the instrument covers, uint8 [GRID, GRID] in 0 .. WHOLE."""
    if record.live:
        return np.zeros((GRID, GRID), np.uint8)
    if record.live is None or record.mask is None:
        return np.full((GRID, GRID), UNKNOWN, np.uint8)
    mask = read_picture(folder / record.mask).pixels[..., 0]
    mask = np.ascontiguousarray(mask[:, ::-1]) if mirrored else mask
    x1, y1, x2, y2 = wide_box
    fine = GRID * 8
    step = np.array([[(x2 - x1) / fine, 0, x1], [0, (y2 - y1) / fine, y1]])  # crop px -> picture px
    crop = cv2.warpAffine(mask, step, (fine, fine), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.rint(cv2.resize(crop, (GRID, GRID), interpolation=cv2.INTER_AREA) * (WHOLE / 255)).astype(np.uint8)
