"""Trains what tells muscles by how far each region of a face went, on movements of the rig, and says what it is worth on people left out.

    python -m facewise.finetune.kinematics --rig ict_facekit.npz [--out kinematics.safetensors]

Two minutes on a processor core. All numbers are simulated: the rig's movements, with the noise that spotting has, and no video in between.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from ..data_builders.clips.moves import moves
from ..data_builders.rig.rig import load_rig
from ..model.davison import COARSE as DAVISON_COARSE
from ..model.davison import davison_class
from ..model.errors import ArgumentParser, exit_code
from ..model.network.kinematics import CODES, NAMES, WEIGHTS, Kinematics, resembled
from ..model.perception.patches import BROWS, MOUTH
from ..model.taxonomy import COARSE

PEOPLE, OTHERS, EACH = 400, 80, 30
EPOCHS, BATCH, RATE, DECAY, SEED = 60, 128, 3e-3, 1e-3, 0
ACTIVE_LEVEL = 0.8
ACTIVITY_WEIGHT = 4.0
# What spotting measures of a movement, as far as is known from drawn clips: less of it, for a short one is smoothed, read a frame early or late, and skin slides
# along an edge unseen; with the noise of each region and of the mouth as a whole, and with a head whose motion is not quite known.
REACHED, UNEVEN, UNSEEN = (0.5, 1.05), 0.25, 0.03
HALVED_IOD = (
    0.03,
    0.3,
)  # the length of which half is seen; brows that went .051, .036 and .027 were seen to go .022, .019 and .017
NOISE_IOD, MOUTH_NOISE = (0.0006, 0.003), 1.5
SLID = (0.0, 1.0)  # of how far brows go sideways, what is seen: they are lines that lie across
IN_BROWS, IN_MOUTH = ([NAMES.index(name) for name in part] for part in (BROWS, MOUTH))
HEAD = (0.0015, 0.004, 0.004, 0.006)  # deviations of a, Bx, By and c (perception/motion.py)


@dataclass(frozen=True, eq=False)
class Taught:
    """Movements `moved` [N, R, 2] of regions at `places` [N, R, 4], `active` [N, A], `levels` [N, A, 2], each of a `person`."""

    moved: Tensor
    places: Tensor
    active: Tensor
    levels: Tensor
    person: np.ndarray


def taught(rig_path: Path, people: range) -> Taught:
    rig = load_rig(rig_path)
    found = [(who, move) for who in people for move in moves(rig, np.random.default_rng([SEED, who]), EACH)]
    levels = torch.tensor([[move.levels.get(code, (0.0, 0.0)) for code in CODES] for _, move in found], dtype=torch.float32)
    moved, places = (
        torch.from_numpy(np.array([getattr(move, name) for _, move in found], np.float32)) for name in ("moved", "places")
    )
    active = (levels.amax(-1) >= ACTIVE_LEVEL).float()
    return Taught(moved, places, active, levels, np.array([who for who, _ in found]))


def measured(moved_BR2: Tensor, places_BR4: Tensor, generator: torch.Generator) -> Tensor:
    """As spotting would have it."""
    count, regions = moved_BR2.shape[:2]

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, generator=generator)

    seen_to_go = moved_BR2 / (1 + moved_BR2.norm(dim=2, keepdim=True) / uniform(*np.log(HALVED_IOD).tolist()).exp())
    reached = seen_to_go * uniform(*REACHED) * (UNEVEN * normal(regions, 2)).exp()
    reached[:, IN_BROWS, :1] *= uniform(*SLID)
    head = places_BR4 @ (torch.tensor(HEAD)[:, None] * normal(4, 2))
    noise = uniform(*np.log(NOISE_IOD).tolist()).exp()
    of_mouth = torch.zeros(regions, 1).index_fill(0, torch.tensor(IN_MOUTH), 1.0)
    seen = torch.rand(count, regions, 1, generator=generator) >= UNSEEN
    return reached * seen + head + noise * (normal(regions, 2) + MOUTH_NOISE * of_mouth * normal(1, 2))


def learned(from_: Taught) -> Kinematics:
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    network = Kinematics()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(from_.moved) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(from_.moved), generator=generator)
        for rows in order.split(BATCH)[: len(order) // BATCH]:
            active, levels = network(measured(from_.moved[rows], from_.places[rows], generator))
            loss = ACTIVITY_WEIGHT * binary_cross_entropy_with_logits(active, from_.active[rows])
            loss = loss + smooth_l1_loss(levels, from_.levels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


@torch.inference_mode()
def told(network: Kinematics, of: Taught) -> list[dict]:
    """Rows like measure.py's: each unit's F1, the coarse class."""
    from sklearn.metrics import f1_score

    from .measure import row

    active, _ = network(measured(of.moved, of.places, torch.Generator().manual_seed(SEED + 1)))
    said, there = (active > 0).numpy().astype(int), of.active.numpy().astype(int)
    where = "people of the rig left out"
    rows = []
    for place, code in enumerate(CODES):
        share = there[:, place].mean()
        rows.append(row(f"{code}, F1", where, f1_score, there[:, place], said[:, place], of.person, 2 * share / (1 + share)))
    truth = np.array([DAVISON_COARSE[davison_class(_codes(shown))] for shown in (of.levels.amax(-1) > 0).numpy()])
    words = np.array([COARSE.get(resembled(dict.fromkeys(_codes(shown), 1.0))[0], "other") for shown in said])
    classes = ["positive", "negative", "surprise"]
    judged = truth != "other"

    def uf1(truth: np.ndarray, said: np.ndarray) -> float:
        return float(f1_score(truth, said, labels=classes, average="macro", zero_division=0))

    rows.append(row("coarse, UF1 of three classes", where, uf1, truth[judged], words[judged], of.person[judged], 1 / 3))
    return rows


def _codes(shown_A: np.ndarray) -> list[str]:
    return [code for code, is_shown in zip(CODES, shown_A, strict=True) if is_shown]


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m facewise.finetune.kinematics", description=__doc__.partition("\n")[0])
    parser.add_argument("--rig", type=Path, required=True, help="ICT-FaceKit's light model as one .npz")
    parser.add_argument("--out", type=Path, default=Path(WEIGHTS), help=f"the weights ({WEIGHTS})")
    args = parser.parse_args(argv)
    network = learned(taught(args.rig, range(PEOPLE)))
    for each in told(network, taught(args.rig, range(PEOPLE, PEOPLE + OTHERS))):
        print(
            f"{each['what']:30} {each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]  n {each['n']}  chance {each['chance']:.3f}"
        )
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, args.out, metadata={"format": "pt"})
    print(f"-> {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
