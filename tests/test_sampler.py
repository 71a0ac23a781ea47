"""What an epoch is made of, by counts: tasks by weight and temperature, classes and people alike, the same again from (seed, epoch)."""

from collections import Counter

import numpy as np
import pytest
import torch
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler

from facewise.finetune.lessons.lesson import Lesson
from facewise.finetune.lessons.sampler import REPEATS, LessonSampler, alike, fair, quotas


def lesson(task: str = "spoof", label: str = "live", subject: str = "a", length: int = 5, weight: float = 1.0) -> Lesson:
    return Lesson("x", torch.zeros(length, dtype=torch.int32), torch.zeros(length), (), task, label, subject, "", weight)


def drawn(lessons: list[Lesson], name: str, **options) -> Counter:
    return Counter(getattr(lessons[row], name) for row in LessonSampler(lessons, **options))


def test_tasks_come_as_often_as_they_are_many():
    lessons = [lesson("spoof") for _ in range(80)] + [lesson("au") for _ in range(20)]
    assert drawn(lessons, "task") == {"spoof": 80, "au": 20}


def test_a_tasks_weight_multiplies_and_none_leaves_it_out():
    lessons = [lesson("spoof") for _ in range(50)] + [lesson("au") for _ in range(50)] + [lesson("chat") for _ in range(50)]
    assert drawn(lessons, "task", task_weights={"au": 2.0, "chat": 0.0}) == {"spoof": 50, "au": 100}


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 80), (2.0, 200 / 3), (1e9, 50)])
def test_temperature_draws_tasks_together(temperature, share):
    """sqrt(.8) : sqrt(.2) is 2 : 1."""
    found = quotas({"spoof": 80.0, "au": 20.0}, temperature, 100)
    assert sum(found.values()) == 100 and found["spoof"] == pytest.approx(share, abs=1)


def test_classes_of_a_task_come_alike_as_far_as_repeats_allow():
    lessons = [lesson(label="live", subject=str(i)) for i in range(70)] + [
        lesson(label="spoof", subject=str(i)) for i in range(30)
    ]
    assert drawn(lessons, "label") == {"live": 50, "spoof": 50}
    rare = [lesson(label="live", subject=str(i)) for i in range(98)] + [lesson(label="spoof", subject=str(i)) for i in range(2)]
    assert drawn(rare, "label") == {"live": 100 - 2 * REPEATS, "spoof": 2 * REPEATS}


def test_no_person_of_a_class_comes_more_often_than_another():
    lessons = [lesson(subject="everywhere") for _ in range(70)] + [lesson(subject=str(i)) for i in range(10) for _ in range(3)]
    found = drawn(lessons, "subject")
    assert max(found.values()) - min(found.values()) <= 1 and sum(found.values()) == 100


def test_rows_of_a_folder_that_weighs_twice_come_twice_as_often():
    lessons = [lesson(weight=2.0, subject=str(i)) for i in range(30)] + [lesson(weight=1.0, subject=str(i)) for i in range(30)]
    assert drawn(lessons, "weight") == {2.0: 40, 1.0: 20}


def test_all_rows_come_before_one_comes_again():
    lessons = [lesson() for _ in range(12)]
    assert sorted(LessonSampler(lessons)) == list(range(12))


def test_shares_are_fair_under_their_limits():
    rng = np.random.default_rng(0)
    assert fair(10, [1, 100], rng) == [REPEATS, 10 - REPEATS]
    assert sum(fair(7, [5, 5, 5], rng)) == 7
    assert fair(40, [1, 1], rng) == [20, 20]  # beyond every limit, by size


def test_an_epoch_is_the_same_again_and_another_one_is_not():
    lessons = [lesson(label=str(i % 3), subject=str(i % 7), length=3 + i % 11) for i in range(60)]
    one, two = LessonSampler(lessons, seed=3, batch=4), LessonSampler(lessons, seed=3, batch=4)
    first = list(one)
    assert first == list(two) == list(one)
    two.set_epoch(1)
    assert list(two) != first and len(two) == len(list(two)) == 60
    assert list(LessonSampler(lessons, seed=4, batch=4)) != first


def test_like_lengths_share_a_batch_and_every_row_stays():
    rng = np.random.default_rng(0)
    lengths = rng.integers(10, 500, 403).tolist()
    order = rng.permutation(403).tolist()
    found = alike(order, lengths, 8, np.random.default_rng(1))
    assert sorted(found) == sorted(order)

    def padding(rows: list[int]) -> int:
        batches = [rows[start : start + 8] for start in range(0, len(rows), 8)]
        return sum(max(lengths[i] for i in batch) * len(batch) - sum(lengths[i] for i in batch) for batch in batches)

    assert padding(found) < padding(order) / 10
    middles = [lengths[row] for row in found[:-3]]
    assert abs(np.mean(middles[:200]) - np.mean(middles[200:])) < 60  # neither the short nor the long ones come first


def test_grouping_by_length_draws_the_same_rows():
    lessons = [lesson(label=str(i % 3), subject=str(i % 7), length=3 + i % 11) for i in range(60)]
    assert sorted(LessonSampler(lessons, seed=1)) == sorted(LessonSampler(lessons, seed=1, batch=4))


def test_processes_share_every_batch_of_like_lengths_and_together_have_its_rows():
    """As accelerate splits batches among processes: each has its part of what one process would have, of like lengths too."""
    lessons = [lesson(label=str(i % 3), subject=str(i % 7), length=3 + i % 50) for i in range(400)]
    whole = list(BatchSampler(LessonSampler(lessons, seed=1, batch=8), 8, drop_last=False))
    parts = [
        list(BatchSamplerShard(BatchSampler(LessonSampler(lessons, seed=1, batch=8), 8, False), 2, process, split_batches=True))
        for process in range(2)
    ]
    assert [one + other for one, other in zip(*parts, strict=True)] == whole
    spread = [max(len(lessons[row]) for row in rows) - min(len(lessons[row]) for row in rows) for rows in whole]
    assert np.mean(spread) < 5
