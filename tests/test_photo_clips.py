"""Clips of photos that move: labels exact to the frame, still but for what is told, and found by spotting."""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from facewise.data_builders.clips.photo_clips import FPS, SECONDS, write_photo_clip
from facewise.data_builders.driving.puppet import Puppet, puppet
from facewise.data_builders.rig.rig import load_rig
from facewise.model.errors import FacewiseError
from facewise.model.perception.clip import watch
from facewise.model.perception.video import open_clip

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@cache
def doll(shared: Path) -> Puppet:
    return puppet(load_rig(shared / "data" / "ict_facekit.npz"))


def test_a_photo_that_moves_is_labelled_and_what_moves_is_spotted(shared: Path, examples: Path, tmp_path):
    path = tmp_path / "clip.mp4"
    labels = write_photo_clip(path, examples / "invented-face.jpg", doll(shared), np.random.default_rng(0))
    assert json.loads(path.with_suffix(".json").read_text())["frames"] == labels["frames"] == FPS * SECONDS
    assert sorted(event["kind"] for event in labels["events"]) == ["macro", "micro"] and labels["distractors"] == []
    watched = watch(open_clip(path))
    assert (watched.frames, watched.size) == (labels["frames"], (labels["width"], labels["height"]))
    (face,) = watched.faces
    spots = [spot for spot in face.spotted.spots if spot.kind != "blink"]
    assert spots and all(any(_shared(spot, event) >= 0.5 for event in labels["events"]) for spot in spots)


def _shared(spot, event: dict) -> float:
    overlap = min(spot.offset, event["offset"]) - max(spot.onset, event["onset"]) + 1
    return overlap / (max(spot.offset, event["offset"]) - min(spot.onset, event["onset"]) + 1)


def test_a_photo_without_a_face_is_told(shared: Path, tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 300, 3), 128, np.uint8))
    with pytest.raises(FacewiseError, match=r"wall\.png"):
        write_photo_clip(tmp_path / "clip.mp4", tmp_path / "wall.png", doll(shared), np.random.default_rng(0))
