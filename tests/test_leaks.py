"""The leak test: it finds what is planted and nothing else, and the sets of `facewise synth` pass it."""

from pathlib import Path

import numpy as np
import pytest

from facewise.cli import main
from facewise.data_builders.leaks import Seen, leaks, seen_records
from facewise.data_builders.records import Record


def pretended(number: int, live: bool, rng: np.random.Generator, padded: bool = False, smooth: bool = False) -> Seen:
    """A worn attack or a live face in the middle of noise; `padded` reaches beyond the picture, `smooth` has a quiet background."""
    pixels = np.clip(128 + rng.normal(0, 4 if smooth else 30, (120, 100, 3)), 0, 255).astype(np.uint8)
    record = Record(
        str(number), "a.png", "0", "set", "own", f"person {number % 80}", "train", live=live, attack=None if live else "makeup"
    )
    return Seen(record, pixels, np.array([20.0 if padded else 50.0, 60.0]), 20.0, Path("a.png"))


@pytest.mark.slow
@pytest.mark.parametrize(("planted", "clues"), [(None, set()), ("padded", {"padding", "framing"}), ("smooth", {"background"})])
def test_what_is_planted_is_found_and_nothing_else(planted, clues):
    rng = np.random.default_rng(0)
    every = []
    for number in range(300):
        live = bool(rng.random() < 0.5)
        every.append(pretended(number, live, rng, **({planted: not live} if planted else {})))
    found = list(leaks(every))
    assert {leak.label for leak in found} == {"spoof", "spoof, worn"} and all(leak.n == 300 for leak in found)
    told = {leak.clue for leak in found if leak.is_told}
    assert clues <= told and (planted or not told)


def test_too_few_of_a_class_are_not_judged():
    rng = np.random.default_rng(0)
    assert not list(leaks([pretended(number, number % 4 > 0, rng) for number in range(200)]))


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("kind", "count"), [("spoof", 1200), ("faces", 1000)])
def test_nothing_beside_the_face_tells_its_label(shared, tmp_path, kind, count):
    data, out = shared / "data", tmp_path / "set"
    flags = ["--portraits", data / "portraits", "--neutral", data / "neutral"]
    flags += ["--rig", data / "ict_facekit.npz"] if kind == "faces" else []
    assert main(["synth", kind, "--out", str(out), "--n", str(count), *map(str, flags)]) == 0
    found = list(leaks(seen_records(out / "records.jsonl", 4000)))
    assert len(found) >= 7 and not [leak for leak in found if leak.is_told]
