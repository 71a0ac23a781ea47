"""Drawn clips that were watched: the curves that spotting reads, beside what moved when and how the skin really went."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...model.errors import FacewiseError
from ...model.perception.clip import watch
from ...model.perception.curves import Curves
from ...model.perception.patches import REGIONS
from ...model.perception.spotting import unspotted
from ...model.perception.video import open_clip
from ...model.taxonomy import AU_CODES
from ..rig.look import Painting, painting, sample_look
from ..rig.rig import Person, Rig, load_rig, sample_person
from ..synthesis.production import quiet_worker
from .camcorder import sample_camcorder, write_clip
from .clips import frames
from .events import Event, movement
from .moves import Seen, sample_move
from .scripts import BLINKS_PER_S, ClipPlan, sample_plan
from .takes import Take

SEEDS = {"moves": 2027, "distracted": 2028}
SECONDS, MOVES, FEWER_BLINKS_PER_S = 10.0, 4, 0.1
DISTRACTORS = ("gaze", "speech", "turn", "swallow", "flicker", "exposure", "shadow")
MOST_KINDS, MOST_EACH = 2, 4
SIZE, IOD_PX, FAMILY = (480, 360), (45, 100), "phone"
RATES, CRF = (30, 30, 60), (18, 23, 28)
TRIES = 50


@dataclass(frozen=True, eq=False)
class Film:
    """The face of one drawn clip, `number` of its kind, another person each: `curves`, the expressions' frames `events` [E, 3] (onset, apex, offset), how far
    they `moved` [E, R, 2] the skin of REGIONS from rest (IOD; x right, y down), and their `levels` [E, A, 2] of AU_CODES. Blinks are no expressions."""

    number: int
    curves: Curves
    events: np.ndarray
    moved: np.ndarray
    levels: np.ndarray


def films(folder: Path, rig: Path, kind: str, numbers: range, workers: int = 2) -> list[Film]:
    """Clips of MOVES expressions ("moves"), or of none beside what is taken for some ("distracted"). Those that the folder lacks are drawn and watched,
    so that a killed run goes on; a clip in which no face was followed is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [number for number in numbers if not _path(folder, kind, number).exists()]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), quiet_worker) as pool:
        for done, _ in enumerate(pool.map(partial(film, folder, rig, kind), lacking), start=1):
            print(f"{done} of {len(lacking)} clips ({kind})", file=sys.stderr, flush=True)
    return [found for number in numbers if (found := _read(folder, kind, number))]


def film(folder: Path, rig_path: Path, kind: str, number: int) -> None:
    """Draws one clip, watches it and keeps what is in a Film."""
    rng = np.random.default_rng([SEEDS[kind], number])
    rig = load_rig(rig_path)
    paint, person = painting(rig), sample_person(rig, rng)
    fps = float(rng.choice(RATES))
    take = _take(rng, rig, paint, person, fps, kind)
    look = sample_look(rig, paint, rng, SIZE)
    camcorder = replace(sample_camcorder(rng, FAMILY, fps), crf=int(rng.choice(CRF)), gop=round(fps))
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.mp4"
        write_clip(path, (pixels for pixels, _ in frames(take, look, camcorder)), fps, camcorder)
        faces = watch(open_clip(path), spotting=unspotted).faces
    events = [event for event in take.plan.events if event.kind != "blink"]
    made, seen = [movement(rig, person, event) for event in events], Seen(rig, person, np.eye(3))
    spotted = faces[0].spotted if faces else None
    told: dict[str, Any] = {
        "events": np.array([(event.onset, event.apex, event.offset) for event in events], int).reshape(-1, 3),
        "moved": np.array([seen.moved(each.delta) for each in made], np.float32).reshape(-1, len(REGIONS), 2),
        "levels": np.array([[each.levels().get(c, (0.0, 0.0)) for c in AU_CODES] for each in made], np.float32).reshape(
            -1, len(AU_CODES), 2
        ),
    }
    curves = {f"curves.{each.name}": getattr(spotted.curves, each.name) for each in fields(Curves)} if spotted else {}
    kept = _path(folder, kind, number)
    part = kept.with_name(f".{kept.stem}.part.npz")
    np.savez_compressed(part, **told, **curves)
    part.rename(kept)


def _path(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}-{number:04d}.npz"


def _read(folder: Path, kind: str, number: int) -> Film | None:
    with np.load(_path(folder, kind, number)) as kept:
        if "curves.times" not in kept:
            return None
        curves = Curves(*(kept[f"curves.{each.name}"] for each in fields(Curves)))
        return Film(number, curves, kept["events"], kept["moved"], kept["levels"])


def _take(rng: np.random.Generator, rig: Rig, paint: Painting, person: Person, fps: float, kind: str) -> Take:
    """What finds no room is drawn anew."""
    for _ in range(TRIES):
        plan = partial(_moves, rng, rig, person, fps) if kind == "moves" else partial(_distracted, rng, fps)
        with suppress(FacewiseError):
            return Take(rig, paint, person, plan(), SIZE, float(rng.uniform(*IOD_PX)))
    raise FacewiseError(f"what was to happen found no room in {SECONDS:g} s")


def _moves(rng: np.random.Generator, rig: Rig, person: Person, fps: float) -> ClipPlan:
    told = [(event.kind, event.aus, event.peak_iod) for event in _possible_moves(rng, rig, person)]
    return sample_plan(rng, fps, SECONDS, told, ("drift",), FEWER_BLINKS_PER_S)


def _possible_moves(rng: np.random.Generator, rig: Rig, person: Person) -> list[Event]:
    """Such as the rig can make."""
    events: list[Event] = []
    while len(events) < MOVES:
        event = sample_move(rng)
        with suppress(FacewiseError):
            movement(rig, person, event)
            events.append(event)
    return events


def _distracted(rng: np.random.Generator, fps: float) -> ClipPlan:
    """Drift and blinks, and some spans of one or two kinds."""
    kinds = rng.choice(DISTRACTORS, int(rng.integers(1, MOST_KINDS + 1)), replace=False)
    spans = [str(kind) for kind in kinds for _ in range(int(rng.integers(1, MOST_EACH + 1)))]
    return sample_plan(rng, fps, SECONDS, (), ("drift", *spans), BLINKS_PER_S)
