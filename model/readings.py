"""From the numbers of the evidence to the parts of an answer: action units, emotion, score, verdict, cues and boxes.

Whether an action unit is active is decided here and nowhere else; words, bans and objects all follow it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .answer import ActionUnitReading, Box, Cue, Emotion
from .taxonomy import AU_CODES, COARSE, CUES

if TYPE_CHECKING:
    from .network.evidence import Evidence

ACTIVE_P = 0.5  # both must hold: the detector's probability is calibrated on presence at level A,
ACTIVE_INTENSITY = 0.5  # and under half a level there is nothing that the text could call a movement
ONE_SIDED = 1.0  # levels between the sides
CLEAR_EMOTION = 0.4  # under this the leading label is called "uncertain"; chance is .11
VISIBLE_CUE = 0.5
ATTACK_CELL = 0.5
NEUTRAL = "neutral"


def action_units(evidence: Evidence) -> dict[str, ActionUnitReading]:
    """Every scored action unit, silent ones included: the stronger side's intensity, and that side if it stands out."""
    return {code: _reading(*evidence.aus[code]) for code in AU_CODES if code in evidence.aus}


def _reading(left: float, right: float, p: float) -> ActionUnitReading:
    side = "both" if abs(left - right) < ONE_SIDED else "left" if left > right else "right"
    return ActionUnitReading(round(min(max(left, right, 0.0), 5.0), 2), round(p, 4), side)


def is_active(reading: ActionUnitReading) -> bool:
    return reading.p >= ACTIVE_P and reading.intensity >= ACTIVE_INTENSITY


def less_neutral(evidence: Evidence, neutral: Evidence) -> Evidence:
    """Intensities above the person's own neutral face, per side, and the probabilities that go with them."""
    return replace(evidence, aus={code: _above(neutral.aus[code], now) for code, now in evidence.aus.items()})


def _above(rest: tuple[float, float, float], now: tuple[float, float, float]) -> tuple[float, float, float]:
    """The odds of `p` shrink to the share of the intensity that is new: the logit moves by its logarithm.

    So `p` stays where the neutral shows nothing and is 0 where it shows as much. A rise of two levels is at least 2/5 of what is
    shown: it stays active if `p` was over .72.
    """
    left, right = (max(seen - own, 0.0) for seen, own in zip(now[:2], rest[:2], strict=True))
    shown, new, p = max(now[:2]), max(left, right), now[2]
    if new >= shown or p == 0:
        return left, right, p
    return left, right, p * new / (p * new + (1 - p) * shown) if new else 0.0


def median_evidence(read: Sequence[Evidence]) -> Evidence:
    """A person's rest: each action unit's median over several readings of the calm face, per side, each emotion's mean; what else there is
    comes from the first one."""
    codes, labels = read[0].aus, read[0].emotion
    medians = {code: tuple(np.median([numbers.aus[code] for numbers in read], axis=0).tolist()) for code in codes}
    means = {label: float(np.mean([numbers.emotion[label] for numbers in read])) for label in labels}
    return replace(read[0], aus=medians, emotion=means)


def beyond_rest(evidence: Evidence, rest: Evidence) -> Evidence:
    """What a movement adds to the face at rest: intensities above it, and of each emotion the probability that it gained.

    What no other emotion gained is neutral's: a face that only keeps the look that it has at rest is neutral here.
    """
    gained = {name: max(p - rest.emotion[name], 0.0) for name, p in evidence.emotion.items() if name != NEUTRAL}
    return replace(less_neutral(evidence, rest), emotion={NEUTRAL: 1.0 - sum(gained.values())} | gained)


def emotion(evidence: Evidence) -> Emotion:
    """What the configuration resembles most, all scores beside it."""
    leading = max(evidence.emotion, key=evidence.emotion.__getitem__)
    label = leading if evidence.emotion[leading] >= CLEAR_EMOTION else "uncertain"
    scores = {name: round(float(p), 4) for name, p in evidence.emotion.items()}
    return Emotion(label, scores, COARSE.get(label))


def spoof_score(llm: float, head: float, calibration: Mapping[str, float], prior: float = 0.5) -> float:
    """Probability of a presentation attack from two log-odds, spoof over live; a prior other than .5 shifts it."""
    shift = math.log(prior / (1 - prior))
    logit = calibration["llm"] * llm + calibration["head"] * head + calibration["bias"] + shift
    return round(sigmoid(logit), 4)


def verdict(score: float | None, calibration: Mapping[str, float]) -> str:
    """live below the band, spoof above it, uncertain inside it or without a score."""
    if score is None or calibration["low"] <= score <= calibration["high"]:
        return "uncertain"
    return "live" if score < calibration["low"] else "spoof"


def attack_type(evidence: Evidence) -> str:
    return max(evidence.attack, key=evidence.attack.__getitem__)


def visible_cues(evidence: Evidence) -> tuple[Cue, ...]:
    """Strongest first."""
    seen = [Cue(name, round(float(evidence.cues[name]), 4)) for name in CUES if evidence.cues.get(name, 0) >= VISIBLE_CUE]
    return tuple(sorted(seen, key=lambda cue: -cue.p))


def attack_boxes(attack_map: np.ndarray, wide_box: Box, size: tuple[int, int]) -> tuple[Box, ...]:
    """Where the attack shows, in pixels of the picture, largest first.

    `attack_map` [g, g] covers `wide_box`, rows are y; `size` is the picture's width and height. Connected areas over half as
    large as the largest are kept and cut at the picture's border.
    """
    import cv2  # here, because commands that never look at a picture import this module

    count, _, stats, _ = cv2.connectedComponentsWithStats((attack_map >= ATTACK_CELL).astype(np.uint8), connectivity=4)
    areas = sorted(stats[1:count].tolist(), key=lambda row: -row[cv2.CC_STAT_AREA])
    kept = [row for row in areas if 2 * row[cv2.CC_STAT_AREA] >= areas[0][cv2.CC_STAT_AREA]]
    boxes = (_in_picture(row[:4], attack_map.shape[0], wide_box, size) for row in kept)
    return tuple(box for box in boxes if box[0] < box[2] and box[1] < box[3])


def _in_picture(cells: list[int], grid: int, wide_box: Box, size: tuple[int, int]) -> Box:
    x, y, width, height = cells
    x1, y1, x2, y2 = wide_box
    step_x, step_y = (x2 - x1) / grid, (y2 - y1) / grid
    corners = (x1 + x * step_x, y1 + y * step_y, x1 + (x + width) * step_x, y1 + (y + height) * step_y)
    left, top, right, bottom = (
        round(float(min(max(value, 0.0), limit)), 1) for value, limit in zip(corners, size * 2, strict=True)
    )
    return left, top, right, bottom


def sigmoid(logit: float) -> float:
    return 0.5 * (1 + math.tanh(logit / 2))
