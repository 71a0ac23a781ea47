"""Outlines of worn things on their sheet: rounded pieces, lenses, bridges, cuts by hand, and the bands that run to the ears.
IOD throughout."""

import numpy as np

from .head import Head, grown
from .paper import Sheet

EARS = (234, 454)
EAR_ROOT = np.array([0.04, -0.23, 0.2], np.float32)  # from there outwards: where an arm or an elastic goes behind the ear
HINGE = -0.04  # as high as arms and elastics begin, where a piece reaches so high


def lens_outlines(eyes: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Two mirrored outlines [n, 2] about the eyes, round to square, some drooping like an aviator's."""
    reach, power, droop = np.array([rng.uniform(0.22, 0.3), rng.uniform(0.15, 0.25)]), rng.uniform(2, 5), rng.uniform(0, 0.05)
    shape = superellipse(reach, power)
    shape[:, 0] += droop * shape[:, 1] / reach[1]
    drop = np.array([0, rng.uniform(0.0, 0.06)])
    return [(shape * [side, 1] + eye + drop).astype(np.float32) for side, eye in zip((-1, 1), eyes)]


def widened(ring: np.ndarray, rim: float) -> np.ndarray:
    centre = ring.mean(0)
    return grown(ring, 1 + rim / np.abs(ring - centre).max(0))


def bridge(lenses: list[np.ndarray], thick: float) -> np.ndarray:
    """What joins two lenses over the nose, an arc [n, 2]."""
    (right, left), rise = lenses, thick
    x = np.linspace(right[:, 0].max() - 0.03, left[:, 0].min() + 0.03, 12)
    middle = (right[:, 1].mean() + left[:, 1].mean()) / 2 - 0.03
    arc = middle - rise * np.sin(np.linspace(0, np.pi, 12))
    return np.concatenate([np.column_stack([x, arc - thick / 2]), np.column_stack([x, arc + thick / 2])[::-1]]).astype(np.float32)


def hinges(frames: list[np.ndarray], high: float) -> list[np.ndarray]:
    """The end pieces [n, 2] that stand out of two frames where the arms begin."""
    pieces = []
    for side, ring in zip((-1, 1), frames):
        edge, top = np.max(ring[:, 0] * side), ring[:, 1].min()
        middle = np.array([side * (edge - 0.02), top + 0.32 * np.ptp(ring[:, 1])])
        pieces.append((middle + superellipse(np.array([0.07, high / 2]), 8.0)).astype(np.float32))
    return pieces


def superellipse(reach: np.ndarray, power: float, count: int = 48) -> np.ndarray:
    """A closed ring [count, 2] about 0: an ellipse at power 2, nearly a rectangle at 8."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    return np.sign(circle) * np.abs(circle) ** (2 / power) * reach


def bands(sheet: Sheet, piece: np.ndarray, wearer: Head, width: float) -> list[np.ndarray]:
    """Two strips [4, 2] px of the frame, `width` IOD wide, from the sides of a piece on the sheet to where the ears begin;
    none on a side that is turned away."""
    strips = []
    for ear in EARS:
        side = np.sign(wearer.points[ear, 0])
        outermost = piece[piece[:, 0] * side > np.max(piece[:, 0] * side) - 0.08]
        high = np.clip(HINGE, outermost[:, 1].min(), max(outermost[:, 1].min(), piece[:, 1].max() - width))
        hinge = outermost[np.argmin(np.abs(outermost[:, 1] - high))] - [0.03 * side, 0]
        start = wearer.projected(sheet.placed(hinge[None]))[0]
        end = wearer.projected((wearer.points[ear] + EAR_ROOT * [side, 1, 1])[None])[0]
        along = end - start
        outwards = wearer.rotation[2] @ np.array([side, 0, -0.25])
        if along[0] * side > 0 and outwards < 0.15:  # else the piece itself reaches the ear, or the face hides it
            across = np.array([-along[1], along[0]]) / np.linalg.norm(along) * width / 2 * wearer.iod
            narrow = 0.8 * across  # farther away
            strips.append(np.array([start - across, end - narrow, end + narrow, start + across], np.float32))
    return strips


def tapes(piece: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Two short strips that hold a piece by its sides, half on it and half on the skin."""
    reach, centre = np.array([rng.uniform(0.11, 0.18), rng.uniform(0.04, 0.075)]), piece.mean(0)
    strips = []
    for side in (-1, 1):
        outermost = piece[piece[:, 0] * side > np.max(piece[:, 0] * side) - 0.1]
        held = outermost[rng.integers(len(outermost))]
        away = held - centre
        turn = np.arctan2(away[1] * side, away[0] * side) * rng.uniform(0.3, 1.2) + rng.normal(0, 0.12)
        c, s = np.cos(turn), np.sin(turn)
        strip = superellipse(reach, 14.0) @ np.array([[c, s], [-s, c]])
        strips.append((strip + held + [0.25 * side * reach[0], 0]).astype(np.float32))
    return strips


def rounded(middle: np.ndarray, reach: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ellipse to rectangle, a little askew, one side higher."""
    ring = superellipse(reach, rng.choice([2.0, 3.0, 6.0, 12.0]))
    ring[:, 1] *= 1 + rng.normal(0, 0.08) * ring[:, 0] / reach[0]
    turn = rng.normal(0, 0.04)
    return (ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + middle).astype(np.float32)


def hand_cut(ring: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As scissors follow it: carefully, or in straight snips; edges are dense because they bend with the sheet."""
    snips = int(rng.integers(12, 22)) if rng.random() < 0.4 else len(ring)
    kept = ring[np.unique(np.linspace(0, len(ring), min(snips, len(ring)), endpoint=False).astype(int))]
    shake = rng.normal(0, rng.uniform(0.003, 0.012), kept.shape)
    kept = kept + (np.roll(shake, 1, 0) + shake + np.roll(shake, -1, 0)) / 3
    steps = np.linspace(0, 1, 5, endpoint=False)[None, :, None]
    return (kept[:, None] + steps * (np.roll(kept, -1, 0) - kept)[:, None]).reshape(-1, 2).astype(np.float32)


def stroke(line: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """The outline [2 n, 2] of a brush stroke along `line` [n, 2], `widths` [n] wide."""
    along = np.gradient(line, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(1e-6, np.linalg.norm(along, axis=1, keepdims=True))
    return np.concatenate([line + across * widths[:, None] / 2, (line - across * widths[:, None] / 2)[::-1]]).astype(np.float32)
