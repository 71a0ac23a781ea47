"""When a face expresses something, from all of its curves together: a small convolutional network over time, without torch, because servers watch without it.

It learned on drawn clips (finetune/spotting), whose drift, talk, glances and changes of light it knows for what they are. A region alone has to rise
above its own noise; many that go together, as a muscle moves them, tell of less. A clip and its mirror image are read together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from safetensors.numpy import load
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.special import expit

from .curves import LONGEST_LAG_S, Curves
from .displacement import REST_S
from .patches import MIRRORED, REGIONS

WEIGHTS = "spotter.safetensors"
RATE = 30.0  # samples a second, whatever the film's
COARSE = 5  # one sample in this many is enough to know the rest by
BANDS = (7, 19, 61)  # samples, over which a course is smoothed: what is quicker, in between, and slower
LEAST_NOISE_IOD, USUAL_NOISE_IOD = 0.0005, 0.002
# How far lids, mouth, gaze and head go when they go far: shares of the usual opening, IOD, radians.
SCALES = np.array([1.0, 1.0, 0.05, 0.15, 0.15, 0.1, 0.1, 0.1], np.float32)
TURNED = [1, 0, 2, 3, 4, 5, 6, 7], np.array([1, 1, 1, -1, 1, 1, -1, -1], np.float32)  # of their mirror image: order, signs
DILATIONS = (1, 2, 4, 8, 16) * 2
LOG_REACH = (-3.0, 5.0)  # of the logarithm of a distance in samples
OVERLAPPING = 0.3  # of the shorter of two intervals: the surer one is kept


@dataclass(frozen=True, eq=False)
class Sampled:
    """A face's course at RATE: `times` [T] in s, `displaced` [T, R, 2] in IOD, `others` [T, 8] (lids left and right, mouth, gaze, pose), and whether the
    face was `seen` [T] at about that time."""

    times: np.ndarray
    displaced: np.ndarray
    others: np.ndarray
    seen: np.ndarray

    def mirrored(self) -> Sampled:
        order, signs = TURNED
        return replace(
            self, displaced=self.displaced[:, MIRRORED] * np.array([-1, 1], np.float32), others=self.others[:, order] * signs
        )


@dataclass(frozen=True)
class Found:
    """An expression from `start_s` to `end_s`, with its probability."""

    start_s: float
    end_s: float
    p: float


def sampled(curves: Curves, displaced: np.ndarray) -> Sampled:
    """`displaced` [N, R, 2] of displacement.py, rest and drift still in it."""
    lids = curves.lids / np.maximum(np.median(curves.lids, axis=0), 1e-3)
    looks = np.where(np.isfinite(curves.gaze), curves.gaze, _usual_gaze(curves.gaze))
    others = np.concatenate([lids, curves.mouth[:, None], looks, curves.pose], axis=1) / SCALES
    times = np.arange(curves.times[0], curves.times[-1] + 1e-9, 1 / RATE)
    nearest = np.abs(curves.times[np.searchsorted(curves.times, times).clip(0, len(curves.times) - 1)] - times)
    before = np.abs(curves.times[(np.searchsorted(curves.times, times) - 1).clip(0)] - times)
    course = np.concatenate([displaced.reshape(len(displaced), -1), others], axis=1)
    smooth = uniform_filter1d(course, max(1, round(curves.fps / RATE)), axis=0, mode="nearest")
    told = np.stack([np.interp(times, curves.times, column) for column in smooth.T], axis=1).astype(np.float32)
    regions = told[:, : 2 * len(REGIONS)].reshape(len(times), -1, 2)
    return Sampled(times, regions, told[:, 2 * len(REGIONS) :], np.minimum(nearest, before) < LONGEST_LAG_S / 2)


def features(course: Sampled) -> np.ndarray:
    """[T, F] that the network reads: how every region goes to and fro in each band of durations, in its own noise there, and all else beyond what is usual."""
    count = len(course.times)
    away = _beyond_rest(course.displaced.reshape(count, -1))
    told, slower = [], away
    for samples in (*BANDS, 0):
        quicker, slower = slower, uniform_filter1d(slower, samples, axis=0, mode="nearest") if samples else np.zeros_like(slower)
        band = quicker - slower
        noise = 1.4826 * np.median(np.abs(band).reshape(count, -1, 2), axis=(0, 2)) + LEAST_NOISE_IOD
        told += [np.arcsinh(band / (3 * noise.repeat(2))), np.tile(np.log(noise / USUAL_NOISE_IOD), (count, 1))]
    others = _beyond_rest(course.others)
    told += [others, others - uniform_filter1d(others, BANDS[1], axis=0, mode="nearest")]
    return np.concatenate(told, axis=1).astype(np.float32)


class Spotter:
    """`tensors` as finetune/spotting writes them: the networks' weights, `calibration`, which makes their log-odds those of being right in drawn clips
    (slope, intercept), and the `least` probability that is told."""

    def __init__(self, tensors: Mapping[str, np.ndarray]):
        numbers = sorted({name.partition(".")[0] for name in tensors if "." in name})
        self._networks = [_part(tensors, f"{number}.") for number in numbers]
        self._slope, self._intercept = (float(each) for each in tensors["calibration"])
        self.least = float(tensors["least"][0])

    def find(self, course: Sampled) -> list[Found]:
        """In order of time, none over another; where the face was away nothing is."""
        told = self.read(course)
        p = np.where(course.seen, expit(self._slope * told[:, 0] + self._intercept), 0)
        reach = np.exp(told[:, 1:]) / RATE
        kept: list[Found] = []
        for at in np.argsort(-p, kind="stable"):
            if p[at] < self.least:
                break
            one = Found(float(course.times[at] - reach[at, 0]), float(course.times[at] + reach[at, 1]), float(p[at]))
            if not any(_overlapping(one, other) for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda found: found.start_s)

    def read(self, course: Sampled) -> np.ndarray:
        """[T, 3]: log-odds of an expression, and the logarithms of how many samples ago it began and in how many it ends."""
        looks = [features(course), features(course.mirrored())]
        return np.mean([_told(network, look) for network in self._networks for look in looks], axis=0)


@cache
def spotter() -> Spotter:
    """As it is shipped."""
    return Spotter(load(files(__package__).joinpath(WEIGHTS).read_bytes()))


# Parts


def _told(network: Mapping[str, np.ndarray], told: np.ndarray) -> np.ndarray:
    """The forward pass of finetune/spotting's SpotterNet."""
    hidden = told @ network["first.weight"][..., 0].T + network["first.bias"]
    for block, dilation in enumerate(DILATIONS):
        name = f"blocks.{block}"
        spread = np.sqrt(network[f"{name}.norm.running_var"] + 1e-5)
        normed = (hidden - network[f"{name}.norm.running_mean"]) / spread
        normed = np.maximum(normed * network[f"{name}.norm.weight"] + network[f"{name}.norm.bias"], 0)
        padded = np.pad(normed, ((dilation, dilation), (0, 0)))
        weight, taps = network[f"{name}.over.weight"], range(3)
        over = sum(padded[tap * dilation : tap * dilation + len(told)] @ weight[..., tap].T for tap in taps)
        hidden = hidden + np.maximum(over + network[f"{name}.over.bias"], 0) @ network[f"{name}.out.weight"][..., 0].T
        hidden = hidden + network[f"{name}.out.bias"]
    out = hidden @ network["last.weight"][..., 0].T + network["last.bias"]
    return np.concatenate([out[:, :1], out[:, 1:].clip(*LOG_REACH)], axis=1)


def _part(tensors: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array.astype(np.float32) for name, array in tensors.items() if name.startswith(prefix)}


def _beyond_rest(values: np.ndarray) -> np.ndarray:
    """Columns [T, C] without their running median over REST_S."""
    thinned = values[::COARSE]
    rest = median_filter(thinned, size=(round(REST_S * RATE / COARSE) | 1, 1), mode="reflect")
    places = np.arange(len(values)) / COARSE
    return values - np.stack([np.interp(places, np.arange(len(rest)), column) for column in rest.T], axis=1)


def _usual_gaze(gaze: np.ndarray) -> np.ndarray:
    """[2]; straight ahead where it was never seen."""
    return np.nanmedian(gaze, axis=0) if np.isfinite(gaze).any() else np.zeros(2)


def _overlapping(one: Found, other: Found) -> bool:
    shared = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    return shared > OVERLAPPING * min(one.end_s - one.start_s, other.end_s - other.start_s)
