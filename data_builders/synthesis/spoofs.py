"""Which pictures a set of spoofs holds: live people, every attack, every digital manipulation, and the null of each, which is live.

Shares are stated once; a picture's kind, portrait, camera and all else come from the seed and its number. Variant "b" of print and replay
and the camera `webcam` occur in val and test only: what is judged there was never trained on. No action units are told here: portraits
smile, and a folder would be a label; faces.py makes the same people with all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ..attacks.everyday import NULLS as WORN_NULLS
from ..attacks.masks import MASKS
from ..attacks.painted import PAINTED
from ..attacks.print import print_attack
from ..attacks.replay import replay_attack
from ..attacks.staging import seen_flat, stage
from ..attacks.worn import WORN
from ..manipulations.digital import DIGITAL
from ..manipulations.digital import NULLS as DIGITAL_NULLS
from ..manipulations.swaps import self_blend
from ..portraits import Portrait
from ..records import GENUINE, Record
from ..scenery.company import accompanied
from ..scenery.hands import gesturing, held, outline
from ..scenery.matting import matted, rematted
from ..scenery.scenes import Scene, contact_shadow, scene
from ..scenery.snapshots import snapped
from .camera import (
    FAMILIES,
    HELD_OUT,
    SENSOR,
    UNSHOT,
    Camera,
    linear_light,
    picture_size,
    sample_camera,
    shot_alike,
    stored_alike,
)
from .finish import Finish, sample_finish
from .photo import WHOLLY, Attack, Photo, contrast, framed, read_photo, traces
from .production import random_of, write_mask, write_media

STAGED = {"print": print_attack, "replay": replay_attack}
ON_A_FACE = {**WORN, **MASKS, **PAINTED}
OF_TWO = {**WORN, **MASKS, **DIGITAL}  # what takes another person's photo
ALTERED = {**{kind: kind for kind in DIGITAL}, "self-blend": "face swap"}  # by software: the type that a record tells
# Of 112 pictures: as many live as spoofs, most of the live ones with the path of an attack behind them, and some altered by software.
SHARES = {
    "live": 20,
    "null staging": 12,
    "null worn": 18,
    "print": 10,
    "replay": 10,
    "paper mask": 5,
    "partial eye": 3,
    "partial mouth": 3,
    "glasses": 3,
    "rigid mask": 4,
    "flexible mask": 3,
    "fake head": 3,
    "makeup": 3,
    "tattoo": 3,
    "face swap": 4,
    "self-blend": 1,
    "reenactment": 4,
    "morph": 3,
}
OF_GENERATED = {"generated": 15, "generated staged": 5}  # generated faces are nobody's attack
# Of all pictures, live or not, or what surrounds the face would be the label:
HANDLED = 0.4  # shared, edited and stored again before anything else happens to them
SETTINGS = {"own": 0.35, "matted": 0.33, "company": 0.2, "null matte": 0.12}  # what the person stands before
HAND = 0.07  # with fingers at the chin or a hand beside the face, where the face itself is photographed
HELD = 0.45  # of prints and replays whose border shows; what is on a desk lies there
BEHIND_PX = (450, 570)
COMPANY = 2  # people beside a person, at most


@dataclass(frozen=True)
class SpoofJob:
    name: str
    kind: str
    portrait: Portrait
    donor: Portrait | None
    company: tuple[Portrait, ...]


def spoof_jobs(portraits: Sequence[Portrait], count: int, seed: int) -> list[SpoofJob]:
    """The first `count` pictures of the set; a longer set begins with the same ones."""
    return [_job(portraits, number, seed) for number in range(count)]


def _job(portraits: Sequence[Portrait], number: int, seed: int) -> SpoofJob:
    rng = random_of(seed, f"job {number}")
    portrait = portraits[
        int(random_of(seed, f"round {number // len(portraits)}").permutation(len(portraits))[number % len(portraits)])
    ]
    shares = OF_GENERATED if portrait.generated else SHARES
    kind = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    return spoof_job(f"{number:06d}-{kind.replace(' ', '-')}", kind, portrait, portraits, rng)


def spoof_job(name: str, kind: str, portrait: Portrait, portraits: Sequence[Portrait], rng: np.random.Generator) -> SpoofJob:
    """With others of its split: a donor, and who stands beside, whose photo is nobody's work."""
    others = [other for other in portraits if other.split == portrait.split and other.subject != portrait.subject]
    people = [other for other in others if not other.generated]
    donor = others[rng.integers(len(others))] if others else None
    company = rng.permutation(len(people))[:COMPANY]
    return SpoofJob(name, kind, portrait, donor, tuple(people[number] for number in company))


def make_spoof(job: SpoofJob, out: Path, rng: np.random.Generator) -> list[Record]:
    """Raises FacewiseError where the photo gives no such picture."""
    photo = _handled(read_photo(job.portrait.path), rng)
    photo, taken = snapped(photo, rng)
    setting = str(rng.choice(list(SETTINGS), p=list(SETTINGS.values())))
    setting = "matted" if setting == "company" and not job.company else setting
    photo = _set_in(setting, photo, job, rng)
    family = str(rng.choice([name for name in (*FAMILIES, UNSHOT) if job.portrait.split != "train" or name != HELD_OUT]))
    variant = "a" if job.portrait.split == "train" or rng.random() < 0.5 else "b"
    made = _made(job, photo, variant, rng)
    camera = None if family == UNSHOT else sample_camera(rng, family)
    finish = sample_finish(rng)
    jpeg, cues = _shot(made, camera, finish, rng)
    is_attack, mask = _is_attack(job.kind), _at_file_size(made)
    if is_attack and not mask.any():
        raise FacewiseError(f"the {job.kind} cannot be seen in the picture")
    made_of = "rig" if job.portrait.drawn else "photo"
    source = {"made of": made_of, "kind": job.kind, "setting": setting, "camera": family, "portrait": job.portrait.path.name}
    source |= {"taken": " ".join(taken) or "as it is", "finish": " ".join(finish.steps) or "as it is"}
    source |= {"variant": variant} if job.kind in STAGED else {}
    source |= {"donor": job.donor.path.name} if job.kind in OF_TWO and job.donor else {}
    record = _record(job, *write_media(out, f"{job.name}.jpg", jpeg), source)
    if not is_attack:
        return [record]
    return [replace(record, mask=write_mask(out, f"{job.name}.png", mask), box=_box(mask), cues=cues)]


def _shot(made: Attack, camera: Camera | None, finish: Finish, rng: np.random.Generator) -> tuple[bytes, dict[str, float]]:
    """The file, and the cues that are seen in it: against the same shot without each structure."""
    frames = [made.frame, *made.without.values()]
    jpeg, *bare = shot_alike(frames, replace(camera, finish=finish), rng) if camera else stored_alike(frames, finish, rng)
    cues = dict(made.cues)
    for structure, each in zip(made.without, bare, strict=True):
        if structure == WHOLLY:
            attacked, plain = (linear_light(_decoded(shot)) for shot in (jpeg, each))
            left = contrast(attacked, plain, made.iod / SENSOR)
            cues = {name: round(value * min(1.0, left / max(made.strength, 1e-6)), 3) for name, value in cues.items()}
        else:
            cues |= traces(structure, _decoded(jpeg), _decoded(each), made.iod / SENSOR)
    return jpeg, {name: value for name, value in cues.items() if value > 0}


def _decoded(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB))


def _is_attack(kind: str) -> bool:
    return kind in STAGED or kind in ON_A_FACE or kind in ALTERED


def _made(job: SpoofJob, photo: Photo, variant: str, rng: np.random.Generator) -> Attack:
    """The frame before the camera; of a live person its mask and cues mean nothing."""
    if job.kind in STAGED:
        behind = scene(BEHIND_PX, rng)
        if behind.kind != "desk" and job.company and rng.random() < SETTINGS["company"]:
            behind = _with_company(behind, job, (BEHIND_PX[0] / 2, BEHIND_PX[1] / 2), BEHIND_PX[0] / 5, rng)
        return _presented(STAGED[job.kind](photo, rng, variant, behind.pixels), behind.kind, rng)
    if job.kind in ("null staging", "generated staged"):
        return _live(seen_flat(stage(photo, rng, edge=False)))
    photo = framed(photo, rng)
    made = _on_a_face(job, photo, rng)
    made = made.against(photo) if _is_attack(job.kind) else made
    if rng.random() > HAND:
        return made
    over = gesturing(made, photo, rng)
    return made.overdrawn(over.frame, over.mask)


def _on_a_face(job: SpoofJob, photo: Photo, rng: np.random.Generator) -> Attack:
    if job.kind in ("live", "generated"):
        return _live(photo.pixels)
    if job.kind == "null worn":
        return _live(WORN_NULLS[str(rng.choice(list(WORN_NULLS)))](photo, rng).pixels)
    if job.kind in PAINTED:
        return PAINTED[job.kind](photo, rng)
    if job.kind == "self-blend":
        return self_blend(photo, rng)
    if job.donor is None:  # a swap with oneself would be a lie
        raise FacewiseError(f"a {job.kind} needs another person of the same split, and there is none; give more portraits")
    donor = framed(_handled(read_photo(job.donor.path), rng), rng)
    return OF_TWO[job.kind](photo, rng, donor)


def _live(frame: np.ndarray) -> Attack:
    return Attack(frame, np.zeros(frame.shape[:2], np.float32), {})


def _set_in(setting: str, photo: Photo, job: SpoofJob, rng: np.random.Generator) -> Photo:
    """The person before another scene, with other people at times, or cut out and put back before the own one, or left alone."""
    if setting == "own":
        return photo
    if setting == "null matte":
        return rematted(photo, rng)
    behind = scene(photo.pixels.shape[1::-1], rng)
    if setting == "company":
        behind = _with_company(behind, job, photo.centre, photo.iod, rng)
    return matted(photo, behind, rng)


def _with_company(behind: Scene, job: SpoofJob, centre: tuple[float, float], iod_px: float, rng: np.random.Generator) -> Scene:
    """One or two people of the same split."""
    others = [read_photo(other.path) for other in job.company[: 1 + int(rng.integers(COMPANY))]]
    return accompanied(behind, others, centre, iod_px, rng)


def _handled(photo: Photo, rng: np.random.Generator) -> Photo:
    """Through a harmless edit at times: what only manipulated pictures went through would be their label."""
    if rng.random() > HANDLED:
        return photo
    edit = DIGITAL_NULLS[str(rng.choice(list(DIGITAL_NULLS)))]
    return Photo(edit(photo, rng).frame, photo.points)


def _presented(made: Attack, where: str, rng: np.random.Generator) -> Attack:
    """A sheet or a device lies on the desk or is held, where its border shows."""
    if where == "desk":
        return made.overdrawn(contact_shadow(made.frame, made.mask, rng), made.mask)
    if rng.random() < HELD and len(corners := outline(made.mask)):
        return made.overdrawn(*held(made.frame, made.mask, corners, rng))
    return made


def _record(job: SpoofJob, media: str, digest: str, source: dict[str, str]) -> Record:
    portrait, kind = job.portrait, job.kind
    is_live = None if portrait.generated or kind in ALTERED else not _is_attack(kind)
    return Record(
        job.name,
        media,
        digest,
        "rig" if portrait.drawn else portrait.path.parent.name,
        portrait.licence,
        portrait.subject,
        portrait.split,
        live=is_live,
        attack=kind if kind in STAGED or kind in ON_A_FACE else None,
        digital=_digital(job, "turned" in source["taken"]),
        cues={} if is_live else None,
        source=source,
    )


def _digital(job: SpoofJob, is_turned: bool) -> str | None:
    """What software did. Of turned heads nothing is told, whatever else they are: software turned them, and it would be the label."""
    if is_turned:
        return None
    if job.portrait.generated:
        return "synthetic"
    return ALTERED.get(job.kind, None if job.portrait.drawn else GENUINE)


def _at_file_size(made: Attack) -> np.ndarray:
    """uint8 [h, w], 255 where most of a pixel of the finished file shows the instrument."""
    share = cv2.resize(made.mask, picture_size(made.frame.shape), interpolation=cv2.INTER_AREA)
    return np.where(share >= 0.5, 255, 0).astype(np.uint8)


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
