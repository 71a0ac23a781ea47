"""The processes of one training, as `accelerate launch` and torchrun start them; started by neither, there is one.

Each takes its share of every batch. The main one alone writes into the run's folder and prints, the others wait for it, and what one of them
cannot do ends all of them with one line. They share a disk.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from accelerate import PartialState
from torch import Tensor
from transformers.utils import logging

from ..model.errors import FacewiseError
from .recipe import Recipe

PATIENCE = timedelta(days=1)  # the first process may perceive media for hours; one that dies is noticed by the launcher


def begin() -> None:
    """Joins the others, if there are any."""
    PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
    logging.set_verbosity_error()
    logging.disable_progress_bar()  # of reading and writing weights; the steps are told by steps.py


def end() -> None:
    """Once all have come so far."""
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
        PartialState._reset_state()


def number_of() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def is_main() -> bool:
    return not dist.is_initialized() or dist.get_rank() == 0


def wait() -> None:
    """Until all have come so far."""
    if dist.is_initialized():
        dist.barrier()


def tell(line: str) -> None:
    """Once, to stderr."""
    if is_main():
        print(line, file=sys.stderr, flush=True)


@contextmanager
def together() -> Iterator[None]:
    """Nobody leaves before all have done what stands in here. The FacewiseError of any is raised by the main one, and the others end in silence."""
    fault = None
    try:
        yield
    except FacewiseError as error:
        if number_of() == 1:
            raise
        fault = str(error)
    if found := next((told for told in of_all(fault) if told is not None), None):
        raise FacewiseError(found) if is_main() else SystemExit(2)


@contextmanager
def main_first() -> Iterator[None]:
    """The others do what stands in here after the main one, and so find what that has kept on disk."""
    if not is_main():
        wait()
    try:
        yield
    finally:
        if is_main():
            wait()


def of_all(value: Any) -> list[Any]:
    """What each has, in their order."""
    if number_of() == 1:
        return [value]
    found: list[Any] = [None] * number_of()
    dist.all_gather_object(found, value)
    return found


def of_main(value: Any) -> Any:
    """What the main one has, for decisions that must be the same everywhere."""
    return of_all(value)[0]


def whole_batch(rows: Tensor) -> Tensor:
    """The rows [B, ...] of all processes, theirs one after another, each with as many. Only the own have a gradient, times the number of processes: DDP
    takes the mean over them, and the mean of those is the gradient of a loss over the whole batch."""
    if number_of() == 1:
        return rows
    parts = [torch.empty_like(rows) for _ in range(number_of())]
    dist.all_gather(parts, rows.detach().contiguous())
    if rows.requires_grad:
        own = rows.detach()
        parts[dist.get_rank()] = own + number_of() * (rows - own)
    return torch.cat(parts)


def check_shares(recipe: Recipe) -> None:
    """A recipe's batches are those of a step, whatever the number of processes. Raises FacewiseError for one that they cannot share evenly."""
    for name in ("encoder_batch", "language_batch"):
        check_share(name, getattr(recipe, name))


def check_share(name: str, batch: int) -> None:
    if batch % number_of():
        raise FacewiseError(
            f"{name} is {batch}, and {number_of()} processes cannot share it evenly; give a multiple of {number_of()}"
        )
