"""Folders of portraits as live people, with the few action units that a blendshape teacher may be trusted with.

A person who appears twice is one subject: near-duplicates are found by a perceptual hash. The teacher is data_builders/blendshapes.py; which of
its blendshapes count, and when, was measured on posed portraits: closed eyes pull its smile up, and only what a mirror image confirms is kept.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..model.errors import FacewiseError
from ..model.taxonomy import AU_CODES
from .checks.near_duplicates import HASH_BITS, SAME_PICTURE_BITS, perceptual_hash
from .licences import licence_of
from .records import Record, read_records
from .splits import split_of

SUFFIXES = (".jpg", ".jpeg", ".png")
FLIP_AGREES = 0.1
EYES_OPEN = 0.5
SMILE = 3.0  # level of AU12 on both sides
# Share of the rig's shape at levels 0, A .. E, as in synthesis/rig.py.
SHAPE_LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
LID_LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # open eyes score .1 to .25
JAW_LEVELS = (0.0, 0.1, 0.19, 0.28, 0.36, 0.45)
TRUSTED = {
    "AU12": (("mouthSmileLeft", "mouthSmileRight"), SHAPE_LEVELS),
    "AU26": (("jawOpen", "jawOpen"), JAW_LEVELS),
    "AU43": (("eyeBlinkLeft", "eyeBlinkRight"), LID_LEVELS),
}


@dataclass(frozen=True)
class Portrait:
    """One photo of a subject; `aus` are the teacher's, where it agreed with itself, and all silent on somebody posed at rest. `generated`: made
    by a network, nobody's photo. `drawn`: a render of the rig, which stands for a living person. `licence`: the folder's."""

    path: Path
    subject: str
    split: str
    aus: dict[str, tuple[float, float]]
    at_rest: bool = False
    generated: bool = False
    licence: str = ""
    drawn: bool = False

    @property
    def emotion(self) -> str | None:
        """What may be said of it with some right."""
        if self.at_rest:
            return "neutral"
        return "happiness" if min(self.aus.get("AU12", (0.0, 0.0))) >= SMILE else None


@dataclass(frozen=True)
class Folder:
    """Photos of people, of one kind: see `Portrait`."""

    path: Path
    at_rest: bool = False
    generated: bool = False


def read_portraits(folders: Sequence[Folder], teacher: Path | None = None) -> list[Portrait]:
    """Every picture of all the folders; people who are in several of them are one subject. Raises FacewiseError when there is no such
    folder, or no picture in it."""
    found = [(folder, path) for folder in folders for path in _pictures(folder.path)]
    looks = _looks(teacher) if teacher else {}
    subjects = same_subjects([path for _, path in found])
    licences = {folder.path: licence_of(folder.path) for folder in folders}
    return [
        Portrait(
            path,
            subject,
            split_of(subject),
            dict.fromkeys(AU_CODES if folder.at_rest else (), (0.0, 0.0)) | teacher_aus(*looks.get(path.name, ({}, {}))),
            folder.at_rest,
            folder.generated,
            licences[folder.path],
        )
        for (folder, path), subject in zip(found, subjects, strict=True)
    ]


def drawn_people(records: Path) -> list[Portrait]:
    """The first render of each person in a set of `facewise synth faces`, in its own split. Raises FacewiseError where there is none."""
    first: dict[str, Record] = {}
    for record in read_records(records):
        if record.source.get("made of") == "rig" and record.aus is not None and record.frames is None:
            first.setdefault(record.subject, record)
    if not first:
        raise FacewiseError(f"{records}: no renders in it; `facewise synth faces --rig` makes some")
    return [
        Portrait(records.parent / record.media, subject, record.split, {}, licence=record.licence, drawn=True)
        for subject, record in first.items()
    ]


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FacewiseError(f"{folder}: no such folder of portraits")
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise FacewiseError(f"{folder}: no pictures in this folder ({', '.join(SUFFIXES)})")
    return paths


def teacher_aus(straight: dict[str, float], mirrored: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Levels of the trusted units from both looks at one picture; a unit on which they differ is left out."""
    aus = {}
    for code, ((left, right), levels) in TRUSTED.items():
        if not straight or not mirrored:
            continue
        looks = np.array([[straight[left], straight[right]], [mirrored[right], mirrored[left]]])
        if np.abs(looks[0] - looks[1]).max() < FLIP_AGREES:
            left_level, right_level = np.interp(looks.mean(0), levels, range(6)).round(2).tolist()
            aus[code] = (left_level, right_level)
    if max(straight.get("eyeBlinkLeft", 1.0), straight.get("eyeBlinkRight", 1.0)) > EYES_OPEN:
        aus.pop("AU12", None)
    return aus


def same_subjects(paths: Sequence[Path]) -> list[str]:
    """A subject's name per picture: near-duplicates share the first one's."""
    names = [f"{path.parent.name}/{path.stem}" for path in paths]
    marks = np.zeros((len(paths), HASH_BITS // 8), np.uint8)
    owners: list[int] = []  # of the marks
    for i, path in enumerate(paths):
        if (grey := _grey(path)) is None:  # whoever wants to use the picture will say so
            continue
        mark = np.frombuffer(perceptual_hash(grey).to_bytes(HASH_BITS // 8), np.uint8)
        near = np.flatnonzero(np.bitwise_count(marks[: len(owners)] ^ mark).sum(1) <= SAME_PICTURE_BITS)
        if len(near):
            names[i] = names[owners[near[0]]]
        marks[len(owners)] = mark
        owners.append(i)
    return names


def _grey(path: Path) -> np.ndarray | None:
    """None for what is no picture."""
    try:
        return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    except (OSError, cv2.error):  # empty, or too large
        return None


def _looks(teacher: Path) -> dict[str, tuple[dict[str, float], dict[str, float]]]:
    """Picture's name -> blendshapes of the picture and of its mirror image."""
    if not teacher.is_file():
        raise FacewiseError(f"{teacher}: no such table of blendshapes; data_builders/blendshapes.py makes one")
    looks: dict[str, tuple[dict[str, float], dict[str, float]]] = {}
    try:
        with teacher.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                media, flipped = row.pop("media"), int(row.pop("flipped"))
                looks.setdefault(media, ({}, {}))[flipped].update({name: float(value) for name, value in row.items() if value})
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, csv.Error) as error:
        raise FacewiseError(
            f"{teacher}: no table of blendshapes as data_builders/blendshapes.py writes them ({error!r})"
        ) from None
    return looks
