"""Which faces a set holds: renders of the rig with action units at known levels, and photos of people driven by known changes of them.

Every class occurs in both domains; a driven photo comes with its null edit, the same path without a change. Neither carries a live/spoof
label: what is judged there is a person before a camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ...model.taxonomy import AU_CODES
from ..driving.driven import driven, towards
from ..driving.fitting import fitted
from ..driving.puppet import Puppet, puppet
from ..portraits import Portrait
from ..records import Record
from ..rig.expressions import Aus, resembled, sample_expression
from ..rig.look import Painting, painting
from ..rig.render import render, sample_view
from ..rig.rig import Rig, expressed, lip_parting, load_rig, sample_person
from ..scenery.snapshots import snapped
from ..splits import split_of
from .camera import FAMILIES, HELD_OUT, SENSOR, picture_size, sample_camera, shoot
from .photo import Photo, framed, read_photo
from .production import random_of, write_mask, write_media

SIZE = 224  # of a render's file, px
PICTURES_A_PERSON = 4
RIG_SPLIT = (0.8, 0.1, 0.1)
LICENCE = "MIT (ICT-FaceKit)"
STRONGEST = 4.0  # level that a photo is driven to
# Portraits smile, and people posed at rest do not: of how many the levels of the null edit are told, or the folder would tell them.
TOLD_SMILING, TOLD_AT_REST = 0.04, 0.02


@dataclass(frozen=True)
class FaceJob:
    """A render of the person `subject`, or a `portrait` driven to the levels `aus`; drawn by chance where None."""

    name: str
    rig: Path
    subject: str
    split: str
    portrait: Portrait | None = None
    aus: Aus | None = None


def face_jobs(rig: Path, portraits: Sequence[Portrait], count: int, seed: int) -> list[FaceJob]:
    """The first `count` pictures of the set: renders, and where there are portraits every second one of those, driven."""
    return [_driven_job(rig, portraits, i, seed) if portraits and i % 2 else _render_job(rig, i, seed) for i in range(count)]


def make_face(job: FaceJob, out: Path, rng: np.random.Generator) -> list[Record]:
    """One record of a render, two of a driven photo: its null edit first. Raises FacewiseError where the rig does not fit the photo."""
    return _driven(job, out, rng) if job.portrait else [_rendered(job, out, rng)]


def split_person(number: int, seed: int) -> tuple[str, str]:
    """(name, split) of a sampled person; persons of other seeds are others."""
    who = f"rig/{seed}/{number}"
    return who, split_of(who, RIG_SPLIT)


def camera_family(split: str, rng: np.random.Generator) -> str:
    """The held-out camera is not trained on."""
    return str(rng.choice([family for family in FAMILIES if split != "train" or family != HELD_OUT]))


@cache
def rig_and_painting(path: Path) -> tuple[Rig, Painting]:
    """Once a process."""
    rig = load_rig(path)
    return rig, painting(rig)


def _render_job(rig: Path, number: int, seed: int) -> FaceJob:
    return FaceJob(f"{number:06d}-render", rig, *split_person(number // PICTURES_A_PERSON, seed))


def _driven_job(rig: Path, portraits: Sequence[Portrait], number: int, seed: int) -> FaceJob:
    turn, place = divmod(number // 2, len(portraits))
    portrait = portraits[int(random_of(seed, f"round {turn}").permutation(len(portraits))[place])]
    return FaceJob(f"{number:06d}-driven", rig, portrait.subject, portrait.split, portrait)


def _rendered(job: FaceJob, out: Path, rng: np.random.Generator) -> Record:
    rig, paint = rig_and_painting(job.rig)
    person = sample_person(rig, random_of(0, job.subject))
    aus, emotion = sample_expression(rng)
    size = round(SIZE * SENSOR)
    drawn = render(rig, paint, person, aus, sample_view(rng, size), rng, size)
    parted = lip_parting(rig, person, expressed(rig, person, aus, np.random.default_rng(0)))
    levels = dict.fromkeys(AU_CODES, (0.0, 0.0)) | aus | {"AU25": (parted, parted)}
    family = camera_family(job.split, rng)
    media, digest = write_media(out, f"{job.name}.jpg", shoot(drawn.pixels, sample_camera(rng, family), rng))
    return Record(
        job.name,
        media,
        digest,
        "rig",
        LICENCE,
        job.subject,
        job.split,
        aus=levels,
        emotion=emotion,
        digital=None,
        points=np.round((drawn.points + 0.5) / SENSOR - 0.5, 2).tolist(),
        regions=write_mask(out, f"{job.name}-regions.png", _at_file_size(drawn.regions)),
        source={"made of": "rig", "camera": family, "resembles": " ".join(resembled(aus))},
    )


def _at_file_size(regions: np.ndarray) -> np.ndarray:
    return cv2.resize(regions, picture_size(regions.shape), interpolation=cv2.INTER_NEAREST_EXACT)


def _driven(job: FaceJob, out: Path, rng: np.random.Generator) -> list[Record]:
    assert job.portrait is not None
    doll = _puppet(job.rig)
    photo = read_photo(job.portrait.path)
    fit = fitted(photo, doll.model)
    aus, emotion = (job.aus, None) if job.aus is not None else _wanted(rng)
    family = camera_family(job.split, rng)
    crop, look = rng.integers(2**31, size=2).tolist()  # both of a pair are framed and taken alike
    jpegs = {}
    for name, change in (("null", {}), ("driven", towards(photo, fit, doll, aus))):
        made = driven(photo, fit, change, doll, np.random.default_rng(crop))
        seen, taken = snapped(Photo(made.pixels, photo.points), np.random.default_rng(look))
        frame = framed(seen, np.random.default_rng(crop)).pixels
        jpegs[name] = shoot(frame, sample_camera(rng, family), rng)
    null, moved = (_pair_record(job, name, jpeg, out, family, taken) for name, jpeg in jpegs.items())  # both or neither
    levels = {code: sides for code, sides in made.aus_after.items() if code in AU_CODES}
    change = {code: sides for code, sides in made.change.items() if code in AU_CODES}
    if rng.random() < (TOLD_AT_REST if job.portrait.at_rest else TOLD_SMILING):
        null = replace(null, aus=job.portrait.aus or None, emotion=job.portrait.emotion)
    return [null, replace(moved, aus=levels, change=change, pair=null.id, emotion=emotion)]


def _wanted(rng: np.random.Generator) -> tuple[Aus, str | None]:
    """As the rig's own, up to a strength that skin bears; at times none, a neutralised face."""
    aus, emotion = sample_expression(rng)
    return {code: (min(left, STRONGEST), min(right, STRONGEST)) for code, (left, right) in aus.items()}, emotion


def _pair_record(job: FaceJob, name: str, jpeg: bytes, out: Path, family: str, taken: Sequence[str]) -> Record:
    assert job.portrait is not None
    media, digest = write_media(out, f"{job.name}-{name}.jpg", jpeg)
    source = {"made of": "photo", "kind": name, "camera": family, "portrait": job.portrait.path.name}
    source |= {"taken": " ".join(taken) or "as it is"}
    folder, licence = job.portrait.path.parent.name, job.portrait.licence
    return Record(f"{job.name}-{name}", media, digest, folder, licence, job.subject, job.split, source=source)


@cache
def _puppet(path: Path) -> Puppet:
    return puppet(rig_and_painting(path)[0])
