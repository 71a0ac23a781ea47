"""Faces that no training saw, drawn for the table: renders of new people, at rest too, and photos driven level by level.

A person of another seed is another one, and everybody here is drawn as a test person: the held-out camera is among theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from ...data_builders.driving.driven import driven, towards
from ...data_builders.driving.fitting import Fit, fitted
from ...data_builders.driving.puppet import Puppet, puppet
from ...data_builders.portraits import Portrait
from ...data_builders.records import Record
from ...data_builders.rig.look import sample_look
from ...data_builders.rig.render import draw, sample_view
from ...data_builders.rig.rig import Sides, expressed, sample_person
from ...data_builders.synthesis.camera import SENSOR, sample_camera, shoot
from ...data_builders.synthesis.faces import (
    LICENCE,
    PICTURES_A_PERSON,
    SIZE,
    FaceJob,
    camera_family,
    make_face,
    rig_and_painting,
)
from ...data_builders.synthesis.photo import Photo, framed, read_photo
from ...data_builders.synthesis.production import random_of, write_media

SPLIT = "test"
LEVELS = range(6)  # rest, A .. E


@dataclass(frozen=True)
class PosedJob:
    """A render of `subject` with these units alone; turned by `yaw_deg` where it is told, its skin `albedo` times as bright. Pictures of
    one `look` differ in nothing else."""

    name: str
    rig: Path
    subject: str
    aus: dict[str, Sides]
    yaw_deg: float | None = None
    albedo: float = 1.0
    look: str = ""


@dataclass(frozen=True)
class DrivenJob:
    """A photo with `unit` at rest and at levels A to E, and nothing else."""

    name: str
    rig: Path
    portrait: Portrait
    unit: str


def person_jobs(rig: Path, people: int, seed: int) -> list[FaceJob | PosedJob]:
    """Each person at rest, then in four expressions drawn as training ones are."""
    jobs: list[FaceJob | PosedJob] = []
    for number in range(people):
        who = f"default/{seed}/{number}"
        jobs.append(PosedJob(f"{number:05d}-rest", rig, who, {}))
        jobs += [FaceJob(f"{number:05d}-{i}", rig, who, SPLIT) for i in range(PICTURES_A_PERSON)]
    return jobs


def make_person(job: FaceJob | PosedJob, out: Path, rng: np.random.Generator) -> list[Record]:
    return make_face(job, out, rng) if isinstance(job, FaceJob) else make_posed(job, out, rng)


def make_posed(job: PosedJob, out: Path, rng: np.random.Generator) -> list[Record]:
    rng = random_of(0, job.look) if job.look else rng
    rig, paint = rig_and_painting(job.rig)
    person = sample_person(rig, random_of(0, job.subject))
    size = round(SIZE * SENSOR)
    view = sample_view(rng, size)
    if job.yaw_deg is not None:
        view = replace(view, yaw=float(np.radians(job.yaw_deg)))
    mesh, look = expressed(rig, person, job.aus, rng), sample_look(rig, paint, rng, (size, size))
    look = replace(look, albedo=(look.albedo * np.float32(job.albedo)).astype(look.albedo.dtype))
    drawn = draw(rig, paint, mesh, job.aus, look, view)
    family = camera_family(SPLIT, rng)
    media, digest = write_media(out, f"{job.name}.jpg", shoot(drawn.pixels, sample_camera(rng, family), rng))
    told = {"made of": "rig", "camera": family, "albedo": str(job.albedo), "yaw": str(job.yaw_deg)}
    return [Record(job.name, media, digest, "rig", LICENCE, job.subject, SPLIT, aus=job.aus, source=told)]


def driven_jobs(rig: Path, portraits: Sequence[Portrait], units: Sequence[str]) -> list[DrivenJob]:
    return [DrivenJob(f"{each.path.stem}-{unit}", rig, each, unit) for each in portraits for unit in units]


def make_driven(job: DrivenJob, out: Path, rng: np.random.Generator) -> list[Record]:
    """Six pictures that differ in one unit only: framed, photographed and compressed alike. `change` is against rest. Raises
    FacewiseError where the rig does not fit the photo."""
    photo, fit, doll = *_fitted(job.portrait.path, job.rig), _puppet(job.rig)
    chance = int(rng.integers(2**31))
    records: list[Record] = []
    for level in LEVELS:
        wanted: dict[str, Sides] = {job.unit: (float(level), float(level))} if level else {}
        made = driven(photo, fit, towards(photo, fit, doll, wanted), doll, np.random.default_rng(chance))
        alike = np.random.default_rng(chance)
        frame = framed(Photo(made.pixels, photo.points), alike).pixels
        jpeg = shoot(frame, sample_camera(alike, camera_family(SPLIT, alike)), alike)
        media, digest = write_media(out, f"{job.name}-{level}.jpg", jpeg)
        rest = records[0].aus or {} if records else made.aus_after
        change = {
            code: (left - rest[code][0], right - rest[code][1])
            for code, (left, right) in made.aus_after.items()
            if (left, right) != rest[code]
        }
        portrait, source = job.portrait, {"made of": "photo", "unit": job.unit, "level": str(level), "set": job.name}
        who = (portrait.path.parent.name, portrait.licence, portrait.subject, portrait.split)
        records.append(Record(f"{job.name}-{level}", media, digest, *who, aus=made.aus_after, change=change, source=source))
    return records


@cache
def _fitted(path: Path, rig: Path) -> tuple[Photo, Fit]:
    """Once a process: a photo is driven by many units."""
    photo = read_photo(path)
    return photo, fitted(photo, _puppet(rig).model)


@cache
def _puppet(rig: Path) -> Puppet:
    return puppet(rig_and_painting(rig)[0])
