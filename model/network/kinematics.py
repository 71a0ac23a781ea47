"""Which muscles moved, from how far each region of the face went: what a micro-expression is told by, whose look is nearly that of the rest.

A small network over the displacements that spotting measures (perception/displacement.py), trained on the rig's own movements (finetune/kinematics.py) and
shipped beside this file; it belongs to no checkpoint. A face and its mirror image are read together, so sides turn with the clip.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import torch
from safetensors.torch import load as read_tensors
from torch import Tensor, nn
from torch.nn.functional import gelu, softplus

from ..davison import CLASS_EMOTION, CLASSES
from ..perception.patches import MIRRORED, REGIONS
from ..readings import action_units, is_active
from ..taxonomy import AU_CODES, NO_PROTOTYPE, PROTOTYPES
from .evidence import Evidence

WEIGHTS = "kinematics.safetensors"
CODES = tuple(code for code in AU_CODES if code != "AU43")  # shut lids hide what would move
NAMES = tuple(REGIONS)
# The classes first: of two that are as large the class is meant.
COMBINATIONS = [(CLASS_EMOTION[name], frozenset(units)) for name, sets in CLASSES.items() for units in sets] + [
    (word, frozenset(units)) for word, sets in PROTOTYPES.items() if word != "contempt" for units in sets
]
SPOKEN = {"AU25", "AU26"}
FAINT_IOD, CLEAR_IOD = 0.004, 0.05  # where a length begins to count for its logarithm, and one that is plain to see
WIDTH, MEMBERS = 96, 4


class Kinematics(nn.Module):
    """Displacements [B, R, 2] of REGIONS in IOD (x right, y down) from rest to apex -> logits of activity [B, A] of CODES, and levels [B, A, 2] of the
    person's left and right, 0 and above: the mean of some networks that learned apart, for one alone is too sure of what is between two units."""

    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList(Member() for _ in range(MEMBERS))

    def forward(self, moved_BR2: Tensor) -> tuple[Tensor, Tensor]:
        active, levels = zip(*(member(moved_BR2) for member in self.members), strict=True)
        return torch.stack(active).mean(0), torch.stack(levels).mean(0)


class Member(nn.Module):
    """One network, which reads a movement and its mirror image."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5 * len(REGIONS), WIDTH)
        self.second = nn.Linear(WIDTH, WIDTH)
        self.active = nn.Linear(WIDTH, len(CODES))
        self.levels = nn.Linear(WIDTH, 2 * len(CODES))

    def forward(self, moved_BR2: Tensor) -> tuple[Tensor, Tensor]:
        active, levels = self._read(moved_BR2)
        of_mirrored, their_levels = self._read(mirrored(moved_BR2))
        return (active + of_mirrored) / 2, (levels + their_levels.flip(-1)) / 2

    def _read(self, moved_BR2: Tensor) -> tuple[Tensor, Tensor]:
        told = (
            torch.asinh(moved_BR2 / FAINT_IOD).flatten(1),
            moved_BR2.flatten(1) / CLEAR_IOD,
            torch.asinh(moved_BR2.norm(dim=2) / FAINT_IOD),
        )
        hidden = gelu(self.second(gelu(self.first(torch.cat(told, dim=1)))))
        return self.active(hidden), softplus(self.levels(hidden).unflatten(1, (-1, 2)))


def mirrored(moved_BR2: Tensor) -> Tensor:
    """The movements of the faces' mirror images."""
    return moved_BR2[:, MIRRORED] * moved_BR2.new_tensor([-1, 1])


@cache
def kinematics() -> Kinematics:
    """As it is shipped."""
    with torch.inference_mode(False):
        network = Kinematics()
        network.load_state_dict(read_tensors(files(__package__).joinpath(WEIGHTS).read_bytes()))
    return network.eval()


@torch.inference_mode()
def of_movement(beyond_rest: Evidence, moved_R2: np.ndarray) -> Evidence:
    """The evidence of a face at its apex, beyond its rest, with the units that the movement tells and the emotion that they are; eyes closed are told by
    their look."""
    active, levels = kinematics()(torch.from_numpy(np.asarray(moved_R2, np.float32))[None])
    told = zip(CODES, levels[0].clamp(0, 5).tolist(), active[0].sigmoid().tolist(), strict=True)
    numbers = replace(beyond_rest, aus=beyond_rest.aus | {code: (left, right, p) for code, (left, right), p in told})
    units = action_units(numbers)
    word, p = resembled({code: unit.p for code, unit in units.items() if is_active(unit)})
    shares = shared_out(word, p, {code: unit.p for code, unit in units.items()})
    return replace(numbers, emotion={name: shares.get(name, 0.0) for name in beyond_rest.emotion})


def resembled(shown: Mapping[str, float]) -> tuple[str, float]:
    """(emotion, probability) of units {code: probability}: of an objective class or a prototype that they are, or that all but fewer others are; how wide
    the lips part is no other. A movement is never neutral."""
    held = [(word, units) for word, units in COMBINATIONS if units <= set(shown)]
    word, units = max(held, key=lambda each: len(each[1]), default=(NO_PROTOTYPE, frozenset()))
    if len(set(shown) - units - SPOKEN) >= max(1, len(units)):
        return NO_PROTOTYPE, 1.0
    return word, _mean(shown, units) if units else 1.0


def shared_out(word: str, p: float, units: Mapping[str, float]) -> dict[str, float]:
    """{emotion: share}: `word` leads as it was told, the others follow by how likely their units alone are the ones that moved, for whoever must choose
    among some of them. `units`: {code: probability}."""
    told = {code: min(max(p, 0.001), 0.999) for code, p in units.items() if code in CODES and code not in SPOKEN}
    kept = [(name, held - SPOKEN) for name, held in COMBINATIONS if held - SPOKEN <= set(told) and held - SPOKEN]
    if word == NO_PROTOTYPE:
        p = 1 / (1 + max(_mean(told, held) for _, held in kept))
    odds = np.array([sum(np.log(q if code in held else 1 - q) for code, q in told.items()) for _, held in kept])
    likely = dict.fromkeys(CLASS_EMOTION.values(), 0.0)
    for (name, _), share in zip(kept, np.exp(odds - odds.max()), strict=True):
        likely[name] = max(likely[name], float(share))
    likely.pop(word, None)
    left = {NO_PROTOTYPE: 1.0} if word != NO_PROTOTYPE else {}
    left |= {name: share / sum(likely.values()) for name, share in likely.items()}
    return {word: p} | {name: (1 - p) * share / sum(left.values()) for name, share in left.items()}


def _mean(units: Mapping[str, float], held: Collection[str]) -> float:
    """The geometric one of their probabilities."""
    return float(np.exp(np.mean([np.log(units[code]) for code in held])))
