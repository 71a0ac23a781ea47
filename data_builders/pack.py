"""Records -> files of views, detector's points and labels that the evidence encoder trains on.

    python -m facewise.data_builders.pack records.jsonl [records.jsonl ...] --out set.safetensors

Takes what `facewise synth` and `facewise build` write: pictures, rows of tables and single frames of videos; clips are passed over. All is seen
as at inference: our decoder, detector, landmarks and views. Training pictures are packed mirrored, too. Where no face is found the record is
dropped and counted. One file is written after the other (`--shard-mb`), so memory stays flat.
"""

import argparse
import multiprocessing
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from ..model.errors import FacewiseError, exit_code
from ..model.perception.clip import fetch
from ..model.perception.picture import read_picture
from ..model.perception.video import open_clip
from ..model.perception.views import VIEWS
from .build.table_pictures import table_picture, table_row
from .instructions.labels import medium
from .pack_files import PackFiles
from .packed_row import Row, check_labels, rows_of
from .records import Record, read_records
from .synthesis.production import quiet_worker

AHEAD = 4  # tasks a worker, so that a large set does not lie in memory
A_TASK = 16  # records; those of one video are decoded together
ANY_FPS = 25.0  # of a folder of frames, whose time is not read here
NO_FACE, UNREADABLE = "without a face", "unreadable"


@dataclass(frozen=True)
class Task:
    """Records of a file, and the folder that their media are relative to."""

    records: tuple[Record, ...]
    folder: Path
    views: tuple[str, ...]


@dataclass(frozen=True)
class Looked:
    """What came of a record: its rows, or, where there are none, why."""

    record: Record
    rows: tuple[Row, ...] = ()
    fault: str = ""


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    _check(args)
    records = [(path.parent, record) for path in args.records for record in read_records(path)]
    stills = [(folder, record) for folder, record in records if record.clip is None and medium(record) != "video"]
    for _, record in stills:
        check_labels(record)
    files = PackFiles(args.out, args.views, int(1e6 * args.shard_mb))
    faults: dict[str, Counter] = {NO_FACE: Counter(), UNREADABLE: Counter()}
    for looked in _counted(_looked(list(_tasks(stills, args.views)), args.workers), len(stills)):
        for row in looked.rows:
            files.add(looked.record, row)
        if looked.fault:
            print(looked.fault, file=sys.stderr)
        if not looked.rows:
            faults[UNREADABLE if looked.fault else NO_FACE][looked.record.dataset] += 1
    _finish(files, faults, args.records, len(stills), len(records) - len(stills))
    return 0


def _finish(files: PackFiles, faults: dict[str, Counter], sources: Sequence[Path], stills: int, clips: int) -> None:
    if not files.rows:
        names = ", ".join(map(str, sources))
        raise FacewiseError(f"{names}: no face was found in any of the {stills} pictures; nothing was written")
    written = files.finish({kind: dict(counts) for kind, counts in faults.items()})
    told = "; ".join(f"{kind}: {dict(counts) or 'none'}" for kind, counts in faults.items())
    print(f"{files.rows} rows, {told}; clips passed over: {clips} -> {', '.join(map(str, written))}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="+", metavar="RECORDS.jsonl", help="of pictures; clips are passed over")
    parser.add_argument("--out", type=Path, required=True, metavar="SET.safetensors")
    parser.add_argument("--views", nargs="+", choices=[*VIEWS], default=["rgb", "spoof"], help="default: rgb spoof")
    parser.add_argument("--shard-mb", type=float, default=512.0, metavar="MB", help="a file's size, at most; default 512")
    parser.add_argument("--workers", type=int, default=2)
    return parser


def _check(args: argparse.Namespace) -> None:
    if args.workers < 1:
        raise FacewiseError(f"--workers {args.workers}: a number from 1 on is wanted")
    if not args.shard_mb >= 1:
        raise FacewiseError(f"--shard-mb {args.shard_mb}: a number from 1 on is wanted")
    if not {"rgb", "spoof"} <= {*args.views} or len({*args.views}) < len(args.views):
        raise FacewiseError(f"--views {' '.join(args.views)}: rgb and spoof are wanted among them, each once")
    if not args.out.parent.is_dir():
        raise FacewiseError(f"{args.out}: there is no folder {args.out.parent}")


def _tasks(stills: Sequence[tuple[Path, Record]], views: Sequence[str]) -> Iterator[Task]:
    """A video's frames stay together as far as they follow each other."""
    for (folder, is_frame, _), group in groupby(stills, key=_together):
        while some := tuple(record for _, record in islice(group, 16 * A_TASK if is_frame else A_TASK)):
            yield Task(some, folder, tuple(views))


def _together(still: tuple[Path, Record]) -> tuple[Path, bool, str]:
    folder, record = still
    is_frame = medium(record) == "frame"
    return folder, is_frame, record.media if is_frame else ""


def _looked(tasks: Sequence[Task], workers: int) -> Iterator[Looked]:
    """All in their order, whatever the number of workers."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), quiet_worker)
    under_way: deque[Future[list[Looked]]] = deque()
    try:
        for task in tasks:
            under_way.append(pool.submit(look, task))
            if len(under_way) > AHEAD * workers:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _counted(looked: Iterator[Looked], total: int) -> Iterator[Looked]:
    for number, one in enumerate(looked, start=1):
        if number % 500 == 0 or number == total:
            print(f"{number} of {total}", file=sys.stderr, flush=True)
        yield one


# In a worker


def look(task: Task) -> list[Looked]:
    if medium(task.records[0]) == "frame":
        return _frames(task)
    return [_picture(record, task) for record in task.records]


def _picture(record: Record, task: Task) -> Looked:
    try:
        cell = table_row(str(task.folder / record.media))
        pixels = table_picture(*cell) if cell else read_picture(task.folder / record.media).pixels
        return Looked(record, tuple(rows_of(record, _coloured(pixels), task.folder, task.views)))
    except FacewiseError as error:
        return Looked(record, fault=str(error))


def _frames(task: Task) -> list[Looked]:
    """Single frames of a video, decoded in one go."""
    path = task.folder / task.records[0].media
    wanted: dict[int, list[Record]] = {}
    for record in task.records:
        wanted.setdefault(record.frames[0] if record.frames else 0, []).append(record)
    looked = []
    try:
        for frame in fetch(open_clip(path, ANY_FPS if path.is_dir() else None), wanted):
            of_it = wanted.pop(frame.index)
            looked += [Looked(each, tuple(rows_of(each, frame.pixels, task.folder, task.views))) for each in of_it]
    except FacewiseError as error:
        return looked + [Looked(record, fault=str(error)) for left in wanted.values() for record in left]
    missing = [(number, record) for number, left in wanted.items() for record in left]
    return looked + [Looked(record, fault=f"{path}: frame {number} cannot be decoded") for number, record in missing]


def _coloured(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


if __name__ == "__main__":
    sys.exit(exit_code(main))
