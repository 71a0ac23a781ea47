"""Jobs to records in parallel: with a progress bar, from a seed, and going on where a run was stopped or killed.

A worker writes a job's media whole or not at all, then the parent appends the job's records to journal.jsonl; records.jsonl is made from
the journal in the jobs' own order, so that one and eight workers, and a broken and a whole run, give the same file.
"""

import errno
import hashlib
import json
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ..records import Record, record_of, write_records, write_whole

JOURNAL, SETTINGS, RECORDS, REJECTS = "journal.jsonl", "settings.json", "records.jsonl", "rejects.jsonl"
MEDIA = "media"
AHEAD = 16  # jobs a worker


class Job(Protocol):
    """One picture or clip to make; its name is unique in the set and, with the seed, settles all chance."""

    @property
    def name(self) -> str: ...


Make = Callable[[Any, Path, np.random.Generator], list[Record]]  # FacewiseError: nothing can be made of this job, and why


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its records, or the reason why there are none."""

    job: str
    records: tuple[Record, ...] = ()
    rejected: str | None = None


def produce(out: Path, settings: dict[str, Any], jobs: Sequence[Job], make: Make, workers: int, seed: int) -> list[Record]:
    """Makes the jobs that the folder `out` does not hold yet, or whose media are gone; all records, in the jobs' order.

    `settings` say what the set is made of: a folder belongs to one set. Raises FacewiseError for a folder of another set or of a larger one,
    a disk that takes no more and a worker that died; what was made until then stays, and the same command goes on.
    """
    _claim(out, {**settings, "seed": seed})
    try:
        outcomes = _journal(out)
        if len(outcomes.keys() - {job.name for job in jobs}):
            raise FacewiseError(f"{out} holds {len(outcomes)} jobs already; give a larger --n, or another --out")
        return _completed(out, jobs, outcomes, make, workers, seed)
    except OSError as error:
        raise FacewiseError(
            f"{out}: {_told(error)}; what was made is kept, run the same command again when it is mended"
        ) from None


def _completed(out: Path, jobs: Sequence[Job], outcomes: dict[str, Outcome], make: Make, workers: int, seed: int) -> list[Record]:
    for left_over in (out / MEDIA).glob(".*"):  # by a run that was killed
        if left_over.is_file():
            left_over.unlink()
    waiting = [job for job in jobs if job.name not in outcomes or not _is_whole(out, outcomes[job.name])]
    try:
        with (out / JOURNAL).open("a") as journal:
            for outcome in _counted(produced(waiting, make, out, seed, workers), len(waiting), len(jobs)):
                outcomes[outcome.job] = outcome
                print(json.dumps(asdict(outcome)), file=journal, flush=True)
    finally:
        records = _listed(out, [outcomes[job.name] for job in jobs if job.name in outcomes])
    return records


def _told(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return f"a file cannot be written or read ({error.strerror or error})"


def _is_whole(out: Path, outcome: Outcome) -> bool:
    """The media are as they were made."""
    for record in outcome.records:
        files = [out / name for name in (record.media, record.mask, record.regions) if name]
        if not all(file.is_file() for file in files):
            return False
        if hashlib.sha256(files[0].read_bytes()).hexdigest() != record.sha256:
            return False
    return True


def random_of(seed: int, name: str) -> np.random.Generator:
    """The chance of one job: the same on every machine and in every order."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])])


def write_media(out: Path, name: str, data: bytes) -> tuple[str, str]:
    """(path relative to `out`, sha256) of a file that is written whole or not at all."""
    write_whole(out / MEDIA / name, data)
    return f"{MEDIA}/{name}", hashlib.sha256(data).hexdigest()


def media_path(out: Path, name: str) -> Path:
    """Where a file that somebody else writes belongs."""
    return out / MEDIA / name


def written(path: Path) -> tuple[str, str]:
    """(path relative to the set, sha256) of a file at `media_path`."""
    return f"{MEDIA}/{path.name}", hashlib.sha256(path.read_bytes()).hexdigest()


def write_mask(out: Path, name: str, mask: np.ndarray) -> str:
    """Path, relative to `out`, of a uint8 [h, w] mask as PNG."""
    return write_media(out, name, cv2.imencode(".png", mask)[1].tobytes())[0]


def _claim(out: Path, settings: dict[str, Any]) -> None:
    """Raises FacewiseError if the folder holds another set, or what is no set of ours."""
    told = json.loads(json.dumps({**settings, "facewise": version("facewise")}))
    file = out / SETTINGS
    try:
        if file.is_file():
            _compare(out, _parsed(file.read_bytes(), str(file)), told)
        elif out.is_dir() and any(out.iterdir()):
            raise FacewiseError(f"{out} is not empty and holds no set of `facewise synth`; give another --out")
        else:
            (out / MEDIA).mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps(told, indent=1).encode())
    except OSError as error:
        raise FacewiseError(f"{out}: {_told(error)}") from None


def _compare(out: Path, before: dict[str, Any], told: dict[str, Any]) -> None:
    other = sorted(name for name in {*before, *told} if before.get(name) != told.get(name))
    if other:
        name = other[0]
        raise FacewiseError(f"{out} holds a set made with {name} = {before.get(name)}, not {told.get(name)}; give another --out")


def _journal(out: Path) -> dict[str, Outcome]:
    """What an earlier run made; a last line that was cut by a kill is dropped."""
    path = out / JOURNAL
    if not path.is_file():
        return {}
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        write_whole(path, whole)
    outcomes = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        values = _parsed(line, f"{path}:{number}")
        try:
            records = tuple(record_of(each) for each in values["records"])
            outcomes[values["job"]] = Outcome(values["job"], records, values["rejected"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FacewiseError(f"{path}:{number}: no line of a journal; delete it, and what it told of is made again") from None
    return outcomes


def _parsed(data: bytes, where: str) -> dict[str, Any]:
    try:
        values = json.loads(data)
    except ValueError as error:
        raise FacewiseError(f"{where}: damaged ({error}); delete what is damaged, or give another --out") from None
    if not isinstance(values, dict):
        raise FacewiseError(f"{where}: damaged (no JSON object); delete what is damaged, or give another --out")
    return values


def _listed(out: Path, outcomes: list[Outcome]) -> list[Record]:
    """Writes what there is by now."""
    records = [record for outcome in outcomes for record in outcome.records]
    write_records(out / RECORDS, records)
    rejects = [json.dumps({"id": outcome.job, "reason": outcome.rejected}) + "\n" for outcome in outcomes if outcome.rejected]
    write_whole(out / REJECTS, "".join(rejects).encode())
    return records


def produced(jobs: Sequence[Job], make: Make, out: Path, seed: int, workers: int) -> Iterator[Outcome]:
    """What becomes of each job, in their order; media go to `out`/media. Raises FacewiseError when a worker died."""
    (out / MEDIA).mkdir(parents=True, exist_ok=True)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # idle threads of BLAS spin; only a new process heeds it
        os.environ.setdefault(name, "1")
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), quiet_worker)
    under_way: deque[Future[Outcome]] = deque()  # a few, so that a large set does not lie in memory
    try:
        for job in jobs:
            under_way.append(pool.submit(_one, (job, make, out, seed)))
            if len(under_way) > AHEAD * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool:
        raise FacewiseError(
            f"{out}: a worker process died, perhaps for want of memory; what was made is kept, run the same command again"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)  # what is in the making is finished


def _counted(outcomes: Iterator[Outcome], waiting: int, total: int) -> Iterator[Outcome]:
    from tqdm import tqdm

    with tqdm(total=total, initial=total - waiting, file=sys.stderr, mininterval=1) as bar:
        for outcome in outcomes:
            bar.update()
            yield outcome


def quiet_worker() -> None:
    """Readies a process of a pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops on Ctrl-C
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what MediaPipe tells; faults travel as exceptions
    cv2.setNumThreads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would go on for the rest of the queue."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _one(task: tuple[Job, Make, Path, int]) -> Outcome:
    job, make, out, seed = task
    try:
        return Outcome(job.name, tuple(make(job, out, random_of(seed, job.name))))
    except FacewiseError as reason:
        return Outcome(job.name, rejected=str(reason))
