"""Movements as spotting measures them in drawn clips, each beside how the skin really went: what measuring leaves of a movement, and its noise."""

import multiprocessing
import sys
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ...model.errors import FacewiseError
from ...model.perception.clip import WatchedFace, watch
from ...model.perception.patches import REGIONS
from ...model.perception.video import open_clip
from ...model.taxonomy import AU_CODES
from ..rig.look import Painting, painting, sample_look
from ..rig.rig import Person, Rig, Sides, load_rig, sample_person
from ..synthesis.production import quiet_worker
from .camcorder import sample_camcorder, write_clip
from .clips import frames
from .events import Event, movement
from .moves import Seen, sample_move
from .scripts import ClipPlan, sample_plan
from .takes import Take

SEED = 2027
SECONDS, MOVES, BLINKS_PER_S = 10.0, 4, 0.1
SIZE, IOD_PX, FAMILY = (480, 360), (45, 100), "phone"
RATES, CRF = (30, 30, 60), (18, 23, 28)
CALM = 4  # moments of each clip
APART_S = 0.2  # of a calm moment from all that happens
TRIES = 50


@dataclass(frozen=True, eq=False)
class FilmedMoves:
    """N moments of drawn clips, apexes and calm ones: of REGIONS in IOD (x right, y down) from rest what was `measured` [N, R, 2] and how the skin `moved`
    [N, R, 2], which is 0 in calm moments; `levels` [N, A, 2] of AU_CODES, and the number of the `clip` [N], each of another person."""

    measured: np.ndarray
    moved: np.ndarray
    levels: np.ndarray
    clip: np.ndarray

    def chosen(self, rows: np.ndarray) -> "FilmedMoves":
        return FilmedMoves(self.measured[rows], self.moved[rows], self.levels[rows], self.clip[rows])


def filmed_moves(folder: Path, rig: Path, numbers: range, workers: int = 2) -> FilmedMoves:
    """Of the clips of these numbers; those that the folder lacks are drawn and watched, so that a killed run goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [number for number in numbers if not _path(folder, number).exists()]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), quiet_worker) as pool:
        for done, _ in enumerate(pool.map(partial(film, folder, rig), lacking), start=1):
            print(f"{done} of {len(lacking)} clips", file=sys.stderr, flush=True)
    kept = [np.load(_path(folder, number)) for number in numbers]
    measured, moved, levels = (np.concatenate([one[name] for one in kept]) for name in ("measured", "moved", "levels"))
    return FilmedMoves(measured, moved, levels, np.repeat(numbers, [len(one["moved"]) for one in kept]))


def film(folder: Path, rig_path: Path, number: int) -> None:
    """Draws one clip, watches it and keeps its moments; a clip in which no face was followed has none."""
    rng = np.random.default_rng([SEED, number])
    rig = load_rig(rig_path)
    paint, person = painting(rig), sample_person(rig, rng)
    fps = float(rng.choice(RATES))
    take = _take(rng, rig, paint, person, fps)
    look = sample_look(rig, paint, rng, SIZE)
    camcorder = replace(sample_camcorder(rng, FAMILY, fps), crf=int(rng.choice(CRF)), gop=round(fps))
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.mp4"
        write_clip(path, (pixels for pixels, _ in frames(take, look, camcorder)), fps, camcorder)
        faces = watch(open_clip(path)).faces
    seen, events = Seen(rig, person, np.eye(3)), [event for event in take.plan.events if event.kind != "blink"]
    moves = [(event.apex, movement(rig, person, event)) for event in events]
    told = [(apex, seen.moved(move.delta), move.levels()) for apex, move in moves]
    told += [(int(at), np.zeros((len(REGIONS), 2)), {}) for at in rng.permutation(_calm(take.plan))[:CALM]]
    _keep(_path(folder, number), faces[0] if faces else None, told)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.npz"


def _take(rng: np.random.Generator, rig: Rig, paint: Painting, person: Person, fps: float) -> Take:
    """Movements that find no room are drawn anew."""
    for _ in range(TRIES):
        told = [(event.kind, event.aus, event.peak_iod) for event in _possible_moves(rng, rig, person)]
        with suppress(FacewiseError):
            plan = sample_plan(rng, fps, SECONDS, told, ("drift",), BLINKS_PER_S)
            return Take(rig, paint, person, plan, SIZE, float(rng.uniform(*IOD_PX)))
    raise FacewiseError(f"{MOVES} movements found no room in {SECONDS:g} s")


def _possible_moves(rng: np.random.Generator, rig: Rig, person: Person) -> list[Event]:
    """Such as the rig can make."""
    events: list[Event] = []
    while len(events) < MOVES:
        event = sample_move(rng)
        with suppress(FacewiseError):
            movement(rig, person, event)
            events.append(event)
    return events


def _calm(plan: ClipPlan) -> np.ndarray:
    """Frames in which nothing happens."""
    index, apart = np.arange(plan.count), APART_S * plan.fps
    busy = [(index > event.onset - apart) & (index < event.offset + apart) for event in plan.events]
    return index[~np.any(busy, axis=0)]


def _keep(path: Path, face: WatchedFace | None, told: list[tuple[int, np.ndarray, dict[str, Sides]]]) -> None:
    """Those moments at which the face was seen."""
    spotted = face.spotted if face else None
    seen = {} if spotted is None else {int(frame): moment for moment, frame in enumerate(spotted.curves.frames)}
    kept = [(seen[at], moved, levels) for at, moved, levels in told if at in seen]
    measured = [spotted.displacement[moment] for moment, *_ in kept] if spotted else []
    moved = [moved for _, moved, _ in kept]
    levels = [[levels.get(code, (0.0, 0.0)) for code in AU_CODES] for *_, levels in kept]
    part = path.with_name(f".{path.stem}.part.npz")
    np.savez(part, measured=_rows(measured, REGIONS), moved=_rows(moved, REGIONS), levels=_rows(levels, AU_CODES))
    part.rename(path)


def _rows(found: list, of: Collection[str]) -> np.ndarray:
    """[N, of, 2], also of none."""
    return np.array(found, np.float32).reshape(-1, len(of), 2)
