"""What runs the work: spawned processes of this machine, or Ray Data on a cluster. Both give results in the order of the tasks.

A task is a span of a file's lines and no data, so that little travels; on a cluster the folders lie on a file system that all
machines share.
"""

import logging
import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol, TypeVar

from ...model.errors import FacewiseError

BACKENDS = ("local", "ray")
AHEAD = 4  # tasks a worker, so that a large set does not lie in memory
AT_ONCE = 1024  # tasks that Ray is given as one dataset

Task = TypeVar("Task")
Result = TypeVar("Result")


class Engine(Protocol):
    """Applies a function of a module to tasks, wherever."""

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """The results in the tasks' order; tasks are taken as they are needed."""
        ...


@contextmanager
def opened(backend: str, workers: int, address: str) -> Iterator[Engine]:
    """An engine of BACKENDS; what it started ends with it."""
    with _local(workers) if backend == "local" else _ray(workers, address) as engine:
        yield engine


@contextmanager
def _local(workers: int) -> Iterator[Engine]:
    from ..synthesis.production import quiet_worker

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # idle threads of BLAS spin; only a new process heeds it
        os.environ.setdefault(name, "1")
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), quiet_worker)
    try:
        yield _Processes(pool, AHEAD * workers)
    finally:
        pool.shutdown(cancel_futures=True)  # what is in the making is finished


class _Processes:
    def __init__(self, pool: ProcessPoolExecutor, ahead: int):
        self._pool, self._ahead = pool, ahead

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        under_way: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                with _interrupts_held():
                    under_way.append(self._pool.submit(function, task))
                if len(under_way) > self._ahead:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool:
            raise FacewiseError(
                "a worker process died, perhaps for want of memory (--workers 1 needs least); what was made is kept, run the same command again"
            ) from None


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A worker is begun by the first tasks and inherits this: until it is ready to ignore Ctrl-C, it would tell it in a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _ray(workers: int, address: str) -> Iterator[Engine]:
    try:
        import ray.data
    except ImportError as error:
        raise FacewiseError(f"--backend ray needs Ray Data ({error}); pip install 'facewise[ray]'") from None
    where: dict[str, Any] = {"num_cpus": workers} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **where)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise FacewiseError(
            f"--address {address}: no Ray cluster answers ({error}); start one by `ray start --head`, or give --address local for one of this machine alone"
        ) from None
    try:
        yield _RayData(ray)
    finally:
        ray.shutdown()


class _RayData:
    def __init__(self, ray: Any):
        self._data, self._faults = ray.data, ray.exceptions.RayError
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells how it will do everything, and that it did

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        tasks = iter(tasks)
        while some := [{"packed": pickle.dumps((function, task))} for task in islice(tasks, AT_ONCE)]:
            applied = self._data.from_items(some, override_num_blocks=len(some)).map(_applied)
            for result, fault in self._unpacked(applied):
                if fault is not None:
                    raise fault
                yield result

    def _unpacked(self, applied: Any) -> Iterator[tuple[Any, Exception | None]]:
        try:
            for row in applied.iter_rows():
                yield pickle.loads(row["packed"])
        except self._faults as error:
            raise FacewiseError(f"the Ray cluster failed ({error}); what was made is kept, run the same command again") from None


def _applied(row: dict[str, bytes]) -> dict[str, bytes]:
    """With the fault that a user is to be told of: Ray would wrap it in its own."""
    function, task = pickle.loads(row["packed"])
    told: tuple[Any, Exception | None]
    try:
        told = function(task), None
    except (FacewiseError, OSError) as fault:
        told = None, fault
    return {"packed": pickle.dumps(told)}
