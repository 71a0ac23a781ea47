"""The camera of a clip: noise as a sensor's, keyframes at their rhythm, families with codecs of their own."""

import itertools
from dataclasses import replace

import av
import numpy as np
import pytest

from facewise.data_builders.clips.camcorder import CODECS, Sensor, sample_camcorder, write_clip
from facewise.data_builders.synthesis.camera import FAMILIES, sample_camera


def test_a_clips_camera_is_of_the_family_asked_for_and_every_family_can_pulse():
    assert set(CODECS) == set(FAMILIES)
    for family, codec in CODECS.items():
        drawn = [sample_camcorder(np.random.default_rng(i), family, 30) for i in range(60)]
        assert {one.camera.family for one in drawn} == {family}
        assert all(codec.crf[0] <= one.crf <= codec.crf[1] and one.gop >= 2 for one in drawn)
        assert 0 < sum(one.pulses for one in drawn) < 60


@pytest.mark.parametrize("family", FAMILIES)
def test_noise_grows_with_light_as_a_sensors_does_and_differs_from_frame_to_frame(family):
    camera = replace(sample_camera(np.random.default_rng(1), family), balance=(1.0, 1.0, 1.0), sharpen=0.0, contrast=0.0)
    sensor = Sensor(camera, (128, 128), 1.0, np.random.default_rng(0))
    grey = [np.full((128, 128, 3), level, np.float32) for level in (0.05, 0.3)]
    dark, bright = (linear(sensor.developed(light)).std() for light in grey)
    assert bright > 1.2 * dark or bright < 0.004  # 8 bits round a quiet sensor's noise
    assert (sensor.developed(grey[1]) != sensor.developed(grey[1])).any()


def linear(pixels: np.ndarray) -> np.ndarray:
    return ((pixels / 255 + 0.055) / 1.055) ** 2.4


def test_keyframes_come_at_their_rhythm_and_pulse_under_strong_compression(tmp_path):
    sensor = Sensor(sample_camera(np.random.default_rng(1), "phone"), (128, 128), 1.0, np.random.default_rng(0))
    ramp = np.linspace(0.1, 0.5, 128, dtype=np.float32)
    scene = np.broadcast_to(ramp[None, :, None] + 0.1 * np.sin(ramp * 300)[:, None, None], (128, 128, 3)).astype(np.float32)
    pictures = [sensor.developed(scene) for _ in range(48)]
    told = replace(sample_camcorder(np.random.default_rng(0), "phone", 30), crf=CODECS["phone"].crf[1], gop=12)
    assert told.pulses and write_clip(tmp_path / "pulse.mp4", pictures, 30, told) == 48
    with av.open(str(tmp_path / "pulse.mp4")) as container:
        decoded = list(container.decode(video=0))
    assert [i for i, frame in enumerate(decoded) if frame.key_frame] == [0, 12, 24, 36]
    pixels = [frame.to_ndarray(format="gray").astype(float) for frame in decoded]
    steps = np.array([np.abs(b - a).mean() for a, b in itertools.pairwise(pixels)])
    at_keyframe = np.arange(1, 48) % 12 == 0
    assert steps[at_keyframe].min() > 1.5 * np.median(steps[~at_keyframe])
