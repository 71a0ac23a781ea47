"""The learned spotter: numpy reads what torch trained, mirror images alike; and its training, from curves on and from a clip that is drawn."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from known_curves import curves
from safetensors.numpy import load_file
from scipy.special import expit, logit

from facewise.data_builders.clips.films import Film, films
from facewise.finetune.spotting import __main__ as learning
from facewise.finetune.spotting.adding import Adding
from facewise.finetune.spotting.network import SpotterNet, tensors
from facewise.finetune.spotting.takes import ALIKE, Take, targets
from facewise.finetune.spotting.worth import calibration, least, right
from facewise.model.errors import FacewiseError
from facewise.model.perception.patches import REGIONS
from facewise.model.perception.spotter import Found, Sampled, Spotter, features, sampled, spotter
from facewise.model.perception.spotting import displaced
from facewise.model.taxonomy import AU_CODES

SMILE = ("left lip corner", 2.0, 2.5, (0.02, -0.03))


def course(fps: float = 30, *moves: tuple, seed: int = 0) -> Sampled:
    known = curves(fps, 6, *(moves or (SMILE,)), seed=seed)
    return sampled(known, displaced(known))


def learned(seed: int, steps: int = 3) -> SpotterNet:
    """A network whose norms have seen something, so that none of its numbers is what it began with."""
    torch.manual_seed(seed)
    network, told = SpotterNet(), torch.from_numpy(features(course()).T[None])
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(steps):
        network(told).square().mean().backward()
        optimiser.step()
    return network.eval()


def test_what_torch_trained_is_read_without_it():
    one, other = learned(0), learned(1)
    look = course()
    with torch.no_grad():
        told = [
            network(torch.from_numpy(features(seen).T[None]))[0].T for network in (one, other) for seen in (look, look.mirrored())
        ]
    assert np.allclose(Spotter(tensors([one, other], 0.5)).read(look), torch.stack(told).mean(0), atol=1e-5)


def test_a_mirror_image_is_read_alike():
    look = course()
    assert np.allclose(spotter().read(look), spotter().read(look.mirrored()), atol=1e-4)
    assert not np.allclose(features(look), features(look.mirrored()), atol=0.1)
    assert np.array_equal(look.mirrored().mirrored().displaced, look.displaced)


@pytest.mark.parametrize("fps", [25, 60, 200])
def test_a_film_of_any_rate_is_sampled_at_one(fps):
    usual, other = course(30), course(fps)
    assert len(other.times) == pytest.approx(len(usual.times), abs=1) and np.diff(other.times) == pytest.approx(1 / 30)
    lip, count = list(REGIONS).index("left lip corner"), min(len(usual.times), len(other.times))
    assert np.abs(usual.displaced[:count, lip] - other.displaced[:count, lip]).max() < 0.01


def test_intervals_do_not_lie_over_each_other_and_none_is_where_the_face_was_away():
    look = course()
    everywhere = Spotter(tensors([learned(0)], 0.0))
    found = everywhere.find(look)
    assert found and found == sorted(found, key=lambda one: one.start_s)
    for one, following in pairwise(found):
        shared = one.end_s - following.start_s
        assert shared <= 0.3 * min(one.end_s - one.start_s, following.end_s - following.start_s) + 1e-9
    away = replace(look, seen=look.times < 3)
    assert all(one.p == 0 for one in everywhere.find(away) if one.start_s > 3 and one.end_s > 3)


def test_the_shipped_spotter_is_surer_of_a_movement_than_of_noise():
    moving, still = spotter().find(course()), spotter().find(course(30, ("chin", 2.0, 2.5, (0.0, 0.0))))
    assert [(round(one.start_s, 1), round(one.end_s, 1)) for one in moving] == [pytest.approx((2.0, 2.5), abs=0.15)]
    assert still == [] and moving[0].p > 0.8


def film(number: int, *moves: tuple, seed: int = 0) -> Film:
    known = curves(30, 10, *moves, seed=seed)
    events = np.array([[30 * a, 15 * (a + b), 30 * b] for _, a, b, _ in moves], int).reshape(-1, 3)
    moved = np.zeros((len(events), len(REGIONS), 2), np.float32)
    for row, (name, _, _, peak) in enumerate(moves):
        moved[row, list(REGIONS).index(name)] = peak
    return Film(number, known, events, moved, np.ones((len(events), len(AU_CODES), 2), np.float32))


def test_what_is_taught_is_the_middle_of_every_movement_that_the_film_can_show():
    take = Take.of(film(0, ("chin", 2.0, 3.0, (0.0, 0.03)), ("chin", 5.0, 5.1, (0.0, 0.03))))
    assert take.told.tolist() == [True, False]
    there, counts, reach = targets(take)
    assert np.flatnonzero(there).tolist() == list(range(66, 85))
    assert counts[[58, 63, 88, 150, 152]].max() == 0 and counts[[50, 100, 200]].tolist() == [1, 1, 1]
    assert counts[66:85].sum() == pytest.approx(ALIKE)
    assert np.exp(reach[:, 70]) == pytest.approx([10, 20])


def test_intervals_count_one_to_one_by_how_much_they_share():
    take = Take.of(film(4, ("chin", 2.0, 2.4, (0.0, 0.03)), ("chin", 5.0, 7.0, (0.0, 0.03))))
    found = [Found(2.05, 2.4, 0.9), Found(2.0, 2.4, 0.6), Found(6.5, 9.0, 0.7)]
    there, said, clip, p = right([take], [found])
    assert (there.tolist(), said.tolist(), set(clip), p.tolist()) == ([1, 0, 0, 1], [1, 1, 1, 0], {4}, [0.9, 0.7, 0.6, 0])
    there, said, *_ = right([take], [found], "micro")
    assert (there.tolist(), said.tolist()) == ([1, 0], [1, 1])


def test_scores_are_how_often_they_are_right_and_those_of_most_f1_are_told():
    """Of what a spotter calls nearly certain a half is right, of what it doubts a tenth."""
    takes = [Take.of(film(n, ("chin", 2.0, 2.4, (0.0, 0.03)))) for n in range(20)]
    at = {True: (2.0, 2.4), False: (6.0, 6.4)}
    found = [[Found(*at[n % 2 == 0], 0.99), Found(7.0 + n % 2, 7.5 + n % 2, 0.3)] for n in range(20)]
    found[0][1], found[1][1] = Found(2.0, 2.4, 0.3), Found(2.0, 2.4, 0.3)
    slope, intercept = calibration(takes, found)
    sure, doubtful = (expit(slope * logit(p) + intercept) for p in (0.99, 0.3))
    assert sure == pytest.approx(0.5, abs=0.05) and doubtful == pytest.approx(0.05, abs=0.02)
    assert 0.3 < least(takes, found) <= 0.99


@pytest.mark.shared
def test_movements_of_the_rig_are_added_where_nothing_else_moves(shared: Path):
    filmed = [film(n, ("left inner brow", 2.0, 2.5, (0.01, 0.02)), ("chin", 5.0, 7.0, (0.0, 0.03)), seed=n) for n in range(4)]
    adding = Adding(shared / "data" / "ict_facekit.npz", filmed, [film(9)], people=2)
    take, rng = Take.of(filmed[0]), np.random.default_rng(0)
    added = [adding(take, rng) for _ in range(30)]
    assert all(len(a.events) == len(a.told) for a in added) and {len(a.events) for a in added} >= {2, 3, 5}
    for one in added:
        spans = sorted((onset, offset) for onset, _, offset in one.events)
        assert all(a[1] < b[0] for a, b in pairwise(spans))
        assert one.course.displaced.dtype == np.float32 and np.isfinite(features(one.course)).all()


@pytest.mark.shared
def test_a_little_training_ends_in_weights_that_can_be_read(shared: Path, tmp_path, capsys, monkeypatch):
    smile, frown = ("left lip corner", 2.0, 2.5, (0.02, -0.03)), ("left inner brow", 5.0, 7.0, (0.02, 0.03))
    drawn = {
        "moves": lambda n: film(n, smile, frown, ("chin", 8.0, 8.4, (0.0, 0.03)), seed=n),
        "distracted": lambda n: film(n, seed=100 + n),
    }
    monkeypatch.setattr(learning, "films", lambda folder, rig, kind, numbers, workers: [drawn[kind](n) for n in range(10)])
    out = tmp_path / "s.safetensors"
    asked = ["--rig", str(shared / "data" / "ict_facekit.npz"), "--clips", str(tmp_path), "--out", str(out), "--workers", "1"]
    assert learning.main([*asked, "--steps", "60", "--people", "4"]) == 0
    told = capsys.readouterr().out
    assert "spotting F1, micro" in told and "n 6" in told and "in 0.3 minutes of distractors" in told
    found = Spotter(load_file(out))
    assert len(found.find(course())) < 10 and 0 < found.least < 1


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], "no such rig"),
        (["--workers", "0"], "from 1 on"),
        (["--steps", "0"], "from 1 on"),
        (["--out", "none/s.safetensors"], "there is no folder none"),
        (["--clips", __file__], "is no folder"),
    ],
)
def test_what_cannot_be_trained_with_is_told_before_an_hour_of_clips(flags, told, tmp_path):
    with pytest.raises(FacewiseError, match=told):
        learning.main(["--rig", str(tmp_path / "none.npz"), "--clips", str(tmp_path), *flags])


@pytest.mark.slow
@pytest.mark.shared
def test_a_clip_of_what_is_no_expression_is_drawn_and_watched_once(shared: Path, tmp_path):
    (calm,) = films(tmp_path, shared / "data" / "ict_facekit.npz", "distracted", range(1), 1)
    assert len(calm.events) == 0 and len(calm.curves.times) > 200
    (again,) = films(tmp_path, tmp_path / "no rig.npz", "distracted", range(1), 1)  # nothing is drawn
    assert np.array_equal(again.curves.moved, calm.curves.moved)
