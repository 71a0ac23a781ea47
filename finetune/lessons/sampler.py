"""Which rows make an epoch, and in which order: tasks by their weights, classes alike within a task, and no person more often than another.

Drawn anew for every epoch from (seed, epoch) alone, so that a run which goes on from a step finds the rows that it would have had.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Sampler

from ..recipe import Recipe
from ..recipe_values import shares
from .lesson import Lesson

REPEATS = 4  # at most as often as this a row is drawn so that its class or person comes up to the others
POOL = 50  # batches of which those of like lengths are put together
Classes = Mapping[str, Mapping[str, list[int]]]  # label -> person -> rows


class LessonSampler(Sampler[int]):
    """As many draws an epoch as there are rows. `batch` 0: lengths are not grouped."""

    def __init__(
        self,
        lessons: Sequence[Lesson],
        task_weights: Mapping[str, float] | None = None,
        temperature: float = 1.0,
        seed: int = 0,
        batch: int = 0,
    ):
        self.lessons, self.seed, self.batch, self.epoch = lessons, seed, batch, 0
        self.quotas = quotas(task_mass(lessons, task_weights or {}), temperature, len(lessons))
        self._groups = grouped(lessons)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return sum(self.quotas.values())

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        drawn = [row for task, quota in self.quotas.items() for row in of_task(self._groups[task], quota, rng)]
        order = rng.permutation(drawn).tolist()
        lengths = [len(lesson) for lesson in self.lessons]
        return iter(alike(order, lengths, self.batch, rng) if self.batch else order)


def sampler_of(recipe: Recipe, lessons: Sequence[Lesson]) -> LessonSampler:
    batch = recipe.language_batch if recipe.group_lengths else 0
    return LessonSampler(lessons, shares(recipe.task_weights, "task_weights"), recipe.temperature, recipe.seed, batch)


def task_mass(lessons: Sequence[Lesson], weights: Mapping[str, float]) -> dict[str, float]:
    """The rows of each task, each as its folder weighs, times what the recipe says of the task."""
    mass: dict[str, float] = defaultdict(float)
    for lesson in lessons:
        mass[lesson.task] += lesson.weight * weights.get(lesson.task, 1.0)
    return {task: total for task, total in sorted(mass.items()) if total}


def quotas(mass: Mapping[Any, float], temperature: float, draws: int) -> dict[Any, int]:
    """Draws by mass ** (1 / temperature); the largest remainders are rounded up."""
    shares = {task: total ** (1 / temperature) for task, total in mass.items()}
    exact = {task: draws * share / sum(shares.values()) for task, share in shares.items()}
    found = {task: int(value) for task, value in exact.items()}
    left = draws - sum(found.values())
    for task in sorted(exact, key=lambda task: found[task] - exact[task])[:left]:
        found[task] += 1
    return found


def grouped(lessons: Sequence[Lesson]) -> dict[str, dict[float, Classes]]:
    """task -> weight of the folder -> label -> person -> rows."""
    found: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list))))
    for number, lesson in enumerate(lessons):
        found[lesson.task][lesson.weight][lesson.label][lesson.subject].append(number)
    return found


def of_task(folders: Mapping[float, Classes], quota: int, rng: np.random.Generator) -> list[int]:
    """A task's rows; of a folder that weighs twice, twice as many of each as of another."""
    mass = {weight: weight * sum(map(count, classes.values())) for weight, classes in folders.items()}
    return [row for weight, share in quotas(mass, 1.0, quota).items() for row in balanced(folders[weight], share, rng)]


def count(people: Mapping[str, list[int]]) -> int:
    return sum(map(len, people.values()))


def balanced(group: Classes, quota: int, rng: np.random.Generator) -> list[int]:
    """`quota` rows: classes alike as far as REPEATS allow, persons of a class alike, and a person's rows in turn."""
    sizes = [count(people) for people in group.values()]
    drawn = []
    for people, share in zip(group.values(), fair(quota, sizes, rng), strict=True):
        for rows, times in zip(people.values(), fair(share, [len(rows) for rows in people.values()], rng), strict=True):
            order = rng.permutation(rows)
            drawn += [int(order[i % len(order)]) for i in range(times)]
    return drawn


def fair(quota: int, sizes: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Shares of a quota, as equal as they can be while none is over REPEATS times its size (max-min fairness); where all are at that limit the
    rest goes by size. A remainder goes to some of them by chance."""
    caps = np.array(sizes) * max(REPEATS, -(-quota // sum(sizes)))
    found = np.zeros(len(sizes), int)
    while (left := quota - found.sum()) > 0:
        open_ = np.flatnonzero(found < caps)
        each = max(1, left // len(open_))
        chosen = open_ if left >= len(open_) else rng.choice(open_, left, replace=False)
        found[chosen] = np.minimum(found[chosen] + each, caps[chosen])
    return found.tolist()


def alike(order: Sequence[int], lengths: Sequence[int], batch: int, rng: np.random.Generator) -> list[int]:
    """The same draws with like lengths side by side: pools of POOL batches are sorted by length, and the batches come in any order, so that
    the rows of a batch need little padding and no length comes first."""
    pools = [order[start : start + POOL * batch] for start in range(0, len(order), POOL * batch)]
    sorted_ = [sorted(pool, key=lambda row: lengths[row]) for pool in pools]
    batches = [pool[start : start + batch] for pool in sorted_ for start in range(0, len(pool), batch)]
    whole = [rows for rows in batches if len(rows) == batch]
    rest = [rows for rows in batches if len(rows) < batch]  # at the end, or all later batches would be cut across
    return [row for number in rng.permutation(len(whole)) for row in whole[number]] + [row for rows in rest for row in rows]
