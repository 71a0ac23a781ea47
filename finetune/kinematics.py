"""Trains what tells muscles by how far each region of a face went, and says what it is worth in clips that it never saw.

    python -m facewise.finetune.kinematics --rig ict_facekit.npz --clips runs/films [--out kinematics.safetensors]

Movements of the rig by the thousand, made as spotting measures them, beside some hundred that it did measure in drawn clips (those of finetune.spotting); these are drawn where the
folder lacks them, an hour on two cores, the training takes some minutes more. All numbers are simulated.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from ..data_builders.clips.filmed_moves import FilmedMoves, filmed_moves
from ..data_builders.clips.films import films
from ..data_builders.clips.moves import moves
from ..data_builders.rig.rig import load_rig
from ..model.davison import COARSE as DAVISON_COARSE
from ..model.davison import davison_class
from ..model.errors import ArgumentParser, FacewiseError, exit_code
from ..model.network.kinematics import CODES, WEIGHTS, Kinematics, mirrored, resembled
from ..model.perception.displacement import FLOOR_IOD
from ..model.taxonomy import AU_CODES, COARSE

PEOPLE, EACH = 400, 30
CLIPS, LEFT_OUT = 200, 5  # every fifth clip is left out of all training
EPOCHS, BATCH, FILMED, RATE, DECAY, SEED = 60, 128, 32, 3e-3, 1e-3, 0
ACTIVE_LEVEL = 0.8
ACTIVITY_WEIGHT = 4.0
RIDGE = 0.03  # towards every region being measured by itself alone, all with one share
# A movement is read a frame early or late, and of regions without texture now more is seen, now less.
REACHED, UNEVEN = (0.7, 1.1), 0.3
JITTER_IOD = 0.001
SHOWN_IOD = 1.2 * FLOOR_IOD  # what goes less far hardly shows, and nothing is asked of it
COARSE_CLASSES = ("positive", "negative", "surprise")
WHERE = "clips left out"


@dataclass(frozen=True, eq=False)
class Taught:
    """Movements `moved` [N, R, 2] of regions, `active` [N, A] and `levels` [N, A, 2] of CODES."""

    moved: Tensor
    active: Tensor
    levels: Tensor

    @classmethod
    def of(cls, moved: np.ndarray, levels: np.ndarray) -> "Taught":
        told = torch.from_numpy(levels.astype(np.float32))
        return cls(torch.from_numpy(moved.astype(np.float32)), (told.amax(-1) >= ACTIVE_LEVEL).float(), told)

    @property
    def moving(self) -> Tensor:
        """[N] bool: no moments of rest."""
        return self.levels.amax((1, 2)) > 0

    def __getitem__(self, rows: Tensor) -> "Taught":
        return Taught(self.moved[rows], self.active[rows], self.levels[rows])


class Measuring:
    """What spotting leaves of a movement: brows are lines that lie across, a smooth cheek hardly shows, what lies between two regions moves with both."""

    def __init__(self, filmed: FilmedMoves):
        kept = np.stack([_kept(filmed.moved[..., axis], filmed.measured[..., axis]) for axis in (0, 1)])
        rest = filmed.measured - np.einsum("nra,ars->nsa", filmed.moved, kept)
        noise = torch.from_numpy(rest.astype(np.float32))
        self._kept = torch.from_numpy(kept.astype(np.float32))
        self._noise = torch.cat([noise, mirrored(noise)])

    def seen(self, moved_BR2: Tensor) -> Tensor:
        """What is left of movements, without noise."""
        return torch.einsum("bra,ars->bsa", moved_BR2, self._kept)

    def __call__(self, moved_BR2: Tensor, generator: torch.Generator) -> Tensor:
        """As it would be measured, with the noise of a random moment."""
        count, regions = moved_BR2.shape[:2]
        seen = self.seen(moved_BR2)
        low, high = REACHED
        reached = low + (high - low) * torch.rand(count, 1, 1, generator=generator)
        uneven = (UNEVEN * torch.randn(count, regions, 2, generator=generator)).exp()
        noise = self._noise[torch.randint(len(self._noise), (count,), generator=generator)]
        return seen * reached * uneven + noise + _jitter(moved_BR2, generator)


def _kept(moved_NR: np.ndarray, measured_NR: np.ndarray) -> np.ndarray:
    """[R, R] by ridge regression: how much of the movement of one region (first) is measured at another."""
    square = moved_NR.T @ moved_NR
    share = (moved_NR * measured_NR).sum() / (moved_NR**2).sum()
    pull = RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    return np.linalg.solve(square + pull, moved_NR.T @ measured_NR + share * pull)


def _is_asked(measured_BR2: Tensor, moving_B: Tensor) -> Tensor:
    """[B] bool: rest, and movements that can be spotted."""
    return ~moving_B | (measured_BR2.norm(dim=2).amax(1) >= SHOWN_IOD)


def _jitter(like: Tensor, generator: torch.Generator) -> Tensor:
    return JITTER_IOD * torch.randn(like.shape, generator=generator)


def of_rig(path: Path, people: range) -> Taught:
    rig = load_rig(path)
    found = [move for who in people for move in moves(rig, np.random.default_rng([SEED, who]), EACH)]
    levels = [[move.levels.get(code, (0.0, 0.0)) for code in CODES] for move in found]
    return Taught.of(np.array([move.moved for move in found]), np.array(levels))


def as_measured(filmed: FilmedMoves) -> Taught:
    return Taught.of(filmed.measured, filmed.levels[:, [AU_CODES.index(code) for code in CODES]])


def learned(drawn: Taught, filmed: FilmedMoves) -> Kinematics:
    torch.manual_seed(SEED)
    network, measuring, seen = Kinematics(), Measuring(filmed), as_measured(filmed)
    for number, member in enumerate(network.members):
        _train(member, drawn, seen, measuring, torch.Generator().manual_seed(SEED + number))
    return network.eval()


def _train(member: nn.Module, drawn: Taught, seen: Taught, measuring: Measuring, generator: torch.Generator) -> None:
    optimiser = torch.optim.AdamW(member.parameters(), RATE, weight_decay=DECAY)
    a_time = len(drawn.moved) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * a_time)
    for _ in range(EPOCHS):
        order = torch.randperm(len(drawn.moved), generator=generator)
        for rows in order.split(BATCH)[:a_time]:
            made, real = drawn[rows], seen[torch.randint(len(seen.moved), (FILMED,), generator=generator)]
            measured = measuring(made.moved, generator)
            is_asked = _is_asked(measured, made.moving)
            made = made[is_asked]
            active, levels = member(torch.cat([measured[is_asked], real.moved + _jitter(real.moved, generator)]))
            loss = ACTIVITY_WEIGHT * binary_cross_entropy_with_logits(active, torch.cat([made.active, real.active]))
            loss = loss + smooth_l1_loss(levels, torch.cat([made.levels, real.levels]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


@torch.inference_mode()
def told(network: Kinematics, filmed: FilmedMoves) -> list[dict]:
    """Rows like measure.py's: each unit's F1, all units together, the coarse class, and how often a unit is named where nothing moves."""
    from sklearn.metrics import f1_score

    from .measure import row, share

    of = as_measured(filmed)
    said, there = (network(of.moved)[0] > 0).numpy().astype(int), of.active.numpy().astype(int)
    moving = of.moving.numpy()

    def f1(truth: np.ndarray, said: np.ndarray) -> float:
        return float(f1_score(truth.ravel(), said.ravel(), zero_division=0))

    def uf1(truth: np.ndarray, said: np.ndarray) -> float:
        return float(f1_score(truth, said, labels=COARSE_CLASSES, average="macro", zero_division=0))

    def chance(there: np.ndarray) -> float:
        return float(2 * there.mean() / (1 + there.mean()))

    rows = [
        row(f"{code}, F1", WHERE, f1, there[:, at], said[:, at], filmed.clip, chance(there[:, at]))
        for at, code in enumerate(CODES)
        if there[:, at].any()
    ]
    rows.append(row("all units together, F1", WHERE, f1, there, said, filmed.clip, chance(there)))
    truth = np.array([DAVISON_COARSE[davison_class(_codes(shown))] for shown in (of.levels.amax(-1) > 0).numpy()])
    words = np.array([COARSE.get(resembled(dict.fromkeys(_codes(shown), 1.0))[0], "other") for shown in said])
    judged = moving & (truth != "other")
    rows.append(row("coarse class, UF1 of three", WHERE, uf1, truth[judged], words[judged], filmed.clip[judged], 1 / 3))
    return [*rows, share("calm moments with a unit", WHERE, said[~moving].any(1))]


def _codes(shown_A: np.ndarray) -> list[str]:
    return [code for code, is_shown in zip(CODES, shown_A, strict=True) if is_shown]


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m facewise.finetune.kinematics", description=__doc__.partition("\n")[0])
    parser.add_argument("--rig", type=Path, required=True, help="ICT-FaceKit's light model as one .npz")
    parser.add_argument(
        "--clips", type=Path, required=True, help="the folder of what was measured in drawn clips; what it lacks is drawn"
    )
    parser.add_argument("--out", type=Path, default=Path(WEIGHTS), help=f"the weights ({WEIGHTS})")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw (2)")
    args = parser.parse_args(argv)
    if args.workers < 1:
        raise FacewiseError(f"--workers {args.workers}: a number from 1 on is wanted")
    if not args.out.parent.is_dir():
        raise FacewiseError(f"{args.out}: there is no folder {args.out.parent}")
    if args.clips.exists() and not args.clips.is_dir():
        raise FacewiseError(f"{args.clips} is no folder")
    drawn = of_rig(args.rig, range(PEOPLE))
    filmed = filmed_moves(films(args.clips, args.rig, "moves", range(CLIPS), args.workers))
    seen = as_measured(filmed)
    filmed = filmed.chosen(_is_asked(seen.moved, seen.moving).numpy())
    is_left_out = filmed.clip % LEFT_OUT == LEFT_OUT - 1
    network = learned(drawn, filmed.chosen(~is_left_out))
    for each in told(network, filmed.chosen(is_left_out)):
        chance = "" if each["chance"] is None else f"  chance {each['chance']:.3f}"
        print(f"{each['what']:28} {each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]  n {each['n']}{chance}")
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, args.out, metadata={"format": "pt"})
    print(f"-> {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
