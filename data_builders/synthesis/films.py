"""Which clips a set holds: a person, a look and a script each, from the seed and the clip's number."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..clips.camcorder import sample_camcorder
from ..clips.clips import frames, labelled_clip
from ..clips.scripts import sample_plan, sample_script, sample_units
from ..clips.takes import Take
from ..records import Record
from ..rig.look import sample_look
from ..rig.rig import sample_person
from .faces import LICENCE, camera_family, rig_and_painting, split_person
from .production import media_path, random_of, written

CLIPS_A_PERSON = 4
STRIP_FPS, STRIP_S, STRIP_PX = 60, 2.0, 224


@dataclass(frozen=True)
class ClipJob:
    name: str
    rig: Path
    subject: str
    split: str


def clip_jobs(rig: Path, count: int, seed: int) -> list[ClipJob]:
    """The first `count` clips of the set."""
    return [ClipJob(f"{number:06d}-clip", rig, *split_person(number // CLIPS_A_PERSON, seed)) for number in range(count)]


def make_clip(job: ClipJob, out: Path, rng: np.random.Generator) -> list[Record]:
    """The video, its labels by frame (.json) and the flow of its expressions (.npz) beside it."""
    rig, paint = rig_and_painting(job.rig)
    person = sample_person(rig, random_of(0, job.subject))
    family = camera_family(job.split, rng)
    path = media_path(out, f"{job.name}.mp4")
    labels = labelled_clip(path, rig, paint, person, sample_script(rng, family), rng)
    media, digest = written(path)
    source = {"made of": "rig", "camera": family}
    return [Record(job.name, media, digest, "rig", LICENCE, job.subject, job.split, clip=labels, source=source)]


def strip(rig_path: Path, name: str, seed: int) -> list[tuple[str, np.ndarray]]:
    """Of a micro movement of the class `name` (davison.CLASSES): onset, apex and offset, and what differs at the apex, five times."""
    rig, paint = rig_and_painting(rig_path)
    rng = random_of(seed, f"strip {name}")
    person, units = sample_person(rig, rng), sample_units(rng, "micro", name)
    plan = sample_plan(rng, STRIP_FPS, STRIP_S, [("micro", units, None)], distractors=(), blinks_per_s=0)
    take = Take(rig, paint, person, plan, (STRIP_PX, STRIP_PX), 0.4 * STRIP_PX)
    look = sample_look(rig, paint, rng, take.size)
    (event,) = plan.events
    shown = {at: pixels for at, (pixels, _) in enumerate(frames(take, look, sample_camcorder(rng, "dslr", STRIP_FPS)))}
    tiles = [(f"{moment} {getattr(event, moment)}", shown[getattr(event, moment)]) for moment in ("onset", "apex", "offset")]
    change = 128 + 5 * (shown[event.apex].astype(int) - shown[event.onset])
    levels = " ".join(f"{code} {left:.1f}/{right:.1f}" for code, (left, right) in take.levels(event.apex).items())
    return [*tiles, (levels, np.clip(change, 0, 255).astype(np.uint8))]
