"""Checks on real photos that need no label: the mirror swaps sides, and what is harmless changes nothing (docs/science.md section 6)."""

from collections.abc import Sequence

import numpy as np

from ...data_builders.synthesis.production import random_of
from ...model.perception.picture import Picture
from .changes import HARMLESS, Change, mirror
from .material import Material, photos
from .reader import Look, Reader, Verdict, both, levels
from .row import REAL, Row, share_row

MIRROR_LEVELS, SAME_LEVELS, SAME_SCORE = 0.3, 0.5, 0.1


def invariance(reader: Reader, material: Material) -> list[Row]:
    people = material.some(material.people, material.settings.photos, "invariance")
    pictures = photos(people)
    verdicts = reader.verdicts(pictures)
    told = "photos of people not trained on; all units and both sides"
    rows = [_mirrored(reader, pictures, verdicts, told)]
    pairs: list[tuple[Verdict, Verdict]] = []
    for name, kinds in HARMLESS.items():
        found = [pair for kind, change in kinds.items() for pair in _pairs(reader, pictures, verdicts, kind, change)]
        pairs += found
        rows.append(_same_levels(name, found, told))
    return [*rows, *_same_verdicts(pairs)]


def changed(pictures: Sequence[Picture], name: str, change: Change) -> list[Picture]:
    return [Picture(change(picture.pixels, random_of(0, f"{name} {picture.sha256}")), picture.name) for picture in pictures]


def _pairs(
    reader: Reader, pictures: Sequence[Picture], verdicts: Sequence[Verdict | None], name: str, change: Change
) -> list[tuple[Verdict, Verdict]]:
    return list(zip(*both(verdicts, reader.verdicts(changed(pictures, name, change))), strict=True))


def _mirrored(reader: Reader, pictures: Sequence[Picture], verdicts: Sequence[Verdict | None], told: str) -> Row:
    straight, flipped = both([each and each.look for each in verdicts], reader.looks(changed(pictures, "mirror", mirror)))
    off = np.array([np.abs(levels(a.numbers) - levels(b.numbers)[:, ::-1]) for a, b in zip(straight, flipped, strict=True)])
    return share_row("mirror, |dI| <= .3", (off <= MIRROR_LEVELS).sum(), off.size, told, REAL)


def _same_levels(name: str, pairs: Sequence[tuple[Verdict, Verdict]], told: str) -> Row:
    off = np.array([distance(a.look, b.look) for a, b in pairs])
    return share_row(f"{name}, |dI| <= .5", (off <= SAME_LEVELS).sum(), off.size, told, REAL)


def distance(one: Look, other: Look) -> np.ndarray:
    """[22, 2] levels between two looks."""
    return np.abs(levels(one.numbers) - levels(other.numbers))


def _same_verdicts(pairs: Sequence[tuple[Verdict, Verdict]]) -> list[Row]:
    told = f"photos of people not trained on, before and after: {', '.join(HARMLESS)}"
    near = sum(abs(a.score - b.score) <= SAME_SCORE for a, b in pairs)
    same = sum(a.label == b.label for a, b in pairs)
    return [
        share_row("all of these, |dscore| <= .1", near, len(pairs), told, REAL),
        share_row("all of these, same verdict", same, len(pairs), told, REAL),
    ]
