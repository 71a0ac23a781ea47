"""Records -> one file of views, detector's points and labels that the evidence encoder trains on.

    python -m facewise.data_builders.pack records.jsonl [records.jsonl ...] --out set.safetensors

Pictures are seen as at inference: our decoder, detector, landmarks and views. Training pictures are packed mirrored, too, mirrored before
they are seen, because texture views do not commute with a flip. Where no face is found the row is dropped and counted.
"""

import argparse
import json
import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..model.errors import FacewiseError, exit_code
from ..model.perception.faces import DetectedFace, find_faces
from ..model.perception.picture import read_picture
from ..model.perception.views import face_views
from ..model.taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS, NO_PROTOTYPE
from .records import SPLITS, Record, read_records
from .synthesis.production import quiet_worker

GRID = 14
WHOLE, UNKNOWN = 254, 255  # of the attack map
VISIBLE = 0.5  # a cue that is just visible
CLASSES = (*EMOTIONS, NO_PROTOTYPE)


@dataclass(frozen=True)
class Job:
    record: Record
    folder: Path
    mirrored: bool


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    if args.workers < 1:
        raise FacewiseError(f"--workers {args.workers}: a number from 1 on is wanted")
    if not args.out.parent.is_dir():
        raise FacewiseError(f"{args.out}: there is no folder {args.out.parent}")
    stills = [(record, path.parent) for path in args.records for record in read_records(path) if record.clip is None]
    jobs = [Job(record, folder, mirrored) for record, folder in stills for mirrored in _looks(record)]
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn"), quiet_worker) as workers:
        rows = list(_counted(workers.map(_row, jobs, chunksize=16), len(jobs)))
    kept = [(job, row) for job, row in zip(jobs, rows, strict=True) if row is not None]
    dropped = Counter(job.record.dataset for job, row in zip(jobs, rows, strict=True) if row is None)
    if not kept:
        names = ", ".join(map(str, args.records))
        raise FacewiseError(f"{names}: no face was found in any of the {len(stills)} pictures; nothing was written")
    _write(args.out, kept, dropped)
    print(f"{len(kept)} rows, without a face: {dict(dropped) or 'none'} -> {args.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="+", metavar="RECORDS.jsonl", help="of pictures; clips are passed over")
    parser.add_argument("--out", type=Path, required=True, metavar="SET.safetensors")
    parser.add_argument("--workers", type=int, default=2)
    return parser


def _looks(record: Record) -> tuple[bool, ...]:
    return (False, True) if record.split == "train" else (False,)


def _counted(rows, total: int):
    for number, row in enumerate(rows, start=1):
        if number % 500 == 0 or number == total:
            print(f"{number} of {total}", file=sys.stderr, flush=True)
        yield row


def _write(out: Path, kept: list[tuple[Job, dict]], dropped: Counter) -> None:
    from safetensors.numpy import save_file

    subjects = {name: i for i, name in enumerate(sorted({job.record.subject for job, _ in kept}))}
    tensors = {name: np.stack([row[name] for _, row in kept]) for name in kept[0][1]}
    tensors["subject"] = np.array([subjects[job.record.subject] for job, _ in kept])
    save_file(tensors, out)
    out.chmod(0o644)  # safetensors makes a file for its owner alone
    about = {
        "ids": [job.record.id for job, _ in kept],
        "dataset": [job.record.dataset for job, _ in kept],
        "source": [job.record.source for job, _ in kept],
        "dropped": dict(dropped),
    }
    out.with_suffix(".json").write_text(json.dumps(about))


# In a worker


def _row(job: Job) -> dict[str, np.ndarray] | None:
    pixels = read_picture(job.folder / job.record.media).pixels
    pixels = np.ascontiguousarray(pixels[:, ::-1]) if job.mirrored else pixels
    faces = [face for face in find_faces(pixels) if face.points is not None]
    return packed(job.record, pixels, faces[0], job) if faces else None


def packed(record: Record, pixels: np.ndarray, face: DetectedFace, job: Job) -> dict[str, np.ndarray]:
    """One row: what is seen of the face, and the labels of its record, sides and mask mirrored with the picture."""
    seen = face_views(pixels, face)
    sides = slice(None, None, -1) if job.mirrored else slice(None)
    au = np.full((len(AU_CODES), 2), np.nan, np.float32)
    for code, levels in (record.aus or {}).items():
        au[AU_CODES.index(code)] = levels[sides]
    return {
        "views": seen.images,
        "points": seen.points,
        "canonical": seen.canonical,
        "pose": seen.pose,
        "au": au,
        "emotion": np.array(-1 if record.emotion is None else CLASSES.index(record.emotion)),
        "live": np.array(-1 if record.live is None else int(not record.live)),
        "attack": np.array(-1 if record.attack is None else ATTACKS.index(record.attack)),
        "cues": np.array([-1 if record.cues is None else record.cues.get(name, 0) >= VISIBLE for name in CUES], np.int64),
        "map": _map(record, seen.wide_box, job),
        "split": np.array(SPLITS.index(record.split)),
        "photo": np.array(int(record.source.get("made of") != "rig")),
        "held_out": np.array(int(record.source.get("variant") == "b")),
    }


def _map(record: Record, wide_box: tuple[float, float, float, float], job: Job) -> np.ndarray:
    """Share of each cell of the wide crop that the instrument covers, uint8 [GRID, GRID] in 0 .. WHOLE."""
    if record.live is None:
        return np.full((GRID, GRID), UNKNOWN, np.uint8)
    if record.mask is None:
        return np.zeros((GRID, GRID), np.uint8)
    mask = read_picture(job.folder / record.mask).pixels[..., 0]
    mask = np.ascontiguousarray(mask[:, ::-1]) if job.mirrored else mask
    x1, y1, x2, y2 = wide_box
    fine = GRID * 8
    step = np.array([[(x2 - x1) / fine, 0, x1], [0, (y2 - y1) / fine, y1]])  # crop px -> picture px
    crop = cv2.warpAffine(mask, step, (fine, fine), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.rint(cv2.resize(crop, (GRID, GRID), interpolation=cv2.INTER_AREA) * (WHOLE / 255)).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(exit_code(main))
