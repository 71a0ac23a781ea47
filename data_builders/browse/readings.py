"""What the evidence encoder reads in a record's picture, as it is and a little changed: mirrored, darker, brighter, as a poor
JPEG, turned, cropped.

A mirrored picture's left is the person's right, so its sides are swapped back. Pictures only: what a clip's labels say of
movements no single frame shows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ...model.network.evidence import Evidence
from ...model.network.perceive import PerceivedFace, Perceiver
from ...model.perception.picture import Picture, read_picture
from ...model.perception.video import is_clip
from ...model.readings import sigmoid
from ...model.taxonomy import AU_CODES, EMOTIONS, NO_PROTOTYPE
from ..checks.labels import Shown, units
from ..records import Record
from .built import media_path
from .doubts import Opinion

DARKER, BRIGHTER = 0.75, 1.25
JPEG_QUALITY = 50
TURN_DEGREES = 4.0
CROP = 0.03  # of each side
CLEARLY_ACTIVE = 1.5  # levels; a trace is no sure label
FEWEST_READINGS = 5  # of the seven looks that have to find the face
VERDICTS = ("live", "spoof")
ACTIVITY = ("silent", "active")
ONE_SIDE = ("left", "right")


def looks(pixels: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """(name, picture): the picture first; only `mirrored` changes sides."""
    height, width = pixels.shape[:2]
    yield "as it is", pixels
    yield "mirrored", np.ascontiguousarray(pixels[:, ::-1])
    yield "darker", _scaled(pixels, DARKER)
    yield "brighter", _scaled(pixels, BRIGHTER)
    jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    yield "as a poor JPEG", np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[..., ::-1].copy()
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), TURN_DEGREES, 1.0)
    yield "turned", cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    x, y = round(CROP * width), round(CROP * height)
    yield "cropped", np.ascontiguousarray(pixels[y : height - y, x : width - x])


def _scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    return np.clip(pixels * factor, 0, 255).astype(np.uint8)


def opinions(records: Iterable[Record], folder: Path, perceiver: Perceiver, left_out: Counter[str]) -> Iterator[Opinion]:
    """One for each label of each record that can be read from a picture; what cannot is counted by reason."""
    for record in records:
        path = media_path(folder, record.media)
        if record.clip is not None or record.frames is not None or is_clip(path):
            left_out["clips and frames of videos"] += 1
        elif not (asked := list(questions(record))):
            left_out["no label that the encoder reads"] += 1
        elif (readings := _readings(record, path, perceiver)) is None:
            left_out["no picture, or no face in it"] += 1
        else:
            yield from (_opinion(record, question, readings) for question in asked)


def questions(record: Record) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """(question, classes, label's index) of the labels that are clear enough to be contradicted."""
    if record.live is not None:
        yield "verdict", VERDICTS, VERDICTS.index("live" if record.live else "spoof")
    if record.emotion in (*EMOTIONS, NO_PROTOTYPE):
        yield "emotion", (record.emotion,), 0  # the other classes are the encoder's
    for code, codings in units(record, change=False).items():
        if code in AU_CODES and (active := _is_active(codings[0])) is not None:
            yield code, ACTIVITY, int(active)
            if codings[0].side in ONE_SIDE:
                yield f"side of {code}", ONE_SIDE, ONE_SIDE.index(codings[0].side)


def _is_active(shown: Shown) -> bool | None:
    told = shown.level(None)
    if told is not None and 0 < told < CLEARLY_ACTIVE:
        return None
    return shown.is_active


def _readings(record: Record, path: Path, perceiver: Perceiver) -> list[Evidence] | None:
    try:
        picture = read_picture(path)
    except FacewiseError:
        return None
    found = []
    for name, pixels in looks(picture.pixels):
        face = _face(record, perceiver.perceive(Picture(pixels, picture.name)).faces, pixels.shape[1], name == "mirrored")
        if face is not None:
            found.append(mirrored(face.evidence) if name == "mirrored" else face.evidence)
    return found if len(found) >= FEWEST_READINGS else None


def _face(record: Record, faces: tuple[PerceivedFace, ...], width: int, is_mirrored: bool) -> PerceivedFace | None:
    """The one that the record is of: nearest to its box, or the largest."""
    if not faces or record.face is None:
        return faces[0] if faces else None
    x = (record.face[0] + record.face[2]) / 2
    centre = np.array([width - x if is_mirrored else x, (record.face[1] + record.face[3]) / 2])
    return min(
        faces, key=lambda face: float(np.hypot(*(np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2 - centre)))
    )


def mirrored(evidence: Evidence) -> Evidence:
    """The sides of a mirrored picture are the person's other ones."""
    return replace(evidence, aus={code: (right, left, p) for code, (left, right, p) in evidence.aus.items()})


def _opinion(record: Record, asked: tuple[str, tuple[str, ...], int], readings: list[Evidence]) -> Opinion:
    question, classes, label = asked
    if question == "emotion":
        classes, name = tuple(readings[0].emotion), classes[0]
        label = classes.index(name)
    read = np.array([_probabilities(question, evidence) for evidence in readings])
    return Opinion(record.id, record.media, question, classes, label, read)


def _probabilities(question: str, evidence: Evidence) -> list[float]:
    if question == "emotion":
        return list(evidence.emotion.values())
    if question.startswith("side of "):
        left, right, _ = evidence.aus[question.removeprefix("side of ")]
        total = max(left, 0.0) + max(right, 0.0)
        return [max(left, 0.0) / total, max(right, 0.0) / total] if total > 0 else [0.5, 0.5]
    p = sigmoid(evidence.spoof_logit) if question == "verdict" else evidence.aus[question][2]
    return [1 - p, p]
